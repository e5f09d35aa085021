"""Issue -> the text part of its mail, made to be read and not to be looked at.

Seventy-two columns; links as numbers with their addresses below the section they stand
in (below everything in a short issue): a sentence can be read without its address.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

from newsletter.assembly.calendar import calendar_files
from newsletter.assembly.outline import numbered_sections, paragraphs_of
from newsletter.assembly.textblocks import References, TextPlace, render_blocks
from newsletter.assembly.wrapping import Run, lay_out_evenly, wrap
from newsletter.i18n import format_date, words
from newsletter.model.issue import (
    Emphasis,
    Field,
    Inline,
    Issue,
    Item,
    Link,
    Section,
    Strong,
    Text,
)
from newsletter.model.settings import Settings
from newsletter.model.words import plain_words

#: What every mail program shows without wrapping, also when quoted twice (RFC 5322).
WIDTH = 72

#: Lines that fit on two screens; an issue of more gets its addresses by section.
_SHORT = 60


@dataclass(frozen=True, slots=True)
class _Part:
    """A part of an issue with the addresses that it mentions."""

    lines: list[str]
    addresses: list[str]


def render_text(
    issue: Issue,
    settings: Settings,
    *,
    marker: Callable[[Field], str],
    unsubscribe_url: str | None,
    view_url: str | None,
    preferences_url: str | None = None,
) -> str:
    """Return the text of an issue, with markers; LF line ends, ends with one.

    Args:
        issue: What the editor wrote.
        settings: Name, address and closing lines of the newsletter.
        marker: Gives the characters that stand for a personal field.
        unsubscribe_url: What stands for the reader's own address for leaving, if any.
        view_url: The folder of the issue on the public pages, if it has one.
        preferences_url: What stands for the page of the reader's own settings, if any.
    """
    files = calendar_files(issue) if view_url else {}
    place = TextPlace(
        references=References(),
        marker=marker,
        calendars={at: f"{view_url}{name}" for at, name in files.items()},
        language=issue.language,
        width=WIDTH,
    )
    parts = [part for part in _parts(issue, settings, place) if part.lines]
    say = words(issue.language).text
    own = {
        say("Unsubscribe"): unsubscribe_url,
        say("Your settings"): preferences_url,
        say("View in browser"): view_url,
    }
    blocks = [
        _masthead(issue, settings),
        *_with_addresses(parts, say("Links")),
        _footer(issue, settings, own),
    ]
    return "\n\n\n".join("\n".join(lines) for lines in blocks) + "\n"


def _masthead(issue: Issue, settings: Settings) -> list[str]:
    date = format_date(issue.date, issue.language)
    number = words(issue.language).text("Issue {number}", number=issue.number)
    return [
        *wrap([settings.newsletter.name], WIDTH),
        *wrap([f"{number} · {date}" if issue.number else date], WIDTH),
    ]


def _parts(issue: Issue, settings: Settings, place: TextPlace) -> Iterable[_Part]:
    yield _part(render_blocks(issue.opening, place), place)
    for lead in issue.leads:
        yield _part(_item(lead, place), place)
    is_numbered = settings.template.number_sections
    for section, number in numbered_sections(issue.sections, is_numbered=is_numbered):
        yield _part(_section(section, number, place), place)


def _part(lines: list[str], place: TextPlace) -> _Part:
    return _Part(lines, place.references.take_used())


def _with_addresses(parts: list[_Part], title: str) -> list[list[str]]:
    """Return the lines of the parts, each with its addresses or all at the end."""
    if sum(len(part.lines) for part in parts) > _SHORT and len(parts) > 1:
        return [
            [*part.lines, "", *part.addresses] if part.addresses else part.lines
            for part in parts
        ]
    addresses = dict.fromkeys(line for part in parts for line in part.addresses)
    end = [[*_underlined([title], "-"), *addresses]] if addresses else []
    return [*(part.lines for part in parts), *end]


def _section(section: Section, number: int, place: TextPlace) -> list[str]:
    own = place.within(section.attributes)
    title: list[Run] = [f"{number}. "] if number else []
    title += own.runs(_upper(section.heading, own.language))
    pieces = [
        _underlined(title, "=") if section.heading else [],
        render_blocks(section.blocks, own),
        *(_item(item, own) for item in section.items),
    ]
    return _joined(pieces)


def _item(item: Item, place: TextPlace) -> list[str]:
    own = place.within(item.attributes)
    heading = _upper(item.heading, own.language) if item.is_lead else item.heading
    title = _underlined(own.runs(heading), "=" if item.is_lead else "-")
    inside = replace(own, heading=plain_words(item.heading))
    return _joined([title, render_blocks(item.blocks, inside)])


def _underlined(words: Iterable[Run], mark: str) -> list[str]:
    lines = lay_out_evenly(words, WIDTH)
    width = min(WIDTH, max(line.width for line in lines))
    return [*(line.text for line in lines), mark * width]


def _joined(pieces: Iterable[list[str]]) -> list[str]:
    """Return pieces with an empty line between them, empty ones left out."""
    lines: list[str] = []
    for piece in filter(None, pieces):
        lines += ["", *piece] if lines else piece
    return lines


def _footer(
    issue: Issue, settings: Settings, own: Mapping[str, str | None]
) -> list[str]:
    """Return the closing lines; *own* are words and addresses of the last ones."""
    newsletter = settings.newsletter
    why = words(issue.language).text(
        "You receive this mail because you are subscribed to {name}.",
        name=newsletter.name,
    )
    address = [
        line
        for written in newsletter.address.splitlines()
        for line in wrap([written], WIDTH)
    ]
    return _joined(
        [
            ["-" * WIDTH],
            *(wrap([text], WIDTH) for text in paragraphs_of(newsletter.about)),
            address,
            [
                *wrap([why], WIDTH),
                *(f"{label}: <{url}>" for label, url in own.items() if url),
            ],
        ]
    )


def _upper(content: Iterable[Inline], language: str) -> tuple[Inline, ...]:
    """Return headings in capitals; markers and code stay as they are."""
    return tuple(_upper_part(part, language) for part in content)


def _upper_part(part: Inline, language: str) -> Inline:
    match part:
        case Text(text):
            return Text(_capitals(text, language))
        case Strong(content) | Emphasis(content):
            return replace(part, content=_upper(content, language))
        case Link(content, target) if plain_words(content) != target:
            return replace(part, content=_upper(content, language))
        case _:
            return part


def _capitals(text: str, language: str) -> str:
    is_turkic = language.lower().split("-")[0] in ("tr", "az")
    return (text.replace("i", "İ") if is_turkic else text).upper()
