import re
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import hypothesis
import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import html
from sqlalchemy import select

from newsletter.addresses import address_key
from newsletter.model.settings import (
    FieldSettings,
    ListSettings,
    ServerSettings,
    Settings,
    WebSettings,
)
from newsletter.model.subscriber import SubscriptionStatus
from newsletter.store.consent import Word, set_status, suppress
from newsletter.store.instants import to_millis
from newsletter.store.people import ensure_lists, find_by_key
from newsletter.store.tables import joinings, notices, subscribers
from newsletter.tokens import Purpose, address_hash, sign
from newsletter.web.app import public_app
from newsletter.workflow.desk import open_desk
from newsletter.workflow.project import Project
from newsletter.workflow.serve import open_listener, serving

from .conftest import NOW, Answer, Site, make_settings

SECOND, DAY = timedelta(seconds=1), timedelta(days=1)


@dataclass(frozen=True)
class Door(Site):
    """A site that one can join."""

    clock: list[datetime] = field(default_factory=lambda: [NOW])

    def pass_time(self, time: timedelta) -> None:
        self.clock[0] += time

    def shown(self, page: str | None = None) -> str:
        """Return the hidden moment of a form."""
        found = html.fromstring(page or self.ask("GET", "/join").text)
        return str(found.xpath("//input[@name='shown']/@value")[0])

    def send(
        self,
        email: str,
        *,
        query: str = "",
        waits: timedelta = 4 * SECOND,
        fields: Mapping[str, str] | None = None,
        **more: str,
    ) -> Answer:
        """Fill the form in and send it, as slowly as people do."""
        given = {"list": "main", "shown": self.shown(), "website": "", **more}
        given |= fields or {}
        self.pass_time(waits)
        return self.post_form(
            f"/join{query}", urlencode({"email": email, **given}).encode()
        )

    def rows(self, table: Any) -> list[Any]:
        with self.desk.database.reading() as connection:
            return list(connection.execute(select(table)))

    def way(self, page: str, number: int = 1) -> str:
        purposes = {"c": Purpose.CONFIRM, "n": Purpose.NOT_ME}
        return f"/{page}/{sign(self.desk.keyring, purposes[page], number)}"

    def standing(self, email: str) -> dict[str, str]:
        with self.desk.database.reading() as connection:
            found = find_by_key(connection, address_key(email))
        return self.statuses(found.id) if found else {}


def joinable(**web: Any) -> Settings:
    settings = make_settings(base_url="https://news.example.org")
    return replace(
        settings,
        lists={
            "main": ListSettings(is_public=True),
            "events": ListSettings("Events", "Where we meet", is_public=True),
            "board": ListSettings("Board"),
        },
        fields={
            "first_name": FieldSettings(title="First name", is_asked=True),
            "born": FieldSettings(type="date", is_asked=True),
            "note": FieldSettings(),
        },
        server=ServerSettings("127.0.0.1", 1, security="none"),
        web=WebSettings(**web),
    )


def open_door(root: Path, settings: Settings) -> Iterator[Door]:
    project = Project(root, settings)
    listener = open_listener("127.0.0.1", 0)
    with open_desk(project) as desk:
        door = Door(project, desk, listener)
        with serving(public_app(project, desk, now=lambda: door.clock[0]), listener):
            yield door


@pytest.fixture
def settings() -> Settings:
    return joinable()


@pytest.fixture
def door(tmp_path: Path, settings: Settings) -> Iterator[Door]:
    yield from open_door(tmp_path, settings)


# --- the form ---------------------------------------------------------------------


def test_form_asks_for_address_public_lists_and_asked_fields(door: Door) -> None:
    answer = door.ask("GET", "/join")
    page = html.fromstring(answer.text)
    assert answer.status == 200
    assert page.xpath("//form//input/@name") == [
        "email",
        "list",
        "list",
        "field-first_name",
        "field-born",
        "website",
        "shown",
    ]
    assert page.xpath("//input[@name='list']/@value") == ["main", "events"]
    assert page.xpath("//input[@checked]") == []
    assert "Board" not in answer.text


def test_form_may_be_found_but_not_kept(door: Door) -> None:
    answer = door.ask("GET", "/join")
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Robots-Tag"] is None
    assert "noindex" not in answer.text
    assert answer.headers["Set-Cookie"] is None


