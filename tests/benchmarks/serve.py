"""The public pages under load: `python tests/benchmarks/serve.py [PART …]`.

Parts: archive, issue, leave, join; all of them unless some are named. One process of
`newsletter serve --no-worker`, 100 connections that stay open; each leaving and each
sign-up is a durable commit of its own answer. Beside it, in turn, the same server with
a bare Starlette application that answers with a page of the same size and stores
nothing.
"""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from urllib.request import urlopen

from dispatch_project import add_people
from dispatch_sink import run_sink
from rounds import Row, arguments, report

from newsletter.store.database import open_database
from newsletter.store.keys import open_keyring
from newsletter.tokens import Keyring, Purpose, sign

_HERE = Path(__file__).parent
_CONNECTIONS = 100
#: A form counts when it was shown so long ago.
_SHOWN_MS = 60_000
_SLUG = "2026-03"

_SETTINGS = """\
[newsletter]
name = "Nieuwsbrief"
sender = "Steunpunt <post@example.org>"
language = "nl"
address = "Steunpunt, Havenlaan 12, 3511 AB Utrecht"
base_url = "https://letter.example.org"

[lists.main]
title = "Nieuwsbrief"
public = true

[web]
trusted_hops = 1
joins_per_hour = 100000

[server]
host = "127.0.0.1"
port = {port}
security = "none"
limits = []
"""

_ISSUE = """\
---
subject: Wat er deze maand speelt
preheader: Wat de rechter deze maand besliste, en wat u kunt doen
date: 2026-03-01
---

## Nieuws

### Een bericht

Een alinea tekst zonder meer.
"""

#: A program of its own, so that nothing of ours is loaded.
_BARE = """
import sys, uvicorn
from starlette.applications import Starlette
from starlette.responses import HTMLResponse
from starlette.routing import Route
page = "x" * int(sys.argv[2])

async def answer(request):
    if request.method == "POST":
        await request.body()
    return HTMLResponse(page)

app = Starlette(routes=[Route("/{path:path}", answer, methods=["GET", "POST"])])
uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), http="h11", log_config=None,
            access_log=False, server_header=False)
"""


@dataclass(frozen=True, slots=True)
class Taken:
    """How a server answered."""

    statuses: Mapping[str, int]
    seconds: float
    p50: float
    p99: float

    @property
    def rate(self) -> float:
        """Answers a second."""
        return sum(self.statuses.values()) / self.seconds


@dataclass(frozen=True, slots=True)
class Place:
    """A project whose pages are served."""

    folder: Path
    keyring: Keyring
    port: int


#: The requests of a round: its number, how many -> bytes as they go over the line.
Requests = Callable[[Place, int, int], list[bytes]]


def main() -> None:
    """Measure and report."""
    parser = arguments("The public pages with 100 connections.")
    parser.set_defaults(rounds=3)
    parser.add_argument("part", nargs="*", metavar="PART", help=", ".join(PARTS))
    parser.add_argument("--requests", type=int, default=4000, help="a round")
    chosen = parser.parse_args()
    unknown = set(chosen.part) - set(PARTS)
    if unknown:
        parser.error(f"unknown part: {', '.join(sorted(unknown))}")
    rows: list[Row] = []
    with _place(chosen.rounds * chosen.requests) as place:
        for part in chosen.part or PARTS:
            rows += _measure(place, part, chosen.rounds, chosen.requests)
    report(rows, chosen.json)


def _measure(place: Place, part: str, rounds: int, count: int) -> list[Row]:
    size = _size_of_answer(place, PARTS[part](place, rounds, 1)[0])
    taken: dict[str, list[Taken]] = {"ours": [], "bare": []}
    with _bare(size) as bare:
        for number in range(rounds):
            requests = PARTS[part](place, number, count)
            for name, port in (("ours", place.port), ("bare", bare)):
                one = _ask(port, requests)
                if set(one.statuses) != {"200"}:
                    raise SystemExit(f"{part}, {name}: {dict(one.statuses)}")
                taken[name].append(one)
                sys.stderr.write(
                    f"{part}, round {number + 1}, {name}: {one.rate:,.0f} a second, "
                    f"half within {one.p50:.0f} ms, 99 of 100 within {one.p99:.0f}\n"
                )
    return [_row(part, taken["ours"], taken["bare"])]


def _row(part: str, ours: Sequence[Taken], bare: Sequence[Taken]) -> Row:
    times = [1000 / each.rate for each in ours]
    rate, p99 = (
        median(each.rate for each in ours),
        median(each.p99 for each in ours),
    )
    share = rate / median(each.rate for each in bare)
    name = f"{part} ({rate:,.0f} a second, p99 {p99:.0f} ms)"
    spread = (median(times), min(times), max(times))
    return Row(name, *spread, "a bare Starlette page", share, "times as fast")


