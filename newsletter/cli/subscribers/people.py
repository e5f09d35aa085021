"""`newsletter subscribers add|unsubscribe|list|count|show`: one person, or all."""

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime
from itertools import chain, islice
from typing import TYPE_CHECKING, Any

import click

from newsletter.cli.context import (
    json_option,
    pass_project,
    print_json,
    print_rows,
    printable,
    say,
    where_option,
)
from newsletter.cli.people import missed_words, print_json_with
from newsletter.cli.subscribers.moved import (
    mail_words,
    moved_json,
    moved_words,
    stop_lines,
)
from newsletter.cli.subscribers.shown import (
    STATUSES,
    parse_status,
    subscription_json,
)
from newsletter.workflow.local_time import show_time

if TYPE_CHECKING:
    from newsletter.model.segment import Segment
    from newsletter.model.subscriber import Subscriber, Subscription
    from newsletter.store.consent import ConsentEvent
    from newsletter.workflow.headcount import Headcount
    from newsletter.workflow.moved import Moved
    from newsletter.workflow.project import Project
    from newsletter.workflow.subscribers import Record

_list_option = click.option("--list", "list_slug", metavar="LIST", help="Which list.")


@click.command("add")
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
    from newsletter.workflow.subscribers import (
        Addition,
        Newcomer,
        add_subscriber,
        find_moved,
    )

    newcomer = Newcomer(address, list_slug, _parse_fields(fields), consent.strip())
    # Coming back takes away what says that it moved.
    before = find_moved(project, address) if newcomer.consent else ()
    addition = add_subscriber(project, newcomer, now=datetime.now(UTC))
    moved = before if addition is Addition.READMITTED else ()
    if as_json:
        result = {"email": address, "result": addition.value}
        print_json({**result, "moved_to": moved_json(moved)})
        return
    click.echo(f"{address}: {addition.value}")
    for one in moved:
        _say_moved(project, address, one)


def _say_moved(project: "Project", address: str, moved: "Moved") -> None:
    """Say who still gets the mail of somebody who is back, and what stops it."""
    from newsletter.model.subscriber import SubscriptionStatus
    from newsletter.workflow.subscribers import show_subscriber

    record = show_subscriber(project, address)
    is_on = SubscriptionStatus.ACTIVE
    slugs = sorted(one.list for one in record.subscriptions if one.status is is_on)
    words = moved_words(moved, project.settings.newsletter.time_zone)
    gets = mail_words(tuple(slugs))
    say(printable(f"{record.email} had {words}. {record.email} gets {gets} now."))
    for line in stop_lines(moved):
        say(printable(line))


@click.command("unsubscribe")
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
    from newsletter.i18n import join_words
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
        click.echo(f"{departure.email}: left {join_words(departure.lists, 'en')}")
    elif departure.is_known:
        click.echo(f"{departure.email}: had left already")
    else:
        click.echo(f"{departure.email}: was on no list, and will not be imported")


@click.command("list")
@click.option("--list", "list_slug", metavar="LIST", help="Only this list.")
@click.option("--status", type=click.Choice(STATUSES), help="Only these people.")
@where_option
@json_option
@pass_project
def list_people(
    project: "Project",
    list_slug: str | None,
    status: str | None,
    where: str | None,
    as_json: bool,
) -> None:
    """Show who is there: a line for each person and list."""
    from newsletter.workflow.subscribers import list_subscribers

    segment = _read_where(project, where)
    people = list_subscribers(
        project,
        list_slug=list_slug,
        status=parse_status(status) if status else None,
        where=segment,
    )
    if as_json:
        head = {"list": list_slug, "status": status, "where": _words(segment)}
        rows = (_person_json(person, standing) for person, standing in people)
        # What is wrong is said before a byte of JSON is.
        first = list(islice(rows, 1))
        print_json_with(head, {"subscribers": chain(first, rows)})
        return
    time_zone = project.settings.newsletter.time_zone
    for person, standing in people:
        click.echo("\t".join(_person_cells(person, standing, time_zone)))


