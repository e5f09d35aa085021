"""From the text of a definition to an issue and everything that is wrong with it.

Pure: text in, values out; no text raises. The issue is given wherever one can be made,
beside its problems, so that a preview shows both.
"""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from markdown_it.common.utils import normalizeReference
from markdown_it.token import Token

from newsletter.definition.blocks import read_parts
from newsletter.definition.fields import read_words
from newsletter.definition.frontmatter import FrontMatter, read_front_matter
from newsletter.definition.inlines import refuse_footnote
from newsletter.definition.markdown import parse_tokens
from newsletter.definition.outline import Outline, build_outline
from newsletter.definition.reading import Reading
from newsletter.definition.validate import Head, keys_of, validate_head
from newsletter.model.issue import NO_DATE, Field, Issue, Text
from newsletter.model.problem import Problem
from newsletter.model.settings import Settings
from newsletter.validation import shown

#: C0 but tab and line end, DEL, C1, line and paragraph separator, surrogates and the
#: two non-characters of XML. Gmail shows a mail with C1 characters as "clipped" at any
#: size; no XML parser takes them; no header takes a separator.
_REFUSED_CHARACTER = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufffe\uffff]"
)
_LINE_END = re.compile(r"\r\n?")


@dataclass(frozen=True, slots=True)
class Parsed:
    """What became of a text."""

    #: None when it does not begin with front matter.
    issue: Issue | None
    #: In order of place.
    problems: tuple[Problem, ...]


def parse(text: str, *, file: str, slug: str, settings: Settings) -> Parsed:
    """Return the issue that *text* means, with all its problems.

    Args:
        text: The whole definition; any line ends, with or without byte order mark.
        file: Its path as shown to the editor.
        slug: Name of the issue unless its front matter gives another.
        settings: Short links, fields, lists and defaults.
    """
    reading = Reading(file, _clean_lines(text), settings)
    if not text.strip("\ufeff \t\r\n"):
        what = "this file is empty."
        reading.refuse(reading.place(1), what, 'Begin one with: newsletter new "Title"')
        return Parsed(None, tuple(reading.problems))
    _refuse_characters(reading)
    front = read_front_matter(reading, keys=keys_of(Head))
    head = validate_head(front, reading) if front else None
    outline = _read_body(front.body_line if front else 1, reading)
    issue = None
    if front and head:
        lines = [_read_line(key, front, reading) for key in ("subject", "preheader")]
        issue = _make_issue(front, head, outline, *lines, slug=slug, reading=reading)
    return Parsed(issue, tuple(sorted(set(reading.problems))))


def _clean_lines(text: str) -> list[str]:
    text = _LINE_END.sub("\n", text.removeprefix("\ufeff"))
    return unicodedata.normalize("NFC", text).split("\n")


def _refuse_characters(reading: Reading) -> None:
    """Note the first control character of each line, and blank all of them."""
    for number, line in enumerate(reading.lines, 1):
        match = _REFUSED_CHARACTER.search(line)
        if match is None:
            continue
        reading.refuse(
            reading.place(number, match.start() + 1),
            f"this line holds an invisible character (U+{ord(match[0]):04X}).",
            "Delete it; it often comes along when text is pasted from a document.",
        )
        reading.lines[number - 1] = _REFUSED_CHARACTER.sub(" ", line)


def _read_body(first: int, reading: Reading) -> Outline:
    """Read the text below the front matter, which begins at line *first*."""
    body = reading.lines[first - 1 :]
    # Empty lines in place of the front matter keep the numbers of the lines.
    tokens = parse_tokens("\n" * (first - 1) + "\n".join(body))
    parts = read_parts(tokens, reading)
    if not parts and not reading.problems:
        place = reading.place(len(reading.lines))
        advice = "Write a paragraph, or an item that begins with ###."
        reading.refuse(place, "there is no text below the first lines.", advice)
    _refuse_unused_definitions(tokens, reading)
    return build_outline(parts, reading)


def _refuse_unused_definitions(tokens: Iterable[Token], reading: Reading) -> None:
    """Note ``[label]: address`` that no link uses: readers would never see it."""
    tokens = tuple(tokens)
    definitions = [token for token in tokens if token.type == "definition"]
    if not definitions:
        return
    unused = {token.meta["id"] for token in definitions} - _used_labels(tokens)
    for token in definitions:
        if not token.map or token.meta["id"] not in unused:
            continue
        if token.meta["label"].startswith("^"):
            refuse_footnote(reading.start_of(token.map[0] + 1), reading)
        else:
            reading.refuse(
                reading.start_of(token.map[0] + 1),
                f"no link uses {shown('[' + token.meta['label'] + ']')}, "
                "so nobody would see this line.",
                r"Write \[ for a bracket that readers should see, or delete the line.",
            )


def _used_labels(tokens: Iterable[Token]) -> set[str]:
    return {
        normalizeReference(child.meta["label"])
        for token in tokens
        for child in token.children or ()
        if "label" in child.meta
    }


def _read_line(
    key: str, front: FrontMatter, reading: Reading
) -> tuple[Text | Field, ...]:
    """Return subject or preheader: one line of text that may hold fields."""
    pair = front.pairs.get(key)
    return read_words(pair.value, pair.value_place, reading) if pair else ()


def _make_issue(
    front: FrontMatter,
    head: Head,
    outline: Outline,
    subject: tuple[Text | Field, ...],
    preheader: tuple[Text | Field, ...],
    *,
    slug: str,
    reading: Reading,
) -> Issue:
    settings = reading.settings
    return Issue(
        file=reading.file,
        slug=head.slug or slug,
        subject=subject,
        preheader=preheader,
        date=head.date or NO_DATE,
        language=head.language or settings.newsletter.language,
        number=head.number,
        template=head.template or settings.template.name,
        lists=head.lists or (settings.newsletter.list,),
        sender=head.sender,
        reply_to=head.reply_to,
        is_archived=head.archive,
        says_archive="archive" in head.model_fields_set,
        opening=outline.opening,
        leads=outline.leads,
        sections=outline.sections,
        places={key: pair.place for key, pair in front.pairs.items()},
    )
