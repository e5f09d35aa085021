"""Many readers at once: `python serve_load.py PORT CONNECTIONS FILE`, by `serve.py`.

Each connection stays open and asks one thing after the other; FILE holds the requests
as they go over the line, NUL between them. Prints one JSON object: how many answers of
which status there were, the seconds it took, and the milliseconds of single answers.
"""

import asyncio
import json
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

HOST = "127.0.0.1"
#: Whatever happens, it ends.
_MOST_SECONDS = 300


class _Reader(asyncio.Protocol):
    """One connection: asks, waits for the whole answer, asks again."""

    def __init__(self, load: "_Load") -> None:
        self._load = load
        self._transport: asyncio.WriteTransport | None = None
        self._answer = b""
        self._asked_at = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]
        self._ask()

    def data_received(self, data: bytes) -> None:
        self._answer += data
        head, found, body = self._answer.partition(b"\r\n\r\n")
        if found and len(body) >= _content_length(head):
            self._load.note(head, time.perf_counter() - self._asked_at)
            self._answer = b""
            self._ask()

    def connection_lost(self, exc: Exception | None) -> None:
        self._load.note_end()

    def _ask(self) -> None:
        request = next(self._load.requests, None)
        if self._transport is None:
            return
        if request is None:
            self._transport.close()
            return
        self._asked_at = time.perf_counter()
        self._transport.write(request)


class _Load:
    """What all connections share."""

    def __init__(self, requests: Iterator[bytes], connections: int) -> None:
        self.requests = requests
        self.statuses: Counter[str] = Counter()
        self.seconds: list[float] = []
        self._open = connections
        self.is_over = asyncio.Event()

    def note(self, head: bytes, seconds: float) -> None:
        self.statuses[head[9:12].decode()] += 1
        self.seconds.append(seconds)

    def note_end(self) -> None:
        self._open -= 1
        if not self._open:
            self.is_over.set()


def _content_length(head: bytes) -> int:
    _, _, rest = head.lower().partition(b"\r\ncontent-length:")
    return int(rest.partition(b"\r\n")[0])


async def _run(
    port: int, connections: int, requests: Sequence[bytes]
) -> dict[str, object]:
    load = _Load(iter(requests), connections)
    loop = asyncio.get_running_loop()
    began = time.perf_counter()
    async with asyncio.timeout(_MOST_SECONDS):
        for _ in range(connections):
            await loop.create_connection(lambda: _Reader(load), HOST, port)
        await load.is_over.wait()
    took = time.perf_counter() - began
    times = sorted(load.seconds)
    return {
        "statuses": load.statuses,
        "seconds": took,
        "p50": times[len(times) // 2] * 1000,
        "p99": times[int(len(times) * 0.99)] * 1000,
    }


def main() -> None:
    """Ask, and tell how it went."""
    port, connections = int(sys.argv[1]), int(sys.argv[2])
    requests = Path(sys.argv[3]).read_bytes().split(b"\0")
    try:
        import uvloop
    except ImportError:
        result = asyncio.run(_run(port, connections, requests))
    else:
        result = uvloop.run(_run(port, connections, requests))
    sys.stdout.write(json.dumps(result))


if __name__ == "__main__":
    main()