# --- what is asked --------------------------------------------------------------------


def _get(path: str) -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: letter.example.org\r\n\r\n".encode()


def _post(path: str, body: str, network: int) -> bytes:
    head = [
        f"POST {path} HTTP/1.1",
        "Host: letter.example.org",
        f"X-Forwarded-For: {_address(network)}",
        "Content-Type: application/x-www-form-urlencoded",
        f"Content-Length: {len(body)}",
    ]
    return "\r\n".join([*head, "", body]).encode()


def _address(number: int) -> str:
    """Return an address in a public network of its own."""
    return f"{20 + number // 65536 % 100}.{number // 256 % 256}.{number % 256}.9"


def _leave(place: Place, number: int, count: int) -> list[bytes]:
    first = number * count + 1
    tokens = (
        sign(place.keyring, Purpose.UNSUBSCRIBE, person, 0)
        for person in range(first, first + count)
    )
    return [_post(f"/u/{one}", "List-Unsubscribe=One-Click", 1) for one in tokens]


def _join(place: Place, number: int, count: int) -> list[bytes]:
    shown = int(time.time() * 1000) - _SHOWN_MS
    token = sign(place.keyring, Purpose.FORM, shown)
    first = number * count
    return [
        _post("/join", f"email=new{one}%40example.net&list=main&shown={token}", one)
        for one in range(first, first + count)
    ]


PARTS: Mapping[str, Requests] = {
    "archive": lambda _, __, count: [_get("/")] * count,
    "issue": lambda _, __, count: [_get(f"/{_SLUG}/")] * count,
    "leave": _leave,
    "join": _join,
}


def _ask(port: int, requests: Sequence[bytes]) -> Taken:
    with tempfile.NamedTemporaryFile() as file:
        file.write(b"\0".join(requests))
        file.flush()
        script = str(_HERE / "serve_load.py")
        command = [sys.executable, script, str(port), str(_CONNECTIONS), file.name]
        return Taken(**json.loads(_run(command)))


def _size_of_answer(place: Place, request: bytes) -> int:
    """Return the size of one answer, which a bare page is to have as well."""
    method, path = request.split(b" ", 2)[:2]
    if method == b"POST":
        # Not asked: each of them may be asked once.
        path = b"/"
    with urlopen(f"http://127.0.0.1:{place.port}{path.decode()}") as answer:
        return len(answer.read())


# --- who answers ----------------------------------------------------------------------


@contextmanager
def _place(people: int) -> Iterator[Place]:
    with tempfile.TemporaryDirectory() as name, run_sink() as sink:
        folder = Path(name)
        (folder / "issues").mkdir()
        (folder / "issues" / f"{_SLUG}.md").write_text(_ISSUE, encoding="utf-8")
        settings = _SETTINGS.format(port=sink.port)
        (folder / "newsletter.toml").write_text(settings, encoding="utf-8")
        add_people(folder, people)
        wishes = ["--confirm", str(people), "--untested", "--skip-probe"]
        _run([*_COMMAND, "build", _SLUG, "--project", name])
        _run([*_COMMAND, "send", _SLUG, *wishes, "--project", name])
        with open_database("sqlite:///subscribers/newsletter.db", root=folder) as base:
            keyring = open_keyring(base, root=folder)
        serve = [*_COMMAND, "serve", "--no-worker", "--port", "0", "--project", name]
        with _running(serve) as process:
            yield Place(folder, keyring, _port_of(process))


_COMMAND = [sys.executable, "-c", "from newsletter.cli import main; main()"]


@contextmanager
def _bare(size: int) -> Iterator[int]:
    import socket

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    command = [sys.executable, "-c", _BARE, str(port), str(size)]
    with _running(command):
        _wait_for(port)
        yield port


@contextmanager
def _running(command: Sequence[str]) -> "Iterator[subprocess.Popen[str]]":
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.terminate()


def _port_of(process: "subprocess.Popen[str]") -> int:
    """Return the port that `serve` names in its first line."""
    line = process.stdout.readline() if process.stdout else ""
    port = int(line.rpartition(":")[2])
    _wait_for(port)
    return port


def _wait_for(port: int) -> None:
    end = time.monotonic() + 20
    while time.monotonic() < end:
        try:
            with urlopen(f"http://127.0.0.1:{port}/"):
                return
        except OSError:
            time.sleep(0.05)
    raise SystemExit("a server did not start.")


def _run(command: Sequence[str]) -> str:
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=600, check=False
    )
    if done.returncode:
        raise SystemExit(f"{' '.join(command)}:\n{done.stdout}{done.stderr}")
    return done.stdout


if __name__ == "__main__":
    main()
