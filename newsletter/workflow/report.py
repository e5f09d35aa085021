"""A line on what is left to do or who is in charge, to begin every command with.

Law: it makes no database, changes nothing, and is cheap where nothing was ever sent:
SQLAlchemy is imported only when there is a database to ask.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from newsletter.errors import OperationError
from newsletter.model.delivery import DeliveryState, DispatchState
from newsletter.workflow.project import Project

if TYPE_CHECKING:
    from collections.abc import Sequence

    from newsletter.model.dispatch import Dispatch
    from newsletter.store.database import Database

_SQLITE = "sqlite:///"


@dataclass(frozen=True, slots=True)
class Begin:
    """What a command begins with, in sentences."""

    #: Who is in charge, where that is another copy; else empty.
    elsewhere: str = ""
    #: Number of each open dispatch -> what is left to do; none if that is elsewhere.
    dispatches: Mapping[int, str] = field(default_factory=dict)


def read_begin(project: Project) -> Begin:
    """Return what a command begins with."""
    url = project.settings.database_url
    path = project.root / url.removeprefix(_SQLITE)
    if url.startswith(_SQLITE) and not path.exists():
        return Begin()
    try:
        return _ask(project)
    except OperationError:
        # Who needs the database will say what is wrong with it.
        return Begin()


def _ask(project: Project) -> Begin:
    from newsletter.store.database import exists, open_database
    from newsletter.store.dispatch_records import open_dispatches
    from newsletter.store.handovers import read_handover

    url, root = project.settings.database_url, project.root
    if not exists(url, root=root):
        return Begin()
    with open_database(url, root=root) as database:
        with database.reading() as connection:
            handover = read_handover(connection)
            found = open_dispatches(connection)
        if handover:
            return Begin(
                f"This newsletter was {handover}: the copy there is in charge, not "
                "this one."
            )
        return Begin(dispatches=_lines(project, database, found) if found else {})


def _lines(
    project: Project, database: "Database", found: "Sequence[Dispatch]"
) -> dict[int, str]:
    from newsletter.store.sender_lock import lock_path, sender_lock_if_free
    from newsletter.workflow.beating import has_live_worker

    has_worker = has_live_worker(database)
    with sender_lock_if_free(lock_path(database.path)) as nobody_sends:
        return {
            one.id: _line(
                project, one, nobody_sends=nobody_sends, has_worker=has_worker
            )
            for one in found
        }


def _line(
    project: Project, dispatch: "Dispatch", *, nobody_sends: bool, has_worker: bool
) -> str:
    """Return how a dispatch stands, and what to do if nothing does it by itself."""
    from newsletter.workflow.due import STOPPED_BY_HAND

    state, number = dispatch.state, dispatch.id
    name = f"Dispatch {number} of {dispatch.issue}"
    left = f"{dispatch.unfinished} of {dispatch.total} left to do"
    if state is DispatchState.SCHEDULED:
        return f"{name} {_start(project, dispatch, has_worker)}"
    if state is DispatchState.RUNNING and nobody_sends:
        state = DispatchState.INTERRUPTED
    line = f"{name} is {state}: {left}."
    if dispatch.waits_for_word:
        unknown = dispatch.counts[DeliveryState.UNKNOWN]
        return (
            f"{name} is {state}: {unknown} of {dispatch.total} may have it or not. "
            f"See who: newsletter status {number} --unknown"
        )
    is_by_hand = dispatch.reason in STOPPED_BY_HAND
    is_halted = state is DispatchState.PAUSED or is_by_hand
    if not is_halted and not nobody_sends:
        # Whoever sends or waits there goes on by itself.
        return line
    if not is_halted and has_worker:
        return f"{line} newsletter worker goes on with it."
    return f"{line} Go on with: newsletter resume {number}"


def _start(project: Project, dispatch: "Dispatch", has_worker: bool) -> str:
    from newsletter.workflow.schedule import show_start

    people = f"{dispatch.unfinished} left to do"
    if dispatch.starts_at is None:
        return f"starts at once: {people}."
    start = show_start(dispatch.starts_at, project.settings.newsletter.time_zone)
    line = f"starts on {start}: {people}."
    if has_worker:
        return line
    return f"{line} A command that waits for it, or newsletter worker, has to run then."
