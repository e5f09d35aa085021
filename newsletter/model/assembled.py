"""An issue put together for all its readers; personal parts are still marked places.

A *slot* is such a place: its marker (ASCII letters, digits, ``@`` and ``_`` only, so
that it survives MJML and the CSS inliner) stands in subject, HTML and text wherever the
value goes.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from newsletter.model.issue import Issue
from newsletter.model.problem import Place

#: Slots that are not fields of a subscriber: addresses with a token of theirs.
UNSUBSCRIBE_URL = "unsubscribe_url"
PREFERENCES_URL = "preferences_url"
PERSONAL_URLS = (UNSUBSCRIBE_URL, PREFERENCES_URL)


@dataclass(frozen=True, slots=True)
class Slot:
    """A place for a personal value."""

    #: The characters that stand in the assembled parts, for example ``@@3fa9c1_0@@``.
    marker: str
    #: Field name, or one of `PERSONAL_URLS`.
    name: str
    #: Used where the subscriber has no value.
    fallback: str = ""
    #: BCP 47 tag: the field is a date, and is shown as this language writes one.
    date_language: str = ""


LinkKind = Literal["text", "heading", "button", "event", "image", "own"]


@dataclass(frozen=True, slots=True)
class LinkUse:
    """One use of an address in an issue."""

    #: Complete address; empty for a promised link without a target.
    url: str
    #: The words a reader sees.
    words: str
    kind: LinkKind
    place: Place


@dataclass(frozen=True, slots=True)
class AssembledImage:
    """A picture, re-encoded and without metadata."""

    #: As written in the issue; key from block to picture.
    source: str
    #: File name in the mail and on the web page: slug, hash, suffix.
    name: str
    #: Content-ID without angle brackets; used as ``cid:…`` when embedded.
    content_id: str
    #: "image/jpeg", "image/png" or "image/gif".
    media_type: str
    data: bytes
    #: Width and height at which it is shown, in CSS pixels.
    width: int
    height: int
    alt: str
    place: Place


@dataclass(frozen=True, slots=True)
class Assembled:
    """The mail of an issue, before anybody's name is in it."""

    issue: Issue
    #: Subject, with markers.
    subject: str
    #: HTML part, with markers; LF line ends.
    html: str
    #: Text part, with markers; LF line ends, ends with one.
    text: str
    slots: tuple[Slot, ...]
    #: Every address of the mail that is not personal, in reading order.
    links: tuple[LinkUse, ...]
    #: Pictures to embed, in order of use; empty when they are hosted.
    embedded: tuple[AssembledImage, ...] = ()
    #: All pictures, embedded or hosted.
    images: tuple[AssembledImage, ...] = ()


@dataclass(frozen=True, slots=True)
class Editions:
    """The same issue for readers without a mail program: no personal links."""

    #: A complete page.
    web_page: str
    #: File name -> iCalendar bytes, one for each event.
    calendars: Mapping[str, bytes]
