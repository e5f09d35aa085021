"""A segment as a condition in SQL: who of the subscribers is in it.

Law: every value an editor wrote is bound, none becomes part of a statement.
"""

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from operator import eq, ge, gt, le, lt, ne
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import (
    ColumnElement,
    Connection,
    Float,
    Integer,
    and_,
    exists,
    false,
    func,
    literal,
    not_,
    or_,
    select,
    true,
)

from newsletter.model.segment import (
    AllOf,
    AnyOf,
    Comparator,
    Comparison,
    Condition,
    Kind,
    Membership,
    Not,
    Segment,
    bare_languages_in,
)
from newsletter.model.subscriber import LANGUAGE_FIELD
from newsletter.store.audience import is_mailable
from newsletter.store.dialect import contains, domain_of, fold_case, number_in
from newsletter.store.instants import to_millis
from newsletter.store.tables import lists, subscribers, subscriptions

_OPERATORS: dict[Comparator, Callable[[Any, Any], ColumnElement[bool]]] = {
    Comparator.EQUAL: eq,
    Comparator.UNEQUAL: ne,
    Comparator.LESS: lt,
    Comparator.AT_MOST: le,
    Comparator.MORE: gt,
    Comparator.AT_LEAST: ge,
}
#: Nobody joined before or will after; beyond them a calendar ends.
_FIRST_DAY, _LAST_DAY = date(1970, 1, 2), date(2999, 12, 31)
#: What a database keeps whole.
_MAX_INTEGER = 2**63 - 1
#: Between the entries of a field of type "list", as `subscribers.fields` keeps them.
_COMMA = ", "


def is_in(segment: Segment) -> ColumnElement[bool]:
    """Return the condition that a subscriber is in *segment*; never null.

    For a query that has `subscribers` in its FROM.
    """
    return _is(segment.condition, ZoneInfo(segment.time_zone))


def count_people(
    connection: Connection, *, list_slug: str | None, where: ColumnElement[bool]
) -> int:
    """Return how many of a list, or of all people, a condition is true of.

    Whatever their standing: who left is among them.
    """
    people = select(func.count()).select_from(subscribers).where(where)
    if list_slug is not None:
        people = people.where(
            exists()
            .where(
                subscriptions.c.subscriber_id == subscribers.c.id,
                subscriptions.c.list_id == lists.c.id,
                lists.c.slug == list_slug,
            )
            .correlate(subscribers)
        )
    return connection.scalar(people) or 0


def count_missed_languages(
    connection: Connection, lists: Sequence[str], segment: Segment | None
) -> dict[str, int]:
    """Return who is not in a segment, and may read a language it asks for.

    Args:
        connection: A reader's.
        lists: Only who gets mail of one of them is counted.
        segment: None: everybody is meant.

    Returns:
        Their languages -> people: regions of it, and "" of whom none is known.
    """
    bare = () if segment is None else tuple(bare_languages_in(segment.condition))
    if segment is None or not bare:
        return {}
    language = _value(LANGUAGE_FIELD).label("language")
    regions = (language.startswith(f"{one}-", autoescape=True) for one in bare)
    people = (
        select(language, func.count().label("people"))
        .where(is_mailable(lists), not_(is_in(segment)), or_(language == "", *regions))
        .group_by(language)
        .order_by(language.desc())
    )
    return {row.language: row.people for row in connection.execute(people)}


def lacks(field: str) -> ColumnElement[bool]:
    """Return the condition that nothing is known of somebody in *field*."""
    return _value(field) == ""


def _is(condition: Condition, zone: ZoneInfo) -> ColumnElement[bool]:
    match condition:
        case Comparison(field="joined"):
            return _joined(condition, zone)
        case Comparison():
            return _compare(condition)
        case Membership(value=slug, field="lists"):
            return is_mailable([slug])
        case Membership():
            return _holds(condition)
        case Not():
            return not_(_is(condition.part, zone))
        case AllOf():
            return and_(*(_is(part, zone) for part in condition.parts))
        case AnyOf():
            return or_(*(_is(part, zone) for part in condition.parts))


def _value(field: str) -> ColumnElement[str]:
    """Return what somebody has in a field; empty: nothing."""
    if field == "domain":
        return domain_of(subscribers.c.email)
    return func.coalesce(subscribers.c.fields[field].as_string(), "")


def _compare(comparison: Comparison) -> ColumnElement[bool]:
    value, compare = _value(comparison.field), _OPERATORS[comparison.comparator]
    if comparison.kind is Kind.NUMBER:
        compared = compare(number_in(value), _number(comparison.value))
    else:
        compared = compare(fold_case(value), fold_case(literal(comparison.value)))
        if comparison.comparator in (Comparator.EQUAL, Comparator.UNEQUAL):
            # Right of an empty value as well.
            return compared
    if comparison.comparator is Comparator.UNEQUAL:
        return or_(value == "", compared)
    return and_(value != "", compared)


def _number(written: str) -> ColumnElement[Any]:
    if "." not in written and abs(int(written)) <= _MAX_INTEGER:
        return literal(int(written), Integer)
    return literal(float(written), Float)


def _holds(membership: Membership) -> ColumnElement[bool]:
    entries = literal(_COMMA) + _value(membership.field) + _COMMA
    entry = literal(f"{_COMMA}{membership.value}{_COMMA}")
    return contains(fold_case(entries), fold_case(entry))


def _joined(comparison: Comparison, zone: ZoneInfo) -> ColumnElement[bool]:
    """Return since when somebody is known, by the days of the newsletter's clock."""
    at = subscribers.c.created_at
    if not comparison.value:
        # Everybody came at some time.
        is_everybody = comparison.comparator is Comparator.UNEQUAL
        return true() if is_everybody else false()
    begin, end = _day(comparison.value, zone)
    match comparison.comparator:
        case Comparator.EQUAL:
            return and_(at >= begin, at < end)
        case Comparator.UNEQUAL:
            return or_(at < begin, at >= end)
        case Comparator.LESS:
            return at < begin
        case Comparator.AT_MOST:
            return at < end
        case Comparator.MORE:
            return at >= end
        case Comparator.AT_LEAST:
            return at >= begin


def _day(written: str, zone: ZoneInfo) -> tuple[int, int]:
    """Return when a day begins and when the next does, in milliseconds."""
    day = min(max(date.fromisoformat(written), _FIRST_DAY), _LAST_DAY)
    begins = (datetime.combine(at, time(), zone) for at in (day, day + timedelta(1)))
    first, last = (to_millis(begin.astimezone(UTC)) for begin in begins)
    return first, last
