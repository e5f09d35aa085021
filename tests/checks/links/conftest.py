"""Web servers that answer as scripted, on loopback; each counts what reaches it."""

import asyncio
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from ipaddress import ip_network
from typing import Any

import pytest
from aiohttp.abc import AbstractResolver, ResolveResult

from newsletter.checks.links.observe import Manner, observe_links
from newsletter.model.link import Observation, Sightings

LOOPBACK = (ip_network("127.0.0.0/8"),)

Answer = bytes | Callable[["Visit"], None]


@dataclass
class Visit:
    """One request, to be answered by hand."""

    connection: socket.socket
    path: str
    headers: Mapping[str, str]

    def send(self, data: bytes) -> None:
        with suppress(OSError):
            self.connection.sendall(data)


def answer(status: int, *headers: str, body: bytes = b"") -> bytes:
    lines = [f"HTTP/1.1 {status} -", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join([*lines, "Connection: close", "", ""]).encode() + body


def redirect(target: str, status: int = 302, *headers: str) -> bytes:
    return answer(status, f"Location: {target}", *headers)


@dataclass
class Site:
    """A web server: path -> answer; 404 for what it does not know."""

    listener: socket.socket
    answers: dict[str, Answer]
    context: ssl.SSLContext | None = None
    #: Paths asked, in order.
    hits: list[str] = field(default_factory=list)
    most_at_once: int = 0
    _open: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def port(self) -> int:
        return int(self.listener.getsockname()[1])

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def run(self) -> None:
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=[connection], daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, suppress(OSError):
            if self.context is not None:
                connection = self.context.wrap_socket(connection, server_side=True)
            with connection:
                self._answer(connection)

    def _answer(self, connection: socket.socket) -> None:
        head, *lines = _read_head(connection).split("\r\n")
        if not head:
            return
        path = head.split(" ")[1]
        with self._lock:
            self.hits.append(path)
            self._open += 1
            self.most_at_once = max(self.most_at_once, self._open)
        given = self.answers.get(path, answer(404))
        headers = dict(line.lower().split(": ", 1) for line in lines if ": " in line)
        visit = Visit(connection, path, headers)
        if isinstance(given, bytes):
            visit.send(given)
        else:
            given(visit)
        with self._lock:
            self._open -= 1


def _read_head(connection: socket.socket) -> str:
    data = b""
    while b"\r\n\r\n" not in data:
        chunk = connection.recv(65536)
        if not chunk or chunk.startswith(b"\x16\x03"):  # gone, or it speaks TLS
            return ""
        data += chunk
    return data.decode("latin-1")


class Names(AbstractResolver):
    """Looks names up in a table; a number is the error of a look-up."""

    def __init__(self, table: Mapping[str, list[str] | int]) -> None:
        self.table = table
        self.asked: list[str] = []

    async def resolve(
        self, host: str, port: int = 0, family: Any = socket.AF_INET
    ) -> list[ResolveResult]:
        self.asked.append(host)
        found = self.table.get(host, socket.EAI_NONAME)
        if isinstance(found, int):
            raise socket.gaierror(found, "scripted")
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=port,
                family=socket.AF_INET6 if ":" in address else socket.AF_INET,
                proto=0,
                flags=0,
            )
            for address in found
        ]

    async def close(self) -> None:
        pass


@dataclass
class Web:
    """Starts sites, and ends them with the test."""

    sites: list[Site] = field(default_factory=list)
    answer = staticmethod(answer)
    redirect = staticmethod(redirect)
    names = staticmethod(Names)

    def observe(self, *urls: str, **manner: Any) -> Sightings:
        """Observe without the pauses that are kind to sites of others."""
        usual: dict[str, Any] = {"allowed": LOOPBACK, "deadline_seconds": 5}
        usual |= {"pause_seconds": 0, "gap_seconds": 0}
        return asyncio.run(observe_links(urls, Manner(**usual | manner)))

    def look_at(self, url: str, **manner: Any) -> Observation:
        """Return the last look at one address."""
        return self.observe(url, **manner).looks[url][-1]

    def site(
        self, answers: Mapping[str, Answer], context: ssl.SSLContext | None = None
    ) -> Site:
        listener = socket.create_server(("127.0.0.1", 0))
        site = Site(listener, dict(answers), context)
        self.sites.append(site)
        threading.Thread(target=site.run, daemon=True).start()
        return site


@pytest.fixture
def web() -> Iterator[Web]:
    web = Web()
    yield web
    for site in web.sites:
        # Wakes the thread that waits in accept().
        with suppress(OSError):
            site.listener.shutdown(socket.SHUT_RDWR)
        site.listener.close()
