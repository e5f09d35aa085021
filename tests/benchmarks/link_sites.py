"""Two hundred web sites on loopback that take their time, in a process of their own."""

import asyncio
import multiprocessing
import socket
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from multiprocessing.sharedctypes import Synchronized
from typing import Any

SITES = 200
#: As slow as sites in the same country and across an ocean.
LATENCY_SECONDS = (0.1, 0.3)

_WORDS = "<p>The judge found that the city must offer a bed to families. " * 40


@dataclass(frozen=True, slots=True)
class Sites:
    """What runs, and what it counted."""

    port: int
    _asked: Any
    _most_at_once: Any

    def urls(self, number: int, *, gone: int) -> list[str]:
        """Return addresses of pages, spread evenly over the sites.

        Args:
            number: How many.
            gone: How many of them do not exist.
        """
        step = number // max(gone, 1)
        kinds = ["gone" if gone and n % step == 1 else "page" for n in range(number)]
        return [
            f"http://{_host(n % SITES)}:{self.port}/{kind}/{n}"
            for n, kind in enumerate(kinds)
        ]

    def take_counts(self) -> tuple[int, int]:
        """Return questions asked and the most at once at one site, and begin anew."""
        counts = self._asked.value, self._most_at_once.value
        self._asked.value = self._most_at_once.value = 0
        return counts


@contextmanager
def run_sites(latency: tuple[float, float]) -> Iterator[Sites]:
    """Run the sites; each page answers after a time that its number decides.

    Args:
        latency: Shortest and longest, in seconds.
    """
    context = multiprocessing.get_context("spawn")
    asked, most = context.Value("i", 0), context.Value("i", 0)
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(theirs, latency, asked, most))
    process.start()
    try:
        yield Sites(ours.recv(), asked, most)
    finally:
        process.terminate()
        process.join()


def _host(number: int) -> str:
    return f"127.0.1.{number + 1}"


def _serve(
    pipe: Any,
    latency: tuple[float, float],
    asked: "Synchronized[int]",
    most: "Synchronized[int]",
) -> None:
    listeners = _listen()
    pipe.send(listeners[0].getsockname()[1])
    with suppress(KeyboardInterrupt):
        asyncio.run(_run(listeners, latency, asked, most))


def _listen() -> list[socket.socket]:
    """Return a socket for each site, all on one port that is free at all of them."""
    while True:
        first = socket.create_server((_host(0), 0), backlog=512)
        listeners, port = [first], first.getsockname()[1]
        try:
            for number in range(1, SITES):
                address = (_host(number), port)
                listeners.append(socket.create_server(address, backlog=512))
        except OSError:
            for listener in listeners:
                listener.close()
        else:
            return listeners


async def _run(
    listeners: list[socket.socket],
    latency: tuple[float, float],
    asked: "Synchronized[int]",
    most: "Synchronized[int]",
) -> None:
    loop = asyncio.get_running_loop()
    for listener in listeners:
        site = partial(_Site, latency, [0], asked, most)
        await loop.create_server(site, sock=listener)
    await asyncio.Event().wait()


class _Site(asyncio.Protocol):
    """One connection: requests one after the other."""

    def __init__(
        self,
        latency: tuple[float, float],
        busy: list[int],
        asked: "Synchronized[int]",
        most: "Synchronized[int]",
    ) -> None:
        self._latency = latency
        self._busy = busy
        self._asked = asked
        self._most = most
        self._read = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._read += data
        while b"\r\n\r\n" in self._read:
            head, _, self._read = self._read.partition(b"\r\n\r\n")
            self._take(head.split(b" ", 2)[1].decode("ascii", "replace"))

    def _take(self, path: str) -> None:
        self._busy[0] += 1
        self._asked.value += 1
        self._most.value = max(self._most.value, self._busy[0])
        # By the number of the page, so that everybody meets the same delays.
        share = zlib.crc32(path.encode()) / 0xFFFFFFFF
        shortest, longest = self._latency
        seconds = shortest + share * (longest - shortest)
        loop = asyncio.get_running_loop()
        loop.call_later(seconds, self._answer, path) if seconds else self._answer(path)

    def _answer(self, path: str) -> None:
        self._busy[0] -= 1
        is_there = path.startswith("/page/")
        title = f"The page {path}" if is_there else "Page not found"
        page = f"<!doctype html><title>{title}</title><h1>{title}</h1>{_WORDS}".encode()
        head = (
            f"HTTP/1.1 {'200 OK' if is_there else '404 Not Found'}\r\n"
            "Content-Type: text/html; charset=utf-8\r\n"
            f"Content-Length: {len(page)}\r\n\r\n"
        )
        if not self._transport.is_closing():
            self._transport.write(head.encode() + page)
