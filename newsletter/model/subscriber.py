"""A person on a list."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum

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
    #: Why the address is never mailed ("unsubscribed", "bounced", …), or empty.
    suppressed: str = ""
