"""`newsletter subscribers …`: people come, go and are shown."""

from collections.abc import Iterable, Mapping
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
from newsletter.cli.local_time import show_time

if TYPE_CHECKING:
    from newsletter.model.subscriber import Subscriber, Subscription
    from newsletter.workflow.imports import ImportOrder, ImportReport
    from newsletter.workflow.project import Project
    from newsletter.workflow.subscribers import Record

#: Exit code when some rows could not be imported; all others were.
_SOME_ROWS_ARE_BAD = 1
#: So many bad rows are shown; a file with more has one fault in all of them.
_MAX_SHOWN = 50

_STATUSES = ("active", "pending", "unsubscribed", "bounced")
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

_list_option = click.option("--list", "list_slug", metavar="LIST", help="Which list.")


@click.group("subscribers")
def command() -> None:
    """Import, add, list and unsubscribe people."""


@command.command("import", short_help="Bring people in from a CSV file.")
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--list", "list_slug", metavar="LIST", help="Which list; else the default."
)
@click.option(
    "--as",
    "status",
    type=click.Choice(_STATUSES),
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
        project, file, list_slug=list_slug, status=_parse_status(status)
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


@command.command("add")
@click.argument("address")
@click.option("--field", "fields", multiple=True, metavar="NAME=VALUE")
@click.option("--consent", default="", help='Their own word: "paper form, 3 May".')
@_list_option
@json_option
@pass_project
def add(
    project: "Project",
    address: str,
    fields: tuple[str, ...],
    consent: str,
    list_slug: str | None,
    as_json: bool,
) -> None:
    """Put one person on a list; who had left needs --consent."""
    from newsletter.workflow.subscribers import Newcomer, add_subscriber

    newcomer = Newcomer(address, list_slug, _parse_fields(fields), consent.strip())
    addition = add_subscriber(project, newcomer, now=datetime.now(UTC))
    if as_json:
        print_json({"email": address, "result": addition.value})
    else:
        click.echo(f"{address}: {addition.value}")


@command.command("unsubscribe")
@click.argument("address")
@click.option(
    "--list", "list_slug", metavar="LIST", help="Only this list; else every list."
)
@json_option
@pass_project
def unsubscribe(
    project: "Project", address: str, list_slug: str | None, as_json: bool
) -> None:
    """Let somebody leave, at once; no import brings them back."""
    from newsletter.workflow.subscribers import unsubscribe_subscriber

    departure = unsubscribe_subscriber(
        project, address, list_slug=list_slug, now=datetime.now(UTC)
    )
    if as_json:
        print_json(
            {
                "email": departure.email,
                "known": departure.is_known,
                "left": list(departure.lists),
            }
        )
    elif departure.lists:
        click.echo(f"{departure.email}: left {', '.join(departure.lists)}")
    elif departure.is_known:
        click.echo(f"{departure.email}: had left already")
    else:
        click.echo(f"{departure.email}: was on no list, and will not be imported")


@command.command("list")
@click.option("--list", "list_slug", metavar="LIST", help="Only this list.")
@click.option("--status", type=click.Choice(_STATUSES), help="Only these people.")
@json_option
@pass_project
def list_people(
    project: "Project", list_slug: str | None, status: str | None, as_json: bool
) -> None:
    """Show who is there: a line for each person and list."""
    from newsletter.workflow.subscribers import list_subscribers

    people = list_subscribers(
        project,
        list_slug=list_slug,
        status=_parse_status(status) if status else None,
    )
    if as_json:
        rows = [_person_json(person, standing) for person, standing in people]
        print_json({"subscribers": rows})
        return
    time_zone = project.settings.newsletter.time_zone
    for person, standing in people:
        click.echo("\t".join(_person_cells(person, standing, time_zone)))


@command.command("show")
@click.argument("address")
@json_option
@pass_project
def show(project: "Project", address: str, as_json: bool) -> None:
    """Show all that is kept of one address."""
    from newsletter.workflow.subscribers import show_subscriber

    record = show_subscriber(project, address)
    if as_json:
        print_json(_record_json(record))
    else:
        _show_record(record, project.settings.newsletter.time_zone)


def _parse_status(word: str) -> Any:
    from newsletter.model.subscriber import SubscriptionStatus

    return SubscriptionStatus[word.upper()]


def _parse_fields(fields: Iterable[str]) -> dict[str, str]:
    parsed = {}
    for text in fields:
        name, equals, value = text.partition("=")
        if not equals:
            raise click.UsageError(f'--field wants NAME=VALUE, not "{text}".')
        parsed[name.strip()] = value
    return parsed


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


def _person_cells(
    person: "Subscriber", standing: "Subscription", time_zone: str
) -> list[str]:
    return [
        person.email,
        standing.list,
        standing.status.name.lower(),
        show_time(standing.changed_at, time_zone),
        *(f"{name}={value}" for name, value in person.fields.items()),
    ]


def _person_json(person: "Subscriber", standing: "Subscription") -> dict[str, Any]:
    return {
        "email": person.email,
        "fields": dict(person.fields),
        **_subscription_json(standing),
    }


def _subscription_json(standing: "Subscription") -> dict[str, Any]:
    return {
        "list": standing.list,
        "status": standing.status.name.lower(),
        "changed_at": standing.changed_at.isoformat(),
    }


def _record_json(record: "Record") -> dict[str, Any]:
    return {
        "email": record.email,
        "fields": dict(record.fields),
        "subscriptions": [_subscription_json(item) for item in record.subscriptions],
        "suppressions": [
            {
                "scope": item.scope,
                "reason": item.reason,
                "at": item.at.isoformat(),
                "source": item.source,
            }
            for item in record.suppressions
        ],
        "history": [
            {
                "list": item.list,
                "kind": item.kind,
                "at": item.at.isoformat(),
                "source": item.source,
                "evidence": item.evidence,
            }
            for item in record.history
        ],
    }


def _show_record(record: "Record", time_zone: str) -> None:
    def shown(at: datetime) -> str:
        return show_time(at, time_zone)

    click.echo(record.email)
    _show_fields(record.fields)
    for standing in record.subscriptions:
        status = standing.status.name.lower()
        click.echo(f"list {standing.list}: {status}, {shown(standing.changed_at)}")
    for item in record.suppressions:
        scope = "any list" if item.scope == "*" else item.scope
        click.echo(
            f"gets no mail of {scope} any more: {item.reason}, {shown(item.at)}, "
            f"{item.source}"
        )
    for event in record.history:
        evidence = f": {event.evidence}" if event.evidence else ""
        click.echo(
            f"{shown(event.at)}  {event.kind}, {event.list}, {event.source}{evidence}"
        )


def _show_fields(fields: Mapping[str, str]) -> None:
    for name, value in fields.items():
        click.echo(f"{name}: {value}")
