"""An address that its reader, or somebody with a forwarded link, changed."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from newsletter.cli import run
from newsletter.model.dispatch import Order
from newsletter.store.consent import Word, suppress
from newsletter.store.contents import Content, save_content
from newsletter.store.dispatches import create_dispatch
from newsletter.store.people import find_by_key
from newsletter.store.tables import address_changes
from newsletter.tokens import Purpose, address_hash, sign
from newsletter.workflow.desk import open_desk
from newsletter.workflow.new_address import ask_for_address, confirm_change
from newsletter.workflow.preferences import find_person
from newsletter.workflow.project import open_project
from newsletter.workflow.retention import erase_outdated

OLD, NEW = "nieuw@lid.example", "dief@boef.example"
NOW = datetime(2026, 5, 3, 12, tzinfo=UTC)
SHOWN = "2026-05-03 14:00 CEST"
SETTINGS = """
[newsletter]
name = "Harbour"
sender = "Harbour <letter@example.org>"
time_zone = "Europe/Amsterdam"
[lists.main]
[lists.events]
"""
STOP = f"""\
  To stop mail to {NEW}:
    newsletter subscribers unsubscribe {NEW}
  To take its name, history and link to the settings away as well:
    newsletter subscribers forget {NEW}
"""


class Office:
    """The command line of a project whose reader is on two lists."""

    def __init__(self, root: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.root = root
        self._capsys = capsys

    def __call__(self, *arguments: str) -> tuple[int, str, str]:
        code = run(["subscribers", *arguments, "--project", str(self.root)])
        out, err = self._capsys.readouterr()
        return code, out, err

    def move(self, before: str = OLD, after: str = NEW) -> None:
        """Ask for another address on the page of settings, and confirm it."""
        with (
            open_desk(open_project(self.root)) as desk,
            desk.database.writing() as connection,
        ):
            keys = desk.keyring
            reader = find_by_key(connection, before)
            assert reader is not None
            page = sign(keys, Purpose.PREFERENCES, reader.id)
            ask_for_address(connection, keys, page, after, language="nl", now=NOW)
            number = connection.scalar(select(func.max(address_changes.c.id)))
            link = sign(keys, Purpose.CHANGE, number or 0)
            confirm_change(connection, keys, link, now=NOW)

    def dispatch(self) -> None:
        with (
            open_desk(open_project(self.root)) as desk,
            desk.database.writing() as connection,
        ):
            save_content(connection, Content("c0ffee", "may", "Hi", b"x"), now=NOW)
            create_dispatch(connection, Order("may", "c0ffee", ("main",)), now=NOW)

    def block(self, address: str) -> None:
        """Let an address want no mail of ours, so that it is not told either."""
        with (
            open_desk(open_project(self.root)) as desk,
            desk.database.writing() as connection,
        ):
            hashes = [address_hash(desk.keyring, address)]
            word = Word(NOW, "mail")
            suppress(connection, hashes, scope="events", reason="blocked", word=word)

    def is_settings_link_good(self) -> bool:
        """Tell whether the link that was forwarded leads to anybody's settings."""
        with (
            open_desk(open_project(self.root)) as desk,
            desk.database.reading() as connection,
        ):
            token = sign(desk.keyring, Purpose.PREFERENCES, 1)
            return find_person(connection, desk.keyring, token) is not None

    def erase_requests(self) -> None:
        erase_outdated(open_project(self.root), now=NOW + timedelta(days=20))


