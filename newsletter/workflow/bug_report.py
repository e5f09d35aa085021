"""What a fault of the program leaves behind for who can mend it: a file."""

import sys
import tempfile
import traceback
from pathlib import Path

from newsletter import __version__
from newsletter.addresses import mask_addresses

_MAX_LINE = 4_000


def write_report(error: Exception) -> str:
    """Keep the traceback in a private file, and return its name.

    It may hold what an editor wrote. It is made to be passed on, so no address of a
    reader stands in it.
    """
    lines = [f"newsletter {__version__}, Python {sys.version}\n"]
    # What an error quotes may be long, and masking takes longer the longer a word is.
    lines += [
        mask_addresses(line[:_MAX_LINE]) for line in traceback.format_exception(error)
    ]
    with tempfile.NamedTemporaryFile(
        "w", encoding="utf-8", prefix="newsletter-", suffix=".txt", delete=False
    ) as report:
        report.writelines(lines)
    return str(Path(report.name))


def place_of(error: Exception) -> str:
    """Return which fault it is: the same for the same line of the program."""
    frames = traceback.extract_tb(error.__traceback__)
    where = f"{frames[-1].filename}:{frames[-1].lineno}" if frames else ""
    return f"{type(error).__name__} {where}"
