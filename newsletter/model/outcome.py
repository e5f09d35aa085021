"""What a mail server said, and what we make of it."""

from dataclasses import dataclass

from newsletter.model.delivery import DeliveryState


@dataclass(frozen=True, slots=True)
class Reply:
    """A reply of an SMTP server (RFC 5321, section 4.2; RFC 3463)."""

    #: Three digits.
    code: int
    #: First 200 characters of what it said, one line, addresses masked.
    text: str = ""
    #: For example "5.1.1", or empty.
    enhanced: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one attempt ended."""

    state: DeliveryState
    reply: Reply | None = None
    #: The cause is not this recipient (login, policy, quota, network): pause.
    is_our_fault: bool = False
    #: That cause is likely to go away by itself (421, lost network): slow down, go on.
    may_pass: bool = False
    #: What happened, where there is no reply to show: "connection lost".
    reason: str = ""
