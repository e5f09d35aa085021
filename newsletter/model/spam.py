"""What a spam filter said of a copy, by its content alone."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SpamRule:
    """One rule of the filter that took hold."""

    #: "MPART_ALT_DIFF".
    name: str
    #: Above 0 speaks against the mail, below 0 for it.
    points: float
    #: The filter's own sentence, in English; empty when it has none.
    description: str = ""


@dataclass(frozen=True, slots=True)
class SpamReport:
    """What SpamAssassin said."""

    #: "4.0.1".
    version: str
    #: Sum of the points.
    score: float
    #: In the order of the report.
    rules: tuple[SpamRule, ...] = ()
