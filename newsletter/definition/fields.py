r"""Personal fields, ``{{ first_name or "reader" }}``, and the braces that are none.

In: the text of a subject or preheader, or a field that the Markdown parser found.
Out: `Text` and `Field`. ``\{`` is a literal brace; any other brace is a problem.
"""

import re
from collections.abc import Iterable

from newsletter.definition.reading import Reading
from newsletter.fieldnames import same_field
from newsletter.model.issue import EMAIL_FIELD, Field, Text
from newsletter.model.problem import Place
from newsletter.validation import shown, suggest

#: Stands for the address on web page and PDF, which have no reader in particular.
_NOBODYS_ADDRESS = "…"

#: Straight quotes, and the curly ones that word processors make of them.
_QUOTED = (
    r'"(?P<a>[^"{}]*)"|\'(?P<b>[^\'{}]*)\''
    r"|[“”„](?P<c>[^“”„{}]*)[“”]|[‘’‚](?P<d>[^‘’{}]*)[‘’]"
)
_FIELD = re.compile(
    rf"\{{\{{\s*(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?:\s+or\s+(?:{_QUOTED}))?\s*\}}\}}"
)
#: What begins like a field, up to its end if it has one.
FIELD_LIKE = re.compile(r"\{\{[^{}]*\}\}")
#: Braces that stand for nothing, as far as a message repeats them.
LEFTOVER = re.compile(r"\{+[^{}\n]{0,30}\}*|\}\}")
_PIECE = re.compile(
    rf"\\(?P<brace>[{{}}])|(?P<field>{FIELD_LIKE.pattern})|(?P<leftover>{LEFTOVER.pattern})"
)
_BUTTON_LIKE = re.compile(r"\{\s*\.button\s*\}")
_ATTRIBUTE_LIKE = re.compile(r"\{\s*(?:[.#][A-Za-z]|[A-Za-z]+=)")

_HOW_TO_WRITE = 'Write it as {{ first_name or "reader" }}.'


def read_field(written: str, place: Place, reading: Reading) -> Field | Text:
    """Return the field that *written* (``{{ … }}``) means; else its own text."""
    match = _FIELD.fullmatch(written)
    if match is None:
        what = f"this personal field cannot be read: {shown(written)}."
        reading.refuse(place, what, _HOW_TO_WRITE)
        return Text(_one_line(written))
    name = match["name"]
    own = next((match[k] for k in "abcd" if match[k] is not None), None)
    declared = reading.settings.fields
    if name != EMAIL_FIELD and name not in declared:
        _refuse_unknown(name, place, reading)
        return Text(_one_line(written))
    common = _NOBODYS_ADDRESS if name == EMAIL_FIELD else declared[name].fallback
    fallback = common if own is None else own
    if fallback is None:
        reading.refuse(
            place,
            f'the field "{name}" has no fallback for readers without one.',
            f'Write {{{{ {name} or "…" }}}} with the words they should see.',
        )
    return Field(name, _one_line(fallback or ""), place)


def _refuse_unknown(name: str, place: Place, reading: Reading) -> None:
    known = [*reading.settings.fields, EMAIL_FIELD]
    translated = same_field(name, reading.settings.fields)
    advice = suggest(translated or name, known) or (
        f"Declare it in newsletter.toml with a line [fields.{name}], "
        f"or use one of: {', '.join(known)}."
    )
    reading.refuse(place, f'unknown field "{name}".', advice)


def refuse_leftover(written: str, place: Place, reading: Reading) -> None:
    """Note a problem for braces that are neither field nor attributes."""
    if _BUTTON_LIKE.fullmatch(written):
        advice = "Put {.button} right behind a link, without a space between."
    elif _ATTRIBUTE_LIKE.match(written):
        advice = "Put attributes on a line of their own above the block."
    else:
        advice = (
            'Write a field as {{ first_name or "reader" }}, '
            r"or \{ for a curly bracket that readers should see."
        )
    what = f"these curly brackets are left over: {shown(written)}."
    reading.refuse(place, what, advice)


def read_words(text: str, place: Place, reading: Reading) -> tuple[Text | Field, ...]:
    """Return the pieces of one line of text that may hold fields."""
    pieces: list[Text | Field] = []
    end = 0
    for match in _PIECE.finditer(text):
        pieces.append(Text(text[end : match.start()]))
        end = match.end()
        pieces.append(_read_piece(match, place, reading))
    pieces.append(Text(text[end:]))
    return _joined(pieces)


def read_plain_words(text: str, place: Place, reading: Reading) -> str:
    """Return a line of text in which no personal field may stand."""
    words = read_words(text, place, reading)
    for field in words:
        if isinstance(field, Field):
            refuse_field_here(field.place, reading)
    return "".join(w.text if isinstance(w, Text) else w.fallback for w in words)


def refuse_field_here(place: Place, reading: Reading) -> None:
    """Note that a personal field stands where none can stand."""
    reading.refuse(
        place,
        "a personal field cannot stand here.",
        "Use it in text, headings, words of links, subject or preheader.",
    )


def _read_piece(match: re.Match[str], start: Place, reading: Reading) -> Text | Field:
    place = Place(start.file, start.line, start.column + match.start())
    if match["brace"]:
        return Text(match["brace"])
    if match["field"]:
        return read_field(match["field"], place, reading)
    refuse_leftover(match["leftover"], place, reading)
    return Text(match["leftover"])


def _joined(pieces: Iterable[Text | Field]) -> tuple[Text | Field, ...]:
    """Join neighbouring texts and drop empty ones."""
    joined: list[Text | Field] = []
    for piece in pieces:
        last = joined[-1] if joined else None
        if isinstance(piece, Text) and isinstance(last, Text):
            joined[-1] = Text(last.text + piece.text)
        elif piece != Text(""):
            joined.append(piece)
    return tuple(joined)


def _one_line(text: str) -> str:
    return re.sub(r"\s+", " ", text)
