"""No line with a dot in front, and a body that canonicalisation does not change."""

import hashlib
import re
from collections.abc import Callable
from dataclasses import replace

import pytest
from dkim.canonicalization import Relaxed, Simple
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from newsletter.messages.compile import compile_message
from newsletter.messages.wire_form import require_wire_form
from newsletter.model.assembled import Assembled, AssembledImage
from newsletter.model.message import Identity, Message, PersonalValue, SlotContext

Build = Callable[..., Assembled]
Personal = Callable[..., Message]

HEAD = b"From: a@example.org\r\n\r\n"
VALUE = PersonalValue(SlotContext.HTML, "first_name", "")
#: What templates, editors and spreadsheets hold that could end up at a line's start.
_PARTS = [".", "..", " ", "  ", "\t", "\n", ".\n", "\n.", " .", "é", "=", "From ", "x"]
_MARKS = ["@@ab12cd_0@@", "@@ab12cd_1@@", "x" * 74, "x" * 75]
TEXT = st.lists(st.sampled_from(_PARTS + _MARKS), max_size=60).map("".join)
VALUES = st.one_of(
    st.lists(st.sampled_from(_PARTS), max_size=120).map("".join),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=120),
)
SAME_FIXTURES = settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    deadline=None,
    max_examples=150,
)


def assert_wire_form(data: bytes) -> None:
    """Say the law in another way than the code: with dkimpy's canonicalisations."""
    assert not any(line.startswith(b".") for line in data.split(b"\r\n"))
    assert b"\n" not in data.replace(b"\r\n", b"")
    assert b"\r" not in data.replace(b"\r\n", b"")
    body = data.partition(b"\r\n\r\n")[2]
    assert Relaxed.canonicalize_body(body) == body
    assert Simple.canonicalize_body(body) == body


@given(text=TEXT, marked_up=TEXT, value=VALUES, subject=VALUES)
@example(text="@@ab12cd_0@@.", marked_up=".@@ab12cd_0@@", value=".", subject=".")
@example(text="x" * 75 + ".", marked_up="", value="x" * 75 + ".", subject="a  b")
@example(text="", marked_up="  @@ab12cd_0@@  \n", value=" a\t b ", subject="")
@SAME_FIXTURES
def test_any_mail_to_anybody_has_wire_form(
    text: str,
    marked_up: str,
    value: str,
    subject: str,
    build: Build,
    identity: Identity,
    personal: Personal,
) -> None:
    title = re.sub(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]", " ", subject)
    assembled = build(text=text, html=marked_up, subject=f"{title}@@ab12cd_0@@")
    message = personal(
        compile_message(assembled, identity), fields={"first_name": value}
    )
    assert_wire_form(message.data)


@pytest.mark.parametrize("size", [0, 1, 56, 57, 58, 5000])
def test_mail_with_a_picture_has_wire_form(
    size: int,
    picture: AssembledImage,
    build: Build,
    identity: Identity,
    personal: Personal,
) -> None:
    data = hashlib.shake_256(b"noise").digest(size)
    odd = replace(picture, name=".hidden. .jpg", data=data)
    message = personal(compile_message(build(embedded=(odd,)), identity))
    assert_wire_form(message.data)


@given(name=st.text(st.sampled_from('. \t"<é='), max_size=90), number=st.integers(0, 9))
@SAME_FIXTURES
def test_mail_of_any_sender_has_wire_form(
    name: str, number: int, build: Build, personal: Personal
) -> None:
    clean = name.replace("\t", " ")
    identity = Identity(
        sender="post@example.org",
        reply_to=f'"{clean.replace(chr(34), "")}" <{"a" * number}x@example.org>',
        list_id="main.example.org",
        list_name=clean,
        unsubscribe_address="uit+{token}@example.org",
        feedback_parts=(f"{name}.", "main"),
    )
    assert_wire_form(personal(compile_message(build(), identity)).data)


@pytest.mark.parametrize(
    ("pieces", "said"),
    [
        ((b".From: a\r\n\r\nb\r\n",), "a line of this mail begins with a dot."),
        ((HEAD + b"a\r\n.\r\n",), "a line of this mail begins with a dot."),
        ((b"From: a\r\n.b\r\n\r\nb\r\n",), "a line of this mail begins with a dot."),
        (
            (HEAD + b"a",),
            "the body of this mail does not end with one line end.",
        ),
        (
            (HEAD + b"a\r\n\r\n",),
            "the body of this mail does not end with one line end.",
        ),
        (
            (HEAD + b"a  b\r\n",),
            "a line of this mail has blanks that a server may change.",
        ),
        (
            (HEAD + b"a\tb\r\n",),
            "a line of this mail has blanks that a server may change.",
        ),
        (
            (HEAD + b"a \r\n",),
            "a line of this mail has blanks that a server may change.",
        ),
        ((HEAD + b"a\nb\r\n",), "a line end of this mail is not CR LF."),
        ((HEAD + b"a\rb\r\n",), "a line end of this mail is not CR LF."),
        (
            (HEAD + b"a", b"\r\n"),
            "a value of this mail shares its line with others.",
        ),
        (
            (HEAD, b"b\r\n"),
            "a value of this mail shares its line with others.",
        ),
    ],
)
def test_pieces_without_wire_form_are_refused(
    pieces: tuple[bytes, ...], said: str
) -> None:
    with pytest.raises(ValueError, match="mail") as caught:
        require_wire_form(pieces, (0,) * (len(pieces) - 1), (VALUE,))
    assert str(caught.value) == said


@pytest.mark.parametrize("after", [b"\r\n", b"=\r\nb\r\n"])
def test_value_on_lines_of_its_own_is_accepted(after: bytes) -> None:
    require_wire_form((HEAD + b"a=\r\n", after), (0,), (VALUE,))