@click.command("count", short_help="Count people, and who of them gets mail.")
@click.option("--list", "list_slug", metavar="LIST", help="Only this list.")
@where_option
@json_option
@pass_project
def count(
    project: "Project", list_slug: str | None, where: str | None, as_json: bool
) -> None:
    """Count the people of a list or of all, and who of them gets mail.

    With --where only those it means: so you see whom you would send to.
    """
    from newsletter.workflow.headcount import count_subscribers

    segment = _read_where(project, where)
    found = count_subscribers(project, list_slug=list_slug, where=segment)
    if as_json:
        print_json(
            {
                "where": _words(segment),
                "list": list_slug,
                "people": found.people,
                "mailable": found.mailable,
                "lists": dict(found.by_list),
                "without": dict(found.without),
                "missed_languages": dict(found.missed_languages),
            }
        )
        return
    print_rows(_count_rows(found))
    if found.missed_languages:
        click.echo(missed_words(found.missed_languages))


@click.command("show")
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
        for line in _record_lines(record, project.settings.newsletter.time_zone):
            click.echo(printable(line))


def _read_where(project: "Project", where: str | None) -> "Segment | None":
    from newsletter.workflow.segments import read_where

    return None if where is None else read_where(project, where)


def _words(segment: "Segment | None") -> str | None:
    return segment.text if segment else None


def _count_rows(found: "Headcount") -> Iterator[tuple[str, str]]:
    yield "people", f"{found.people:>8,}"
    for slug, number in found.by_list.items():
        yield f"  get the mail of {slug}", f"{number:>8,}"
    for name, number in found.without.items():
        is_told_below = name == "language" and "" in found.missed_languages
        if number and not is_told_below:
            yield f"{name} is not known of", f"{number:>8,}"


def _parse_fields(fields: Iterable[str]) -> dict[str, str]:
    parsed = {}
    for text in fields:
        name, equals, value = text.partition("=")
        if not equals:
            raise click.UsageError(f'--field wants NAME=VALUE, not "{text}".')
        parsed[name.strip()] = value
    return parsed


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
        **subscription_json(standing),
    }


def _record_json(record: "Record") -> dict[str, Any]:
    return {
        "email": record.email,
        "fields": dict(record.fields),
        "subscriptions": [subscription_json(item) for item in record.subscriptions],
        "suppressions": [
            {
                "scope": item.scope,
                "reason": item.reason,
                "at": item.at.isoformat(),
                "source": item.source,
            }
            for item in record.suppressions
        ],
        "moved_to": moved_json(record.moved),
        "history": [
            {
                "list": item.list,
                "kind": item.kind,
                "at": item.at.isoformat(),
                "source": item.source,
                "evidence": item.evidence,
                "wording": item.wording,
                "language": item.language,
            }
            for item in record.history
        ],
    }


def _record_lines(record: "Record", time_zone: str) -> Iterator[str]:
    def shown(at: datetime) -> str:
        return show_time(at, time_zone)

    yield record.email
    yield from (f"{name}: {value}" for name, value in record.fields.items())
    for standing in record.subscriptions:
        status = standing.status.name.lower()
        yield f"list {standing.list}: {status}, {shown(standing.changed_at)}"
    for one in record.moved:
        yield moved_words(one, time_zone)
        yield from stop_lines(one)
    for item in record.suppressions:
        scope = "any list" if item.scope == "*" else item.scope
        yield (
            f"gets no mail of {scope} any more: {item.reason}, {shown(item.at)}, "
            f"{item.source}"
        )
    for event in record.history:
        yield f"{shown(event.at)}  {_event_words(event)}"


def _event_words(event: "ConsentEvent") -> str:
    """Return ``confirmed, main, /join, wording of November 2026 in nl``."""
    read = f"wording of {_month(event.wording)}" if event.wording else ""
    if event.language:
        read = f"{read} in {event.language}".strip()
    evidence = f": {event.evidence}" if event.evidence else ""
    parts = (event.kind, event.list, event.source, read)
    return ", ".join(filter(None, parts)) + evidence


def _month(wording: str) -> str:
    """Return ``November 2026`` for ``2026-11``, which looks like an issue."""
    return f"{date.fromisoformat(f'{wording}-01'):%B %Y}"
