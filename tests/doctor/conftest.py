"""Domains of the doctor's tests: as a table, and asked of a name server on loopback."""

import asyncio
import socket
import struct
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset
import pytest
from dns.asyncresolver import Resolver
from dns.nameserver import Do53Nameserver

from newsletter.doctor.dns import gather_records
from newsletter.doctor.records import Answer, Plan, Question, Records, Said
from newsletter.model.diagnosis import Diagnosis

#: "example.org TXT" -> its values; "FAILED" or "SILENT" instead of values.
Zone = Mapping[str, Sequence[str] | str]
Gather = Callable[[Zone, Plan], Records]


def answer(zone: Zone, question: Question) -> Answer:
    """Answer as the name servers of all domains together would."""
    found = zone.get(f"{question.name} {question.kind}")
    if isinstance(found, str):
        return Answer(Said[found])
    if found is not None:
        return Answer(Said.FOUND, tuple(found))
    names = {key.split()[0] for key in zone}
    ends = (f".{question.name}",)
    exists = any(name == question.name or name.endswith(ends) for name in names)
    return Answer(Said.EMPTY if exists else Said.MISSING)


@pytest.fixture
def gather() -> Gather:
    """Return the function that fills a table with what a plan wants of a zone."""

    def fill(zone: Zone, plan: Plan) -> Records:
        async def ask(question: Question) -> Answer:
            return answer(zone, question)

        return asyncio.run(gather_records(ask, plan, seconds=5))

    return fill


class NameServer:
    """A name server for one zone, by UDP and TCP on one port of loopback.

    A TXT record of more than 400 characters is cut off by UDP.
    """

    def __init__(self, zone: Zone) -> None:
        self.zone = zone
        self.asked: list[tuple[str, str]] = []
        self._udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._tcp = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self._bind()
        self._tcp.listen()
        self._threads = [
            threading.Thread(target=run, daemon=True)
            for run in (self._serve_udp, self._serve_tcp)
        ]

    def _bind(self) -> None:
        # The port that UDP got may be taken by TCP.
        for _ in range(20):
            self._udp.bind(("127.0.0.1", 0))
            try:
                self._tcp.bind(self._udp.getsockname())
            except OSError:
                self._udp.close()
                self._udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            else:
                return
        raise AssertionError("no port is free for both UDP and TCP")

    @property
    def place(self) -> tuple[str, int]:
        """Host and port."""
        host, port = self._udp.getsockname()
        return str(host), int(port)

    def resolver(self) -> Resolver:
        """Return a resolver that asks this server alone."""
        found = Resolver(configure=False)
        found.nameservers = [Do53Nameserver(*self.place)]
        found.timeout = 0.5
        return found

    def __enter__(self) -> "NameServer":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        for one in (self._udp, self._tcp):
            # Wakes the thread that waits on it.
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(5)
        self._udp.close()
        self._tcp.close()

    def _serve_udp(self) -> None:
        while True:
            try:
                data, sender = self._udp.recvfrom(4096)
            except OSError:
                return
            if not data:
                return
            reply = self._reply(data, is_udp=True)
            if reply is not None:
                self._udp.sendto(reply, sender)

    def _serve_tcp(self) -> None:
        while True:
            try:
                line, _ = self._tcp.accept()
            except OSError:
                return
            with line:
                (length,) = struct.unpack("!H", line.recv(2))
                reply = self._reply(line.recv(length), is_udp=False)
                if reply is not None:
                    line.sendall(struct.pack("!H", len(reply)) + reply)

    def _reply(self, data: bytes, *, is_udp: bool) -> bytes | None:
        query = dns.message.from_wire(data)
        asked = query.question[0]
        kind = dns.rdatatype.to_text(asked.rdtype)
        name = asked.name.to_text(omit_final_dot=True)
        self.asked.append((name, kind))
        found = answer(self.zone, Question(kind, name.lower().rstrip(".")))  # type: ignore[arg-type]
        if found.said is Said.SILENT:
            return None
        return self._written(query, found, kind, is_udp=is_udp)

    def _written(
        self, query: dns.message.Message, found: Answer, kind: str, *, is_udp: bool
    ) -> bytes:
        reply = dns.message.make_response(query)
        reply.flags |= dns.flags.RA
        if found.said is Said.FAILED:
            reply.set_rcode(dns.rcode.SERVFAIL)
        if found.said is Said.MISSING:
            reply.set_rcode(dns.rcode.NXDOMAIN)
        if is_udp and any(len(value) > 400 for value in found.values):
            reply.flags |= dns.flags.TC
        elif found.values:
            name = query.question[0].name
            shown = [_zone_form(value, kind) for value in found.values]
            reply.answer.append(dns.rrset.from_text(name, 60, "IN", kind, *shown))
        return reply.to_wire()


def _zone_form(value: str, kind: str) -> str:
    if kind != "TXT":
        return value if kind in ("A", "AAAA") else f"{value.rstrip('.')}."
    parts = [value[n : n + 200] for n in range(0, len(value), 200)]
    return " ".join('"' + part.replace('"', '\\"') + '"' for part in parts)


@pytest.fixture
def serve_zone() -> Iterator[Callable[[Zone], NameServer]]:
    """Return the function that starts a name server for a zone."""
    running: list[NameServer] = []

    def start(zone: Zone) -> NameServer:
        running.append(NameServer(zone).__enter__())
        return running[-1]

    yield start
    for server in running:
        server.__exit__()


def told(found: Sequence[Diagnosis]) -> list[str]:
    """Return diagnoses in short: ``warning: …``."""
    return [f"{one.severity.name.lower()}: {one.message}" for one in found]


@pytest.fixture(name="told")
def _told() -> Callable[[Sequence[Diagnosis]], list[str]]:
    return told
