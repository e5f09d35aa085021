"""`newsletter login [HOST]`."""

import os
import sys
from typing import TYPE_CHECKING

import click

from newsletter.cli.context import is_terminal, pass_project
from newsletter.errors import UsageError

if TYPE_CHECKING:
    from newsletter.workflow.passwords import Server
    from newsletter.workflow.project import Project


@click.command("login")
@click.argument("host", required=False, default="")
@click.option(
    "--stdin", "from_input", is_flag=True, help="Read it from standard input."
)
@click.option("--no-check", is_flag=True, help="Store it without trying it first.")
@click.option("--forget", is_flag=True, help="Remove the stored password.")
@click.option("--inbox", is_flag=True, help="That of the mailbox of [inbox].")
@pass_project
def command(
    project: "Project",
    host: str,
    from_input: bool,
    no_check: bool,
    forget: bool,
    inbox: bool,
) -> int:
    """Store the password of the mail server on this computer, outside the project.

    It is asked for unseen and tried at the server first. Where there are several
    servers, HOST says which; otherwise the first. With --inbox it is that of the
    mailbox that returned mail comes to.
    """
    from newsletter.workflow.login import (
        inbox_to_log_in_to,
        log_in,
        server_to_log_in_to,
    )

    if inbox and host:
        raise click.UsageError("HOST does not go with --inbox.")
    server = (
        inbox_to_log_in_to(project) if inbox else server_to_log_in_to(project, host)
    )
    if forget:
        return _forget(server)
    login = log_in(
        project,
        server,
        _read_input() if from_input else _ask(server),
        environment=os.environ,
        is_tried=not no_check,
    )
    if login.is_tried:
        click.echo(f"{_shown(server)} takes this password for {server.user}.")
    click.echo(f"Stored in {login.place}.")
    return 0


def _forget(server: "Server") -> int:
    from newsletter.workflow.login import log_out

    places = log_out(server, environment=os.environ)
    for place in places:
        click.echo(f"Removed from {place}.")
    if not places:
        click.echo(f"No password is stored for {server.user} at {_shown(server)}.")
    return 0


def _shown(server: "Server") -> str:
    return f"{server.host}:{server.port}"


def _ask(server: "Server") -> str:
    if not is_terminal():
        raise UsageError(
            "there is no terminal to ask for the password.",
            "Give it on standard input: newsletter login --stdin < FILE",
        )
    from getpass import getpass

    where = f"{server.user} at {_shown(server)}"
    return getpass(f"Password of {where} (not shown as you type): ", sys.stderr)


def _read_input() -> str:
    try:
        return sys.stdin.buffer.read().decode().rstrip("\r\n")
    except UnicodeDecodeError:
        # Not "from" it: the error quotes what was read.
        raise UsageError("the password on standard input is not UTF-8.") from None
