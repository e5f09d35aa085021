"""The folder for somebody who asks what is kept of them: a letter, and the data.

Law: only the editor can read what is in it, and none of it leaves this computer unasked
without a word of warning.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from newsletter.errors import OperationError
from newsletter.store.surroundings import cloud_service, warn_of_list
from newsletter.workflow.private_files import replace_private
from newsletter.workflow.project import Project

LETTER, DATA = DOSSIER_FILES = ("letter.txt", "data.json")
#: Below the folder of the lists, which is private and which git ignores.
_USUAL_PLACE = Path("subscribers", "dossiers")
#: What no file system minds in the name of a folder.
_UNUSUAL = re.compile(r"[^\w.@+-]")


@dataclass(frozen=True, slots=True)
class Dossier:
    """What was written."""

    files: tuple[Path, ...]
    #: Sentences on where it lies.
    warnings: tuple[str, ...]


def usual_folder(project: Project, email: str) -> Path:
    """Return where the dossier of somebody is written unless it is said otherwise."""
    return project.root / _USUAL_PLACE / _UNUSUAL.sub("_", email)


def write_dossier(project: Project, folder: Path, texts: Mapping[str, str]) -> Dossier:
    """Write texts by their `DOSSIER_FILES` into a folder, in place of older ones.

    The folder is made private if it is not there; the files always are.

    Raises:
        OperationError: They cannot be written.
    """
    _make_private(folder)
    for name, text in texts.items():
        replace_private(folder / name, text.encode(), what="the file")
    files = tuple(folder / name for name in texts)
    return Dossier(files, _whereabouts(project, folder, files))


def _whereabouts(
    project: Project, folder: Path, files: tuple[Path, ...]
) -> tuple[str, ...]:
    """Warn of a place from which the files would leave this computer by themselves."""
    service = cloud_service(folder.resolve())
    cloud = (
        f"{project.shown(folder)} lies in a folder of {service}, which copies it to "
        "other computers: with it goes all that is kept of this person."
    )
    in_git = [
        sentence
        for file in files
        for sentence in warn_of_list(project.root, file, shown=project.shown(file))
    ]
    return (*([cloud] if service else []), *in_git)


def _make_private(folder: Path) -> None:
    missing = [one for one in (folder, *folder.parents) if not one.exists()]
    try:
        for one in reversed(missing):
            one.mkdir(mode=0o700)
    except OSError as error:
        raise OperationError(
            f"the folder {folder} cannot be made: {error.strerror}.",
            "Choose another folder with -o.",
        ) from error
