"""Whole dispatches to a sink: `python tests/benchmarks/dispatch.py [PART …]`.

Parts: rates (against others who send), dkim, latency, scale, memory; all of them unless
some are named. Ours is what `send` does after the hold: personal mails with signed
tokens, a ledger with synchronous=FULL, one process. Loopback only; every process ends
by itself.
"""

import json
import re
import shutil
import subprocess
import sys
import tempfile
import time
import venv
from argparse import Namespace
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from statistics import median

from dispatch_project import add_people, compile_mail, write_settings
from dispatch_sink import HOST, Sink, SinkOptions, run_sink
from rounds import Row, arguments, report

from newsletter.messages.personalise import personalise

_HERE = Path(__file__).parent
#: Personal mails of this size, as in the measurements our figures come from.
_BYTES = 38_000
_CONNECTIONS = 50
#: As many as the settings allow; the sink would take more.
_MESSAGES_PER_CONNECTION = 10_000
_ROUND_TRIP_SECONDS = 0.05
#: Mails on their way on each connection, by BDAT.
_WINDOW = 4
_SIZES = (10_000, 100_000, 1_000_000)
#: Of a mail when a million of them are sent: what is looked at is memory.
_SMALL_BYTES = 1
#: What is measured in seconds is stopped after so many.
_SCALE_SECONDS = 5.0
#: No single process takes longer.
_MOST_SECONDS = 900


@dataclass(frozen=True, slots=True)
class Taken:
    """What one process took for its mails."""

    messages: int
    seconds: float
    cpu_seconds: float = 0.0
    freeze_seconds: float = 0.0
    claim_seconds: float = 0.0
    status_seconds: float = 0.0
    peak_mb: float = 0.0

    @property
    def milliseconds(self) -> float:
        """For a thousand mails."""
        return self.seconds * 1e6 / self.messages

    @property
    def rate(self) -> float:
        """Mails a second."""
        return self.messages / self.seconds


Work = Callable[[], Taken]


def main() -> None:
    """Measure and report."""
    parser = arguments("Whole dispatches against a strong sink.")
    parser.set_defaults(rounds=3)
    parser.add_argument("part", nargs="*", metavar="PART", help=", ".join(PARTS))
    parser.add_argument("--mails", type=int, default=20_000, help="of ours, a round")
    parser.add_argument(
        "--peers",
        action="store_true",
        help="install django and mailmerge into a throw-away environment, too",
    )
    parser.add_argument("--most", type=int, default=max(_SIZES), help="recipients")
    chosen = parser.parse_args()
    unknown = set(chosen.part) - set(PARTS)
    if unknown:
        parser.error(f"unknown part: {', '.join(sorted(unknown))}")
    rows: list[Row] = []
    for name in chosen.part or PARTS:
        rows += PARTS[name](chosen)
    report(rows, chosen.json)


# --- parts ----------------------------------------------------------------------------


def measure_rates(chosen: Namespace) -> list[Row]:
    """Ours, with asyncio and uvloop, against others, all with 50 connections or one."""
    options = SinkOptions(has_chunking=True)
    with (
        _project() as folder,
        run_sink(options) as sink,
        _peers(chosen.peers) as python,
    ):
        add_people(folder, chosen.mails)
        mail = _write_mail(folder)
        work = _both_ways(folder, sink) | _prepared(mail, sink, chosen.mails)
        work |= _composing(mail, sink, python) if python else {}
        taken = _measure(work, chosen.rounds)
    others = [name for name in taken if not name.startswith("ours")]
    rows = [
        _faster(f"{ours}: 1,000 mails", taken[ours], name, taken[name], _wanted(name))
        for ours in taken
        if ours.startswith("ours")
        for name in others
    ]
    return rows + [_row(name, each) for name, each in taken.items()]


