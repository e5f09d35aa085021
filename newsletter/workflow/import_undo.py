"""Take the last import back: once, and only as far as nobody is wronged by it.

Law: who left, was mailed or changed anything since the import stays as they are.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from newsletter.errors import RefusedError
from newsletter.store.consent import Word
from newsletter.store.database import exists
from newsletter.store.import_undo import (
    LastImport,
    Retreat,
    count_retreat,
    read_last_import,
    retreat,
)
from newsletter.store.imports import UNDO_WITHIN
from newsletter.workflow.desk import Desk, open_desk
from newsletter.workflow.local_time import show_time
from newsletter.workflow.project import Project

#: How the history names what is done here.
_SOURCE = "command"
#: What can be done where nothing can be undone.
_INSTEAD = (
    "take out who came by it, one by one: newsletter subscribers forget ADDRESS "
    "--completely. Import with --as unsubscribed only who is never to come back."
)


@dataclass(frozen=True, slots=True)
class Undoing:
    """What taking the last import back does, or would do."""

    last: LastImport
    retreat: Retreat


def plan_undo(project: Project, *, now: datetime) -> Undoing:
    """Say what `undo_import` would do.

    Raises:
        RefusedError: There is no import to take back.
        OperationError: Database or keys cannot be used.
    """
    _refuse_without_database(project)
    with open_desk(project, writes=False) as desk:
        last = _last_import(project, desk, now)
        with desk.database.reading() as connection:
            return Undoing(last, count_retreat(connection, last))


def undo_import(project: Project, *, now: datetime) -> Undoing:
    """Take the last import back, in one transaction.

    Raises:
        RefusedError: There is no import to take back.
        OperationError: Database or keys cannot be used; nothing was changed then.
    """
    _refuse_without_database(project)
    with open_desk(project) as desk:
        last = _last_import(project, desk, now)
        word = Word(now, _SOURCE, f"import of {last.file} undone")
        with desk.database.writing() as connection:
            return Undoing(last, retreat(connection, last, word))


def tell_what_ends(
    connection: Connection, project: Project, *, now: datetime
) -> tuple[str, ...]:
    """Return a sentence where the next import ends the time of undoing the last one."""
    last = read_last_import(connection)
    if last is None or last.undone_at or last.at < now - UNDO_WITHIN:
        return ()
    would_be = count_retreat(connection, last)
    if not would_be.removed + would_be.restored:
        return ()
    when = show_time(last.at, project.settings.newsletter.time_zone)
    return (
        f"{last.file}, imported on {when}, can be undone until you import again: "
        "newsletter subscribers import --undo",
    )


def _refuse_without_database(project: Project) -> None:
    if not exists(project.settings.database_url, root=project.root):
        raise _nothing()


def _nothing() -> RefusedError:
    return RefusedError("nothing was imported so far.")


def _last_import(project: Project, desk: Desk, now: datetime) -> LastImport:
    with desk.database.reading() as connection:
        last = read_last_import(connection)
    if last is None:
        raise _nothing()
    if last.undone_at is not None:
        when = show_time(last.undone_at, project.settings.newsletter.time_zone)
        raise RefusedError(
            f"the last import, {last.file}, was undone on {when}.",
            f"Those before it cannot be undone any more; {_INSTEAD}",
        )
    if last.at < now - UNDO_WITHIN:
        days = UNDO_WITHIN.days
        raise RefusedError(
            f"the last import, {last.file}, is more than {days} days old: how people "
            "stood before it is not kept any longer.",
            f"{_INSTEAD[0].upper()}{_INSTEAD[1:]}",
        )
    return last
