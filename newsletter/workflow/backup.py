"""One file that holds a newsletter: database, keys, lists, issues and settings.

Made while everything goes on, or to hand the newsletter over to another computer: then
nothing may be sending, and this copy sends no more from the moment the file is whole.

Law: the database is copied by SQLite itself, never as a file; the copy is looked at
before anybody relies on it; a file that is there is never written over.
"""

import hashlib
import io
import json
import os
import re
import sqlite3
import tarfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from newsletter import __version__
from newsletter.errors import OperationError, RefusedError
from newsletter.store.archives import copy_database, count_people_in
from newsletter.store.database import (
    MIGRATIONS,
    Database,
    exists,
    known_revisions,
    open_database,
)
from newsletter.store.handovers import note_handover, refuse_handed_over
from newsletter.store.key_file import key_path
from newsletter.store.keys import open_keyring
from newsletter.store.sender_lock import lock_path, sender_lock, sender_lock_if_free
from newsletter.store.surroundings import cloud_service, warn_of_list
from newsletter.store.workrooms import clear_rooms, workroom
from newsletter.workflow.beating import worker_lock_path
from newsletter.workflow.leftovers import clear_leftovers
from newsletter.workflow.project import Project

#: Last in the file: what is in it, and that it is whole.
MANIFEST = "manifest.json"
#: Of the manifest; raised when an older version could not read it.
FORMAT = 1
#: Folders that are kept whole.
_FOLDERS = ("issues", "templates", "public", "images")
#: Lists of people beside the database.
_LISTS = ("*.csv", "*.tsv", "*.xlsx")
_SLUG_CHARACTERS = re.compile(r"[^a-z0-9]+")


@dataclass(frozen=True, slots=True)
class Backup:
    """A backup that was made."""

    file: Path
    size_bytes: int
    made_at: datetime
    is_handed_over: bool
    subscribers: int
    #: What the other computer needs besides; sentences.
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Order:
    """What is asked for."""

    target: Path
    now: datetime
    hands_over: bool


@dataclass(frozen=True, slots=True)
class _Plan:
    """What goes into a backup."""

    #: Path in the file -> where it is read.
    files: dict[str, Path]
    #: Path of the database in the file.
    database: str
    #: Where the keys are read.
    keys: Path
    remarks: tuple[str, ...]


def backup_project(
    project: Project, file: Path | None, *, hands_over: bool, now: datetime
) -> Backup:
    """Write a backup.

    Args:
        project: The project.
        file: Where to; None: a name with the date, in the working folder.
        hands_over: This copy is to send and change nothing from then on.
        now: Aware.

    Raises:
        RefusedError: There is such a file, no database, or it was handed over before.
        OperationError: Something is sending (for a hand-over), or a file or the
            database cannot be read or written.
    """
    url, root = project.settings.database_url, project.root
    if not exists(url, root=root):
        raise RefusedError(
            "there is no database yet, so there is nothing to keep.",
            "Import your readers first: newsletter subscribers import readers.csv",
        )
    target = (file or _usual_file(project, now)).absolute()
    clear_leftovers(project)
    clear_rooms(target.parent)
    if target.exists():
        raise RefusedError(
            f"there is a file {_shown(target)} already; it was left as it is.",
            "Choose another name with -o.",
        )
    with open_database(url, root=root) as database:
        open_keyring(database, root=root)
        plan = _plan(project, database)
        order = _Order(target, now, hands_over)
        with ExitStack() as stack:
            if hands_over:
                _hold_still(stack, database)
            people = _make(database, plan, _about(project, plan, order), order)
    return Backup(
        file=target,
        size_bytes=target.stat().st_size,
        made_at=now,
        is_handed_over=hands_over,
        subscribers=people,
        remarks=plan.remarks + _whereabouts(root, target),
    )


def _whereabouts(root: Path, target: Path) -> tuple[str, ...]:
    """Warn of a place from which the file would leave this computer by itself."""
    service = cloud_service(target.parent.resolve())
    cloud = (
        f"{_shown(target)} lies in a folder of {service}, which copies it to other "
        "computers: with it go the addresses of all readers, and the keys."
    )
    in_git = warn_of_list(root, target, shown=_shown(target))
    return (*([cloud] if service else []), *in_git)


def _about(project: Project, plan: _Plan, order: _Order) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "newsletter": project.settings.newsletter.name,
        "folder": _slug(project),
        "version": __version__,
        "revision": known_revisions(MIGRATIONS)[-1],
        "time_zone": project.settings.newsletter.time_zone,
        "made_at": order.now.isoformat(timespec="seconds"),
        "handed_over": order.hands_over,
        "database": plan.database,
    }


def _make(database: Database, plan: _Plan, about: dict[str, Any], order: _Order) -> int:
    """Write the file, whole or not at all; return how many subscribers are in it."""
    target = order.target
    is_there = False
    try:
        with (
            workroom(target.parent, sign_in=database.path.parent) as room,
            _still(database, order),
        ):
            copy, part = room / "copy.db", room / "backup.tar"
            keys = plan.keys.stat()
            copy_database(database.path, copy)
            about["subscribers"] = count_people_in(copy)
            _write(part, {**plan.files, plan.database: copy}, about)
            _refuse_other_keys(plan.keys.stat(), keys)
            # Unlike a rename, a link never replaces what is there.
            target.hardlink_to(part)
            is_there = True
            _sync(target.parent)
    except BaseException as error:
        # After a hand-over that was not written down, two copies would send.
        if is_there:
            target.unlink()
        if isinstance(error, OSError | sqlite3.Error):
            raise _not_written(target, error) from error
        raise
    return int(about["subscribers"])


