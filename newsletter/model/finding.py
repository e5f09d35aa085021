"""What a check saw."""

from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum

from newsletter.model.problem import Place


class Severity(IntEnum):
    """How much a finding weighs."""

    #: Worth knowing, or not checkable from here.
    INFO = 0
    #: Probably wrong.
    WARNING = 1
    #: Surely wrong for the reader: blocks sending unless accepted with a reason.
    ERROR = 2


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing a check saw: where, what, and what to do."""

    #: Rule id, for example "promised-link".
    rule: str
    severity: Severity
    place: Place
    message: str
    advice: str
    #: The editor's reason for accepting it, or empty.
    accepted: str = ""
    #: When it was accepted, in the time zone of the newsletter; None when it is not.
    accepted_at: datetime | None = None

    @property
    def accepted_on(self) -> str:
        """The day of its acceptance, ``14 February 2026``, or empty."""
        at = self.accepted_at
        return f"{at.day} {at:%B} {at.year}" if at else ""

    @property
    def is_blocking(self) -> bool:
        """Whether `send` refuses because of it."""
        return self.severity is Severity.ERROR and not self.accepted
