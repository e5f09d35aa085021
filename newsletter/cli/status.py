"""`newsletter status [DISPATCH]`."""

import csv
import io
import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from newsletter.cli.context import json_option, pass_project, print_json, say
from newsletter.cli.dispatches import dispatch_json, instant_json, summary_lines
from newsletter.cli.findings import count_of
from newsletter.errors import OperationError
from newsletter.model.delivery import DeliveryState

if TYPE_CHECKING:
    from newsletter.model.dispatch import DeliveryRecord, Dispatch
    from newsletter.workflow.project import Project


@click.command("status")
@click.argument("number", metavar="[DISPATCH]", type=int, required=False)
@click.option("--unknown", is_flag=True, help="List who may have got it or not.")
@click.option("--not-reached", is_flag=True, help="List who did not get it, and why.")
@click.option(
    "-o",
    "output",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write the list of --not-reached to a CSV file.",
)
@json_option
@pass_project
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

    if output is not None and not not_reached:
        raise click.UsageError("-o goes with --not-reached.")
    if unknown and not_reached:
        raise click.UsageError("choose one of --unknown and --not-reached.")
    dispatch = read_dispatch(project, number)
    if unknown:
        _show_unknown(project, dispatch, as_json=as_json)
    elif not_reached:
        _show_not_reached(project, dispatch, output, as_json=as_json)
    elif as_json:
        print_json(dispatch_json(dispatch))
    else:
        for line in summary_lines(dispatch):
            click.echo(line)
    return 0


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
    say(f"{count_of(len(found), 'recipient')} of dispatch {dispatch.id} unknown.")
    if found:
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
    table = _csv(records)
    if output is not None:
        _write_private(output, table)
        say(f"wrote {count_of(len(records), 'recipient')} to {output}")
    if as_json:
        people = [_record_json(record) for record in records]
        print_json(dispatch_json(dispatch) | {"not_reached": people})
    elif output is None:
        click.echo(table, nl=False)


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
    writer.writerows(_record_json(record) for record in records)
    return text.getvalue()


def _write_private(path: Path, text: str) -> None:
    """Write a list of people that only its owner may read."""
    try:
        flags = os.O_CREAT | os.O_WRONLY | os.O_TRUNC
        with os.fdopen(os.open(path, flags, 0o600), "w", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise OperationError(
            f"{path}: cannot write it: {error.strerror}.", "Choose another file."
        ) from error
