"""`newsletter subscribers import`: bring a list in from a file."""

from datetime import UTC, datetime
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
from newsletter.cli.subscribers.shown import STATUSES, parse_status

if TYPE_CHECKING:
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


@click.command("import", short_help="Bring people in from a CSV file.")
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--list", "list_slug", metavar="LIST", help="Which list; else the default."
)
@click.option(
    "--as",
    "status",
    type=click.Choice(STATUSES),
    default="active",
    show_default=True,
    help="What the people in the file are.",
)
@click.option("--dry-run", is_flag=True, help="Only say what would happen.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
@pass_project
def import_file(
    project: "Project",
    file: Path,
    list_slug: str | None,
    status: str,
    dry_run: bool,
    yes: bool,
    as_json: bool,
) -> int:
    """Bring a list in from a CSV file; nobody who left comes back by it.

    On a terminal it shows what would happen and asks; elsewhere it imports.
    """
    from newsletter.workflow.imports import (
        import_subscribers,
        order_import,
        plan_import,
    )

    order = order_import(
        project, file, list_slug=list_slug, status=parse_status(status)
    )
    is_asking = is_terminal() and not (yes or as_json or dry_run)
    if dry_run:
        report = plan_import(project, order)
    else:
        if is_asking:
            _ask(order, plan_import(project, order))
        report = import_subscribers(project, order, now=datetime.now(UTC))
    if as_json:
        print_json(_report_json(order, report, is_dry_run=dry_run))
    else:
        if not is_asking:
            _show_problems(order, report)
        _show_counts(order, report, "would be imported" if dry_run else "imported")
        _say_mailable(order, report)
    return _SOME_ROWS_ARE_BAD if report.problems else 0


def _ask(order: "ImportOrder", plan: "ImportReport") -> None:
    """Show what would happen, and go on only with a yes."""
    _show_problems(order, plan)
    _show_counts(order, plan, "would be imported")
    click.confirm("Do it? Answer y or n", abort=True, err=True)


def _show_problems(order: "ImportOrder", report: "ImportReport") -> None:
    file = order.sheet.file
    for warning in report.warnings:
        say(f"warning: {warning}")
    lines = [str(problem) for problem in report.problems]
    lines += [
        f"{file}:{item.number}: the same address as in row {item.first}."
        for item in report.duplicates
    ]
    for line in lines[:_MAX_SHOWN]:
        say(line)
    if len(lines) > _MAX_SHOWN:
        say(f"{file}: and {len(lines) - _MAX_SHOWN:,} more rows like these.")


def _show_counts(order: "ImportOrder", report: "ImportReport", begin: str) -> None:
    status = order.status.name.lower()
    click.echo(f"{order.sheet.file}: {begin} into {order.list} as {status}")
    print_rows(_count_rows(report))


def _count_rows(report: "ImportReport") -> list[tuple[str, str]]:
    counts = {
        **{_COUNTS[verdict.value]: n for verdict, n in report.counts.items()},
        "twice in the file": len(report.duplicates),
        "bad rows, left out": len(report.problems),
    }
    order = [*_COUNTS.values(), "twice in the file", "bad rows, left out"]
    return [(f"  {name}", f"{counts[name]:>8,}") for name in order if counts.get(name)]


def _say_mailable(order: "ImportOrder", report: "ImportReport") -> None:
    people = "person gets" if report.mailable == 1 else "people get"
    click.echo(f"{report.mailable:,} {people} the mail of {order.list} now.")


def _report_json(
    order: "ImportOrder", report: "ImportReport", *, is_dry_run: bool
) -> dict[str, Any]:
    counts = {verdict.value: n for verdict, n in report.counts.items()}
    return {
        "file": order.sheet.file,
        "list": order.list,
        "as": order.status.name.lower(),
        "dry_run": is_dry_run,
        **{name: counts.get(name, 0) for name in _COUNTS},
        "duplicates": [
            {"row": item.number, "first": item.first} for item in report.duplicates
        ],
        "problems": [
            {"row": problem.place.line, "message": problem.message}
            for problem in report.problems
        ],
        "warnings": list(report.warnings),
        "mailable": report.mailable,
    }
