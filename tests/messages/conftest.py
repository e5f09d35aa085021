"""A small assembled issue, and what belongs to one recipient."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import default
from typing import Any

import pytest

from newsletter.messages.compile import compile_message
from newsletter.messages.personalise import personalise
from newsletter.model.assembled import (
    UNSUBSCRIBE_URL,
    Assembled,
    AssembledImage,
    Slot,
)
from newsletter.model.issue import Issue
from newsletter.model.message import CompiledMessage, Identity, Message
from newsletter.model.problem import Place

NAME = Slot("@@ab12cd_0@@", "first_name", "lezer")
LEAVE = Slot("@@ab12cd_1@@", UNSUBSCRIBE_URL)
HTML = (
    '<!doctype html>\n<html lang="nl"><body><p title="voor @@ab12cd_0@@">'
    "Dag @@ab12cd_0@@, één ding = twee.</p>\n"
    '<a href="@@ab12cd_1@@">Afmelden</a></body></html>\n'
)
TEXT = "Dag @@ab12cd_0@@,\n\n.punt\nFrom hier \n\nAfmelden: <@@ab12cd_1@@>\n"
TOKEN, MESSAGE_TOKEN = "11g7g1leave", "11g3g7message"
PREFERENCES_TOKEN = "11g7mine"

Build = Callable[..., Assembled]
Personal = Callable[..., Message]


@pytest.fixture
def identity() -> Identity:
    return Identity(
        sender="Steunpunt <post@example.org>",
        list_id="main.example.org",
        list_name="Nieuwsbrief",
        base_url="https://news.example.org",
        feedback_parts=("2023-02", "main"),
        language="nl",
    )


@pytest.fixture
def build() -> Build:
    """Return an assembled issue; every part can be replaced."""

    def build(**changes: Any) -> Assembled:
        issue = Issue(
            "issues/2023-02.md",
            "2023-02",
            (),
            (),
            date(2023, 2, 14),
            "nl",
            places={"subject": Place("issues/2023-02.md", 2, 10)},
        )
        parts: dict[str, Any] = {
            "issue": issue,
            "subject": "Petitie: teken nu, @@ab12cd_0@@",
            "html": HTML,
            "text": TEXT,
            "slots": (NAME, LEAVE),
            "links": (),
        }
        return Assembled(**(parts | changes))

    return build


@pytest.fixture
def compiled(build: Build, identity: Identity) -> CompiledMessage:
    return compile_message(build(), identity)


@pytest.fixture
def picture() -> AssembledImage:
    return AssembledImage(
        source="foto.jpg",
        name="foto-0a1b2c.jpg",
        content_id="0a1b2c@example.org",
        media_type="image/jpeg",
        data=bytes(range(256)) * 3,
        width=300,
        height=200,
        alt="Een foto",
        place=Place("issues/2023-02.md", 9),
    )


@pytest.fixture
def personal() -> Personal:
    """Return the mail of one recipient; every argument can be replaced."""

    def personal(compiled: CompiledMessage, **changes: Any) -> Message:
        arguments: dict[str, Any] = {
            "email": "anna@example.net",
            "fields": {"first_name": "Anna"},
            "unsubscribe_token": TOKEN,
            "message_token": MESSAGE_TOKEN,
            "preferences_token": PREFERENCES_TOKEN,
            "sent_at": datetime(2023, 2, 14, 9, 30, tzinfo=UTC),
        }
        return personalise(compiled, **(arguments | changes))

    return personal


@pytest.fixture
def read() -> Callable[[Message], EmailMessage]:
    """Return a mail as the standard library reads it."""

    def read(message: Message) -> EmailMessage:
        parsed = BytesParser(policy=default).parsebytes(message.data)
        assert isinstance(parsed, EmailMessage)
        return parsed

    return read
