"""Which files of a project hold an address besides the database.

What the program itself cannot erase is at least named: lists that were imported,
rehearsals, copies of the database, what was written for somebody who asked. Copies that
lie elsewhere are beyond its sight.
"""

import codecs
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from newsletter.addresses import display_address
from newsletter.store.database import database_path
from newsletter.store.key_file import key_path
from newsletter.workflow.dossiers import DOSSIER_FILES
from newsletter.workflow.leftovers import find_leftovers
from newsletter.workflow.project import Project
from newsletter.workflow.project_files import project_files

#: Files in the project, or at the top of the working folder, that people export to;
#: they are searched whole. Of all others in the project only texts are, of a size that
#: a person writes.
_LOOSE = (".csv", ".tsv", ".xlsx", ".txt", ".tar", ".json", ".eml", ".mbox", ".db")
#: Packed: searched file by file.
_PACKED = (".xlsx", ".zip")
#: Searched with all that is in them.
_FOLDERS = ("subscribers", "outbox")
_MOST_TEXT_BYTES = 1 << 24
#: From what lies there it is told whether a file is text.
_FIRST_BYTES = 1 << 13
_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_BLOCK_BYTES = 1 << 20
#: Longer is no address.
_OVERLAP_BYTES = 600
#: Of one file in a packed one; what is larger is taken to be there for harm.
_MOST_UNPACKED_BYTES = 1 << 28
#: What may be part of the same address before it, and after it.
_BEFORE = rb"(?<![a-z0-9._%+-])"
_AFTER = rb"(?![a-z0-9-]|\.[a-z0-9])"


def find_files_with(project: Project, *emails: str) -> tuple[str, ...]:
    """Return the files that hold one of these addresses, as the editor names them.

    Those that cannot be read are left out.
    """
    spellings = {email.lower() for email in emails}
    spellings |= {display_address(email).lower() for email in emails}
    return tuple(
        project.shown(path)
        for path in _candidates(project)
        if _holds(path, frozenset(spellings))
    )


def _candidates(project: Project) -> Iterator[Path]:
    database = database_path(project.settings.database_url, root=project.root)
    skipped = {key_path(project.root), database}
    skipped |= {database.with_name(f"{database.name}{end}") for end in ("-wal", "-shm")}
    found = {path for path in Path.cwd().iterdir() if _is_loose(path)}
    for name in DOSSIER_FILES:
        found |= set(Path.cwd().glob(f"*/{name}"))
    found |= set(find_leftovers(project))
    found |= {path for path in project_files(project.root) if _is_candidate(path)}
    for name in _FOLDERS:
        found |= set((project.root / name).rglob("*"))
    yield from sorted(path for path in found - skipped if path.is_file())


def _is_loose(path: Path) -> bool:
    return path.suffix.lower() in _LOOSE


def _is_candidate(path: Path) -> bool:
    return _is_loose(path) or _is_small_text(path)


def _is_small_text(path: Path) -> bool:
    try:
        if not path.is_file() or path.stat().st_size > _MOST_TEXT_BYTES:
            return False
        with path.open("rb") as file:
            return _is_text(file.read(_FIRST_BYTES))
    except OSError:
        return False


def _is_text(begin: bytes) -> bool:
    return b"\0" not in begin or begin.startswith(_UTF_16)


def _holds(path: Path, spellings: frozenset[str]) -> bool:
    try:
        if path.suffix.lower() in _PACKED and zipfile.is_zipfile(path):
            return _holds_packed(path, spellings)
        with path.open("rb") as file:
            # A row of a database has no space between one column and the next.
            is_text = _is_text(file.read(_FIRST_BYTES))
            file.seek(0)
            return _is_in(file, spellings, is_text=is_text)
    except (OSError, zipfile.BadZipFile, NotImplementedError):
        return False


def _holds_packed(path: Path, spellings: frozenset[str]) -> bool:
    with zipfile.ZipFile(path) as packed:
        for entry in packed.infolist():
            if entry.file_size <= _MOST_UNPACKED_BYTES and not entry.flag_bits & 1:
                with packed.open(entry) as file:
                    if _is_in(file, spellings, is_text=True):
                        return True
    return False


def _is_in(file: IO[bytes], spellings: frozenset[str], *, is_text: bool) -> bool:
    """Look for an address in UTF-8, Windows text or UTF-16, in any case of letters."""
    written = {
        one.encode(encoding)
        for one in spellings
        for encoding in ("utf-8", "cp1252")
        if _can_be_written(one, encoding)
    }
    either = b"|".join(map(re.escape, sorted(written)))
    pattern = re.compile(
        _BEFORE + b"(?:" + either + b")" + _AFTER if is_text else either
    )
    before = b""
    while block := file.read(_BLOCK_BYTES):
        # UTF-16 has a zero in each letter of these.
        text = before + block.replace(b"\0", b"").lower()
        if pattern.search(text):
            return True
        before = text[-_OVERLAP_BYTES:]
    return False


def _can_be_written(text: str, encoding: str) -> bool:
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True
