"""A preview as it runs, of a mail that is a file of the test's own; and a browser."""

import http.client
import json
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from email.message import Message
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    FrameLocator,
    Page,
    Request,
    Route,
    expect,
    sync_playwright,
)

from newsletter.errors import NewsletterError
from newsletter.model.assembled import (
    UNSUBSCRIBE_URL,
    Assembled,
    AssembledImage,
    Slot,
)
from newsletter.model.copy import Reader
from newsletter.model.issue import Field, Issue, Text
from newsletter.model.problem import Place
from newsletter.model.settings import NewsletterSettings, Settings
from newsletter.studio.dispatches import Dispatches
from newsletter.studio.gate import Door
from newsletter.studio.preview import preview_app
from newsletter.studio.watch import Watch
from newsletter.workflow.compose import Composition
from newsletter.workflow.copies import UNKNOWN_READER, make_copies
from newsletter.workflow.preview import Preview, Stamp
from newsletter.workflow.project import Project
from newsletter.workflow.serve import open_listener, serving
from newsletter.workflow.test import Trial, TrialReport

SECRET = "a-secret-of-this-run"
FOLDER = "a-folder-of-this-run"

#: Nothing of its own accord: no look-ups, updates or first-run pages.
CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

MAIL = """<!doctype html>
<html lang="en"><head><title>Spring</title><style>
body { margin: 0; background: #ffffff; color: #101010; }
@media (prefers-color-scheme: dark) { body { background: #101010; color: #ffffff; } }
</style></head><body>
<h1>Spring</h1><p id="words">Dear @@00_0@@,</p>
<img src="cid:boat@letter" alt="A boat" width="1" height="1">
<p><a href="https://example.org/petition">Sign</a>
<a href="@@00_1@@">Unsubscribe</a></p>
<div style="height: 3000px"></div><p>The end</p>
</body></html>
"""

#: One black point.
GIF = (
    b"GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff"
    b",\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;"
)
BOAT = AssembledImage(
    source="boat.gif",
    name="boat-12ab.gif",
    content_id="boat@letter",
    media_type="image/gif",
    data=GIF,
    width=1,
    height=1,
    alt="A boat",
    place=Place("issues/spring.md", 9),
)
ISSUE = Issue(
    file="issues/spring.md",
    slug="spring",
    subject=(Text("Spring for "), Field("first_name", "reader & friend", BOAT.place)),
    preheader=(Text("What the sea brought"),),
    date=date(2026, 3, 20),
    language="en",
    places={
        "subject": Place("issues/spring.md", 2, 10),
        "preheader": Place("issues/spring.md", 3, 12),
    },
)
SETTINGS = Settings(
    NewsletterSettings("Harbour Letter", "Harbour Letter <letter@example.org>"),
    test_to=("desk@example.org",),
)
#: An edge recipient, and a subscriber who is asked for by address.
LONG = Reader(
    "the reader with the longest first_name",
    "l@example.org",
    {"first_name": "Maximiliana"},
)
ANNA = Reader("one of your subscribers", "anna@example.org", {"first_name": "Anna"})


def assembled(html: str = MAIL) -> Assembled:
    return Assembled(
        issue=ISSUE,
        subject="Spring for @@00_0@@",
        html=html,
        text="Dear @@00_0@@,\n\nSpring <is> here.\n\nLeave: @@00_1@@\n",
        slots=(
            Slot("@@00_0@@", "first_name", "reader & friend"),
            Slot("@@00_1@@", UNSUBSCRIBE_URL),
        ),
        links=(),
        embedded=(BOAT,),
        images=(BOAT,),
    )


def preview_of(mail: Assembled | None, base: Preview) -> Preview:
    """Return *base* with this mail in it, as its readers get it."""
    path = Path("/nowhere") / base.file
    return replace(
        base,
        composition=Composition(path, (), mail.issue if mail else None, (), mail, {}),
        copies=make_copies(mail, SETTINGS, (UNKNOWN_READER, LONG)) if mail else (),
    )


PREVIEW = preview_of(
    assembled(),
    Preview(
        file="issues/spring.md",
        made_at=datetime(2026, 3, 20, 12, tzinfo=UTC),
        sender_name="Harbour Letter",
        sender_address="letter@example.org",
        project=Project(Path("/nowhere"), SETTINGS),
    ),
)


@dataclass
class Answer:
    status: int
    headers: Message
    text: str

    @property
    def json(self) -> Any:
        return json.loads(self.text)


