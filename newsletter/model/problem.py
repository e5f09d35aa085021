"""What is wrong in something an editor wrote, and where."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A position in a file of the project, as an editor counts: from 1."""

    #: Path as shown to the editor, relative to the project folder where possible.
    file: str
    #: Line, 1 or more; 0 means the file as a whole.
    line: int = 0
    #: Column in characters, 1 or more; 0 means the line as a whole.
    column: int = 0

    def __str__(self) -> str:
        parts = [self.file, *(str(n) for n in (self.line, self.column) if n)]
        return ":".join(parts)


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One thing that keeps a definition from being built.

    Shown as ``issues/2025-03.md:14:1: this event has no date. Add a line "when: …".``
    """

    place: Place
    #: What is wrong: a sentence in lower case with its full stop.
    message: str
    #: What to write instead: one or two sentences.
    advice: str = ""

    def __str__(self) -> str:
        return f"{self.place}: {self.message} {self.advice}".rstrip()
