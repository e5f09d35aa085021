"""Blocks: the tokens of the parser become paragraphs, lists, events and headings.

What may not stand in a definition is a problem here, at its place; what can be shown of
it stays, for the preview.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from markdown_it.token import Token

from newsletter.definition.attributes import BUTTON, joined, read_attributes
from newsletter.definition.events import read_event
from newsletter.definition.inlines import read_inlines, refuse_footnote, refuse_html
from newsletter.definition.markdown import MAX_NESTING
from newsletter.definition.pictures import read_paragraph
from newsletter.definition.reading import Reading, Stretch
from newsletter.definition.tables import read_table
from newsletter.model.issue import (
    NO_ATTRIBUTES,
    Attributes,
    Block,
    CodeBlock,
    Divider,
    Inline,
    ListBlock,
    Note,
    Quote,
    Subheading,
)
from newsletter.model.problem import Place
from newsletter.model.words import plain_words
from newsletter.validation import shown, suggest

_CONTAINERS = ("event", "note")
#: A line of dashes as below the head of a table, with a bar at least.
_DASHES = r"\|?(?:[ \t]*:?-+:?[ \t]*\|)+(?:[ \t]*:?-+:?)?[ \t]*$"
#: What was meant for the head of a table: another row is below it, or dashes.
_HEAD = re.compile(
    rf"^(?:\|[^\n|]*\|[^\n]*(?=\n\|)|[^\n]*\|[^\n]*(?=\n{_DASHES}))", re.MULTILINE
)
_DASHES_BELOW = re.compile(rf"\n{_DASHES}", re.MULTILINE)
#: A note of several words; the parser takes one of a single word for an address.
_FOOTNOTE = re.compile(r"^\[\^[^\]\s]+\]:", re.MULTILINE)
_UNDERLINE = re.compile(
    r"^(?:(?P<words>[^\n]+)\n)?(?P<line>={2,})[ \t]*$", re.MULTILINE
)
_GLUED_HEADING = re.compile(r"^(?P<marks>#{2,4})(?P<word>[^\s#]{1,30})", re.MULTILINE)
_CLOSING_FENCE = re.compile(r"[\s>]*(?:`{3,}|~{3,})\s*")


@dataclass(frozen=True, slots=True)
class Heading:
    """``#``, ``##`` or ``###``: the beginning of a lead, a section or an item."""

    level: int
    content: tuple[Inline, ...]
    place: Place
    attributes: Attributes = NO_ATTRIBUTES


Part = Block | Heading
_Tokens = Iterator[Token]


def read_parts(tokens: Sequence[Token], reading: Reading) -> list[Part]:
    """Return the blocks of an issue and the headings that divide them, in order."""
    return _read_run(iter(tokens), "", reading)


def _read_run(tokens: _Tokens, until: str, reading: Reading) -> list[Part]:
    """Read blocks up to the token *until*; attribute lines go to what is below."""
    parts: list[Part] = []
    waiting: Token | None = None
    attributes = NO_ATTRIBUTES
    for token in tokens:
        if token.type == until:
            break
        if token.type == "attribute_line":
            attributes = joined(attributes, _read_attribute_line(token, reading))
            waiting = token
            continue
        found = _READERS[token.type](token, tokens, reading)
        if waiting is not None and found:
            found = [_with_attributes(part, attributes) for part in found]
            waiting, attributes = None, NO_ATTRIBUTES
        parts += found
    if waiting is not None:
        place = reading.start_of(_line_of(waiting))
        what = "there is nothing below this line that it could belong to."
        reading.refuse(place, what, "Put it above a block, or delete it.")
    return parts


def _read_nested(tokens: _Tokens, until: str, reading: Reading) -> tuple[Block, ...]:
    """Read the blocks inside a quote, list or note, where no item can begin."""
    blocks: list[Block] = []
    for part in _read_run(tokens, until, reading):
        if isinstance(part, Heading):
            what = "a section or item cannot begin inside a quote, list or note."
            reading.refuse(part.place, what, 'Use "####" for a heading inside.')
            blocks.append(Subheading(part.content, part.place, part.attributes))
        else:
            blocks.append(part)
    return tuple(blocks)


