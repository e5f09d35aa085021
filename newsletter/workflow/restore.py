"""Put a backup back: into an empty folder, never over anything.

Law: nothing of a backup is believed before it was looked at: names, sums, the database
and its keys. And nobody is mailed by what a copy holds for unfinished: its dispatches
are paused, and who may have been mailed since is unknown. Links that were made since
lead to nobody else: numbers are left out, and a new key signs, as the same backup may
be put back more than once.
"""

import hashlib
import json
import os
import tarfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path, PurePosixPath
from typing import Any
from zoneinfo import ZoneInfo

from newsletter.config import SETTINGS_FILE
from newsletter.errors import OperationError, RefusedError
from newsletter.store.archives import Halted, count_people_in, settle_restored
from newsletter.store.database import MIGRATIONS, known_revisions, open_database
from newsletter.store.key_rotation import add_key
from newsletter.store.keys import open_keyring
from newsletter.store.workrooms import clear_rooms, workroom
from newsletter.workflow.backup import FORMAT, MANIFEST

#: A hand-over is believed for so long. Nobody can tell later whether the file was put
#: back before, and everybody mailed from there.
HAND_OVER_COUNTS_FOR = timedelta(days=1)

#: More is no manifest of ours: 10,000 files have 1.5 MB.
_MOST_MANIFEST_BYTES = 50_000_000
_BLOCK_BYTES = 1 << 20
#: Files and folders at the top that others on this computer may read, as after `init`.
_NO_SECRETS = (
    "issues",
    "templates",
    "public",
    "images",
    "newsletter.toml",
    ".gitignore",
)


@dataclass(frozen=True, slots=True)
class Restored:
    """A backup that was put back."""

    folder: Path
    #: Name of the newsletter.
    newsletter: str
    #: In the time zone of the newsletter.
    made_at: datetime
    #: Nobody sends from another copy any more.
    was_handed_over: bool
    subscribers: int
    #: It was made to hand the newsletter over, too long ago to be believed.
    is_late: bool = False
    #: Dispatches that were not over; all are paused.
    halted: tuple[Halted, ...] = ()

    @property
    def unknown(self) -> int:
        """Of how many nobody knows whether they have an issue."""
        return sum(one.unknown for one in self.halted)


def restore_project(file: Path, folder: Path | None, *, now: datetime) -> Restored:
    """Put a backup back.

    Args:
        file: As `backup_project` wrote it.
        folder: New or empty; None: one by the newsletter's name, in the working folder.
        now: Aware.

    Raises:
        RefusedError: The folder holds something.
        OperationError: The file is no backup, damaged or of a newer version, or the
            folder cannot be written; nothing is left of it then.
    """
    try:
        with tarfile.open(file, "r:") as archive:
            about = _read_manifest(archive, file)
            target = (folder or Path(about["folder"])).absolute()
            clear_rooms(Path.cwd(), target)
            _refuse_full(target)
            return _put_back(archive, about, target, file, now)
    except tarfile.TarError as error:
        raise _no_backup(file) from error
    except OSError as error:
        raise OperationError(
            f"{file}: this backup cannot be put back: {error.strerror or error}.",
            "Nothing was changed. Check the file, the disk, and the folder.",
        ) from error


def _no_backup(file: Path) -> OperationError:
    return OperationError(
        f"{file}: this is no backup of a newsletter, or not a whole one.",
        "Name a file that newsletter db backup wrote.",
    )


def _refuse_full(target: Path) -> None:
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise RefusedError(
            f"{target}: there is something in this folder; nothing was changed.",
            "Name a new or empty folder, or move this one away first.",
        )


def _put_back(
    archive: tarfile.TarFile,
    about: Mapping[str, Any],
    target: Path,
    file: Path,
    now: datetime,
) -> Restored:
    was_there = target.exists()
    target.mkdir(parents=True, exist_ok=True)
    try:
        with workroom(target, sign_in=Path.cwd()) as room:
            tree = room / "project"
            tree.mkdir()
            for name, known in about["files"].items():
                _extract(archive, name, known, tree, file)
            with _named_as_in(tree, file):
                restored = _settle(tree, about, target, now)
            # Last what makes a project of it, so that one half there is none.
            for path in sorted(
                tree.iterdir(), key=lambda one: one.name == SETTINGS_FILE
            ):
                path.rename(target / path.name)
    except BaseException:
        if not was_there:
            target.rmdir()
        raise
    return restored