@pytest.mark.parametrize(
    "settings", [replace(joinable(), lists={"main": ListSettings(is_public=True)})]
)
def test_form_of_the_only_list_has_no_choice(door: Door) -> None:
    page = html.fromstring(door.ask("GET", "/join").text)
    assert page.xpath("//input[@name='list']/@type") == ["hidden"]
    door.send("anna@example.org")
    assert door.standing("anna@example.org") == {"main": "pending"}


@pytest.mark.parametrize("settings", [make_settings()])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_without_a_public_list_there_is_no_form(door: Door, method: str) -> None:
    assert door.ask(method, "/join").status == 404


@pytest.mark.parametrize(
    "settings",
    [
        replace(joinable(), server=None),
        joinable(joins_per_hour=0),
        replace(joinable(), newsletter=make_settings().newsletter),
    ],
    ids=["no server", "nobody may join", "no public address"],
)
def test_where_no_mail_can_be_sent_the_page_says_whom_to_write_to(
    door: Door,
) -> None:
    answers = [door.ask("GET", "/join"), door.post_form("/join", b"email=a@b.example")]
    assert [answer.status for answer in answers] == [200, 200]
    assert all("mailto:office@example.org" in answer.text for answer in answers)
    assert all("<form" not in answer.text for answer in answers)
    assert door.rows(joinings) == []


def test_sending_asks_the_owner_of_the_address(door: Door) -> None:
    answer = door.send("anna@example.org", fields={"field-first_name": "Anna"})
    assert answer.status == 200
    assert "<h1>Please look into your mailbox.</h1>" in answer.text
    assert "anna" not in answer.text
    (joining,) = door.rows(joinings)
    assert (joining.lists, joining.fields, joining.source) == (
        ["main"],
        {"first_name": "Anna"},
        "/join",
    )
    assert [row.kind for row in door.rows(notices)] == ["confirm"]


def test_language_of_the_page_is_that_of_the_mail(door: Door) -> None:
    door.send("anna@example.org", query="?lang=ar")
    assert [row.language for row in door.rows(notices)] == ["ar"]


@pytest.mark.parametrize(
    ("email", "fields", "problem"),
    [
        ("anna", {}, "This is not an email address."),
        ("", {}, "This is not an email address."),
        ("a@b.example, c@d.example", {}, "This is not an email address."),
        ("a@b.example", {"list": "board"}, "Please choose at least one."),
        ("a@b.example", {"list": "none"}, "Please choose at least one."),
        (
            "a@b.example",
            {"field-born": "yesterday"},
            "Please write a date such as 2026-05-03.",
        ),
        ("a@b.example", {"field-first_name": "x" * 101}, "Please write less here."),
    ],
)
def test_what_is_wrong_is_said_beside_it_and_what_was_typed_stays(
    door: Door, email: str, fields: dict[str, str], problem: str
) -> None:
    answer = door.send(email, fields={"field-first_name": "Anna", **fields})
    page = html.fromstring(answer.text)
    assert answer.status == 422
    assert [one.text for one in page.find_class("problem")] == [problem]
    # The summary at the top leads to the very place.
    (place,) = page.xpath("//*[@role='status']//a/@href")
    wrong = page.get_element_by_id(place.removeprefix("#"))
    assert wrong.xpath("ancestor-or-self::*[contains(@aria-describedby, 'problem-')]")
    assert page.xpath("//input[@name='email']/@value") == [email]
    typed = {"field-first_name": "Anna", **fields}["field-first_name"]
    assert page.xpath("//input[@name='field-first_name']/@value") == [typed]
    assert door.rows(joinings) == []


def test_markup_that_was_typed_is_shown_as_text(door: Door) -> None:
    answer = door.send('"><script>x</script>')
    assert "<script>" not in answer.text


# --- programs ---------------------------------------------------------------------


def test_field_that_people_do_not_see_gives_programs_away(door: Door) -> None:
    people = door.send("ben@example.org")
    program = door.send("anna@example.org", website="https://evil.example")
    assert (program.status, program.text) == (people.status, people.text)
    assert len(door.rows(joinings)) == 1


def test_form_sent_at_once_is_shown_again_and_goes_through_then(door: Door) -> None:
    answer = door.send("anna@example.org", waits=SECOND)
    assert answer.status == 422
    assert "Please press the button once more." in answer.text
    assert door.rows(joinings) == []
    door.pass_time(2 * SECOND)
    body = {"email": "anna@example.org", "list": "main", "website": ""}
    body["shown"] = door.shown(answer.text)
    assert door.post_form("/join", urlencode(body).encode()).status == 200
    assert len(door.rows(joinings)) == 1


