"""A person on a list."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum, StrEnum

#: The field that says in which language somebody reads, a BCP 47 tag: always there,
#: declared in newsletter.toml or not. Empty: that of the newsletter.
LANGUAGE_FIELD = "language"


class SubscriptionStatus(IntEnum):
    """What a person and a list are to each other."""

    #: Asked to join, has not confirmed.
    PENDING = 0
    #: Gets mail.
    ACTIVE = 1
    #: Left; only the person's own confirmed wish brings them back.
    UNSUBSCRIBED = 2
    #: Mail to the address came back for good.
    BOUNCED = 3


class ConsentKind(StrEnum):
    """How somebody came or went: the word in their history."""

    #: By a file of the editor's.
    IMPORTED = "imported"
    #: By a command, or with a word of theirs on paper.
    ADDED = "added"
    #: On the public page; nothing came of it yet.
    ASKED = "asked"
    #: By a button that their mail led to.
    CONFIRMED = "confirmed"
    UNSUBSCRIBED = "unsubscribed"
    #: What came before was taken back.
    UNDONE = "undone"
    #: Mail to the address came back for good.
    BOUNCED = "bounced"
    #: Called a mail of ours spam.
    COMPLAINED = "complained"
    #: Says that somebody else asked.
    BLOCKED = "blocked"
    #: Took another address.
    CHANGED_ADDRESS = "changed-address"


class SuppressionReason(StrEnum):
    """Why an address is not mailed."""

    #: Its owner left.
    UNSUBSCRIBED = "unsubscribed"
    #: Mail to it came back for good; nobody's word.
    BOUNCED = "bounced"
    #: Its owner called a mail of ours spam.
    COMPLAINED = "complained"
    #: Its owner says that somebody else asked.
    BLOCKED = "blocked"
    #: Its owner was forgotten.
    FORGOTTEN = "forgotten"
    #: Its owner took another one: whoever adds it again does not know that they write
    #: from elsewhere, or have left there.
    MOVED = "moved"


#: Reasons after which nobody is even sent a mail to confirm that they want ours.
FOR_GOOD = (SuppressionReason.COMPLAINED, SuppressionReason.BLOCKED)


@dataclass(frozen=True, slots=True)
class Subscriber:
    """A person with an address; one for each address."""

    id: int
    email: str
    #: Declared fields that have a value; never an empty one.
    fields: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Subscription:
    """A subscriber's standing on one list."""

    list: str
    status: SubscriptionStatus
    #: Since when; aware, UTC.
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class Standing:
    """What is known of an address, in view of one list."""

    #: None: the address belongs to no subscriber.
    subscriber_id: int | None = None
    fields: Mapping[str, str] = field(default_factory=dict)
    #: None: never had to do with the list.
    status: SubscriptionStatus | None = None
    #: `SuppressionReason`, or empty.
    suppressed: str = ""
