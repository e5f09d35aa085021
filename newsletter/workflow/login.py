"""Log in once: try the password of the mail server, then keep it outside the project.

Law: what the server refuses is not stored, and no password is ever said.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

from newsletter.delivery.transports import Answer, Ending
from newsletter.delivery.transports.smtp import (
    Account,
    hang_up,
    make_client,
    open_connection,
)
from newsletter.errors import OperationError, RefusedError, UsageError
from newsletter.model.settings import InboxSettings, ServerSettings
from newsletter.replies import Stage, show_reply
from newsletter.workflow.inbox import no_inbox
from newsletter.workflow.mailboxes.imap import Mailbox, try_login
from newsletter.workflow.passwords import Server, drop_password, keep_password
from newsletter.workflow.project import Project
from newsletter.workflow.server import make_account, no_server_here

_NOTHING_STORED = "Nothing was stored."


@dataclass(frozen=True, slots=True)
class Login:
    """A password that was stored."""

    server: Server
    #: Whether the server took it.
    is_tried: bool
    #: In words, or a path.
    place: str


def server_to_log_in_to(project: Project, host: str = "") -> ServerSettings:
    """Return the server whose password is wanted.

    Args:
        project: The project.
        host: One of several; empty: the first.

    Raises:
        UsageError: No server of the settings has this name.
        RefusedError: There is no server, no login, or its password is elsewhere.
    """
    first = project.settings.server
    if first is None:
        raise no_server_here("there is nothing to log in to")
    servers = (first, *project.settings.spare_servers)
    found = [server for server in servers if host.lower() in ("", server.host)]
    if not found:
        names = ", ".join(server.host for server in servers)
        raise UsageError(
            f'there is no server "{host}" in newsletter.toml.', f"There are: {names}."
        )
    _require_login(found[0], "[server]")
    return found[0]


def inbox_to_log_in_to(project: Project) -> InboxSettings:
    """Return the mailbox whose password is wanted.

    Raises:
        RefusedError: There is none by IMAP, or its password is elsewhere or not wanted.
    """
    inbox = project.settings.inbox
    if inbox is None:
        raise no_inbox()
    if inbox.maildir or inbox.security == "none":
        what = "is a folder here" if inbox.maildir else 'has security = "none"'
        raise RefusedError(
            f"the mailbox in newsletter.toml {what}: it has no password."
        )
    _require_login(inbox, "[inbox]")
    return inbox


def log_in(
    project: Project,
    server: Server,
    password: str,
    *,
    environment: Mapping[str, str],
    is_tried: bool = True,
) -> Login:
    """Store the password of *server*, if it takes it.

    Args:
        project: The project.
        server: From `server_to_log_in_to` or `inbox_to_log_in_to`.
        password: As it was typed.
        environment: Says where the user's settings are.
        is_tried: Ask the server first.

    Raises:
        UsageError: The password is empty, or of several lines.
        OperationError: The server refused it, cannot be used, or it cannot be stored.
    """
    if not password:
        raise UsageError("the password is empty.", _NOTHING_STORED)
    if not password.isprintable():
        raise UsageError(
            "the password holds a line end or another invisible character.",
            _NOTHING_STORED,
        )
    if is_tried and isinstance(server, InboxSettings):
        _try_mailbox(server, password)
    elif is_tried and isinstance(server, ServerSettings):
        account = make_account(project, server, password)
        ending = asyncio.run(_try(account))
        if ending is not None:
            raise _refused(account, ending)
    return Login(server, is_tried, keep_password(server, password, environment))


def log_out(server: Server, *, environment: Mapping[str, str]) -> list[str]:
    """Forget the stored password of *server*; return the places where one was."""
    return drop_password(server, environment)


def _try_mailbox(inbox: InboxSettings, password: str) -> None:
    try:
        try_login(Mailbox(inbox, password))
    except OperationError as error:
        raise OperationError(error.message, _NOTHING_STORED) from error


def _require_login(server: Server, table: str) -> None:
    if not server.user:
        raise RefusedError(
            f"the server {server.host} has no user in newsletter.toml, so it is used "
            "without a password.",
            f'If it wants one, add a line user = "…" under {table}.',
        )
    if server.password not in ("", "keyring"):
        raise RefusedError(
            f"newsletter.toml takes the password of {server.host} from elsewhere "
            f'(password = "{server.password}").',
            "Remove that line to use a stored one.",
        )


async def _try(account: Account) -> Ending | None:
    """Connect as a dispatch would; return what is against it, or None."""
    smtp = make_client(account)
    try:
        return await open_connection(smtp, account)
    finally:
        hang_up(smtp)


def _refused(account: Account, ending: Ending) -> OperationError:
    where = f"{account.server.host}:{account.server.port}"
    if isinstance(ending, Answer) and ending.stage is Stage.LOGIN:
        return OperationError(
            f"{where} does not take this password for {account.server.user}. "
            f"It said: {show_reply(ending.reply).rstrip('.')}.",
            f"{_NOTHING_STORED} Some providers want a password made for programs (an "
            '"app password"); theirs is not the one of your mailbox.',
        )
    if isinstance(ending, Answer):
        said = f"it said: {show_reply(ending.reply)}"
    else:
        said = getattr(ending, "reason", "")
    said = said.rstrip(".")
    return OperationError(
        f"the password could not be tried at {where}: {said}.",
        f"{_NOTHING_STORED} With --no-check it is stored without a try.",
    )
