"""Assembled + identity -> CompiledMessage: all that is the same for every reader.

In: the parts of a mail with marked places. Out: encoded pieces between those places,
and a hash of all of it by which the mail that was tested is known again.

Law: the same input gives the same bytes, whenever and wherever. What differs between
two readers or two moments (To, Date, Message-ID, token, fields) is a slot, so it cannot
be in the hash. No mail made of it has to be looked through again: see `wire_form`.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import replace

from newsletter.errors import DefinitionError, OperationError
from newsletter.messages.letterhead import TOKEN, Piece, read_sender, write_letterhead
from newsletter.messages.parts import split_slots, write_body
from newsletter.messages.wire_form import require_wire_form
from newsletter.model.assembled import Assembled
from newsletter.model.message import (
    CompiledMessage,
    Identity,
    PersonalValue,
    SlotContext,
)
from newsletter.model.problem import Place, Problem

#: These begin the values of every compiled mail, in this order.
FIXED_VALUES = (
    PersonalValue(SlotContext.TO),
    PersonalValue(SlotContext.DATE),
    PersonalValue(SlotContext.MESSAGE_ID),
    TOKEN,
)
#: First bytes of a stored mail; the number rises when the format changes.
_MAGIC = b"newsletter mail 2\n"


def compile_message(assembled: Assembled, identity: Identity) -> CompiledMessage:
    """Return *assembled* ready for `personalise`; 4 to 20 ms, once for each issue.

    Raises:
        DefinitionError: Sender, subject or another value cannot stand in a mail.
    """
    slots = assembled.slots
    subject = tuple(split_slots(assembled.subject, SlotContext.SUBJECT, slots))
    try:
        sender = read_sender(identity)
        head = write_letterhead(identity, sender, subject)
    except ValueError as error:
        place = assembled.issue.places.get("subject", Place(assembled.issue.file))
        problem = Problem(place, f"this issue cannot be mailed: {error}")
        raise DefinitionError([problem]) from error
    body = write_body(assembled, sender.unsubscribe_urls[0], sender.preferences_url)
    pieces, order, values = _join_pieces([*head, *body])
    require_wire_form(pieces, order, values)
    return _with_hash(
        CompiledMessage(
            pieces=pieces,
            order=order,
            values=values,
            subject=subject,
            envelope_sender=sender.mailbox.address,
            message_domain=sender.domain,
            content_hash="",
        )
    )


def dump_compiled(compiled: CompiledMessage) -> bytes:
    """Return *compiled* as bytes whose SHA-256 is its content hash.

    A line that names the format, a line of JSON, then all pieces without gaps.
    """
    described = {
        "envelope_sender": compiled.envelope_sender,
        "message_domain": compiled.message_domain,
        "order": compiled.order,
        "pieces": [len(piece) for piece in compiled.pieces],
        "subject": [
            part if isinstance(part, str) else _describe(part)
            for part in compiled.subject
        ],
        "values": [_describe(value) for value in compiled.values],
    }
    line = json.dumps(described, sort_keys=True, separators=(",", ":"))
    return b"".join((_MAGIC, line.encode("ascii"), b"\n", *compiled.pieces))


def load_compiled(data: bytes, *, content_hash: str = "") -> CompiledMessage:
    """Return what `dump_compiled` was given.

    Args:
        data: As it was stored.
        content_hash: What it must be, as far as known: nothing else is then accepted.

    Raises:
        OperationError: Another format, or not what was written.
    """
    if not data.startswith(_MAGIC):
        raise OperationError(
            "this stored mail was written by another version of newsletter.",
            "Use that version, or test the issue again with this one.",
        )
    try:
        compiled = _load(data)
        if content_hash not in ("", compiled.content_hash):
            raise ValueError("the bytes have another hash")
    except (ValueError, KeyError, TypeError) as error:
        raise OperationError(
            "this stored mail is damaged.", "Restore the database from a backup."
        ) from error
    return compiled


def _load(data: bytes) -> CompiledMessage:
    end = data.index(b"\n", len(_MAGIC))
    described = json.loads(data[len(_MAGIC) : end])
    return CompiledMessage(
        pieces=tuple(_cut(data, end + 1, described["pieces"])),
        order=tuple(described["order"]),
        values=tuple(_recall(value) for value in described["values"]),
        subject=tuple(
            part if isinstance(part, str) else _recall(part)
            for part in described["subject"]
        ),
        envelope_sender=described["envelope_sender"],
        message_domain=described["message_domain"],
        content_hash=hashlib.sha256(data).hexdigest(),
    )


def _cut(data: bytes, start: int, lengths: Iterable[int]) -> Iterator[bytes]:
    for length in lengths:
        yield data[start : start + length]
        start += length
    if start != len(data):
        raise ValueError("the pieces do not add up")


def _describe(value: PersonalValue) -> list[str]:
    described = [value.context, value.name, value.fallback]
    return [*described, value.date_language] if value.date_language else described


def _recall(described: list[str]) -> PersonalValue:
    context, name, fallback, *date_language = described
    return PersonalValue(SlotContext(context), name, fallback, *date_language)


def _with_hash(compiled: CompiledMessage) -> CompiledMessage:
    digest = hashlib.sha256(dump_compiled(compiled)).hexdigest()
    return replace(compiled, content_hash=digest)


def _join_pieces(
    written: Iterable[Piece],
) -> tuple[tuple[bytes, ...], tuple[int, ...], tuple[PersonalValue, ...]]:
    """Return neighbouring bytes as one piece each, and the values between them."""
    index_of = {value: index for index, value in enumerate(FIXED_VALUES)}
    pieces, order, waiting = [], [], []
    for piece in written:
        if isinstance(piece, bytes):
            waiting.append(piece)
            continue
        pieces.append(b"".join(waiting))
        waiting = []
        order.append(index_of.setdefault(piece, len(index_of)))
    return (*pieces, b"".join(waiting)), tuple(order), tuple(index_of)
