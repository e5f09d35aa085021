"""Assembled issues made of values: nothing is parsed or rendered here."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from newsletter.checks.copies import read_copy
from newsletter.checks.facts import Facts
from newsletter.definition.parse import parse
from newsletter.model.assembled import UNSUBSCRIBE_URL, Assembled, Slot
from newsletter.model.copy import Copy, Reader
from newsletter.model.issue import Block, Issue, Text
from newsletter.model.problem import Place
from newsletter.model.settings import NewsletterSettings, Settings

FILE = "issues/2023-02.md"
NOW = datetime(2023, 2, 14, 10, 0, tzinfo=ZoneInfo("Europe/Amsterdam"))
MARKER = "@@3fa9c1_0@@"
TOKEN = "sample" + "a" * 34
LEAVING = f"https://news.harbour.test/u/{TOKEN}"
HEADERS = {
    "From": "Harbour <letter@harbour.test>",
    "To": "reader@example.org",
    "Subject": "A meeting, a card and four rulings",
    "Date": "Tue, 14 Feb 2023 12:00:00 +0100",
    "Message-ID": f"<{TOKEN}@harbour.test>",
    "List-Id": "Harbour <main.harbour.test>",
    "List-Unsubscribe": f"<{LEAVING}>, <mailto:letter@harbour.test?subject={TOKEN}>",
    "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    "MIME-Version": "1.0",
}
FOOTER = f'<p>Main Street 1, Utrecht</p><p><a href="{LEAVING}">Unsubscribe</a></p>'
TEXT_FOOTER = f"Main Street 1, Utrecht\nUnsubscribe: <{LEAVING}>\n"
UNKNOWN = Reader("a reader of whom nothing is known", "reader@example.org")


def copy_of(
    html: str = FOOTER,
    text: str = TEXT_FOOTER,
    *,
    reader: Reader = UNKNOWN,
    headers: tuple[tuple[str, str], ...] = tuple(HEADERS.items()),
    encoding: str = "8bit",
) -> Copy:
    """Return a copy as it is read from bytes; without a part where one is empty."""
    head = "".join(f"{name}: {value}\r\n" for name, value in headers)
    parts = "".join(
        f"--b\r\nContent-Type: text/{kind}; charset=utf-8\r\n"
        f"Content-Transfer-Encoding: {encoding}\r\n\r\n{body}\r\n"
        for kind, body in (("plain", text), ("html", html))
        if body
    )
    mail = f'{head}Content-Type: multipart/alternative; boundary="b"\r\n\r\n{parts}'
    return read_copy(reader, f"{mail}--b--\r\n".encode(), tokens=(TOKEN,))


def with_headers(**changes: str | None) -> Copy:
    """Return a copy with other headers; None takes one out, ``_`` stands for ``-``."""
    changed = {name.replace("_", "-"): value for name, value in changes.items()}
    headers = {**HEADERS, **changed}
    given = tuple((name, value) for name, value in headers.items() if value is not None)
    return copy_of(headers=given)


def issue_of(*blocks: Block, **changes: Any) -> Issue:
    issue = Issue(
        file=FILE,
        slug="2023-02",
        subject=(Text("A meeting, a card and four rulings"),),
        preheader=(Text("Meet us on 28 February, and what the judges said"),),
        date=date(2023, 2, 14),
        language="en",
        opening=blocks,
        places={"subject": Place(FILE, 2, 10), "preheader": Place(FILE, 3, 12)},
    )
    return replace(issue, **changes)


def assembled_of(issue: Issue, **changes: Any) -> Assembled:
    assembled = Assembled(
        issue=issue,
        subject="A meeting, a card and four rulings",
        html=f'<a href="{MARKER}">Unsubscribe</a>',
        text=f"Unsubscribe: <{MARKER}>\n",
        slots=(Slot(MARKER, UNSUBSCRIBE_URL),),
        links=(),
    )
    return replace(assembled, **changes)


@pytest.fixture
def assemble() -> Callable[..., Assembled]:
    """Return a function: blocks and changes of the issue -> assembled issue."""

    def make(*blocks: Block, **changes: Any) -> Assembled:
        return assembled_of(issue_of(*blocks, **changes))

    return make


@pytest.fixture
def facts() -> Facts:
    return Facts(
        now=NOW,
        postal_address="Main Street 1, Utrecht",
        base_url="https://news.harbour.test",
        sender="Harbour <letter@harbour.test>",
    )


@pytest.fixture
def make_copy() -> Callable[..., Copy]:
    """Return `copy_of`."""
    return copy_of


@pytest.fixture
def make_headers() -> Callable[..., Copy]:
    """Return `with_headers`."""
    return with_headers


@pytest.fixture
def write() -> Callable[..., tuple[Assembled, Facts]]:
    """Return a function: text of an issue -> the issue, and facts with its lines.

    The text begins in line 6; one with problems is no use to a test.
    """

    def parsed(text: str, *, language: str = "en") -> tuple[Assembled, Facts]:
        head = f"---\nsubject: A\npreheader: B\ndate: {NOW:%Y-%m-%d}\n---\n"
        settings = NewsletterSettings(
            name="Harbour",
            sender="Harbour <letter@harbour.test>",
            language=language,
            address="Main Street 1, Utrecht",
        )
        document = head + text
        read = parse(document, file=FILE, slug="2023-02", settings=Settings(settings))
        assert read.problems == ()
        assert read.issue is not None
        source = tuple(document.split("\n"))
        return assembled_of(read.issue), Facts(now=NOW, source=source)

    return parsed
