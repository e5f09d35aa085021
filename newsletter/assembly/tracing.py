"""Which line of which template wrote a character: asked only when something is wrong.

Jinja's compiled templates are generators; between two pieces, the frame that waits says
the statement that gave the last one. Text of a template is then found in its source.
"""

from dataclasses import dataclass
from types import FrameType, GeneratorType
from typing import Any, TypeAlias, cast

from jinja2 import Template
from jinja2.runtime import Context

_Generator: TypeAlias = "GeneratorType[str, Any, Any]"


@dataclass(frozen=True, slots=True)
class Piece:
    """What one statement of a template wrote."""

    #: Position of its first byte in everything written.
    start: int
    text: str
    template: Template
    #: Line of the statement; text of the template itself may begin below it.
    line: int


@dataclass(frozen=True, slots=True)
class Trace:
    """All pieces a template wrote, in order."""

    pieces: tuple[Piece, ...]

    @property
    def text(self) -> str:
        """Return everything that was written."""
        return "".join(piece.text for piece in self.pieces)

    def at(self, position: int) -> Piece | None:
        """Return the piece that holds a byte, or None where nothing was written."""
        before = (piece for piece in self.pieces if piece.start <= position)
        return max(before, key=lambda piece: piece.start, default=None)


def trace(template: Template, context: Context) -> Trace:
    """Run a template and remember where each piece came from."""
    pieces: list[Piece] = []
    written = 0
    generator = cast("_Generator", template.root_render_func(context))
    for text in generator:
        source, line = _statement(generator)
        pieces.append(Piece(written, text, source, line))
        written += len(text.encode())
    return Trace(tuple(pieces))


def line_at(piece: Piece, position: int, source: str) -> int:
    """Return the line of the template, whose text is *source*, that wrote a byte."""
    before = piece.text.encode()[: position - piece.start].decode(errors="ignore")
    lines = source.splitlines(keepends=True)
    offset = sum(map(len, lines[: piece.line - 1]))
    found = source.find(piece.text, offset)
    if found < 0:  # a value, or text that Jinja has folded together
        return piece.line
    return source.count("\n", 0, found) + before.count("\n") + 1


def _statement(generator: _Generator) -> tuple[Template, int]:
    """Return the template and line at which the innermost waiting generator stands."""
    frame = cast("FrameType", generator.gi_frame)  # it waits at a yield
    inner = generator.gi_yieldfrom or frame.f_locals.get("gen")
    if isinstance(inner, GeneratorType) and inner.gi_frame is not None:
        return _statement(inner)
    template: Template = frame.f_globals["__jinja_template__"]
    return template, template.get_corresponding_lineno(frame.f_lineno)