def measure_dkim(chosen: Namespace) -> list[Row]:
    """RSA-2048 by ours, the sink on one core, against openssl on three."""
    if shutil.which("openssl") is None:
        return _skip("dkim", "openssl is not installed")
    with _project() as folder, run_sink(SinkOptions(processes=1)) as sink:
        add_people(folder, chosen.mails // 2)
        file = folder / "subscribers" / "dkim.key"
        _run(["openssl", "genrsa", "-out", str(file), "2048"])
        file.chmod(0o600)
        key = {"domain": "example.org", "selector": "s1", "key": "subscribers/dkim.key"}
        write_settings(folder, _server(sink), key)
        work = _ours(folder, sink) | {"openssl": _sign_with_openssl}
        taken = _measure(work, chosen.rounds)
    peer = "openssl speed -multi 3 rsa2048"
    rows = []
    for name in (name for name in taken if name.startswith("ours")):
        share = median(each.rate for each in taken[name]) / median(
            each.rate for each in taken["openssl"]
        )
        line = _row(f"{name}, RSA-2048: 1,000 mails", taken[name])
        wanted = "at least 0.5, aim 0.8"
        spread = (line.milliseconds, line.fastest, line.slowest)
        rows.append(Row(line.work, *spread, peer, share, "times as fast", wanted))
    return [*rows, _row(peer, taken["openssl"])]


def measure_latency(chosen: Namespace) -> list[Row]:
    """Ours and sendmail with equal connections, 50 ms away."""
    delay = _ROUND_TRIP_SECONDS
    options = SinkOptions(round_trip_seconds=delay, has_chunking=True)
    with _project() as folder, run_sink(options) as sink:
        add_people(folder, min(chosen.mails, 8000))
        mail = _write_mail(folder)
        work = _both_ways(folder, sink)
        work["sendmail"] = _peer("sendmail", mail, sink, 1500, connections=_CONNECTIONS)
        taken = _measure(work, chosen.rounds)
    wanted = "at least 3.5 times, aim 14 (BDAT)"
    return [
        _faster(
            f"{name}, 50 ms away", taken[name], "sendmail", taken["sendmail"], wanted
        )
        for name in taken
        if name.startswith("ours")
    ] + [_row("sendmail, 50 ms away", taken["sendmail"])]


def measure_scale(chosen: Namespace) -> list[Row]:
    """What one mail costs when there are many recipients, and what a look costs."""
    rows = []
    for people in (size for size in _SIZES if size <= chosen.most):
        with _project() as folder, run_sink() as sink:
            add_people(folder, people)
            write_settings(folder, _server(sink))
            options = ["--seconds", str(_SCALE_SECONDS), "--look"]
            taken = _send(folder, sink, *options)
        of = f"of {people:,}"
        wanted = "the same for each size"
        rows += [
            _row(f"1,000 mails {of} recipients", [taken], wanted),
            _seconds_row(f"claim a batch {of}", taken.claim_seconds, wanted),
            _seconds_row(f"read the status {of}", taken.status_seconds, ""),
            _seconds_row(
                f"freeze a dispatch {of}, each 1,000",
                taken.freeze_seconds * 1000 / people,
                wanted,
            ),
        ]
    return rows


def measure_memory(chosen: Namespace) -> list[Row]:
    """The most memory the process has while it sends to very many."""
    rows = []
    for people in (size for size in _SIZES if size <= chosen.most):
        with _project() as folder, run_sink() as sink:
            add_people(folder, people)
            write_settings(folder, _server(sink))
            taken = _send(folder, sink, "--bytes", str(_SMALL_BYTES))
        name = f"{taken.messages:,} small mails, most memory {taken.peak_mb:.0f} MB"
        rows.append(_row(name, [taken], "at most 200 MB, aim 100, flat"))
    return rows


PARTS: Mapping[str, Callable[[Namespace], list[Row]]] = {
    "rates": measure_rates,
    "dkim": measure_dkim,
    "latency": measure_latency,
    "scale": measure_scale,
    "memory": measure_memory,
}


# --- work -----------------------------------------------------------------------------


def _ours(folder: Path, sink: Sink) -> dict[str, Work]:
    work: dict[str, Work] = {
        "ours, asyncio": lambda: _send(folder, sink, "--loop", "asyncio")
    }
    if _has_uvloop():
        work["ours, uvloop"] = lambda: _send(folder, sink, "--loop", "uvloop")
    else:
        _skip("uvloop", "it is not installed (extra fast)")
    return work


def _both_ways(folder: Path, sink: Sink) -> dict[str, Work]:
    """Return ours by DATA, and the last of them by BDAT, too."""
    ours = _ours(folder, sink)
    by_data: dict[str, Work] = {
        name: partial(_with_window, folder, sink, 1, call)
        for name, call in ours.items()
    }
    name, call = list(ours.items())[-1]
    return by_data | {
        f"{name}, BDAT": partial(_with_window, folder, sink, _WINDOW, call)
    }


def _with_window(folder: Path, sink: Sink, window: int, call: Work) -> Taken:
    write_settings(folder, _server(sink) | {"window": window})
    return call()


def _prepared(mail: Path, sink: Sink, mails: int) -> dict[str, Work]:
    """Return the peers that are given finished bytes."""
    many, few = _CONNECTIONS, mails // 8
    work = {
        "sendmail": _peer("sendmail", mail, sink, few, connections=many),
        "smtplib": _peer("smtplib", mail, sink, few),
    }
    if shutil.which("smtp-source"):
        work["smtp-source"] = lambda: _smtp_source(sink, mails)
    else:
        _skip("smtp-source", "Postfix is not installed")
    return work


def _composing(mail: Path, sink: Sink, python: Path) -> dict[str, Work]:
    """Return the peers that make each mail, with a number they do in seconds."""
    return {
        "django": _peer("django", mail, sink, 1000, python=python),
        "mailmerge": _peer("mailmerge", mail, sink, 200, python=python),
    }


def _send(folder: Path, sink: Sink, *options: str) -> Taken:
    before = sink.received()
    script = str(_HERE / "dispatch_ours.py")
    taken = Taken(**json.loads(_run([sys.executable, script, str(folder), *options])))
    came = sink.received() - before
    if came != taken.messages:
        raise SystemExit(f"{taken.messages} mails were sent, {came} came.")
    return taken


def _peer(
    name: str,
    mail: Path,
    sink: Sink,
    count: int,
    *,
    connections: int = 1,
    python: Path = Path(sys.executable),
) -> Work:
    script = str(_HERE / "dispatch_peers.py")
    numbers = [str(sink.port), str(count), str(mail), f"--connections={connections}"]
    return lambda: Taken(**json.loads(_run([str(python), script, name, *numbers])))


def _smtp_source(sink: Sink, count: int) -> Taken:
    began = time.perf_counter()
    numbers = ["-s", str(_CONNECTIONS), "-m", str(count), "-l", str(_BYTES)]
    _run(["smtp-source", *numbers, f"{HOST}:{sink.port}"])
    return Taken(count, time.perf_counter() - began)


def _sign_with_openssl() -> Taken:
    command = ["openssl", "speed", "-multi", "3", "-seconds", "3", "rsa2048"]
    # Seconds of a signature and of a look at it, then how many a second.
    found = re.search(
        r"^rsa\s+2048 bits(?:\s+[\d.]+s)+\s+([\d.]+)", _run(command), re.M
    )
    if found is None:
        raise SystemExit("openssl speed said something else than it used to.")
    return Taken(messages=int(float(found[1])), seconds=1.0)


def _measure(work: Mapping[str, Work], rounds: int) -> dict[str, list[Taken]]:
    taken: dict[str, list[Taken]] = {name: [] for name in work}
    for number in range(rounds):
        for name, call in work.items():
            taken[name].append(call())
            one = taken[name][-1]
            cpu = f", {one.cpu_seconds * 1e6 / one.messages:.0f} us of CPU each"
            _say(
                f"round {number + 1}: {name}: {one.rate:,.0f} a second"
                f"{cpu if one.cpu_seconds else ''}"
            )
    return taken


def _run(command: Sequence[str]) -> str:
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=_MOST_SECONDS, check=False
    )
    if done.returncode:
        raise SystemExit(f"{' '.join(command)}:\n{done.stdout}{done.stderr}")
    return done.stdout


