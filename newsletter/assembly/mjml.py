"""MJML -> HTML by mrml, behind the guards that its silent faults make necessary.

Input is what a template made; output is HTML with Outlook's conditionals, not inlined.
The faults (of mjml-python 1.4.2) are told where they are guarded against.
"""

import re
from dataclasses import dataclass
from difflib import get_close_matches
from html.entities import html5
from xml.parsers import expat

from newsletter.assembly.mjml_rules import (
    CONTENT_PARENTS,
    DEFAULTS_ATTRIBUTES,
    HTML_HOLDERS,
    HTML_TAGS,
    MJML_ATTRIBUTES,
    MJML_PARENTS,
)

#: mrml and lxml recurse: some thousand levels end the process. No mail needs a hundred.
_MAX_DEPTH = 100

#: Root that stands around a fragment while it is looked at alone.
_FRAGMENT = "fragment"
_OPENING = f"<{_FRAGMENT}>"

_INLINE = "a|abbr|b|bdi|code|del|em|i|ins|q|s|small|span|strong|sub|sup|u"
_SPACE_BETWEEN_INLINES = re.compile(rf"(</(?:{_INLINE})>)\s*\n\s*(<(?:{_INLINE})\b)")
_BROKEN_TAG = re.compile(r"<[a-zA-Z](?:[^<>\"']|\"[^\"]*\"|'[^']*')*?[\n\t]"
                         r"(?:[^<>\"']|\"[^\"]*\"|'[^']*')*>")  # fmt: skip
_BETWEEN_CONDITIONALS = re.compile(r"<!\[endif\]-->\s*<!--\[if mso \| IE\]>")
#: Layout tables to which mrml gives no role: those of mj-accordion, and that of mj-hero
#: for Outlook, whose cell ends in another comment.
_BARE_TABLE = re.compile(
    r'(?<=class="mj-accordion-title">)<table |(?<=class="mj-accordion-content">)<table '
    r'|<table (?=[^>]* class="mj-accordion")'
    r"|<table (?![^>]*\brole=)(?=[^>]*><tr><td[^>]*><!\[endif\]-->)"
)
_ZERO_OR_PERCENT = re.compile(r"0|[\d.]+%")


class MjmlError(Exception):
    """mrml refused what had passed every check."""


@dataclass(frozen=True, slots=True)
class MjmlFault:
    """Something wrong in MJML."""

    #: Byte at which it shows, in UTF-8, from 0.
    position: int
    message: str
    advice: str


def compile_mjml(mjml: str) -> str:
    """Return MJML that has no faults (see `find_faults`) as HTML.

    Raises:
        MjmlError: mrml cannot compile it.
    """
    from mjml import mjml2html  # heavy; only who composes needs it

    try:
        # Without fonts={} a default font would be fetched from a third party.
        html = mjml2html(_guarded(mjml), fonts={}, disable_comments=True)
    except ValueError as error:
        raise MjmlError(str(error)) from error
    merged = _BETWEEN_CONDITIONALS.sub("", html)
    merged = _BARE_TABLE.sub('<table role="presentation" ', merged)
    # premailer keeps an upper-case doctype only; without one, quirks mode.
    return re.sub("^<!doctype html>", "<!DOCTYPE html>", merged, count=1)


def find_faults(mjml: str, *, is_fragment: bool = False) -> list[MjmlFault]:
    """Return what is wrong in a document of MJML, or in a part of one."""
    if not is_fragment:
        return _Inspection(0).faults(mjml)
    return _Inspection(len(_OPENING)).faults(f"{_OPENING}{mjml}</{_FRAGMENT}>")


def _guarded(mjml: str) -> str:
    """Return MJML with what mrml would silently spoil written another way."""
    # Plain characters: `re` joins a replacement by the string's own `join`, and that of
    # markupsafe's Markup would escape the tags.
    mjml = str(mjml)
    # A text node that begins with a line end and is only space is dropped: "</b>\n<i>".
    mjml = _SPACE_BETWEEN_INLINES.sub(r"\1 \2", mjml)
    # Attribute values are written by Rust's debug formatting: a backslash, line end,
    # tab or anything beyond ASCII comes out as "\u{a0}". References pass untouched.
    mjml = _BROKEN_TAG.sub(lambda tag: re.sub(r"\s", " ", tag[0]), mjml)
    mjml = mjml.replace("\\", "&#92;")
    return mjml.encode("ascii", "xmlcharrefreplace").decode()


