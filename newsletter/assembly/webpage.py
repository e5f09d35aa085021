"""Issue -> a complete web page for anybody: no script, nothing personal or remote.

Pictures and calendar files lie beside the page. Personal fields show their fallback.
Its templates are those of ``templates/web/``, which a project may override by name.
"""

from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from hashlib import sha256
from typing import Any

from markupsafe import Markup

from newsletter.assembly.blocks import BlockRenderer
from newsletter.assembly.calendar import calendar_files
from newsletter.assembly.filenames import filename_slug
from newsletter.assembly.loaders import Templates
from newsletter.assembly.mail import Mail, Surroundings
from newsletter.assembly.outline import numbered_sections, paragraphs_of
from newsletter.assembly.palette import Palette
from newsletter.assembly.rendering import Runner, Subject
from newsletter.i18n import direction, format_date
from newsletter.i18n.languages import primary_language
from newsletter.model.assembled import AssembledImage
from newsletter.model.issue import Field, Issue, Item, Section
from newsletter.model.problem import Place
from newsletter.model.settings import Settings
from newsletter.model.words import plain_words

#: Width of the column of text in CSS pixels; the style sheet says 42rem less padding.
_ROOM = 670

#: Height of the logo, in CSS pixels.
_LOGO_HEIGHT = 64


def render_webpage(
    issue: Issue,
    settings: Settings,
    images: Mapping[str, AssembledImage],
    templates: Templates | None = None,
) -> str:
    """Return the web page of an issue.

    Args:
        issue: What the editor wrote.
        settings: Name, theme and closing lines of the newsletter.
        images: Prepared pictures by source; their files lie beside the page.
        templates: Built-in ones and the project's; without, the built-in ones.

    Raises:
        DefinitionError: A template of the project is wrong; names it with its line.
    """
    page = _Page(
        issue=issue,
        settings=settings,
        images=images,
        marker=_fallback,
        unsubscribe_url="",
        calendars=calendar_files(issue),
    )
    runner = _WebRunner(templates or _builtin_templates())
    html = str(_PageWriter(page, runner).write())
    # Text holds no "<" that is not escaped, so that only links of ours match.
    return html.replace('<a href="http', '<a rel="noopener" href="http')


@dataclass(frozen=True, slots=True)
class _Around(Surroundings):
    """Surroundings without styles of their own, which the page's policy forbids."""

    def attributes_in(self, outer: Surroundings) -> Markup:
        if (self.language, self.direction) == (outer.language, outer.direction):
            return Markup("")
        return Markup(' lang="{}" dir="{}"').format(self.language, self.direction)


@dataclass(frozen=True, slots=True)
class _Page(Mail):
    """An issue on its way to become a page: everything lies beside it."""

    @property
    def around(self) -> Surroundings:
        return _around(self.issue.language)

    @property
    def web_folder(self) -> str:
        return "./"

    def _image_address(self, image: AssembledImage) -> str:
        return image.name


class _WebRunner(Runner):
    """Runs the templates of the web page."""

    def run(self, name: str, values: Mapping[str, Any], subject: Subject) -> Markup:
        return super().run(f"web/{name}", values, subject)


@dataclass(frozen=True, slots=True)
class _Part:
    """A lead or a section, with its entry in the table of contents."""

    html: Markup
    id: str
    words: str
    number: int
    lang: Markup


