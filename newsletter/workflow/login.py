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
from newsletter.model.settings import ServerSettings
from newsletter.replies import Stage, show_reply
from newsletter.workflow.passwords import drop_password, keep_password
from newsletter.workflow.project import Project
from newsletter.workflow.server import make_account, no_server_here

_NOTHING_STORED = "Nothing was stored."


@dataclass(frozen=True, slots=True)
class Login:
    """A password that was stored."""

    server: ServerSettings
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
    return _require_login(found[0])


def log_in(
    project: Project,
    server: ServerSettings,
    password: str,
    *,
    environment: Mapping[str, str],
    is_tried: bool = True,
) -> Login:
    """Store the password of *server*, if it takes it.

    Args:
        project: The project.
        server: From `server_to_log_in_to`.
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
    if is_tried:
        account = make_account(project, server, password)
        ending = asyncio.run(_try(account))
        if ending is not None:
            raise _refused(account, ending)
    return Login(server, is_tried, keep_password(server, password, environment))


def log_out(server: ServerSettings, *, environment: Mapping[str, str]) -> list[str]:
    """Forget the stored password of *server*; return the places where one was."""
    return drop_password(server, environment)


def _require_login(server: ServerSettings) -> ServerSettings:
    if not server.user:
        raise RefusedError(
            f"the server {server.host} has no user in newsletter.toml, so it is used "
            "without a password.",
            'If it wants one, add a line user = "…" under [server].',
        )
    if server.password not in ("", "keyring"):
        raise RefusedError(
            f"newsletter.toml takes the password of {server.host} from elsewhere "
            f'(password = "{server.password}").',
            "Remove that line to use a stored one.",
        )
    return server


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
