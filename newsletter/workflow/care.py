"""What only a look around tells of a dispatch: who sees to it, where, which password.

Law: nothing here writes; a page may ask as often as it likes.
"""

from newsletter.model.delivery import DispatchState
from newsletter.model.dispatch import Dispatch
from newsletter.store.database import Database, open_database
from newsletter.store.dispatches import is_at_work
from newsletter.store.handovers import read_handover
from newsletter.store.sender_lock import lock_path, sender_lock_if_free
from newsletter.workflow.beating import has_live_worker
from newsletter.workflow.project import Project
from newsletter.workflow.standing import Care


def find_care(project: Project, dispatch: Dispatch) -> Care:
    """Return who sees to a dispatch, and where the password of its server is.

    Raises:
        OperationError: The database cannot be used.
    """
    server = project.settings.server
    password = server.password if server else ""
    with open_database(project.settings.database_url, root=project.root) as database:
        with database.reading() as connection:
            is_elsewhere = read_handover(connection) is not None
        has_worker = dispatch.is_open and has_live_worker(database)
        is_seen_to = (
            has_worker
            or dispatch.state is not DispatchState.WAITING
            or _is_waited_with(database, dispatch)
        )
    return Care(is_seen_to, password, is_elsewhere, has_worker)


def _is_waited_with(database: Database, dispatch: Dispatch) -> bool:
    """Tell whether the command that waits with it is alive."""
    with database.reading() as connection:
        if not is_at_work(connection, dispatch.id):
            return False
    with sender_lock_if_free(lock_path(database.path)) as nobody_sends:
        return not nobody_sends
