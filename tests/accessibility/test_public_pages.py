"""Every public page as a browser shows it: five languages, light and dark, 320 pixels.

The pages come from a real server over a real database; those that answer a form are
laid before the browser as they came.
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import pytest
from starlette.types import ASGIApp, Receive, Scope, Send

from newsletter.addresses import address_key
from newsletter.i18n import WORDING
from newsletter.model.settings import (
    FieldSettings,
    ListSettings,
    NewsletterSettings,
    ServerSettings,
    Settings,
    WebSettings,
)
from newsletter.model.subscriber import SubscriptionStatus
from newsletter.store.address_changes import AddressChange, insert_change
from newsletter.store.consent import Word, read_history, set_status
from newsletter.store.joinings import Joining, insert_joining
from newsletter.store.people import (
    Person,
    ensure_lists,
    insert_people,
    read_ids,
    read_subscriptions,
    update_fields,
)
from newsletter.tokens import Purpose, address_hash, sign
from newsletter.web.app import public_app
from newsletter.web.language import OWN_NAMES
from newsletter.workflow.desk import Desk, open_desk
from newsletter.workflow.project import Project
from newsletter.workflow.serve import open_listener, serving

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser

TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)
LONG = "Ongedocumenteerdensteunpuntwaarheidsvindingscommissievoorzitter"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}

SETTINGS = Settings(
    NewsletterSettings(
        name=f"De Brug {LONG}",
        sender="De Brug <post@example.org>",
        reply_to=f"{LONG}@example.org",
        base_url="https://news.example.org",
    ),
    lists={
        "main": ListSettings(is_public=True),
        "events": ListSettings(LONG, f"Once a month, {LONG}.", is_public=True),
        "board": ListSettings("Board"),
    },
    fields={
        "first_name": FieldSettings(title="First name", is_asked=True),
        "born": FieldSettings("date", title="Born on", is_asked=True),
        "children": FieldSettings("number", title="Children", is_asked=True),
        "interests": FieldSettings("list", title=LONG, is_asked=True),
    },
    server=ServerSettings("localhost", 25, security="none"),
    web=WebSettings(privacy=f"Ask {LONG}.\n\nOr another one."),
)

#: Every page by a name of its own -> how it is reached: path, and what is sent or None.
Way = tuple[str, Mapping[str, str] | None]


@dataclass
class House:
    """A running site, and people in every state that a page knows."""

    desk: Desk
    app: ASGIApp
    port: int
    url: str
    people: int = 0

    def token(self, purpose: Purpose, *numbers: int) -> str:
        return sign(self.desk.keyring, purpose, *numbers)

    def person(self, email: str) -> Person:
        key = address_key(email)
        return Person(email, key, address_hash(self.desk.keyring, key))

    def reader(self) -> int:
        """Return a new subscriber of every list."""
        self.people += 1
        person = self.person(f"{LONG[:50]}{self.people}@{LONG}.example.org")
        with self.desk.database.writing() as connection:
            ids = ensure_lists(connection, SETTINGS.lists)
            insert_people(connection, [person], now=NOW)
            reader = read_ids(connection, [person.key])[person.key]
            for slug in SETTINGS.lists:
                set_status(
                    connection,
                    [reader],
                    list_id=ids[slug],
                    status=SubscriptionStatus.ACTIVE,
                    kind="imported",
                    word=Word(NOW, "sample.csv"),
                )
            update_fields(connection, {reader: {"first_name": "Anna", "born": "x"}})
        return reader

    def change(self, email: str) -> str:
        """Return the token of a new address that a new reader asked for."""
        change = AddressChange(self.reader(), self.person(email), "")
        with self.desk.database.writing() as connection:
            row = insert_change(connection, change, now=NOW)
        return self.token(Purpose.CHANGE, row)

    def joining(self) -> int:
        """Return a request to join of somebody we wrote to."""
        reader = self.reader()
        with self.desk.database.writing() as connection:
            joining = Joining(
                self.person(f"new{reader}@example.org").hash,
                WORDING,
                "",
                "/join",
                NOW,
                subscriber_id=reader,
                lists=("main", "events"),
            )
            return insert_joining(connection, joining)

    def leave(self) -> str:
        """Return the way to leave one list, for a reader of others too."""
        return f"/u/{self.token(Purpose.UNSUBSCRIBE, self.reader(), 1)}"

    def settings(self) -> str:
        return f"/p/{self.token(Purpose.PREFERENCES, self.reader())}"

    def undo(self, left_at: datetime) -> str:
        reader = self.reader()
        self.ask(f"/u/{self.token(Purpose.UNSUBSCRIBE, reader, 0)}", {"leave": "yes"})
        moment = int(left_at.timestamp() * 1000)
        return f"/undo/{self.token(Purpose.UNDO, reader, moment)}"

    def ask(self, path: str, form: Mapping[str, str] | None) -> str:
        """Return a page."""
        with closing(HTTPConnection("127.0.0.1", self.port, timeout=10)) as line:
            if form is None:
                line.request("GET", path)
            else:
                line.request("POST", path, urlencode(form), FORM)
            return line.getresponse().read().decode()

    def ways(self) -> dict[str, Way]:
        """Return how to reach every page, each with people of its own."""
        other = f"other{self.people}@example.org"
        taken = self.person(other)
        with self.desk.database.writing() as connection:
            insert_people(connection, [taken], now=NOW)
        confirm = self.token(Purpose.CONFIRM, self.joining())
        not_me = self.token(Purpose.NOT_ME, self.joining())
        return {
            "leave": (self.leave(), None),
            "left": (self.leave(), {"leave": "yes"}),
            "undo": (self.undo(NOW), None),
            "undone": (self.undo(NOW), {"undo": "yes"}),
            "nothing to undo": (self.undo(NOW - timedelta(days=2)), None),
            "settings": (self.settings(), None),
            "settings, saved": (
                self.settings(),
                {"do": "save", "field-first_name": "A"},
            ),
            "settings, problems": (
                self.settings(),
                {"do": "save", "field-born": "x", "field-children": "many"},
            ),
            "settings, list left": (self.settings(), {"do": "save", "was": "events"}),
            "settings, all off": (self.settings(), {"do": "all-off"}),
            "settings, address": (
                self.settings(),
                {"do": "address", "email": "new@example.org"},
            ),
            "settings, no address": (self.settings(), {"do": "address", "email": LONG}),
            "address": (f"/a/{self.change(f'{LONG}@example.org')}", None),
            "address done": (f"/a/{self.change(f'a{self.people}@b.org')}", {"x": "1"}),
            "address taken": (f"/a/{self.change(other)}", None),
            "lost link": ("/leave", None),
            "lost link sent": ("/leave", {"email": "anna@example.org"}),
            "lost link, no address": ("/leave", {"email": LONG}),
            "join": ("/join", None),
            "join, problems": ("/join", {"email": LONG, "field-born": "x"}),
            "join, sent": ("/join", {"email": "a@b.org", "website": "x"}),
            "confirm": (f"/c/{confirm}", None),
            "joined": (f"/c/{confirm}", {"confirm": "yes"}),
            "not me": (f"/n/{not_me}", None),
            "not me, done": (f"/n/{not_me}", {"block": "yes"}),
            "privacy": ("/privacy", None),
            "archive": ("/", None),
            "unknown": (f"/{LONG}", None),
            "dead link": (f"/c/{LONG}", None),
            "test mail": (f"/u/{self.token(Purpose.TEST, 1, 1)}", None),
        }


@contextmanager
def open_house(root: Path) -> Iterator[House]:
    project = Project(root, SETTINGS)
    listener = open_listener("127.0.0.1", 0)
    with open_desk(project) as desk:
        app = public_app(project, desk, now=lambda: NOW)
        with serving(app, listener) as url:
            yield House(desk, app, listener.port, url)


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with open_house(tmp_path_factory.mktemp("project")) as house:
        yield house


#: Usually one language in each direction; the others say the same at other lengths.
LANGUAGES = [
    language
    if language in ("nl", "ar")
    else pytest.param(language, marks=pytest.mark.long)
    for language in OWN_NAMES
]


@pytest.fixture(scope="module", params=LANGUAGES)
def pages(request: pytest.FixtureRequest, house: House) -> dict[str, str]:
    """Every page in one language: its name -> HTML."""
    language = f"?lang={request.param}"
    return {
        name: house.ask(path + language, form)
        for name, (path, form) in house.ways().items()
    }


@pytest.fixture(scope="module")
def tab(browser: "Browser") -> Iterator["Page"]:
    context = browser.new_context(offline=True)
    yield context.new_page()
    context.close()


def show(tab: "Page", page: str, *, width: int = 640, scheme: Any = "light") -> None:
    tab.set_viewport_size({"width": width, "height": 800})
    tab.emulate_media(color_scheme=scheme)
    tab.set_content(page)


def test_every_page_is_another_one(pages: dict[str, str]) -> None:
    """Else one would be missed that leads nowhere for want of the right people."""
    titles = {name: re.findall(r"<h1>([^<]+)", page) for name, page in pages.items()}
    assert all(len(title) == 1 for title in titles.values())
    again = {name for name in titles if name.partition(",")[1]}
    again -= {"not me, done"}
    # Both send to the mailbox in the same words.
    again.add("lost link sent")
    first = [titles[name][0] for name in titles.keys() - again]
    assert len(set(first)) == len(first)


def violations(tab: "Page", only: Mapping[str, Any]) -> dict[str, list[str]]:
    """Return what axe-core finds on the page that is shown: rule -> elements."""
    result = tab.evaluate("only => axe.run({runOnly: only})", only)
    assert result["passes"]
    return {
        found["id"]: [node["html"] for node in found["nodes"]]
        for found in result["violations"]
    }


def test_pages_have_no_violations(tab: "Page", axe: str, pages: dict[str, str]) -> None:
    found = {}
    for name, page in pages.items():
        show(tab, page, width=320)
        tab.evaluate(axe)
        found[name] = violations(tab, {"type": "tag", "values": TAGS})
        tab.emulate_media(color_scheme="dark")
        # Nothing but the colours differs.
        found[f"{name}, dark"] = violations(
            tab, {"type": "rule", "values": ["color-contrast"]}
        )
    assert {name: wrong for name, wrong in found.items() if wrong} == {}


@pytest.mark.parametrize("zoom", ["100%", "200%"])
def test_pages_do_not_scroll_sideways_on_a_phone(
    tab: "Page", pages: dict[str, str], zoom: str
) -> None:
    """At twice the text size too (WCAG 1.4.4 and 1.4.10)."""
    wide = {}
    for name, page in pages.items():
        show(tab, page, width=320)
        tab.evaluate("size => document.documentElement.style.fontSize = size", zoom)
        width = tab.evaluate("document.documentElement.scrollWidth")
        if width != 320:
            wide[name] = width
    assert wide == {}


def test_reader_leaves_and_comes_back_by_keyboard_without_script(
    browser: "Browser", house: House
) -> None:
    context = browser.new_context(java_script_enabled=False)
    tab = context.new_page()
    said: list[str] = []
    tab.on("console", lambda message: said.append(message.text))
    reader = house.reader()
    tab.goto(f"{house.url}/u/{house.token(Purpose.UNSUBSCRIBE, reader, 0)}?lang=en")
    for title in ("You are unsubscribed.", "Your unsubscribing is undone."):
        tab.keyboard.press("Tab")
        tab.keyboard.press("Enter")
        tab.get_by_role("heading", name=title).wait_for()
    assert standing(house, reader) == {"active"}
    tab.get_by_role("link", name="Your settings").focus()
    tab.keyboard.press("Enter")
    tab.get_by_role("heading", name="Your settings").wait_for()
    box = tab.get_by_role("checkbox", name="Board")
    box.focus()
    tab.keyboard.press("Space")
    tab.get_by_role("button", name="Save").focus()
    tab.keyboard.press("Enter")
    tab.get_by_text("Your settings are saved.").wait_for()
    assert standing(house, reader) == {"active", "unsubscribed"}
    assert box.count() == 0
    assert said == []
    context.close()


def test_style_of_a_page_is_let_through_and_nothing_is_fetched(
    browser: "Browser", house: House
) -> None:
    context = browser.new_context()
    tab = context.new_page()
    asked: list[str] = []
    said: list[str] = []
    tab.on("request", lambda request: asked.append(request.url))
    tab.on("console", lambda message: said.append(message.text))
    address = house.url + house.settings()
    tab.goto(address)
    assert tab.evaluate("getComputedStyle(document.querySelector('h1')).fontWeight")
    assert tab.evaluate("getComputedStyle(document.body).marginTop") == "0px"
    assert [url for url in asked if not url.endswith("/favicon.ico")] == [address]
    assert said == []
    assert context.cookies() == []
    context.close()


def test_scanner_that_runs_scripts_and_follows_every_link_changes_nothing(
    browser: "Browser", house: House
) -> None:
    """Security programs open the links of a mail in a browser, and look around."""
    context = browser.new_context()
    tab = context.new_page()
    reader = house.reader()
    before = history(house, reader)
    for path in (
        f"/u/{house.token(Purpose.UNSUBSCRIBE, reader, 0)}",
        f"/p/{house.token(Purpose.PREFERENCES, reader)}",
    ):
        tab.goto(house.url + path)
        links = tab.evaluate("[...document.links].map(link => link.href)")
        for link in [link for link in links if link.startswith(house.url)]:
            tab.goto(link)
            tab.evaluate(
                "window.scrollTo(0, 9e9);"
                "document.querySelectorAll('*').forEach(one => {"
                "for (const kind of ['mouseover', 'mousemove', 'focus', 'blur'])"
                "one.dispatchEvent(new Event(kind, {bubbles: true})) })"
            )
    assert history(house, reader) == before
    context.close()


def test_pages_below_a_path_of_a_proxy_lead_to_each_other(
    browser: "Browser", tmp_path: Path
) -> None:
    context = browser.new_context(java_script_enabled=False, locale="nl")
    tab = context.new_page()
    with open_house(tmp_path) as house, below(house, "/a/b") as url:
        tab.goto(url + house.leave())
        tab.get_by_role("link", name="English").click()
        tab.get_by_role("button", name="Unsubscribe", exact=True).click()
        tab.get_by_role("button", name="Undo").click()
        tab.get_by_role("heading", name="Your unsubscribing is undone.").wait_for()
        tab.get_by_role("link", name="Your settings").click()
        tab.get_by_role("button", name="Unsubscribe from everything").click()
        tab.get_by_role("button", name="Undo").click()
        tab.get_by_role("link", name="What we keep about you").click()
        assert tab.url == f"{url}/privacy?lang=en"
        tab.get_by_role("link", name="All issues").click()
        assert tab.url == f"{url}/?lang=en"
        tab.goto(f"{url}/nothing/at-all")
        tab.get_by_role("link", name="uitschrijven").click()
        tab.get_by_role("heading", name="Uitschrijven zonder uw link").wait_for()
        assert tab.url == f"{url}/leave?lang=nl"
    context.close()


@contextmanager
def below(house: House, prefix: str) -> Iterator[str]:
    """Pass requests on as a reverse proxy does that takes a path of its own off."""

    async def proxy(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            path = scope["path"]
            assert path.startswith(prefix), f"{path} leads out of {prefix}"
            await house.app({**scope, "path": path.removeprefix(prefix)}, receive, send)

    with serving(proxy, open_listener("127.0.0.1", 0)) as url:
        yield url + prefix


def standing(house: House, reader: int) -> set[str]:
    with house.desk.database.reading() as connection:
        found = read_subscriptions(connection, reader)
    return {one.status.name.lower() for one in found}


def history(house: House, reader: int) -> list[Any]:
    with house.desk.database.reading() as connection:
        return list(read_history(connection, reader))
