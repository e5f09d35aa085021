"""`newsletter subscribers export --person`: all that is kept of somebody, for them."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from newsletter.cli.context import print_json, say
from newsletter.cli.subscribers.shown import subscription_json

if TYPE_CHECKING:
    from newsletter.store.consent import ConsentEvent, Suppression
    from newsletter.store.holdings import Note
    from newsletter.workflow.holdings import Holdings
    from newsletter.workflow.project import Project


def export_person(
    project: "Project", address: str, *, folder: Path | None, as_json: bool
) -> None:
    """Write letter.txt and data.json into a folder, or print the data for scripts.

    Args:
        project: The project.
        address: As typed.
        folder: Made if it is missing; None: one of theirs in ``subscribers/``, or
            none where the data is printed.
        as_json: Print the data.
    """
    from newsletter.workflow.holdings import read_holdings

    held = read_holdings(project, address)
    data = holdings_json(held)
    written: tuple[Path, ...] = ()
    if folder is not None or not as_json:
        written = _write(project, held, data, folder)
    if as_json:
        print_json(data)
        return
    for path in written:
        click.echo(f"Written: {project.shown(path)}")
    ours = {project.shown(path) for path in written}
    for file in held.elsewhere:
        if file not in ours:
            say(f"{file} holds the address, too: look at what it says there.")
    say("Backups and lists that you keep elsewhere are not looked into.")


def _write(
    project: "Project", held: "Holdings", data: dict[str, Any], folder: Path | None
) -> tuple[Path, ...]:
    from newsletter.workflow.dossiers import DATA, LETTER, usual_folder, write_dossier
    from newsletter.workflow.holdings_letter import write_letter

    today = datetime.now(UTC).date()
    texts = {
        LETTER: write_letter(held, project.settings, today=today),
        DATA: json.dumps(data, ensure_ascii=False, indent=2) + "\n",
    }
    written = write_dossier(project, folder or usual_folder(project, held.email), texts)
    for warning in written.warnings:
        say(f"warning: {warning}")
    return written.files


def holdings_json(held: "Holdings") -> dict[str, Any]:
    """Return the promised shape of all that is kept of somebody."""
    return {
        "email": held.email,
        "subscriber": _subscriber_json(held),
        "suppressions": [_suppression_json(one) for one in held.suppressions],
        "history": [_event_json(event) for event in held.history],
        "deliveries": [
            {
                "issue": one.issue,
                "at": one.at.isoformat(),
                "state": one.state.name.lower(),
            }
            for one in held.issues
        ],
        "returned": [_note_json(note) for note in held.returned],
        "requests": [_note_json(note) for note in held.requests],
        "elsewhere": list(held.elsewhere),
    }


def _subscriber_json(held: "Holdings") -> dict[str, Any] | None:
    if held.subscriber is None:
        return None
    return {
        "id": held.subscriber.id,
        "fields": dict(held.subscriber.fields),
        "since": None if held.since is None else held.since.isoformat(),
        "subscriptions": [subscription_json(one) for one in held.subscriptions],
    }


def _event_json(event: "ConsentEvent") -> dict[str, Any]:
    return {
        "list": event.list,
        "kind": event.kind,
        "at": event.at.isoformat(),
        "source": event.source,
        "evidence": event.evidence,
        "wording": event.wording,
        "language": event.language,
    }


def _suppression_json(one: "Suppression") -> dict[str, Any]:
    return {
        "scope": one.scope,
        "reason": one.reason,
        "at": one.at.isoformat(),
        "source": one.source,
    }


def _note_json(note: "Note") -> dict[str, Any]:
    fields = "; ".join(f"{name}: {value}" for name, value in note.fields.items())
    return {
        "kind": note.kind,
        "at": note.at.isoformat(),
        "about": note.about or fields,
    }
