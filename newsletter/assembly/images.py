"""Pictures as the editor has them -> pictures fit to be mailed, with their names.

Every picture is encoded anew: nothing of where, when and with what it was taken is left
in it. The bytes depend on the original and the width alone, so names are stable.
"""

from collections.abc import Iterable, Mapping
from hashlib import sha256
from pathlib import PurePosixPath

from newsletter.assembly.filenames import filename_slug
from newsletter.assembly.recode import PictureError, Recoded, recode
from newsletter.model.assembled import AssembledImage
from newsletter.model.issue import Image, Issue
from newsletter.model.problem import Place, Problem
from newsletter.model.walk import images_of

_SUFFIXES = {"image/jpeg": ".jpg", "image/png": ".png", "image/gif": ".gif"}

#: Encoded pictures by original and width, so that a preview encodes each only once.
_recoded: dict[tuple[bytes, int], Recoded] = {}
_MOST_REMEMBERED = 64


def prepare_images(
    issue: Issue, originals: Mapping[str, bytes], *, shown_width: int
) -> tuple[dict[str, AssembledImage], tuple[Problem, ...]]:
    """Return the pictures of an issue by their source, and what is wrong with others.

    Args:
        issue: Says where each picture stands and what it shows.
        originals: File contents by source; a missing one is somebody else's problem.
            What the issue does not show (the logo) is prepared too, without words.
        shown_width: Width of the mail in CSS pixels; no picture is shown wider, nor has
            more than twice as many pixels.
    """
    pictures: dict[str, AssembledImage] = {}
    problems: list[Problem] = []
    for image in _images_to_prepare(issue, originals):
        try:
            recoded = _recode_once(originals[image.source], shown_width)
        except PictureError as error:
            problems.append(Problem(image.place, error.message, error.advice))
        else:
            pictures[image.source] = _name_picture(image, recoded)
    return pictures, tuple(problems)


def _images_to_prepare(issue: Issue, originals: Mapping[str, bytes]) -> Iterable[Image]:
    """Return one use of each picture that is there: the first, which has its place."""
    uses = {key: Image(key, "", "", Place(key.lstrip("/"))) for key in originals}
    shown: dict[str, Image] = {}
    for image in images_of(issue):
        if image.source in uses:
            shown.setdefault(image.source, image)
    return (shown | {key: uses[key] for key in uses if key not in shown}).values()


def _recode_once(original: bytes, shown_width: int) -> Recoded:
    key = (sha256(original).digest(), shown_width)
    found = _recoded.get(key)
    if found is None:
        found = recode(original, shown_width=shown_width)
        if len(_recoded) >= _MOST_REMEMBERED:
            _recoded.clear()
        _recoded[key] = found
    return found


def _name_picture(image: Image, recoded: Recoded) -> AssembledImage:
    digest = sha256(recoded.data).hexdigest()
    slug = filename_slug(PurePosixPath(image.source).stem) or "picture"
    name = f"{slug}-{digest[:8]}{_SUFFIXES[recoded.media_type]}"
    return AssembledImage(
        source=image.source,
        name=name,
        content_id=f"{digest[:24]}@newsletter",
        media_type=recoded.media_type,
        data=recoded.data,
        width=recoded.width,
        height=recoded.height,
        alt=image.alt,
        place=image.place,
    )
