"""Which files about people other users of this computer can read, by their modes."""

import os
from collections.abc import Sequence
from pathlib import Path

from newsletter.store.database import database_path
from newsletter.store.key_file import key_path
from newsletter.workflow.dossiers import DOSSIER_FILES
from newsletter.workflow.project import Project
from newsletter.workflow.project_files import project_files

#: Lists, copies and mails, by the ends of their names.
_ABOUT_PEOPLE = (".csv", ".tsv", ".xlsx", ".tar", ".db", ".eml", ".mbox")
#: All that is in them is about people, but for what goes with every project.
_FOLDERS = ("subscribers", "outbox")
_EXAMPLE = Path("subscribers", "example.csv")
#: May read a file, and go through a folder: the group, and everybody.
_GROUP = (0o040, 0o010)
_EVERYBODY = (0o004, 0o001)


def find_exposed(project: Project) -> tuple[str, ...] | None:
    """Return the files that others can read, as the editor names them.

    None: on this kind of system the modes do not tell.
    """
    if os.name != "posix":
        return None
    database = database_path(project.settings.database_url, root=project.root)
    found = {path for path in project_files(project.root) if _is_about(path, project)}
    return tuple(
        project.shown(path)
        for path in sorted(found | {database, key_path(project.root)})
        if path.is_file() and is_open_to_others(_modes(path))
    )


def _is_about(path: Path, project: Project) -> bool:
    below = path.relative_to(project.root)
    if below == _EXAMPLE:
        return False
    is_named_so = path.suffix.lower() in _ABOUT_PEOPLE or path.name in DOSSIER_FILES
    return is_named_so or below.parts[0] in _FOLDERS


def _modes(path: Path) -> list[int]:
    resolved = path.resolve()
    return [one.stat().st_mode for one in (resolved, *resolved.parents)]


def is_open_to_others(modes: Sequence[int]) -> bool:
    """Tell whether others can read a file.

    Args:
        modes: Of the file, of its folder, and so on up to the root of the system.
    """
    file, *folders = modes
    return any(
        file & reads and all(mode & passes for mode in folders)
        for reads, passes in (_GROUP, _EVERYBODY)
    )
