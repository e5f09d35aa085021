"""`newsletter db …`: a copy to keep, moving to another computer."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from newsletter.cli.context import (
    is_terminal,
    json_option,
    pass_project,
    pass_silent_project,
    print_json,
    print_rows,
    say,
    tell_begin,
)
from newsletter.cli.rotate_key import rotate_key
from newsletter.errors import UsageError

if TYPE_CHECKING:
    from newsletter.store.archives import Halted
    from newsletter.workflow.backup import Backup
    from newsletter.workflow.project import Project
    from newsletter.workflow.restore import Restored


#: What a copy says of itself that another one may have gone on from.
_MEANWHILE = (
    "It does not know what happened since: who left, who joined, what was sent. Let "
    "those who left leave again before you send: newsletter subscribers unsubscribe "
    "ADDRESS"
)


@click.group("db")
def command() -> None:
    """Keep a copy of everything, or move to another computer."""


command.add_command(rotate_key)


# --- backup ---------------------------------------------------------------------------


@command.command("backup")
@click.option(
    "-o",
    "file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Where to write it; default: NAME-DATE.tar in this folder.",
)
@click.option(
    "--hand-over",
    "hands_over",
    is_flag=True,
    help="To move to another computer: this copy sends and changes nothing any more.",
)
@json_option
@pass_project
def backup(
    project: "Project", file: Path | None, hands_over: bool, as_json: bool
) -> None:
    """Write one file with database, keys, lists, issues and settings."""
    from newsletter.workflow.backup import backup_project

    made = backup_project(project, file, hands_over=hands_over, now=datetime.now(UTC))
    if as_json:
        print_json(
            {
                "file": str(made.file),
                "size_bytes": made.size_bytes,
                "made_at": _instant(made.made_at),
                "handed_over": made.is_handed_over,
                "subscribers": made.subscribers,
            }
        )
    else:
        _show_backup(made)
    for remark in made.remarks:
        say(remark)


def _show_backup(made: "Backup") -> None:
    click.echo(f"Written: {made.file}")
    print_rows(
        [
            ("  subscribers", f"{made.subscribers:,}"),
            ("  size", f"{made.size_bytes / 1e6:,.1f} MB"),
        ]
    )
    click.echo(
        "It holds addresses and keys: keep it where nobody else can read it. Put it "
        f"back with: newsletter db restore {made.file.name}"
    )
    if made.is_handed_over:
        click.echo(
            "From now on this copy sends and changes nothing. Take the file to the "
            "other computer, put it back there, and go on there."
        )


# --- restore --------------------------------------------------------------------------


@command.command("restore")
@click.argument(
    "file", type=click.Path(path_type=Path, exists=True, dir_okay=False, readable=True)
)
@click.argument(
    "folder", required=False, type=click.Path(path_type=Path, file_okay=False)
)
@json_option
def restore(file: Path, folder: Path | None, as_json: bool) -> None:
    """Put a backup back, into a new or empty folder.

    Without FOLDER it makes one by the name of the newsletter, where you stand.
    """
    from newsletter.workflow.restore import restore_project

    restored = restore_project(file, folder, now=datetime.now(UTC))
    if as_json:
        print_json(
            {
                "folder": str(restored.folder),
                "handed_over": restored.was_handed_over,
                "subscribers": restored.subscribers,
                "unknown": restored.unknown,
                "dispatches": [one.id for one in restored.halted],
            }
        )
    else:
        _show_restored(restored)


def _show_restored(restored: "Restored") -> None:
    made = restored.made_at
    click.echo(
        f"{restored.newsletter}, as of {made.day} {made:%B %Y, %H:%M}, is in "
        f"{restored.folder}"
    )
    print_rows([("  subscribers", f"{restored.subscribers:,}")])
    if restored.is_late:
        click.echo(
            "The newsletter was handed over by this file more than a day ago. It may "
            "have been put back before, and sent from there: so it is taken for a "
            "copy like any other."
        )
    if not restored.was_handed_over:
        click.echo(_MEANWHILE)
    for one in restored.halted:
        _show_halted(one)


def _show_halted(one: "Halted") -> None:
    click.echo(f"Dispatch {one.id} of {one.issue} is paused.")
    if one.unknown:
        click.echo(
            f"  {one.unknown:,} may have it already. See who: newsletter status "
            f"{one.id} --unknown"
        )
        click.echo(
            "  Only where you are sure that it was not sent since: newsletter resume "
            f"{one.id} --unknown"
        )
    if one.waiting:
        click.echo(
            f"  {one.waiting:,} are still to get it. Go on with: newsletter resume "
            f"{one.id}"
        )


# --- take-back ------------------------------------------------------------------------


@command.command("take-back")
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
@pass_project
def take_back(project: "Project", *, yes: bool, as_json: bool) -> None:
    """Take a hand-over back whose file is lost: this copy is in charge again."""
    from newsletter.workflow.take_back import find_handover
    from newsletter.workflow.take_back import take_back as take

    file = find_handover(project).file
    if not yes:
        _ask_for_file(file, as_json=as_json)
    halted = take(project, now=datetime.now(UTC))
    if as_json:
        print_json(
            {
                "unknown": sum(one.unknown for one in halted),
                "dispatches": [one.id for one in halted],
            }
        )
        return
    click.echo("This copy is in charge again.")
    click.echo(_MEANWHILE)
    for one in halted:
        _show_halted(one)
    click.echo(
        f"Should {file} turn up again, delete it: with it a second copy would send."
    )


def _ask_for_file(file: str, *, as_json: bool) -> None:
    """Have the name of the file typed on a terminal.

    Raises:
        UsageError: There is nobody to be asked, or something else was typed.
    """
    if as_json or not is_terminal():
        raise UsageError(
            "nobody can be asked here whether the other copy is gone. Nothing was "
            "changed.",
            "Add --yes.",
        )
    say(
        "Only where the other copy never began, or is gone for good: two copies that "
        "both send mail people twice, and who left over there gets mail again."
    )
    typed: str = click.prompt(f"Type the name of the file ({file})", err=True)
    if typed.strip() != file:
        raise UsageError(f"{typed} was typed, not {file}. Nothing was changed.")


# --- upgrade --------------------------------------------------------------------------


@command.command("upgrade")
@json_option
# Any other would open the database first to tell of open dispatches, and so migrate it.
@pass_silent_project
def upgrade(project: "Project", as_json: bool) -> None:
    """Bring the database up to date now; else the next command does."""
    from newsletter.workflow.upgrade import upgrade_database

    done = upgrade_database(project)
    tell_begin(project)
    if as_json:
        print_json({"revision": done.revision})
    elif done.copy is None:
        click.echo(f"The database is up to date (revision {done.revision}).")
    else:
        click.echo(f"The database went from revision {done.before} to {done.revision}.")
        click.echo(f"As it was before: {project.shown(done.copy)}")


def _instant(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