# --- what they need -------------------------------------------------------------------


@contextmanager
def _project() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as name:
        yield Path(name)


def _server(sink: Sink) -> dict[str, object]:
    return {
        "port": sink.port,
        "security": "none",
        "connections": _CONNECTIONS,
        "messages_per_connection": _MESSAGES_PER_CONNECTION,
    }


def _write_mail(folder: Path) -> Path:
    """Write one of our mails to a file, for those who are given finished bytes."""
    message = personalise(
        compile_mail(_BYTES),
        email="reader1@example.org",
        fields={"first_name": "Anna"},
        unsubscribe_token="t" * 40,
        message_token="m" * 40,
        preferences_token="p" * 38,
        sent_at=datetime.now(UTC),
    )
    file = folder / "mail.eml"
    file.write_bytes(message.data)
    return file


@contextmanager
def _peers(is_wanted: bool) -> Iterator[Path | None]:
    """Give the Python of a throw-away environment with django and mailmerge."""
    if not is_wanted:
        _skip("django and mailmerge", "--peers installs them")
        yield None
        return
    with tempfile.TemporaryDirectory() as name:
        venv.create(name, with_pip=True)
        python = Path(name) / "bin" / "python"
        _run([str(python), "-m", "pip", "install", "--quiet", "django", "mailmerge"])
        yield python


def _has_uvloop() -> bool:
    return find_spec("uvloop") is not None


# --- rows -----------------------------------------------------------------------------


def _row(work: str, taken: Sequence[Taken], wanted: str = "") -> Row:
    times = [each.milliseconds for each in taken]
    rate = median(each.rate for each in taken)
    name = f"{work} ({rate:,.0f} a second)"
    return Row(name, median(times), min(times), max(times), wanted=wanted)


def _seconds_row(work: str, seconds: float, wanted: str) -> Row:
    return Row(work, seconds * 1000, seconds * 1000, seconds * 1000, wanted=wanted)


def _faster(
    work: str, ours: Sequence[Taken], peer: str, theirs: Sequence[Taken], wanted: str
) -> Row:
    times = [each.milliseconds for each in ours]
    ratio = median(each.milliseconds for each in theirs) / median(times)
    spread = (median(times), min(times), max(times))
    return Row(work, *spread, peer, ratio, "times faster", wanted)


def _wanted(peer: str) -> str:
    return "at least 8 times, aim 14" if peer == "sendmail" else ""


def _skip(what: str, reason: str) -> list[Row]:
    _say(f"skipped: {what}: {reason}")
    return []


def _say(line: str) -> None:
    sys.stderr.write(f"{line}\n")


if __name__ == "__main__":
    main()
