"""All checks without network, warm: `python tests/benchmarks/checks.py [ISSUE …]`.

The preview runs them at every save, so each round checks the issue with a sentence that
was not there before. Timed is what is done between a composed issue and its findings:
the copies of the edge recipients, and each check on them.
"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter

from rounds import arguments, report, row
from sample_issue import ROOT, write_issue

import newsletter.checks
from newsletter.checks import Check, Facts
from newsletter.model.assembled import Assembled
from newsletter.model.finding import Finding
from newsletter.workflow.check import check_composition
from newsletter.workflow.compose import Composition, compose_issue
from newsletter.workflow.project import Project, open_project

_WANTED = "less than 300 ms, aim 25 ms"
#: Slowest checks that get a line of their own.
_SHOWN = 6
_SETTINGS = """\
[newsletter]
name = "Nieuwsbrief"
sender = "Steunpunt <post@example.org>"
language = "nl"
address = "Steunpunt, Havenlaan 12, 3511 AB Utrecht"
base_url = "https://news.example.org"

[fields.first_name]
fallback = "lezer"
"""


def main() -> None:
    """Measure and report."""
    parser = arguments("All checks of an issue, without network.")
    parser.add_argument("issue", nargs="*", type=Path, help="definitions in projects")
    parser.set_defaults(rounds=15)
    chosen = parser.parse_args()
    rows = []
    with TemporaryDirectory() as folder:
        for name, project, path in _issues(chosen.issue, Path(folder)):
            whole, checks = _time(project, path, chosen.rounds)
            rows.append(row(f"{name}: all offline checks", whole, wanted=_WANTED))
            slowest = sorted(checks.items(), key=lambda one: -median(one[1]))
            rows += [row(f"  {check}", taken) for check, taken in slowest[:_SHOWN]]
    report(rows, chosen.json)


def _issues(given: list[Path], folder: Path) -> Iterator[tuple[str, Project, Path]]:
    """Yield copies of the issues named or of the example, and one of 200 items."""
    for number, path in enumerate(given or [ROOT / "issues" / "2023-02.md"]):
        own = folder / str(number)
        root = open_project(path.resolve().parent).root
        (own / "issues").mkdir(parents=True)
        shutil.copy(root / "newsletter.toml", own)
        yield path.name, open_project(own), Path(shutil.copy(path, own / "issues"))
    own = folder / "long"
    (own / "issues").mkdir(parents=True)
    (own / "newsletter.toml").write_text(_SETTINGS, encoding="utf-8")
    long = own / "issues" / "long.md"
    long.write_text(write_issue(200), encoding="utf-8")
    yield "200 items", open_project(own), long


def _time(
    project: Project, path: Path, rounds: int
) -> tuple[list[float], dict[str, list[float]]]:
    """Return the milliseconds of each round, whole and of each check."""
    text = path.read_text(encoding="utf-8")
    whole: list[float] = []
    checks: dict[str, list[float]] = {}
    for number in range(rounds + 1):
        path.write_text(f"{text}\n\nSaved {number} times.\n", encoding="utf-8")
        composition = compose_issue(project, path)
        with _watching() as spent:
            start = perf_counter()
            _check(project, composition)
            taken = (perf_counter() - start) * 1000
        if number:  # the first one warms up
            whole.append(taken)
            for name, milliseconds in spent.items():
                checks.setdefault(name, []).append(milliseconds)
    return whole, checks


def _check(project: Project, composition: Composition) -> None:
    now = datetime(2023, 2, 14, tzinfo=UTC)
    check_composition(project, composition, offline=True, now=now)


@contextmanager
def _watching() -> Iterator[dict[str, float]]:
    """Give what each check takes; what several share counts for the first of them."""
    spent: dict[str, float] = {}
    known = newsletter.checks.CHECKS

    def watched(check: Check, assembled: Assembled, facts: Facts) -> list[Finding]:
        start = perf_counter()
        found = check(assembled, facts)
        spent[check.__name__] = (perf_counter() - start) * 1000
        return found

    newsletter.checks.CHECKS = tuple(partial(watched, check) for check in known)
    try:
        yield spent
    finally:
        newsletter.checks.CHECKS = known


if __name__ == "__main__":
    main()
