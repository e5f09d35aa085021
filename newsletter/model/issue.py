"""One number of the newsletter as the editor meant it, every part with its place.

Text -> definition.parse -> Issue -> assembly -> mail, text, web page, calendar, PDF.
Text in an issue is NFC, without control characters; line ends inside a paragraph are
single spaces. Targets of links are complete addresses (short links are resolved) with a
scheme of http, https, mailto or tel, or empty where the editor left the target out.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal

from newsletter.model.problem import Place

#: Stands for the date of an issue whose own cannot be read, beside a problem: earlier
#: than any event, and shown as an ellipsis.
NO_DATE = date.min

Direction = Literal["ltr", "rtl"]
Alignment = Literal["left", "center", "right", ""]

#: The personal field that every subscriber has, and no settings declare.
EMAIL_FIELD = "email"


@dataclass(frozen=True, slots=True)
class Attributes:
    """What an attribute line such as ``{lang=ar dir=rtl .wide}`` says of its block."""

    #: BCP 47 tag, or None for the language around it.
    language: str | None = None
    direction: Direction | None = None
    classes: tuple[str, ...] = ()


NO_ATTRIBUTES = Attributes()

# --- inline content -------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Text:
    """Plain characters."""

    text: str


@dataclass(frozen=True, slots=True)
class Strong:
    """``**bold**``."""

    content: tuple["Inline", ...]


@dataclass(frozen=True, slots=True)
class Emphasis:
    """``*italic*``."""

    content: tuple["Inline", ...]


@dataclass(frozen=True, slots=True)
class Code:
    """A code span: literal characters, braces included."""

    text: str


@dataclass(frozen=True, slots=True)
class LineBreak:
    """A hard break: two spaces or a backslash at the end of a line."""


@dataclass(frozen=True, slots=True)
class Field:
    """A personal field, ``{{ first_name or "reader" }}``."""

    name: str
    #: What a subscriber without a value gets, and what web page, PDF and feed show.
    fallback: str
    place: Place


@dataclass(frozen=True, slots=True)
class Link:
    """``[words](target)``, or an address written bare."""

    content: tuple["Inline", ...]
    #: The complete address; empty when the editor left it out (``[Zie hier]()``).
    target: str
    #: The target as the editor wrote it (``ecli:…`` for a short link).
    written: str
    place: Place


Inline = Text | Strong | Emphasis | Code | LineBreak | Field | Link

# --- blocks ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A paragraph of text."""

    content: tuple[Inline, ...]
    place: Place
    attributes: Attributes = NO_ATTRIBUTES


@dataclass(frozen=True, slots=True)
class Subheading:
    """``#### A heading inside an item``."""

    content: tuple[Inline, ...]
    place: Place
    attributes: Attributes = NO_ATTRIBUTES


@dataclass(frozen=True, slots=True)
class ListBlock:
    """A bulleted or numbered list; each entry is a run of blocks."""

    entries: tuple[tuple["Block", ...], ...]
    is_ordered: bool
    #: First number of a numbered list.
    start: int
    place: Place
    attributes: Attributes = NO_ATTRIBUTES


@dataclass(frozen=True, slots=True)
class Quote:
    """``> A quotation``."""

    blocks: tuple["Block", ...]
    place: Place
    attributes: Attributes = NO_ATTRIBUTES


@dataclass(frozen=True, slots=True)
class Table:
    """A table: one header row, then rows of as many cells."""

    header: tuple[tuple[Inline, ...], ...]
    rows: tuple[tuple[tuple[Inline, ...], ...], ...]
    #: One for each column.
    alignments: tuple[Alignment, ...]
    place: Place
    attributes: Attributes = NO_ATTRIBUTES


@dataclass(frozen=True, slots=True)
class Image:
    """A picture on a line of its own; *source* is its path, from the issue's folder."""

    source: str
    #: What the picture shows, for who does not see it; empty is a finding, no problem.
    alt: str
    caption: str
    place: Place
    #: Address the picture links to, or empty.
    target: str = ""
    attributes: Attributes = NO_ATTRIBUTES


