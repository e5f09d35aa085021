"""The bytes that go to one recipient, and the frozen mail they are joined from."""

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple


@dataclass(frozen=True, slots=True)
class Message:
    """One finished mail with its envelope.

    *data* is what RFC 5321 calls mail data: CRLF line ends, ends with CRLF, ASCII only
    unless *needs_smtputf8*, no line that starts with a dot: there is nothing to stuff.
    """

    data: bytes
    envelope_sender: str
    envelope_recipient: str
    #: With angle brackets.
    message_id: str
    needs_smtputf8: bool = False


class Filling(NamedTuple):
    """What one recipient's mail has besides the compiled one: a kilobyte, not forty.

    A tuple, for it travels between processes: to pickle it costs a third.
    """

    #: Encoded, in the order of `CompiledMessage.values`.
    values: tuple[bytes, ...]
    envelope_sender: str
    envelope_recipient: str
    #: With angle brackets.
    message_id: str
    needs_smtputf8: bool = False
    #: Header lines that stand in front of all others: signatures.
    signatures: bytes = b""


@dataclass(frozen=True, slots=True)
class Identity:
    """In whose name a mail goes out, and by which ways a reader can leave."""

    #: ``Name <address>`` or an address.
    sender: str
    #: ``label.domain``, the same for the life of the list (RFC 2919).
    list_id: str
    #: Title of the list for people, or empty.
    list_name: str = ""
    #: ``Name <address>``, an address, or empty.
    reply_to: str = ""
    #: Public address of the pages, without a closing slash; empty when there are none.
    base_url: str = ""
    #: Mailbox for unsubscribe mails, ``{token}`` in it is replaced; empty: the reply-to
    #: or sender address.
    unsubscribe_address: str = ""
    #: What providers may count complaints by, at most three words; no person's.
    feedback_parts: tuple[str, ...] = ()
    #: BCP 47 tag.
    language: str = "en"
    #: Those who report what comes back to our pages (`HooksSettings.providers`).
    providers: tuple[str, ...] = ()


class SlotContext(StrEnum):
    """Where a personal value stands, which says how it is written."""

    TO = "to"
    DATE = "date"
    MESSAGE_ID = "message_id"
    #: The token for leaving, bare.
    UNSUBSCRIBE = "unsubscribe"
    #: The token for the page of one's own lists, language and address, bare.
    PREFERENCES = "preferences"
    #: A field in the subject.
    SUBJECT = "subject"
    #: A field in the HTML part.
    HTML = "html"
    #: A field in the text part.
    TEXT = "text"


@dataclass(frozen=True, slots=True)
class PersonalValue:
    """Something to be filled in for each recipient."""

    context: SlotContext
    #: Field of the subscriber, for the contexts that show fields.
    name: str = ""
    #: Used where the subscriber has no value.
    fallback: str = ""
    #: BCP 47 tag: the field is a date, and is shown as this language writes one.
    date_language: str = ""


@dataclass(frozen=True, slots=True)
class CompiledMessage:
    """A mail ready but for the personal values: encoded once, joined per recipient.

    The mail is ``pieces[0] + value + pieces[1] + value + … + pieces[-1]``; *order* says
    which of *values* goes where. The subject, if personal, is one value of its own.
    """

    #: Finished bytes; one more than there are slots.
    pieces: tuple[bytes, ...]
    #: For each slot the index of its value in *values*.
    order: tuple[int, ...]
    #: Each distinct value once.
    values: tuple[PersonalValue, ...]
    #: Characters and fields in turn.
    subject: tuple[str | PersonalValue, ...]
    envelope_sender: str
    #: Right-hand side of the Message-ID.
    message_domain: str
    #: Hex SHA-256 of all the above: what was tested is what goes out.
    content_hash: str

    @property
    def has_preferences(self) -> bool:
        """Whether it leads to each reader's own settings."""
        return any(value.context is SlotContext.PREFERENCES for value in self.values)

    @property
    def subject_text(self) -> str:
        """The subject as somebody without any field gets it."""
        return "".join(
            part if isinstance(part, str) else part.fallback for part in self.subject
        )
