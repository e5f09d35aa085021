"""Where a project and its lists lie: would they leave this computer by themselves?"""

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

#: Name of a folder, or how it begins -> the service that copies it.
_CLOUD_FOLDERS = (
    ("Dropbox", "Dropbox"),
    ("OneDrive", "OneDrive"),
    ("iCloud Drive", "iCloud"),
    ("iCloudDrive", "iCloud"),
    ("Mobile Documents", "iCloud"),
    ("com~apple~CloudDocs", "iCloud"),
    ("Google Drive", "Google Drive"),
    ("GoogleDrive", "Google Drive"),
    ("My Drive", "Google Drive"),
    ("Nextcloud", "Nextcloud"),
    ("ownCloud", "ownCloud"),
)
#: Git answers from its index alone; a folder on a dead network share does not.
_GIT_SECONDS = 5
#: Goes with every project, and holds nobody's address.
_EXAMPLE = "subscribers/example.csv"


def warn_of_surroundings(root: Path) -> tuple[str, ...]:
    """Return a sentence for each way in which the lists of *root* would get out."""
    service = cloud_service(root.resolve())
    cloud = (
        (
            f"the project lies in a folder of {service}, which copies the addresses of "
            "your readers to other computers and may damage the database. "
            "Move the project out of it.",
        )
        if service
        else ()
    )
    return cloud + tuple(map(_tracked, tracked_lists(root)))


def warn_of_list(root: Path, file: Path, *, shown: str) -> tuple[str, ...]:
    """Return a sentence when git has, or would take along, a list of people.

    Args:
        root: The project; its example holds nobody's address.
        file: The list, wherever it lies.
        shown: Its name as the editor knows it.
    """
    file = file.resolve()
    if file == root.resolve() / _EXAMPLE:
        return ()
    if _ask_git(file.parent, "--cached", name=file.name):
        return (_tracked(shown),)
    if _ask_git(file.parent, "--others", "--exclude-standard", name=file.name):
        return (
            f"{shown} lies in a git repository and is not ignored: git add -A would "
            f"take it along. Add a line to .gitignore: {file.name}",
        )
    return ()


def _tracked(file: str) -> str:
    return (
        f"{file} is tracked by git: whoever gets the repository gets the addresses. "
        f"Take it out with: git rm --cached '{file}'"
    )


def cloud_service(path: Path) -> str | None:
    """Return the service that synchronises *path*, by the names of its folders."""
    for part in path.parts:
        for start, service in _CLOUD_FOLDERS:
            # People have "OneDrive - Company" and "Dropbox (Personal)", but a folder
            # "Dropboxes" is nobody's.
            rest = part[len(start) :]
            if part.startswith(start) and not rest[:1].isalnum():
                return service
    return None


def tracked_lists(root: Path) -> Sequence[str]:
    """Return the files in ``subscribers/`` that git tracks, but for the example."""
    found = _ask_git(root, "--cached", name="subscribers")
    return [file for file in found if file != _EXAMPLE]


def _ask_git(folder: Path, *kinds: str, name: str) -> Sequence[str]:
    """Return the files of *folder* that go by *name* and that git lists, if any."""
    parents = (folder, *folder.parents)
    is_repository = any((parent / ".git").exists() for parent in parents)
    git = shutil.which("git") if is_repository else None
    if git is None:
        return ()
    command = [git, "--literal-pathspecs", "ls-files", "-z", *kinds, "--", name]
    try:
        # S603: the name is one of a file that was just read, after "--".
        answer = subprocess.run(  # noqa: S603
            command,
            cwd=folder,
            capture_output=True,
            check=True,
            timeout=_GIT_SECONDS,
        )
    except (OSError, subprocess.SubprocessError):
        # Git does not answer here; that says nothing about the lists.
        return ()
    files = answer.stdout.decode("utf-8", "surrogateescape").split("\0")
    return [file for file in files if file]
