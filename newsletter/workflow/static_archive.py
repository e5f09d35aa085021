"""Write the archive to a folder that any web host can show.

In: the issues that were sent, and the pages that list them. Out: a folder with relative
links, nothing personal and no form. Law: only files that an earlier run wrote here are
replaced or removed; which ones these are stands in ``.newsletter-archive``.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from newsletter.errors import OperationError, RefusedError, UsageError
from newsletter.model.archive import ArchivedIssue
from newsletter.store.database import exists, open_database
from newsletter.store.published import dispatched_at
from newsletter.workflow.archive import list_archive
from newsletter.workflow.project import Project
from newsletter.workflow.publish import (
    PAGE,
    Standing,
    find_public_file,
    public_folder,
    write_whole,
)

#: Names of the files that are ours, a line each.
OURS = ".newsletter-archive"

#: Folders of the project that hold other things.
_TAKEN = ("public", "issues", "templates", "subscribers", "outbox")

#: A folder that is opened from the disk shows its files, not its page.
_HOME, _HOME_PAGE = b'href="../"', b'href="../index.html"'

#: What a file is made of: its bytes, or where they lie; pictures of years are many.
_Source = bytes | Path


@dataclass(frozen=True, slots=True)
class SentIssues:
    """What there is to show."""

    #: Those with a page, newest first.
    listed: tuple[ArchivedIssue, ...]
    #: Those that are kept off the archive, whose mails may show pictures from it.
    unlisted: tuple[str, ...]


def read_sent_issues(project: Project) -> SentIssues:
    """Return the issues that were sent.

    Raises:
        RefusedError: There is none: an archive would be empty, or emptied.
        OperationError: The database cannot be used.
    """
    url, root = project.settings.database_url, project.root
    if not exists(url, root=root):
        raise _empty(())
    with open_database(url, root=root) as database:
        listed = list_archive(project, database)
        with database.reading() as connection:
            sent = dispatched_at(connection)
    if not listed:
        raise _empty(sent)
    known = {issue.slug for issue in listed}
    return SentIssues(listed, tuple(sorted(sent.keys() - known)))


def _empty(sent: Iterable[str]) -> RefusedError:
    without = ", ".join(sorted(sent))
    return RefusedError(
        "no issue with a web page was sent yet, so there is no archive to write.",
        f"Sent, but without a page: {without}. `newsletter build` writes the page of "
        "an issue, unless its front matter says archive: no."
        if without
        else "It begins with the first `newsletter send`.",
    )


def write_static_archive(
    project: Project, sent: SentIssues, pages: Mapping[str, bytes], folder: Path
) -> int:
    """Write pages and issues to *folder*; take away what is no longer shown.

    Args:
        project: The project.
        sent: From `read_sent_issues`.
        pages: Name -> content of the pages that list them, and of the feed.
        folder: Made where it is missing.

    Returns:
        How many files are new or changed.

    Raises:
        UsageError: The folder is one of the project's own.
        RefusedError: A file of somebody else is in the way.
        OperationError: The disk refused.
    """
    _require_own(project, folder)
    try:
        files: dict[str, _Source] = {**pages, **dict(_files_of_issues(project, sent))}
        ours = _read_ours(folder)
        _require_free(folder, files, ours)
        folder.mkdir(parents=True, exist_ok=True)
        # First: whatever happens then, what is written is known to be ours.
        _note_ours(folder, ours | files.keys())
        written = sum(_write(folder / name, source) for name, source in files.items())
        for name in sorted(ours - files.keys()):
            _remove(folder, name)
        _note_ours(folder, files)
    except OSError as error:
        raise OperationError(
            f"{folder}: cannot write the archive: {error.strerror}.",
            "Check the disk and who owns the folder, then try again.",
        ) from error
    return written


def _files_of_issues(project: Project, sent: SentIssues) -> Iterator[tuple[str, Path]]:
    for issue in sent.listed:
        yield from _files_of(project, issue.slug)
    if project.settings.newsletter.base_url:
        for slug in sent.unlisted:
            yield from _files_of(project, slug)


def _files_of(project: Project, slug: str) -> Iterator[tuple[str, Path]]:
    folder = public_folder(project, slug)
    names = sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []
    for name in names:
        path = find_public_file(project, slug, name, Standing.SENT)
        if path:
            yield f"{slug}/{name}", path


def _content(source: _Source) -> bytes:
    if isinstance(source, bytes):
        return source
    data = source.read_bytes()
    return data.replace(_HOME, _HOME_PAGE) if source.name == PAGE else data


def _require_own(project: Project, folder: Path) -> None:
    """Refuse a folder in which our files would be among others."""
    asked = folder.resolve()
    root = project.root.resolve()
    taken = [root / name for name in _TAKEN]
    if asked == root or any(asked.is_relative_to(place) for place in taken):
        raise UsageError(
            f"{project.shown(asked) if asked != root else asked}: the project keeps "
            "its own files there.",
            "Choose a folder for the archive alone, such as site.",
        )


def _require_free(folder: Path, files: Mapping[str, _Source], ours: set[str]) -> None:
    for name, source in files.items():
        path = folder / name
        is_theirs = name not in ours and path.exists()
        if is_theirs and not (path.is_file() and path.read_bytes() == _content(source)):
            raise RefusedError(
                f"{path}: this file was not written by an earlier --archive.",
                "Move it away, or choose another folder.",
            )


def _read_ours(folder: Path) -> set[str]:
    """Return the names of our files; a line that leads elsewhere counts for nothing."""
    with suppress(FileNotFoundError):
        lines = (folder / OURS).read_text("utf-8").splitlines()
        return {name for name in lines if _is_below(name)}
    return set()


def _is_below(name: str) -> bool:
    path = PurePosixPath(name)
    return bool(path.parts) and not path.is_absolute() and ".." not in path.parts


def _note_ours(folder: Path, names: Iterable[str]) -> None:
    text = "".join(f"{name}\n" for name in sorted(names))
    write_whole(folder / OURS, text.encode())


def _write(path: Path, source: _Source) -> bool:
    path.parent.mkdir(exist_ok=True)
    return write_whole(path, _content(source))


def _remove(folder: Path, name: str) -> None:
    path = folder / name
    path.unlink(missing_ok=True)
    if path.parent != folder:
        with suppress(OSError):  # somebody put something beside it, or it is gone
            path.parent.rmdir()