class _Inspection:
    """One pass of expat over MJML, with the tables of `mjml_rules` in hand."""

    def __init__(self, first: int) -> None:
        self._first = first
        self._faults: list[MjmlFault] = []
        self._open: list[str] = []
        self._parser = expat.ParserCreate()
        self._parser.buffer_text = True
        self._parser.UseForeignDTD(True)
        self._parser.ExternalEntityRefHandler = lambda *_: 1
        self._parser.SkippedEntityHandler = self._entity
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end

    def faults(self, mjml: str) -> list[MjmlFault]:
        try:
            self._parser.Parse(mjml, True)
        except expat.ExpatError as error:
            self._add_malformed(error)
        return self._faults

    def _add_malformed(self, error: expat.ExpatError) -> None:
        reason = expat.ErrorString(error.code)
        inside = f" inside <{self._open[-1]}>" if self._open else ""
        self._add(
            f"the markup is not well-formed here{inside}: {reason}.",
            "Close every tag, write <br /> with its slash, and &amp; and &lt; for the"
            " characters & and <.",
            self._parser.ErrorByteIndex,
        )

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        parent = self._open[-1] if self._open else ""
        self._open.append(tag)
        if len(self._open) == _MAX_DEPTH:
            self._add(
                f"tags are nested more than {_MAX_DEPTH} deep.", "Nest fewer blocks."
            )
        if tag.startswith("mj"):
            self._check_mjml(tag, attributes, parent)
        elif tag != _FRAGMENT:
            self._check_html(tag, attributes, parent)

    def _end(self, tag: str) -> None:
        self._open.pop()
        if tag == "mj-style":
            self._parser.CharacterDataHandler = None

    def _check_mjml(self, tag: str, attributes: dict[str, str], parent: str) -> None:
        allowed = MJML_ATTRIBUTES.get(tag)
        parents = MJML_PARENTS.get(tag, CONTENT_PARENTS)
        if parent == "mj-attributes":
            allowed, parents = (
                DEFAULTS_ATTRIBUTES.get(tag, allowed),
                frozenset({parent}),
            )
        if allowed is None:
            self._add_unknown(f"<{tag}>", tag, [*MJML_ATTRIBUTES])
            return
        if parent not in (parents or {""}) and parent != _FRAGMENT:
            where = " or ".join(f"<{name}>" for name in sorted(parents))
            here = f"in <{parent}>" if parent else "alone"
            advice = f"Put it in {where}." if where else "Begin the template with it."
            self._add(f"<{tag}> cannot stand {here}.", advice)
        for name, value in attributes.items():
            self._check_attribute(tag, name, value, allowed)
        if tag == "mj-style":
            self._parser.CharacterDataHandler = self._style

    def _check_attribute(
        self, tag: str, name: str, value: str, allowed: frozenset[str]
    ) -> None:
        if name not in allowed:
            self._add_unknown(f'the attribute "{name}" of <{tag}>', name, [*allowed])
        elif "padding" in name and _misleads(value):
            # mrml counts such a shorthand as 0 when it computes widths for Outlook.
            self._add(
                f'{name}="{value}" of <{tag}> has a part that is not in pixels.',
                'Write every part in pixels: "0px 24px".',
            )

    def _check_html(self, tag: str, attributes: dict[str, str], parent: str) -> None:
        if tag not in HTML_TAGS:
            self._add(
                f"<{tag}> is not for mail: mail programs remove it.",
                "Use plain HTML without scripts, forms and frames.",
            )
        elif parent.startswith("mj") and parent not in HTML_HOLDERS:
            self._add(
                f"<{tag}> cannot stand directly in <{parent}>.",
                "Put it in an <mj-text>.",
            )
        for name in attributes:
            if name.startswith("on"):
                self._add(
                    f'the attribute "{name}" of <{tag}> is a script.', "Leave it out."
                )

    def _style(self, css: str) -> None:
        if "\\" in css or not css.isascii():
            self._add(
                "a style sheet can hold neither a backslash nor letters beyond ASCII.",
                "Write it without them.",
            )

    def _entity(self, name: str, is_parameter: bool) -> None:
        if not is_parameter and f"{name};" not in html5:
            self._add(f"there is no character called &{name};.", "Write it as itself.")

    def _add_unknown(self, what: str, name: str, known: list[str]) -> None:
        near = get_close_matches(name, known, n=1)
        advice = f'Did you mean "{near[0]}"?' if near else "Leave it out."
        self._add(f"{what} is unknown, or of no effect in mail.", advice)

    def _add(self, message: str, advice: str, index: int | None = None) -> None:
        at = self._parser.CurrentByteIndex if index is None else index
        self._faults.append(MjmlFault(max(0, at - self._first), message, advice))


def _misleads(padding: str) -> bool:
    """Whether mrml computes another width from a padding than mail programs do."""
    parts = padding.split()
    if parts == ["0"]:
        return False
    return any(_ZERO_OR_PERCENT.fullmatch(part) for part in parts)
