import pytest

from newsletter.clients.message_source import (
    MessageSource,
    ShownHeader,
    ShownPart,
    message_source,
)

MAIL = (
    b"From: =?utf-8?q?J=C3=B6rg?= <letter@example.org>\r\n"
    b"Subject: =?utf-8?q?Caf=C3=A9_and?=\r\n =?utf-8?q?_tea?=\r\n"
    b'Content-Type: multipart/mixed; boundary="x"\r\n\r\n'
    b"--x\r\nContent-Type: text/plain; charset=utf-8\r\n"
    b"Content-Transfer-Encoding: quoted-printable\r\n\r\nCaf=C3=A9 =\r\nand tea\r\n"
    b"--x\r\nContent-Type: image/png; name=dot.png\r\n"
    b"Content-Disposition: attachment; filename=dot.png\r\n"
    b"Content-Transfer-Encoding: BASE64\r\n\r\nAAAA\r\n--x--\r\n"
)


def test_headers_are_shown_as_they_travel_and_as_they_are_meant() -> None:
    assert message_source(MAIL).headers == (
        ShownHeader(
            "From",
            "=?utf-8?q?J=C3=B6rg?= <letter@example.org>",
            "Jörg <letter@example.org>",
        ),
        ShownHeader(
            "Subject", "=?utf-8?q?Caf=C3=A9_and?=\n =?utf-8?q?_tea?=", "Café and tea"
        ),
        ShownHeader(
            "Content-Type",
            'multipart/mixed; boundary="x"',
            'multipart/mixed; boundary="x"',
        ),
    )


def test_parts_are_decoded_where_they_are_text() -> None:
    assert message_source(MAIL).parts == (
        ShownPart("text/plain", "quoted-printable", 20, "", "Café and tea"),
        ShownPart("image/png", "base64", 4, "dot.png", ""),
    )


def test_raw_message_is_whole_when_short() -> None:
    source = message_source(MAIL)
    assert source.raw == MAIL.decode().replace("\r\n", "\n")
    assert source.left_out_bytes == 0


@pytest.mark.parametrize(
    ("most", "kept"), [(60, 50), (51, 50), (50, 50), (49, 49), (10, 10)]
)
def test_raw_message_is_cut_behind_a_whole_line(most: int, kept: int) -> None:
    source = message_source(MAIL, most_raw_bytes=most)
    assert source.raw == MAIL[:kept].decode().replace("\r\n", "\n")
    assert source.left_out_bytes == len(MAIL) - kept


@pytest.mark.parametrize(
    ("raw", "decoded"),
    [
        (b"=?utf-8?b?A?=", "=?utf-8?b?A?="),
        (b"=?no-such?q?a?=", "=?no-such?q?a?="),
        ("Café".encode(), "Café"),
        (b"Caf\xe9", "Caf\ufffd"),
    ],
)
def test_broken_header_is_shown_as_it_stands(raw: bytes, decoded: str) -> None:
    (header,) = message_source(b"Subject: " + raw + b"\r\n\r\n").headers
    assert header.decoded == decoded


def test_part_in_an_unknown_charset_is_read_as_utf_8() -> None:
    mail = b"Content-Type: text/plain; charset=no-such\r\n\r\nCaf\xc3\xa9"
    (part,) = message_source(mail).parts
    assert part.source == "Café"


def test_empty_message_has_an_empty_part() -> None:
    assert message_source(b"") == MessageSource(
        (), (ShownPart("text/plain", "7bit", 0, "", ""),), "", 0
    )
