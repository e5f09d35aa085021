"""Promise 3: nobody who is away comes back but by their own word, whichever way in.

`AWAY` is how somebody went, `OTHERS` every way in which others may bring an address in,
`OWN` the ways in which people come back themselves. A new way in belongs here.
"""

import shutil
from collections.abc import Callable
from contextlib import suppress as ignoring
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection, select

from newsletter.errors import NewsletterError
from newsletter.model.settings import Settings
from newsletter.model.subscriber import SubscriptionStatus
from newsletter.store.audience import EVERY_LIST, is_mailable
from newsletter.store.consent import Word, set_status, suppress, unsubscribe
from newsletter.store.database import Database
from newsletter.store.people import ensure_lists, find_by_key
from newsletter.store.tables import joinings, subscribers
from newsletter.tokens import Keyring, Purpose, address_hash, sign
from newsletter.workflow.backup import backup_project
from newsletter.workflow.desk import open_desk
from newsletter.workflow.forget import forget_subscriber
from newsletter.workflow.import_undo import undo_import
from newsletter.workflow.imports import import_subscribers, order_import
from newsletter.workflow.joining import JoinRequest, ask_to_join, confirm_joining
from newsletter.workflow.leaving import undo, undo_token
from newsletter.workflow.new_address import Change, ask_for_address, confirm_change
from newsletter.workflow.preferences import Wish, save_preferences
from newsletter.workflow.project import Project, open_project
from newsletter.workflow.restore import restore_project
from newsletter.workflow.retention import erase_outdated
from newsletter.workflow.subscribers import (
    Newcomer,
    add_subscriber,
    unsubscribe_subscriber,
)

