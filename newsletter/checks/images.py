"""Pictures of the issue: their words, their weight, and whether they move.

What only a template can have brought into the mail is `checks.template_pictures`.
"""

import re
from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath

from newsletter.checks.facts import Facts, found
from newsletter.checks.motion import Motion, motion_of
from newsletter.model.assembled import Assembled, AssembledImage
from newsletter.model.finding import Finding
from newsletter.model.issue import Image
from newsletter.model.problem import Place
from newsletter.model.walk import images_of

_SUFFIXES = (".jpg", ".jpeg", ".png", ".gif", ".webp", ".heic", ".tif", ".tiff")

#: What cameras, phones and word processors call their files.
_CAMERA_NAME = re.compile(
    r"(?:img|dsc[nf]?|p|pxl|image|bild|foto|photo|picture|afbeelding|scan"
    r"|whatsapp image|screenshot|schermafbeelding|bildschirmfoto"
    r"|capture d['’]écran)[ _-]?\d[\d _.:-]*(?:wa\d+)?(?:\.\w{3,4})?"
    r"(?: (?:at|om|um|à) [\d .:]+)?",
    re.IGNORECASE,
)
#: Words that say no more than that there is a picture.
_NO_WORDS = frozenset(
    {
        *("image", "picture", "photo", "pic", "logo", "icon", "banner", "graphic"),
        *("afbeelding", "foto", "plaatje", "beeld", "illustratie", "embleem"),
        *("bild", "grafik", "abbildung", "illustration", "photographie", "icône"),
        *("صورة", "شعار"),
    }
)

_KB = 1024
#: A photograph as wide as the mail, at twice its pixels, has 60 to 180 KB (2026-11).
_HEAVY = 200 * _KB
#: Some ten seconds on a slow mobile connection.
_ALL_HEAVY = 1024 * _KB

#: WCAG 2.2.2.
_LONGEST_MOTION_SECONDS = 5
#: WCAG 2.3.1; below a quarter of 341 by 256 pixels no flash counts.
_MOST_FLASHES = 3
_SMALLEST_FLASH = 341 * 256 // 4

_LIGHTER = {
    "image/gif": "Take out frames, make it smaller, or show a still picture.",
    "image/jpeg": "Crop it, or save it with fewer details.",
    "image/png": "If it is a photograph, save it as JPEG; else crop it.",
}


def check_images(assembled: Assembled, facts: Facts) -> list[Finding]:
    """Report pictures without words, heavy ones, and those that never rest."""
    images = assembled.images
    return [
        *(f for image in images_of(assembled.issue) for f in _alt_findings(image)),
        *(f for image in images for f in _weight_findings(image)),
        *_all_weight_findings(images, Place(assembled.issue.file)),
        *(f for image in images for f in _motion_findings(image)),
    ]


def _alt_findings(image: Image) -> Iterator[Finding]:
    alt = image.alt.strip()
    if not alt:
        lacks = "is a link without words" if image.target else "has no words"
        yield found(
            "alt-missing",
            image.place,
            f'the picture "{image.source}" {lacks} for who does not see it.',
            f"Write what it shows: ![What it shows]({image.source}).",
        )
    elif alt.casefold() in _NO_WORDS or not any(c.isalnum() for c in alt):
        yield found(
            "alt-file-name",
            image.place,
            f'"{alt}" does not say what the picture "{image.source}" shows.',
            f"Write what it shows: ![What it shows]({image.source}).",
        )
    elif _is_file_name(alt, image.source) or _CAMERA_NAME.fullmatch(alt):
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


def _weight_findings(image: AssembledImage) -> Iterator[Finding]:
    size = len(image.data)
    if size > _HEAVY:
        yield found(
            "image-heavy",
            image.place,
            f'the picture "{image.source}" has {_shown(size)} in the mail; '
            "on a phone it comes late.",
            _LIGHTER[image.media_type],
        )


def _all_weight_findings(
    images: Iterable[AssembledImage], place: Place
) -> Iterator[Finding]:
    sizes = [len(image.data) for image in images]
    # What is left when those told of one by one are put right.
    if sum(min(size, _HEAVY) for size in sizes) > _ALL_HEAVY:
        yield found(
            "images-heavy",
            place,
            f"the {len(sizes)} pictures have {_shown(sum(sizes))} together; "
            "on a phone they come late.",
            "Leave some out, or show them on a web page and link to it.",
        )


def _shown(size: int) -> str:
    if size < _KB * _KB:
        return f"{size // _KB} KB"
    return f"{size / _KB / _KB:.1f} MB"


def _motion_findings(image: AssembledImage) -> Iterator[Finding]:
    if image.media_type != "image/gif":
        return
    motion = motion_of(image.data)
    told = f'the picture "{image.source}" '
    if _flashes(image, motion):
        yield found(
            "image-motion",
            image.place,
            f"{told}flashes {motion.flashes} times in a second, "
            "which can bring on a seizure.",
            "Show a still picture.",
        )
    elif motion.seconds is None or motion.seconds > _LONGEST_MOTION_SECONDS:
        how = "without end" if motion.seconds is None else f"for {motion.seconds:.0f} s"
        yield found(
            "image-motion",
            image.place,
            f"{told}moves {how}, and readers cannot stop it: "
            "some cannot read beside it.",
            "Let it come to rest within 5 seconds, or show a still picture.",
        )


def _flashes(image: AssembledImage, motion: Motion) -> bool:
    is_large = image.width * image.height >= _SMALLEST_FLASH
    return is_large and motion.flashes > _MOST_FLASHES
