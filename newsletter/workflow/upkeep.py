"""What a worker does beside dispatches: notices, the mailbox, retention, refusals.

Each chore has a thread of its own, so that none waits for another, nor for a dispatch.

Law: a chore that fails rests, says so once, and goes on, be it by a fault of ours; it
never ends the worker. The wish to stop ends all of them when what is under way is done.
"""

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Self

from newsletter.errors import NewsletterError
from newsletter.model.settings import Settings
from newsletter.store.chores import last_done, mark_done
from newsletter.store.database import open_database
from newsletter.workflow.bug_report import place_of, write_report
from newsletter.workflow.inbox import read_inbox, summarise
from newsletter.workflow.leftovers import clear_leftovers
from newsletter.workflow.notices import can_notify, send_notices, warn_of_few
from newsletter.workflow.project import Project, open_project
from newsletter.workflow.refusals import settle_refusals
from newsletter.workflow.retention import erase_outdated
from newsletter.workflow.switch import Switch
from newsletter.workflow.worker_news import Event, Tell

#: How soon changed settings are noticed.
_LOOK_SECONDS = 1.0
#: After a failure, doubled each time: what is done every second, and all else.
_FIRST_REST_SECONDS = 2.0
_LONGEST_REST_SECONDS = 60.0
#: A wrong password that is tried too often locks an account.
_LONGEST_LONG_REST_SECONDS = 3600.0
_OFTEN = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Duty:
    """What a chore is given."""

    project: Project
    #: Where passwords may be.
    environment: Mapping[str, str]
    #: The present, aware.
    now: datetime
    #: Takes a sentence for people; no address in it.
    tell: Callable[[str], None]
    #: Whether to leave the rest for the next time.
    is_over: Callable[[], bool]


@dataclass(frozen=True, slots=True)
class Chore:
    """Something done now and then."""

    #: Word for scripts, and in the table of when it was done.
    name: str
    #: How often; None: never, as the settings stand.
    every: Callable[[Settings], timedelta | None]
    work: Callable[[Duty], None]
    #: When it was done last is kept over restarts.
    is_remembered: bool = False


def _send_notices(duty: Duty) -> None:
    taken = send_notices(
        duty.project, duty.environment, now=duty.now, is_over=duty.is_over
    )
    if taken:
        mails = "mail" if taken == 1 else "mails"
        duty.tell(f"Sent {taken} {mails} that readers asked for on the web page.")


def _warn(duty: Duty) -> None:
    url, root = duty.project.settings.database_url, duty.project.root
    with (
        open_database(url, root=root) as database,
        database.reading() as connection,
    ):
        warning = warn_of_few(connection, now=duty.now)
    if warning:
        duty.tell(f"{warning[0].upper()}{warning[1:]}")


def _read_inbox(duty: Duty) -> None:
    done = read_inbox(
        duty.project, environment=duty.environment, now=duty.now, is_over=duty.is_over
    )
    faults = [one.advice for one in done if one.is_fault and not one.is_known]
    said = " ".join([*summarise(done), *faults])
    if said:
        duty.tell(f"Returned mail. {said}")


def _erase(duty: Duty) -> None:
    erased = erase_outdated(duty.project, now=duty.now, is_over=duty.is_over)
    if erased.total:
        duty.tell("Erased what [retention] keeps no longer.")


def _clear_leftovers(duty: Duty) -> None:
    if clear_leftovers(duty.project):
        duty.tell("Removed what a backup that was killed had left behind.")


def _settle_refusals(duty: Duty) -> None:
    settle_refusals(duty.project, now=duty.now, is_over=duty.is_over)


def _every_second_with_server(settings: Settings) -> timedelta | None:
    return timedelta(seconds=1) if can_notify(settings) else None


def _every_hour_with_server(settings: Settings) -> timedelta | None:
    return timedelta(hours=1) if can_notify(settings) else None


def _as_inbox_says(settings: Settings) -> timedelta | None:
    inbox = settings.inbox
    return timedelta(minutes=inbox.minutes) if inbox and inbox.minutes else None


CHORES = (
    Chore("notices", _every_second_with_server, _send_notices),
    Chore("confirmations", _every_hour_with_server, _warn, is_remembered=True),
    Chore("inbox", _as_inbox_says, _read_inbox),
    Chore("retention", lambda _: timedelta(days=1), _erase, is_remembered=True),
    Chore("leftovers", lambda _: timedelta(hours=1), _clear_leftovers),
    Chore("refusals", lambda _: timedelta(minutes=10), _settle_refusals),
)


