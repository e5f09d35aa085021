from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from newsletter.addresses import address_key
from newsletter.model.settings import NewsletterSettings, Settings
from newsletter.model.subscriber import SubscriptionStatus
from newsletter.store.audience import count_audience
from newsletter.store.consent import (
    Word,
    read_history,
    read_suppressions,
    readmit,
    set_status,
    suppress,
)
from newsletter.store.people import (
    Person,
    ensure_lists,
    insert_people,
    read_ids,
    read_subscriptions,
)
from newsletter.tokens import Purpose, address_hash, sign
from newsletter.workflow.desk import Desk, open_desk
from newsletter.workflow.leaving import (
    Errand,
    Visit,
    leave,
    leave_by_token,
    look_up,
    look_up_undo,
    undo,
    undo_leaving,
)
from newsletter.workflow.project import Project

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


def let_leave(desk: Desk, token: str, *, now: datetime = NOW) -> Visit | None:
    with desk.database.writing() as connection:
        return leave(connection, desk.keyring, token, source="one-click", now=now)


def look(desk: Desk, token: str, *, now: datetime = NOW) -> Visit | None:
    with desk.database.reading() as connection:
        return look_up(connection, desk.keyring, token, now=now)


def let_undo(desk: Desk, token: str, *, now: datetime = NOW) -> tuple[str, ...] | None:
    with desk.database.writing() as connection:
        undoing = undo(connection, desk.keyring, token, source="page", now=now)
    return None if undoing is None else undoing.lists


def subscribe(desk: Desk, list_slug: str, status: SubscriptionStatus) -> None:
    """Give Anna a status on another list."""
    with desk.database.writing() as connection:
        list_id = ensure_lists(connection, [list_slug])[list_slug]
        word = Word(NOW, "sample.csv")
        set_status(
            connection, [1], list_id=list_id, status=status, kind="imported", word=word
        )


def statuses(desk: Desk) -> dict[str, SubscriptionStatus]:
    with desk.database.reading() as connection:
        return {one.list: one.status for one in read_subscriptions(connection, 1)}


def suppressed(desk: Desk) -> list[tuple[str, str]]:
    anna = address_hash(desk.keyring, address_key("anna@example.org"))
    with desk.database.reading() as connection:
        return [(one.scope, one.reason) for one in read_suppressions(connection, anna)]


def every_list(desk: Desk) -> str:
    return sign(desk.keyring, Purpose.UNSUBSCRIBE, 1, 0)


def mailed_to(desk: Desk, *lists: str) -> str:
    """Return the leaving token of a mail to several lists, in their order."""
    with desk.database.writing() as connection:
        ids = ensure_lists(connection, lists)
    return sign(desk.keyring, Purpose.UNSUBSCRIBE, 1, *(ids[slug] for slug in lists))


def undo_token_of(visit: Visit | None) -> str:
    assert visit is not None
    assert visit.undo_token
    return visit.undo_token


def test_look_up_tells_whose_link_it_is_and_changes_nothing(
    desk: Desk, token: str
) -> None:
    visit = look(desk, token)
    assert visit is not None
    assert (visit.errand, visit.masked_address) == (Errand.LEAVE, "a***@example.org")
    assert (visit.lists, visit.has_left, visit.undo_token) == (("main",), False, "")
    assert mailable(desk) == 1


def test_leave_holds_at_once(desk: Desk, token: str) -> None:
    visit = let_leave(desk, token)
    assert visit is not None
    assert visit.has_left
    assert look(desk, token) == visit
    assert mailable(desk) == 0


def test_leave_writes_down_how_and_when(desk: Desk, token: str) -> None:
    let_leave(desk, token)
    with desk.database.reading() as connection:
        event = read_history(connection, 1)[-1]
    assert (event.kind, event.at, event.source) == ("unsubscribed", NOW, "one-click")
    assert suppressed(desk) == [("main", "unsubscribed")]


def test_leave_again_writes_nothing_more(desk: Desk, token: str) -> None:
    let_leave(desk, token)
    let_leave(desk, token)
    with desk.database.reading() as connection:
        kinds = [event.kind for event in read_history(connection, 1)]
    assert kinds == ["imported", "unsubscribed"]


@pytest.mark.parametrize("purpose", [Purpose.TEST, Purpose.PROBE])
def test_leave_by_a_token_that_is_nobodys_changes_nothing(
    desk: Desk, token: str, purpose: Purpose
) -> None:
    other = sign(desk.keyring, purpose, 1, 1)
    assert let_leave(desk, other) == Visit(Errand(purpose.value))
    assert mailable(desk) == 1


def test_leave_by_a_token_that_is_not_ours_is_none(desk: Desk, token: str) -> None:
    assert let_leave(desk, token[:-1]) is None
    assert mailable(desk) == 1


def test_leave_by_token_tells_whether_somebody_left(desk: Desk, token: str) -> None:
    probe = sign(desk.keyring, Purpose.PROBE, 1, 1)
    with desk.database.writing() as connection:
        done = [
            leave_by_token(connection, desk.keyring, one, source="mail", now=NOW)
            for one in (token, probe, "nonsense")
        ]
    assert done == [True, False, False]
    assert mailable(desk) == 0