@contextmanager
def _named_as_in(tree: Path, file: Path) -> Iterator[None]:
    """Tell what is wrong in words of the backup: *tree* is gone when it is read."""
    try:
        yield
    except OperationError as error:
        raise OperationError(
            f"{file}: this backup cannot be put back: "
            f"{error.message.replace(f'{tree}{os.sep}', '')}",
            "Nothing was changed. Check the disk, or use another backup.",
        ) from error


def _settle(
    root: Path, about: Mapping[str, Any], target: Path, now: datetime
) -> Restored:
    """Look at the database and its keys, and let nothing go on by itself."""
    made_at = datetime.fromisoformat(about["made_at"])
    is_late = abs(now - made_at) > HAND_OVER_COUNTS_FOR
    was_handed_over = about["handed_over"] and not is_late
    people = count_people_in(root / about["database"])
    with open_database(f"sqlite:///{about['database']}", root=root) as database:
        open_keyring(database, root=root)
        local = made_at.astimezone(ZoneInfo(about["time_zone"]))
        with database.writing() as connection:
            halted = settle_restored(
                connection,
                reason=f"restored from a backup of {local.day} {local:%B %Y, %H:%M}",
                was_handed_over=was_handed_over,
                now=now,
            )
        if not was_handed_over:
            # What is in doubt as of now was signed before.
            add_key(database, root=root, now=now + timedelta(milliseconds=1))
    return Restored(
        folder=target,
        newsletter=str(about["newsletter"]),
        made_at=local,
        was_handed_over=was_handed_over,
        subscribers=people,
        is_late=about["handed_over"] and is_late,
        halted=halted,
    )


# --- the file -------------------------------------------------------------------------


def _read_manifest(archive: tarfile.TarFile, file: Path) -> dict[str, Any]:
    try:
        entry = archive.getmember(MANIFEST)
        data = archive.extractfile(entry)
        if data is None or entry.size > _MOST_MANIFEST_BYTES:
            raise _no_backup(file)
        about = json.loads(data.read())
        newest = known_revisions(MIGRATIONS)[-1]
        if about["format"] > FORMAT or about["revision"] > newest:
            raise OperationError(
                f"{file}: this backup was made by a newer version of newsletter "
                f"({about['version']}).",
                "Install that version first: pip install --upgrade newsletter.",
            )
        _check_shape(about)
    except (KeyError, TypeError, ValueError) as error:
        raise _no_backup(file) from error
    return dict(about)


def _check_shape(about: Any) -> None:
    """See that all is there, and that every name stays inside of the folder.

    Raises:
        KeyError, TypeError, ValueError: Something is missing, or not as we write it.
    """
    files = about["files"]
    if not isinstance(files, dict):
        raise TypeError("no files by name")
    for name in (*files, about["folder"], about["database"]):
        path = PurePosixPath(name)
        is_outside = path.is_absolute() or ".." in path.parts or not path.parts
        if is_outside or "\\" in name or "\0" in name:
            raise ValueError(name)
    sums = [file["sha256"] for file in files.values()]
    if not all(isinstance(one, str) for one in (about["newsletter"], *sums)):
        raise TypeError("no text")
    if about["database"] not in files:
        raise ValueError("no database")
    if not isinstance(about["handed_over"], bool):
        raise TypeError("handed over or not")
    if datetime.fromisoformat(about["made_at"]).tzinfo is None:
        raise ValueError("no time zone")
    ZoneInfo(about["time_zone"])


def _extract(
    archive: tarfile.TarFile,
    name: str,
    known: Mapping[str, Any],
    root: Path,
    file: Path,
) -> None:
    """Write one file, and see that it is what was kept."""
    damaged = OperationError(
        f"{file}: {name} in this backup is damaged or missing.",
        "Nothing was changed. Use another backup.",
    )
    try:
        entry = archive.getmember(name)
    except KeyError:
        raise damaged from None
    source = archive.extractfile(entry)
    if source is None:
        raise damaged
    path = root / name
    _make_folder(path.parent, root)
    digest = hashlib.sha256()
    with path.open("xb") as written:
        while block := source.read(_BLOCK_BYTES):
            digest.update(block)
            written.write(block)
    if digest.hexdigest() != known["sha256"]:
        raise damaged
    path.chmod(0o600 if _is_private(name) else 0o644)
    os.utime(path, (entry.mtime, entry.mtime))


def _make_folder(folder: Path, root: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    private = root / "subscribers"
    if folder.is_relative_to(private):
        private.chmod(0o700)


def _is_private(name: str) -> bool:
    """Whether nobody else may read a file: people, keys, and what we do not know."""
    return PurePosixPath(name).parts[0] not in _NO_SECRETS
