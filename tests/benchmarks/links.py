"""A thousand links of two hundred slow sites: `python tests/benchmarks/links.py PEER`.

PEER is the program of LinkChecker, from a virtual environment of its own. Both check
the same addresses in turn, each as a process of its own, with their own defaults; ours
also reads pages for soft 404s and anchors, and asks what fails a second time.
"""

import asyncio
import json
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from ipaddress import ip_network
from pathlib import Path
from statistics import median

from link_sites import LATENCY_SECONDS, Sites, run_sites
from rounds import Row, arguments, report

#: LinkChecker takes 45 s; what takes so long is not worth waiting for.
_MOST_SECONDS = 600
_MOST_AT_ONCE = 4
#: As in the measurements our figures come from: one link in fifty is dead.
_GONE_SHARE = 0.02
_WANTED = "at least 15 times, aim 24"

_SETTINGS = """\
[newsletter]
name = "Many links"
sender = "Many links <letter@example.org>"
address = "Harbour Street 1, Utrecht"
"""
_HEAD = """\
---
subject: A thousand links of two hundred sites
preheader: More than any newsletter has, to see how long it takes to ask for each
date: 2099-01-05
---

"""


@dataclass(frozen=True, slots=True)
class Taken:
    """What one process took."""

    seconds: float
    megabytes: float
    said: str


@dataclass(frozen=True, slots=True)
class Work:
    """What is measured."""

    name: str
    urls: Sequence[str]
    #: How many of them do not exist.
    gone: int
    wanted: str = ""


def main() -> None:
    """Measure and report."""
    parser = arguments("A thousand links of two hundred sites, against LinkChecker.")
    parser.set_defaults(rounds=1)
    parser.add_argument("--links", type=int, default=1000, help="default: %(default)s")
    parser.add_argument(
        "peer",
        nargs="?",
        type=Path,
        help="the linkchecker program; without it only ours is measured",
    )
    parser.add_argument("--ask", type=Path, help="(ours, as a process of its own)")
    chosen = parser.parse_args()
    if chosen.ask:
        _ask(chosen.ask)
        return
    if chosen.peer is None:
        sys.stdout.write("LinkChecker is not named: no ratio is measured.\n")
    report(_measure(chosen.links, chosen.peer, chosen.rounds), chosen.json)


def _measure(links: int, peer: Path | None, rounds: int) -> list[Row]:
    rows, gone = [], int(links * _GONE_SHARE)
    with run_sites(LATENCY_SECONDS) as sites:
        for dead in (0, gone):
            name = f"{links} links after 100-300 ms, {dead} of them dead"
            work = Work(name, sites.urls(links, gone=dead), dead, _WANTED)
            rows += _compare(work, sites, peer, rounds)
        rows += _measure_command(sites.urls(links, gone=gone), sites)
    with run_sites((0, 0)) as sites:
        name = f"{links} links at once, {gone} of them dead"
        work = Work(name, sites.urls(links, gone=gone), gone)
        return rows + _compare(work, sites, peer, rounds)


def _compare(work: Work, sites: Sites, peer: Path | None, rounds: int) -> list[Row]:
    ours: list[Taken] = []
    theirs: list[Taken] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        # LinkChecker gives up the rights of an administrator before it reads.
        folder.chmod(0o755)
        listed, page = folder / "urls.json", folder / "links.html"
        listed.write_text(json.dumps(work.urls), encoding="utf-8")
        page.write_text("".join(f'<a href="{u}">x</a>\n' for u in work.urls), "utf-8")
        for _ in range(rounds):
            ours.append(_run([sys.executable, __file__, "--ask", str(listed)]))
            most = _tell("ours", ours[-1], sites)
            _require_truth(ours[-1].said, work, most)
            if peer is not None:
                command = [str(peer), "--no-status", "--check-extern", str(page)]
                theirs.append(_run(command, fine={1}))
                _tell("LinkChecker", theirs[-1], sites)
    inner = [json.loads(one.said)["seconds"] for one in ours]
    return [
        _row(work.name, [one.seconds for one in ours], theirs, work.wanted),
        _row("  of which asking and judging", inner),
    ]


