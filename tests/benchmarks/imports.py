"""Import of many people: `python tests/benchmarks/imports.py [--people N] [PART …]`.

Parts: first (into an empty database), again (the same file once more), plan (a dry run
of it), undo. Each in a process of its own, so that its memory is its own.
"""

import argparse
import random
import resource
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

_PARTS = ("first", "undo", "first", "again", "plan")
#: One in so many addresses has a letter beyond ASCII in its domain, and goes the long
#: way; about as many names have an accent.
_UNUSUAL = 500
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
    """Measure each part, and print seconds and memory."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", help=", ".join(_PARTS))
    parser.add_argument("--people", type=int, default=1_000_000)
    parser.add_argument("--in", dest="folder", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.folder:
        _run(options.folder, options.parts[0])
        return
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        _write(root, options.people)
        size = (root / "readers.csv").stat().st_size / 1e6
        print(f"{options.people:,} rows, {size:.0f} MB")  # noqa: T201 - its report
        for part in options.parts or _PARTS:
            command = [sys.executable, __file__, "--in", folder, part]
            subprocess.run(command, check=True, timeout=900)


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


def _run(root: Path, part: str) -> None:
    """Do one part in this process, and say what it took."""
    from newsletter.workflow.import_undo import undo_import
    from newsletter.workflow.imports import (
        import_subscribers,
        order_import,
        plan_import,
    )
    from newsletter.workflow.project import open_project

    begin, cpu = time.perf_counter(), time.process_time()
    project = open_project(root, search=False)
    now = datetime.now(UTC)
    if part == "undo":
        undoing = undo_import(project, now=now)
        told = f"{undoing.retreat.removed:,} removed"
    else:
        order = order_import(project, root / "readers.csv")
        if part == "plan":
            report = plan_import(project, order)
        else:
            report = import_subscribers(project, order, now=now)
        told = ", ".join(f"{n:,} {verdict}" for verdict, n in report.counts.items())
    seconds, cpu = time.perf_counter() - begin, time.process_time() - cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    line = f"{part:<6} {seconds:6.1f} s, {cpu:5.1f} s CPU, {peak:4.0f} MB: {told}"
    print(line, flush=True)  # noqa: T201 - its report


if __name__ == "__main__":
    main()
