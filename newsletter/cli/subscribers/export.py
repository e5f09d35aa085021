"""`newsletter subscribers export`: the people of a list as CSV, or all held of one."""

import csv
import sys
from collections.abc import Iterable
from itertools import chain, islice
from pathlib import Path
from typing import IO, TYPE_CHECKING

import click

from newsletter.cli.context import (
    json_option,
    pass_project,
    print_json,
    say,
    where_option,
)
from newsletter.cli.people import private_csv
from newsletter.cli.subscribers.shown import STATUSES, parse_status

if TYPE_CHECKING:
    from newsletter.workflow.export import Selection
    from newsletter.workflow.project import Project

#: So Excel knows that the file is UTF-8.
_MARK = "\ufeff"


@click.command("export", short_help="Write people to a CSV file, or all held of one.")
@click.option("--list", "list_slug", metavar="LIST", help="Only this list.")
@click.option("--status", type=click.Choice(STATUSES), help="Only these people.")
@where_option
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    help="The file; else standard output. With --person: a folder; else a private one.",
)
@click.option("--excel", is_flag=True, help="With the mark that Excel wants to see.")
@click.option("--raw", is_flag=True, help="For programs: nothing before =, +, -, @.")
@click.option("--person", metavar="ADDRESS", help="All that is held of one person.")
@json_option
@pass_project
def export(
    project: "Project",
    list_slug: str | None,
    status: str | None,
    where: str | None,
    output: Path | None,
    excel: bool,
    raw: bool,
    person: str | None,
    as_json: bool,
) -> None:
    """Write a row for each person and list; nobody but you can read the file.

    With --person ADDRESS: a letter to them, and all that is held of them as JSON.
    """
    if person is not None:
        from newsletter.cli.subscribers.person import export_person

        if list_slug or status or where or excel or raw:
            raise click.UsageError("--person goes with -o and --json alone.")
        export_person(project, person, folder=output, as_json=as_json)
        return
    if as_json and output is None:
        raise click.UsageError("--json tells of a file: say which one with -o.")
    selection = _selection(project, list_slug, status, where, raw)
    people = _write(project, selection, output, mark=_MARK if excel else "")
    if as_json:
        print_json({"file": str(output), "people": people})
    elif output is not None:
        say(f"{output}: {people:,} {'person' if people == 1 else 'people'}")


def _selection(
    project: "Project",
    list_slug: str | None,
    status: str | None,
    where: str | None,
    raw: bool,
) -> "Selection":
    from newsletter.workflow.export import Selection
    from newsletter.workflow.segments import read_where

    return Selection(
        list=list_slug,
        status=parse_status(status) if status else None,
        where=None if where is None else read_where(project, where),
        is_raw=raw,
    )


def _write(
    project: "Project", selection: "Selection", output: Path | None, *, mark: str
) -> int:
    """Write the rows; returns how many people there were."""
    from newsletter.workflow.export import export_rows

    rows = export_rows(project, selection)
    # What is wrong is said before a file is touched.
    begin = list(islice(rows, 2))
    if output is None:
        return _write_rows(sys.stdout, chain(begin, rows), mark)
    with private_csv(output) as file:
        return _write_rows(file, chain(begin, rows), mark)


def _write_rows(file: IO[str], rows: Iterable[list[str]], mark: str) -> int:
    """Write rows as CSV, and count people: all rows of one stand together."""
    file.write(mark)
    writer = csv.writer(file, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    people, last = -1, ""
    for row in rows:
        writer.writerow(row)
        people += row[0] != last
        last = row[0]
    return people