def test_form_left_open_for_days_goes_through_at_the_second_press(door: Door) -> None:
    answer = door.send("anna@example.org", waits=2 * DAY)
    assert answer.status == 422
    body = {"email": "anna@example.org", "list": "main", "website": ""}
    body["shown"] = door.shown(answer.text)
    assert door.post_form("/join", urlencode(body).encode()).status == 200


def test_moment_that_is_missing_forged_or_to_come_counts_for_nothing(
    door: Door,
) -> None:
    keyring = door.desk.keyring
    forged = [
        "",
        "x",
        "1" * 5000,
        sign(keyring, Purpose.CONFIRM, 1),
        sign(keyring, Purpose.FORM, 2**63 - 1),
        sign(keyring, Purpose.FORM),
        sign(keyring, Purpose.FORM, 1, 2),
    ]
    answers = [door.send("anna@example.org", shown=shown) for shown in forged]
    assert {answer.status for answer in answers} == {422}
    assert door.rows(joinings) == []


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"", {}),
        (b"{}", {"Content-Type": "application/json"}),
        (b"x", {"Content-Type": "multipart/form-data"}),
        (b"\xff\x00=%ff", {"Content-Type": "application/x-www-form-urlencoded"}),
    ],
)
def test_form_that_cannot_be_read_is_an_empty_one(
    door: Door, body: bytes, kind: dict[str, str]
) -> None:
    assert door.ask("POST", "/join", body, kind).status == 422


@pytest.mark.parametrize("charset", ["utf-7", "unicode_escape", "undefined"])
def test_form_in_an_odd_charset_is_answered(door: Door, charset: str) -> None:
    value = {"utf-7": b"+2AA-x", "unicode_escape": b"\\ud800x"}.get(charset, b"x")
    field = b'--b\r\nContent-Disposition: form-data; name="email"\r\n\r\n'
    kind = {"Content-Type": f"multipart/form-data; boundary=b; charset={charset}"}
    answer = door.ask("POST", "/join", field + value + b"\r\n--b--\r\n", kind)
    assert answer.status == 422
    assert "\ud800" not in answer.text


def test_form_that_is_too_long_is_refused(door: Door) -> None:
    assert door.post_form("/join", b"email=" + b"a" * 20_000).status == 413


# --- no oracle --------------------------------------------------------------------


def test_answer_tells_nothing_of_the_address(door: Door) -> None:
    """Known, unknown, left, blocked and asked too often: byte for byte the same."""
    door.add_reader("known@example.org")
    left = door.add_reader("left@example.org")
    key = address_key("blocked@example.org")
    with door.desk.database.writing() as connection:
        word = Word(NOW, "page")
        set_status(
            connection,
            [left],
            list_id=ensure_lists(connection, ())["main"],
            status=SubscriptionStatus.UNSUBSCRIBED,
            kind="unsubscribed",
            word=word,
        )
        suppress(
            connection,
            [address_hash(door.desk.keyring, key)],
            scope="*",
            reason="blocked",
            word=word,
        )
    asked = ("known", "left", "blocked", "unknown", "unknown", "known")
    answers = [door.send(f"{name}@example.org") for name in asked]
    assert {answer.status for answer in answers} == {200}
    assert len({answer.text for answer in answers}) == 1
    kept = ("date", "server")
    headers = [
        [(name, value) for name, value in answer.headers.items() if name not in kept]
        for answer in answers
    ]
    assert all(one == headers[0] for one in headers)
    assert len(door.rows(joinings)) == len(asked)


@pytest.mark.parametrize("settings", [joinable(trusted_hops=1)])
def test_one_network_may_ask_ten_times_an_hour_and_is_told_to_wait(
    door: Door,
) -> None:
    def send(number: int, address: str) -> Answer:
        body = {
            "email": f"reader{number}@example.org",
            "list": "main",
            "shown": shown,
        }
        headers = {
            "Content-Type": "application/x-www-form-urlencoded",
            "X-Forwarded-For": address,
        }
        return door.ask("POST", "/join", urlencode(body).encode(), headers)

    shown = door.shown()
    door.pass_time(5 * SECOND)
    answers = [send(number, f"192.0.2.{number}") for number in range(12)]
    assert [answer.status for answer in answers] == [200] * 10 + [429] * 2
    assert answers[-1].headers["Retry-After"] == "3600"
    assert "reader" not in answers[-1].text
    assert send(99, "198.51.100.1").status == 200
    assert len(door.rows(joinings)) == 11


