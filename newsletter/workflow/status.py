"""What became of a dispatch."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection

from newsletter.errors import OperationError
from newsletter.model.delivery import DispatchState
from newsletter.model.dispatch import Dispatch, PastDispatch
from newsletter.store.contents import read_subject
from newsletter.store.database import Database, exists, open_database
from newsletter.store.dispatch_records import (
    earlier_dispatches,
    load_dispatch,
    newest_dispatch,
    open_dispatches,
)
from newsletter.store.dispatches import needs_recovery, recover
from newsletter.store.recent import count_served
from newsletter.store.sender_lock import lock_path, sender_lock_if_free
from newsletter.workflow.project import Project
from newsletter.workflow.standing import seconds_left

#: The rate that is told is that of the last minute.
_RATE_WINDOW = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Overview:
    """A dispatch and what people know it by."""

    dispatch: Dispatch
    #: As somebody without any field got it.
    subject: str
    #: Newest first; none when the dispatch was asked for by its number.
    earlier: tuple[PastDispatch, ...] = ()
    #: While it runs: people served in a second, over the last minute; else 0.
    rate: float = 0.0
    #: While it runs: seconds until it is over, at the least; None: not known.
    seconds_left: int | None = None


def read_overview(
    project: Project, number: int | None, *, most_earlier: int
) -> Overview:
    """Return a dispatch, its subject, and the dispatches before the newest.

    Raises:
        OperationError: There is none.
    """
    limit = most_earlier if number is None else 0
    with opened(project) as database, database.reading() as connection:
        dispatch = numbered_or_newest(connection, number)
        earlier = earlier_dispatches(connection, dispatch.id, limit=limit)
        return overview_of(project, connection, dispatch, earlier)


def overview_of(
    project: Project,
    connection: Connection,
    dispatch: Dispatch,
    earlier: Iterable[PastDispatch],
) -> Overview:
    """Return what people know a dispatch by, and how fast it goes."""
    server = project.settings.server
    rate = _rate(connection, dispatch)
    return Overview(
        dispatch,
        read_subject(connection, dispatch.content_hash),
        tuple(earlier),
        rate,
        seconds_left(dispatch.unfinished, rate, server.limits if server else ())
        # Who is hindered has no end that anybody knows.
        if dispatch.state is DispatchState.RUNNING and not dispatch.reason
        else None,
    )


def _rate(connection: Connection, dispatch: Dispatch) -> float:
    if dispatch.state is not DispatchState.RUNNING:
        return 0.0
    now = datetime.now(UTC)
    passed = min(_RATE_WINDOW, max(now - dispatch.created_at, timedelta(seconds=1)))
    served = count_served(connection, dispatch.id, since=now - passed)
    return served / passed.total_seconds()


def read_dispatch(project: Project, number: int | None) -> Dispatch:
    """Return a dispatch as it stands; without a number the newest.

    Raises:
        OperationError: There is none.
    """
    with opened(project) as database, database.reading() as connection:
        return numbered_or_newest(connection, number)


def numbered_or_newest(connection: Connection, number: int | None) -> Dispatch:
    """Return the dispatch with this number, without one the newest.

    Raises:
        OperationError: There is none.
    """
    if number is not None:
        return numbered(connection, number)
    newest = newest_dispatch(connection)
    if newest is None:
        raise nothing_sent()
    return newest


@contextmanager
def opened(project: Project) -> Iterator[Database]:
    """Open the database; what a sender that died left behind is written down first.

    Raises:
        OperationError: There is no database yet, or it cannot be used.
    """
    url, root = project.settings.database_url, project.root
    if not exists(url, root=root):
        raise nothing_sent()
    with open_database(url, root=root) as database:
        with sender_lock_if_free(lock_path(database.path)) as nobody_sends:
            if nobody_sends:
                recover_left_behind(database)
        yield database


def recover_left_behind(database: Database) -> None:
    """Write down what a sender that died left behind; nobody may be sending."""
    with database.reading() as connection:
        if not needs_recovery(connection):
            return
    with database.writing() as connection:
        recover(connection, now=datetime.now(UTC))


def numbered(connection: Connection, number: int) -> Dispatch:
    """Return the dispatch with this number.

    Raises:
        OperationError: There is none.
    """
    try:
        return load_dispatch(connection, number)
    except LookupError:
        newest = newest_dispatch(connection)
        if newest is None:
            raise nothing_sent() from None
        raise OperationError(
            f"there is no dispatch {number}.", f"The newest one is {newest.id}."
        ) from None


def the_open_one(connection: Connection, number: int | None) -> Dispatch:
    """Return the dispatch with this number; without one, the one that is not over.

    Raises:
        OperationError: There is none, or more than one to choose from.
    """
    if number is not None:
        return numbered(connection, number)
    found = open_dispatches(connection)
    if len(found) > 1:
        names = ", ".join(f"{one.id} ({one.issue}, {one.state})" for one in found)
        raise OperationError("more than one dispatch is open.", f"Choose one: {names}.")
    if found:
        return found[0]
    newest = newest_dispatch(connection)
    if newest is None:
        raise nothing_sent()
    raise OperationError(
        "no dispatch is open.",
        f"The newest, {newest.id} of {newest.issue}, is {newest.state}.",
    )


def nothing_sent() -> OperationError:
    """Return what to say where no dispatch was ever made."""
    return OperationError(
        "no issue has been sent yet.", "Send one with: newsletter send"
    )
