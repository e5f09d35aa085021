"""The life of a subscriber: real processes, a real browser, and nothing left of them.

They join, read, change, leave, come back, leave again and are forgotten; after each
step stands what they or the editor could notice. At the end all that was printed and
all that lies in the project is searched for every address and name that was used.

SQLite is told not to overwrite what is deleted: Debian's does so by itself, the one
that Python brings along elsewhere does not.
"""

import base64
import email
import email.policy
import hashlib
import http.client
import json
import quopri
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, redirect_stdout
from dataclasses import dataclass, field
from email.message import EmailMessage
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

import pytest

from newsletter.checks.browser.chromium import find_chromium
from newsletter.cli import run
from newsletter.errors import OperationError
from newsletter.testing.smtp_server import SmtpServer

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator, Page

pytestmark = pytest.mark.browser

#: As SQLite is made by default: it leaves deleted bytes in the file.
COMMAND = [
    sys.executable,
    "-c",
    """\
import sqlite3.dbapi2 as driver
connect = driver.connect
def forgetful(*arguments, **options):
    connection = connect(*arguments, **options)
    connection.execute("PRAGMA secure_delete=OFF")
    return connection
driver.connect = forgetful
from newsletter.cli import main
main()
""",
]

SETTINGS = """\
[newsletter]
name = "Harbour Letter"
sender = "Harbour Letter <letter@example.org>"
reply_to = "office@example.org"
address = "12 Harbour Lane, Utrecht"
base_url = "http://127.0.0.1:{web}"
hold_seconds = 0

[lists.main]
title = "Harbour Letter"
public = true

[lists.events]
title = "Evenings"
public = true

[fields.first_name]
title = "First name"
ask = true

[server]
host = "127.0.0.1"
port = {smtp}
security = "none"
"""
ISSUE = """\
---
subject: "Number {number}"
preheader: What is new this month, and how to answer us
date: 2026-03-{number:02}
---

Dear {{{{ first_name or "reader" }}}},

## News of number {number}

### An item

A paragraph of text. Nothing more.
"""

#: Somebody else on the list, so that each dispatch has a reader.
KEEPER = "keeper@example.org"
OLD = "Wilhelmina.Quist@example.org"
NEW = "w.quist-vandermeer@example.net"
#: What stands in a database, a mail or a log if somebody is named there.
TRACES = (
    OLD,
    NEW,
    OLD.partition("@")[0],
    NEW.partition("@")[0],
    "quist",
    "Wilhelmína",
    "Thorbjörg",
)
#: As long as a person looks at the form at least.
LOOKS_SECONDS = 3.1


# --- the editor's side ----------------------------------------------------------------


@dataclass
class Office:
    """A project folder, its processes and its mail server."""

    root: Path
    web: int
    server: SmtpServer
    log: Path
    #: All that commands printed, but where the editor asked about a person.
    printed: list[bytes] = field(default_factory=list)
    issues: int = 0

    def run(self, *arguments: str, names_somebody: bool = False) -> bytes:
        """Run a command as typed in the project folder; return what it answered."""
        done = subprocess.run(
            [*COMMAND, *arguments], cwd=self.root, capture_output=True, timeout=60
        )
        assert done.returncode == 0, (arguments, done.stdout, done.stderr)
        self.printed += [done.stderr, b"" if names_somebody else done.stdout]
        return done.stdout

    def show(self, address: str) -> dict[str, Any]:
        """Look somebody up, in this process: it is asked often."""
        command = ["subscribers", "show", address, "--json"]
        with redirect_stdout(StringIO()) as said:
            assert run([*command, "--project", str(self.root)]) == 0
        shown: dict[str, Any] = json.loads(said.getvalue())
        return shown

    def standing(self, address: str) -> dict[str, str]:
        """Return list -> status."""
        found = self.show(address)["subscriptions"]
        return {one["list"]: one["status"] for one in found}

    def send(self, *lists: str, people: int) -> dict[str, EmailMessage]:
        """Send the next issue; return who got it, and what."""
        self.issues += 1
        slug = f"2026-03-{self.issues:02}"
        text = ISSUE.format(number=self.issues)
        (self.root / "issues" / f"{slug}.md").write_text(text)
        before = len(self.server.messages)
        wishes = [part for name in lists for part in ("--to", name)]
        self.run("send", slug, *wishes, "--confirm", str(people), "--untested")
        return {
            mail.recipients[0]: read(mail.data)
            for mail in self.server.messages[before:]
        }

    def next_notice(self, count: int) -> EmailMessage:
        """Return the mail that a page has the worker send, the *count*-th of all."""
        mail = self.server.wait_for(count, timeout_seconds=20)[count - 1]
        assert len(mail.recipients) == 1
        return read(mail.data)

    def post_one_click(self, url: str) -> tuple[int, bytes, dict[str, str]]:
        """Do as a mail program does at its own button for unsubscribing."""
        parts = urlsplit(url)
        port = parts.port
        with closing(http.client.HTTPConnection("127.0.0.1", port)) as connection:
            kind = {"Content-Type": "application/x-www-form-urlencoded"}
            connection.request(
                "POST", parts.path, b"List-Unsubscribe=One-Click", headers=kind
            )
            answer = connection.getresponse()
            return answer.status, answer.read(), dict(answer.getheaders())