@pytest.mark.parametrize("settings", [joinable(joins_per_hour=30)])
def test_flood_writes_no_more_mails_than_the_settings_allow(
    door: Door,
) -> None:
    shown = door.shown()
    door.pass_time(5 * SECOND)

    def send(number: int) -> int:
        body = {"email": f"r{number}@example.org", "list": "main", "shown": shown}
        return door.post_form("/join", urlencode(body).encode()).status

    with ThreadPoolExecutor(20) as threads:
        statuses = list(threads.map(send, range(300)))
    assert sorted(set(statuses)) == [200, 429]
    assert len(door.rows(notices)) == len(door.rows(subscribers)) == 30


def test_one_address_sent_by_many_at_once_is_written_to_once(door: Door) -> None:
    shown = door.shown()
    door.pass_time(5 * SECOND)
    body = {"email": "anna@example.org", "list": "main", "shown": shown}
    encoded = urlencode(body).encode()
    with ThreadPoolExecutor(20) as threads:
        answers = list(
            threads.map(lambda _: door.post_form("/join", encoded), [0] * 60)
        )
    assert {answer.status for answer in answers} == {200}
    assert len({answer.text for answer in answers}) == 1
    assert (len(door.rows(notices)), len(door.rows(joinings))) == (1, 60)


# --- the link in the mail ------------------------------------------------------------


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
@pytest.mark.parametrize("page", ["c", "n"])
def test_looking_at_a_link_a_hundred_times_changes_nothing(
    door: Door, page: str, method: str
) -> None:
    door.send("anna@example.org")
    statuses = {door.ask(method, door.way(page)).status for _ in range(100)}
    assert statuses == {204 if method == "OPTIONS" else 200}
    assert door.standing("anna@example.org") == {"main": "pending"}


def test_link_shows_one_button_and_the_masked_address(door: Door) -> None:
    door.send("anna@example.org")
    answer = door.ask("GET", door.way("c"))
    page = html.fromstring(answer.text)
    assert page.xpath("//h1/text()") == ["Do you want to receive Harbour Letter?"]
    assert "a***@<wbr>example<wbr>.org" in answer.text
    assert "anna" not in answer.text
    assert len(page.xpath("//button")) == 1


@pytest.mark.parametrize("page", ["c", "n"])
def test_pages_of_links_are_kept_and_listed_by_nobody(door: Door, page: str) -> None:
    door.send("anna@example.org")
    headers = door.ask("GET", door.way(page)).headers
    assert (headers["Cache-Control"], headers["X-Robots-Tag"]) == (
        "no-store",
        "noindex",
    )
    assert headers["Referrer-Policy"] == "no-referrer"


def test_button_joins_and_leads_to_settings(door: Door) -> None:
    door.send("anna@example.org")
    answers = [door.post_form(door.way("c"), b"do=confirm") for _ in range(2)]
    assert [answer.status for answer in answers] == [200, 200]
    assert answers[0].text == answers[1].text
    assert "<h1>You are subscribed.</h1>" in answers[0].text
    assert "From now on you receive Harbour Letter." in answers[0].text
    (way,) = re.findall(r'href="(\.\./p/[^"?]+)', answers[0].text)
    assert door.ask("GET", way.removeprefix("..")).status == 200
    assert door.standing("anna@example.org") == {"main": "active"}


def test_link_that_was_used_says_so_to_who_left(door: Door) -> None:
    door.send("anna@example.org")
    door.post_form(door.way("c"), b"")
    leave = sign(door.desk.keyring, Purpose.UNSUBSCRIBE, 1, 0)
    door.post_form(f"/u/{leave}", b"List-Unsubscribe=One-Click")
    answer = door.post_form(door.way("c"), b"")
    assert "<h1>This link was used already.</h1>" in answer.text
    assert 'href="../join?lang=en"' in answer.text
    assert door.standing("anna@example.org") == {"main": "unsubscribed"}


def test_page_of_a_link_is_in_the_language_of_the_form(door: Door) -> None:
    door.send("anna@example.org", query="?lang=nl")
    answer = door.ask("GET", door.way("c"), headers={"Accept-Language": "fr"})
    assert '<html lang="nl"' in answer.text


def test_whoever_did_not_ask_is_never_asked_again(door: Door) -> None:
    door.send("anna@example.org")
    answers = [door.post_form(door.way("n"), b"do=not-me") for _ in range(2)]
    assert answers[0].text == answers[1].text
    assert "<h1>Thank you, we will not ask you again.</h1>" in answers[0].text
    assert door.rows(subscribers) == door.rows(notices) == []
    door.pass_time(2 * DAY)
    door.send("anna@example.org")
    assert door.rows(notices) == []
    assert door.ask("GET", door.way("c")).status == 404


