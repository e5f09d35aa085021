"""The mail server of a project: how to reach it, with which password."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from newsletter.addresses import domain_of, parse_mailbox
from newsletter.delivery.limits import pace_interval, shortest_limit
from newsletter.delivery.transports import SetupError
from newsletter.delivery.transports.smtp import Account, refuse_clear_text
from newsletter.errors import OperationError, RefusedError
from newsletter.model.settings import InboxSettings, LaneSettings, ServerSettings
from newsletter.workflow.passwords import find_password
from newsletter.workflow.private_files import read_private
from newsletter.workflow.project import Project

#: What to add to newsletter.toml; shown when there is no server.
SERVER_LINES = """\
[server]
host = "smtp.example.org"
port = 465
security = "tls"
user = "letter@example.org"
limits = ["200/hour"]"""

#: Slower than this, one connection does all there is to do.
_SLOW_MS = 1000


def open_account(project: Project, environment: Mapping[str, str]) -> Account:
    """Return how to reach the mail server, password included.

    Raises:
        RefusedError: There is no server in the settings; says what to add.
        OperationError: The password cannot be had, or would travel in clear text.
    """
    server = project.settings.server
    if server is None:
        raise no_server()
    return _open(project, server, environment)


def open_accounts(
    project: Project, environment: Mapping[str, str]
) -> tuple[Account, ...]:
    """Return how to reach the mail server, then the spare ones.

    Raises:
        NewsletterError: As `open_account`, for any of them.
    """
    first = open_account(project, environment)
    return first, *open_spare_accounts(project, environment)


def open_spare_accounts(
    project: Project, environment: Mapping[str, str]
) -> tuple[Account, ...]:
    """Return how to reach the spare servers, in their order.

    Raises:
        OperationError: As `open_account`, for any of them.
    """
    return tuple(
        _open(project, server, environment) for server in project.settings.spare_servers
    )


def make_account(project: Project, server: ServerSettings, password: str) -> Account:
    """Return how to reach *server* with *password*.

    Raises:
        OperationError: The password would travel in clear text.
    """
    sender = parse_mailbox(project.settings.newsletter.sender).address
    account = Account(server=server, password=password, client_name=domain_of(sender))
    try:
        refuse_clear_text(account)
    except SetupError as error:
        raise OperationError(error.reason, "Nothing was sent.") from error
    return account


def no_server() -> RefusedError:
    """Return what to say where newsletter.toml has no ``[server]``."""
    return RefusedError(
        "there is no mail server in newsletter.toml, so nothing can be sent.",
        "Add what your mail provider told you and run `newsletter login`, or rehearse "
        f"with --rehearse:\n\n{SERVER_LINES}",
    )


def no_server_here(purpose: str) -> RefusedError:
    """Return the same to who neither sends nor rehearses now.

    Args:
        purpose: What nobody can do then: "there is nothing to log in to".
    """
    return RefusedError(
        f"there is no mail server in newsletter.toml, so {purpose}.",
        f"Add what your mail provider told you, then try again:\n\n{SERVER_LINES}",
    )


def useful_connections(server: ServerSettings) -> int:
    """Return how many connections the limits leave something to do for."""
    if server.limits and pace_interval(shortest_limit(server.limits)) >= _SLOW_MS:
        return 1
    return server.connections


def lane_server(server: ServerSettings, lane: LaneSettings) -> ServerSettings:
    """Return the server as one lane uses it: with all limits, and its connections."""
    return replace(
        server,
        connections=lane.connections,
        messages_per_connection=lane.messages_per_connection
        or server.messages_per_connection,
        limits=(*server.limits, *lane.limits),
    )


def _open(
    project: Project, server: ServerSettings, environment: Mapping[str, str]
) -> Account:
    password = _read_password(server, project.root, environment)
    return make_account(project, server, password)


def read_inbox_password(
    project: Project, inbox: InboxSettings, environment: Mapping[str, str]
) -> str:
    """Return the password of the mailbox; nothing where none may travel.

    Raises:
        OperationError: The password cannot be had.
    """
    if inbox.security == "none":
        return ""
    return _read_password(inbox, project.root, environment)


def _read_password(
    server: ServerSettings | InboxSettings, root: Path, environment: Mapping[str, str]
) -> str:
    kind, _, name = server.password.partition(":")
    if kind == "env":
        return _from_environment(name, environment, server)
    if kind == "file":
        return _from_file(root / name)
    return _from_store(server, environment) if server.user else ""


def _from_store(
    server: ServerSettings | InboxSettings, environment: Mapping[str, str]
) -> str:
    password = find_password(server, environment)
    if not password:
        option = " --inbox" if isinstance(server, InboxSettings) else ""
        raise OperationError(
            f"the password of {server.user} at {server.host}:{server.port} is not on "
            "this computer.",
            f"Store it with: newsletter login{option}",
        )
    return password


def _from_environment(
    name: str, environment: Mapping[str, str], server: ServerSettings | InboxSettings
) -> str:
    password = environment.get(name, "")
    if not password:
        what = "mailbox" if isinstance(server, InboxSettings) else "mail server"
        raise OperationError(
            f"the password of the {what} is not set: {name} is empty.",
            f"Set it in the environment: export {name}=…",
        )
    return password


def _from_file(path: Path) -> str:
    what = "the password file"
    advice = "Put the password alone into it, or name another file under [server]."
    try:
        password = read_private(path, what=what, advice=advice).decode().rstrip("\r\n")
    except UnicodeDecodeError:
        # Not "from" it: the error quotes what was read.
        raise OperationError(
            f"{what} {path} cannot be read: not UTF-8.", advice
        ) from None
    if not password:
        raise OperationError(
            f"the password file {path} is empty.", "Put the password into it."
        )
    return password
