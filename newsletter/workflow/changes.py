"""What changed from one version of a mail to another, as values and in words. Pure."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from newsletter.workflow.passages import Role


class Kind(StrEnum):
    """What became of a stretch of the mail."""

    SAME = "same"
    ADDED = "added"
    REMOVED = "removed"
    #: Holds stretches of the other kinds.
    CHANGED = "changed"
    #: The same words, elsewhere in the mail; only whole passages.
    MOVED = "moved"


@dataclass(frozen=True, slots=True)
class Run:
    """Words that share one fate: same, added or removed."""

    kind: Kind
    #: With the space after it.
    text: str


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A paragraph or heading; one run unless it is changed."""

    kind: Kind
    runs: tuple[Run, ...]


@dataclass(frozen=True, slots=True)
class Stretch:
    """A passage of the mail, old or new, with what became of it."""

    role: Role
    kind: Kind
    #: Its heading; None for a passage without.
    title: Paragraph | None
    paragraphs: tuple[Paragraph, ...]


@dataclass(frozen=True, slots=True)
class Change:
    """A line of the head of the mail that is another one now."""

    old: str
    new: str
    runs: tuple[Run, ...]


@dataclass(frozen=True, slots=True, order=True)
class MailLink:
    """An address with the words that lead there first."""

    url: str
    words: str


@dataclass(frozen=True, slots=True, order=True)
class MailPicture:
    """A picture with its alternative text."""

    #: Content-ID or file name: another one when the picture is another.
    name: str
    alt: str


#: Of these a mail has one.
_WHOLES = {Role.OPENING: "opening", Role.CLOSING: "closing lines"}
_NOUNS = {Role.ITEM: "item", Role.HEADING: "section heading"}


@dataclass(frozen=True, slots=True)
class Changes:
    """What changed from one version of a mail to another."""

    #: All passages in the order of the new one, removed ones where they stood.
    text: tuple[Stretch, ...]
    #: None where nothing changed, here and in the next three.
    subject: Change | None = None
    preheader: Change | None = None
    sender: Change | None = None
    reply_to: Change | None = None
    links_added: tuple[MailLink, ...] = ()
    links_removed: tuple[MailLink, ...] = ()
    pictures_added: tuple[MailPicture, ...] = ()
    pictures_removed: tuple[MailPicture, ...] = ()
    #: The HTML differs, and nothing above says why: colours, sizes, the template.
    is_restyled: bool = False

    @property
    def summary(self) -> str:
        """What changed, in words: "2 items changed, 1 item added"; without full stop.

        Goes before "since the test of …". The masthead, with its date, is left out.
        """
        said = ", ".join([*self._head(), *self._passages(), *self._rest()])
        return said[:1].upper() + said[1:] if said else "Nothing changed"

    @property
    def is_empty(self) -> bool:
        """Whether nothing changed that a reader would see."""
        return not (
            any((self.subject, self.preheader, self.sender, self.reply_to))
            or any(stretch.kind is not Kind.SAME for stretch in self.text)
            or list(self._rest())
        )

    def _head(self) -> Iterator[str]:
        names = {
            "subject": self.subject,
            "preheader": self.preheader,
            "sender": self.sender,
            "reply address": self.reply_to,
        }
        yield from (f"{name} changed" for name, change in names.items() if change)

    def _passages(self) -> Iterator[str]:
        counts = Counter((one.role, one.kind) for one in self.text)
        for role in (Role.OPENING, Role.ITEM, Role.HEADING, Role.CLOSING):
            for kind in (Kind.CHANGED, Kind.ADDED, Kind.REMOVED, Kind.MOVED):
                number = counts[role, kind]
                if number and role in _WHOLES:
                    yield f"{_WHOLES[role]} {kind}"
                elif number:
                    yield f"{_count(number, _NOUNS[role])} {kind}"

    def _rest(self) -> Iterator[str]:
        told = {
            ("link", Kind.ADDED): self.links_added,
            ("link", Kind.REMOVED): self.links_removed,
            ("picture", Kind.ADDED): self.pictures_added,
            ("picture", Kind.REMOVED): self.pictures_removed,
        }
        for (noun, kind), things in told.items():
            if things:
                yield f"{_count(len(things), noun)} {kind}"
        if self.is_restyled:
            yield "look changed"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