def test_subscriber_who_did_not_ask_stays_one(door: Door) -> None:
    door.add_reader("anna@example.org")
    door.send("anna@example.org", list="events")
    answer = door.post_form(door.way("n"), b"do=not-me")
    assert "You go on receiving what you are subscribed to." in answer.text
    assert door.standing("anna@example.org") == {"main": "active"}


def test_every_wrong_link_gets_the_same_page(door: Door) -> None:
    door.send("anna@example.org")
    keyring = door.desk.keyring
    wrong = [
        "/c/x",
        "/n/x",
        f"/c/{sign(keyring, Purpose.NOT_ME, 1)}",
        f"/n/{sign(keyring, Purpose.CONFIRM, 1)}",
        f"/c/{sign(keyring, Purpose.CONFIRM, 99)}",
        f"/n/{sign(keyring, Purpose.NOT_ME, 99)}",
        f"/c/{sign(keyring, Purpose.CONFIRM, 1, 1)}",
        f"/c/{sign(keyring, Purpose.UNSUBSCRIBE, 1, 1)}",
        f"/c/{sign(keyring, Purpose.CONFIRM, 2**63 - 1)}",
        f"/c/{sign(keyring, Purpose.CONFIRM)}",
    ]
    answers = [door.ask("GET", path) for path in wrong]
    answers += [door.post_form(path, b"") for path in wrong]
    assert {answer.status for answer in answers} == {404}
    assert len({answer.text for answer in answers}) == 1
    assert door.standing("anna@example.org") == {"main": "pending"}


@pytest.mark.parametrize("page", ["c", "n"])
def test_link_of_a_test_mail_says_so_and_changes_nothing(door: Door, page: str) -> None:
    door.send("anna@example.org")
    path = f"/{page}/{sign(door.desk.keyring, Purpose.TEST, 1)}"
    answers = [door.ask("GET", path), door.post_form(path, b"")]
    assert all("<h1>This was a test mail.</h1>" in one.text for one in answers)
    assert door.standing("anna@example.org") == {"main": "pending"}


@pytest.mark.parametrize("path", ["/join", "/c/x", "/n/x", "/privacy"])
def test_other_methods_are_refused(door: Door, path: str) -> None:
    answers = [door.ask(method, path) for method in ("PUT", "DELETE", "PATCH")]
    assert {answer.status for answer in answers} == {405}
    assert all("GET" in answer.headers["Allow"] for answer in answers)


# --- anything at all ----------------------------------------------------------------

NAMES = st.sampled_from(
    ["email", "list", "shown", "website", "field-first_name", "field-born", "do", "x"]
)


@pytest.fixture(scope="module")
def open_to_all(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    settings = joinable(joins_per_hour=10_000)
    yield from open_door(tmp_path_factory.mktemp("project"), settings)


@hypothesis.settings(max_examples=150, deadline=None)
@given(
    pairs=st.lists(st.tuples(NAMES, st.text(max_size=40)), max_size=12),
    is_timely=st.booleans(),
    lang=st.text(max_size=8),
)
def test_any_form_is_answered_with_a_page(
    open_to_all: Door, pairs: list[tuple[str, str]], is_timely: bool, lang: str
) -> None:
    moment = to_millis(NOW - timedelta(minutes=1))
    if is_timely:
        pairs = [
            ("shown", sign(open_to_all.desk.keyring, Purpose.FORM, moment)),
            *pairs,
        ]
    body = urlencode(pairs, errors="surrogatepass").encode()
    query = urlencode({"lang": lang}, errors="surrogatepass")
    answer = open_to_all.post_form(f"/join?{query}", body)
    assert answer.status in (200, 422)
    assert len(html.fromstring(answer.text).xpath("//h1")) == 1


@hypothesis.settings(max_examples=150, deadline=None)
@given(
    path=st.sampled_from(["c", "n"]),
    token=st.one_of(
        st.text(min_size=1, max_size=60),
        st.from_regex(r"11g[0-9a-f]{1,16}[0-9a-v]{26}", fullmatch=True),
    ),
    method=st.sampled_from(["GET", "HEAD", "POST"]),
)
def test_any_token_of_nobodys_is_answered_with_the_same_page(
    open_to_all: Door, path: str, token: str, method: str
) -> None:
    quoted = quote(token, safe="", errors="surrogatepass")
    answer = open_to_all.ask(method, f"/{path}/{quoted}")
    assert answer.status == 404
