"""100,000 readers, killed three times: `python tests/benchmarks/dispatch_killed.py`.

All by the commands a new user types: init, import, test, send, resume, status. The sink
keeps its own record of who got a mail; at the end everybody must be in it, and whoever
is in it twice must have been named as unknown before the editor sent it again.
"""

import json
import signal
import subprocess
import sys
import tempfile
import time
from argparse import ArgumentParser, Namespace
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random

from dispatch_sink import Sink, SinkOptions, run_sink

_COMMAND = [sys.executable, "-c", "from newsletter.cli import main; main()"]
_MOST_SECONDS = 900
#: A line has one mail on its way, and perhaps the next one behind it.
_DOUBTFUL = 2
_EDITOR = "editor@example.org"
_SETTINGS = """\
[newsletter]
name = "Many readers"
sender = "Many readers <letter@example.org>"
address = "Harbour Street 1, Utrecht"

[fields.first_name]
type = "text"

[server]
host = "127.0.0.1"
port = {port}
security = "none"
connections = {connections}
messages_per_connection = 1000
"""
_ISSUE = """\
---
subject: {{ first_name or "Reader" }}, this month's news
preheader: What the judges found this month, and where to go
date: 2099-01-05
---

Dear {{ first_name or "reader" }},

## News

### A bed for every family

The city must decide anew about the shelter of a family with three children.
"""


@dataclass(frozen=True, slots=True)
class Project:
    """A project folder, and the commands typed in it."""

    folder: Path

    def start(self, *words: str) -> "subprocess.Popen[str]":
        """Start a command."""
        command = [*_COMMAND, *words, "--project", str(self.folder)]
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, *words: str, fine: tuple[int, ...] = (0,)) -> str:
        """Run a command to its end; return what it said."""
        began = time.perf_counter()
        with self.start(*words) as process:
            said, _ = process.communicate(timeout=_MOST_SECONDS)
        if process.returncode not in fine:
            raise SystemExit(f"newsletter {' '.join(words)}:\n{said}")
        tell(f"newsletter {' '.join(words)}: {time.perf_counter() - began:.1f} s")
        return said


def main() -> None:
    """Send, kill, resume, and count."""
    parser = ArgumentParser(description="A dispatch that is killed and resumed.")
    parser.add_argument("--people", type=int, default=100_000)
    parser.add_argument("--kills", type=int, default=3)
    parser.add_argument("--connections", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        records = Path(name) / "records"
        records.mkdir()
        with run_sink(SinkOptions(records=records)) as sink:
            _prove(chosen, Path(name) / "letter", sink)


def _prove(chosen: Namespace, folder: Path, sink: Sink) -> None:
    project = Project(folder)
    _prepare(project, chosen, sink)
    random = Random(chosen.seed)  # noqa: S311 - the same moments in each run
    share = chosen.people // (chosen.kills + 1)
    command = ["send", "--confirm", str(chosen.people)]
    for number in range(1, chosen.kills + 1):
        moment = share * number + random.randrange(-share // 3, share // 3)
        _kill_at(project, command, moment, sink)
        command = ["resume"]
    project.run("resume", fine=(0, 1))
    found = json.loads(project.run("status", "--unknown", "--json", fine=(0, 1)))
    named = {one["email"] for one in found["unknown_recipients"]}
    once = _count(sink)
    _require(found["state"] == "done", f"the dispatch is {found['state']}")
    _require(max(once.values()) == 1, "somebody got it twice by itself")
    most = _DOUBTFUL * chosen.connections * chosen.kills
    _require(len(named) <= most, f"{len(named)} are unknown, more than {most}")
    missing = _people(chosen.people) - once.keys()
    _require(missing <= named, "somebody got nothing and is not named")
    tell(
        f"{sum(once.values()):,} mails to {len(once):,} people; {len(named)} unknown "
        f"are named, of whom {len(missing)} got nothing; nobody got it twice"
    )
    if named:
        project.run("resume", "--unknown")
    twice = _count(sink)
    _require(twice.keys() == _people(chosen.people), "somebody still has nothing")
    again = {address for address, times in twice.items() if times > 1}
    _require(again == named - missing, "somebody who was not unknown got it twice")
    tell(
        f"after resume --unknown: {len(twice):,} distinct people have it; "
        f"{len(again)} of the unknown have it twice, by the editor's word"
    )


def _prepare(project: Project, chosen: Namespace, sink: Sink) -> None:
    project.folder.mkdir()
    (project.folder / "issues").mkdir()
    settings = _SETTINGS.format(port=sink.port, connections=chosen.connections)
    (project.folder / "newsletter.toml").write_text(settings, encoding="utf-8")
    (project.folder / "issues" / "2099-01.md").write_text(_ISSUE, encoding="utf-8")
    rows = "".join(f"{one},Reader\n" for one in sorted(_people(chosen.people)))
    file = project.folder / "readers.csv"
    file.write_text(f"email,first_name\n{rows}", encoding="utf-8")
    project.run("subscribers", "import", str(file))
    project.run("test", "--to", _EDITOR)


def _kill_at(project: Project, words: list[str], mails: int, sink: Sink) -> None:
    """Start a command, and kill -9 it when the sink has so many mails."""
    began = time.perf_counter()
    with project.start(*words) as process:
        _wait(lambda: sink.received() >= mails or process.poll() is not None)
        process.kill()
        process.communicate()
    seconds = time.perf_counter() - began
    _require(process.returncode == -signal.SIGKILL, "it ended before it was killed")
    tell(
        f"newsletter {' '.join(words)}: killed after {seconds:.1f} s, "
        f"{sink.received():,} mails so far"
    )


def _wait(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + _MOST_SECONDS
    while not holds():
        if time.monotonic() > end:
            raise SystemExit("It took too long.")
        time.sleep(0.002)


def _people(count: int) -> set[str]:
    return {f"reader{number}@example.org" for number in range(1, count + 1)}


def _count(sink: Sink) -> Counter[str]:
    """Return how often each reader got the mail, by the record of the sink."""
    # A sender that was killed may have left bytes that still come in.
    time.sleep(0.5)
    counted = Counter(sink.recipients())
    del counted[_EDITOR]
    return counted


def _require(holds: bool, otherwise: str) -> None:
    if not holds:
        raise SystemExit(f"FAILED: {otherwise}.")


def tell(line: str) -> None:
    """Say how far it is."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
