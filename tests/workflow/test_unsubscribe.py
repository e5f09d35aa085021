from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from newsletter.addresses import address_key
from newsletter.model.settings import NewsletterSettings, Settings
from newsletter.model.subscriber import SubscriptionStatus
from newsletter.store.audience import count_audience
from newsletter.store.consent import Word, read_history, read_suppressions, set_status
from newsletter.store.people import Person, ensure_lists, insert_people, read_ids
from newsletter.tokens import Purpose, address_hash, sign
from newsletter.workflow.project import Project
from newsletter.workflow.unsubscribe import (
    Desk,
    Errand,
    Visit,
    leave,
    look_up,
    open_desk,
)

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    settings = Settings(NewsletterSettings("Letter", "letter@example.org"))
    with open_desk(Project(tmp_path, settings)) as desk:
        yield desk


@pytest.fixture
def token(desk: Desk) -> str:
    """The leaving token of Anna, the first subscriber, for the list "main"."""
    key = address_key("anna@example.org")
    person = Person("anna@example.org", key, address_hash(desk.keyring, key))
    with desk.database.writing() as connection:
        list_id = ensure_lists(connection, ["main"])["main"]
        insert_people(connection, [person], now=NOW)
        anna = read_ids(connection, [key])[key]
        set_status(
            connection,
            [anna],
            list_id=list_id,
            status=SubscriptionStatus.ACTIVE,
            kind="imported",
            word=Word(NOW, "sample.csv"),
        )
    return sign(desk.keyring, Purpose.UNSUBSCRIBE, anna, list_id)


def mailable(desk: Desk) -> int:
    with desk.database.reading() as connection:
        return count_audience(connection, ["main"]).recipients


def test_look_up_tells_whose_link_it_is_and_changes_nothing(
    desk: Desk, token: str
) -> None:
    expected = Visit(Errand.LEAVE, "a***@example.org", "main", has_left=False)
    assert look_up(desk, token) == expected
    assert mailable(desk) == 1


def test_leave_holds_at_once(desk: Desk, token: str) -> None:
    expected = Visit(Errand.LEAVE, "a***@example.org", "main", has_left=True)
    assert leave(desk, token, source="one-click", now=NOW) == expected
    assert look_up(desk, token) == expected
    assert mailable(desk) == 0


def test_leave_writes_down_how_and_when(desk: Desk, token: str) -> None:
    leave(desk, token, source="one-click", now=NOW)
    key = address_hash(desk.keyring, address_key("anna@example.org"))
    with desk.database.reading() as connection:
        event = read_history(connection, 1)[-1]
        (suppression,) = read_suppressions(connection, key)
    assert (event.kind, event.at, event.source) == ("unsubscribed", NOW, "one-click")
    assert (suppression.scope, suppression.reason) == ("main", "unsubscribed")


def test_leave_again_writes_nothing_more(desk: Desk, token: str) -> None:
    leave(desk, token, source="one-click", now=NOW)
    leave(desk, token, source="page", now=NOW)
    with desk.database.reading() as connection:
        kinds = [event.kind for event in read_history(connection, 1)]
    assert kinds == ["imported", "unsubscribed"]


@pytest.mark.parametrize("purpose", [Purpose.TEST, Purpose.PROBE])
def test_leave_by_a_token_that_is_nobodys_changes_nothing(
    desk: Desk, token: str, purpose: Purpose
) -> None:
    other = sign(desk.keyring, purpose, 1, 1)
    visit = leave(desk, other, source="one-click", now=NOW)
    assert visit == Visit(Errand(purpose.value))
    assert mailable(desk) == 1


def test_leave_by_a_token_that_is_not_ours_is_none(desk: Desk, token: str) -> None:
    assert leave(desk, token[:-1], source="page", now=NOW) is None
    assert mailable(desk) == 1
