import hashlib
from collections.abc import Callable
from dataclasses import replace

import pytest

from newsletter.errors import DefinitionError, OperationError
from newsletter.messages.compile import (
    FIXED_VALUES,
    compile_message,
    dump_compiled,
    load_compiled,
)
from newsletter.model.assembled import Assembled, AssembledImage
from newsletter.model.message import (
    CompiledMessage,
    Identity,
    PersonalValue,
    SlotContext,
)

Build = Callable[..., Assembled]


def test_compile_twice_gives_the_same(build: Build, identity: Identity) -> None:
    first = compile_message(build(), identity)
    assert first == compile_message(build(), identity)


def test_compile_encodes_each_distinct_value_once(compiled: CompiledMessage) -> None:
    assert compiled.values == (
        *FIXED_VALUES,
        PersonalValue(SlotContext.SUBJECT),
        PersonalValue(SlotContext.TEXT, "first_name", "lezer"),
        PersonalValue(SlotContext.HTML, "first_name", "lezer"),
    )
    assert len(compiled.order) == 11
    assert len(compiled.pieces) == len(compiled.order) + 1


def test_compile_keeps_who_sends(compiled: CompiledMessage) -> None:
    assert compiled.envelope_sender == "post@example.org"
    assert compiled.message_domain == "example.org"


def test_compile_shows_the_subject_as_nobody_gets_it(compiled: CompiledMessage) -> None:
    assert compiled.subject_text == "Petitie: teken nu, lezer"


@pytest.mark.parametrize(
    "changes",
    [
        {"subject": "Petitie"},
        {"html": "<p>anders</p>\n"},
        {"text": "anders\n"},
        {"slots": ()},
    ],
)
def test_content_hash_of_other_content_differs(
    compiled: CompiledMessage, build: Build, identity: Identity, changes: dict[str, str]
) -> None:
    other = compile_message(build(**changes), identity)
    assert other.content_hash != compiled.content_hash


@pytest.mark.parametrize(
    "changes",
    [
        {"sender": "Ander <post@example.org>"},
        {"reply_to": "antwoord@example.org"},
        {"base_url": ""},
        {"list_name": "Ander"},
    ],
)
def test_content_hash_of_another_sender_differs(
    compiled: CompiledMessage, build: Build, identity: Identity, changes: dict[str, str]
) -> None:
    other = compile_message(build(), replace(identity, **changes))  # type: ignore[arg-type]
    assert other.content_hash != compiled.content_hash


def test_content_hash_of_another_fallback_differs(
    compiled: CompiledMessage, build: Build, identity: Identity
) -> None:
    slots = tuple(replace(slot, fallback="vriend") for slot in build().slots)
    other = compile_message(build(slots=slots), identity)
    assert other.content_hash != compiled.content_hash


def test_content_hash_of_another_picture_differs(
    build: Build, identity: Identity, picture: AssembledImage
) -> None:
    one = compile_message(build(embedded=(picture,)), identity)
    changed = replace(picture, data=picture.data + b"x")
    other = compile_message(build(embedded=(changed,)), identity)
    assert one.content_hash != other.content_hash


def test_content_hash_with_other_markers_is_the_same(
    compiled: CompiledMessage, build: Build, identity: Identity
) -> None:
    """How a place is marked on the way is nothing a reader gets."""
    one = build()
    slots = tuple(
        replace(slot, marker=slot.marker.replace("ab12cd", "ff00ff"))
        for slot in one.slots
    )
    parts = {
        part: getattr(one, part).replace("ab12cd", "ff00ff")
        for part in ("subject", "html", "text")
    }
    other = compile_message(build(slots=slots, **parts), identity)
    assert other.content_hash == compiled.content_hash


def test_content_hash_is_the_hash_of_the_stored_form(compiled: CompiledMessage) -> None:
    stored = dump_compiled(compiled)
    assert hashlib.sha256(stored).hexdigest() == compiled.content_hash


def test_load_after_dump_gives_the_same(compiled: CompiledMessage) -> None:
    assert load_compiled(dump_compiled(compiled)) == compiled


def test_dump_is_a_line_of_format_a_line_of_json_and_the_pieces(
    compiled: CompiledMessage,
) -> None:
    first, second, rest = dump_compiled(compiled).split(b"\n", 2)
    assert first == b"newsletter mail 2"
    assert second.startswith(b'{"envelope_sender":"post@example.org","message_domain":')
    assert rest == b"".join(compiled.pieces)


def test_load_of_another_format_says_so(compiled: CompiledMessage) -> None:
    data = dump_compiled(compiled).replace(b"mail 2", b"mail 1")
    with pytest.raises(OperationError) as caught:
        load_compiled(data)
    assert str(caught.value) == (
        "this stored mail was written by another version of newsletter. "
        "Use that version, or test the issue again with this one."
    )


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: data[:-1],
        lambda data: data + b"x",
        lambda data: data[:30],
        lambda data: data.replace(b'"order"', b'"other"'),
        lambda data: data.replace(b'"html"', b'"nowhere"'),
    ],
)
def test_load_of_damaged_data_says_so(
    compiled: CompiledMessage, damage: Callable[[bytes], bytes]
) -> None:
    with pytest.raises(OperationError) as caught:
        load_compiled(damage(dump_compiled(compiled)))
    assert str(caught.value) == (
        "this stored mail is damaged. Restore the database from a backup."
    )


def test_load_with_the_right_hash_gives_the_mail(compiled: CompiledMessage) -> None:
    data = dump_compiled(compiled)
    assert load_compiled(data, content_hash=compiled.content_hash) == compiled


def test_load_of_one_changed_byte_is_refused_by_the_hash(
    compiled: CompiledMessage,
) -> None:
    data = dump_compiled(compiled).replace(b"Afmelden", b"Aanmelden"[:8])
    with pytest.raises(OperationError) as caught:
        load_compiled(data, content_hash=compiled.content_hash)
    assert str(caught.value) == (
        "this stored mail is damaged. Restore the database from a backup."
    )


@pytest.mark.parametrize(
    ("sender", "subject", "message"),
    [
        (
            "Steunpunt",
            "Dag",
            "the sender cannot be used: the address has no @.",
        ),
        (
            "a@example.org",
            "Dag\r\nBcc: x@example.org",
            "Subject cannot hold the control character U+000D.",
        ),
    ],
)
def test_compile_of_what_no_header_can_hold_is_refused(
    build: Build, identity: Identity, sender: str, subject: str, message: str
) -> None:
    with pytest.raises(DefinitionError) as caught:
        compile_message(build(subject=subject), replace(identity, sender=sender))
    assert str(caught.value) == (
        f"issues/2023-02.md:2:10: this issue cannot be mailed: {message}"
    )
