import email
import email.policy
import re
from dataclasses import replace
from datetime import UTC, datetime
from email.message import EmailMessage

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import html

from newsletter.i18n import CATALOGUES, page_words
from newsletter.messages.notice import NoticeLinks, write_notice
from newsletter.model.message import Message
from newsletter.model.notice import Notice, NoticeKind
from newsletter.model.settings import NewsletterSettings

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
NEWSLETTER = NewsletterSettings(
    name="Harbour Letter",
    sender="Harbour Letter <letter@example.org>",
    reply_to="office@example.org",
    address="12 Harbour Lane\nUtrecht",
)
LINKS = NoticeLinks(
    confirm="https://news.example.org/c/CONFIRM",
    not_me="https://news.example.org/n/NOTME",
    preferences="https://news.example.org/p/SETTINGS",
    leave="https://news.example.org/u/LEAVE",
)
#: Kind -> paths of the links in it, the main one first.
PATHS = {
    NoticeKind.CONFIRM: ["/c/CONFIRM", "/n/NOTME"],
    NoticeKind.PRESENT: ["/p/SETTINGS", "/u/LEAVE"],
    NoticeKind.CHANGE: ["/c/CONFIRM"],
    NoticeKind.LEAVE: ["/u/LEAVE", "/p/SETTINGS"],
    # It may not be the reader's any more: no key of theirs in it.
    NoticeKind.MOVED: [],
}
LANGUAGES = ("en", *CATALOGUES)


def write(
    kind: NoticeKind = NoticeKind.CONFIRM,
    *,
    to: str = "anna@example.org",
    language: str = "en",
    newsletter: NewsletterSettings = NEWSLETTER,
    envelope_sender: str = "",
    providers: tuple[str, ...] = (),
) -> Message:
    return write_notice(
        Notice(7, kind, 3, to, language),
        newsletter,
        LINKS,
        message_token="abc123",
        sent_at=NOW,
        envelope_sender=envelope_sender,
        providers=providers,
    )


def read(message: Message) -> EmailMessage:
    return email.message_from_bytes(message.data, policy=email.policy.default)


def part(message: Message, kind: str) -> str:
    found = read(message).get_body((kind,))
    assert found is not None
    return str(found.get_content()).replace("\r\n", "\n")


def test_mail_to_confirm_says_what_is_asked_and_nothing_else() -> None:
    assert part(write(), "plain") == (
        "Somebody, probably you, asked that Harbour Letter be sent to this address.\n\n"
        "Was it you? Then open this page and confirm it there:\n\n"
        "Confirm:\nhttps://news.example.org/c/CONFIRM\n\n"
        "Was it not you? Then you need not do anything: without your confirmation you "
        "will not receive Harbour Letter.\n\n"
        "If you never want to be asked again, tell us here:\n\n"
        "It was not me:\nhttps://news.example.org/n/NOTME\n\n"
        "Harbour Letter\n12 Harbour Lane\nUtrecht\n"
    )


@pytest.mark.parametrize(
    ("reply_to", "address"),
    [("office@example.org", "office@example.org"), ("", "letter@example.org")],
)
def test_mail_to_an_old_address_says_whom_to_write_to(
    reply_to: str, address: str
) -> None:
    newsletter = replace(NEWSLETTER, reply_to=reply_to)
    assert part(write(NoticeKind.MOVED, newsletter=newsletter), "plain") == (
        "From now on Harbour Letter goes to another address, no longer to this one. "
        "Somebody, probably you, asked for that.\n\n"
        "Was it you? Then you need not do anything.\n\n"
        f"Was it not you? Then please write to us: {address}\n\n"
        "Harbour Letter\n12 Harbour Lane\nUtrecht\n"
    )


