"""The mail server of a project: how to reach it, with which password."""

import os
from collections.abc import Mapping
from pathlib import Path

from newsletter.addresses import domain_of, parse_mailbox
from newsletter.delivery.limits import pace_interval, shortest_limit
from newsletter.delivery.transports import SetupError
from newsletter.delivery.transports.smtp import Account, refuse_clear_text
from newsletter.errors import OperationError, RefusedError
from newsletter.model.settings import ServerSettings
from newsletter.workflow.project import Project

#: What to add to newsletter.toml; shown when there is no server.
SERVER_LINES = """\
[server]
host = "smtp.example.org"
port = 465
security = "tls"
user = "letter@example.org"
password = "env:NEWSLETTER_SMTP_PASSWORD"
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
        raise RefusedError(
            "there is no mail server in newsletter.toml, so nothing can be sent.",
            "Add what your mail provider told you, or rehearse with --rehearse:\n\n"
            f"{SERVER_LINES}",
        )
    sender = parse_mailbox(project.settings.newsletter.sender).address
    account = Account(
        server=server,
        password=_read_password(server.password, project.root, environment),
        client_name=domain_of(sender),
    )
    try:
        refuse_clear_text(account)
    except SetupError as error:
        raise OperationError(error.reason, "Nothing was sent.") from error
    return account


def useful_connections(server: ServerSettings) -> int:
    """Return how many connections the limits leave something to do for."""
    if server.limits and pace_interval(shortest_limit(server.limits)) >= _SLOW_MS:
        return 1
    return server.connections


def _read_password(source: str, root: Path, environment: Mapping[str, str]) -> str:
    kind, _, name = source.partition(":")
    if kind == "env":
        return _from_environment(name, environment)
    if kind == "file":
        return _from_file(root / name)
    return ""


def _from_environment(name: str, environment: Mapping[str, str]) -> str:
    password = environment.get(name, "")
    if not password:
        raise OperationError(
            f"the password of the mail server is not set: {name} is empty.",
            f"Set it in the environment: export {name}=…",
        )
    return password


def _from_file(path: Path) -> str:
    try:
        if os.name == "posix" and path.stat().st_mode & 0o077:
            raise OperationError(
                f"the password file {path} can be read by other users here.",
                f"Run: chmod 600 '{path}'",
            )
        password = path.read_text("utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "not UTF-8"
        raise OperationError(
            f"the password file {path} cannot be read: {reason}.",
            "Put the password alone into it, or name another file under [server].",
        ) from error
    if not password:
        raise OperationError(
            f"the password file {path} is empty.", "Put the password into it."
        )
    return password