def test_undo_brings_back_what_was_left_and_is_written_down(
    desk: Desk, token: str
) -> None:
    back = undo_token_of(let_leave(desk, token))
    assert let_undo(desk, back, now=NOW + timedelta(hours=23)) == ("main",)
    assert (mailable(desk), suppressed(desk)) == (1, [])
    with desk.database.reading() as connection:
        assert read_history(connection, 1)[-1].kind == "undone"


def test_undo_works_once(desk: Desk, token: str) -> None:
    back = undo_token_of(let_leave(desk, token))
    assert let_undo(desk, back) == ("main",)
    let_leave(desk, token, now=NOW + timedelta(minutes=1))
    assert let_undo(desk, back, now=NOW + timedelta(minutes=2)) == ()
    assert mailable(desk) == 0


def test_undo_after_a_day_changes_nothing(desk: Desk, token: str) -> None:
    back = undo_token_of(let_leave(desk, token))
    late = NOW + timedelta(hours=24)
    assert let_undo(desk, back, now=late) == ()
    assert (mailable(desk), suppressed(desk)) == (0, [("main", "unsubscribed")])
    visit = look(desk, token, now=late)
    assert visit is not None
    assert visit.undo_token == ""


def test_looking_at_an_undo_link_changes_nothing(desk: Desk, token: str) -> None:
    back = undo_token_of(let_leave(desk, token))
    with desk.database.reading() as connection:
        undoing = look_up_undo(connection, desk.keyring, back, now=NOW)
    assert undoing is not None
    assert (undoing.lists, undoing.masked_address) == (("main",), "a***@example.org")
    assert mailable(desk) == 0


def test_undo_of_every_list_brings_back_each_as_it_was(desk: Desk, token: str) -> None:
    """Who never confirmed, or whose mail bounced, is no more than that afterwards."""
    subscribe(desk, "asked", SubscriptionStatus.PENDING)
    subscribe(desk, "dead", SubscriptionStatus.BOUNCED)
    before = statuses(desk)
    back = undo_token_of(let_leave(desk, every_list(desk)))
    assert set(statuses(desk).values()) == {SubscriptionStatus.UNSUBSCRIBED}
    let_undo(desk, back)
    assert statuses(desk) == before


def test_undo_leaves_what_was_left_before(desk: Desk, token: str) -> None:
    subscribe(desk, "events", SubscriptionStatus.ACTIVE)
    let_leave(desk, token)
    visit = let_leave(desk, every_list(desk), now=NOW + timedelta(minutes=1))
    back = undo_token_of(visit)
    assert let_undo(desk, back, now=NOW + timedelta(minutes=2)) == ("events",)
    assert suppressed(desk) == [("main", "unsubscribed")]
    assert statuses(desk)["main"] is SubscriptionStatus.UNSUBSCRIBED


@pytest.mark.parametrize("reason", ["complained", "bounced", "blocked"])
def test_undo_lifts_no_other_suppression(desk: Desk, token: str, reason: str) -> None:
    anna = address_hash(desk.keyring, address_key("anna@example.org"))
    back = undo_token_of(let_leave(desk, token))
    with desk.database.writing() as connection:
        word = Word(NOW, "mail")
        suppress(connection, [anna], scope="*", reason=reason, word=word)
    assert let_undo(desk, back) == ()
    assert ("*", reason) in suppressed(desk)
    assert mailable(desk) == 0


@pytest.mark.usefixtures("token")
@pytest.mark.parametrize("reason", ["complained", "bounced", "blocked"])
def test_undo_of_leaving_everything_brings_nobody_back_whom_more_keeps_off_since(
    desk: Desk, reason: str
) -> None:
    anna = address_hash(desk.keyring, address_key("anna@example.org"))
    back = undo_token_of(let_leave(desk, every_list(desk)))
    word = Word(NOW + timedelta(minutes=1), "mail")
    with desk.database.writing() as connection:
        suppress(connection, [anna], scope="*", reason=reason, word=word)
    assert let_undo(desk, back, now=NOW + timedelta(minutes=2)) == ()
    assert mailable(desk) == 0


@pytest.mark.usefixtures("token")
def test_undo_works_after_leaving_everything_twice(desk: Desk) -> None:
    back = undo_token_of(let_leave(desk, every_list(desk)))
    let_leave(desk, every_list(desk), now=NOW + timedelta(minutes=1))
    assert let_undo(desk, back, now=NOW + timedelta(minutes=2)) == ("main",)


def test_undo_of_somebody_who_came_back_by_themselves_does_nothing(
    desk: Desk, token: str
) -> None:
    let_leave(desk, token)
    with desk.database.writing() as connection:
        readmit(
            connection, address_hash(desk.keyring, "anna@example.org"), list_slug="main"
        )
    later = NOW + timedelta(minutes=1)
    with desk.database.writing() as connection:
        set_status(
            connection,
            [1],
            list_id=1,
            status=SubscriptionStatus.BOUNCED,
            kind="bounced",
            word=Word(later, "mail"),
        )
        assert undo_leaving(connection, 1, NOW, source="page", now=later) == ()
    assert statuses(desk)["main"] is SubscriptionStatus.BOUNCED


