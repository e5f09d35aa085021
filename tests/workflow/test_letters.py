"""A recipient's message: its tokens, where it comes back to, who signs it."""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import dkim
import pytest

from newsletter.errors import NewsletterError
from newsletter.messages.compile import compile_message
from newsletter.model.assembled import PREFERENCES_URL, Assembled, Slot
from newsletter.model.delivery import Delivery
from newsletter.model.issue import Issue
from newsletter.model.message import CompiledMessage, Identity, Message
from newsletter.model.settings import DkimSettings, NewsletterSettings, Settings
from newsletter.tokens import Keyring, Purpose, verify
from newsletter.workflow.dkim_keys import make_key, read_record
from newsletter.workflow.letters import (
    Seal,
    dispatch_filler,
    dispatch_writer,
    open_seal,
    write_harmless,
)
from newsletter.workflow.project import Project

KEYRING = Keyring({1: bytes(range(32))}, 1)
NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
ANNA = Delivery(dispatch_id=12, seq=1, subscriber_id=34567, email="anna@example.net")
BOUNCE = "News+{token}@bounces.example.org"
RSA = DkimSettings("example.org", "news", "subscribers/dkim-news.key")
ED25519 = DkimSettings("example.org", "ed", "subscribers/dkim-ed.key", "ed25519")


@pytest.fixture(scope="module")
def compiled() -> CompiledMessage:
    issue = Issue("issues/1.md", "1", (), (), date(2026, 3, 2), "en")
    assembled = Assembled(
        issue=issue, subject="Hello", html="<p>x</p>", text="x\n", slots=(), links=()
    )
    return compile_message(assembled, Identity("post@example.org", "main.example.org"))


def write(compiled: CompiledMessage, seal: Seal | None) -> Message:
    fill = dispatch_filler(
        compiled, KEYRING, list_ids=(1, 2), clock=lambda: NOW, seal=seal
    )
    return dispatch_writer(compiled, fill)(ANNA)


def write_test(
    compiled: CompiledMessage, seal: Seal | None, number: int = 9
) -> Message:
    return write_harmless(
        compiled,
        KEYRING,
        email="anna@example.net",
        fields={},
        number=number,
        now=NOW,
        seal=seal,
    )


def test_returned_mail_is_known_by_the_token_of_its_message(
    compiled: CompiledMessage,
) -> None:
    message = write(compiled, Seal(bounce_address=BOUNCE))
    local, _, domain = message.envelope_sender.partition("@")
    token = local.removeprefix("News+")
    # Mail systems change the case of an address.
    assert verify(KEYRING, Purpose.MESSAGE, token.upper()) == (12, 34567)
    assert message.message_id == f"<{token}@example.org>"
    assert domain == "bounces.example.org"
    assert message.envelope_sender.encode() not in message.data


@pytest.mark.parametrize(
    ("writer", "purpose", "is_theirs"),
    [(write, Purpose.PREFERENCES, True), (write_test, Purpose.TEST, False)],
)
def test_mail_leads_to_the_settings_of_its_reader_and_a_test_to_nobodys(
    writer: Callable[[CompiledMessage, Seal | None], Message],
    purpose: Purpose,
    is_theirs: bool,
) -> None:
    issue = Issue("issues/1.md", "1", (), (), date(2026, 3, 2), "en")
    slot = Slot("@@s@@", PREFERENCES_URL)
    assembled = Assembled(issue, "Hello", "<p>@@s@@</p>", "@@s@@\n", (slot,), ())
    identity = Identity(
        "post@example.org", "main.example.org", base_url="https://news.example.org"
    )
    data = writer(compile_message(assembled, identity), None).data
    in_text, in_html = re.findall(rb"/p/=\r\n(\w+)", data)
    assert in_text == in_html
    numbers = verify(KEYRING, purpose, in_text.decode())
    assert numbers is not None
    assert (numbers == (34567,)) is is_theirs


def test_mail_lets_its_reader_leave_the_lists_it_was_for(
    compiled: CompiledMessage,
) -> None:
    data = write(compiled, None).data
    (token,) = re.findall(rb"subject=unsubscribe%20(\w+)>", data)
    assert verify(KEYRING, Purpose.UNSUBSCRIBE, token.decode()) == (34567, 1, 2)


def test_returned_test_mail_is_known_as_a_test(compiled: CompiledMessage) -> None:
    seal = Seal(bounce_address="n" * 24 + "{token}@example.org")
    message = write_test(compiled, seal)
    local = message.envelope_sender.partition("@")[0]
    assert len(local) == 64
    assert verify(KEYRING, Purpose.TEST, local.removeprefix("n" * 24)) is not None


@pytest.mark.parametrize("seal", [None, Seal()])
def test_without_a_bounce_address_mail_returns_to_its_sender(
    compiled: CompiledMessage, seal: Seal | None
) -> None:
    assert write(compiled, seal).envelope_sender == "post@example.org"
    assert write_test(compiled, seal).envelope_sender == "post@example.org"


def test_tests_of_one_moment_have_different_ids(compiled: CompiledMessage) -> None:
    ids = {write_test(compiled, None, number).message_id for number in range(10)}
    assert len(ids) == 10


@pytest.fixture(scope="module")
def signing(tmp_path_factory: pytest.TempPathFactory) -> Project:
    newsletter = NewsletterSettings("N", "post@example.org", bounce_address=BOUNCE)
    settings = Settings(newsletter, dkim=(RSA, ED25519))
    project = Project(tmp_path_factory.mktemp("signing"), settings)
    make_key(project, "news")
    make_key(project, "ed")
    return project


@pytest.mark.parametrize("index", [0, 1])
@pytest.mark.parametrize("writer", [write, write_test])
def test_dispatch_and_test_are_signed_with_every_key(
    compiled: CompiledMessage, signing: Project, writer: type, index: int
) -> None:
    records = dict(read_record(signing, table) for table in signing.settings.dkim)
    data = writer(compiled, open_seal(signing)).data

    def look_up(name: bytes, timeout: float = 5) -> bytes:
        return records[name.decode().rstrip(".")].encode()

    assert dkim.DKIM(data).verify(index, dnsfunc=look_up)
    assert re.findall(rb" t=(\d+);", data) == [b"1772443800"] * 2


def test_signature_is_no_part_of_what_was_tested(
    compiled: CompiledMessage, signing: Project
) -> None:
    plain, signed = write(compiled, None), write(compiled, open_seal(signing))
    assert signed.data.endswith(plain.data)


def test_seal_without_its_key_says_what_to_do(signing: Project) -> None:
    table = replace(RSA, key="subscribers/other.key")
    project = Project(signing.root, replace(signing.settings, dkim=(table,)))
    with pytest.raises(NewsletterError) as caught:
        open_seal(project)
    path: Path = signing.root / "subscribers" / "other.key"
    assert str(caught.value) == (
        f"the DKIM key {path} cannot be read: No such file or directory. "
        "Make it with: newsletter doctor --make-dkim-key news"
    )
