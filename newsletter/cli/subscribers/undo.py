"""`newsletter subscribers import --undo`: the last import is taken back."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from newsletter.cli.context import print_json, print_rows, say
from newsletter.cli.yes_or_no import require_yes
from newsletter.workflow.local_time import show_time

if TYPE_CHECKING:
    from newsletter.workflow.import_undo import Undoing
    from newsletter.workflow.project import Project


def take_back(project: "Project", *, dry_run: bool, asks: bool, as_json: bool) -> None:
    """Say what taking the last import back does, and do it unless only asked."""
    from newsletter.workflow.import_undo import plan_undo, undo_import

    if dry_run or asks:
        undoing = plan_undo(project, now=datetime.now(UTC))
        if not as_json:
            _show(project, undoing, "would be undone")
        if asks:
            require_yes("Do it?")
    if not dry_run:
        undoing = undo_import(project, now=datetime.now(UTC))
        if not as_json:
            _show(project, undoing, "undone")
    if as_json:
        print_json(_undoing_json(undoing, is_dry_run=dry_run))


def _show(project: "Project", undoing: "Undoing", begin: str) -> None:
    last, retreat = undoing.last, undoing.retreat
    at = show_time(last.at, project.settings.newsletter.time_zone)
    status = last.status.name.lower()
    into = f"into {last.list} as {status}"
    if last.is_everywhere:
        into = f"as {status} for every list"
    click.echo(f"{last.file}, imported {into} on {at}: {begin}")
    rows = (
        ("removed", retreat.removed),
        ("stand as before", retreat.restored),
        ("stay: mailed since", retreat.mailed),
        ("stay: changed since", retreat.changed),
    )
    print_rows((f"  {label}", f"{n:>8,}") for label, n in rows if n)
    if not any(n for _, n in rows):
        say("Nobody was changed by it.")


def _undoing_json(undoing: "Undoing", *, is_dry_run: bool) -> dict[str, Any]:
    retreat = undoing.retreat
    return {
        "import": undoing.last.id,
        "file": undoing.last.file,
        "dry_run": is_dry_run,
        "removed": retreat.removed,
        "restored": retreat.restored,
        "kept": retreat.mailed + retreat.changed,
    }
