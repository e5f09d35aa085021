"""A mail server in several processes that takes everything and only counts it.

The far end of `dispatch.py`, made to be no bottleneck: the processes share one port
(SO_REUSEPORT) and look at a mail only for its end. It speaks PIPELINING, and CHUNKING,
STARTTLS and a round trip of any length on request; loopback only, and whatever it takes
is gone. It ends when who started it does, or after `MOST_SECONDS`.
"""

import argparse
import asyncio
import mmap
import os
import socket
import ssl
import struct
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import cast

HOST = "127.0.0.1"
#: No benchmark takes so long; a sink that was forgotten ends by itself.
MOST_SECONDS = 3600
#: As Postfix announces it; real servers do, and clients then measure each mail.
_SIZE = 52_428_800
#: Bytes of a mail that may belong to its end: a dot line that comes in two parts.
_END_BYTES = 4
_COUNTER = struct.Struct("<Q")
_YES = b"250 2.0.0 Ok\r\n"
_GO_ON = b"354 End data with <CR><LF>.<CR><LF>\r\n"


@dataclass(frozen=True, slots=True)
class SinkOptions:
    """How a sink is to behave."""

    #: One leaves most of a small machine to the sender; two are never its bottleneck.
    processes: int = 2
    #: From a command to its reply, as if the network took so long.
    round_trip_seconds: float = 0.0
    has_pipelining: bool = True
    has_chunking: bool = False
    #: PEM file with key and certificate: STARTTLS is offered.
    certificate: Path | None = None
    #: Folder for the recipients of all mails, in the order of their final dots.
    records: Path | None = None


class Sink:
    """A running sink."""

    def __init__(self, port: int, counters: mmap.mmap, records: Path | None) -> None:
        self.port = port
        self._counters = counters
        self._records = records

    def received(self) -> int:
        """Return how many mails came, up to now."""
        return sum(value for (value,) in _COUNTER.iter_unpack(self._counters[:]))

    def recipients(self) -> Iterator[str]:
        """Yield the recipient of each mail that came; needs *records*."""
        for path in sorted(self._records.iterdir()) if self._records else ():
            with path.open(encoding="utf-8") as lines:
                yield from (line.rstrip("\n") for line in lines)


@contextmanager
def run_sink(options: SinkOptions | None = None) -> Iterator[Sink]:
    """Run a sink on a free port of this machine, in processes of its own."""
    options = options or SinkOptions()
    with socket.socket() as kept, tempfile.TemporaryFile() as file:
        # Held without listening, so that nobody else gets the port.
        kept.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        kept.bind((HOST, 0))
        port = kept.getsockname()[1]
        file.truncate(options.processes * _COUNTER.size)
        with mmap.mmap(file.fileno(), 0) as counters:
            started = [
                _start(number, port, file.fileno(), options)
                for number in range(options.processes)
            ]
            try:
                for process in started:
                    _wait_until_ready(process)
                yield Sink(port, counters, options.records)
            finally:
                for process in started:
                    process.communicate()


def _start(
    number: int, port: int, counters: int, options: SinkOptions
) -> "subprocess.Popen[bytes]":
    command = [sys.executable, __file__, str(port), str(counters), str(number)]
    command += [f"--round-trip={options.round_trip_seconds}"]
    command += ["--pipelining"] if options.has_pipelining else []
    command += ["--chunking"] if options.has_chunking else []
    command += [f"--certificate={options.certificate}"] if options.certificate else []
    command += [f"--records={options.records}"] if options.records else []
    return subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        pass_fds=[counters],
        # Ctrl-C is for the sender.
        start_new_session=True,
    )


def _wait_until_ready(process: "subprocess.Popen[bytes]") -> None:
    if process.stdout is None or process.stdout.readline() != b"ready\n":
        raise SystemExit("The sink did not start.")


# --- in each process ------------------------------------------------------------------


