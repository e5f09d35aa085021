from base64 import b64decode
from datetime import UTC, datetime, timedelta, timezone
from email.header import decode_header, make_header
from email.headerregistry import Address
from email.parser import BytesParser
from email.policy import default

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from newsletter.addresses import Mailbox
from newsletter.messages.headers import (
    address_list_header,
    date_header,
    encode_words,
    list_id_header,
    mailbox_header,
    token_header,
    unstructured_header,
)

#: What a person can type and a header can carry.
WORDS = st.text(
    st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]), max_size=200
).map(lambda text: " ".join(text.split()))


def read(header: bytes, name: str) -> object:
    return BytesParser(policy=default).parsebytes(header + b"\r\n")[name]


def assert_folded(header: bytes) -> None:
    assert header.endswith(b"\r\n")
    first, *others = header[:-2].split(b"\r\n")
    assert all(other.startswith(b" ") and other.strip() for other in others)
    for line in (first, *others):
        line.decode("ascii")
        assert len(line) <= 76
        assert line == line.rstrip()
        assert b"\r" not in line
        assert b"\n" not in line


@given(WORDS.filter(bool))
@example("=?utf-8?q?x?=")
@example("a" * 300)
@example(("woord " * 40).strip())
@example("👩‍👩‍👧‍👦" * 20)
@example("é" * 100)
@example("שלום עולם")
@example("x" * 67)
@example("x" * 68)
@settings(max_examples=200)
def test_unstructured_of_any_text_reads_the_same(text: str) -> None:
    header = unstructured_header("Subject", text)
    assert_folded(header)
    assert read(header, "Subject") == text


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=120))
@example("é" * 100)
@example("a" + "é" * 100)
@example("👍" * 60)
def test_encode_words_cut_no_character_in_two(text: str) -> None:
    """RFC 2047, section 5: each word decodes by itself (Python's reader forgives)."""
    words = encode_words(text, 67)
    inner = [word.removeprefix("=?utf-8?b?").removesuffix("?=") for word in words]
    assert "".join(b64decode(each).decode() for each in inner) == text
    assert [len(word) <= 75 for word in words] == [True] * len(words)


def test_unstructured_of_ascii_keeps_runs_of_spaces() -> None:
    text = ("two  words   " * 12).strip()
    header = unstructured_header("Subject", text)
    assert_folded(header)
    assert read(header, "Subject") == text


def test_unstructured_of_short_ascii_stands_as_it_is() -> None:
    assert unstructured_header("Subject", "Hello = you") == b"Subject: Hello = you\r\n"


def test_unstructured_of_other_letters_is_one_encoded_word() -> None:
    header = unstructured_header("Subject", "Één")
    assert header == b"Subject: =?utf-8?b?w4nDqW4=?=\r\n"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("a\r\nBcc: x@example.org", "U+000D"),
        ("a\nb", "U+000A"),
        ("a\x00", "U+0000"),
        ("a\x0bb", "U+000B"),
        ("a\x85b", "U+0085"),
        ("a\u2028b", "U+2028"),
        ("a\u2029b", "U+2029"),
        ("a\ud800", "U+D800"),
        ("a\tb", "U+0009"),
        ("a\n", "U+000A"),
    ],
)
def test_unstructured_of_control_characters_is_refused(text: str, code: str) -> None:
    message = rf"^Subject cannot hold the control character {code.replace('+', '.')}\.$"
    with pytest.raises(ValueError, match=message):
        unstructured_header("Subject", text)


@given(WORDS)
@example('Steunpunt, "LOS" \\')
@example("J. Smith")
@example("=?utf-8?q?x?=")
@example("naam@example.org")
@example("a" * 300)
@example("é" * 300)
@settings(max_examples=200)
def test_mailbox_of_any_name_reads_the_same(name: str) -> None:
    header = mailbox_header("From", Mailbox(name, "post@example.org"))
    assert_folded(header)
    if header.count(b"=?utf-8?b?") > 1:
        # The newer parser puts spaces between two such words until Python 3.13.
        unfolded = header.decode().replace("\r\n", "").removeprefix("From: ")
        phrase = unfolded.removesuffix(" <post@example.org>")
        assert str(make_header(decode_header(phrase))) == name
    else:
        parsed = BytesParser(policy=default).parsebytes(header + b"\r\n")["From"]
        assert parsed.addresses == (Address(name, addr_spec="post@example.org"),)


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("", "post@example.org"),
        ("Steunpunt LOS", "Steunpunt LOS <post@example.org>"),
        ("Steunpunt, LOS", '"Steunpunt, LOS" <post@example.org>'),
        ("Jörg", "=?utf-8?b?SsO2cmc=?= <post@example.org>"),
    ],
)
def test_mailbox_of_usual_names(name: str, written: str) -> None:
    header = mailbox_header("From", Mailbox(name, "post@example.org"))
    assert header.decode() == f"From: {written}\r\n"


def test_mailbox_with_a_line_end_in_the_name_is_refused() -> None:
    message = r"^From cannot hold the control character U.000A\.$"
    with pytest.raises(ValueError, match=message):
        mailbox_header("From", Mailbox("a\nBcc: b", "post@example.org"))


def test_list_id_encodes_the_name_and_never_the_id() -> None:
    header = list_id_header("Één", "main.example.org")
    assert header == b"List-Id: =?utf-8?b?w4nDqW4=?= <main.example.org>\r\n"


def test_list_id_without_a_name_is_the_id() -> None:
    assert list_id_header("", "main.example.org") == b"List-Id: <main.example.org>\r\n"


def test_address_list_folds_between_items_only() -> None:
    long = f"https://example.org/{'x' * 200}"
    header = address_list_header("List-Unsubscribe", [long, "mailto:a@example.org"])
    lines = header.decode().split("\r\n")
    expected = [f"List-Unsubscribe: <{long}>,", " <mailto:a@example.org>", ""]
    assert lines == expected


@pytest.mark.parametrize(
    "url", ["https://example.org/ x", "https://a>", "a<b", "é", "a\r\nb", ""]
)
def test_address_list_of_what_would_end_its_item_is_refused(url: str) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - compared whole below
        address_list_header("List-Help", [url])
    assert str(caught.value) == f"List-Help cannot hold the address {url!r}."


def test_address_list_of_a_line_too_long_is_refused() -> None:
    message = r"^List-Help cannot hold an address of 901 characters\.$"
    with pytest.raises(ValueError, match=message):
        address_list_header("List-Help", ["x" * 901])


@pytest.mark.parametrize("value", ["", "a\r\nb", "é", "a  b", " a", "a\n"])
def test_token_header_of_anything_but_words_is_refused(value: str) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - compared whole below
        token_header("Precedence", value)
    assert str(caught.value) == f"Precedence cannot hold {value!r}."


def test_date_keeps_the_zone_it_is_given() -> None:
    zone = timezone(timedelta(hours=1))
    header = date_header(datetime(2023, 2, 14, 9, 30, tzinfo=zone))
    assert header == b"Date: Tue, 14 Feb 2023 09:30:00 +0100\r\n"


def test_date_in_utc_is_plus_zero() -> None:
    """A zone of -0000 would say that the time is of unknown origin (RFC 5322)."""
    header = date_header(datetime(2023, 2, 14, 9, 30, tzinfo=UTC))
    assert header == b"Date: Tue, 14 Feb 2023 09:30:00 +0000\r\n"


def test_date_without_a_zone_is_refused() -> None:
    message = r"^the time of sending has no time zone\.$"
    with pytest.raises(ValueError, match=message):
        date_header(datetime(2023, 2, 14, 9, 30))  # noqa: DTZ001 - the point of it
