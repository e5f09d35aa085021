"""Does each picture say what it shows, to those who do not see it?"""

from collections.abc import Iterator
from pathlib import PurePosixPath

from newsletter.checks.facts import Facts, found
from newsletter.model.assembled import Assembled
from newsletter.model.finding import Finding
from newsletter.model.issue import Image
from newsletter.model.walk import walk_blocks

_SUFFIXES = (".jpg", ".jpeg", ".png", ".gif", ".webp", ".heic", ".tif", ".tiff")


def check_images(assembled: Assembled, facts: Facts) -> list[Finding]:
    """Report pictures without words, and words that are only a file name."""
    blocks = walk_blocks(assembled.issue)
    return [
        finding
        for block in blocks
        if isinstance(block, Image)
        for finding in _alt_findings(block)
    ]


def _alt_findings(image: Image) -> Iterator[Finding]:
    alt = image.alt.strip()
    if not alt:
        yield found(
            "alt-missing",
            image.place,
            f'the picture "{image.source}" has no words for who does not see it.',
            f"Write what it shows: ![What it shows]({image.source}).",
        )
    elif _is_file_name(alt, image.source):
        yield found(
            "alt-file-name",
            image.place,
            f'"{alt}" is the name of a file, not what the picture shows.',
            f"Write what it shows: ![What it shows]({image.source}).",
        )


def _is_file_name(alt: str, source: str) -> bool:
    name = PurePosixPath(source)
    written = alt.casefold()
    if written in (name.name.casefold(), name.stem.casefold()):
        # A stem of one plain word, "portrait", may well be what it shows.
        return not name.stem.isalpha() or written.endswith(_SUFFIXES)
    return written.endswith(_SUFFIXES) and " " not in written
