"""Interleaved rounds: what is compared runs in turn, so that a busy machine hits all.

Give callables, get the median of each; print a table and, if asked, write JSON. Trust
the ratios of one run more than its absolute figures.
"""

import argparse
import json
import platform
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from time import perf_counter

#: One call of a benchmark lasts at least so long, or is repeated until it does.
_MIN_SECONDS = 0.02


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a table."""

    work: str
    #: Median of the rounds.
    milliseconds: float
    fastest: float
    slowest: float
    #: What it is compared with, or empty.
    peer: str = ""
    #: Peer's median divided by ours, or the other way round: *meaning* says which.
    ratio: float | None = None
    meaning: str = ""
    #: What DESIGN.md asks for, in words.
    wanted: str = ""


def measure(
    work: Mapping[str, Callable[[], object]], *, rounds: int
) -> dict[str, list[float]]:
    """Return the milliseconds of each round of each work, after one warm call."""
    repeats = {name: _repeats(call) for name, call in work.items()}
    taken: dict[str, list[float]] = {name: [] for name in work}
    for _ in range(rounds):
        for name, call in work.items():
            taken[name].append(_time(call, repeats[name]))
    return taken


def row(work: str, taken: Sequence[float], *, wanted: str = "") -> Row:
    """Return a line without a peer."""
    return Row(work, median(taken), min(taken), max(taken), wanted=wanted)


def faster(
    work: str, ours: Sequence[float], peer: str, theirs: Sequence[float], wanted: str
) -> Row:
    """Return a line that says how many times faster than a peer we are."""
    ratio = median(theirs) / median(ours)
    spread = (median(ours), min(ours), max(ours))
    return Row(work, *spread, peer, ratio, "times faster", wanted)


def longer(
    work: str, ours: Sequence[float], peer: str, theirs: Sequence[float], wanted: str
) -> Row:
    """Return a line that says how many times as long as a peer we take."""
    ratio = median(ours) / median(theirs)
    spread = (median(ours), min(ours), max(ours))
    return Row(work, *spread, peer, ratio, "times as long", wanted)


def arguments(description: str) -> argparse.ArgumentParser:
    """Return a parser with what every benchmark takes."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the rows too")
    parser.add_argument("--rounds", type=int, default=15, help="default: %(default)s")
    return parser


def report(rows: Sequence[Row], file: Path | None) -> None:
    """Print the table, and write it as JSON to *file* if there is one."""
    width = max(len(each.work) for each in rows)
    for each in rows:
        line = f"{each.work:{width}}  {_figure(each.milliseconds)} ms"
        line += f"  ({_figure(each.fastest)} to {_figure(each.slowest)})"
        if each.ratio is not None:
            line += f"  {each.ratio:.3g} {each.meaning} as {each.peer}".replace(
                "faster as", "faster than"
            )
        sys.stdout.write(f"{line}{f'  [{each.wanted}]' if each.wanted else ''}\n")
    if file is not None:
        machine = {"python": platform.python_version(), "machine": platform.machine()}
        content = machine | {"rows": [asdict(each) for each in rows]}
        file.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def _figure(milliseconds: float) -> str:
    return f"{milliseconds:.4f}" if milliseconds < 1 else f"{milliseconds:.4g}"


def _repeats(call: Callable[[], object]) -> int:
    call()
    once = _time(call, 1) / 1000
    return max(1, int(_MIN_SECONDS / once) if once else 1)


def _time(call: Callable[[], object], repeats: int) -> float:
    start = perf_counter()
    for _ in range(repeats):
        call()
    return (perf_counter() - start) * 1000 / repeats