def _with_attributes(part: Part, attributes: Attributes) -> Part:
    # What stands behind a button or picture is nearer to it than the line above.
    return replace(part, attributes=joined(attributes, part.attributes))


def _read_attribute_line(token: Token, reading: Reading) -> Attributes:
    place = reading.start_of(_line_of(token))
    attributes = read_attributes(token.content, place, reading)
    if BUTTON in attributes.classes:
        what = "a line of attributes makes no button."
        advice = "Write {.button} right behind the link: [words](address){.button}."
        reading.refuse(place, what, advice)
    return attributes


def _line_of(token: Token) -> int:
    """Return the line of the file in which a token begins, from 1."""
    return token.map[0] + 1 if token.map else 1


def _inline(tokens: _Tokens, reading: Reading) -> tuple[Token, Stretch]:
    """Return the content of a paragraph or heading, and pass its closing token."""
    token = next(tokens)
    next(tokens)
    return token, Stretch(reading, token.content, _line_of(token))


def _read_text(_: Token, tokens: _Tokens, reading: Reading) -> list[Part]:
    token, stretch = _inline(tokens, reading)
    _refuse_glued_headings(token, stretch)
    _refuse_rows_without_head(token, stretch)
    _refuse_underlines(token, stretch)
    for match in _FOOTNOTE.finditer(token.content):
        refuse_footnote(stretch.place(match.start()), reading)
    return [*read_paragraph(token.children or (), stretch)]


def _refuse_glued_headings(token: Token, stretch: Stretch) -> None:
    """Note ``##Words``: text to Markdown, a heading to who wrote it; not ``#1``."""
    for match in _GLUED_HEADING.finditer(token.content):
        stretch.reading.refuse(
            stretch.place(match.start()),
            f"a space is missing behind {shown(match['marks'])}.",
            f'Write "{match["marks"]} {match["word"]}", '
            r"or \# for a sign that readers should see.",
        )


def _refuse_rows_without_head(token: Token, stretch: Stretch) -> None:
    """Note a table whose line of dashes is missing or wrong: to Markdown it is text."""
    head = _HEAD.search(token.content)
    if head is None:
        return
    line = "| --- " * len(head[0].strip().strip("|").split("|")) + "|"
    if _DASHES_BELOW.match(token.content, head.end()):
        what = "the line of dashes below this head has another number of columns."
        advice = f"Write {shown(line)} instead."
    else:
        what = "this table has no line between its head and its rows."
        advice = f"Write {shown(line)} below the first line."
    stretch.reading.refuse(stretch.place(head.start()), what, advice)


def _refuse_underlines(token: Token, stretch: Stretch) -> None:
    """Note words above a line of equals signs: a heading to who wrote them."""
    for match in _UNDERLINE.finditer(token.content):
        if match["words"]:
            what = "a heading is not made by a line of equals signs below it."
            advice = f"Write {shown('## ' + match['words'].strip())} instead of both."
        else:
            what = "this line of equals signs means nothing."
            advice = 'Write "---" for a line from side to side, or delete it.'
        stretch.reading.refuse(stretch.place(match.start()), what, advice)


def _read_heading(opening: Token, tokens: _Tokens, reading: Reading) -> list[Part]:
    token, stretch = _inline(tokens, reading)
    place = reading.start_of(_line_of(opening))
    content = read_inlines(token.children or (), stretch)
    level = int(opening.tag[1:])
    if not content:
        what = "this heading has no words."
        reading.refuse(place, what, "Write them behind the #, or delete the line.")
    if level <= 3:
        if not opening.level:
            reading.item_title = "" if level == 2 else plain_words(content)
        return [Heading(level, content, place)]
    if level > 4:
        what = f'there are no headings with {level} "#".'
        reading.refuse(place, what, 'Use "####" for a heading inside an item.')
    return [Subheading(content, place)]


def _read_quote(opening: Token, tokens: _Tokens, reading: Reading) -> list[Part]:
    _refuse_depth(opening, reading)
    blocks = _read_nested(tokens, "blockquote_close", reading)
    return [Quote(blocks, reading.start_of(_line_of(opening)))]


