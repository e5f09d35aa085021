"""A copy that was put back, and what happened after it was made."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection, select

from newsletter.model.delivery import DeliveryState
from newsletter.model.dispatch import Order
from newsletter.model.subscriber import SubscriptionStatus
from newsletter.store.contents import Content, save_content
from newsletter.store.dispatches import create_dispatch
from newsletter.store.instants import from_millis
from newsletter.store.notices import is_anything_due, read_due
from newsletter.store.people import ensure_lists, find_by_key, read_subscriptions
from newsletter.store.tables import deliveries, joinings, notices
from newsletter.tokens import Purpose, as_of, sign, verify
from newsletter.workflow.backup import backup_project
from newsletter.workflow.desk import Desk, open_desk
from newsletter.workflow.joining import JoinRequest, ask_to_join
from newsletter.workflow.leaving import leave
from newsletter.workflow.letters import message_token
from newsletter.workflow.preferences import read_preferences
from newsletter.workflow.project import Project, open_project
from newsletter.workflow.restore import Restored, restore_project
from newsletter.workflow.subscribers import Newcomer, add_subscriber

NOW = datetime(2026, 5, 3, 12, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
ACTIVE, LEFT = SubscriptionStatus.ACTIVE, SubscriptionStatus.UNSUBSCRIBED
SETTINGS = """
[newsletter]
name = "Harbour"
sender = "Harbour <letter@example.org>"
base_url = "https://news.example.org"
[lists.main]
public = true
"""


@dataclass
class Place:
    """A project, and what readers do there."""

    project: Project

    @contextmanager
    def at_work(self) -> Iterator[tuple[Desk, Connection]]:
        with open_desk(self.project) as desk, desk.database.writing() as connection:
            yield desk, connection

    def add(self, name: str) -> int:
        add_subscriber(self.project, Newcomer(f"{name}@example.org"), now=NOW)
        with self.at_work() as (_, connection):
            person = find_by_key(connection, f"{name}@example.org")
        assert person is not None
        return person.id

    def sign(self, purpose: Purpose, *numbers: int) -> str:
        with self.at_work() as (desk, _):
            return sign(desk.keyring, purpose, *numbers)

    def ask(self, name: str) -> str:
        """Ask to join; return the token of the link to confirm it."""
        request = JoinRequest(f"{name}@example.org", ("main",))
        with self.at_work() as (desk, connection):
            settings = self.project.settings
            ask_to_join(connection, desk.keyring, settings, request, now=NOW)
            newest = select(joinings.c.id).order_by(joinings.c.id.desc())
            number = connection.scalars(newest).first() or 0
            return sign(desk.keyring, Purpose.CONFIRM, number)

    def dispatch(self, issue: str) -> int:
        with self.at_work() as (_, connection):
            save_content(connection, Content(issue, issue, "Hi", b"x"), now=NOW)
            made = create_dispatch(connection, Order(issue, issue, ("main",)), now=NOW)
        return made.id

    def status_of(self, name: str) -> SubscriptionStatus:
        with self.at_work() as (_, connection):
            person = find_by_key(connection, f"{name}@example.org")
            assert person is not None
            (one,) = read_subscriptions(connection, person.id)
        return one.status

    def keep(self, *, hands_over: bool = False) -> Path:
        file = self.project.root.parent / "kept.tar"
        backup_project(self.project, file, hands_over=hands_over, now=NOW)
        return file


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    """The original, with one reader."""
    monkeypatch.chdir(tmp_path)
    root = tmp_path / "here"
    root.mkdir()
    (root / "newsletter.toml").write_text(SETTINGS)
    place = Place(open_project(root))
    place.add("anna")
    return place


def put_back(file: Path, name: str = "there", *, after: timedelta = HOUR) -> Restored:
    return restore_project(file, Path(name), now=NOW + after)


def opened(restored: Restored) -> Place:
    return Place(open_project(restored.folder))


# --- links ----------------------------------------------------------------------------


def test_link_of_before_the_backup_works_in_the_copy(here: Place) -> None:
    token = here.sign(Purpose.UNSUBSCRIBE, 1, 1)
    there = opened(put_back(here.keep()))
    with there.at_work() as (desk, connection):
        assert leave(connection, desk.keyring, token, source="one-click", now=NOW)
    assert there.status_of("anna") is LEFT


def test_links_of_who_joined_since_lead_to_nobody_in_the_copy(here: Place) -> None:
    file = here.keep()
    number = here.add("bert")
    shows = here.sign(Purpose.PREFERENCES, number)
    leaves = here.sign(Purpose.UNSUBSCRIBE, number, 0)
    there = opened(put_back(file))
    there.add("carl")
    with there.at_work() as (desk, connection):
        settings = there.project.settings
        assert read_preferences(connection, desk.keyring, settings, shows) is None
        leave(connection, desk.keyring, leaves, source="one-click", now=NOW)
    assert there.status_of("carl") is ACTIVE


def test_confirmation_of_since_confirms_nobody_elses_wish_in_the_copy(
    here: Place,
) -> None:
    file = here.keep()
    token = here.ask("bert")
    there = opened(put_back(file))
    there.ask("carl")
    with there.at_work() as (desk, connection):
        named = verify(desk.keyring, Purpose.CONFIRM, token) or (0,)
        assert named[0] not in connection.scalars(select(joinings.c.id)).all()


def test_list_of_since_is_not_taken_for_another_one_of_the_copy(here: Place) -> None:
    file = here.keep()
    with here.at_work() as (_, connection):
        original = ensure_lists(connection, ["events"])["events"]
    with opened(put_back(file)).at_work() as (_, connection):
        assert ensure_lists(connection, ["jobs"])["jobs"] > original


def test_next_issue_of_the_copy_has_no_number_of_one_sent_since(here: Place) -> None:
    file = here.keep()
    original = here.dispatch("may")
    with here.at_work() as (desk, _):
        token = message_token(desk.keyring, original, 1)
    there = opened(put_back(file))
    assert there.dispatch("june") > original
    with there.at_work() as (desk, _):
        assert verify(desk.keyring, Purpose.MESSAGE, token) == (original, 1)


def test_links_of_one_copy_mean_nothing_to_another_copy_of_the_backup(
    here: Place,
) -> None:
    file = here.keep()
    one, other = opened(put_back(file, "one")), opened(put_back(file, "other"))
    number = one.add("bert")
    token = one.sign(Purpose.UNSUBSCRIBE, number, 0)
    assert other.add("carl") == number
    with other.at_work() as (desk, connection):
        leave(connection, desk.keyring, token, source="one-click", now=NOW)
    assert other.status_of("carl") is ACTIVE


def test_hand_over_goes_on_with_numbers_and_keys(here: Place) -> None:
    keys = here.sign(Purpose.PREFERENCES, 1)
    there = opened(put_back(here.keep(hands_over=True)))
    assert there.sign(Purpose.PREFERENCES, 1) == keys
    assert there.add("bert") == 2
    assert there.dispatch("may") == 1


# --- a hand-over that is put back late ------------------------------------------------


@pytest.mark.parametrize(
    ("after", "waiting", "unknown"), [(DAY, 2, 0), (21 * DAY, 0, 2), (-2 * DAY, 0, 2)]
)
def test_hand_over_is_believed_for_a_day(
    here: Place, after: timedelta, waiting: int, unknown: int
) -> None:
    """Later it may have been put back before, and everybody mailed from there."""
    here.add("bert")
    here.dispatch("may")
    restored = put_back(here.keep(hands_over=True), after=after)
    (halted,) = restored.halted
    assert (halted.waiting, halted.unknown) == (waiting, unknown)
    is_believed = waiting > 0
    assert (restored.was_handed_over, restored.is_late) == (
        is_believed,
        not is_believed,
    )


def test_copy_that_was_no_hand_over_is_never_late(here: Place) -> None:
    assert not put_back(here.keep(), after=21 * DAY).is_late


def test_unknown_of_a_copy_is_known_by_the_key_that_signed_it(here: Place) -> None:
    """So that it has the Message-ID by which the log of the mail server knows it."""
    here.dispatch("may")
    there = opened(put_back(here.keep()))
    with there.at_work() as (desk, connection):
        at = connection.scalars(select(deliveries.c.at)).one()
        then = as_of(desk.keyring, from_millis(at))
        assert then is not None
        assert (then.current, desk.keyring.current) == (1, 2)


# --- mails of the pages ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("hands_over", "waiting", "state"),
    [
        (False, [], DeliveryState.UNKNOWN),
        (True, ["bert@example.org"], DeliveryState.PENDING),
    ],
)
def test_mail_of_a_page_that_may_have_been_sent_since_is_not_sent_again(
    here: Place,
    hands_over: bool,
    waiting: list[str],
    state: DeliveryState,
) -> None:
    here.ask("bert")
    restored = put_back(here.keep(hands_over=hands_over))
    with opened(restored).at_work() as (_, connection):
        due = read_due(connection, now=NOW + HOUR, most=9)
        assert [one.email for one in due] == waiting
        assert is_anything_due(connection, now=NOW + 2 * DAY) is bool(waiting)
        assert connection.scalars(select(notices.c.state)).all() == [state]
