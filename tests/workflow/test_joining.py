from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from newsletter.addresses import address_key
from newsletter.i18n import WORDING
from newsletter.model.notice import NoticeKind
from newsletter.model.settings import (
    FieldSettings,
    ListSettings,
    NewsletterSettings,
    Settings,
)
from newsletter.model.subscriber import SubscriptionStatus
from newsletter.store.audience import EVERY_LIST, count_audience
from newsletter.store.consent import (
    Suppression,
    Word,
    read_history,
    read_suppressions,
    set_status,
    suppress,
    unsubscribe,
)
from newsletter.store.joinings import erase_newcomers
from newsletter.store.people import (
    Person,
    ensure_lists,
    find_by_key,
    insert_people,
    read_ids,
    read_subscriptions,
    update_fields,
)
from newsletter.store.tables import (
    consent_events,
    courtesy_marks,
    joinings,
    notices,
    subscribers,
    subscriptions,
)
from newsletter.tokens import address_hash
from newsletter.workflow.desk import Desk, open_desk
from newsletter.workflow.joining import (
    Declined,
    Invitation,
    JoinRequest,
    Step,
    ask_to_join,
    confirm_joining,
    decline_joining,
    judge_request,
    read_invitation,
)
from newsletter.workflow.project import Project

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
ANNA = "anna@example.org"
SETTINGS = Settings(
    newsletter=NewsletterSettings(
        name="Harbour Letter",
        sender="letter@example.org",
        time_zone="Europe/Amsterdam",
    ),
    lists={
        "main": ListSettings(is_public=True),
        "events": ListSettings(title="Events", is_public=True),
        "board": ListSettings(title="Board"),
    },
    fields={"first_name": FieldSettings(is_asked=True)},
)


