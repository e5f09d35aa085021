"""Markdown as definitions use it: parsed permissively, judged afterwards.

In: text. Out: tokens of markdown-it. What an editor may not write becomes a token too
(``leftover``, ``broken_link``, ``html_inline``, ``container_stray``), so that whoever
reads the tokens can say where it stands. Inline tokens that may be refused carry their
position in ``meta["at"]``.

Left out of CommonMark, because in a letter they are slips of the hand: headings by
underlining (a divider below a paragraph) and code by indenting.
"""

import re
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING

from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock
from markdown_it.rules_inline import StateInline, autolink, html_inline, image, link
from markdown_it.token import Token

from newsletter.definition.fields import FIELD_LIKE, LEFTOVER

if TYPE_CHECKING:
    from linkify_it import LinkifyIt

#: Levels of blocks that the parser goes into; a list counts for two.
MAX_NESTING = 20

#: Longer addresses are refused by old browsers; the bound keeps the search for the end
#: of each address short, whatever follows it.
_MAX_ADDRESS = 2083

#: What a container or an attribute line may stand directly below.
_INTERRUPTED = ["paragraph", "reference", "blockquote", "list"]

_CONTAINER = re.compile(r":{3,}\s*(.*?)\s*")
_FENCE = re.compile(r"```|~~~")
#: No container reaches beyond the heading of an item or a section.
_OUTER_HEADING = re.compile(r"#{1,3}\s")
_ATTRIBUTE_LINE = re.compile(r"\{\s*[.#A-Za-z][^{}]*\}\s*")
_ATTRIBUTES = re.compile(r"\{\s*[.#A-Za-z][^{}\n]*\}")
_WEB_SCHEME = re.compile(r"(?<![A-Za-z0-9])https?$", re.IGNORECASE)

_InlineRule = Callable[[StateInline, bool], bool]


class _Parser(MarkdownIt):
    """Leaves addresses as they are: `links.py` judges them, with a message for each.

    Normalised, ``ecli:ECLI:NL:RBDHA:2023:1296`` would be that of another verdict.
    """

    def normalizeLink(self, url: str) -> str:  # noqa: N802 - the name is markdown-it's
        return url

    def normalizeLinkText(self, link: str) -> str:  # noqa: N802
        return link

    def validateLink(self, url: str) -> bool:  # noqa: N802
        return True


def parse_tokens(text: str) -> list[Token]:
    """Return the tokens of *text*; lines in their maps count from 0."""
    return _parser().parse(text)


@cache
def _parser() -> MarkdownIt:
    parser = _Parser(
        "commonmark",
        {
            "html": True,
            "maxNesting": MAX_NESTING,
            # Both tell which definitions of link addresses are used.
            "inline_definitions": True,
            "store_labels": True,
        },
    )
    parser.enable(["table", "linkify"])
    # Texts stay apart from escapes and entities, which are judged one by one.
    parser.disable(["lheading", "code", "text_join"])
    block, inline = parser.block.ruler, parser.inline.ruler
    block.before("fence", "container", _container, {"alt": _INTERRUPTED})
    block.before("fence", "attributes", _attribute_line, {"alt": _INTERRUPTED})
    for name, rule in (
        ("link", link),
        ("image", image),
        ("autolink", autolink),
        ("html_inline", _html),
    ):
        inline.at(name, _with_position(rule))
    inline.at("linkify", _bare_address)
    inline.before("link", "braces", _braces)
    inline.after("image", "broken_link", _broken_link)
    return parser


# --- blocks ---------------------------------------------------------------------------


def _line(state: StateBlock, number: int) -> str:
    """Return a line without the markers of the quotes and lists it stands in."""
    return state.src[state.bMarks[number] + state.tShift[number] : state.eMarks[number]]


def _attribute_line(state: StateBlock, start: int, _end: int, silent: bool) -> bool:
    written = _line(state, start)
    if not _ATTRIBUTE_LINE.fullmatch(written):
        return False
    if not silent:
        token = state.push("attribute_line", "", 0)
        token.content = written.strip()
        token.map = [start, start + 1]
        state.line = start + 1
    return True


