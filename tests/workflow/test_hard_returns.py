"""Returns that call addresses dead: which are too many at once to be believed."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import pytest
from sqlalchemy import Connection, update

from newsletter.addresses import address_key
from newsletter.model.delivery import DeliveryState
from newsletter.model.dispatch import Order
from newsletter.model.returned import (
    BounceClass,
    Decision,
    MailKind,
    Reading,
    Report,
)
from newsletter.model.subscriber import SubscriptionStatus
from newsletter.store.consent import Word, set_status
from newsletter.store.contents import Content, save_content
from newsletter.store.database import Database, open_database
from newsletter.store.dispatches import create_dispatch
from newsletter.store.forget import forget_person
from newsletter.store.hard_returns import (
    Held,
    Place,
    apply_returns,
    decide,
    read_held,
    read_held_returns,
    read_places,
)
from newsletter.store.instants import to_millis
from newsletter.store.keys import open_keyring
from newsletter.store.people import (
    Person,
    ensure_lists,
    insert_people,
    read_ids,
    read_subscriptions,
)
from newsletter.store.returned import ReturnedMail, note_returned
from newsletter.store.tables import batches, deliveries
from newsletter.tokens import Keyring, Purpose, address_hash, sign
from newsletter.workflow.hard_returns import find_rows, weigh_returns
from newsletter.workflow.hooks import take_readings

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
URL = "sqlite:///subscribers/newsletter.db"
ALL = range(1, 201)


class Post:
    """Two hundred readers whose mails left in order; one in ten at mail.example."""

    def __init__(self, database: Database, keyring: Keyring) -> None:
        self.database = database
        self.keyring = keyring
        emails = [
            f"r{place:03}@{'mail.example' if place % 10 == 0 else 'example.org'}"
            for place in ALL
        ]
        people = [Person(one, one, self._hash(one)) for one in emails]
        with database.writing() as connection:
            insert_people(connection, people, now=NOW)
            ids = read_ids(connection, emails)
            self.ids = dict(zip(ALL, (ids[email] for email in emails), strict=True))
            set_status(
                connection,
                list(ids.values()),
                list_id=ensure_lists(connection, ["main"])["main"],
                status=SubscriptionStatus.ACTIVE,
                kind="imported",
                word=Word(NOW, "readers.csv"),
            )
            save_content(connection, Content("c0ffee", "a", "Hi", b"x"), now=NOW)
            create_dispatch(connection, Order("a", "c0ffee", ("main",)), now=NOW)
        self.send(200)

    def _hash(self, email: str) -> bytes:
        return address_hash(self.keyring, address_key(email))

    def send(self, count: int) -> None:
        """So many have left by now."""
        with self.database.writing() as connection:
            left = deliveries.c.seq <= count
            done = {"state": DeliveryState.ACCEPTED, "at": to_millis(NOW)}
            connection.execute(update(deliveries).where(left).values(done))
            connection.execute(
                update(batches).values(n_accepted=count, n_pending=200 - count)
            )

    def note(self, places: Iterable[int], more: str = "") -> None:
        """Read hard returns of these, and weigh nothing yet."""
        with self.database.writing() as connection:
            for place in places:
                mail = ReturnedMail(
                    key=sha256(f"{place}{more}".encode()).digest(),
                    at=NOW,
                    source="imap",
                    kind=MailKind.BOUNCE,
                    bounce_class=BounceClass.HARD,
                    dispatch_id=1,
                    subscriber_id=self.ids[place],
                    decision=Decision.OPEN,
                )
                assert note_returned(connection, mail)

    def weigh(self, places: Iterable[int] = ()) -> tuple[set[int], set[int]]:
        """Take returns of these in one look; tell whose are held and who is off."""
        keys = {sha256(str(place).encode()).digest(): place for place in ALL}
        self.note(places)
        weighed = weigh_returns(self.database, now=NOW)
        held, applied = weighed.held, weighed.applied
        return {keys[one] for one in held}, {keys[one] for one in applied}

    def believe(self) -> None:
        """The editor says that what is held is true."""
        with self.database.writing() as connection:
            apply_returns(
                connection,
                self._held_ids(connection),
                Decision.HELD,
                Decision.BELIEVED,
                now=NOW,
            )

    def drop(self) -> None:
        """The editor says that it was a fault."""
        with self.database.writing() as connection:
            ids = self._held_ids(connection)
            decide(connection, ids, Decision.HELD, Decision.DROPPED)

    def _held_ids(self, connection: Connection) -> list[int]:
        held = read_held_returns(connection, after=0, most=200)
        return [one.id for one in held]

    def off(self) -> set[int]:
        """Who is mailed no more."""
        with self.database.reading() as connection:
            return {
                place
                for place in ALL
                if read_subscriptions(connection, self.ids[place])[0].status
                is SubscriptionStatus.BOUNCED
            }

    def held(self) -> list[Held]:
        with self.database.reading() as connection:
            return read_held(connection)


@pytest.fixture
def post(tmp_path: Path) -> Iterator[Post]:
    with open_database(URL, root=tmp_path) as database:
        yield Post(database, open_keyring(database, root=tmp_path))


#: As far from one another as forty of two hundred can be.
SPREAD = set(range(2, 201, 5))


def test_one_in_five_is_believed(post: Post) -> None:
    assert len(SPREAD) == 40
    assert post.weigh(SPREAD) == (set(), SPREAD)
    assert post.off() == SPREAD


def test_more_than_one_in_five_is_held(post: Post) -> None:
    assert post.weigh({*SPREAD, 200}) == ({*SPREAD, 200}, set())
    assert post.off() == set()
    assert post.held() == [Held(1, 41, 0)]


def test_hour_of_a_long_dispatch_is_held_and_no_other_part_of_it(post: Post) -> None:
    hour, others = set(range(101, 113)), {3, 27, 66, 151, 189}
    assert post.weigh(hour | others) == (hour, others)
    assert post.off() == others


def test_domain_that_calls_most_dead_is_held_and_no_other(post: Post) -> None:
    domain, others = set(range(10, 121, 10)), {3, 27, 66, 151, 189}
    assert post.weigh(domain | others) == (domain, others)


def test_nine_of_a_domain_are_believed(post: Post) -> None:
    domain = set(range(10, 91, 10))
    assert post.weigh(domain) == (set(), domain)


def test_tenth_of_a_domain_is_held_when_it_comes_alone(post: Post) -> None:
    domain = set(range(10, 91, 10))
    assert post.weigh({*domain, 3, 27}) == (set(), {*domain, 3, 27})
    assert post.weigh({100}) == ({100}, set())


def test_mail_that_comes_alone_is_weighed_with_those_near_it_only(post: Post) -> None:
    post.weigh({*range(2, 201, 10), 10, 20})
    post.note({150})
    with post.database.reading() as connection:
        places = read_places(connection, 1, first=130, last=170)
    assert [one.seq for one in places] == [10, 20, 132, 142, 150, 152, 162]
    assert [one.seq for one in places if one.is_open] == [150]


def test_several_returns_of_one_reader_count_once(post: Post) -> None:
    post.note(range(1, 10), "again")
    post.note(range(1, 10))
    weighed = weigh_returns(post.database, now=NOW)
    assert (len(weighed.held), len(weighed.applied)) == (0, 18)
    assert post.off() == set(range(1, 10))


def test_what_is_held_stays_so_when_the_dispatch_grows(post: Post) -> None:
    post.send(40)
    first = set(range(1, 41, 4))
    assert post.weigh(first) == (first, set())
    post.send(200)
    assert post.weigh({150}) == (set(), {150})
    assert post.off() == {150}
    assert post.held() == [Held(1, 10, 1)]


def test_fault_that_goes_on_is_held_though_few_came_at_each_look(post: Post) -> None:
    looks = [post.weigh(range(start, start + 5)) for start in (101, 106, 111)]
    # The first nine may be dead; from the tenth on it is too many.
    assert [len(held) for held, _ in looks] == [0, 5, 5]
    assert post.off() == set(range(101, 106))


def test_look_that_broke_off_is_made_up_for_by_the_next(post: Post) -> None:
    post.note({3, 27})
    assert post.off() == set()
    assert post.weigh() == (set(), {3, 27})
    assert post.off() == {3, 27}


def test_later_returns_are_believed_when_the_editor_believed_those_held(
    post: Post,
) -> None:
    held = set(range(1, 51))
    assert post.weigh(held) == (held, set())
    post.believe()
    looks = [post.weigh({place}) for place in (51, 120)]
    assert looks == [(set(), {51}), (set(), {120})]
    assert post.off() == {*held, 51, 120}


def test_later_returns_are_held_when_the_editor_dropped_those_held(post: Post) -> None:
    post.weigh(range(1, 51))
    post.drop()
    assert post.weigh({120}) == ({120}, set())
    assert post.off() == set()


def test_forgotten_reader_is_held_no_more(post: Post) -> None:
    post.weigh(range(1, 13))
    with post.database.writing() as connection:
        forget_person(connection, post.ids[5], now=NOW)
    assert post.held() == [Held(1, 11, 0)]


def test_reports_of_a_provider_are_held_too(post: Post) -> None:
    report = Report("", BounceClass.HARD, "5.1.1", "user unknown")
    readings = [
        Reading(
            MailKind.BOUNCE,
            bytes([place]) * 32,
            reports=(report,),
            message_tokens=(sign(post.keyring, Purpose.MESSAGE, 1, post.ids[place]),),
        )
        for place in range(1, 21)
    ]
    with post.database.writing() as connection:
        handled = take_readings(
            connection, post.keyring, readings, provider="ses", now=NOW
        )
    assert {(one.is_held, one.is_applied) for one in handled} == {(True, False)}
    assert post.off() == set()


# --- rows -----------------------------------------------------------------------------


def at(*places: int, opened: bool = True) -> list[Place]:
    return [Place(one, "example.org", opened) for one in places]


@pytest.mark.parametrize(
    ("returns", "found"),
    [
        (at(*range(1, 10)), set()),
        (at(*range(1, 11)), set(range(1, 11))),
        (at(*range(1, 10), 20), {*range(1, 10), 20}),
        (at(*range(1, 10), 21), set()),
        (at(*range(1, 11), opened=False), set()),
        ([*at(*range(1, 10), opened=False), *at(10)], set(range(1, 11))),
        ([], set()),
    ],
)
def test_ten_within_twenty_are_a_row(returns: list[Place], found: set[int]) -> None:
    def is_near(first: int, last: int) -> bool:
        return last - first < 20

    assert find_rows(returns, is_near) == found