def read(data: bytes) -> EmailMessage:
    return email.message_from_bytes(data, policy=email.policy.default)


def text_of(mail: EmailMessage) -> str:
    part = mail.get_body(("plain",))
    assert part is not None
    text: str = part.get_content()
    return text


def link_of(office: Office, mail: EmailMessage, door: str) -> str:
    """Return the link of a mail that leads to ``/door/…``."""
    pattern = rf"http://127\.0\.0\.1:{office.web}/{door}/[^\s<>]+"
    found = set(re.findall(pattern, text_of(mail)))
    assert len(found) == 1, (door, found)
    return str(found.pop())


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    """A project with one reader; nothing runs in it yet."""
    root = tmp_path / "letter"
    (root / "issues").mkdir(parents=True)
    with SmtpServer() as server:
        web = free_port()
        settings = SETTINGS.format(web=web, smtp=server.port)
        (root / "newsletter.toml").write_text(settings)
        office = Office(root, web, server, tmp_path / "serve.log")
        (root / "readers.csv").write_text(f"email\n{KEEPER}\n")
        office.run("subscribers", "import", "readers.csv", "--list", "main")
        (root / "readers.csv").unlink()
        yield office


@contextmanager
def serving(office: Office) -> Iterator[None]:
    """Run `newsletter serve` with its worker, until Ctrl-C."""
    command = [*COMMAND, "serve", "--port", str(office.web)]
    with (
        office.log.open("wb") as out,
        subprocess.Popen(command, cwd=office.root, stdout=out, stderr=out) as process,
    ):
        try:
            end = time.monotonic() + 30
            while b"Ctrl-C stops it." not in office.log.read_bytes():
                assert process.poll() is None, office.log.read_text()
                assert time.monotonic() < end, office.log.read_text()
                time.sleep(0.05)
            yield
        finally:
            process.send_signal(signal.SIGINT)
            code = process.wait(30)
    assert code == 0, office.log.read_text()


# --- the reader's side ----------------------------------------------------------------


@pytest.fixture(scope="module")
def browser() -> Iterator["Browser"]:
    api = pytest.importorskip("playwright.sync_api", reason="playwright is missing")
    try:
        program = find_chromium()
    except OperationError as error:
        pytest.skip(str(error))
    # No sandbox: containers have no user namespaces; the pages are our own.
    flags = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    with api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=flags)
        yield browser
        browser.close()


@pytest.fixture
def tab(browser: "Browser") -> Iterator["Page"]:
    """A window of a browser that runs no script and reads English."""
    context = browser.new_context(java_script_enabled=False, locale="en-GB")
    context.set_default_timeout(10_000)
    yield context.new_page()
    assert context.cookies() == []
    context.close()


