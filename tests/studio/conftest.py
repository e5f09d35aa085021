"""A preview as it runs, of a mail that is a file of the test's own; and a browser."""

import http.client
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from email.message import Message
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from newsletter.model.assembled import (
    UNSUBSCRIBE_URL,
    Assembled,
    AssembledImage,
    Slot,
)
from newsletter.model.issue import Issue
from newsletter.model.problem import Place
from newsletter.studio.gate import Door
from newsletter.studio.preview import preview_app
from newsletter.studio.watch import Watch
from newsletter.workflow.preview import Preview, Stamp
from newsletter.workflow.serve import open_listener, serving

SECRET = "a-secret-of-this-run"

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
    subject=(),
    preheader=(),
    date=date(2026, 3, 20),
    language="en",
)


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


PREVIEW = Preview(
    file="issues/spring.md",
    made_at=datetime(2026, 3, 20, 12, tzinfo=UTC),
    sender_name="Harbour Letter",
    sender_address="letter@example.org",
    preheader="What the sea brought",
    issue=ISSUE,
    assembled=assembled(),
    html_bytes=34_000,
)


@dataclass
class Answer:
    status: int
    headers: Message
    text: str


@dataclass
class Desk:
    """A running preview; `base` is what it shows besides the mail in the file."""

    mail: Path
    base: Preview = PREVIEW
    fault: Exception | None = None
    door: Door = field(default_factory=lambda: Door(0, ""))
    watch: Watch = field(init=False)

    def render(self, now: datetime) -> Preview:
        if self.fault:
            raise self.fault
        text = self.mail.read_text()
        mail = assembled(text) if text.startswith("<!doctype") else None
        return replace(self.base, made_at=now, assembled=mail)

    def look(self, _: Sequence[Path]) -> Stamp:
        status = self.mail.stat()
        return frozenset({(str(self.mail), status.st_mtime_ns, status.st_size)})

    def save(self, html: str) -> None:
        self.mail.write_text(html)

    def ask(
        self, method: str, path: str, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """Ask as the editor's browser would; *headers* say what is different."""
        sent = {"Cookie": f"{self.door.cookie}={SECRET}", **(headers or {})}
        host, port = "127.0.0.1", self.door.port
        with closing(http.client.HTTPConnection(host, port, timeout=5)) as connection:
            connection.request(method, path, headers=sent)
            with connection.getresponse() as answer:
                text = answer.read().decode(errors="replace")
                return Answer(answer.status, answer.headers, text)


@contextmanager
def running(desk: Desk) -> Iterator[Desk]:
    listener = open_listener("127.0.0.1", 0)
    desk.door = Door(listener.port, SECRET)
    desk.watch = Watch(desk.render, desk.look)
    app = preview_app(desk.watch, desk.door)
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
