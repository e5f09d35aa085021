"""A worker in a thread, beside something that has the main thread (the public pages).

Law: what the main thread does is never kept waiting while it runs; when it is over, the
mails under way are answered before the process ends.
"""

import _thread
import signal
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from types import FrameType

from newsletter.errors import NewsletterError
from newsletter.workflow.project import Project
from newsletter.workflow.switch import Switch
from newsletter.workflow.worker import Worker, only_worker
from newsletter.workflow.worker_news import Event, Tell


@contextmanager
def working_beside(
    project: Project, *, environment: Mapping[str, str], tell: Tell
) -> Iterator[None]:
    """Run what is due while the ``with`` block runs, if nobody else does.

    A polite kill and a closed terminal interrupt the block as Ctrl-C does.

    Args:
        project: The project.
        environment: Where the password may be.
        tell: Given each event, in another thread.

    Raises:
        Exception: A bug of the worker, which ended the block.
    """
    with Switch() as switch:
        helper = _Helper(project, environment, tell, switch)
        try:
            with interrupting():
                helper.start()
                yield
        finally:
            with switch.on_signals():
                switch.turn_on()
                helper.join()
        if helper.bug is not None:
            raise helper.bug


class _Helper(threading.Thread):
    """The thread of the worker."""

    def __init__(
        self,
        project: Project,
        environment: Mapping[str, str],
        tell: Tell,
        switch: Switch,
    ) -> None:
        super().__init__(name="worker")
        self._project = project
        self._environment = environment
        self._told = tell
        self._switch = switch
        self.bug: Exception | None = None

    def run(self) -> None:
        try:
            with only_worker(self._project):
                Worker(
                    self._project,
                    environment=self._environment,
                    tell=self._told,
                    switch=self._switch,
                ).run()
        except NewsletterError as error:
            # Another worker, say: the pages are worth having without one.
            self._told(Event(datetime.now(UTC), "trouble", str(error)))
        except Exception as error:  # noqa: BLE001 - raised again in the main thread
            self.bug = error
            _thread.interrupt_main(signal.SIGTERM)


@contextmanager
def interrupting() -> Iterator[None]:
    """Turn a polite kill and a closed terminal into a KeyboardInterrupt.

    What has handlers of its own for a polite kill, as a web server, is asked first.
    """
    handlers = {signal.SIGTERM: _interrupt}
    if sys.platform != "win32":
        handlers[signal.SIGHUP] = _kill_politely
    before = {
        number: signal.signal(number, handler)
        for number, handler in handlers.items()
        if signal.getsignal(number) is not signal.SIG_IGN
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _kill_politely(_number: int, _frame: FrameType | None) -> None:
    signal.raise_signal(signal.SIGTERM)


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
