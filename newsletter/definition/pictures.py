"""Pictures and buttons: what stands alone on a line, or alone in a paragraph.

In: the tokens of one paragraph. Out: the blocks it falls into.
"""

from collections.abc import Iterator, Sequence

from markdown_it.token import Token

from newsletter.definition.attributes import BUTTON, read_attributes
from newsletter.definition.fields import (
    read_plain_words,
    refuse_field_here,
    refuse_leftover,
)
from newsletter.definition.inlines import (
    clean_text,
    read_inlines,
    read_target,
    refuse_wordless_link,
)
from newsletter.definition.reading import Stretch
from newsletter.model.issue import (
    NO_ATTRIBUTES,
    Attributes,
    Block,
    Button,
    Image,
    Paragraph,
)
from newsletter.validation import shown

_BREAKS = ("softbreak", "hardbreak")
_LINKED_IMAGE = ["link_open", "image", "link_close"]


def read_paragraph(tokens: Sequence[Token], stretch: Stretch) -> list[Block]:
    """Return a paragraph, a button, or paragraphs and the pictures among them."""
    kinds = {token.type for token in tokens}
    if "attributes" in kinds:
        button = _read_button(_solid(tokens), stretch)
        if button is not None:
            return [button]
    if "image" not in kinds:
        return [Paragraph(read_inlines(tokens, stretch), stretch.place())]
    return [block for run in _runs(tokens) for block in _read_run(run, stretch)]


def _solid(tokens: Sequence[Token]) -> list[Token]:
    """Return the tokens without empty texts, which the parser leaves between others."""
    return [t for t in tokens if t.type != "text" or t.content.strip()]


def _read_button(tokens: list[Token], stretch: Stretch) -> Button | None:
    """Return ``[words](target){.button}`` if that is all there is."""
    kinds = [token.type for token in tokens]
    is_one_link = kinds[0] == "link_open" and kinds.count("link_open") == 1
    if not is_one_link or kinds[-2:] != ["link_close", "attributes"]:
        return None
    if f".{BUTTON}" not in tokens[-1].content:
        return None
    attributes = _read_own_attributes(tokens[-1], stretch)
    classes = tuple(name for name in attributes.classes if name != BUTTON)
    written, target = read_target(tokens[0], stretch)
    content = read_inlines(tokens[1:-2], stretch)
    place = stretch.place(tokens[0].meta["at"])
    if not content:
        refuse_wordless_link(place, stretch.reading)
    return Button(
        content,
        target,
        written,
        place,
        Attributes(attributes.language, attributes.direction, classes),
    )


def _read_own_attributes(token: Token, stretch: Stretch) -> Attributes:
    place = stretch.place(token.meta["at"])
    return read_attributes(token.content, place, stretch.reading)


def _lines(tokens: Sequence[Token]) -> Iterator[list[Token]]:
    """Yield the lines of a paragraph; a break inside bold words divides none."""
    line: list[Token] = []
    depth = 0
    for token in tokens:
        depth += token.nesting
        if token.type in _BREAKS and not depth:
            yield line
            line = []
        else:
            line.append(token)
    yield line


def _runs(tokens: Sequence[Token]) -> Iterator[list[Token]]:
    """Yield each line that is a picture, and the runs of other lines between them."""
    run: list[Token] = []
    breaks = [t for t in _top_level(tokens) if t.type in _BREAKS]
    for number, line in enumerate(_lines(tokens)):
        if _is_picture(_solid(line)):
            if run:
                yield run
            yield line
            run = []
        else:
            run += [breaks[number - 1], *line] if run else line
    if run:
        yield run


def _top_level(tokens: Sequence[Token]) -> Iterator[Token]:
    depth = 0
    for token in tokens:
        depth += token.nesting
        if not depth:
            yield token


def _is_picture(line: list[Token]) -> bool:
    kinds = [token.type for token in line if token.type != "attributes"]
    return kinds in (["image"], _LINKED_IMAGE)


def _read_run(run: list[Token], stretch: Stretch) -> list[Block]:
    solid = _solid(run)
    if _is_picture(solid):
        picture = _read_picture(solid, stretch)
        return [picture] if picture else []
    at = next((t.meta["at"] for t in solid[:1] if "at" in t.meta), None)
    place = stretch.place(_offset(run, stretch) if at is None else at)
    return [Paragraph(read_inlines(run, stretch), place)]


def _offset(run: list[Token], stretch: Stretch) -> int:
    """Return where the first words of a run stand in the content."""
    words = next((t.content for t in run if t.content), "")
    return max(0, stretch.content.find(words))


def _read_picture(line: list[Token], stretch: Stretch) -> Image | None:
    token = next(t for t in line if t.type == "image")
    source = str(token.attrs["src"])
    if not _is_file(source, token, stretch):
        return None
    linked = line[0] if line[0].type == "link_open" else None
    attributes = NO_ATTRIBUTES
    for list_token in (t for t in line if t.type == "attributes"):
        attributes = _read_own_attributes(list_token, stretch)
    return Image(
        source,
        alt=_read_alt(token, stretch),
        caption=_read_caption(token, stretch),
        place=stretch.place(token.meta["at"]),
        target=_read_picture_target(linked, stretch) if linked else "",
        attributes=attributes,
    )


def _read_picture_target(opened_by: Token, stretch: Stretch) -> str:
    written, target = read_target(opened_by, stretch)
    if not written:
        # Unlike words, a picture without its link would not show that one is missing.
        what = "the link around this picture has no address."
        place = stretch.place(opened_by.meta["at"])
        stretch.reading.refuse(place, what, "Write it, or leave the link out.")
    return target


def _is_file(source: str, token: Token, stretch: Stretch) -> bool:
    place, reading = stretch.place(token.meta["at"]), stretch.reading
    if not source.strip():
        advice = "Write it as ![what it shows](photo.jpg)."
        reading.refuse(place, "this picture names no file.", advice)
    elif "://" in source or source.startswith(("//", "data:")):
        reading.refuse(
            place,
            f"a picture must be a file of the project, not {shown(source)}.",
            "Save it beside the issue and write its name.",
        )
    elif "{" in source or "}" in source:
        refuse_leftover(source, place, reading)
    else:
        return True
    return False


def _read_alt(token: Token, stretch: Stretch) -> str:
    """Return the words for who does not see the picture."""
    place = stretch.place(token.meta["at"])
    words: list[str] = []
    for child in token.children or ():
        if child.type == "field":
            refuse_field_here(place, stretch.reading)
        elif child.type in ("leftover", "attributes"):
            refuse_leftover(child.content, place, stretch.reading)
        words.append(" " if child.type in _BREAKS else child.content)
    return clean_text("".join(words)).strip()


def _read_caption(token: Token, stretch: Stretch) -> str:
    caption = clean_text(str(token.attrs.get("title", ""))).strip()
    at = token.meta["at"]
    # The parser has taken the backslash of \{ away already.
    if "\\{" in stretch.content[at:]:
        return caption
    return read_plain_words(caption, stretch.place(at), stretch.reading)
