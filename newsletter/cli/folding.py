"""Lines broken between words where a terminal ends; elsewhere whole, for grep."""

import shutil
import textwrap
from typing import TextIO

#: Narrower columns of words are no easier to read than long lines.
_LEAST_WIDTH = 30


def fold(text: str, stream: TextIO, *, margin: int = 0) -> list[str]:
    """Return the lines of *text* for a stream; at least one.

    Args:
        text: One line; a word, such as a command's option, is never broken.
        stream: Where it is written.
        margin: Columns that stand before it.
    """
    if not stream.isatty():
        return [text]
    room = max(shutil.get_terminal_size().columns - margin - 1, _LEAST_WIDTH)
    return textwrap.wrap(
        text, room, break_long_words=False, break_on_hyphens=False
    ) or [""]
