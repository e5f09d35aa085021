from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from newsletter.model.delivery import DeliveryState, DispatchState
from newsletter.model.dispatch import Dispatch
from newsletter.workflow.worker_news import DispatchNews, Event

NOW = datetime.now(UTC)
NEXT = datetime(2126, 12, 1, 8, tzinfo=UTC)

DISPATCH = Dispatch(
    id=4,
    issue="2026-03",
    content_hash="",
    lists=("main",),
    state=DispatchState.RUNNING,
    reason="",
    next_at=None,
    total=3,
    counts=dict.fromkeys(DeliveryState, 0) | {DeliveryState.PENDING: 3},
    created_at=NOW,
)


@pytest.fixture
def events() -> list[Event]:
    return []


@pytest.fixture
def news(events: list[Event]) -> DispatchNews:
    return DispatchNews(DISPATCH, events.append, "Europe/Amsterdam")


def test_progress_is_told_now_and_then_with_the_numbers_of_its_moment(
    news: DispatchNews, events: list[Event], monkeypatch: pytest.MonkeyPatch
) -> None:
    news.count(DeliveryState.PENDING, DeliveryState.ACCEPTED)
    assert events == []
    monkeypatch.setattr("newsletter.workflow.worker_news.PROGRESS_SECONDS", 0)
    news.count(DeliveryState.PENDING, DeliveryState.REFUSED)
    (event,) = events
    assert event.text == ("Dispatch 4 of 2026-03: 1 of 3 taken by your mail server.")
    assert event.dispatch is not None
    assert event.dispatch.counts[DeliveryState.REFUSED] == 1
    assert sum(event.dispatch.counts.values()) == 3


def test_a_long_wait_is_told_once_with_its_reason_and_end(
    news: DispatchNews, events: list[Event]
) -> None:
    news.wait("2000 a day are used up", NEXT)
    news.wait("", None)
    news.wait("2000 a day are used up", NEXT)
    (event,) = events
    assert event.text == (
        "Dispatch 4 of 2026-03 waits: 2000 a day are used up, until Sunday 1 December "
        "2126, 09:00 CET."
    )
    assert event.dispatch is not None
    assert event.dispatch.state is DispatchState.WAITING
    assert event.dispatch.next_at == NEXT


def test_a_wait_from_one_mail_to_the_next_is_no_news(
    news: DispatchNews, events: list[Event]
) -> None:
    news.wait("300 an hour", datetime.now(UTC) + timedelta(seconds=12))
    assert events == []


def test_the_end_says_why_and_when_it_is_tried_again(
    news: DispatchNews, events: list[Event]
) -> None:
    news.end(
        replace(
            DISPATCH,
            state=DispatchState.WAITING,
            reason="the mail server asked to try some of them later",
            next_at=NEXT,
        )
    )
    assert events[0].text == (
        "Dispatch 4 of 2026-03 is waiting: the mail server asked to try some of them "
        "later. 0 of 3 taken by your mail server. Next try: Sunday 1 December 2126, "
        "09:00 CET."
    )
