"""`newsletter subscribers import`: bring a list in from a file, or take it back."""

import csv
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from heapq import merge
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from newsletter.cli.context import (
    is_terminal,
    json_option,
    pass_project,
    print_json,
    print_rows,
    say,
)
from newsletter.cli.people import print_json_with, private_csv
from newsletter.cli.subscribers.omissions import omissions_json, tell_omissions
from newsletter.cli.subscribers.shown import STATUSES, parse_status
from newsletter.cli.yes_or_no import require_yes

if TYPE_CHECKING:
    from newsletter.workflow.import_rows import RowVerdict
    from newsletter.workflow.imports import ImportOrder, ImportReport
    from newsletter.workflow.project import Project

#: Exit code when some rows could not be imported; all others were.
_SOME_ROWS_ARE_BAD = 1
#: So many bad rows are shown; a file with more has one fault in all of them.
_MAX_SHOWN = 50

#: Verdict of an import -> how the table names it.
_COUNTS = {
    "new": "new",
    "changed": "changed",
    "updated": "there already, with new fields",
    "present": "there already",
    "stays_pending": "stay pending",
    "stays_unsubscribed": "stay unsubscribed",
    "stays_bounced": "stay bounced",
}
#: The same for those who are to be away from every list.
_COUNTS_EVERYWHERE = {
    **_COUNTS,
    "new": "on no list before",
    "changed": "on a list until now",
    "present": "away already",
}
_DATE_ORDERS = ("day-month-year", "month-day-year")
#: How the dates of a column were read -> how that is told.
_DATES = {
    **{order: f"dates read as {order}" for order in _DATE_ORDERS},
    "mixed": "dates read where only one way fits",
}


