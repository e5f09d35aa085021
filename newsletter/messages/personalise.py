"""CompiledMessage + one recipient -> Message: joins, and no encoding of what is known.

In: a compiled mail and what belongs to one person, signed tokens included. Out: the
exact bytes for the wire, in two steps: what is this person's own, and the join.

Law: a personal value is one line of text. Line ends and control characters in it become
a space, space around it goes; what is empty then is replaced by the fallback. In HTML
it is escaped. So no value can add a header, an element or a line.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from html import escape
from typing import NotRequired, TypedDict, Unpack

from newsletter.addresses import display_address, normalise_address
from newsletter.errors import RecipientError
from newsletter.i18n import date_in_words
from newsletter.messages.compile import FIXED_VALUES
from newsletter.messages.headers import date_header, unstructured_header
from newsletter.messages.quoted_printable import encode_value
from newsletter.model.issue import EMAIL_FIELD
from newsletter.model.message import (
    CompiledMessage,
    Filling,
    Message,
    PersonalValue,
    SlotContext,
)

#: C0, DEL, C1, line and paragraph separator.
_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
#: Most names: nothing to clean, escape or encode.
_USUAL = re.compile(
    r"(?!From |.*  )[A-Za-z0-9](?:[A-Za-z0-9 .,-]{0,70}[A-Za-z0-9.])?"
).fullmatch
_SURROGATE = re.compile("[\ud800-\udfff]")
#: Most people share their first name with others of a list: encoded once for them all.
_REMEMBERED = 2048
#: A token is signed elsewhere; letters and digits are all that must hold for it to
#: stand in a mail.
_MAX_TOKEN = 64


class Personal(TypedDict):
    """What `fill_in` takes of a person."""

    email: str
    fields: Mapping[str, str]
    unsubscribe_token: str
    message_token: str
    sent_at: datetime
    smtputf8: NotRequired[bool]
    envelope_sender: NotRequired[str]
    preferences_token: NotRequired[str]


def personalise(compiled: CompiledMessage, **personal: Unpack[Personal]) -> Message:
    """Return the mail for one recipient; `fill_in` says what it takes and raises."""
    return join(compiled, fill_in(compiled, **personal))


def fill_in(
    compiled: CompiledMessage,
    *,
    email: str,
    fields: Mapping[str, str],
    unsubscribe_token: str,
    message_token: str,
    sent_at: datetime,
    smtputf8: bool = False,
    envelope_sender: str = "",
    preferences_token: str = "",
) -> Filling:
    """Return what the mail has of one recipient; about 8 µs beside signing its tokens.

    Args:
        compiled: From `compile_message`.
        email: Address of the recipient.
        fields: What is known of the subscriber besides the address.
        unsubscribe_token: From `tokens.sign`, for leaving.
        message_token: From `tokens.sign`; left-hand side of the Message-ID.
        sent_at: Aware.
        smtputf8: The server takes letters outside ASCII before the ``@`` (RFC 6531).
        envelope_sender: Address for returned mail; empty: that of the sender.
        preferences_token: From `tokens.sign`; where the mail leads to one's settings.

    Raises:
        RecipientError: This address cannot be written to, or a field cannot be sent.
        ValueError: A token or the time is none: a fault of the caller.
    """
    address = _check_address(email, smtputf8=smtputf8)
    known = {**fields, EMAIL_FIELD: display_address(address)}
    # In the order of FIXED_VALUES.
    encoded = [
        address.encode(),
        date_header(sent_at),
        _token_bytes(message_token),
        _token_bytes(unsubscribe_token),
    ]
    for value in compiled.values[len(FIXED_VALUES) :]:
        if value.context is SlotContext.SUBJECT:
            encoded.append(_subject_header(personal_subject(compiled, known)))
        elif value.context is SlotContext.PREFERENCES:
            encoded.append(_token_bytes(preferences_token))
        else:
            encoded.append(_encode(value, known))
    return Filling(
        values=tuple(encoded),
        envelope_sender=envelope_sender or compiled.envelope_sender,
        envelope_recipient=address,
        message_id=f"<{message_token}@{compiled.message_domain}>",
        needs_smtputf8=not address.isascii(),
    )


def join(compiled: CompiledMessage, filling: Filling) -> Message:
    """Return the mail that *filling* was made for."""
    values = filling.values
    parts = [filling.signatures] * (2 * len(compiled.order) + 2)
    parts[1::2] = compiled.pieces
    parts[2::2] = [values[index] for index in compiled.order]
    return Message(
        data=b"".join(parts),
        envelope_sender=filling.envelope_sender,
        envelope_recipient=filling.envelope_recipient,
        message_id=filling.message_id,
        needs_smtputf8=filling.needs_smtputf8,
    )


def personal_subject(compiled: CompiledMessage, fields: Mapping[str, str]) -> str:
    """Return the subject as this subscriber reads it."""
    parts = [
        part if isinstance(part, str) else _field_text(part, fields)
        for part in compiled.subject
    ]
    return "".join(parts).strip()


def _token_bytes(token: str) -> bytes:
    if not (token.isascii() and token.isalnum() and len(token) <= _MAX_TOKEN):
        raise ValueError("a token is 1 to 64 letters and digits.")
    return token.encode("ascii")


def _check_address(email: str, *, smtputf8: bool) -> str:
    try:
        return normalise_address(email, allow_smtputf8=smtputf8)
    except ValueError as error:
        raise RecipientError(f"this recipient cannot be mailed: {error}") from error


def _encode(value: PersonalValue, fields: Mapping[str, str]) -> bytes:
    text = fields.get(value.name, "")
    if not value.date_language and _USUAL(text):
        return text.encode("ascii")
    is_html = value.context is SlotContext.HTML
    return _encode_unusual(_field_text(value, fields), is_html=is_html)


@lru_cache(maxsize=_REMEMBERED)
def _encode_unusual(text: str, *, is_html: bool) -> bytes:
    return encode_value(escape(text) if is_html else text)


@lru_cache(maxsize=_REMEMBERED)
def _subject_header(subject: str) -> bytes:
    return unstructured_header("Subject", subject)


def _field_text(value: PersonalValue, fields: Mapping[str, str]) -> str:
    text = fields.get(value.name, "")
    if not text.isprintable():
        text = _clean(value.name, text)
    text = text.strip()
    if text and value.date_language:
        text = date_in_words(text, value.date_language)
    return text or value.fallback


def _clean(name: str, text: str) -> str:
    if _SURROGATE.search(text):
        raise RecipientError(f'the field "{name}" holds half a character.')
    return _CONTROLS.sub(" ", text)
