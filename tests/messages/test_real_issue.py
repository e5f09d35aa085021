"""The real issue of February 2023, mailed to somebody and read as her program does."""

from collections.abc import Callable
from email.message import EmailMessage
from pathlib import Path

import pytest

from newsletter.assembly.assemble import assemble_issue
from newsletter.assembly.loaders import Templates
from newsletter.config import read_settings
from newsletter.definition.files import read_definition
from newsletter.definition.parse import parse
from newsletter.messages.compile import compile_message
from newsletter.messages.identity import derive_identity
from newsletter.model.assembled import PREFERENCES_URL, UNSUBSCRIBE_URL, Assembled
from newsletter.model.message import CompiledMessage, Message

Personal = Callable[..., Message]
Read = Callable[[Message], EmailMessage]

LEAVING = "https://nieuwsbrief.stichtinglos.example/u/11g7g1leave"
SETTINGS = "https://nieuwsbrief.stichtinglos.example/p/11g7mine"
ADDRESSES = {UNSUBSCRIBE_URL: LEAVING, PREFERENCES_URL: SETTINGS}


@pytest.fixture(scope="module")
def assembled(shared: Path) -> Assembled:
    root = shared / "real"
    settings = read_settings(root)
    definition = read_definition(root / "2023-02.md", root=root)
    parsed = parse(
        definition.text,
        file=definition.file,
        slug=definition.slug,
        settings=settings,
    )
    assert parsed.problems == ()
    assert parsed.issue is not None
    return assemble_issue(parsed.issue, settings, {}, Templates())


@pytest.fixture(scope="module")
def real(assembled: Assembled, shared: Path) -> CompiledMessage:
    settings = read_settings(shared / "real")
    return compile_message(assembled, derive_identity(assembled.issue, settings))


def part(message: EmailMessage, kind: str) -> str:
    body = message.get_body((kind,))
    assert body is not None
    return str(body.get_content()).replace("\r\n", "\n")


def filled(text: str, assembled: Assembled) -> str:
    for slot in assembled.slots:
        if slot.name in ADDRESSES:
            text = text.replace(slot.marker, ADDRESSES[slot.name])
    return text


def test_real_issue_reads_as_it_was_assembled(
    real: CompiledMessage, assembled: Assembled, personal: Personal, read: Read
) -> None:
    message = read(personal(real))
    assert message["Subject"] == assembled.subject
    assert part(message, "plain") == filled(assembled.text, assembled)
    assert part(message, "html") == filled(assembled.html, assembled)


def test_real_issue_can_be_left_by_everybody(
    real: CompiledMessage, personal: Personal, read: Read
) -> None:
    message = read(personal(real))
    assert message["List-Unsubscribe"].startswith(f"<{LEAVING}>, <mailto:")
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert f"<{LEAVING}>" in part(message, "plain")
    assert f'href="{LEAVING}"' in part(message, "html")


def test_real_issue_is_small_and_fit_for_the_wire(
    real: CompiledMessage, personal: Personal
) -> None:
    data = personal(real).data
    head, body = data.split(b"\r\n\r\n", 1)
    assert len(data) < 40_000
    assert max(map(len, head.split(b"\r\n"))) <= 76
    assert max(map(len, body.split(b"\r\n"))) <= 76
    assert b"\r\n." not in data
