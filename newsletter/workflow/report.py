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

    url, root = project.settings.database_url, project.root
    if not exists(url, root=root):
        return {}
    with open_database(url, root=root) as database:
        with database.reading() as connection:
            found = open_dispatches(connection)
        if not found:
            return {}
        with sender_lock_if_free(lock_path(database.path)) as nobody_sends:
            return {one.id: _line(one, nobody_sends) for one in found}


def _line(dispatch: "Dispatch", nobody_sends: bool) -> str:
    state, number = dispatch.state, dispatch.id
    if state is DispatchState.RUNNING and nobody_sends:
        state = DispatchState.INTERRUPTED
    left = f"{dispatch.unfinished} of {dispatch.total} left to do"
    line = f"Dispatch {number} of {dispatch.issue} is {state}: {left}."
    if state is DispatchState.RUNNING:
        return line
    return f"{line} Go on with: newsletter resume {number}"