@pytest.fixture
def office(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Office:
    (tmp_path / "newsletter.toml").write_text(SETTINGS)
    office = Office(tmp_path, capsys)
    office("add", OLD, "--list", "main")
    office("add", OLD, "--list", "events")
    return office


def test_show_of_an_address_of_before_says_where_its_mail_goes(office: Office) -> None:
    office.move()
    assert office("show", OLD) == (
        0,
        f"{OLD}\n"
        f"moved to {NEW} on {SHOWN}; the mail of events and main goes there\n"
        f"{STOP}"
        f"gets no mail of any list any more: moved, {SHOWN}, preferences\n",
        "",
    )


def test_show_after_two_moves_names_the_address_of_now(office: Office) -> None:
    office.move(after="between@boef.example")
    office.move("between@boef.example", NEW)
    assert f"moved to {NEW} on {SHOWN}" in office("show", OLD)[1]
    assert f"moved to {NEW} on {SHOWN}" in office("show", "between@boef.example")[1]


def test_show_of_an_address_that_came_back_by_itself_names_no_other(
    office: Office,
) -> None:
    office.move()
    office.move(NEW, OLD)
    assert "moved to" not in office("show", OLD)[1]


def test_show_of_an_address_that_could_not_be_told_says_where_its_mail_goes(
    office: Office,
) -> None:
    office.block(OLD)
    office.move()
    assert (
        f"moved to {NEW} on {SHOWN}; the mail of main goes there\n"
        in (office("show", OLD)[1])
    )


def test_show_once_the_request_is_erased_goes_by_the_mails_sent(
    office: Office,
) -> None:
    office.dispatch()
    office.move()
    office.erase_requests()
    assert f"moved to {NEW} on {SHOWN}; " in office("show", OLD)[1]


def test_show_when_nothing_tells_where_it_moved_to_says_so(office: Office) -> None:
    office.move()
    office.erase_requests()
    assert office("show", OLD)[1].splitlines()[1] == (
        f"moved to another address on {SHOWN}; which one is no longer kept"
    )


def test_show_as_json_has_the_address_of_now_and_its_lists(office: Office) -> None:
    office.move()
    found = json.loads(office("show", OLD, "--json")[1])
    assert found["moved_to"] == [
        {"email": NEW, "at": "2026-05-03T12:00:00+00:00", "gets": ["events", "main"]}
    ]


def test_add_of_an_address_of_before_says_who_still_gets_its_mail(
    office: Office,
) -> None:
    office.move()
    consent = ("--consent", "schreef ons", "--list", "main")
    assert office("add", OLD, *consent) == (
        0,
        f"{OLD}: readmitted\n",
        f"{OLD} had moved to {NEW} on {SHOWN}; the mail of events and main goes there. "
        f"{OLD} gets the mail of main now.\n{STOP}",
    )


def test_add_as_json_says_on_the_same_line_who_still_gets_its_mail(
    office: Office,
) -> None:
    office.move()
    consent = ("--consent", "schreef ons", "--list", "main", "--json")
    code, out, err = office("add", OLD, *consent)
    assert (code, err) == (0, "")
    at = "2026-05-03T12:00:00+00:00"
    assert json.loads(out) == {
        "email": OLD,
        "result": "readmitted",
        "moved_to": [{"email": NEW, "at": at, "gets": ["events", "main"]}],
    }


def test_add_once_mail_to_the_other_address_is_stopped_says_what_is_left_there(
    office: Office,
) -> None:
    office.move()
    office("unsubscribe", NEW)
    consent = ("--consent", "schreef ons", "--list", "main")
    assert office("add", OLD, *consent)[2] == (
        f"{OLD} had moved to {NEW} on {SHOWN}; no mail of any list goes there. "
        f"{OLD} gets the mail of main now.\n"
        "  To take its name, history and link to the settings away as well:\n"
        f"    newsletter subscribers forget {NEW}\n"
    )


def test_cure_in_the_order_of_the_docs_leaves_the_old_address_alone(
    office: Office,
) -> None:
    office.move()
    assert office.is_settings_link_good()
    office("unsubscribe", NEW)
    for slug in ("main", "events"):
        office("add", OLD, "--consent", "schreef ons", "--list", slug)
    office("forget", NEW, "--yes")
    rows = json.loads(office("list", "--json")[1])["subscribers"]
    assert [(one["email"], one["list"], one["status"]) for one in rows] == [
        (OLD, "events", "active"),
        (OLD, "main", "active"),
    ]
    assert "moved to" not in office("show", OLD)[1]
    assert not office.is_settings_link_good()


def test_add_of_who_never_moved_says_nothing_of_it(office: Office) -> None:
    office("unsubscribe", OLD)
    assert office("add", OLD, "--consent", "schreef ons", "--list", "main")[2] == ""
