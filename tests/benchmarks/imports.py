"""Import of many people: `python tests/benchmarks/imports.py [--people N] [PART …]`.

Parts: first (into an empty database), plan (a dry run of the same file once more),
again (the same file once more), export, undo (of a first import; last, or it has
nothing to do). Each in a process of its own, so that its memory is its own; start-up
counts as well.
"""

import json
import random
import resource
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from rounds import Row, arguments, report

if TYPE_CHECKING:
    from newsletter.workflow.project import Project

_PARTS = ("first", "plan", "again", "export")
_WANTED = {"first": "at most 60 s for a million, aim 20 s and 100 MB"}
#: One in so many addresses has a letter beyond ASCII in its domain, and goes the long
#: way.
_UNUSUAL = 500
_MOST_SECONDS = 900
_SETTINGS = """
[newsletter]
name = "Harbour"
sender = "Harbour <letter@example.org>"
[lists.main]
[fields.first_name]
[fields.town]
"""
_NAMES = ("Anna", "Bert", "Chloé", "Dilek", "Émile", "Fatima", "Jan-Willem", "Zoë")
_TOWNS = ("Utrecht", "Den Haag", "'s-Hertogenbosch", "Groningen", "")


def main() -> None:
    """Measure each part, and report seconds and memory."""
    parser = arguments("Import of many people.")
    parser.add_argument("part", nargs="*", metavar="PART", help="first plan again …")
    parser.add_argument("--people", type=int, default=1_000_000)
    parser.add_argument("--in", dest="folder", type=Path, help="used by ourselves")
    chosen = parser.parse_args()
    if chosen.folder:
        _run(chosen.folder, chosen.part[0])
        return
    with tempfile.TemporaryDirectory() as folder:
        _write(Path(folder), chosen.people)
        rows = [_measure(folder, part) for part in chosen.part or _PARTS]
    report(rows, chosen.json)


def _write(root: Path, people: int) -> None:
    """Write a project and a list, the same each time."""
    chance = random.Random(5)  # noqa: S311 - sample data
    (root / "newsletter.toml").write_text(_SETTINGS)
    with (root / "readers.csv").open("w", encoding="utf-8") as file:
        file.write("E-mailadres;Voornaam;town\n")
        for number in range(people):
            name, town = chance.choice(_NAMES), chance.choice(_TOWNS)
            domain = f"mail{chance.randrange(3000)}.example"
            if number % _UNUSUAL == 0:
                domain = f"bücher{number}.example"
            local = (
                f"{chance.choice('abcdefghijklmnoprstvw')}.{chance.randrange(10**9)}"
            )
            file.write(f"{local}.{number}@{domain};{name};{town}\n")


def _measure(folder: str, part: str) -> Row:
    """Do one part in a process of its own; whole, so one round is all there is."""
    command = [sys.executable, __file__, "--in", folder, part]
    begin = time.perf_counter()
    done = subprocess.run(
        command, capture_output=True, check=True, timeout=_MOST_SECONDS
    )
    taken = (time.perf_counter() - begin) * 1000
    told = json.loads(done.stdout)
    name = f"{part}: {told['did']}, {told['cpu']:.1f} s of CPU, {told['mb']:.0f} MB"
    return Row(name, taken, taken, taken, wanted=_WANTED.get(part, ""))


def _run(root: Path, part: str) -> None:
    """Do one part in this process, and say what it took."""
    from newsletter.workflow.project import open_project

    did = _do(open_project(root, search=False), part)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    told = {"did": did, "cpu": time.process_time(), "mb": peak}
    sys.stdout.write(json.dumps(told))


def _do(project: "Project", part: str) -> str:
    from newsletter.workflow.export import Selection, export_rows
    from newsletter.workflow.import_undo import undo_import
    from newsletter.workflow.imports import (
        import_subscribers,
        order_import,
        plan_import,
    )

    now = datetime.now(UTC)
    if part == "undo":
        return f"{undo_import(project, now=now).retreat.removed:,} removed"
    if part == "export":
        return f"{sum(1 for _ in export_rows(project, Selection())):,} rows"
    order = order_import(project, project.root / "readers.csv")
    if part == "plan":
        found = plan_import(project, order, now=now)
    else:
        found = import_subscribers(project, order, now=now)
    return ", ".join(f"{n:,} {verdict}" for verdict, n in found.counts.items())


if __name__ == "__main__":
    main()
