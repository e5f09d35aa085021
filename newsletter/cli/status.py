"""`newsletter status [DISPATCH]`."""

import shutil
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from newsletter.cli.context import (
    json_option,
    pass_silent_project,
    print_json,
    printable,
    say,
    tell_dispatches,
    tell_elsewhere,
)
from newsletter.cli.dispatches import dispatch_json, summary_lines
from newsletter.cli.findings import count_of
from newsletter.cli.people import (
    MOST_SHOWN,
    person_lines,
    print_json_with,
    private_csv,
    unknown_json,
    write_csv,
)
from newsletter.model.delivery import DeliveryState
from newsletter.workflow.care import find_care
from newsletter.workflow.people_table import came_back_row, person_row

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

    from newsletter.model.dispatch import Dispatch
    from newsletter.workflow.project import Project
    from newsletter.workflow.reached import Person
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
    help="Write every recipient to a CSV file; with --unknown or --not-reached, those.",
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
    from newsletter.workflow.report import read_begin
    from newsletter.workflow.status import read_dispatch

    if unknown and not_reached:
        raise click.UsageError("choose one of --unknown and --not-reached.")
    begin = read_begin(project)
    tell_elsewhere(begin)
    dispatch = read_dispatch(project, number)
    tell_dispatches(begin, besides=dispatch.id)
    if unknown:
        _show_unknown(project, dispatch, output, as_json=as_json)
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
    from newsletter.workflow.attention import things_to_see_to
    from newsletter.workflow.reached import reading_people
    from newsletter.workflow.status import read_overview

    if output is not None:
        everybody = frozenset(DeliveryState)
        _write_people(reading_people(project, dispatch, everybody), output)
    if as_json:
        print_json(dispatch_json(dispatch))
        return
    overview = read_overview(project, number, most_earlier=_MOST_EARLIER)
    time_zone = project.settings.newsletter.time_zone
    about = _about_lines(overview, time_zone)
    for line in summary_lines(project, overview.dispatch, about=about):
        click.echo(line)
    if overview.earlier:
        names = ", ".join(
            f"{one.id} ({one.issue}, {one.state})" for one in overview.earlier
        )
        click.echo(f"Earlier: {names}")
    if find_care(project, overview.dispatch).is_elsewhere:
        return
    for thing in things_to_see_to(project, now=datetime.now(UTC)):
        say(printable(thing))


def _about_lines(overview: "Overview", time_zone: str) -> "Iterator[str]":
    from newsletter.workflow.schedule import show_start
    from newsletter.workflow.standing import going, moments

    dispatch = overview.dispatch
    yield f"{'Subject:':<11}{overview.subject}"
    yield f"{'To:':<11}{', '.join(dispatch.lists)}"
    if dispatch.where:
        yield f"{'Where:':<11}{dispatch.where}"
    for name, at in moments(dispatch, now=datetime.now(UTC)):
        yield f"{name + ':':<11}{show_start(at, time_zone)}"
    pace = going(
        overview.rate,
        overview.seconds_left,
        now=datetime.now(UTC),
        time_zone=time_zone,
    )
    if told := ", ".join(pace):
        yield f"{'Going:':<11}{told}"


def _show_unknown(
    project: "Project", dispatch: "Dispatch", output: Path | None, *, as_json: bool
) -> None:
    from newsletter.workflow.reached import reading_people
    from newsletter.workflow.schedule import show_start

    in_doubt = frozenset({DeliveryState.UNKNOWN})
    if output is not None:
        _write_people(reading_people(project, dispatch, in_doubt), output)
        if not as_json:
            return
    time_zone = project.settings.newsletter.time_zone
    with reading_people(project, dispatch, in_doubt) as people:
        if as_json:
            rows = map(unknown_json, people)
            print_json_with(dispatch_json(dispatch), {"unknown_recipients": rows})
            return
        for one in people:
            at = show_start(one.at, time_zone) if one.at else ""
            click.echo(f"{one.email}  {one.message_id}  {at}".rstrip())
    number = dispatch.counts[DeliveryState.UNKNOWN]
    if not number:
        say(
            f"Nobody is in doubt: no mail of dispatch {dispatch.id} was left without "
            "an answer."
        )
        return
    verb = "is" if number == 1 else "are"
    say(f"{count_of(number, 'recipient')} of dispatch {dispatch.id} {verb} unknown.")
    if find_care(project, dispatch).is_elsewhere:
        return
    again = f" To send to all of them again: newsletter resume {dispatch.id} --unknown"
    say(
        "The log of your mail server knows them by these Message-IDs."
        f"{'' if dispatch.is_erased else again}"
    )


def _show_not_reached(
    project: "Project", dispatch: "Dispatch", output: Path | None, *, as_json: bool
) -> None:
    from newsletter.workflow.reached import (
        NOT_REACHED,
        count_came_back_of_nobody,
        count_people,
        reading_not_reached,
    )

    if not count_people(dispatch, NOT_REACHED):
        say(
            f"Nobody is left: your mail server took the mail of dispatch {dispatch.id} "
            "for everybody."
        )
    if output is not None:
        _write_people(reading_not_reached(project, dispatch), output)
    if as_json:
        _print_not_reached_json(project, dispatch)
    elif output is None:
        _print_not_reached(project, dispatch)
    if nobodys := count_came_back_of_nobody(project, dispatch):
        say(
            f"{count_of(nobodys, 'mail')} came back later that nobody knows any more "
            "whose they were: that is erased ([retention] bounces), or they were "
            "forgotten."
        )


def _print_not_reached_json(project: "Project", dispatch: "Dispatch") -> None:
    from newsletter.workflow.reached import (
        NOT_REACHED,
        reading_not_reached,
        reading_people,
    )

    with (
        reading_people(project, dispatch, NOT_REACHED) as people,
        reading_not_reached(project, dispatch, only_came_back=True) as came_back,
    ):
        lists = {
            "not_reached": map(person_row, people),
            "came_back": map(came_back_row, came_back),
        }
        print_json_with(dispatch_json(dispatch), lists)


def _print_not_reached(project: "Project", dispatch: "Dispatch") -> None:
    """Print the first of them to read on a terminal; all of them as CSV elsewhere."""
    from newsletter.workflow.reached import (
        NOT_REACHED,
        count_people,
        reading_not_reached,
    )

    with reading_not_reached(project, dispatch) as people:
        if not sys.stdout.isatty():
            write_csv(sys.stdout, people)
            return
        columns = shutil.get_terminal_size().columns
        for line in person_lines(people, columns=columns):
            click.echo(line)
    more = count_people(dispatch, NOT_REACHED) + dispatch.bounced - MOST_SHOWN
    if more > 0:
        say(
            f"… and {more:,} more. All of them in a file: "
            f"newsletter status {dispatch.id} --not-reached -o FILE.csv"
        )


def _write_people(
    reading: "AbstractContextManager[Iterator[Person]]", path: Path
) -> None:
    with reading as people, private_csv(path) as file:
        number = write_csv(file, people)
    say(f"wrote {count_of(number, 'recipient')} to {path}")