@dataclass
class Desk:
    """A running preview; `base` is what it shows besides the mail in the file."""

    mail: Path
    base: Preview = PREVIEW
    fault: Exception | None = None
    door: Door = field(default_factory=lambda: Door(0, "", ""))
    watch: Watch = field(init=False)
    #: Test mails that were asked for, and what comes of them; None: they are taken.
    trials: list[Trial] = field(default_factory=list)
    report: TrialReport | NewsletterError | None = None

    def render(self, now: datetime) -> Preview:
        if self.fault:
            raise self.fault
        text = self.mail.read_text()
        mail = assembled(text) if text.startswith("<!doctype") else None
        return preview_of(mail, replace(self.base, made_at=now))

    def look(self, _: Sequence[Path]) -> Stamp:
        status = self.mail.stat()
        return frozenset({(str(self.mail), status.st_mtime_ns, status.st_size)})

    def send(self, trial: Trial) -> TrialReport:
        self.trials.append(trial)
        if isinstance(self.report, NewsletterError):
            raise self.report
        taken = TrialReport("spring", "Spring", "hash", accepted=trial.to)
        return self.report or taken

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.door.port}{self.door.path}"

    def find_reader(self, email: str) -> Reader | None:
        return ANNA if email == ANNA.email else None

    def save(self, html: str) -> None:
        self.mail.write_text(html)

    def ask(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
    ) -> Answer:
        """Ask as the editor's browser would; *headers* say what is different.

        Args:
            method: As in HTTP.
            path: Begins with a slash, and is in the folder of this run.
            headers: Besides the cookie, or instead of it.
            body: Of the request.
        """
        return self.ask_outside(method, f"/{FOLDER}{path}", headers, body)

    def ask_outside(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
    ) -> Answer:
        """Ask for a path that need not be in the folder of this run."""
        sent = {"Cookie": f"{self.door.cookie}={SECRET}", **(headers or {})}
        host, port = "127.0.0.1", self.door.port
        with closing(http.client.HTTPConnection(host, port, timeout=5)) as connection:
            connection.request(method, path, body, headers=sent)
            with connection.getresponse() as answer:
                text = answer.read().decode(errors="replace")
                return Answer(answer.status, answer.headers, text)

    def post(
        self, path: str, value: object, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """Ask as the page itself would."""
        own = {
            "Origin": f"http://127.0.0.1:{self.door.port}",
            "Content-Type": "application/json",
        }
        body = json.dumps(value).encode()
        return self.ask("POST", path, {**own, **(headers or {})}, body)


@contextmanager
def running(desk: Desk) -> Iterator[Desk]:
    listener = open_listener("127.0.0.1", 0)
    desk.door = Door(listener.port, SECRET, FOLDER)
    desk.watch = Watch(desk.render, desk.look)
    app = preview_app(
        desk.watch,
        desk.door,
        send=desk.send,
        find_reader=desk.find_reader,
        dispatches=Dispatches(desk.mail.parent),
    )
    with serving(app, listener, before_stop=desk.watch.stop):
        yield desk


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    mail = tmp_path / "mail.html"
    mail.write_text(MAIL)
    with running(Desk(mail)) as desk:
        yield desk


@pytest.fixture(scope="module")
def still_desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """A preview of a file that nobody saves."""
    mail = tmp_path_factory.mktemp("still") / "mail.html"
    mail.write_text(MAIL)
    with running(Desk(mail)) as desk:
        yield desk


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    named = os.environ.get("NEWSLETTER_CHROMIUM")
    path = named or shutil.which("chromium") or shutil.which("google-chrome")
    if path is None:
        pytest.skip(
            "no Chromium: install it, or say where it is in NEWSLETTER_CHROMIUM"
        )
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=CHROMIUM_FLAGS)
        yield browser
        browser.close()


@dataclass
class Tab:
    """A page of the preview, with all that it asked for and said."""

    page: Page
    outside: list[str] = field(default_factory=list)
    said: list[str] = field(default_factory=list)

    def open(self, desk: Desk, query: str = "") -> None:
        """Open the start address, or with the cookie of it another one."""
        if query:
            self.page.context.add_cookies(
                [{"name": desk.door.cookie, "value": SECRET, "url": desk.url}]
            )
        self.page.goto(f"{desk.url}{query}" if query else desk.door.start_url)
        self.settled()

    def settled(self) -> None:
        """Wait until the one frame left is laid out."""
        expect(self.page.locator("iframe.coming")).to_have_count(0)
        expect(self.page.locator("iframe")).to_have_count(1)

    @property
    def mail(self) -> FrameLocator:
        return self.page.frame_locator("iframe:not(.coming)")

    def in_mail(self, expression: str) -> Any:
        """Return what an expression is inside the frame."""
        frame = "document.querySelector('iframe').contentWindow"
        return self.page.evaluate(f"(w => {expression})({frame})")

    def choose(self, label: str) -> None:
        """Choose a view by its name, and wait until it is there."""
        self.page.locator("#views").get_by_text(label, exact=True).click()
        self.shows(label)

    def shows(self, label: str) -> None:
        expect(self.page.locator(f'iframe[title="The mail: {label}"]')).to_have_count(1)
        self.settled()


@pytest.fixture
def context(chromium: Browser) -> Iterator[BrowserContext]:
    # By default Playwright forces light on every frame, and a dark test proves nothing.
    context = chromium.new_context(
        viewport={"width": 1366, "height": 768}, color_scheme="null"
    )
    context.set_default_timeout(5000)
    yield context
    context.close()


@pytest.fixture
def tab(context: BrowserContext) -> Tab:
    tab = Tab(context.new_page())

    def keep_inside(route: Route, request: Request) -> None:
        if request.url.startswith("http://127.0.0.1:"):
            route.continue_()
            return
        tab.outside.append(request.url)
        route.fulfill(status=200, content_type="text/html", body="<p>Outside</p>")

    context.route("**/*", keep_inside)
    tab.page.on("console", lambda message: tab.said.append(message.text))
    tab.page.on("pageerror", lambda error: tab.said.append(str(error)))
    return tab