class Upkeep:
    """Does the chores while a ``with`` block runs; inside `only_worker`.

    Args:
        project: Its newsletter.toml is read again when it changes.
        environment: Where passwords may be.
        tell: Given each event, in threads.
        switch: Ends it; turned on twice, nothing is waited for.
        chores: What there is to do.
    """

    def __init__(
        self,
        project: Project,
        *,
        environment: Mapping[str, str],
        tell: Tell,
        switch: Switch,
        chores: tuple[Chore, ...] = CHORES,
    ) -> None:
        self._switch = switch
        settings = _Settings(project)
        self._end = threading.Event()
        self._threads = [
            _ChoreThread(chore, settings, environment, tell, switch, self._end)
            for chore in chores
        ]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._end.set()
        wishes = 0

        def count() -> None:
            nonlocal wishes
            wishes += 1

        with self._switch.listening(count):
            for thread in self._threads:
                while thread.is_alive() and wishes < 2:
                    thread.join(0.05)


class _Settings:
    """The project, read again when its newsletter.toml is another one."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._path = project.root / "newsletter.toml"
        self._seen = self._look()
        self._lock = threading.Lock()

    def read(self) -> Project:
        with self._lock:
            seen = self._look()
            if seen != self._seen:
                self._project = open_project(self._path.parent, search=False)
                self._seen = seen
            return self._project

    def _look(self) -> tuple[int, int]:
        try:
            found = self._path.stat()
        except OSError:
            return 0, 0
        return found.st_mtime_ns, found.st_size


class _ChoreThread(threading.Thread):
    """Does one chore whenever it is due."""

    def __init__(
        self,
        chore: Chore,
        settings: _Settings,
        environment: Mapping[str, str],
        tell: Tell,
        switch: Switch,
        end: threading.Event,
    ) -> None:
        super().__init__(name=f"upkeep-{chore.name}", daemon=True)
        self._chore = chore
        self._settings = settings
        self._environment = environment
        self._told = tell
        self._switch = switch
        self._end = end
        self._project: Project | None = None
        #: Seconds of the monotonic clock at which it is due; None: not looked yet.
        self._due: float | None = None
        self._failures = 0
        self._said = ""

    def run(self) -> None:
        while not self._is_over():
            self._switch.wait(self._look())

    def _is_over(self) -> bool:
        return self._switch.is_on or self._end.is_set()

    def _look(self) -> float:
        """Do the chore if it is due; return how long to wait then."""
        try:
            project = self._settings.read()
        except NewsletterError:
            # A mistake in newsletter.toml: the worker itself tells it.
            return _LOOK_SECONDS
        if project is not self._project:
            # What failed by the old settings may go well by the new ones.
            self._project, self._due, self._failures = project, None, 0
        every = self._chore.every(project.settings)
        if every is None:
            return _LOOK_SECONDS
        try:
            return self._look_at(project, every)
        except Exception as error:  # noqa: BLE001 - a fault of ours is told, with a report
            return self._fail(error, every)

    def _look_at(self, project: Project, every: timedelta) -> float:
        if self._due is None:
            self._due = time.monotonic() + self._seconds_left(project, every)
        left = self._due - time.monotonic()
        if left <= 0:
            self._do(project)
            self._failures, self._said = 0, ""
            left = every.total_seconds()
            self._due = time.monotonic() + left
        return min(left, _LOOK_SECONDS)

    def _do(self, project: Project) -> None:
        now = datetime.now(UTC)
        self._chore.work(
            Duty(
                project,
                self._environment,
                now,
                lambda text: self._tell(self._chore.name, text),
                self._is_over,
            )
        )
        if self._chore.is_remembered:
            url, root = project.settings.database_url, project.root
            with (
                open_database(url, root=root) as database,
                database.writing() as connection,
            ):
                mark_done(connection, self._chore.name, now)

    def _seconds_left(self, project: Project, every: timedelta) -> float:
        if not self._chore.is_remembered:
            return 0.0
        url, root = project.settings.database_url, project.root
        with open_database(url, root=root) as database, database.reading() as reading:
            done = last_done(reading, self._chore.name)
        now = datetime.now(UTC)
        if done is None or done > now:
            # Never; or the clock ran ahead, and nobody knows when it was.
            return 0.0
        return max(0.0, (done + every - now).total_seconds())

    def _fail(self, error: Exception, every: timedelta) -> float:
        """Rest, longer each time; tell a failure that is another one than last time."""
        first, longest = _FIRST_REST_SECONDS, _LONGEST_REST_SECONDS
        if every >= _OFTEN:
            longest = _LONGEST_LONG_REST_SECONDS
            first = min(every.total_seconds(), longest)
        rest = min(longest, first * 2.0 ** min(self._failures, 12))
        self._failures += 1
        self._due = time.monotonic() + rest
        is_known = isinstance(error, NewsletterError)
        said = str(error).rstrip(".") if is_known else place_of(error)
        if said != self._said:
            self._said = said
            words = said if is_known else _fault_words(error)
            self._tell("trouble", f"{self._chore.name}: {words}. Trying again.")
        return min(rest, _LOOK_SECONDS)

    def _tell(self, kind: str, text: str) -> None:
        self._told(Event(datetime.now(UTC), kind, text))


def _fault_words(error: Exception) -> str:
    return (
        f"a fault of the program ({type(error).__name__}). Please report it with the "
        f"file {write_report(error)}"
    )