@click.command("import", short_help="Bring people in from a file, or undo that.")
@click.argument("file", type=click.Path(path_type=Path), required=False)
@click.option(
    "--list",
    "list_slug",
    metavar="LIST",
    help="Which list; else the default one, and every list for who left or bounced.",
)
@click.option(
    "--as",
    "status",
    type=click.Choice(STATUSES),
    default="active",
    show_default=True,
    help="What the people in the file are.",
)
@click.option(
    "--map",
    "mapping",
    multiple=True,
    metavar="FIELD=COLUMN",
    help='Which column is what: email="E-mail of member"; -=Notes leaves one out.',
)
@click.option("--encoding", default="", metavar="NAME", help="If it was guessed wrong.")
@click.option("--separator", default="", metavar="SIGN", help="comma, semicolon, tab …")
@click.option("--sheet", default="", metavar="NAME", help="Of a spreadsheet (.xlsx).")
@click.option(
    "--dates",
    type=click.Choice(_DATE_ORDERS),
    help="How 03/04/2022 is read, if the file leaves it open.",
)
@click.option("--dry-run", is_flag=True, help="Only say what would happen.")
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    help="With --dry-run: write what would become of each row, as CSV.",
)
@click.option("--undo", is_flag=True, help="Take the last import back.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
@pass_project
def import_file(
    project: "Project",
    file: Path | None,
    list_slug: str | None,
    status: str,
    mapping: tuple[str, ...],
    encoding: str,
    separator: str,
    sheet: str,
    dates: str | None,
    dry_run: bool,
    output: Path | None,
    undo: bool,
    yes: bool,
    as_json: bool,
) -> int:
    """Bring a list in from a CSV file; nobody who left comes back by it.

    On a terminal it shows what would happen and asks; elsewhere it imports.
    """
    from newsletter.subscribers.dates import DateOrder
    from newsletter.subscribers.sheet import Wanted
    from newsletter.workflow.imports import order_import

    is_asking = is_terminal() and not (yes or as_json or dry_run)
    if undo:
        return _undo(project, file, is_dry_run=dry_run, asks=is_asking, as_json=as_json)
    if file is None:
        raise click.UsageError("Say which file: newsletter subscribers import FILE.")
    if output is not None and not dry_run:
        raise click.UsageError("-o goes with --dry-run.")
    wanted = Wanted(
        "",
        mapping=_parse_mapping(mapping),
        encoding=encoding,
        separator=separator,
        sheet=sheet,
        dates=DateOrder(dates) if dates else None,
    )
    order = order_import(
        project,
        file,
        list_slug=list_slug,
        status=parse_status(status),
        wanted=wanted,
    )
    if dry_run:
        return _foresee(project, order, output, as_json=as_json)
    return _import(project, order, is_asking=is_asking, as_json=as_json)


def _undo(
    project: "Project",
    file: Path | None,
    *,
    is_dry_run: bool,
    asks: bool,
    as_json: bool,
) -> int:
    from newsletter.cli.subscribers.undo import take_back

    if file is not None:
        raise click.UsageError("--undo takes the last import back; name no file.")
    take_back(project, dry_run=is_dry_run, asks=asks, as_json=as_json)
    return 0


def _parse_mapping(mapping: Iterable[str]) -> tuple[tuple[str, str], ...]:
    pairs = []
    for text in mapping:
        name, equals, column = text.partition("=")
        if not (equals and name.strip() and column.strip()):
            raise click.UsageError(
                f'--map wants FIELD=COLUMN, not "{text}"; for example '
                '--map email="E-mail of member".'
            )
        pairs.append((name.strip(), column.strip()))
    return tuple(pairs)


def _import(
    project: "Project", order: "ImportOrder", *, is_asking: bool, as_json: bool
) -> int:
    from newsletter.workflow.imports import import_subscribers, plan_import

    if is_asking:
        plan = plan_import(project, order, now=datetime.now(UTC))
        _show_problems(order, plan)
        _show_reading(order)
        _show_counts(order, plan, "would be imported")
        require_yes("Do it?")
    report = import_subscribers(project, order, now=datetime.now(UTC))
    if as_json:
        print_json(_report_json(order, report))
        return _exit_code(report)
    if not is_asking:
        _show_problems(order, report)
        _show_reading(order)
    _show_counts(order, report, "imported")
    _say_mailable(order, report)
    return _exit_code(report)


def _foresee(
    project: "Project", order: "ImportOrder", output: Path | None, *, as_json: bool
) -> int:
    """Tell what an import would do, of each row if a script or a file wants it."""
    from newsletter.workflow.imports import foreseeing

    with foreseeing(project, order, now=datetime.now(UTC)) as prospect:
        report = prospect.report
        if output is not None:
            with private_csv(output) as file:
                writer = csv.writer(file, lineterminator="\n")
                writer.writerow(["row", "verdict", "reason"])
                writer.writerows(prospect.rows())
        if as_json:
            rows = map(_row_json, prospect.rows())
            print_json_with(_report_json(order, report), {"rows": rows})
        else:
            _show_problems(order, report)
            _show_reading(order)
            _show_counts(order, report, "would be imported")
            _say_mailable(order, report)
    if output is not None:
        say(f"{output}: what would become of each row")
    return _exit_code(report)


def _exit_code(report: "ImportReport") -> int:
    return _SOME_ROWS_ARE_BAD if report.n_problems or report.n_incomplete else 0


def _show_problems(order: "ImportOrder", report: "ImportReport") -> None:
    file = order.sheet.file
    for warning in report.warnings:
        say(f"warning: {warning}")
    setbacks = ((one.place.line, str(one)) for one in report.problems)
    doubles = (
        (one.number, f"{file}:{one.number}: the same address as in row {one.first}.")
        for one in report.duplicates
    )
    for _, line in islice(merge(setbacks, doubles), _MAX_SHOWN):
        say(line)
    more = report.n_problems + report.n_duplicates - _MAX_SHOWN
    if more > 0:
        say(f"{file}: and {more:,} more rows like these.")
    for line in tell_omissions(order.sheet, report.omissions):
        say(line)


def _show_counts(order: "ImportOrder", report: "ImportReport", begin: str) -> None:
    status = order.status.name.lower()
    where, end = f" into {order.list}", ""
    if order.is_everywhere:
        where, end = "", ", for every list"
    click.echo(f"{order.sheet.file}: {begin}{where} as {status}{end}")
    labels = _COUNTS_EVERYWHERE if order.is_everywhere else _COUNTS
    print_rows(_count_rows(report, labels))


def _show_reading(order: "ImportOrder") -> None:
    """Show how the file was read, and which columns; a header if it is no such name."""
    sheet = order.sheet
    told = []
    for name, header in sheet.columns.names.items():
        notes = [f'"{header}"'] if header != name else []
        if name in sheet.dates:
            notes.append(_DATES[sheet.dates[name].value])
        told.append(f"{name} ({', '.join(notes)})" if notes else name)
    columns = f"columns: {', '.join(told)}" if told else "addresses alone"
    click.echo(f"{sheet.file}: {sheet.reading}; {columns}")


def _count_rows(
    report: "ImportReport", labels: Mapping[str, str]
) -> list[tuple[str, str]]:
    counts = {
        **{labels[verdict.value]: n for verdict, n in report.counts.items()},
        "twice in the file": report.n_duplicates,
        "bad rows, left out": report.n_problems,
        "with a value left out": report.n_incomplete,
    }
    order = list(dict.fromkeys([*labels.values(), *counts]))
    rows = [(f"  {name}", f"{counts[name]:>8,}") for name in order if counts.get(name)]
    return rows or [("  0 rows", "")]


def _say_mailable(order: "ImportOrder", report: "ImportReport") -> None:
    people = f"{report.mailable:,} {'person' if report.mailable == 1 else 'people'}"
    mail = "mail of your lists" if order.is_everywhere else f"the mail of {order.list}"
    if report.import_id is None:
        click.echo(f"{people} would get {mail}.")
    else:
        click.echo(f"{people} {'gets' if report.mailable == 1 else 'get'} {mail} now.")


def _report_json(order: "ImportOrder", report: "ImportReport") -> dict[str, Any]:
    counts = {verdict.value: n for verdict, n in report.counts.items()}
    sheet = order.sheet
    return {
        "file": sheet.file,
        "list": None if order.is_everywhere else order.list,
        "as": order.status.name.lower(),
        "dry_run": report.import_id is None,
        "import": report.import_id,
        "encoding": sheet.encoding or None,
        "separator": sheet.separator or None,
        "columns": {name: header or None for name, header in _columns(order).items()},
        "dates": {name: order.value for name, order in sheet.dates.items()},
        **{name: counts.get(name, 0) for name in _COUNTS},
        "duplicate_rows": report.n_duplicates,
        "problem_rows": report.n_problems,
        "incomplete_rows": report.n_incomplete,
        "duplicates": [
            {"row": item.number, "first": item.first} for item in report.duplicates
        ],
        "problems": [
            {"row": problem.place.line, "message": problem.message}
            for problem in report.problems
        ],
        "omissions": omissions_json(sheet, report.omissions),
        "warnings": list(report.warnings),
        "mailable": report.mailable,
    }


def _columns(order: "ImportOrder") -> dict[str, str]:
    return dict(order.sheet.columns.names) or {"email": ""}


def _row_json(row: "RowVerdict") -> dict[str, Any]:
    return {"row": row.number, "verdict": row.verdict, "reason": row.reason}
