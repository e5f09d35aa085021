"""`newsletter --help` in a fresh process: `python tests/benchmarks/help.py`."""

import subprocess
import sys
from pathlib import Path

from rounds import arguments, longer, measure, report, row


def main() -> None:
    """Measure and report."""
    chosen = arguments("newsletter --help in a fresh process.").parse_args()
    command = Path(sys.executable).with_name("newsletter")
    ours = [str(command), "--help"]
    click = [sys.executable, "-c", "import click"]
    bare = [sys.executable, "-c", "pass"]
    taken = measure(
        {
            "help": lambda: _run(ours),
            "click": lambda: _run(click),
            "bare": lambda: _run(bare),
        },
        rounds=chosen.rounds,
    )
    peer = 'python -c "import click"'
    wanted = "at most 3 times, aim 1.7"
    rows = [
        longer("newsletter --help", taken["help"], peer, taken["click"], wanted),
        row("  an empty Python process", taken["bare"]),
    ]
    report(rows, chosen.json)


def _run(command: list[str]) -> None:

    subprocess.run(command, check=True, capture_output=True)


if __name__ == "__main__":
    main()
