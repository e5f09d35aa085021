"""From saving an issue to its preview: `python tests/benchmarks/preview.py`.

The clock runs from the end of the write until a browser that was told of the change has
fetched the mail with the new words in it; the way a tab does it, over loopback.
"""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter, sleep
from urllib.parse import urlsplit

from rounds import arguments, report, row
from sample_issue import ROOT

_EXAMPLE = "2023-02.md"
#: Between two saves, as somebody who types would leave it; uneven, so that the saves
#: fall anywhere between two looks at the file.
_PAUSES = (0.21, 0.26, 0.33, 0.29)


def main() -> None:
    """Measure and report."""
    parser = arguments("From saving an issue to the preview that shows it.")
    parser.set_defaults(rounds=30)
    chosen = parser.parse_args()
    with TemporaryDirectory() as folder:
        issue = _copy_example(Path(folder))
        with _preview_of(issue) as tab:
            taken = [tab.save(number) for number in range(chosen.rounds + 1)][1:]
    wanted = "at most 200 ms, aim 80 ms"
    report([row("save -> preview shows it", taken, wanted=wanted)], chosen.json)


class _Tab:
    """What a browser tab does: keeps a stream of news open, and fetches the mail."""

    def __init__(self, url: str, issue: Path) -> None:
        self._issue = issue
        self._text = issue.read_text(encoding="utf-8")
        parts = urlsplit(url)
        self._host, self._folder = parts.netloc, parts.path
        start = f"{self._folder}?{parts.query}"
        self._cookie = _fetch(self._host, start, {}).getheader("Set-Cookie", "")
        self._news = self._get("events?seen=1")

    def _get(self, name: str) -> HTTPResponse:
        return _fetch(self._host, f"{self._folder}{name}", self._headers)

    @property
    def _headers(self) -> dict[str, str]:
        return {"Cookie": self._cookie.partition(";")[0]}

    def save(self, number: int) -> float:
        """Return the milliseconds until words that were just saved are shown."""
        sleep(_PAUSES[number % len(_PAUSES)])
        words = f"saved for the {number}th time"
        self._issue.write_text(f"{self._text}\n{words}\n", encoding="utf-8")
        start = perf_counter()
        while True:
            self._wait_for_news()
            if words in self._get("frame").read().decode():
                return (perf_counter() - start) * 1000

    def _wait_for_news(self) -> None:
        while not (line := self._news.readline()).startswith(b"data:"):
            if not line:
                raise SystemExit("The preview tells no news any more.")


@contextmanager
def _preview_of(issue: Path) -> Iterator[_Tab]:
    command = Path(sys.executable).with_name("newsletter")
    process = subprocess.Popen(
        [command, "preview", issue.stem, "--no-browser"],
        cwd=issue.parent,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        yield _Tab(url, issue)
    finally:
        process.terminate()
        process.wait(timeout=10)


def _copy_example(folder: Path) -> Path:
    """Return the example's first issue in a project of its own."""
    shutil.copy(ROOT / "newsletter.toml", folder)
    (folder / "issues").mkdir()
    return Path(shutil.copy(ROOT / "issues" / _EXAMPLE, folder / "issues"))


def _fetch(host: str, path: str, headers: dict[str, str]) -> HTTPResponse:
    connection = HTTPConnection(host, timeout=10)
    connection.request("GET", path, headers=headers)
    return connection.getresponse()


if __name__ == "__main__":
    main()
