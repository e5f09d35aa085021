"""A line on what is left to do, for the beginning of every command.

Law: it makes no database, changes nothing, and is cheap where nothing was ever sent:
SQLAlchemy is imported only when there is a database to ask.
"""

from typing import TYPE_CHECKING

from newsletter.errors import OperationError
from newsletter.model.delivery import DispatchState
from newsletter.workflow.project import Project

if TYPE_CHECKING:
    from newsletter.model.dispatch import Dispatch

_SQLITE = "sqlite:///"


def open_dispatch_lines(project: Project) -> dict[int, str]:
    """Return number -> what is left to do, for each open dispatch."""
    url = project.settings.database_url
    path = project.root / url.removeprefix(_SQLITE)
    if url.startswith(_SQLITE) and not path.exists():
        return {}
    try:
        return _ask(project)
    except OperationError:
        # Who needs the database will say what is wrong with it.
        return {}


def _ask(project: Project) -> dict[int, str]:
    from newsletter.store.database import exists, open_database
    from newsletter.store.dispatch_records import open_dispatches
    from newsletter.store.sender_lock import lock_path, sender_lock_if_free
    from newsletter.workflow.beating import has_live_worker

    url, root = project.settings.database_url, project.root
    if not exists(url, root=root):
        return {}
    with open_database(url, root=root) as database:
        with database.reading() as connection:
            found = open_dispatches(connection)
        if not found:
            return {}
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