class _Session(asyncio.Protocol):
    """One connection: commands, a mail, commands …; replies leave together."""

    def __init__(self, sink: "_Process") -> None:
        self.sink = sink
        self.rest = b""
        self.is_mail = False
        #: Bytes of a chunk (BDAT) that are still to come, and its reply after them.
        self.chunk_bytes = 0
        self.is_last_chunk = False
        self.recipient = b""
        self.transport: asyncio.WriteTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        is_new = self.transport is None
        # Not by isinstance: uvloop's transports are none of asyncio's (0.22).
        self.transport = cast(asyncio.WriteTransport, transport)
        if is_new:
            self.say(b"220 sink.example.test ESMTP\r\n")

    def say(self, reply: bytes) -> None:
        """Answer now, or when the round trip is over."""
        transport = self.transport
        if transport is None:
            return
        if not self.sink.round_trip_seconds:
            transport.write(reply)
            return
        loop = asyncio.get_running_loop()
        loop.call_later(self.sink.round_trip_seconds, transport.write, reply)

    def data_received(self, data: bytes) -> None:
        data, self.rest = self.rest + data, b""
        replies: list[bytes] = []
        at = 0
        while 0 <= at < len(data):
            if self.chunk_bytes:
                at = self.skip_chunk(data, at, replies)
            elif self.is_mail:
                at = self.find_end(data, at, replies)
            else:
                at = self.read_command(data, at, replies)
        if replies:
            self.say(b"".join(replies))

    def find_end(self, data: bytes, at: int, replies: list[bytes]) -> int:
        """Return where the mail is over, or -1 when its end is still to come."""
        # The line end of DATA or of the last line stands before *at*. Looking for the
        # dot alone is ten times faster than for the line end before it, too.
        end = data.find(b".\r\n", at)
        while end >= 0:
            if data[end - 2 : end] == b"\r\n":
                self.is_mail = False
                self.take(replies)
                return end + 3
            end = data.find(b".\r\n", end + 3)
        self.rest = data[max(at - 2, len(data) - _END_BYTES) :]
        return -1

    def skip_chunk(self, data: bytes, at: int, replies: list[bytes]) -> int:
        """Return where the chunk ends, as far as it came."""
        here = min(self.chunk_bytes, len(data) - at)
        self.chunk_bytes -= here
        if not self.chunk_bytes:
            self.end_chunk(replies)
        return at + here

    def end_chunk(self, replies: list[bytes]) -> None:
        """Answer a chunk that is all there."""
        if self.is_last_chunk:
            self.take(replies)
        else:
            replies.append(_YES)

    def take(self, replies: list[bytes]) -> None:
        """Count the mail, and promise to keep it."""
        self.sink.count(self.recipient)
        replies.append(_YES)

    def read_command(self, data: bytes, at: int, replies: list[bytes]) -> int:
        """Return where the next command begins, or -1 when this one is not all here."""
        end = data.find(b"\r\n", at)
        if end < 0:
            self.rest = data[at:]
            return -1
        line, at = data[at:end], end + 2
        word = line[:4].upper()
        if word in (b"MAIL", b"RSET", b"NOOP"):
            replies.append(_YES)
        elif word == b"RCPT":
            self.recipient = line.partition(b"<")[2].partition(b">")[0]
            replies.append(_YES)
        elif word == b"DATA":
            self.is_mail = True
            replies.append(_GO_ON)
            if at == len(data):
                # A mail may begin with its end; `find_end` wants to see this line's.
                self.rest = b"\r\n"
        elif word == b"BDAT":
            self.begin_chunk(line, replies)
        else:
            self.obey(word, replies)
        return at

    def begin_chunk(self, line: bytes, replies: list[bytes]) -> None:
        """Note how long a chunk is, and whether it is the last one."""
        words = line.split()
        self.chunk_bytes, self.is_last_chunk = int(words[1]), len(words) > 2
        if not self.chunk_bytes:
            self.end_chunk(replies)

    def obey(self, word: bytes, replies: list[bytes]) -> None:
        """Do what is asked once per connection."""
        if word in (b"EHLO", b"HELO"):
            replies.append(self.sink.offers(is_tls=self.is_tls()))
        elif word == b"QUIT":
            self.say(b"".join([*replies, b"221 2.0.0 Bye\r\n"]))
            replies.clear()
            self.hang_up()
        elif word == b"STAR" and self.sink.tls:
            self.say(b"220 2.0.0 Ready\r\n")
            self.sink.keep(asyncio.ensure_future(self.start_tls(self.sink.tls)))
        else:
            replies.append(b"502 5.5.1 Not here\r\n")

    def is_tls(self) -> bool:
        """Tell whether this connection is encrypted."""
        transport = self.transport
        return transport is not None and bool(transport.get_extra_info("sslcontext"))

    async def start_tls(self, context: ssl.SSLContext) -> None:
        """Go on in TLS."""
        transport = self.transport
        if transport is None:
            return
        # The answer must be out before the handshake; it is small.
        await asyncio.sleep(self.sink.round_trip_seconds)
        loop = asyncio.get_running_loop()
        secure = await loop.start_tls(transport, self, context, server_side=True)
        self.transport = secure

    def hang_up(self) -> None:
        """Close, after what is still to be said."""
        if self.transport is not None:
            loop = asyncio.get_running_loop()
            loop.call_later(self.sink.round_trip_seconds, self.transport.close)


