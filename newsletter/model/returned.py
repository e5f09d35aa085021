"""A mail that came back, or was written to us, as `inbound` reads it."""

from dataclasses import dataclass, field
from enum import StrEnum


class MailKind(StrEnum):
    """What a mail in our mailbox is; words of ``--json``."""

    BOUNCE = "bounce"
    #: "This is spam", told by a provider (ARF, JMRP).
    COMPLAINT = "complaint"
    #: Written by a mail program or by one press: leaves at once.
    UNSUBSCRIBE = "unsubscribe"
    #: A person asks to be taken off: only the editor does it.
    ASKS_TO_LEAVE = "asks-to-leave"
    #: Written by a person.
    REPLY = "reply"
    #: "I am away".
    AUTO_REPLY = "auto-reply"
    #: None of these, or nobody can tell: for a person to read.
    UNREAD = "unread"


#: Somebody has to read it.
FOR_PEOPLE = frozenset({MailKind.ASKS_TO_LEAVE, MailKind.REPLY, MailKind.UNREAD})


class BounceClass(StrEnum):
    """Whose matter a bounce is."""

    #: The address is dead: nothing reaches it any more.
    HARD = "hard"
    #: The mailbox cannot take it now: full, away for weeks, unclear.
    SOFT = "soft"
    #: A policy, our reputation or our quota: never the reader's matter.
    BLOCKED = "blocked"
    #: Still being tried; another mail will tell.
    DELAY = "delay"


class Decision(StrEnum):
    """What was made of a return that calls an address dead."""

    #: It was not weighed against the others of its dispatch yet.
    OPEN = "open"
    #: Too many at once to be believed: it waits for the editor.
    HELD = "held"
    #: The address is mailed no more.
    APPLIED = "applied"
    #: It was held, and the editor says that it is true: as applied.
    BELIEVED = "believed"
    #: The editor says that it was the fault of a mail system.
    DROPPED = "dropped"


@dataclass(frozen=True, slots=True)
class Report:
    """What a bounce or a complaint says of one recipient."""

    #: As the mail names it; empty where it names none. Forgeable: never acted upon.
    recipient: str = ""
    bounce_class: BounceClass | None = None
    #: Enhanced code (RFC 3463), or empty.
    status: str = ""
    #: At most 200 characters, one line, addresses masked.
    diagnostic: str = ""


@dataclass(frozen=True, slots=True)
class Reading:
    """A mail, read: what it says, and the words in it that may be tokens of ours."""

    kind: MailKind
    #: 32 bytes, the same for the same mail whichever way it was fetched.
    key: bytes
    #: One for each recipient a report speaks of; empty for what is no report.
    reports: tuple[Report, ...] = ()
    #: Candidates for `Purpose.MESSAGE`, the surest first: of the address it came to,
    #: of Message-IDs of an original inside, of In-Reply-To and References.
    message_tokens: tuple[str, ...] = ()
    #: Candidates for `Purpose.UNSUBSCRIBE`, of the address it came to and the subject.
    leave_tokens: tuple[str, ...] = ()
    #: Who wrote it, for a reply; empty for reports.
    sender: str = field(default="", repr=False)
    #: One line, at most 200 characters; shown, never stored.
    subject: str = field(default="", repr=False)
