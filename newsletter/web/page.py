"""The pages of ours that a reader sees. Pure: words in, HTML out.

They are in the language of the reader, hold no script, no picture and nothing from
elsewhere, and name an address only masked: the mail may have been forwarded.
"""

import hashlib
import re
from base64 import b64encode
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache, cached_property
from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from newsletter.addresses import parse_mailbox
from newsletter.i18n import direction, join_words, page_words
from newsletter.model.settings import Settings
from newsletter.web.language import OWN_NAMES

#: Above this relative luminance black is read better than white on it (WCAG 2.2: equal
#: contrast to both at 0.179).
_LIGHT = 0.179

#: Words and the spaces between them.
_WORDS = re.compile(r"(\s+)")
#: Where an address may go on in another line; a dot that ends a sentence stays.
_AT_ITS_PARTS = re.compile(r"(?<=@)|(?=\.\w)")


@dataclass(frozen=True)
class Pages:
    """The pages of one newsletter."""

    settings: Settings

    def render(
        self, name: str, language: str, *, root: str = "", **values: object
    ) -> str:
        """Return a page, from ``pages/NAME.html.j2``.

        Args:
            name: Of the template, without its endings.
            language: Of the words, a BCP 47 tag; English where there are none in it.
            root: Relative way from the page to ours that is highest: ``""`` for one
                like /join, ``"../"`` for /u/TOKEN. Every link of ours begins with it,
                as a reverse proxy may show us below a path of its own.
            values: What else the template asks for.
        """
        newsletter = self.settings.newsletter
        said = page_words(language)
        return (
            _environment()
            .get_template(f"{name}.html.j2")
            .render(
                newsletter=newsletter.name,
                language=said.language,
                direction=direction(said.language),
                other_languages={
                    tag: own for tag, own in OWN_NAMES.items() if tag != said.language
                },
                say=said.text,
                contact=self.contact,
                can_join=self.can_join,
                root=root,
                style=Markup(self.style),  # noqa: S704 - our own file and two checked colours
                **values,
            )
        )

    @cached_property
    def contact(self) -> str:
        """The address that readers write to."""
        newsletter = self.settings.newsletter
        return parse_mailbox(newsletter.reply_to or newsletter.sender).address

    @property
    def can_join(self) -> bool:
        """Whether there is a list that anybody may join."""
        return bool(self.settings.public_lists)

    def title_of(self, list_slug: str) -> str:
        """Return what a list is called where there are several, else the newsletter.

        Args:
            list_slug: ``"*"``, like one that is gone, means the whole newsletter.
        """
        return self.settings.list_title(list_slug)

    def titles_of(self, list_slugs: Iterable[str], language: str) -> str:
        """Return what some lists are called, each once, joined as a language does.

        In the order of the settings, as on the page where readers choose.
        """
        order = {slug: number for number, slug in enumerate(self.settings.lists)}
        slugs = sorted(list_slugs, key=lambda slug: order.get(slug, len(order)))
        return join_words(tuple(dict.fromkeys(map(self.title_of, slugs))), language)

    @cached_property
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


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("newsletter.web", "pages"),
        autoescape=True,
        undefined=StrictUndefined,
        # They are part of the package: nobody changes them while it runs.
        auto_reload=False,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["breakable"] = _breakable
    return environment


def _breakable(text: str) -> Markup:
    """Return text whose addresses break over lines at ``@`` and dots, if they must."""
    return Markup("").join(
        Markup("<wbr>").join(_AT_ITS_PARTS.split(part)) if "@" in part else part
        for part in _WORDS.split(text)
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