@dataclass(frozen=True, slots=True)
class Button:
    """``[words](target){.button}``, alone in its paragraph."""

    content: tuple[Inline, ...]
    #: As in `Link`: complete, or empty when left out.
    target: str
    written: str
    place: Place
    attributes: Attributes = NO_ATTRIBUTES


@dataclass(frozen=True, slots=True)
class Note:
    """``::: note``: a boxed remark."""

    blocks: tuple["Block", ...]
    place: Place
    attributes: Attributes = NO_ATTRIBUTES


@dataclass(frozen=True, slots=True)
class Event:
    """``::: event``: something that happens at a time and a place.

    *start* and *end* are both dates (the whole day) or both aware datetimes in the zone
    of the newsletter; *end* is None when the editor gave none, and inclusive for dates.
    """

    #: Own title, or that of the item around it; plain text.
    title: str
    start: date | datetime
    end: date | datetime | None
    place: Place
    where: str = ""
    #: Complete address, or empty.
    link: str = ""
    link_written: str = ""
    #: Address or words for taking part from afar, or empty.
    online: str = ""
    attributes: Attributes = NO_ATTRIBUTES


@dataclass(frozen=True, slots=True)
class Divider:
    """``---`` between blocks."""

    place: Place
    attributes: Attributes = NO_ATTRIBUTES


@dataclass(frozen=True, slots=True)
class CodeBlock:
    """Preformatted lines."""

    text: str
    place: Place
    attributes: Attributes = NO_ATTRIBUTES


Block = (
    Paragraph
    | Subheading
    | ListBlock
    | Quote
    | Table
    | Image
    | Button
    | Note
    | Event
    | Divider
    | CodeBlock
)

# --- the whole ------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Item:
    """A heading and what stands below it: ``#`` for a lead, ``###`` for an item."""

    #: Heading words; where the whole heading is a link, a single `Link`.
    heading: tuple[Inline, ...]
    blocks: tuple[Block, ...]
    place: Place
    is_lead: bool = False
    attributes: Attributes = NO_ATTRIBUTES


@dataclass(frozen=True, slots=True)
class Section:
    """``## A section`` with its items; without heading for items outside any."""

    #: Empty for the items of an issue that stand outside any section.
    heading: tuple[Inline, ...]
    #: What stands between the heading and the first item.
    blocks: tuple[Block, ...]
    items: tuple[Item, ...]
    place: Place
    attributes: Attributes = NO_ATTRIBUTES


@dataclass(frozen=True, slots=True)
class Issue:
    """One number of the newsletter."""

    #: Path of the definition as shown to the editor.
    file: str
    #: Name in addresses and file names: ASCII letters, digits, hyphens.
    slug: str
    #: Only `Text` and `Field`.
    subject: tuple[Text | Field, ...]
    #: Only `Text` and `Field`.
    preheader: tuple[Text | Field, ...]
    date: date
    #: BCP 47 tag.
    language: str
    number: str = ""
    #: Name of the template, for example "bulletin".
    template: str = "bulletin"
    #: Slugs of the lists it is meant for.
    lists: tuple[str, ...] = ("main",)
    #: ``Name <address>``; empty for the newsletter's own.
    sender: str = ""
    reply_to: str = ""
    #: False keeps it off the public pages.
    is_archived: bool = True
    #: Whether the editor wrote so, or that it is on them.
    says_archive: bool = False
    #: Text before any heading.
    opening: tuple[Block, ...] = ()
    leads: tuple[Item, ...] = ()
    sections: tuple[Section, ...] = ()
    #: Where each key of the front matter stands.
    places: Mapping[str, Place] = field(default_factory=dict)

    def web_folder(self, base_url: str) -> str:
        """Return the address of its page, with its slash, or nothing without one.

        Args:
            base_url: Of the public pages, or empty.
        """
        return f"{base_url}/{self.slug}/" if base_url and self.is_archived else ""