NOW = datetime(2026, 5, 3, 12, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
ANNA = "anna@example.org"
NEW = "anna@example.net"
LISTS = ("main", "events")
STATUS = SubscriptionStatus
SETTINGS = """
[newsletter]
name = "Harbour"
sender = "Harbour <letter@example.org>"
[lists.main]
public = true
[lists.events]
public = true
"""


@dataclass(frozen=True)
class Place:
    """A project with Anna, who is on both lists until she goes away."""

    project: Project

    def write(self, work: Callable[[Connection, Keyring], None]) -> None:
        with open_desk(self.project) as desk, desk.database.writing() as connection:
            work(connection, desk.keyring)

    def mailable(self, project: Project | None = None) -> set[str]:
        """Return the lists whose mail Anna would get now."""
        with open_desk(project or self.project) as desk:
            return {slug for slug in LISTS if self._gets(desk.database, slug)}

    def _gets(self, database: Database, slug: str) -> bool:
        query = select(subscribers.c.id).where(
            subscribers.c.email_key == ANNA, is_mailable([slug])
        )
        with database.reading() as connection:
            return connection.scalar(query) is not None


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project as it is before she goes; making one takes half a second."""
    root = tmp_path_factory.mktemp("news")
    (root / "newsletter.toml").write_text(SETTINGS)
    (root / "readers.csv").write_text(f"email\n{ANNA.upper()}\n")
    place = Place(open_project(root))
    for slug in LISTS:
        add_subscriber(place.project, Newcomer(ANNA, slug), now=NOW)
    return root


@pytest.fixture
def place(prepared: Path, tmp_path: Path) -> Place:
    root = tmp_path / "news"
    shutil.copytree(prepared, root)
    place = Place(open_project(root))
    assert place.mailable() == set(LISTS)
    return place


# --- how somebody goes away -----------------------------------------------------------


def leaves_all(place: Place) -> None:
    unsubscribe_subscriber(place.project, ANNA, now=NOW)


def leaves_one(place: Place) -> None:
    unsubscribe_subscriber(place.project, ANNA, list_slug="main", now=NOW)


def is_forgotten(place: Place) -> None:
    forget_subscriber(place.project, ANNA, now=NOW)


def is_imported_as_away(status: STATUS) -> Callable[[Place], None]:
    """Another service knew that she left, or is not reached; no list is named."""

    def work(place: Place) -> None:
        path = place.project.root / "readers.csv"
        order = order_import(place.project, path, status=status)
        import_subscribers(place.project, order, now=NOW)

    work.__name__ = f"is_imported_as_{status.name.lower()}"
    return work


is_imported_as_left = is_imported_as_away(STATUS.UNSUBSCRIBED)
is_imported_as_dead = is_imported_as_away(STATUS.BOUNCED)


def never_confirmed(place: Place) -> None:
    for slug in LISTS:
        _give_status(place, slug, STATUS.PENDING, "asked")


def bounced(place: Place) -> None:
    for slug in LISTS:
        _give_status(place, slug, STATUS.BOUNCED, "bounced")
    _suppress(place, "bounced")


def complained(place: Place) -> None:
    leaves_all(place)
    _suppress(place, "complained")


def blocked(place: Place) -> None:
    _suppress(place, "blocked")


def moves(place: Place) -> None:
    """She takes another address: the old one may be a stranger's by now."""

    def work(connection: Connection, keyring: Keyring) -> None:
        anna = find_by_key(connection, ANNA)
        assert anna is not None
        page = sign(keyring, Purpose.PREFERENCES, anna.id)
        assert ask_for_address(connection, keyring, page, NEW, language="", now=NOW)
        link = sign(keyring, Purpose.CHANGE, 1)
        visit = confirm_change(connection, keyring, link, now=NOW)
        assert visit is not None
        assert visit.change is Change.DONE

    place.write(work)


def moves_and_leaves(place: Place) -> None:
    moves(place)
    unsubscribe_subscriber(place.project, NEW, now=NOW)


def moves_and_is_forgotten(place: Place) -> None:
    moves(place)
    forget_subscriber(place.project, NEW, now=NOW)


def _give_status(place: Place, slug: str, status: STATUS, kind: str) -> None:
    def work(connection: Connection, _: Keyring) -> None:
        anna = find_by_key(connection, ANNA)
        assert anna is not None
        set_status(
            connection,
            [anna.id],
            list_id=ensure_lists(connection, [slug])[slug],
            status=status,
            kind=kind,
            word=Word(NOW, "test"),
        )

    place.write(work)


def _suppress(place: Place, reason: str) -> None:
    def work(connection: Connection, keyring: Keyring) -> None:
        hashed = [address_hash(keyring, ANNA)]
        suppress(
            connection, hashed, scope=EVERY_LIST, reason=reason, word=Word(NOW, "test")
        )

    place.write(work)


#: How somebody goes -> the lists she is away from.
AWAY: dict[Callable[[Place], None], set[str]] = {
    leaves_all: set(LISTS),
    leaves_one: {"main"},
    is_imported_as_left: set(LISTS),
    is_imported_as_dead: set(LISTS),
    is_forgotten: set(LISTS),
    never_confirmed: set(LISTS),
    bounced: set(LISTS),
    complained: set(LISTS),
    blocked: set(LISTS),
    moves: set(LISTS),
    moves_and_leaves: set(LISTS),
    moves_and_is_forgotten: set(LISTS),
}


# --- how others bring an address in ---------------------------------------------------


def import_as(status: STATUS) -> Callable[[Place], None]:
    def work(place: Place) -> None:
        for slug in LISTS:
            path = place.project.root / "readers.csv"
            order = order_import(place.project, path, list_slug=slug, status=status)
            import_subscribers(place.project, order, now=LATER)

    work.__name__ = f"import as {status.name.lower()}"
    return work


def import_and_undo(place: Place) -> None:
    import_as(STATUS.ACTIVE)(place)
    undo_import(place.project, now=LATER)


def import_leavers_and_undo(place: Place) -> None:
    import_as(STATUS.UNSUBSCRIBED)(place)
    undo_import(place.project, now=LATER)


def add(place: Place) -> None:
    for slug in LISTS:
        with ignoring(NewsletterError):
            add_subscriber(place.project, Newcomer(ANNA, slug), now=LATER)


def ask(place: Place) -> None:
    """A stranger types her address on the page; nobody follows the link."""

    def work(connection: Connection, keyring: Keyring) -> None:
        request = JoinRequest(ANNA, LISTS)
        settings = place.project.settings
        ask_to_join(connection, keyring, settings, request, now=LATER)

    place.write(work)


def ask_then_erase_then_import(place: Place) -> None:
    ask(place)
    erase_outdated(place.project, now=LATER + timedelta(days=400))
    import_as(STATUS.ACTIVE)(place)


def confirm_another(place: Place) -> None:
    """Somebody else joins, with their own word."""
    newcomer = Newcomer("bert@example.org", consent="paper form")
    add_subscriber(place.project, newcomer, now=LATER)


OTHERS = [
    import_as(STATUS.ACTIVE),
    import_as(STATUS.PENDING),
    import_and_undo,
    add,
    ask,
    confirm_another,
    import_leavers_and_undo,
]


@pytest.mark.parametrize("away", AWAY, ids=lambda away: away.__name__)
def test_nobody_comes_back_by_what_others_do(
    place: Place, away: Callable[[Place], None]
) -> None:
    away(place)
    came_back = {}
    for way in OTHERS:
        way(place)
        came_back[way.__name__] = place.mailable() & AWAY[away]
    assert came_back == {way.__name__: set() for way in OTHERS}


@pytest.mark.parametrize("away", [a for a in AWAY if a is not never_confirmed])
def test_nobody_comes_back_when_old_things_are_erased(
    place: Place, away: Callable[[Place], None]
) -> None:
    away(place)
    ask_then_erase_then_import(place)
    assert place.mailable() & AWAY[away] == set()


@pytest.mark.parametrize("away", AWAY, ids=lambda away: away.__name__)
def test_nobody_comes_back_with_a_backup_made_after_they_went(
    place: Place, away: Callable[[Place], None]
) -> None:
    away(place)
    root = place.project.root
    made = backup_project(place.project, root / "kept.tar", hands_over=False, now=LATER)
    there = restore_project(made.file, root / "there", now=LATER).folder
    restored = Place(open_project(there))
    (there / "readers.csv").write_text(f"email\n{ANNA}\n")
    import_as(STATUS.ACTIVE)(restored)
    assert restored.mailable() & AWAY[away] == set()


# --- how people come back themselves --------------------------------------------------


def by_confirming(place: Place) -> None:
    def work(connection: Connection, keyring: Keyring) -> None:
        settings = place.project.settings
        request = JoinRequest(ANNA, ("main",))
        ask_to_join(connection, keyring, settings, request, now=LATER)
        number = connection.scalar(select(joinings.c.id))
        assert number is not None
        confirm_joining(connection, settings, number, now=LATER)

    place.write(work)


def by_their_settings(place: Place) -> None:
    def work(connection: Connection, keyring: Keyring) -> None:
        anna = find_by_key(connection, ANNA)
        assert anna is not None
        token = sign(keyring, Purpose.PREFERENCES, anna.id)
        wish = Wish(joined=frozenset({"main"}))
        settings = place.project.settings
        save_preferences(connection, keyring, settings, token, wish, now=LATER)

    place.write(work)


def by_paper(place: Place) -> None:
    newcomer = Newcomer(ANNA, "main", consent="paper form, 3 May")
    add_subscriber(place.project, newcomer, now=LATER)


@pytest.mark.parametrize("away", [leaves_all, is_imported_as_left])
@pytest.mark.parametrize("way", [by_confirming, by_their_settings, by_paper])
def test_who_comes_back_to_one_list_stays_away_from_the_others(
    place: Place, way: Callable[[Place], None], away: Callable[[Place], None]
) -> None:
    away(place)
    way(place)
    assert place.mailable() == {"main"}
    import_as(STATUS.ACTIVE)(place)
    assert place.mailable() == {"main"}


def test_who_was_forgotten_comes_back_by_confirming(place: Place) -> None:
    is_forgotten(place)
    by_confirming(place)
    assert place.mailable() == {"main"}


@pytest.mark.parametrize("away", [complained, blocked])
def test_who_wants_no_mail_at_all_is_not_even_asked(
    place: Place, away: Callable[[Place], None]
) -> None:
    away(place)
    ask(place)

    def look(connection: Connection, _: Keyring) -> None:
        assert connection.scalar(select(joinings.c.subscriber_id)) is None

    place.write(look)


def _asked_before(place: Place) -> None:
    """She asked for both lists while she was on none; the link lies in her mailbox."""
    before = NOW - timedelta(hours=2)

    def work(connection: Connection, keyring: Keyring) -> None:
        anna = find_by_key(connection, ANNA)
        assert anna is not None
        word = Word(before, "page")
        unsubscribe(connection, anna.id, scope=EVERY_LIST, word=word)
        request, settings = JoinRequest(ANNA, LISTS), place.project.settings
        ask_to_join(connection, keyring, settings, request, now=before)

    place.write(work)


def _confirm_first(place: Place) -> None:
    settings = place.project.settings
    place.write(lambda connection, _: _press(connection, settings))


def _press(connection: Connection, settings: Settings) -> None:
    number = connection.scalar(select(joinings.c.id).order_by(joinings.c.id)) or 0
    confirm_joining(connection, settings, number, now=LATER)


@pytest.mark.parametrize(
    "away",
    [
        leaves_all,
        leaves_one,
        is_forgotten,
        complained,
        blocked,
        moves,
        moves_and_leaves,
    ],
)
@pytest.mark.parametrize("comes_back", [True, False], ids=["on again", "never on"])
def test_link_asked_for_before_somebody_went_brings_nobody_back(
    place: Place, away: Callable[[Place], None], comes_back: bool
) -> None:
    _asked_before(place)
    if comes_back:
        for slug in LISTS:
            newcomer = Newcomer(ANNA, slug, consent="paper form")
            add_subscriber(place.project, newcomer, now=NOW - timedelta(hours=1))
    away(place)
    _confirm_first(place)
    assert place.mailable() & AWAY[away] == set()


def test_link_asked_for_before_she_left_one_list_is_good_for_the_other(
    place: Place,
) -> None:
    _asked_before(place)
    leaves_one(place)
    _confirm_first(place)
    assert place.mailable() == {"events"}


def test_link_asked_for_before_mail_came_back_is_good(place: Place) -> None:
    """Whoever presses the button there has a mailbox that works."""
    _asked_before(place)
    bounced(place)
    _confirm_first(place)
    assert place.mailable() == set(LISTS)


def test_undoing_takes_back_what_it_undoes_and_no_more(place: Place) -> None:
    leaves_one(place)

    def work(connection: Connection, keyring: Keyring) -> None:
        anna = find_by_key(connection, ANNA)
        assert anna is not None
        left_at = NOW + timedelta(minutes=5)
        unsubscribe(connection, anna.id, scope=EVERY_LIST, word=Word(left_at, "page"))
        token = undo_token(keyring, anna.id, left_at)
        undo(connection, keyring, token, source="page", now=LATER)

    place.write(work)
    assert place.mailable() == {"events"}
