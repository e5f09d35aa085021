"""What an imitation is, and what it yields."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Imitation:
    """One way in which a mail program changes a mail."""

    #: In addresses and settings: "gmail", "dark-invert".
    name: str
    #: For people: "Gmail".
    title: str
    #: What is imitated, from which facts, and what cannot be; one or two sentences.
    note: str
    #: Date of the newest of those facts: "2026-06-29".
    facts_date: str


@dataclass(frozen=True, slots=True)
class Imitated:
    """A mail as an imitation leaves it."""

    #: A whole document.
    html: str
    #: What a reader sees of the losses, each a sentence; empty when nothing was lost.
    remarks: tuple[str, ...] = ()
    #: The same for who writes templates: what was left out, counted and named.
    details: tuple[str, ...] = ()