def test_undo_by_another_token_is_none(desk: Desk, token: str) -> None:
    let_leave(desk, token)
    assert let_undo(desk, token) is None
    assert let_undo(desk, sign(desk.keyring, Purpose.UNDO, 99, 1)) is None
    assert let_undo(desk, sign(desk.keyring, Purpose.UNDO, 1, 2**63 - 1)) is None
    assert mailable(desk) == 0


def test_leave_by_a_mail_to_two_lists_keeps_the_third(desk: Desk, token: str) -> None:
    """Who was on an internal list too, which got no mail, stays on it."""
    subscribe(desk, "events", SubscriptionStatus.ACTIVE)
    subscribe(desk, "board", SubscriptionStatus.ACTIVE)
    mail = mailed_to(desk, "main", "events")
    before = look(desk, mail)
    assert before is not None
    assert (before.lists, before.others) == (("main", "events"), ("board",))
    after = let_leave(desk, mail)
    assert after is not None
    assert after.has_left
    assert (after.lists, after.others) == (("main", "events"), ("board",))
    assert statuses(desk) == {
        "board": SubscriptionStatus.ACTIVE,
        "events": SubscriptionStatus.UNSUBSCRIBED,
        "main": SubscriptionStatus.UNSUBSCRIBED,
    }
    assert suppressed(desk) == [("events", "unsubscribed"), ("main", "unsubscribed")]


def test_leave_by_a_mail_to_three_lists_leaves_those_the_reader_is_on(
    desk: Desk, token: str
) -> None:
    mail = mailed_to(desk, "events", "main", "board")
    visit = let_leave(desk, mail)
    assert visit is not None
    assert (visit.lists, visit.others) == (("main",), ())
    assert suppressed(desk) == [("main", "unsubscribed")]


def test_leave_by_a_mail_to_lists_the_reader_is_not_on_any_more_keeps_off_them(
    desk: Desk, token: str
) -> None:
    mail = mailed_to(desk, "events", "board")
    visit = let_leave(desk, mail)
    assert visit is not None
    assert (visit.lists, visit.others) == (("events", "board"), ("main",))
    assert suppressed(desk) == [("board", "unsubscribed"), ("events", "unsubscribed")]
    assert mailable(desk) == 1


def test_undo_of_a_mail_to_two_lists_takes_back_exactly_these(
    desk: Desk, token: str
) -> None:
    subscribe(desk, "events", SubscriptionStatus.ACTIVE)
    subscribe(desk, "board", SubscriptionStatus.ACTIVE)
    let_leave(desk, mailed_to(desk, "board"))
    later = NOW + timedelta(minutes=1)
    back = undo_token_of(let_leave(desk, mailed_to(desk, "main", "events"), now=later))
    assert let_undo(desk, back, now=later) == ("events", "main")
    assert suppressed(desk) == [("board", "unsubscribed")]


def test_leave_by_a_mail_to_two_lists_after_one_of_them_names_the_other(
    desk: Desk, token: str
) -> None:
    subscribe(desk, "events", SubscriptionStatus.ACTIVE)
    let_leave(desk, token)
    mail = mailed_to(desk, "main", "events")
    before = look(desk, mail)
    assert before is not None
    assert (before.lists, before.has_left) == (("events",), False)
    later = NOW + timedelta(minutes=1)
    back = undo_token_of(let_leave(desk, mail, now=later))
    assert let_undo(desk, back, now=later) == ("events",)


def test_leave_by_a_mail_to_more_lists_than_a_token_names_says_each_of_the_readers(
    desk: Desk, token: str
) -> None:
    subscribe(desk, "events", SubscriptionStatus.ACTIVE)
    visit = look(desk, every_list(desk))
    assert visit is not None
    assert (visit.lists, visit.others) == (("events", "main"), ())


def test_visit_counts_no_list_that_another_reason_keeps_the_reader_off(
    desk: Desk, token: str
) -> None:
    subscribe(desk, "events", SubscriptionStatus.ACTIVE)
    subscribe(desk, "asked", SubscriptionStatus.PENDING)
    anna = address_hash(desk.keyring, address_key("anna@example.org"))
    with desk.database.writing() as connection:
        word = Word(NOW, "mail")
        suppress(connection, [anna], scope="events", reason="bounced", word=word)
    visit = look(desk, token)
    assert visit is not None
    assert visit.others == ()


def test_leave_by_a_list_that_is_gone_and_one_that_is_not_leaves_the_one(
    desk: Desk, token: str
) -> None:
    mail = sign(desk.keyring, Purpose.UNSUBSCRIBE, 1, 1, 999)
    visit = let_leave(desk, mail)
    assert visit is not None
    assert visit.lists == ("main",)
    assert let_leave(desk, sign(desk.keyring, Purpose.UNSUBSCRIBE, 1, 998, 999)) is None
