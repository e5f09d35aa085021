from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from newsletter.checks.events import check_events
from newsletter.checks.facts import Facts
from newsletter.model.assembled import Assembled
from newsletter.model.finding import Finding, Severity
from newsletter.model.issue import Event, Issue, Item, Note, Paragraph, Text
from newsletter.model.problem import Place

Assemble = Callable[..., Assembled]
PLACE = Place("issues/2023-02.md", 20, 1)
ADVICE = 'Correct its line "when: …", or take the event out.'
ZONE = ZoneInfo("Europe/Amsterdam")
MORNING = datetime(2023, 2, 14, 10, 0, tzinfo=ZONE)
LATER = MORNING.replace(year=2024)


def event(start: date, end: date | None = None, title: str = "Kickoff") -> Event:
    return Event(title, start, end, PLACE)


def check(
    assemble: Assemble, facts: Facts, block: Event, now: datetime = MORNING
) -> list[Finding]:
    return check_events(assemble(block), replace(facts, now=now))


@pytest.mark.parametrize(
    "block",
    [
        event(date(2023, 2, 14)),
        event(date(2023, 3, 1)),
        event(date(2023, 2, 1), date(2023, 2, 14)),
        event(datetime(2023, 2, 14, 0, 0, tzinfo=ZONE)),
    ],
)
def test_event_that_is_not_over_is_fine(
    assemble: Assemble, facts: Facts, block: Event
) -> None:
    assert check(assemble, facts, block) == []


@pytest.mark.parametrize(
    "block",
    [
        event(date(2023, 2, 13)),
        event(date(2023, 2, 1), date(2023, 2, 13)),
        event(datetime(2023, 2, 13, 23, 59, tzinfo=ZONE)),
        event(
            datetime(2023, 2, 12, 20, 0, tzinfo=ZONE),
            datetime(2023, 2, 13, 1, 0, tzinfo=ZONE),
        ),
    ],
)
def test_event_before_the_issue_is_an_error(
    assemble: Assemble, facts: Facts, block: Event
) -> None:
    message = (
        '"Kickoff" is over on 2023-02-13, before the date of the issue, 2023-02-14.'
    )
    assert check(assemble, facts, block) == [
        Finding("event-before-issue", Severity.ERROR, PLACE, message, ADVICE)
    ]


def test_event_before_today_is_a_warning(assemble: Assemble, facts: Facts) -> None:
    found = check(assemble, facts, event(date(2023, 2, 15)), MORNING + timedelta(2))
    message = '"Kickoff" was over on 2023-02-15, before today.'
    assert found == [Finding("event-past", Severity.WARNING, PLACE, message, ADVICE)]


EVENING = event(
    datetime(2023, 2, 14, 19, 30, tzinfo=ZONE), datetime(2023, 2, 14, 21, tzinfo=ZONE)
)


def test_event_that_ended_today_is_a_warning(assemble: Assemble, facts: Facts) -> None:
    now = datetime(2023, 2, 14, 21, 0, tzinfo=ZONE)
    message = '"Kickoff" was over today at 21:00.'
    assert check(assemble, facts, EVENING, now) == [
        Finding("event-past", Severity.WARNING, PLACE, message, ADVICE)
    ]


@pytest.mark.parametrize(
    "block", [EVENING, event(datetime(2023, 2, 14, 9, 0, tzinfo=ZONE))]
)
def test_event_whose_end_is_to_come_or_unknown_is_fine(
    assemble: Assemble, facts: Facts, block: Event
) -> None:
    now = datetime(2023, 2, 14, 20, 59, tzinfo=ZONE)
    assert check(assemble, facts, block, now) == []


def test_event_without_a_title_is_called_this_event(
    assemble: Assemble, facts: Facts
) -> None:
    (finding,) = check(assemble, facts, event(date(2023, 2, 15), title=""), LATER)
    assert finding.message == "this event was over on 2023-02-15, before today."


def test_event_inside_another_block_is_found(assemble: Assemble, facts: Facts) -> None:
    assembled = assemble(Note((event(date(2020, 1, 1)),), PLACE))
    found = check_events(assembled, facts)
    assert [finding.rule for finding in found] == ["event-before-issue"]


# --- repeated -------------------------------------------------------------------------

TOMORROW = event(datetime(2023, 2, 15, 19, 30, tzinfo=ZONE))


def with_event(block: Event, heading: str, words: str) -> tuple[Item, ...]:
    text = Paragraph((Text(words),), PLACE)
    return (Item((Text(heading),), (text, Note((block,), PLACE)), PLACE),)


def check_repeated(
    assemble: Assemble, facts: Facts, old: tuple[Item, ...], new: tuple[Item, ...]
) -> list[Finding]:
    previous: Issue = assemble(leads=old, date=date(2023, 1, 14)).issue
    return check_events(assemble(leads=new), replace(facts, previous=previous))


def test_event_left_from_the_last_issue_is_told(
    assemble: Assemble, facts: Facts
) -> None:
    item = with_event(TOMORROW, "Kickoff", "Come and see.")
    assert check_repeated(assemble, facts, item, item) == [
        Finding(
            "event-repeated",
            Severity.WARNING,
            PLACE,
            '"Kickoff" stands here word for word as in the issue of 2023-01-14.',
            "Take it out if it was left from the copy; "
            "if it is a reminder, say so in its text.",
        )
    ]


@pytest.mark.parametrize(
    ("block", "heading", "words"),
    [
        (TOMORROW, "Kickoff", "A reminder: come and see."),
        (TOMORROW, "Reminder: Kickoff", "Come and see."),
        (replace(TOMORROW, start=LATER), "Kickoff", "Come and see."),
        (replace(TOMORROW, where="Utrecht"), "Kickoff", "Come and see."),
        (replace(TOMORROW, title="The second kickoff"), "Kickoff", "Come and see."),
    ],
)
def test_event_that_is_told_of_anew_is_fine(
    assemble: Assemble, facts: Facts, block: Event, heading: str, words: str
) -> None:
    old = with_event(TOMORROW, "Kickoff", "Come and see.")
    new = with_event(block, heading, words)
    assert check_repeated(assemble, facts, old, new) == []


def test_event_that_is_over_is_told_once(assemble: Assemble, facts: Facts) -> None:
    item = with_event(event(date(2023, 2, 1)), "Kickoff", "Come and see.")
    found = check_repeated(assemble, facts, item, item)
    assert [finding.rule for finding in found] == ["event-before-issue"]