def _container(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """Read ``::: name`` of any name: which names there are is judged afterwards."""
    match = _CONTAINER.fullmatch(_line(state, start))
    if match is None:
        return False
    if silent:
        return True
    if not match[1]:
        state.push("container_stray", "", 0).map = [start, start + 1]
        state.line = start + 1
    elif match[1].split()[0] == "event":
        _push_event(state, start, end, match[1])
    else:
        _push_container(state, start, end, match[1])
    return True


def _push_event(state: StateBlock, start: int, end: int, info: str) -> None:
    """Push the body of an event as lines of text: it is no Markdown."""
    stop, is_closed = _event_end(state, start, end)
    token = state.push("event", "", 0)
    token.info = info
    token.content = "\n".join(_line(state, n) for n in range(start + 1, stop))
    token.map = [start, stop]
    token.meta["is_closed"] = is_closed
    state.line = stop + is_closed


def _push_container(state: StateBlock, start: int, end: int, info: str) -> None:
    stop, is_closed = _container_end(state, start, end)
    token = state.push("container_open", "", 1)
    token.info = info
    token.map = [start, stop]
    token.meta["is_closed"] = is_closed
    outer_parent, outer_max = state.parentType, state.lineMax
    state.parentType, state.lineMax = "container", stop
    state.md.block.tokenize(state, start + 1, stop)
    state.parentType, state.lineMax = outer_parent, outer_max
    state.push("container_close", "", -1)
    state.line = stop + is_closed


def _event_end(state: StateBlock, start: int, end: int) -> tuple[int, bool]:
    """Return the line after the body, and whether a closing line stands there.

    Without one, the body ends at the first empty line, so that what follows stays text.
    """
    first_empty = None
    for number in range(start + 1, end):
        text = _line(state, number)
        match = _CONTAINER.fullmatch(text)
        if match and not match[1]:
            return number, True
        if not text.strip() and first_empty is None:
            first_empty = number
        if match or _OUTER_HEADING.match(text):
            return first_empty or number, False
    return first_empty or end, False


def _container_end(state: StateBlock, start: int, end: int) -> tuple[int, bool]:
    """Return the line after the content, and whether a closing line stands there."""
    depth, is_code = 1, False
    for number in range(start + 1, end):
        if not state.isEmpty(number) and state.sCount[number] < state.blkIndent:
            return number, False
        text = _line(state, number)
        is_code ^= bool(_FENCE.match(text))
        if is_code:
            continue
        match = _CONTAINER.fullmatch(text)
        if match:
            depth += 1 if match[1] else -1
        if depth == 0:
            return number, True
        if _OUTER_HEADING.match(text):
            return number, False
    return end, False


# --- inline content -------------------------------------------------------------------


def _with_position(rule: _InlineRule) -> _InlineRule:
    """Wrap a rule of the parser so that its first token knows where it begins."""

    def positioned(state: StateInline, silent: bool) -> bool:
        at, count = state.pos, len(state.tokens)
        if not rule(state, silent):
            return False
        if not silent:
            # Text that was waiting is pushed before it.
            first = count + (state.tokens[count].type == "text")
            state.tokens[first].meta["at"] = at
        return True

    return positioned


def _html(state: StateInline, silent: bool) -> bool:
    """Find tags, and comments even when their end is in another paragraph."""
    if html_inline(state, silent):
        return True
    if not state.src.startswith("<!--", state.pos, state.posMax):
        return False
    if not silent:
        state.push("html_inline", "", 0).content = "<!--"
    state.pos += len("<!--")
    return True


def _braces(state: StateInline, silent: bool) -> bool:
    """Find fields, attributes behind a link or picture, and braces left over."""
    if state.src[state.pos] not in "{}":
        return False
    kind, match = "field", FIELD_LIKE.match(state.src, state.pos, state.posMax)
    if match is None and _follows_link(state):
        kind, match = "attributes", _ATTRIBUTES.match(*_here(state))
    if match is None:
        kind, match = "leftover", LEFTOVER.match(*_here(state))
    if match is None:
        return False
    if not silent:
        token = state.push(kind, "", 0)
        token.content = match[0]
        token.meta["at"] = state.pos
    state.pos = match.end()
    return True


def _here(state: StateInline) -> tuple[str, int, int]:
    return state.src, state.pos, state.posMax


def _follows_link(state: StateInline) -> bool:
    is_after = bool(state.tokens) and state.tokens[-1].type in ("link_close", "image")
    return is_after and not state.pending


def _broken_link(state: StateInline, silent: bool) -> bool:
    """Find the middle of a link or picture that the parser could not read as one."""
    if not state.src.startswith("](", state.pos, state.posMax):
        return False
    if not silent:
        token = state.push("broken_link", "", 0)
        token.content = "]("
        token.meta["at"] = state.pos
    state.pos += len("](")
    return True


def _bare_address(state: StateInline, silent: bool) -> bool:
    """Find ``https://…`` in running text; nothing without scheme becomes a link."""
    at = state.pos
    if silent or state.linkLevel or not state.src.startswith("://", at, state.posMax):
        return False
    scheme = _WEB_SCHEME.search(state.src[max(0, at - 6) : at])
    if scheme is None or not state.pending.endswith(scheme[0]):
        return False
    start = at - len(scheme[0])
    written = state.src[start : min(state.posMax, start + _MAX_ADDRESS)]
    match = _linkifier().match_at_start(written)
    # What stands right behind it is not part of it: the end of bold words, a field.
    address = re.split(r"[{}|]|\*+$", match.raw)[0] if match else ""
    if not address:
        return False
    state.pending = state.pending[: -len(scheme[0])]
    token = state.push("link_open", "a", 1)
    token.attrs = {"href": address}
    token.meta["at"] = start
    state.push("text", "", 0).content = address
    state.push("link_close", "a", -1)
    state.pos = start + len(address)
    return True


@cache
def _linkifier() -> "LinkifyIt":
    # Its expressions take 15 ms to compile; most issues have no bare address.
    from linkify_it import LinkifyIt

    options = {"fuzzy_link": False, "fuzzy_email": False, "fuzzy_ip": False}
    return LinkifyIt(options=options)