def _refuse_other_keys(found: os.stat_result, before: os.stat_result) -> None:
    """See that the keys belong to the copy, which is older than they may be.

    Raises:
        OperationError: `newsletter db rotate-key` came in between.
    """
    if (found.st_ino, found.st_mtime_ns) != (before.st_ino, before.st_mtime_ns):
        raise OperationError(
            "the keys were changed while the backup was written; it was not kept.",
            "Make it again.",
        )


def _not_written(target: Path, error: Exception) -> OperationError:
    return OperationError(
        f"the backup {_shown(target)} could not be written: {error}.",
        "Nothing was changed. Make room on the disk, or choose another folder.",
    )


# --- standing still -------------------------------------------------------------------


def _hold_still(stack: ExitStack, database: Database) -> None:
    """Let nobody send, nor begin to.

    Raises:
        OperationError: Somebody does.
    """
    stack.enter_context(sender_lock(lock_path(database.path)))
    is_free = stack.enter_context(sender_lock_if_free(worker_lock_path(database.path)))
    if not is_free:
        raise OperationError(
            "a newsletter worker (or newsletter serve) is at work here.",
            "Stop it first: the newsletter is to be sent from the other computer.",
        )


@contextmanager
def _still(database: Database, order: _Order) -> Iterator[None]:
    """Keep everybody from writing until a hand-over is written down.

    A copy that was handed over is out of date: no backup is made of it.
    """
    if not order.hands_over:
        with database.reading() as connection:
            refuse_handed_over(connection)
        yield
        return
    with database.writing() as connection:
        refuse_handed_over(connection)
        yield
        note_handover(connection, file=order.target.name, now=order.now)


# --- what goes into it ----------------------------------------------------------------


def _plan(project: Project, database: Database) -> _Plan:
    root = project.root
    if not database.path.is_relative_to(root):
        raise RefusedError(
            f"the database {database.path} lies outside of the project folder, so a "
            "backup could not say where it belongs.",
            "Move it to subscribers/, and say so under [database] in newsletter.toml.",
        )
    keys, remarks = _dkim_keys(project)
    logo = project.settings.template.logo
    single = [
        root / "newsletter.toml",
        root / ".gitignore",
        key_path(root),
        *([root / logo] if logo else []),
        *keys,
    ]
    folders = (root / name for name in _FOLDERS)
    lists = (file for kind in _LISTS for file in (root / "subscribers").glob(kind))
    within = (file for folder in folders for file in folder.rglob("*"))
    files = {
        file.relative_to(root).as_posix(): file
        for file in (*single, *sorted(within), *sorted(lists))
        if file.is_file() and file.resolve().is_relative_to(root.resolve())
    }
    if project.settings.server is not None and project.settings.server.user:
        remarks.append(
            "The password of the mail server is not in it: on another computer, run "
            "newsletter login there."
        )
    name = database.path.relative_to(root).as_posix()
    return _Plan(files, name, key_path(root), tuple(remarks))


def _dkim_keys(project: Project) -> tuple[list[Path], list[str]]:
    """Return the DKIM keys in the project, and a remark on each of the others."""
    inside, remarks = [], []
    for one in project.settings.dkim:
        path = project.root / one.key
        if path.resolve().is_relative_to(project.root.resolve()):
            inside.append(path)
        else:
            remarks.append(
                f"The DKIM key {path} lies outside of the project and is not in it: "
                "copy it yourself."
            )
    return inside, remarks


def _usual_file(project: Project, now: datetime) -> Path:
    zone = ZoneInfo(project.settings.newsletter.time_zone)
    day = f"{now.astimezone(zone):%Y-%m-%d}"
    return Path.cwd() / f"{_slug(project)}-{day}.tar"


def _slug(project: Project) -> str:
    name = project.settings.newsletter.name.lower()
    return _SLUG_CHARACTERS.sub("-", name).strip("-") or "newsletter"


def _shown(path: Path) -> str:
    """Return a path as somebody who stands in the working folder writes it."""
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)


# --- the file -------------------------------------------------------------------------


def _write(part: Path, files: dict[str, Path], about: dict[str, Any]) -> None:
    descriptor = os.open(part, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600)
    with os.fdopen(descriptor, "wb") as raw:
        with tarfile.open(fileobj=raw, mode="w") as archive:
            listed = dict(_add_all(archive, files.items()))
            manifest = json.dumps({**about, "files": listed}, indent=2)
            data = manifest.encode()
            archive.addfile(_entry(MANIFEST, len(data)), io.BytesIO(data))
        raw.flush()
        os.fsync(raw.fileno())


def _add_all(
    archive: tarfile.TarFile, files: Iterable[tuple[str, Path]]
) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, path in files:
        with path.open("rb") as file:
            found = os.fstat(file.fileno())
            entry = _entry(name, found.st_size)
            # When a page changed last is told in the feed.
            entry.mtime = int(found.st_mtime)
            hashing = _Hashing(file)
            # One that becomes shorter meanwhile is an OSError here.
            archive.addfile(entry, hashing)  # type: ignore[arg-type]
        yield name, {"size": entry.size, "sha256": hashing.digest.hexdigest()}


class _Hashing:
    """A file that is read once, and hashed on the way."""

    def __init__(self, file: io.BufferedReader) -> None:
        self._file = file
        self.digest = hashlib.sha256()

    def read(self, size: int) -> bytes:
        data = self._file.read(size)
        self.digest.update(data)
        return data


def _entry(name: str, size: int) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(name)
    entry.size = size
    entry.mode = 0o600
    return entry


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