def press(tab: "Page", button: str) -> str:
    """Press a button; return what the page shows then."""
    tab.get_by_role("button", name=button, exact=True).click()
    return tab.inner_text("main")


def visit(tab: "Page", url: str) -> str:
    tab.goto(url)
    return tab.inner_text("main")


def wait_for_link(tab: "Page", name: str) -> "Locator":
    """Load a page anew until the link is there: the archive may be 2 s old."""
    link = tab.get_by_role("link", name=name)
    end = time.monotonic() + 10
    while not link.count():
        assert time.monotonic() < end, tab.inner_text("main")
        tab.reload()
    return link


# --- traces ---------------------------------------------------------------------------


def spellings(word: str) -> Iterator[bytes]:
    """Yield what *word* looks like wherever it may be written, A-Z in lower case."""
    for encoding in ("utf-8", "latin-1", "utf-16-le"):
        for plain in (word.lower().encode(encoding), word.upper().encode(encoding)):
            yield plain.lower()
            yield quopri.encodestring(plain).lower()
            yield quote(plain, safe="").lower().encode()
    yield json.dumps(word.lower())[1:-1].encode()
    for kind in ("md5", "sha1", "sha256"):
        yield hashlib.new(kind, word.lower().encode()).hexdigest().encode()


def base64_pieces(word: str) -> Iterator[bytes]:
    """Yield what of *word* base64 shows wherever in a text it begins."""
    for said in (word, word.lower()):
        for shift in range(3):
            data = b"\0" * shift + said.encode()
            # The first letters hang together with what stands before, the last ones
            # with what comes after.
            whole = base64.b64encode(data[: len(data) // 3 * 3])
            yield whole[4 if shift else 0 :]


def traces_in(data: bytes) -> list[str]:
    """Return which addresses and names stand in *data*, however written."""
    lower = data.lower().replace(b"=\r\n", b"").replace(b"=\n", b"")
    unfolded = re.sub(rb"\r?\n[ \t]*", b"", data)
    return [
        word
        for word in TRACES
        if any(spelling in lower for spelling in spellings(word))
        or any(piece in unfolded for piece in base64_pieces(word))
    ]


def test_traces_are_found_however_they_are_written() -> None:
    """A search that finds nothing proves nothing, unless it can find."""
    for number, word in enumerate(("Wilhelmína", OLD)):
        text = f"{'x' * number} Dear {word}, hello"
        mail = EmailMessage()
        for encoding in ("quoted-printable", "base64"):
            mail.set_content(text, cte=encoding)
            assert word in traces_in(mail.as_bytes())
        for data in (text.upper().encode(), json.dumps({"name": text}).encode()):
            assert word in traces_in(data)
        assert word in traces_in(quote(text).encode())
    assert traces_in(b"Dear reader, w***@example.org") == []


def files_of(root: Path) -> Iterator[tuple[str, bytes]]:
    for path in sorted(root.rglob("*")):
        if path.is_file():
            yield str(path.relative_to(root)), path.read_bytes()


def assert_nothing_is_left(office: Office) -> None:
    folder = office.root.parent
    found = {name: traces_in(data) for name, data in files_of(folder)}
    assert {name: words for name, words in found.items() if words} == {}
    assert "letter/subscribers/newsletter.db" in found
    assert {"serve.log", "letter/public/2026-03-02/index.html"} <= set(found)


# --- the life -------------------------------------------------------------------------


def test_life_of_a_subscriber_leaves_no_trace_once_they_are_forgotten(
    office: Office, tab: "Page"
) -> None:
    with serving(office):
        invitation = join(office, tab)
        first = confirm(office, tab, invitation)
        second = change_settings(office, tab, first)
        moved = change_address(office, tab, second)
        leave_and_undo(office, tab, moved)
        doors = leave_for_good(office, tab, moved)
        forget(office, tab, doors)
        # While the pages run: nothing waits for the end to be erased.
        assert_nothing_is_left(office)
    assert_nothing_is_left(office)
    assert traces_in(b"\n".join(office.printed)) == []
    log = office.log.read_bytes()
    assert b"Sent 1 mail that readers asked for on the web page." in log
    tokens = [url.rpartition("/")[2].encode() for url in (invitation, *doors)]
    assert [token for token in tokens if token in log] == []


def join(office: Office, tab: "Page") -> str:
    """Ask for the newsletter; return the link of the mail that comes."""
    home = f"http://127.0.0.1:{office.web}/"
    visit(tab, home)
    tab.get_by_role("link", name="Subscribe").click()
    shown_at = time.monotonic()
    tab.get_by_label("Your email address").fill(OLD)
    tab.get_by_label("First name").fill("Wilhelmína")
    tab.get_by_label("Harbour Letter").check()
    time.sleep(max(0.0, LOOKS_SECONDS - (time.monotonic() - shown_at)))
    assert "Please look into your mailbox." in press(tab, "Subscribe")
    mail = office.next_notice(1)
    assert mail["Subject"] == "Please confirm: Harbour Letter"
    # Only whose mailbox it is can say so: until then nothing that was typed counts.
    assert office.standing(OLD) == {"main": "pending"}
    assert office.show(OLD)["fields"] == {}
    assert traces_in(text_of(mail).encode()) == []
    assert set(office.send(people=1)) == {KEEPER}
    return link_of(office, mail, "c")


def confirm(office: Office, tab: "Page", invitation: str) -> EmailMessage:
    """Press the button behind the link; return the first issue."""
    page = visit(tab, invitation)
    assert "Do you want to receive Harbour Letter?" in page
    assert "W***@example.org" in page
    assert office.standing(OLD) == {"main": "pending"}
    assert "You are subscribed." in press(tab, "Yes, subscribe me")
    assert office.standing(OLD) == {"main": "active"}
    assert office.show(OLD)["fields"]["first_name"] == "Wilhelmína"
    got = office.send(people=2)
    assert set(got) == {KEEPER, OLD}
    assert "Dear Wilhelmína," in text_of(got[OLD])
    # The issue stands in the archive now, without anybody's name.
    visit(tab, f"http://127.0.0.1:{office.web}/")
    wait_for_link(tab, "Number 2").click()
    assert "Dear reader," in tab.inner_text("body")
    return got[OLD]


def change_settings(office: Office, tab: "Page", mail: EmailMessage) -> EmailMessage:
    """Take another list, language and name; return the issue of that list."""
    page = visit(tab, link_of(office, mail, "p"))
    assert "W***@example.org" in page
    assert tab.get_by_label("Harbour Letter").is_checked()
    assert not tab.get_by_label("Evenings").is_checked()
    # The link may have been passed on: it shows nobody's name.
    assert tab.get_by_label("First name").input_value() == ""
    assert "Wilhelmína" not in tab.content()
    tab.get_by_label("Harbour Letter").uncheck()
    tab.get_by_label("Evenings").check()
    tab.get_by_label("First name").fill("Thorbjörg")
    tab.get_by_label("Your language").select_option("de")
    # It was saved in the language that was read, and goes on in the new one.
    press(tab, "Save")
    assert tab.get_by_role("status").count() == 1
    shown = office.show(OLD)
    assert shown["fields"] == {"first_name": "Thorbjörg", "language": "de"}
    assert office.standing(OLD) == {"main": "unsubscribed", "events": "active"}
    assert set(office.send("main", people=1)) == {KEEPER}
    got = office.send("events", people=1)
    assert set(got) == {OLD}
    assert "Dear Thorbjörg," in text_of(got[OLD])
    return got[OLD]


def change_address(office: Office, tab: "Page", mail: EmailMessage) -> EmailMessage:
    """Have the mail sent elsewhere; return the first one that comes there."""
    visit(tab, link_of(office, mail, "p") + "?lang=en")
    tab.get_by_label("New email address").fill(NEW)
    sent = len(office.server.messages)
    assert "We send a mail to the new address." in press(tab, "Change the address")
    notice = office.next_notice(sent + 1)
    assert office.server.messages[sent].recipients == (NEW,)
    assert traces_in(text_of(notice).encode()) == []
    # A rehearsal lies in the project until somebody deletes it.
    office.run("send", "2026-03-03", "--to", "events", "--rehearse")
    # Until the new mailbox says yes, the old one has it.
    assert set(office.send("events", people=1)) == {OLD}
    page = visit(tab, link_of(office, notice, "a") + "?lang=en")
    assert "Do you want to receive our mail at this address?" in page
    assert "w***@example.net" in page
    sent = len(office.server.messages)
    press(tab, "Yes, use this address")
    told = office.next_notice(sent + 1)
    assert office.server.messages[sent].recipients == (OLD,)
    assert told["Subject"] == "Ihre Adresse wurde geändert: Harbour Letter"
    assert traces_in(text_of(told).encode()) == []
    assert office.standing(NEW) == {"main": "unsubscribed", "events": "active"}
    got = office.send("events", people=1)
    assert set(got) == {NEW}
    return got[NEW]


def leave_and_undo(office: Office, tab: "Page", mail: EmailMessage) -> None:
    visit(tab, link_of(office, mail, "u") + "?lang=en")
    assert office.standing(NEW)["events"] == "active"
    page = press(tab, "Unsubscribe")
    assert "You are unsubscribed." in page
    assert office.standing(NEW)["events"] == "unsubscribed"
    assert set(office.send("main", "events", people=1)) == {KEEPER}
    assert "Your unsubscribing is undone." in press(tab, "Undo")
    assert office.standing(NEW)["events"] == "active"
    assert set(office.send("main", "events", people=2)) == {KEEPER, NEW}


def leave_for_good(
    office: Office, tab: "Page", mail: EmailMessage
) -> tuple[str, str, str]:
    """Leave by settings, come back, leave by the mail program; return the doors."""
    settings = link_of(office, mail, "p")
    visit(tab, f"{settings}?lang=en")
    page = press(tab, "Unsubscribe from everything")
    assert "You will not receive any mail from us any more." in page
    assert "active" not in office.standing(NEW).values()
    assert "Your unsubscribing is undone." in press(tab, "Undo")
    found = re.search(r"<(http[^>]+)>", str(mail["List-Unsubscribe"]))
    assert found is not None
    for _ in range(2):
        status, said, headers = office.post_one_click(found[1])
        assert (status, said) == (200, b"OK\n")
        assert not {"set-cookie", "location"} & {name.lower() for name in headers}
    assert "active" not in office.standing(NEW).values()
    assert set(office.send("main", "events", people=1)) == {KEEPER}
    return settings, link_of(office, mail, "u"), found[1]


def forget(office: Office, tab: "Page", doors: tuple[str, ...]) -> None:
    held = b"".join(data for name, data in files_of(office.root) if ".db" in name)
    assert {OLD, NEW, "Wilhelmína", "Thorbjörg"} <= set(traces_in(held))
    said = office.run("subscribers", "forget", NEW, "--yes", names_somebody=True)
    assert f"{NEW} is forgotten." in said.decode()
    # What the program may not delete by itself it names, also by an earlier address.
    (rehearsed,) = (office.root / "outbox").rglob("*.eml")
    _, asked, named = said.decode().partition("These files still hold the address.")
    assert asked
    assert named.split("\n  ")[1].split("\n")[0] == str(
        rehearsed.relative_to(office.root)
    )
    shutil.rmtree(office.root / "outbox")
    # And no log of the database is left behind.
    assert not any(b"newsletter.db-wal" in line for line in office.printed)
    shown = office.show(NEW)
    assert (shown["subscriptions"], shown["history"]) == ([], [])
    assert [one["reason"] for one in shown["suppressions"]] == ["forgotten"]
    for door in doors:
        assert "This link does not work." in visit(tab, f"{door}?lang=en")
    assert set(office.send("main", people=1)) == {KEEPER}