def test_headers_are_those_of_a_mail_to_one_person() -> None:
    mail = read(write())
    assert {name: str(value) for name, value in mail.items()} == {
        "From": "Harbour Letter <letter@example.org>",
        "To": "anna@example.org",
        "Reply-To": "office@example.org",
        "Subject": "Please confirm: Harbour Letter",
        "Date": "Sat, 21 Nov 2026 12:00:00 +0000",
        "Message-ID": "<abc123@example.org>",
        "Auto-Submitted": "auto-generated",
        "Content-Language": "en",
        "MIME-Version": "1.0",
        "Content-Type": mail["Content-Type"],
    }
    assert mail.get_content_type() == "multipart/alternative"


def test_providers_that_lose_the_message_id_get_its_token_beside_it() -> None:
    mail = read(write(providers=("ses", "postmark", "sendgrid")))
    assert mail["X-PM-Metadata-message"] == "abc123"
    assert mail["X-SMTPAPI"] == '{"unique_args": {"message": "abc123"}}'


def test_envelope_comes_back_to_the_sender_unless_told_otherwise() -> None:
    assert write().envelope_sender == "letter@example.org"
    assert write(envelope_sender="n+x@example.org").envelope_sender == "n+x@example.org"


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", NoticeKind)
def test_both_parts_hold_the_links_of_their_kind(
    kind: NoticeKind, language: str
) -> None:
    message = write(kind, language=language)
    paths = [f"https://news.example.org{path}" for path in PATHS[kind]]
    assert re.findall(r"https://\S+", part(message, "plain")) == paths
    page = html.fromstring(part(message, "html"))
    assert page.xpath("//a/@href") == paths


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", NoticeKind)
def test_mail_is_in_the_language_and_direction_of_the_form(
    kind: NoticeKind, language: str
) -> None:
    message = write(kind, language=language)
    page = html.fromstring(part(message, "html"))
    assert page.get("lang") == read(message)["Content-Language"] == language
    # Gmail drops what stands on html.
    (direction,) = page.xpath("//body/div/@dir")
    assert direction == page.get("dir") == ("rtl" if language == "ar" else "ltr")


@pytest.mark.parametrize("language", CATALOGUES)
@pytest.mark.parametrize("kind", NoticeKind)
def test_no_english_is_left_in_another_language(
    kind: NoticeKind, language: str
) -> None:
    english = part(write(kind), "plain").split("\n\n")[:-1]
    text = part(write(kind, language=language), "plain")
    assert [block for block in english if block in text] == []
    assert page_words(language).language == language


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", NoticeKind)
def test_mail_loads_nothing_and_is_short(kind: NoticeKind, language: str) -> None:
    message = write(kind, language=language)
    page = html.fromstring(part(message, "html"))
    assert page.xpath("//img|//script|//link|//iframe|//style") == []
    assert len(message.data) < 12_000


def test_unknown_language_is_english() -> None:
    assert read(write(language="ti"))["Content-Language"] == "en"


def test_address_with_letters_outside_ascii_asks_for_smtputf8() -> None:
    assert write(to="änna@example.org").needs_smtputf8
    assert not write().needs_smtputf8


def test_name_with_marks_is_shown_as_it_is() -> None:
    odd = replace(NEWSLETTER, name="A <b> & {braces}")
    message = write(newsletter=odd)
    assert read(message)["Subject"] == "Please confirm: A <b> & {braces}"
    assert "A &lt;b&gt; &amp; {braces}" in part(message, "html")


@given(st.text(min_size=1, max_size=80).filter(lambda text: text.isprintable()))
def test_any_name_keeps_the_mail_whole(name: str) -> None:
    message = write(newsletter=replace(NEWSLETTER, name=name))
    mail = read(message)
    assert len(mail.keys()) == len(set(mail.keys())) == 10
    assert "https://news.example.org/c/CONFIRM" in part(message, "plain")
    assert max(map(len, message.data.split(b"\r\n"))) <= 78


@pytest.mark.parametrize("name", ["Letter\r\nBcc: x@example.org", "a\x00b", "\u2028"])
def test_name_that_would_start_a_header_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="control character"):
        write(newsletter=replace(NEWSLETTER, name=name))
