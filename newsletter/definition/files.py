"""The files of an issue: its text, and the pictures it names. Does input.

No picture outside the project folder is read, whatever a definition or a link says.
"""

import os
import re
import stat
import unicodedata
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path, PurePosixPath
from urllib.parse import unquote

from newsletter.errors import DefinitionError
from newsletter.model.issue import Issue
from newsletter.model.problem import Place, Problem
from newsletter.model.walk import images_of
from newsletter.textfile import read_text
from newsletter.validation import RESERVED_SLUGS, nearest, shown

#: A long newsletter has 50 KB of text; what is twenty times as large is another file.
_MAX_TEXT_BYTES = 1_000_000

#: A photograph from a telephone has 4 to 12 MB.
_MAX_IMAGE_BYTES = 30_000_000

#: The name of a definition that has a folder of its own.
_ISSUE_FILE = "issue.md"


@dataclass(frozen=True, slots=True)
class Definition:
    """The text of an issue as it lies on disk."""

    text: str
    #: Path as shown to the editor: relative to the project folder if it lies inside.
    file: str
    #: From the name of the file, or of the folder it has alone.
    slug: str
    #: Names of pictures count from here.
    folder: Path


def read_definition(path: Path, *, root: Path) -> Definition:
    """Return the definition at *path*.

    Args:
        path: A file in UTF-8 of at most 1 MB.
        root: The project folder.

    Raises:
        DefinitionError: Missing, a folder, unreadable, too large, empty, no UTF-8.
    """
    path = path.absolute()
    file = _shown(path, root.absolute())
    text = read_text(path, file=file, limit_bytes=_MAX_TEXT_BYTES)
    if not text.strip():
        advice = 'Begin one with: newsletter new "Title"'
        raise DefinitionError([Problem(Place(file), "this file is empty.", advice)])
    name = path.parent.name if path.name == _ISSUE_FILE else path.stem
    return Definition(text, file, _slug_of(name), path.parent)


def read_images(
    issue: Issue, folder: Path, root: Path
) -> tuple[dict[str, bytes], tuple[Problem, ...]]:
    """Return the bytes of each picture by its source as written, and what is missing.

    Args:
        issue: Its pictures count from *folder*.
        folder: Where the definition lies.
        root: The project folder; nothing outside it is read.
    """
    found: dict[str, bytes] = {}
    problems: list[Problem] = []
    for image in images_of(issue):
        if image.source in found:
            continue
        result = _read_image(image.source, image.place, folder, root)
        if isinstance(result, Problem):
            problems.append(result)
        else:
            found[image.source] = result
    return found, tuple(problems)


def read_logo(source: str, root: Path) -> tuple[bytes | None, tuple[Problem, ...]]:
    """Return the bytes of the theme's logo, a path within the project folder."""
    result = _read_image(source, Place("newsletter.toml"), root, root)
    return (None, (result,)) if isinstance(result, Problem) else (result, ())


def _shown(path: Path, root: Path) -> str:
    if path.is_relative_to(root):
        return path.relative_to(root).as_posix()
    return str(path)


def _slug_of(name: str) -> str:
    """Return the name in ASCII; where letters are lost, a hash tells issues apart.

    Whoever has had an issue is known by its slug: two issues must not share one.
    """
    plain = unicodedata.normalize("NFKD", name)
    slug = re.sub(r"[^A-Za-z0-9]+", "-", plain.encode("ascii", "ignore").decode())
    slug = slug.strip("-")
    if slug in RESERVED_SLUGS:
        return f"issue-{slug}"
    if any(letter.isalnum() and not letter.isascii() for letter in plain) or not slug:
        digest = sha256(plain.encode(errors="surrogateescape")).hexdigest()
        return f"{slug or 'issue'}-{digest[:6]}"
    return slug


def _read_image(source: str, place: Place, folder: Path, root: Path) -> bytes | Problem:
    path = _real_path(source, folder)
    if not path.is_relative_to(os.path.realpath(root)):
        what = f"this picture lies outside the project folder: {shown(source)}."
        return Problem(place, what, "Copy it into the folder of the issue.")
    try:
        return _read_picture_file(path)
    except FileNotFoundError:
        where = "of the issue" if folder != root else "of the project"
        advice = _suggest_file(source, path) or f"Put it into the folder {where}."
        return Problem(place, f"there is no picture {shown(source)}.", advice)
    except _UnfitError as error:
        return Problem(place, f"the picture {shown(source)} {error}.", error.advice)
    except OSError as error:
        reason = (error.strerror or "no reason given").lower()
        what = f"the picture {shown(source)} cannot be read ({reason})."
        return Problem(place, what, "Check its name and who may read it.")


def _real_path(source: str, folder: Path) -> Path:
    """Return where *source* leads when every symbolic link is followed.

    Markdown editors write a space as %20.
    """
    path = folder / source
    if "%" in source and not os.path.lexists(path):
        path = folder / unquote(source).replace("\0", "")
    # Unlike Path.resolve it has an answer for a loop of links too.
    return Path(os.path.realpath(path))


class _UnfitError(Exception):
    """A file that is no picture to be sent."""

    def __init__(self, message: str, advice: str) -> None:
        super().__init__(message)
        self.advice = advice


def _read_picture_file(path: Path) -> bytes:
    status = path.stat()
    if not stat.S_ISREG(status.st_mode):
        raise _UnfitError("is not a file", "Name a file such as photo.jpg.")
    if status.st_size > _MAX_IMAGE_BYTES:
        limit = f"{_MAX_IMAGE_BYTES // 1_000_000} MB"
        raise _UnfitError(f"is larger than {limit}", "Save it in a smaller size.")
    return path.read_bytes()


def _suggest_file(source: str, path: Path) -> str:
    """Return a suggestion, as it is to be written, if a file lies there so named."""
    try:
        names = [entry.name for entry in path.parent.iterdir() if entry.is_file()]
    except OSError:
        return ""
    near = nearest(path.name, names)
    return f'Did you mean "{PurePosixPath(source).with_name(near)}"?' if near else ""
