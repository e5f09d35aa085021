"""Runs what is due, one dispatch after the other, until it is told to stop.

The chores (`upkeep`) are done beside it, in threads of their own.

Law: it does nothing that an editor did not order; it holds the sender's lock only while
it sends; and what may pass (a full disk, a locked database, a server that is away, a
mistake in newsletter.toml) ends no worker: it says so and tries again.
"""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from newsletter.errors import NewsletterError, OperationError
from newsletter.model.dispatch import Dispatch
from newsletter.store.database import Database, database_path, open_database
from newsletter.store.dispatch_records import open_dispatches
from newsletter.store.handovers import refuse_handed_over
from newsletter.store.sender_lock import lock_path, sender_lock_if_free
from newsletter.workflow.beating import beating, worker_lock_path
from newsletter.workflow.due import next_due
from newsletter.workflow.project import Project, open_project
from newsletter.workflow.sender import become_sender, run_dispatch
from newsletter.workflow.server import open_accounts
from newsletter.workflow.start import begin_due, pause_missed
from newsletter.workflow.status import recover_left_behind
from newsletter.workflow.switch import Switch
from newsletter.workflow.upkeep import Upkeep
from newsletter.workflow.worker_news import DispatchNews, Event, Tell

#: A dispatch starts at most so late; the database is asked so often.
LOOK_SECONDS = 1.0
#: Between two tries of something that fails; doubled each time.
FIRST_PAUSE_SECONDS = 2.0
LONGEST_PAUSE_SECONDS = 60.0
#: How often, and how far apart, a worker tries to be the only one.
LOCK_TRIES = 5
LOCK_PAUSE_SECONDS = 0.1


@contextmanager
def only_worker(project: Project) -> Iterator[None]:
    """Be the one worker of a project's SQLite database, and let others see it.

    Raises:
        OperationError: There is another one.
        RefusedError: The newsletter was handed over to another computer.
    """
    url, root = project.settings.database_url, project.root
    with open_database(url, root=root) as database:
        with database.reading() as connection:
            refuse_handed_over(connection)
        path = worker_lock_path(database.path)
        # Whoever looks for a worker holds the lock for a moment.
        for is_last in (False,) * LOCK_TRIES + (True,):
            with sender_lock_if_free(path) as is_only:
                if is_only:
                    with beating(project):
                        yield
                    return
            if is_last:
                raise _another_works()
            time.sleep(LOCK_PAUSE_SECONDS)


def _another_works() -> OperationError:
    return OperationError(
        "another newsletter worker (or newsletter serve) runs what is due here "
        "already.",
        "One is enough. Stop that one first to take its place.",
    )


class Worker:
    """Use `run` inside `only_worker`.

    Args:
        project: Its newsletter.toml is read again for each dispatch.
        environment: Where the password may be.
        tell: Given each event, in the thread that runs.
        switch: Ends it in good order.
    """

    def __init__(
        self,
        project: Project,
        *,
        environment: Mapping[str, str],
        tell: Tell,
        switch: Switch,
    ) -> None:
        self._project = project
        self._root = project.root
        self._environment = environment
        self._told = tell
        self._switch = switch
        #: Dispatch -> how often it failed, and seconds of the monotonic clock before
        #: which it is not tried again; 0 stands for everything else.
        self._failures: dict[int, _Failures] = {}

    def run(self) -> None:
        """Run what is due until the switch is turned on."""
        self._tell("ready", "Ready: what is due is sent from here.")
        with Upkeep(
            self._project,
            environment=self._environment,
            tell=self._told,
            switch=self._switch,
        ):
            while not self._switch.is_on:
                try:
                    self._work_by(self._read_project())
                except NewsletterError as error:
                    self._switch.wait(self._fail(0, error))
        self._tell("stopped", "Stopped.")

    def _read_project(self) -> Project:
        return open_project(self._root, search=False)

    def _work_by(self, project: Project) -> None:
        """Run what is due until newsletter.toml says something else."""
        url, root = project.settings.database_url, project.root
        with open_database(url, root=root) as database:
            file = _identity(project)
            while not self._switch.is_on:
                is_idle = not self._look(project, database)
                self._succeed(0)
                self._switch.wait(LOOK_SECONDS if is_idle else 0)
                if self._read_project() != project or _identity(project) != file:
                    return

    def _look(self, project: Project, database: Database) -> bool:
        """Run one dispatch that is due; False when there is none."""
        with sender_lock_if_free(lock_path(database.path)) as nobody_sends:
            if nobody_sends:
                recover_left_behind(database)
        with database.reading() as connection:
            found = open_dispatches(connection)
        found = [one for one in found if not self._pause_missed(project, database, one)]
        rested = [one for one in found if self._is_rested(one.id)]
        due = next_due(rested, _now()) if nobody_sends else None
        if due is None:
            return False
        self._send(project, due)
        return True

    def _pause_missed(
        self, project: Project, database: Database, dispatch: Dispatch
    ) -> bool:
        """Let a dispatch ask whose start was missed; tell whether it was."""
        paused = pause_missed(project, database, dispatch)
        if paused is None:
            return False
        text = f"Dispatch {paused.id} of {paused.issue} is paused: {paused.reason}"
        self._tell("missed", text, paused)
        return True

    def _send(self, project: Project, dispatch: Dispatch) -> None:
        try:
            accounts = open_accounts(project, self._environment)
            with become_sender(project, accounts) as sender:
                begun = begin_due(sender.database, dispatch.id)
                if begun is None:
                    return
                zone = project.settings.newsletter.time_zone
                news = DispatchNews(begun, self._told, zone)
                news.begin(begun)
                news.end(run_dispatch(sender, begun, news.watch, switch=self._switch))
        except NewsletterError as error:
            self._fail(dispatch.id, error)
        else:
            self._succeed(dispatch.id)

    def _tell(self, kind: str, text: str, dispatch: Dispatch | None = None) -> None:
        self._told(Event(_now(), kind, text, dispatch))

    # --- failing ----------------------------------------------------------------------

    def _fail(self, number: int, error: NewsletterError) -> float:
        """Tell a failure that is another one than last time; return how long to rest.

        What it is about (a dispatch, or 0) is left alone until then.
        """
        before = self._failures.get(number, _Failures())
        pause = min(LONGEST_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * 2.0**before.times)
        said = str(error)
        if said != before.said:
            about = f"Dispatch {number}: " if number else ""
            self._tell("trouble", f"{about}{said.rstrip('.')}. Trying again.")
        self._failures[number] = _Failures(
            min(before.times + 1, 10), time.monotonic() + pause, said
        )
        return pause

    def _succeed(self, number: int) -> None:
        self._failures.pop(number, None)

    def _is_rested(self, number: int) -> bool:
        failures = self._failures.get(number)
        return failures is None or time.monotonic() >= failures.until


@dataclass(frozen=True, slots=True)
class _Failures:
    times: int = 0
    until: float = 0.0
    said: str = ""


def _identity(project: Project) -> tuple[int, int]:
    """Return which file the database is: one put back from a backup is another."""
    path = database_path(project.settings.database_url, root=project.root)
    try:
        found = path.stat()
    except OSError:
        return 0, 0
    return found.st_dev, found.st_ino


def _now() -> datetime:
    return datetime.now(UTC)
