"""The wish to stop, from any thread or signal handler to whoever works.

Law: turning it on takes no lock that the interrupted thread might hold; once on, it
stays on. Turning it on again means: hang up, do not wait for answers.
"""

import select
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Self


class Switch:
    """Off until somebody wants us to stop."""

    def __init__(self) -> None:
        # Not an Event: a signal handler that comes while its lock is held would wait
        # for ever. A byte that nobody reads keeps every later wait short.
        self._ear, self._mouth = socket.socketpair()
        self._times = 0
        #: Name of the first signal that turned it on; empty: none did.
        self.signal = ""
        self._listeners: list[Callable[[], None]] = []

    @property
    def is_on(self) -> bool:
        """Whether somebody wants us to stop."""
        return self._times > 0

    def turn_on(self) -> None:
        """Ask to stop; again: to hang up."""
        self._times += 1
        if self._times == 1:
            self._mouth.send(b"\n")
        for listener in tuple(self._listeners):
            listener()

    def wait(self, seconds: float) -> bool:
        """Sleep, but not beyond the wish; returns whether it is on."""
        if seconds > 0 and not self.is_on:
            select.select([self._ear], [], [], seconds)
        return self.is_on

    @contextmanager
    def listening(self, listener: Callable[[], None]) -> Iterator[None]:
        """Call *listener* each time it is turned on while the ``with`` block runs.

        If it is on already, at once. From any thread: the listener must not mind.
        """
        self._listeners.append(listener)
        try:
            if self.is_on:
                listener()
            yield
        finally:
            self._listeners.remove(listener)

    @contextmanager
    def on_signals(self) -> Iterator[None]:
        """Let Ctrl-C, a closed terminal and a polite kill turn it on; main thread only.

        What the shell told us to ignore (``nohup``) stays ignored.
        """
        names = ("SIGINT", "SIGTERM", "SIGHUP")
        numbers = [getattr(signal, name) for name in names if hasattr(signal, name)]
        before = {
            number: signal.signal(number, self._on_signal)
            for number in numbers
            if signal.getsignal(number) is not signal.SIG_IGN
        }
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _on_signal(self, number: int, _frame: FrameType | None) -> None:
        self.signal = self.signal or signal.Signals(number).name
        self.turn_on()

    def close(self) -> None:
        """Give the sockets back."""
        self._ear.close()
        self._mouth.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
