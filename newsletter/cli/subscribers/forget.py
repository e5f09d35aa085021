"""`newsletter subscribers forget`: one person, for good."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from newsletter.cli.context import (
    is_terminal,
    json_option,
    pass_project,
    print_json,
    say,
)
from newsletter.cli.yes_or_no import require_yes
from newsletter.errors import UsageError

if TYPE_CHECKING:
    from newsletter.workflow.forget import Forgotten
    from newsletter.workflow.project import Project

_NOTHING_REMEMBERS = (
    "Nothing will remember that this person wants no mail: any import brings the "
    "address back."
)


@click.command("forget", short_help="Erase a person; only their no is kept.")
@click.argument("address")
@click.option(
    "--completely",
    is_flag=True,
    help="Forget, too, that they are never to be mailed.",
)
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
@pass_project
def forget(
    project: "Project", address: str, *, completely: bool, yes: bool, as_json: bool
) -> None:
    """Erase all that is kept of a person, but that they are never to be mailed.

    Of the address a code is left, from which nobody can make it again, so that no
    import brings the person back. Nobody can undo it.
    """
    from newsletter.workflow.forget import forget_subscriber

    if not yes:
        _ask(address, is_completely=completely, as_json=as_json)
    done = forget_subscriber(
        project, address, is_completely=completely, now=datetime.now(UTC)
    )
    if as_json:
        print_json(
            {
                "email": done.email,
                "forgotten": True,
                "deliveries": done.deliveries,
                "moved_to": list(done.moved_to),
                "files": list(done.files),
            }
        )
    else:
        _show(done, is_completely=completely)


def _ask(address: str, *, is_completely: bool, as_json: bool) -> None:
    """Ask on a terminal.

    Raises:
        UsageError: There is nobody to be asked.
        RefusedError: The answer is no.
    """
    if as_json or not is_terminal():
        raise UsageError(
            "nobody can be asked here, and nobody can undo it.", "Add --yes."
        )
    if is_completely:
        say(_NOTHING_REMEMBERS)
    require_yes(f"Erase all that is kept of {address}? Nobody can undo it.")


def _show(done: "Forgotten", *, is_completely: bool) -> None:
    if not done.was_known:
        click.echo(f"Nobody had the address {done.email}.")
    else:
        click.echo(f"{done.email} is forgotten.")
    click.echo(
        _NOTHING_REMEMBERS if is_completely else "It will not be imported any more."
    )
    for address in done.moved_to:
        click.echo(
            f"Its reader moved to {address}: that address is kept. To forget it "
            f"too: newsletter subscribers forget {address}"
        )
    if done.deliveries:
        click.echo(f"Deliveries without address now: {done.deliveries:,}")
    if done.files:
        click.echo("These files still hold the address. Delete it there, or the files:")
    for file in done.files:
        click.echo(f"  {file}")
    click.echo(
        "Backups and lists that you keep elsewhere may hold it too: see to them."
    )
    if not done.is_overwritten:
        say(
            "Another command uses the database: what was erased goes from its log "
            "(newsletter.db-wal) when that command ends."
        )
