import re
from collections.abc import Callable
from dataclasses import replace
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import default

from newsletter.messages.letterhead import PREFERENCES_TOKEN, TOKEN, Piece
from newsletter.messages.parts import split_slots, write_body
from newsletter.model.assembled import (
    PREFERENCES_URL,
    UNSUBSCRIBE_URL,
    Assembled,
    AssembledImage,
    Slot,
)
from newsletter.model.message import PersonalValue, SlotContext

NAME = Slot("@@x_0@@", "name", "you")
OTHER = Slot("@@x_10@@", "other", "")
LEAVE = Slot("@@x_1@@", UNSUBSCRIBE_URL)
SLOTS = (NAME, LEAVE, OTHER)
IN_TEXT = PersonalValue(SlotContext.TEXT, "name", "you")

Build = Callable[..., Assembled]


def filled(pieces: list[Piece]) -> bytes:
    """Return a body with ``TOKEN`` or ``VALUE`` in its places."""
    return b"".join(
        piece if isinstance(piece, bytes) else b"TOKEN" if piece is TOKEN else b"VALUE"
        for piece in pieces
    )


def read(pieces: list[Piece]) -> EmailMessage:
    parsed = BytesParser(policy=default).parsebytes(filled(pieces))
    assert isinstance(parsed, EmailMessage)
    return parsed


def test_split_without_slots_gives_the_text() -> None:
    assert split_slots("a @@x_0@@", SlotContext.TEXT, ()) == ["a @@x_0@@"]


def test_split_gives_values_in_their_places() -> None:
    text = "a @@x_0@@@@x_10@@ b @@x_0@@"
    other = PersonalValue(SlotContext.TEXT, "other", "")
    expected = ["a ", IN_TEXT, other, " b ", IN_TEXT]
    assert split_slots(text, SlotContext.TEXT, SLOTS) == expected


def test_split_leaves_out_empty_stretches() -> None:
    assert split_slots("@@x_0@@", SlotContext.TEXT, SLOTS) == [IN_TEXT]


def test_split_of_the_leaving_place_keeps_all_but_the_token_as_text() -> None:
    url = "https://example.org/u/{token}"
    run = split_slots("<@@x_1@@>", SlotContext.TEXT, SLOTS, {UNSUBSCRIBE_URL: url})
    assert run == ["<https://example.org/u/", TOKEN, ">"]


def test_body_has_the_text_before_the_html(build: Build) -> None:
    parsed = read(write_body(build(), "https://example.org/u/{token}"))
    assert parsed.get_content_type() == "multipart/alternative"
    types = [part.get_content_type() for part in parsed.iter_parts()]
    assert types == ["text/plain", "text/html"]


def test_body_escapes_the_leaving_address_in_html(build: Build) -> None:
    parsed = read(write_body(build(), "https://example.org/?a=1&u={token}"))
    html, text = parsed.get_body(("html",)), parsed.get_body(("plain",))
    assert html is not None
    assert 'href="https://example.org/?a=1&amp;u=TOKEN"' in html.get_content()
    assert text is not None
    assert "<https://example.org/?a=1&u=TOKEN>" in text.get_content()


def test_body_leads_to_the_settings_of_its_reader(build: Build) -> None:
    slots = (Slot("@@s@@", PREFERENCES_URL),)
    mail = build(text="<@@s@@>\n", html='<a href="@@s@@">x</a>\n', slots=slots)
    pieces = write_body(mail, "https://a.org/u/{token}", "https://a.org/p/{token}")
    assert pieces.count(PREFERENCES_TOKEN) == 2
    assert TOKEN not in pieces


def test_body_with_a_picture_relates_it_to_the_html(
    build: Build, picture: AssembledImage
) -> None:
    parsed = read(write_body(build(embedded=(picture,)), "https://a.org/{token}"))
    text, related = parsed.iter_parts()
    assert text.get_content_type() == "text/plain"
    assert related.get_content_type() == "multipart/related"
    assert related.get_param("type") == "text/html"
    html, image = related.iter_parts()
    assert html.get_content_type() == "text/html"
    assert image.get_content() == picture.data
    assert image["Content-Type"] == "image/jpeg"
    assert image["Content-ID"] == "<0a1b2c@example.org>"
    assert image.get_content_disposition() == "inline"
    assert image.get_filename() == "foto-0a1b2c.jpg"


def test_body_reads_without_a_defect(build: Build, picture: AssembledImage) -> None:
    parsed = read(write_body(build(embedded=(picture,)), "https://a.org/{token}"))
    assert [part.defects for part in parsed.walk()] == [[], [], [], [], []]


def test_body_boundaries_cannot_occur_in_an_encoded_part(
    build: Build, picture: AssembledImage
) -> None:
    """In both encodings a ``=`` is never followed by ``_``, whatever is encoded."""
    pieces = write_body(build(embedded=(picture,)), "https://a.org/{token}")
    boundaries = re.findall(rb'boundary="([^"]+)"', filled(pieces))
    assert len(set(boundaries)) == 2
    assert all(boundary.startswith(b"=_") for boundary in boundaries)
    assert not any(
        one != other and other.startswith(one)
        for one in boundaries
        for other in boundaries
    )


def test_body_with_a_boundary_in_the_text_keeps_it_as_text(build: Build) -> None:
    first = filled(write_body(build(), "https://a.org/{token}")).decode()
    boundary = re.findall(r'boundary="([^"]+)"', first)[0]
    text = f"--{boundary}\n--{boundary}--\n"
    parsed = read(write_body(build(text=text), "https://a.org/{token}"))
    body = parsed.get_body(("plain",))
    assert body is not None
    assert body.get_content().replace("\r\n", "\n") == text


def test_body_twice_is_the_same(build: Build) -> None:
    first = write_body(build(), "https://a.org/{token}")
    assert first == write_body(build(), "https://a.org/{token}")


def test_body_with_other_line_ends_is_canonical(build: Build) -> None:
    body = filled(write_body(build(text="a\r\nb\rc\n"), "https://a.org/{token}"))
    assert b"\r\n\r\na\r\nb\r\nc\r\n\r\n--" in body


def test_body_with_a_picture_named_oddly_has_a_plain_name(
    build: Build, picture: AssembledImage
) -> None:
    odd = replace(picture, name='é"\r\nX: y.jpg')
    parsed = read(write_body(build(embedded=(odd,)), "https://a.org/{token}"))
    image = list(parsed.walk())[-1]
    assert image.get_filename() == "-X-y.jpg"
    assert image["X"] is None