def _measure_command(urls: Sequence[str], sites: Sites) -> list[Row]:
    """Measure `newsletter check` of an issue with these links, and the same again."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "newsletter.toml").write_text(_SETTINGS, encoding="utf-8")
        (folder / "issues").mkdir()
        items = (f"Item {n}: [page {n} of many]({u}).\n" for n, u in enumerate(urls))
        text = _HEAD + "\n".join(items)
        (folder / "issues" / "2099-01.md").write_text(text, encoding="utf-8")
        command = [
            *(sys.executable, "-c", "from newsletter.cli import main; main()"),
            *("check", "2099-01", "--project", str(folder), "--json"),
            *("--allow-private", "127.0.0.0/8"),
        ]
        first = _run(command, fine={1})
        _tell("newsletter check", first, sites)
        again = _run(command, fine={1})
        if _tell("newsletter check again", again, sites):
            raise SystemExit("What is remembered was asked again.")
    return [
        _row("newsletter check of an issue with them", [first.seconds]),
        _row("the same again", [again.seconds], wanted="no question asked"),
    ]


def _require_truth(said: str, work: Work, most_at_once: int) -> None:
    """End the benchmark where a verdict is wrong or a site was pressed."""
    found = json.loads(said)["verdicts"]
    expected = {"ok": len(work.urls) - work.gone, "broken": work.gone}
    if found != {verdict: number for verdict, number in expected.items() if number}:
        raise SystemExit(f"Expected {expected}, found {found}.")
    if most_at_once > _MOST_AT_ONCE:
        raise SystemExit(f"{most_at_once} questions at once at one site.")


def _tell(who: str, taken: Taken, sites: Sites) -> int:
    """Print what a run took; return the most questions at once at one site."""
    asked, most = sites.take_counts()
    sys.stdout.write(
        f"{who}: {taken.seconds:.1f} s, {taken.megabytes:.0f} MB, {asked} questions, "
        f"at most {most} at once at one site\n"
    )
    sys.stdout.flush()
    return most


def _row(
    work: str, seconds: Sequence[float], peer: Sequence[Taken] = (), wanted: str = ""
) -> Row:
    times = [one * 1000 for one in seconds]
    spread = (median(times), min(times), max(times))
    if not peer:
        return Row(work, *spread, wanted=wanted)
    ratio = median(one.seconds for one in peer) / median(seconds)
    return Row(work, *spread, "LinkChecker", ratio, "times faster", wanted)


def _run(command: Sequence[str], *, fine: Collection[int] = ()) -> Taken:
    """Run a program to its end, and watch its memory.

    Args:
        command: The program and its arguments.
        fine: Exit codes that are no failure, beside 0.
    """
    began = time.perf_counter()
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        process = subprocess.Popen(command, stdout=out, stderr=err)
        kilobytes = 0
        while process.poll() is None:
            kilobytes = max(kilobytes, _kilobytes(process.pid))
            time.sleep(0.02)
            if time.perf_counter() - began > _MOST_SECONDS:
                process.kill()
        seconds = time.perf_counter() - began
        for file in (out, err):
            file.seek(0)
        if process.returncode not in {0, *fine}:
            raise SystemExit(err.read().decode(errors="replace"))
        return Taken(seconds, kilobytes / 1024, out.read().decode(errors="replace"))


def _kilobytes(pid: int) -> int:
    """Return the most memory a process has had; 0 where nobody tells."""
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    except OSError:
        return 0
    found = [line.split()[1] for line in status.splitlines() if "VmHWM" in line]
    return int(found[0]) if found else 0


def _ask(file: Path) -> None:
    """Check the addresses in *file* as a command would; print what came of it."""
    from newsletter.checks.links.observe import Manner, observe_links
    from newsletter.checks.links.plan import OwnPages, conclude_links, plan_links
    from newsletter.model.assembled import LinkUse
    from newsletter.model.problem import Place

    began = time.perf_counter()
    allowed = (ip_network("127.0.0.0/8"),)
    place = Place("issue.md", 1, 1)
    urls = json.loads(file.read_text(encoding="utf-8"))
    uses = [LinkUse(url, "words", "text", place) for url in urls]
    plan = plan_links(uses, OwnPages(), allowed=allowed)
    seen = asyncio.run(observe_links(plan.asked.values(), Manner(allowed=allowed)))
    links = conclude_links(uses, plan, seen)
    verdicts = Counter(link.judgement.verdict.value for link in links)
    seconds = time.perf_counter() - began
    sys.stdout.write(json.dumps({"seconds": seconds, "verdicts": verdicts}))


if __name__ == "__main__":
    main()
