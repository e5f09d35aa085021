"""Text inside a paragraph, heading or cell: tokens of the parser become inline content.

What cannot stand there is a problem, and its characters stay as text, so that a preview
shows where it is.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field

from markdown_it.token import Token

from newsletter.definition.attributes import BUTTON, read_attributes
from newsletter.definition.fields import read_field, refuse_leftover
from newsletter.definition.links import resolve_target
from newsletter.definition.reading import Reading, Stretch
from newsletter.model.issue import (
    Code,
    Emphasis,
    Inline,
    LineBreak,
    Link,
    Strong,
    Text,
)
from newsletter.model.problem import Place
from newsletter.validation import nearest, shown

#: Bold in italic in bold …: more than this is a row of asterisks that went wrong, and
#: would be nested just as deep in the mail.
_MAX_DEPTH = 8

#: Also what entities such as ``&#10;`` make; none of it can stand in a mail.
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]+")

_HTML_ADVICE = {
    "a": "Write a link as [words](https://example.org).",
    "b": "Write bold words as **words**.",
    "strong": "Write bold words as **words**.",
    "i": "Write words in italics as *words*.",
    "em": "Write words in italics as *words*.",
    "img": "Write a picture as ![what it shows](photo.jpg) on a line of its own.",
    "br": "End the line with a backslash to begin a new one.",
    "!--": "There are no comments; delete it.",
}
_TAG = re.compile(r"<(?P<close>/?)(?P<name>!--|[A-Za-z][A-Za-z0-9-]*)?")


@dataclass(slots=True)
class _Frame:
    """Inline content that is being filled, and the token that opened it."""

    opened_by: Token | None
    _content: list[Inline] = field(default_factory=list)
    #: Neighbouring texts, which become one.
    _texts: list[str] = field(default_factory=list)

    def add(self, part: Inline) -> None:
        if isinstance(part, Text):
            self._texts.append(part.text)
        else:
            self._flush()
            self._content.append(part)

    def finish(self) -> list[Inline]:
        self._flush()
        return self._content

    def _flush(self) -> None:
        # An accent may come as an entity of its own, so only the whole is NFC.
        text = clean_text("".join(self._texts))
        self._texts.clear()
        if text:
            self._content.append(Text(text))


def read_inlines(tokens: Sequence[Token], stretch: Stretch) -> tuple[Inline, ...]:
    """Return the inline content of a run of tokens."""
    reader = _InlineReader(stretch)
    for token in tokens:
        reader.read(token)
    return reader.finish()


def clean_text(text: str) -> str:
    """Return text in NFC without control characters, whatever entities made."""
    text = _CONTROL.sub(" ", text)
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def refuse_html(written: str, place_of: Stretch, at: int) -> None:
    """Note a problem for raw HTML."""
    tag = _TAG.match(written)
    name = (tag["name"] or "").lower() if tag else ""
    advice = _HTML_ADVICE.get(
        name,
        r"Write it in Markdown, or \< for a less-than sign that readers should see.",
    )
    place_of.reading.refuse(
        place_of.place(at), f"raw HTML cannot be used: {shown(written)}.", advice
    )


def refuse_wordless_link(place: Place, reading: Reading) -> None:
    """Note a link or button that readers could neither see nor hear."""
    what = "this link has no words."
    reading.refuse(place, what, "Write them between the square brackets.")


def refuse_footnote(place: Place, reading: Reading) -> None:
    """Note ``[^1]``, which elsewhere makes a footnote."""
    what = "a letter has no footnotes."
    advice = (
        r"Write the words where they belong, or \[ for a bracket readers should see."
    )
    reading.refuse(place, what, advice)


class _InlineReader:
    """Turns tokens into content; nested content waits on a stack, not in recursion."""

    def __init__(self, stretch: Stretch) -> None:
        self._stretch = stretch
        self._reading = stretch.reading
        self._frames = [_Frame(None)]
        #: Openings beyond `_MAX_DEPTH` whose closings must be passed over too.
        self._ignored = 0
        self._html_names: set[str] = set()

    def read(self, token: Token) -> None:
        kind = token.type
        if kind == "text":
            self._add_text(token.content)
        elif kind in ("em_open", "strong_open"):
            self._open_emphasis(token)
        elif kind in ("em_close", "strong_close"):
            self._close_emphasis(token)
        elif kind == "link_open":
            self._frames.append(_Frame(token))
        elif kind == "link_close":
            self._close_link()
        else:
            self._read_rarer(token)

    def _read_rarer(self, token: Token) -> None:
        kind = token.type
        if kind == "softbreak":
            self._add_text(" ")
        elif kind == "hardbreak":
            self._add(LineBreak())
        elif kind == "text_special":
            self._add_text(token.content)
        elif kind == "code_inline":
            self._add(Code(token.content))
        elif kind == "field":
            place = self._stretch.place(token.meta["at"])
            self._add(read_field(token.content, place, self._reading))
        else:
            self._refuse(token)

    def finish(self) -> tuple[Inline, ...]:
        return _trimmed(self._frames[0].finish())

    def _add(self, part: Inline) -> None:
        self._frames[-1].add(part)

    def _add_text(self, text: str) -> None:
        self._frames[-1].add(Text(text))

    def _open_emphasis(self, token: Token) -> None:
        if len(self._frames) > _MAX_DEPTH:
            if not self._ignored:
                self._reading.refuse(
                    self._stretch.place(),
                    "bold and italics stand too deep inside each other here.",
                    r"Write \* for an asterisk that readers should see.",
                )
            self._ignored += 1
        else:
            self._frames.append(_Frame(token))

    def _close_emphasis(self, token: Token) -> None:
        if self._ignored:
            self._ignored -= 1
            return
        content = tuple(self._frames.pop().finish())
        self._add(Strong(content) if token.tag == "strong" else Emphasis(content))

    def _close_link(self) -> None:
        frame = self._frames.pop()
        opened_by = frame.opened_by
        assert opened_by is not None  # noqa: S101 - the parser pairs its tokens
        place = self._stretch.place(opened_by.meta["at"])
        written, target = read_target(opened_by, self._stretch)
        content = tuple(frame.finish())
        if all(isinstance(p, Text) and not p.text.strip() for p in content):
            refuse_wordless_link(place, self._reading)
        self._add(Link(content, target, written, place))

    def _refuse(self, token: Token) -> None:
        """Note a problem for a token that may not stand here; its text stays."""
        at = token.meta["at"]
        place = self._stretch.place(at)
        if token.type == "leftover":
            refuse_leftover(token.content, place, self._reading)
            self._add_text(token.content)
        elif token.type == "broken_link":
            self._reading.refuse(
                place,
                "this link or picture cannot be read.",
                "Write it as [words](address); put an address with spaces "
                r"between < and >. Write \] for a bracket that readers should see.",
            )
            self._add_text(token.content)
        elif token.type == "html_inline":
            self._refuse_html(token.content, at)
        elif token.type == "image":
            self._reading.refuse(
                place,
                "a picture cannot stand inside a line of text.",
                "Put it on a line of its own.",
            )
            self._add_text(token.content)
        elif token.type == "attributes":
            self._refuse_attributes(token.content, at)

    def _refuse_html(self, written: str, at: int) -> None:
        tag = _TAG.match(written)
        name = (tag["name"] or "").lower() if tag else ""
        # One message for a pair of tags.
        if not (tag and tag["close"] and name in self._html_names):
            refuse_html(written, self._stretch, at)
        self._html_names.add(name)
        self._add_text(written)

    def _refuse_attributes(self, written: str, at: int) -> None:
        place, before = self._stretch.place(at), len(self._reading.problems)
        attributes = read_attributes(written, place, self._reading)
        if BUTTON in attributes.classes:
            what = "a button must be alone in its paragraph."
            advice = "Leave an empty line before and after it."
            self._reading.refuse(place, what, advice)
        elif len(self._reading.problems) == before:
            what = f"attributes cannot stand here: {shown(written)}."
            advice = (
                'Did you mean "{.button}"?'
                if any(nearest(name, [BUTTON]) for name in attributes.classes)
                else "Put them on a line of their own above the block."
            )
            self._reading.refuse(place, what, advice)


def read_target(opened_by: Token, stretch: Stretch) -> tuple[str, str]:
    """Return the address of a link as written, and complete or empty."""
    place = stretch.place(opened_by.meta["at"])
    title = opened_by.attrs.get("title")
    if title:
        stretch.reading.refuse(
            place,
            f"the title of this link would not be shown: {shown(title)}.",
            "Leave it out, or write it into the text.",
        )
    written = str(opened_by.attrs["href"])
    if opened_by.meta.get("label", "").startswith("^"):
        refuse_footnote(place, stretch.reading)
        return written, ""
    return written, resolve_target(written, place, stretch.reading)


def _trimmed(content: list[Inline]) -> tuple[Inline, ...]:
    """Return content without spaces and line breaks at its ends."""
    parts = list(content)
    if parts and isinstance(parts[0], Text):
        parts[0] = Text(parts[0].text.lstrip(" "))
    if parts and isinstance(parts[-1], Text):
        parts[-1] = Text(parts[-1].text.rstrip(" "))
    return tuple(part for part in parts if part != Text(""))
