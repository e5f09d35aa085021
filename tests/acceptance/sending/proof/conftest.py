"""What every proof needs: the server's own record beside the ledger, and bad lines."""

import asyncio
import os
import signal
import socket
import struct
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest

from newsletter.testing.smtp_server import Received, SmtpServer

HOST = "127.0.0.1"
_BLOCK_BYTES = 65_536


class Proof:
    """A dispatch that is disturbed, and what must hold all the same."""

    def __init__(self, post: Any) -> None:
        self.post = post
        self.names: set[str] = set()

    def add_people(self, count: int) -> list[str]:
        """Make so many people subscribers; return the words of the command."""
        self.names = {f"p{number:03}" for number in range(count)}
        self.post.add(*sorted(self.names))
        return ["send", "--confirm", str(count), "--untested"]

    def compare(self, server: SmtpServer) -> set[str]:
        """Compare the ledger with the server's own record; return the unknown.

        Nobody got it twice, whoever counts as accepted got it, and whoever got it
        counts as accepted or is named as unknown.
        """
        found = self.post.json("status", "--unknown")
        states = self.post.states()
        assert states.keys() == self.names
        assert found["total"] == len(self.names)
        assert found["attempting"] == 0
        times = Counter(server.recording.recipients)
        assert {address for address, count in times.items() if count > 1} == set()
        got = self.got(server)
        unknown = {
            one["email"].partition("@")[0] for one in found["unknown_recipients"]
        }
        assert unknown == {name for name, state in states.items() if state == "unknown"}
        accepted = {name for name, state in states.items() if state == "accepted"}
        assert accepted <= got <= accepted | unknown
        return unknown

    def compare_done(
        self,
        server: SmtpServer,
        *,
        most_unknown: int,
        left: Collection[str] = (),
    ) -> set[str]:
        """Compare when all is over: whoever got nothing is named, or left."""
        unknown = self.compare(server)
        assert self.post.dispatch().state == "done"
        assert self.names - self.got(server) <= unknown | set(left)
        assert len(unknown) <= most_unknown
        return unknown

    @staticmethod
    def got(server: SmtpServer) -> set[str]:
        """Return who got a mail, by the server's record."""
        return {address.partition("@")[0] for address in server.recording.recipients}


@pytest.fixture
def proof(post: Any) -> Proof:
    return Proof(post)


class Trigger:
    """Does something to the sending process when the server got so many messages."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._countdown = 0
        self._action: Callable[[], None] = lambda: None
        self._timer: threading.Timer | None = None

    def arm(
        self, after: int, action: Callable[[], None], *, delay_seconds: float = 0.0
    ) -> None:
        """Call *action* at the *after*-th message from now, or so long after it."""
        with self._lock:
            self._countdown = after
            self._action = action
            if delay_seconds:
                self._timer = threading.Timer(delay_seconds, action)
                self._action = self._timer.start

    def on_message(self, _: Received) -> None:
        """For a server: a final dot came."""
        with self._lock:
            self._countdown -= 1
            is_due = self._countdown == 0
        if is_due:
            self._action()

    def end(self) -> None:
        """Wait for what is under way."""
        if self._timer is not None and self._timer.ident is not None:
            self._timer.join()


@pytest.fixture
def trigger() -> Iterator[Trigger]:
    made = Trigger()
    yield made
    made.end()


def kill(victim: "subprocess.Popen[bytes]") -> None:
    """End a process as a power cut would, if it is not over."""
    with suppress(ProcessLookupError):
        os.kill(victim.pid, signal.SIGKILL)


@pytest.fixture
def killing() -> Callable[["subprocess.Popen[bytes]"], Callable[[], None]]:
    """Return what makes an action of a process: its end."""
    return lambda victim: lambda: kill(victim)


class Proxy:
    """A network between the sender and the server, in a thread of its own."""

    def __init__(self, target: int) -> None:
        self.target = target
        self.port = 0
        #: At most so many bytes a second, each way and connection; 0: all.
        self.bytes_per_second = 0
        self.connections = 0
        self._loop = asyncio.new_event_loop()
        self._end = asyncio.Event()
        self._flows = asyncio.Event()
        self._flows.set()
        self._ready = threading.Event()
        self._writers: set[asyncio.StreamWriter] = set()
        self._thread = threading.Thread(target=self._run)

    def start(self) -> None:
        self._thread.start()
        self._ready.wait()

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._end.set)
        self._thread.join()

    def stall(self) -> None:
        """Let nothing through, and tell nobody."""
        self._loop.call_soon_threadsafe(self._flows.clear)

    def flow(self) -> None:
        """Let everything through again."""
        self._loop.call_soon_threadsafe(self._flows.set)

    def cut(self) -> None:
        """Reset every connection, both ends."""
        done = threading.Event()

        def reset() -> None:
            for writer in tuple(self._writers):
                # One may be closed already. Without lingering, a close is a reset.
                with suppress(OSError):
                    writer.get_extra_info("socket").setsockopt(
                        socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
                    )
                writer.transport.abort()
            done.set()

        self._loop.call_soon_threadsafe(reset)
        assert done.wait(10)

    def _run(self) -> None:
        self._loop.run_until_complete(self._serve())
        self._loop.close()

    async def _serve(self) -> None:
        tasks: set[asyncio.Task[None]] = set()

        def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.ensure_future(self._join(reader, writer))
            tasks.add(task)
            task.add_done_callback(tasks.discard)

        server = await asyncio.start_server(accept, HOST, 0)
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        await self._end.wait()
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _join(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self.connections += 1
        pair = {writer}
        try:
            other_reader, other_writer = await asyncio.open_connection(
                HOST, self.target
            )
            pair.add(other_writer)
            self._writers |= pair
            ways = [
                asyncio.ensure_future(self._carry(reader, other_writer)),
                asyncio.ensure_future(self._carry(other_reader, writer)),
            ]
            try:
                await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for way in ways:
                    way.cancel()
                await asyncio.gather(*ways, return_exceptions=True)
        except OSError:
            pass
        finally:
            self._writers -= pair
            for each in pair:
                each.transport.abort()

    async def _carry(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        while data := await reader.read(self.bytes_per_second // 20 or _BLOCK_BYTES):
            if self.bytes_per_second:
                await asyncio.sleep(len(data) / self.bytes_per_second)
            await self._flows.wait()
            writer.write(data)
            await writer.drain()


@contextmanager
def _proxied(target: int) -> Iterator[Proxy]:
    made = Proxy(target)
    made.start()
    try:
        yield made
    finally:
        made.stop()


@pytest.fixture
def proxied() -> Any:
    """Return what puts a network before a port, in a ``with`` statement."""
    return _proxied


@pytest.fixture
def until() -> Callable[[Callable[[], bool]], None]:
    """Return what waits until something holds."""

    def wait(holds: Callable[[], bool], seconds: float = 20.0) -> None:
        end = time.monotonic() + seconds
        while not holds():
            if time.monotonic() > end:
                raise TimeoutError("it did not come to hold")
            time.sleep(0.01)

    return wait
