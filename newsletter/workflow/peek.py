"""How dispatches stand, for pages that look often: read, and nothing else.

Law: nothing here writes. What a process that died left behind is shown as the next
command will write it down.
"""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import replace

from sqlalchemy import Connection

from newsletter.model.delivery import DeliveryState, DispatchState
from newsletter.model.dispatch import Dispatch, PastDispatch
from newsletter.store.database import Database, exists, open_database
from newsletter.store.dispatch_records import (
    earlier_dispatches,
    load_dispatch,
    newest_dispatch,
)
from newsletter.store.dispatches import LEFT_BEHIND, is_at_work
from newsletter.store.sender_lock import lock_path, sender_lock_if_free
from newsletter.workflow.project import Project
from newsletter.workflow.reached import Person, people_in
from newsletter.workflow.status import Overview, overview_of


def peek_overview(
    project: Project, number: int | None, *, most_earlier: int
) -> Overview | None:
    """Return how a dispatch stands; None: there is none.

    Args:
        project: The project.
        number: Of the dispatch; None: the newest.
        most_earlier: So many others are named, newest first.

    Raises:
        OperationError: The database cannot be read.
    """
    with _looking_into(project) as database:
        if database is None:
            return None
        with database.reading() as connection:
            newest = newest_dispatch(connection)
            if newest is None:
                return None
            try:
                found = load_dispatch(
                    connection, newest.id if number is None else number
                )
            except LookupError:
                return None
            others = _others(
                newest,
                found,
                earlier_dispatches(connection, newest.id, limit=most_earlier),
            )
            found = _as_it_is(connection, found, database)
            return overview_of(project, connection, found, others)


@contextmanager
def peeking_at_people(
    project: Project, dispatch: Dispatch, states: Collection[DeliveryState]
) -> Iterator[Iterator[Person]]:
    """Give the recipients of a dispatch that are in one of *states*, in its order.

    Args:
        project: The project.
        dispatch: From `peek_overview`.
        states: Which ones.

    Raises:
        OperationError: The database cannot be read.
    """
    with _looking_into(project) as database:
        if database is None:
            yield iter(())
            return
        with database.reading() as connection:
            yield people_in(project, database, connection, dispatch, states)


@contextmanager
def _looking_into(project: Project) -> Iterator[Database | None]:
    url, root = project.settings.database_url, project.root
    if not exists(url, root=root):
        yield None
        return
    with open_database(url, root=root) as database:
        yield database


def _others(
    newest: Dispatch, shown: Dispatch, earlier: list[PastDispatch]
) -> list[PastDispatch]:
    everything = [PastDispatch(newest.id, newest.issue, newest.state), *earlier]
    return [one for one in everything if one.id != shown.id]


def _as_it_is(
    connection: Connection, dispatch: Dispatch, database: Database
) -> Dispatch:
    """Return a dispatch as it stands, also where its process cannot say so any more."""
    if not is_at_work(connection, dispatch.id):
        return dispatch
    with sender_lock_if_free(lock_path(database.path)) as nobody_sends:
        if not nobody_sends:
            return dispatch
    counts = dict(dispatch.counts)
    counts[DeliveryState.UNKNOWN] += counts[DeliveryState.ATTEMPTING]
    counts[DeliveryState.ATTEMPTING] = 0
    return replace(
        dispatch,
        state=DispatchState.INTERRUPTED,
        reason=LEFT_BEHIND,
        counts=counts,
    )
