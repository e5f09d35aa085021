import pytest

from newsletter.inbound.decoding import decode_header, decode_text, html_to_text
from newsletter.inbound.mail import MAX_PARTS, parse_mail, read_headers

REPORT = b"""Subject: =?utf-8?q?Caf=C3=A9?= =?utf-8?b?IGFuZCBi?=
Content-Type: multipart/report;
 boundary="=_a b"; report-type=delivery-status

preamble
--=_a b
Content-Type: text/plain; charset=iso-8859-1
Content-Transfer-Encoding: quoted-printable

caf=E9=
 closed
--=_a b
content-type: message/rfc822

Subject: inside

--=_a b is no boundary here
--=_a b--
epilogue
"""


def test_headers_are_found_whatever_their_case_and_decoded() -> None:
    mail = parse_mail(REPORT)

    assert mail.headers.first("subject") == "Café and b"
    assert mail.parameters["report-type"] == "delivery-status"
    assert mail.headers.first("nothing") == ""


@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_parts_are_the_same_with_any_line_ends(end: bytes) -> None:
    mail = parse_mail(REPORT.replace(b"\n", end))

    assert [part.content_type for part in mail.parts] == [
        "text/plain",
        "message/rfc822",
        "text/plain",
    ]
    assert mail.text == "café closed"
    assert [part.is_original for part in mail.parts] == [False, True, True]


def test_a_mail_that_was_cut_off_keeps_what_came() -> None:
    mail = parse_mail(REPORT[: REPORT.index(b"content-type: message")])

    assert mail.text.startswith("café closed")


def test_parts_without_their_mime_header_are_found_by_their_looks() -> None:
    mail = parse_mail(
        b"From: x@y.example\n\nThis is a MIME-encapsulated message\n\n--abcdef/x\n\n"
        b"hello\n--abcdef/x\nContent-Type: message/delivery-status\n\nAction: failed\n"
    )

    assert mail.text == "hello"
    assert mail.of_type("message/delivery-status")


def test_a_wrong_boundary_costs_no_word() -> None:
    mail = parse_mail(b"Content-Type: multipart/mixed; boundary=x\n\n--y\nhello\n")

    assert "hello" in mail.text


def test_parts_have_a_bound() -> None:
    mail = parse_mail(
        b"Content-Type: multipart/mixed; boundary=x\n\n" + b"--x\n\nhello\n" * 1_000
    )

    assert len(mail.parts) == MAX_PARTS


def test_lines_that_are_no_headers_are_dropped() -> None:
    headers = read_headers("From: a@b.example\nno header\nTo:c@d.example\n  , e@f\n")

    assert headers.fields == [("from", "a@b.example"), ("to", "c@d.example  , e@f")]


@pytest.mark.parametrize(
    ("data", "charset", "text"),
    [
        ("é".encode(), "", "é"),
        ("é".encode("cp1252"), "", "é"),
        ("é".encode(), "us-ascii", "é"),
        ("é".encode("cp1252"), "utf-8", "é"),
        ("不明".encode("iso2022_jp"), "", "不明"),
        ("不明".encode("euc_jp"), "iso-2022-jp", "不明"),
        ("не найден".encode("koi8-r"), "koi8-r", "не найден"),
        (b"abc", "no-such-charset", "abc"),
        # Codecs that are no charsets, or slow, or expand what they are given.
        (b"abc", "rot13", "abc"),
        (b"789c4b4c4a0600", "zlib", "789c4b4c4a0600"),
        (b"abc-", "punycode", "abc-"),
        (b"\\x41", "unicode_escape", "\\x41"),
        # Half of a pair of surrogates is no letter, and no database takes it.
        (b"+2AA-x +2ADcAA-", "utf-7", "?x \U00010000"),
    ],
)
def test_a_text_is_read_in_spite_of_its_label(
    data: bytes, charset: str, text: str
) -> None:
    assert decode_text(data, charset) == text


@pytest.mark.parametrize(
    ("written", "text"),
    [
        ("=?utf-8?B?w6k=?= =?utf-8?Q?_x?=", "é x"),
        ("=?utf-8*nl?Q?a_b?=", "a b"),
        ("=?nonsense?Q?a=20b?=", "a b"),
        ("=?utf-8?B?w6k?=", "é"),
        ("=?utf-8?X?w6k?=", "=?utf-8?X?w6k?="),
        ("a\r\n b\x00c", "a b c"),
    ],
)
def test_a_header_is_decoded_into_one_line(written: str, text: str) -> None:
    assert decode_header(written) == text


def test_a_page_becomes_what_a_reader_sees() -> None:
    page = (
        "<html><head><title>x</title><style>p{}</style></head><!-- no -->"
        "<p>Mail to<br>&lt;anna@example.org&gt; and <bas@example.org></p><p>failed</p>"
        "<script>unended"
    )

    lines = [line.strip() for line in html_to_text(page).splitlines()]

    assert [line for line in lines if line] == [
        "Mail to",
        "<anna@example.org> and <bas@example.org>",
        "failed",
    ]
