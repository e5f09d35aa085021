"""`newsletter status [DISPATCH]`."""

import csv
import io
import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from newsletter.cli.context import (
    json_option,
    pass_silent_project,
    print_json,
    say,
    tell_open_dispatches,
)
from newsletter.cli.dispatches import dispatch_json, instant_json, summary_lines
from newsletter.cli.findings import count_of
from newsletter.cli.local_time import show_time
from newsletter.errors import OperationError
from newsletter.model.delivery import DeliveryState

if TYPE_CHECKING:
    from collections.abc import Iterator

    from newsletter.model.dispatch import DeliveryRecord, Dispatch
    from newsletter.workflow.project import Project
    from newsletter.workflow.status import Overview

#: So many earlier dispatches are named; a year of a monthly letter.
_MOST_EARLIER = 12


@click.command("status")
@click.argument("number", metavar="[DISPATCH]", type=int, required=False)
@click.option("--unknown", is_flag=True, help="List who may have got it or not.")
@click.option("--not-reached", is_flag=True, help="List who did not get it, and why.")
@click.option(
    "-o",
    "output",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write every recipient to a CSV file; with --not-reached, those alone.",
)
@json_option
@pass_silent_project
def command(
    project: "Project",
    number: int | None,
    unknown: bool,
    not_reached: bool,
    output: Path | None,
    as_json: bool,
) -> int:
    """Tell how a dispatch stands; without a number, the newest."""
    from newsletter.workflow.status import read_dispatch

    if output is not None and unknown:
        raise click.UsageError("-o does not go with --unknown.")
    if unknown and not_reached:
        raise click.UsageError("choose one of --unknown and --not-reached.")
    dispatch = read_dispatch(project, number)
    tell_open_dispatches(project, besides=dispatch.id)
    if unknown:
        _show_unknown(project, dispatch, as_json=as_json)
    elif not_reached:
        _show_not_reached(project, dispatch, output, as_json=as_json)
    else:
        _show_dispatch(project, dispatch, number, output, as_json=as_json)
    return 0


def _show_dispatch(
    project: "Project",
    dispatch: "Dispatch",
    number: int | None,
    output: Path | None,
    *,
    as_json: bool,
) -> None:
    from newsletter.workflow.status import read_deliveries, read_overview

    if output is not None:
        _write_people(output, read_deliveries(project, dispatch, list(DeliveryState)))
    if as_json:
        print_json(dispatch_json(dispatch))
        return
    overview = read_overview(project, number, most_earlier=_MOST_EARLIER)
    about = _about_lines(overview, project.settings.newsletter.time_zone)
    for line in summary_lines(overview.dispatch, about=about):
        click.echo(line)
    if overview.earlier:
        names = ", ".join(
            f"{one.id} ({one.issue}, {one.state})" for one in overview.earlier
        )
        click.echo(f"Earlier: {names}")


def _about_lines(overview: "Overview", time_zone: str) -> "Iterator[str]":
    dispatch = overview.dispatch
    yield f"Subject: {overview.subject}"
    yield f"To:      {', '.join(dispatch.lists)}"
    yield f"Begun:   {show_time(dispatch.created_at, time_zone, weekday=True)}"
    if dispatch.finished_at is not None:
        yield f"Ended:   {show_time(dispatch.finished_at, time_zone, weekday=True)}"


def _show_unknown(project: "Project", dispatch: "Dispatch", *, as_json: bool) -> None:
    from newsletter.workflow.status import read_unknown

    found = read_unknown(project, dispatch)
    if as_json:
        people = [
            {
                "email": one.email,
                "message_id": one.message_id,
                "at": instant_json(one.at),
            }
            for one in found
        ]
        print_json(dispatch_json(dispatch) | {"unknown_recipients": people})
        return
    for one in found:
        click.echo(f"{one.email}  {one.message_id}  {instant_json(one.at)}")
    if not found:
        say(
            f"Nobody is in doubt: no mail of dispatch {dispatch.id} was left without "
            "an answer."
        )
        return
    say(f"{count_of(len(found), 'recipient')} of dispatch {dispatch.id} unknown.")
    say(
        "The log of your mail server knows them by these Message-IDs. To send to "
        f"all of them again: newsletter resume {dispatch.id} --unknown"
    )


def _show_not_reached(
    project: "Project", dispatch: "Dispatch", output: Path | None, *, as_json: bool
) -> None:
    from newsletter.workflow.status import read_deliveries

    states = [state for state in DeliveryState if state is not DeliveryState.ACCEPTED]
    records = read_deliveries(project, dispatch, states)
    if not records:
        say(
            f"Nobody is left: your mail server took the mail of dispatch {dispatch.id} "
            "for everybody."
        )
    if output is not None:
        _write_people(output, records)
    if as_json:
        people = [_record_json(record) for record in records]
        print_json(dispatch_json(dispatch) | {"not_reached": people})
    elif output is None:
        click.echo(_csv(records), nl=False)


def _record_json(record: "DeliveryRecord") -> dict[str, object]:
    return {
        "email": record.email,
        "state": record.state.name.lower(),
        "reason": _reason(record),
        "at": instant_json(record.at),
    }


def _reason(record: "DeliveryRecord") -> str:
    from newsletter.replies import show_reply

    if record.reply is None:
        return ""
    return show_reply(record.reply) if record.reply.code else record.reply.text


def _csv(records: "list[DeliveryRecord]") -> str:
    text = io.StringIO()
    writer = csv.DictWriter(
        text, ["email", "state", "reason", "at"], lineterminator="\n"
    )
    writer.writeheader()
    for record in records:
        row = _record_json(record)
        writer.writerow(row | {"email": _guarded(record.email)})
    return text.getvalue()


def _write_people(path: Path, records: "list[DeliveryRecord]") -> None:
    _write_private(path, _csv(records))
    say(f"wrote {count_of(len(records), 'recipient')} to {path}")


def _guarded(cell: str) -> str:
    """Return a cell that no spreadsheet computes; `subscribers import` undoes it."""
    return f"'{cell}" if cell.startswith(("=", "+", "-", "@")) else cell


def _write_private(path: Path, text: str) -> None:
    """Write a list of people that only its owner may read."""
    try:
        flags = os.O_CREAT | os.O_WRONLY | os.O_TRUNC
        with os.fdopen(os.open(path, flags, 0o600), "w", encoding="utf-8") as file:
            # One that was there keeps its mode, which may let others read it.
            path.chmod(0o600)
            file.write(text)
    except OSError as error:
        raise OperationError(
            f"{path}: cannot write it: {error.strerror}.", "Choose another file."
        ) from error
