"""Whose turn it is: a queue for each site, with its pace, its pauses and its rest.

In: addresses that want to be asked, and what their sites said. Out: turns. Law: a site
that is waited for holds up nobody but its own links.
"""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from newsletter.checks.links.judge import MAX_WAIT_SECONDS
from newsletter.model.link import Fault

try:
    import resource
except ImportError:  # Windows has no such limit
    resource = None  # type: ignore[assignment]

#: At once, over all sites: 5,000 links of 200 sites took 4.6 s so, and 8.2 s with 128
#: (answers after 100-300 ms, 2026-11).
_IN_FLIGHT = 256
#: At once, at one site; browsers open six.
_PER_HOST = 4
#: Pauses in a row, without an answer between them, after which a site is left alone.
_MOST_PAUSES = 3
#: First pause for a site that says "too often" and not how long; then twice as long.
_UNNAMED_PAUSE_SECONDS = 2.0
#: Dials without any answer, after which a site that never answered is not dialled.
_MOST_SILENCES = 2


def most_in_flight() -> int:
    """Return how many questions may be open at once.

    A dial may hold two sockets for a moment (RFC 8305), and whoever called us has files
    open too. macOS allows a process 256 of them, Linux 1024.
    """
    if resource is None:
        return _IN_FLIGHT
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        return _IN_FLIGHT
    return max(_PER_HOST, min(_IN_FLIGHT, soft // 4))


@dataclass(slots=True)
class Host:
    """One site: who waits for it, and what it asked for."""

    places: asyncio.Semaphore = field(
        default_factory=lambda: asyncio.Semaphore(_PER_HOST)
    )
    #: Passed one by one, at the pace of the site.
    entrance: asyncio.Lock = field(default_factory=asyncio.Lock)
    #: Links that wait for their turn.
    waiting: int = 0
    #: Time of the loop before which it is not asked.
    free_at: float = 0
    #: Why its other links are not asked any more in this run; None while they are.
    closed: Fault | None = None
    #: What it asked us to wait, when it is closed for that.
    rest_seconds: int | None = None
    _has_answered: bool = False
    _paused_at: float = 0
    _pauses: int = 0
    _silences: int = 0

    def note_answer(self) -> None:
        """The site answered, and did not ask to be left alone."""
        self._has_answered = True
        self._pauses = self._silences = 0

    def note_silence(self, fault: Fault) -> None:
        """Its name could not be looked up, or nobody took the call, for long."""
        self._silences += 1
        if self._silences >= _MOST_SILENCES and not self._has_answered:
            self.closed = fault

    def note_wait(self, seconds: int | None, *, asked_at: float, now: float) -> None:
        """The site asked to be left alone for a while.

        Args:
            seconds: How long, if it said so.
            asked_at: When the question began to which it said that.
            now: Time of the loop, as *asked_at*.
        """
        self._has_answered = True
        if asked_at >= self._paused_at:  # else it was asked before we knew
            self._pauses += 1
            self._paused_at = now
        pause = _UNNAMED_PAUSE_SECONDS * 2 ** (self._pauses - 1)
        pause = pause if seconds is None else float(seconds)
        self.free_at = max(self.free_at, now + min(pause, MAX_WAIT_SECONDS))
        if pause > MAX_WAIT_SECONDS or self._pauses > _MOST_PAUSES:
            self.closed, self.rest_seconds = Fault.LEFT_ALONE, seconds

    def try_again(self) -> None:
        """Forget that it was silent; what it asked for is not forgotten."""
        self._silences = 0
        if self.closed is not Fault.LEFT_ALONE:
            self.closed = None

    def seconds_to_wait(self, now: float) -> float:
        """Return how long its next question has to wait, not above 0 for "not"."""
        return 0 if self.closed else self.free_at - now


class Schedule:
    """Gives turns: few at once, fewer at each site, and in its pace."""

    def __init__(self, *, in_flight: int, gap_seconds: float) -> None:
        self._in_flight = in_flight
        self._gap_seconds = gap_seconds
        self._total = asyncio.Semaphore(in_flight)
        self._hosts: defaultdict[str, Host] = defaultdict(Host)
        self._crowded = 0

    @asynccontextmanager
    async def turn(self, url: str) -> AsyncIterator[Host]:
        """Wait until *url* may be asked; its site may be closed by then."""
        host = self._hosts[urlsplit(url).hostname or ""]
        self._crowded += host.waiting == 0
        host.waiting += 1
        try:
            await host.places.acquire()
            try:
                await self._enter(host)
            except BaseException:
                host.places.release()
                raise
        finally:
            host.waiting -= 1
            self._crowded -= host.waiting == 0
        try:
            yield host
        finally:
            self._total.release()
            host.places.release()

    def keeps_connection(self, host: Host) -> bool:
        """Whether a connection to *host* is soon of use.

        Few are kept: an idle one costs a file as much as a busy one.
        """
        return host.waiting > 0 and self._crowded * _PER_HOST <= self._in_flight

    def try_again(self) -> None:
        """Let silent sites be dialled once more."""
        for host in self._hosts.values():
            host.try_again()

    async def _enter(self, host: Host) -> None:
        clock = asyncio.get_running_loop().time
        async with host.entrance:
            while True:
                seconds = host.seconds_to_wait(clock())
                if seconds > 0:
                    await asyncio.sleep(seconds)
                    continue
                await self._total.acquire()
                if host.seconds_to_wait(clock()) <= 0:
                    break
                # It asked for a pause while we waited for a place among all.
                self._total.release()
            host.free_at = clock() + self._gap_seconds
