"""What the templates of one mail are given: content, theme, addresses, surroundings."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from markupsafe import Markup

from newsletter.assembly.inlines import Marker
from newsletter.assembly.palette import Palette, dark_palette, light_palette
from newsletter.i18n import direction
from newsletter.model.assembled import AssembledImage
from newsletter.model.issue import Attributes, Direction, Issue
from newsletter.model.problem import Place
from newsletter.model.settings import Settings

#: Free space at both sides of the text, in pixels; the templates say the same.
SIDE_PADDING = 24

#: What a font stack is made of; the rest would end a style or an attribute.
_NOT_IN_FONT_STACK = re.compile(r"[^\w\s,'-]", re.ASCII)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Where a block stands: what it inherits."""

    language: str
    direction: Direction
    #: Width there is for it, in pixels.
    room: int
    #: Level of a subheading, 2 to 6.
    level: int = 2
    #: Words of the heading above it, which need not be said again.
    heading: str = ""

    @property
    def start(self) -> str:
        """Return the side on which lines begin."""
        return "right" if self.direction == "rtl" else "left"

    @property
    def end(self) -> str:
        """Return the side on which lines end."""
        return "left" if self.direction == "rtl" else "right"

    def within(self, attributes: Attributes) -> "Surroundings":
        """Return the surroundings inside something with *attributes* of its own."""
        if not (attributes.language or attributes.direction):
            return self
        language = attributes.language or self.language
        own = direction(language) if attributes.language else self.direction
        return replace(self, language=language, direction=attributes.direction or own)

    def attributes_in(self, outer: "Surroundings") -> Markup:
        """Return ``lang``, ``dir`` and side, as far as they differ from *outer*."""
        parts = []
        if self.language != outer.language:
            parts.append(Markup(' lang="{}"').format(self.language))
        if parts or self.direction != outer.direction:
            parts.append(Markup(' dir="{}"').format(self.direction))
        if self.direction != outer.direction:
            parts.append(Markup(' style="text-align:{}"').format(self.start))
        return Markup("").join(parts)


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture as it stands in a mail."""

    address: str
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Mail:
    """One issue on its way to become HTML."""

    issue: Issue
    settings: Settings
    images: Mapping[str, AssembledImage]
    marker: Marker
    unsubscribe_url: str
    #: File of each event's calendar entry, by the event's place.
    calendars: Mapping[Place, str]
    #: Where the reader's own settings are; empty: there are no public pages.
    preferences_url: str = ""

    @property
    def around(self) -> Surroundings:
        """Return the surroundings of what stands directly in the mail."""
        language = self.issue.language
        room = self.settings.template.width - 2 * SIDE_PADDING
        return Surroundings(language, direction(language), room)

    @property
    def web_folder(self) -> str:
        """Return the address of the issue's page, with its slash, or empty."""
        return self.issue.web_folder(self.settings.newsletter.base_url)

    @property
    def light(self) -> Palette:
        """Return the colours on white."""
        theme = self.settings.template
        return light_palette(theme.colour, theme.accent)

    @property
    def dark(self) -> Palette:
        """Return the colours of dark mode."""
        theme = self.settings.template
        return dark_palette(theme.colour, theme.accent)

    @property
    def font(self) -> str:
        """Return the font stack, safe in a style attribute."""
        font = self.settings.template.font.replace('"', "'")
        return _NOT_IN_FONT_STACK.sub("", font)

    @property
    def hosts_images(self) -> bool:
        """Whether pictures are loaded from the public pages."""
        theme, base = self.settings.template, self.settings.newsletter.base_url
        return theme.images == "hosted" and bool(base)

    def picture(self, source: str, *, room: int, height: int = 0) -> Picture | None:
        """Return a picture as it fits in *room* and *height* (0: any), or None."""
        image = self.images.get(source)
        if image is None or not image.width or not image.height:
            return None
        scale = min(1, room / image.width, (height or image.height) / image.height)
        return Picture(
            self._image_address(image),
            max(1, round(image.width * scale)),
            max(1, round(image.height * scale)),
        )

    def _image_address(self, image: AssembledImage) -> str:
        if not self.hosts_images:
            return f"cid:{image.content_id}"
        return f"{self.settings.newsletter.base_url}/{self.issue.slug}/{image.name}"