class _Process:
    """What the connections of one process share."""

    def __init__(self, chosen: argparse.Namespace) -> None:
        self.round_trip_seconds: float = chosen.round_trip
        self.tls = _tls(chosen.certificate)
        self._offers = [f"SIZE {_SIZE}", "8BITMIME", "SMTPUTF8", "ENHANCEDSTATUSCODES"]
        self._offers += ["PIPELINING"] if chosen.pipelining else []
        self._offers += ["CHUNKING"] if chosen.chunking else []
        counters = memoryview(mmap.mmap(chosen.counters, 0)).cast("Q")
        self._counters, self._number = counters, chosen.number
        self._record = _open_record(chosen.records, chosen.number)
        self._tasks: set[asyncio.Future[None]] = set()

    def offers(self, *, is_tls: bool) -> bytes:
        """Return the reply to EHLO."""
        offers = ["sink.example.test", *self._offers]
        offers += ["STARTTLS"] if self.tls and not is_tls else []
        lines = [f"250-{offer}\r\n" for offer in offers[:-1]]
        return "".join([*lines, f"250 {offers[-1]}\r\n"]).encode()

    def count(self, recipient: bytes) -> None:
        """Write down that a mail came."""
        self._counters[self._number] += 1
        if self._record is not None:
            os.write(self._record, recipient + b"\n")

    def keep(self, task: "asyncio.Future[None]") -> None:
        """Hold on to *task* until it is done."""
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def serve(self, port: int) -> None:
        """Take mail until the standard input ends."""
        loop = asyncio.get_running_loop()
        is_over = asyncio.Event()

        def watch() -> None:
            sys.stdin.buffer.read()
            loop.call_soon_threadsafe(is_over.set)

        threading.Thread(target=watch, daemon=True).start()
        server = await loop.create_server(
            lambda: _Session(self), HOST, port, reuse_port=True, backlog=1024
        )
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        async with server, asyncio.timeout(MOST_SECONDS):
            await is_over.wait()
            # Not waiting for those who never say goodbye.
            os._exit(0)


def _tls(certificate: Path | None) -> ssl.SSLContext | None:
    if certificate is None:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


def _open_record(folder: Path | None, number: int) -> int | None:
    if folder is None:
        return None
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
    return os.open(folder / f"{number}.txt", flags, 0o600)


def main() -> None:
    """Be one process of a sink; started by `run_sink`."""
    parser = argparse.ArgumentParser(description="One process of a mail sink.")
    parser.add_argument("port", type=int)
    parser.add_argument("counters", type=int, help="descriptor of the counters")
    parser.add_argument("number", type=int)
    parser.add_argument("--round-trip", type=float, default=0.0)
    parser.add_argument("--pipelining", action="store_true")
    parser.add_argument("--chunking", action="store_true")
    parser.add_argument("--certificate", type=Path)
    parser.add_argument("--records", type=Path)
    chosen = parser.parse_args()
    process = _Process(chosen)
    try:
        import uvloop
    except ImportError:
        asyncio.run(process.serve(chosen.port))
    else:
        uvloop.run(process.serve(chosen.port))


if __name__ == "__main__":
    main()
