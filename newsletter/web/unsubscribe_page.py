"""The pages a reader sees on the way out. Pure: words in, HTML out.

They are in the language of the newsletter, hold no script, no picture and nothing from
elsewhere, and name the address only masked: the mail may have been forwarded.
"""

import hashlib
from base64 import b64encode
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from newsletter.addresses import parse_mailbox
from newsletter.i18n import direction, page_words
from newsletter.model.settings import Settings

#: Above this relative luminance black is read better than white on it (WCAG 2.2: equal
#: contrast to both at 0.179).
_LIGHT = 0.179


@dataclass(frozen=True, slots=True)
class Pages:
    """The pages of one newsletter."""

    settings: Settings

    def ask(self, masked_address: str, list_slug: str = "") -> str:
        """Return the page with the one button.

        Args:
            masked_address: Who would leave.
            list_slug: What they would leave; anything but a list of ours means all.
        """
        left = self._title(list_slug)
        return self._render("ask", masked_address=masked_address, left=left)

    def left(self, masked_address: str, list_slug: str = "") -> str:
        """Return the page for who has left, now or before."""
        left = self._title(list_slug)
        return self._render("left", masked_address=masked_address, left=left)

    def test(self) -> str:
        """Return the page behind the link of a test mail."""
        return self._render("test")

    def unknown(self) -> str:
        """Return the page for every address that leads nowhere: one and the same."""
        return self._render("unknown")

    def trouble(self) -> str:
        """Return the page for when we cannot do it just now."""
        return self._render("trouble")

    @property
    def style(self) -> str:
        """The style sheet, in the colours of the newsletter."""
        theme = self.settings.template
        colours = f"--accent: {theme.accent}; --on-accent: {_ink_on(theme.accent)}"
        return f":root {{ {colours} }}\n{_style_sheet()}"

    @property
    def content_policy(self) -> str:
        """The policy under which the pages are shown: own style, own form, no more."""
        digest = b64encode(hashlib.sha256(self.style.encode()).digest()).decode()
        return (
            f"default-src 'none'; style-src 'sha256-{digest}'; form-action 'self'; "
            "base-uri 'none'; frame-ancestors 'none'"
        )

    def _title(self, list_slug: str) -> str:
        """Return what a list is called where there are several, else the newsletter."""
        name = self.settings.newsletter.name
        listed = self.settings.lists.get(list_slug)
        has_several = len(self.settings.lists) > 1
        return (listed.title if listed and has_several else "") or name

    def _render(self, name: str, **values: object) -> str:
        newsletter = self.settings.newsletter
        contact = parse_mailbox(newsletter.reply_to or newsletter.sender).address
        page = _environment().get_template(f"{name}.html.j2")
        said = page_words(newsletter.language)
        return page.render(
            newsletter=newsletter.name,
            # Of the words: English where there are none in the newsletter's own.
            language=said.language,
            direction=direction(said.language),
            say=said.text,
            contact=contact,
            style=Markup(self.style),  # noqa: S704 - our own file and two checked colours
            **values,
        )


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("newsletter.web", "pages"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


@cache
def _style_sheet() -> str:
    return files("newsletter.web").joinpath("pages", "page.css").read_text("utf-8")


def _ink_on(colour: str) -> str:
    """Return black or white, whichever is read better on ``#rrggbb``."""
    red, green, blue = (_linear(int(colour[at : at + 2], 16)) for at in (1, 3, 5))
    luminance = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    return "#000000" if luminance > _LIGHT else "#ffffff"


def _linear(channel: int) -> float:
    share = channel / 255
    return share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4
