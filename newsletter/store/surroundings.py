"""Where a project lies: would its list of readers leave this computer by itself?"""

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
    return cloud + tuple(
        f"{file} is tracked by git: whoever gets the repository gets the addresses. "
        f"Take it out with: git rm --cached '{file}'"
        for file in tracked_lists(root)
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
    is_repository = any((folder / ".git").exists() for folder in (root, *root.parents))
    git = shutil.which("git") if is_repository else None
    if git is None:
        return ()
    try:
        # S603: a fixed command; the folder is only where it runs.
        answer = subprocess.run(  # noqa: S603
            [git, "ls-files", "-z", "--", "subscribers"],
            cwd=root,
            capture_output=True,
            check=True,
            timeout=_GIT_SECONDS,
        )
    except (OSError, subprocess.SubprocessError):
        # Git does not answer here; that says nothing about the lists.
        return ()
    files = answer.stdout.decode("utf-8", "surrogateescape").split("\0")
    return [file for file in files if file not in ("", "subscribers/example.csv")]