class _PageWriter:
    """Writes one page."""

    def __init__(self, page: _Page, runner: _WebRunner) -> None:
        self._page = page
        self._runner = runner
        self._blocks = BlockRenderer(page, runner)
        self._whole = Subject("issue", Place(page.issue.file))
        self._ids: set[str] = {"content", "in-this-issue"}

    def write(self) -> str:
        page, issue = self._page, self._page.issue
        around, newsletter = page.around, page.settings.newsletter
        base, style = newsletter.base_url, self._style()
        base = base if issue.is_archived else ""
        parts = self._parts()
        values = self._blocks.values(around) | {
            "style": style,
            "style_hash": _policy_hash(style),
            "subject": plain_words(issue.subject),
            "preheader": plain_words(issue.preheader),
            "canonical": issue.web_folder(base),
            "join": self._join_url() if base else "",
            "date": format_date(issue.date, issue.language),
            "logo": self._logo(),
            "opening": self._blocks.blocks(issue.opening, around),
            "parts": [part.html for part in parts],
            "contents": [part for part in parts if part.id],
            "about": paragraphs_of(newsletter.about),
            "address": newsletter.address.strip().splitlines(),
            "home_lang": self._home_lang(),
        }
        return self._runner.run("page.html.j2", values, self._whole)

    def _join_url(self) -> str:
        """Return where readers of a page subscribe, or nothing where nobody may.

        Not relative, as the page is copied to other hosts too (`build --archive`).
        """
        settings = self._page.settings
        if not settings.public_lists:
            return ""
        language = primary_language(self._page.issue.language)
        return f"{settings.newsletter.base_url}/join?lang={language}"

    def _logo(self) -> object:
        logo = self._page.settings.template.logo_source
        return self._page.picture(logo, room=_ROOM, height=_LOGO_HEIGHT)

    def _home_lang(self) -> Markup:
        """Return the language of the closing lines, which is the newsletter's own."""
        home = _around(self._page.settings.newsletter.language)
        return home.attributes_in(self._page.around)

    def _style(self) -> Markup:
        values = self._blocks.values(self._page.around) | {"variables": _variables}
        return self._runner.run("page.css.j2", values, self._whole)

    def _parts(self) -> list[_Part]:
        issue, theme = self._page.issue, self._page.settings.template
        sections = numbered_sections(issue.sections, is_numbered=theme.number_sections)
        return [
            *(self._lead(lead) for lead in issue.leads),
            *(self._section(section, number) for section, number in sections),
        ]

    def _lead(self, lead: Item) -> _Part:
        around = self._page.around
        words = plain_words(lead.heading)
        name = self._id(words, "lead")
        values = {"id": name, "body": self._blocks.item(lead, around, 2)}
        html = self._runner.run("lead.html.j2", values, Subject("item", lead.place))
        lang = around.within(lead.attributes).attributes_in(around)
        return _Part(html, name, words, 0, lang)

    def _section(self, section: Section, number: int) -> _Part:
        around = self._page.around
        inside = around.within(section.attributes)
        words = plain_words(section.heading)
        name = self._id(words, "section") if section.heading else ""
        level = 3 if section.heading else 2
        lang = inside.attributes_in(around)
        values = self._blocks.values(inside) | {
            "section": section,
            "id": name,
            "number": number,
            "lang": lang,
            "body": self._blocks.blocks(section.blocks, replace(inside, level=level)),
            "items": [self._blocks.item(item, inside, level) for item in section.items],
        }
        subject = Subject("section", section.place)
        html = self._runner.run("section.html.j2", values, subject)
        return _Part(html, name, words, number, lang)

    def _id(self, words: str, otherwise: str) -> str:
        """Return a name for addresses within the page that no other part has."""
        base = filename_slug(words) or otherwise
        names = (
            base if n == 1 else f"{base}-{n}" for n in range(1, len(self._ids) + 2)
        )
        free = next(name for name in names if name not in self._ids)
        self._ids.add(free)
        return free


def _around(language: str) -> Surroundings:
    return _Around(language, direction(language), _ROOM)


def _fallback(field: Field) -> str:
    return field.fallback


@cache
def _builtin_templates() -> Templates:
    return Templates()


def _variables(palette: Palette) -> str:
    """Return the colours of a palette as the style sheet's variables."""
    names = palette.__dataclass_fields__
    pairs = ((name.replace("_", "-"), getattr(palette, name)) for name in names)
    return "; ".join(f"--{name}: {colour}" for name, colour in pairs)


def _policy_hash(style: str) -> str:
    """Return the hash by which the page's policy knows its own style sheet."""
    return "sha256-" + b64encode(sha256(style.encode()).digest()).decode()