def _read_list(opening: Token, tokens: _Tokens, reading: Reading) -> list[Part]:
    is_ordered = opening.type == "ordered_list_open"
    closing = opening.type.replace("_open", "_close")
    entries: list[tuple[Block, ...]] = []
    for token in tokens:
        if token.type == closing:
            break
        _refuse_depth(token, reading)
        entries.append(_read_nested(tokens, "list_item_close", reading))
    start = int(opening.attrs.get("start", 1))
    place = reading.start_of(_line_of(opening))
    return [ListBlock(tuple(entries), is_ordered, start, place)]


def _refuse_depth(token: Token, reading: Reading) -> None:
    """Note where the parser stops: it goes no deeper, and drops what stands there."""
    if token.level >= MAX_NESTING - 1:
        reading.refuse(
            reading.start_of(_line_of(token)),
            "quotes, lists and notes stand too deep inside each other here.",
            "Use eight levels at the most.",
        )


def _read_table(opening: Token, tokens: _Tokens, reading: Reading) -> list[Part]:
    return [read_table(_line_of(opening), tokens, reading)]


def _read_divider(token: Token, _: _Tokens, reading: Reading) -> list[Part]:
    return [Divider(reading.start_of(_line_of(token)))]


def _read_code(token: Token, _: _Tokens, reading: Reading) -> list[Part]:
    place = reading.start_of(_line_of(token))
    last = token.map[1] if token.map else 0
    is_closed = _CLOSING_FENCE.fullmatch(reading.lines[last - 1])
    if last == place.line or not is_closed:
        what = "this block of code is not closed."
        reading.refuse(place, what, f"Write a line {shown(token.markup)} below it.")
    return [CodeBlock(token.content.rstrip("\n"), place)]


def _read_event(token: Token, _: _Tokens, reading: Reading) -> list[Part]:
    _judge_container(token, reading)
    event = read_event(token, _line_of(token), reading)
    return [event] if event else []


def _read_container(opening: Token, tokens: _Tokens, reading: Reading) -> list[Part]:
    _refuse_depth(opening, reading)
    name = _judge_container(opening, reading)
    blocks = _read_nested(tokens, "container_close", reading)
    if name == "note":
        return [Note(blocks, reading.start_of(_line_of(opening)))]
    return [*blocks]


def _judge_container(token: Token, reading: Reading) -> str:
    """Return the name of a container; note what is wrong with its outer lines."""
    place = reading.start_of(_line_of(token))
    name, _, rest = token.info.partition(" ")
    if name not in _CONTAINERS:
        advice = suggest(name, _CONTAINERS) or 'Use "::: event" or "::: note".'
        reading.refuse(place, f'there is no "::: {name}".', advice)
    if rest.strip():
        what = f'nothing can stand behind "::: {name}" here: {shown(rest.strip())}.'
        advice = "Put attributes on a line of their own above it."
        reading.refuse(place, what, advice)
    if not token.meta["is_closed"]:
        what = f'"::: {name}" is not closed.'
        reading.refuse(place, what, 'Write a line ":::" below its last line.')
    return name


def _read_stray(token: Token, _: _Tokens, reading: Reading) -> list[Part]:
    reading.refuse(
        reading.start_of(_line_of(token)),
        'this ":::" closes nothing.',
        'Delete it, or write a line above such as "::: note".',
    )
    return []


def _read_html(token: Token, _: _Tokens, reading: Reading) -> list[Part]:
    first = token.content.split("\n", 1)[0].strip()
    refuse_html(first, Stretch(reading, first, _line_of(token)), 0)
    return []


def _read_nothing(_: Token, __: _Tokens, ___: Reading) -> list[Part]:
    """Pass over a definition of a link address: `parse` judges whether it is used."""
    return []


_READERS: dict[str, Callable[[Token, _Tokens, Reading], list[Part]]] = {
    "paragraph_open": _read_text,
    "heading_open": _read_heading,
    "blockquote_open": _read_quote,
    "bullet_list_open": _read_list,
    "ordered_list_open": _read_list,
    "table_open": _read_table,
    "hr": _read_divider,
    "fence": _read_code,
    "event": _read_event,
    "container_open": _read_container,
    "container_stray": _read_stray,
    "html_block": _read_html,
    "definition": _read_nothing,
}
