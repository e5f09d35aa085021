import quopri
import re

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from newsletter.messages.quoted_printable import (
    SOFT_BREAK,
    encode_lines,
    encode_value,
)

LINES = st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=200))
VALUE = st.text(st.characters(exclude_categories=["Cs"]), max_size=300)


def assert_fit_for_the_wire(encoded: bytes) -> None:
    encoded.decode("ascii")
    for line in encoded.split(b"\r\n"):
        assert len(line) <= 76
        assert b"\n" not in line
        assert b"\r" not in line
        assert not line.startswith((b".", b"From "))
        assert not line.endswith(b" ")
        assert b"  " not in line
        assert re.fullmatch(rb"(?:[ -<>-~]|=[0-9A-F]{2})*=?", line)


@given(LINES.map("\n".join).map(lambda text: text.replace("\r", " ")))
@example("." * 200)
@example("From " * 60)
@example("é" * 200)
@example("a" * 74 + "=" + "b")
@example("a" * 75 + ".")
@example(" \n\t\n ")
@settings(max_examples=150)
def test_encode_lines_of_any_text_decodes_to_the_same(text: str) -> None:
    encoded = encode_lines(text)
    assert_fit_for_the_wire(encoded)
    decoded = quopri.decodestring(encoded.replace(b"\r\n", b"\n"))
    assert decoded.decode() == text


@given(VALUE.map(lambda text: re.sub(r"[\r\n]", " ", text)))
@example("a  b")
@example("é  é \t")
@example("a ")
@example(" ")
@example(" " * 300)
@example("From me")
@example(".")
@example("a" * 75)
@example("a" * 76)
@settings(max_examples=150)
def test_encode_value_of_any_line_decodes_to_the_same(text: str) -> None:
    encoded = b"before" + SOFT_BREAK + encode_value(text) + SOFT_BREAK + b"after"
    assert_fit_for_the_wire(encoded)
    decoded = quopri.decodestring(encoded.replace(b"\r\n", b"\n"))
    assert decoded.decode() == f"before{text}after"


@pytest.mark.parametrize(
    ("text", "encoded"),
    [
        ("", b""),
        ("a=b", b"a=3Db"),
        (".dot\n..", b"=2Edot\r\n=2E."),
        ("From me\nFromage", b"=46rom me\r\nFromage"),
        ("é\t\n", b"=C3=A9=09\r\n"),
        ("a  b   c    d ", b"a =20b =20 c =20 =20d=20"),
        ("\ta\t b", b"=09a=09 b"),
        ("x" * 74 + "  y", b"x" * 74 + b" =\r\n=20y"),
        ("x" * 80, b"x" * 75 + b"=\r\n" + b"x" * 5),
        ("x" * 74 + "é", b"x" * 74 + b"=\r\n=C3=A9"),
        ("x" * 75 + ".", b"x" * 75 + b"=\r\n=2E"),
    ],
)
def test_encode_lines_of_special_places(text: str, encoded: bytes) -> None:
    assert encode_lines(text) == encoded


@pytest.mark.parametrize("encode", [encode_lines, encode_value])
def test_encode_of_half_a_surrogate_pair_is_refused(encode: type) -> None:
    with pytest.raises(UnicodeEncodeError):
        encode("a\ud800")