class Door:
    """The page, without the page."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk

    def ask(
        self,
        email: str = ANNA,
        *lists: str,
        now: datetime = NOW,
        fields: Mapping[str, str] | None = None,
        language: str = "nl",
    ) -> int:
        """Ask to join; return the row of it."""
        request = JoinRequest(email, lists or ("main",), fields or {}, language)
        with self.desk.database.writing() as connection:
            ask_to_join(connection, self.desk.keyring, SETTINGS, request, now=now)
            return int(
                connection.scalars(
                    select(joinings.c.id).order_by(joinings.c.id.desc())
                ).first()
                or 0
            )

    def confirm(self, joining: int, now: datetime = NOW + HOUR) -> Invitation | None:
        with self.desk.database.writing() as connection:
            return confirm_joining(connection, SETTINGS, joining, now=now)

    def look(self, joining: int) -> Invitation | None:
        with self.desk.database.reading() as connection:
            return read_invitation(connection, SETTINGS, joining)

    def decline(self, joining: int) -> Declined | None:
        with self.desk.database.writing() as connection:
            return decline_joining(connection, joining, now=NOW + HOUR)

    def add(
        self,
        email: str = ANNA,
        status: SubscriptionStatus = SubscriptionStatus.ACTIVE,
        **fields: str,
    ) -> int:
        """Put somebody on main, as an import does."""
        key = address_key(email)
        person = Person(email, key, self.hash(email), fields)
        with self.desk.database.writing() as connection:
            insert_people(connection, [person], now=NOW - DAY)
            number = read_ids(connection, [key])[key]
            set_status(
                connection,
                [number],
                list_id=ensure_lists(connection, SETTINGS.lists)["main"],
                status=status,
                kind="imported",
                word=Word(NOW - DAY, "readers.csv"),
            )
        return number

    def suppress(self, reason: str, scope: str = EVERY_LIST) -> None:
        with self.desk.database.writing() as connection:
            word = Word(NOW - DAY, "page")
            suppress(connection, [self.hash()], scope=scope, reason=reason, word=word)

    def hash(self, email: str = ANNA) -> bytes:
        return address_hash(self.desk.keyring, address_key(email))

    # --- what there is --------------------------------------------------------------

    def rows(self, table: Any) -> list[Mapping[str, Any]]:
        with self.desk.database.reading() as connection:
            return [dict(row._mapping) for row in connection.execute(select(table))]

    def kinds(self) -> list[str]:
        """Return what is to be mailed."""
        return [row["kind"] for row in self.rows(notices)]

    def fields(self, email: str = ANNA) -> Mapping[str, str] | None:
        with self.desk.database.reading() as connection:
            found = find_by_key(connection, address_key(email))
        return found.fields if found else None

    def standing(self, email: str = ANNA) -> dict[str, str]:
        with self.desk.database.reading() as connection:
            found = find_by_key(connection, address_key(email))
            rows = read_subscriptions(connection, found.id) if found else ()
        return {row.list: row.status.name.lower() for row in rows}

    def suppressed(self) -> set[tuple[str, str]]:
        with self.desk.database.reading() as connection:
            found = read_suppressions(connection, self.hash())
        return {(one.scope, one.reason) for one in found}

    def mailable(self, list_slug: str = "main") -> int:
        with self.desk.database.reading() as connection:
            return count_audience(connection, [list_slug]).recipients


@pytest.fixture
def door(tmp_path: Path) -> Iterator[Door]:
    with open_desk(Project(tmp_path, SETTINGS)) as desk:
        yield Door(desk)


# --- asking -----------------------------------------------------------------------


def test_stranger_who_asks_is_pending_and_gets_a_mail_to_confirm(door: Door) -> None:
    door.ask(ANNA, "main", "events", fields={"first_name": "Anna"})
    assert door.standing() == {"events": "pending", "main": "pending"}
    assert door.kinds() == ["confirm"]
    assert door.mailable() == 0


def test_what_a_stranger_typed_is_nobodys_until_it_is_confirmed(door: Door) -> None:
    door.ask(fields={"first_name": "Anna"})
    assert door.fields() == {}
    assert door.rows(joinings)[0]["fields"] == {"first_name": "Anna"}


def test_asking_is_written_into_the_history_with_words_language_and_page(
    door: Door,
) -> None:
    door.ask()
    (event,) = door.rows(consent_events)
    told = {name: event[name] for name in ("kind", "source", "wording", "language")}
    assert told == {
        "kind": "asked",
        "source": "/join",
        "wording": WORDING,
        "language": "nl",
    }


@pytest.mark.parametrize(
    "status",
    [
        SubscriptionStatus.PENDING,
        SubscriptionStatus.UNSUBSCRIBED,
        SubscriptionStatus.BOUNCED,
    ],
)
def test_whoever_is_not_on_the_list_is_asked_and_nothing_else_changes(
    door: Door, status: SubscriptionStatus
) -> None:
    door.add(status=status, first_name="Anna")
    before = [door.rows(table) for table in (subscribers, subscriptions)]
    events = door.rows(consent_events)
    door.ask(fields={"first_name": "Eve"})
    assert [door.rows(table) for table in (subscribers, subscriptions)] == before
    assert door.rows(consent_events) == events
    assert door.kinds() == ["confirm"]


def test_whoever_gets_it_already_is_told_so_and_nothing_typed_is_kept(
    door: Door,
) -> None:
    door.add(first_name="Anna")
    door.ask(fields={"first_name": "Eve"})
    assert door.kinds() == ["present"]
    assert door.fields() == {"first_name": "Anna"}
    assert door.rows(joinings)[0]["fields"] == {}


def test_whoever_gets_one_of_two_lists_is_asked(door: Door) -> None:
    door.add()
    door.ask(ANNA, "main", "events")
    assert door.kinds() == ["confirm"]
    assert door.standing() == {"main": "active"}


@pytest.mark.parametrize("reason", ["complained", "blocked"])
def test_whoever_never_wants_to_hear_of_us_gets_no_mail_and_no_row(
    door: Door, reason: str
) -> None:
    door.suppress(reason)
    door.ask(fields={"first_name": "Eve"})
    assert door.kinds() == []
    assert door.rows(subscribers) == []
    (row,) = door.rows(joinings)
    assert (row["subscriber_id"], row["lists"], row["fields"]) == (None, [], {})


@pytest.mark.parametrize("reason", ["unsubscribed", "bounced", "forgotten"])
def test_whoever_left_may_ask_and_stays_away_until_they_confirm(
    door: Door, reason: str
) -> None:
    door.suppress(reason)
    joining = door.ask()
    assert door.kinds() == ["confirm"]
    assert door.suppressed() == {("*", reason)}
    door.confirm(joining)
    assert door.mailable() == 1


def test_each_asking_writes_one_row_whoever_it_is(door: Door) -> None:
    door.add("known@example.org")
    door.ask("known@example.org")
    door.ask("unknown@example.org")
    door.ask("unknown@example.org")
    door.suppress("blocked")
    door.ask(ANNA)
    assert len(door.rows(joinings)) == 4


# --- courtesy ---------------------------------------------------------------------


def test_second_asking_within_a_day_brings_no_second_mail(door: Door) -> None:
    door.ask()
    door.ask(now=NOW + DAY - timedelta(seconds=1))
    assert door.kinds() == ["confirm"]


def test_fourth_mail_is_never_written_until_something_is_confirmed(door: Door) -> None:
    for days in range(10):
        last = door.ask(now=NOW + days * DAY)
    assert door.kinds() == ["confirm"] * 3
    assert door.rows(joinings)[-1]["subscriber_id"] is None
    assert door.look(last) is None


def test_count_begins_anew_for_who_has_confirmed(door: Door) -> None:
    joining = door.ask()
    door.confirm(joining)
    assert door.rows(courtesy_marks) == []


def test_address_in_other_letters_is_the_same_address(door: Door) -> None:
    door.ask("Anna@Example.org")
    door.ask("ANNA@example.org")
    assert door.kinds() == ["confirm"]


def test_stranger_asked_too_often_gets_no_subscriber_row(door: Door) -> None:
    for days in range(3):
        door.ask(now=NOW + days * DAY)
    with door.desk.database.writing() as connection:
        erase_newcomers(connection, [door.rows(subscribers)[0]["id"]])
    door.ask(now=NOW + 10 * DAY)
    assert door.rows(subscribers) == []


# --- confirming -------------------------------------------------------------------


def test_looking_at_the_link_changes_nothing(door: Door) -> None:
    joining = door.ask()
    found = [door.look(joining) for _ in range(100)]
    assert {one.step for one in found if one} == {Step.ASK}
    assert door.standing() == {"main": "pending"}


def test_confirming_makes_active_with_fields_and_language(door: Door) -> None:
    joining = door.ask(fields={"first_name": "Anna"}, language="ar")
    confirmed = door.confirm(joining)
    assert confirmed is not None
    assert (confirmed.step, confirmed.masked_address) == (
        Step.JOINED,
        "a***@example.org",
    )
    assert door.standing() == {"main": "active"}
    assert door.fields() == {"first_name": "Anna", "language": "ar"}
    assert door.mailable() == 1


def test_confirming_is_proof_of_when_was_asked_and_what_was_read(door: Door) -> None:
    joining = door.ask()
    door.confirm(joining)
    with door.desk.database.reading() as connection:
        last = read_history(connection, 1)[-1]
    assert (last.kind, last.source, last.wording, last.language, last.at) == (
        "confirmed",
        "/join",
        WORDING,
        "nl",
        NOW + HOUR,
    )
    assert last.evidence == "asked on 2026-11-21 13:00 CET"


def test_confirming_again_writes_nothing(door: Door) -> None:
    joining = door.ask()
    door.confirm(joining)
    before = door.rows(consent_events)
    again = door.confirm(joining, NOW + DAY)
    assert again is not None
    assert again.step is Step.JOINED
    assert door.rows(consent_events) == before


def test_used_link_brings_nobody_back_who_left_since(door: Door) -> None:
    joining = door.ask()
    door.confirm(joining)
    with door.desk.database.writing() as connection:
        unsubscribe(connection, 1, scope="main", word=Word(NOW + DAY, "one-click"))
    again = door.confirm(joining, NOW + 2 * DAY)
    assert again is not None
    assert again.step is Step.USED
    assert door.standing() == {"main": "unsubscribed"}
    assert door.suppressed() == {("main", "unsubscribed")}


def test_confirming_one_list_does_not_bring_back_to_the_others(door: Door) -> None:
    number = door.add()
    with door.desk.database.writing() as connection:
        unsubscribe(connection, number, scope=EVERY_LIST, word=Word(NOW, "one-click"))
    joining = door.ask(ANNA, "events")
    door.confirm(joining)
    assert door.standing() == {"events": "active", "main": "unsubscribed"}
    assert door.suppressed() == {("board", "unsubscribed"), ("main", "unsubscribed")}
    assert (door.mailable("events"), door.mailable("main")) == (1, 0)


def test_language_that_was_chosen_before_stays(door: Door) -> None:
    door.add(status=SubscriptionStatus.UNSUBSCRIBED, language="fr", first_name="Anna")
    joining = door.ask(language="nl")
    door.confirm(joining)
    assert door.fields() == {"first_name": "Anna", "language": "fr"}


def test_what_was_typed_is_not_kept_twice(door: Door) -> None:
    joining = door.ask(fields={"first_name": "Anna"})
    door.confirm(joining)
    assert door.rows(joinings)[0]["fields"] == {}


def test_field_that_is_not_declared_any_more_is_dropped(door: Door) -> None:
    joining = door.ask(fields={"shoe_size": "42"})
    door.confirm(joining)
    assert door.fields() == {"language": "nl"}


def test_link_for_a_list_that_is_gone_is_over(door: Door) -> None:
    joining = door.ask(ANNA, "events")
    only_main = replace(SETTINGS, lists={"main": ListSettings(is_public=True)})
    with door.desk.database.reading() as connection:
        assert read_invitation(connection, only_main, joining) is None


@pytest.mark.parametrize("number", [0, 99, 2**63 - 1])
def test_link_of_no_request_is_over(door: Door, number: int) -> None:
    door.ask()
    assert door.look(number) is None
    assert door.confirm(number) is None
    assert door.decline(number) is None


def test_who_is_kept_off_is_asked_whatever_their_subscription_says(door: Door) -> None:
    door.add()
    door.suppress("unsubscribed", "main")
    door.ask()
    assert door.kinds() == ["confirm"]


# --- it was somebody else -----------------------------------------------------------


def test_stranger_who_did_not_ask_is_erased_and_never_written_to_again(
    door: Door,
) -> None:
    joining = door.ask(fields={"first_name": "Eve"})
    assert door.decline(joining) == Declined(is_subscriber=False, language="nl")
    for table in (subscribers, subscriptions, consent_events, notices):
        assert door.rows(table) == []
    assert door.suppressed() == {("*", "blocked")}
    door.ask(now=NOW + 30 * DAY)
    assert door.rows(notices) == []


def test_nothing_of_a_stranger_is_left_on_the_disk(tmp_path: Path) -> None:
    with open_desk(Project(tmp_path, SETTINGS)) as desk:
        door = Door(desk)
        joining = door.ask("eve@example.org", fields={"first_name": "Everina"})
        path = desk.database.path
        desk.database.empty_wal()
        before = path.read_bytes()
        door.decline(joining)
    assert (b"eve@" in before, b"Everina" in before) == (True, True)
    after = path.read_bytes()
    assert (b"eve@" in after, b"Everina" in after) == (False, False)


def test_link_to_confirm_is_void_after_that(door: Door) -> None:
    joining = door.ask()
    door.decline(joining)
    assert door.look(joining) is None
    assert door.confirm(joining) is None
    assert door.mailable() == 0


def test_saying_so_again_is_no_harm(door: Door) -> None:
    joining = door.ask()
    assert door.decline(joining) == door.decline(joining)
    assert door.suppressed() == {("*", "blocked")}


def test_whoever_gets_another_list_keeps_it_and_is_asked_no_more(door: Door) -> None:
    door.add()
    joining = door.ask(ANNA, "events")
    done = [door.decline(joining) for _ in range(2)]
    assert done == [Declined(is_subscriber=True, language="nl")] * 2
    assert door.standing() == {"main": "active"}
    assert door.suppressed() == set()
    door.ask(ANNA, "events", now=NOW + 900 * DAY)
    assert door.kinds() == []


def test_whoever_had_left_keeps_their_row_and_is_blocked(door: Door) -> None:
    door.add(status=SubscriptionStatus.UNSUBSCRIBED)
    joining = door.ask()
    door.decline(joining)
    assert door.standing() == {"main": "unsubscribed"}
    assert door.suppressed() == {("*", "blocked")}


def test_whoever_was_imported_as_pending_waits_no_more(door: Door) -> None:
    door.add(status=SubscriptionStatus.PENDING)
    joining = door.ask()
    door.decline(joining)
    assert door.standing() == {"main": "unsubscribed"}
    assert door.rows(consent_events)[-1]["kind"] == "blocked"


def test_whoever_did_not_ask_leaves_what_a_scanner_confirmed(door: Door) -> None:
    joining = door.ask()
    door.confirm(joining)
    door.decline(joining)
    assert door.standing() == {"main": "unsubscribed"}
    assert ("*", "blocked") in door.suppressed()


# --- rules ------------------------------------------------------------------------


def _closed(scope: str, reason: str = "unsubscribed") -> Suppression:
    return Suppression(scope, reason, NOW, "page")


@pytest.mark.parametrize(
    ("suppressions", "received", "expected"),
    [
        ([], [], NoticeKind.CONFIRM),
        ([], ["main"], NoticeKind.PRESENT),
        ([], ["main", "events"], NoticeKind.PRESENT),
        ([], ["events"], NoticeKind.CONFIRM),
        ([_closed("main")], [], NoticeKind.CONFIRM),
        ([_closed("events")], ["main"], NoticeKind.PRESENT),
        ([_closed("*", "complained")], [], None),
        ([_closed("events", "complained")], ["main"], None),
    ],
)
def test_which_mail_somebody_gets_who_asks_for_main(
    suppressions: list[Suppression],
    received: list[str],
    expected: NoticeKind | None,
) -> None:
    assert judge_request(["main"], suppressions, received) is expected


def test_language_of_a_person_is_kept_beside_other_fields(door: Door) -> None:
    number = door.add(first_name="Anna", status=SubscriptionStatus.PENDING)
    with door.desk.database.writing() as connection:
        update_fields(connection, {number: {"first_name": "Anna", "language": "de"}})
    door.confirm(door.ask(fields={"first_name": "Ann"}))
    assert door.fields() == {"first_name": "Ann", "language": "de"}
