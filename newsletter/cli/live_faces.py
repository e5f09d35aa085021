"""How a running dispatch is shown: as a bar on a terminal, as lines elsewhere.

A face looks four times a second at what the sender counts, in a thread of its own, and
draws only what changed: the sender never waits for a terminal, and a terminal that was
closed takes nothing with it.
"""

import os
import shutil
import sys
import textwrap
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Protocol

from newsletter.cli.context import say
from newsletter.cli.folding import fold
from newsletter.cli.live import (
    STOPPING,
    Live,
    begin_line,
    count_words,
    is_news,
    pace_words,
    state_line,
    trouble_line,
    wait_line,
)

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

#: Often enough to look alive, seldom enough to be read.
TICK_SECONDS = 0.25
#: Without a terminal: a line at each tenth and at least so often, if something changed.
_LINE_SECONDS = 30.0
#: Tenths that follow each other faster are not worth a line each.
_LEAST_LINE_SECONDS = 2.0
#: A bar that is shorter shows nothing.
_LEAST_COLUMNS = 40
#: A bar that is longer is no easier to read.
_MOST_COLUMNS = 80
_CALM = "Ctrl-C stops it in good order; newsletter resume goes on later."
_NO_BREAK = "\N{NO-BREAK SPACE}"


class Face(Protocol):
    """What shows a `Live`."""

    def begin(self, live: Live) -> None:
        """Show that it begins."""

    def look(self, live: Live, *, at: float, now: datetime) -> None:
        """Show how it is; *at* is seconds of a clock that only goes forward."""

    def end(self, live: Live) -> None:
        """Leave the terminal as it was."""


class Bar:
    """A bar, what became of whom, and one line on what it waits for or when it ends."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.live import Live as Region

        self.console = Console(stderr=True, highlight=False)
        self._region = Region(
            console=self.console,
            auto_refresh=False,
            transient=True,
            redirect_stdout=False,
        )
        self._shown: Any = None

    def begin(self, live: Live) -> None:
        """Open the region at the foot of the terminal."""
        say(begin_line(live))
        for line in fold(_CALM, sys.stderr):
            say(line)
        self._region.start()
        self.look(live, at=0.0, now=datetime.now(UTC))

    def look(self, live: Live, *, at: float, now: datetime) -> None:
        """Draw the region anew, if anything in it changed."""
        shown = (*bar_lines(live, now), self.console.width)
        if shown != self._shown:
            self._shown = shown
            self._region.update(draw(live, now, self.console), refresh=True)

    def end(self, live: Live) -> None:
        """Take the region away: the result comes in its place."""
        self._region.stop()


def bar_lines(live: Live, now: datetime) -> tuple[str, str, str]:
    """Return what stands beside the bar, and in the two lines below it."""
    share = 100 * live.served // live.total if live.total else 100
    return (
        f"{live.served:,} of {live.total:,} · {share} %",
        " · ".join(count_words(live)),
        state_line(live, now),
    )


def draw(live: Live, now: datetime, console: "Console") -> "RenderableType":
    """Return the region: it fits from 30 columns on."""
    from rich.console import Group
    from rich.progress_bar import ProgressBar
    from rich.table import Table
    from rich.text import Text

    beside, counts, state = bar_lines(live, now)
    is_hindered = bool(live.trouble or live.is_stopping or is_news(live, now))
    head = Table.grid(padding=(0, 2, 0, 0), expand=True)
    head.width = min(console.width, _MOST_COLUMNS)
    head.add_column(ratio=1)
    head.add_column(no_wrap=True, justify="right")
    bar = ProgressBar(
        total=max(1, live.total),
        completed=live.served,
        complete_style="cyan",
        finished_style="cyan",
    )
    head.add_row(bar, beside)
    below = Text(state, style="yellow" if is_hindered else "dim")
    return Group(head, Text(_broken(counts, head.width)), below)


def _broken(counts: str, columns: int) -> str:
    """Break a line between two numbers, never inside what one of them means."""
    whole = counts.replace(" ", _NO_BREAK).replace(f"·{_NO_BREAK}", "· ")
    return "\n".join(textwrap.wrap(whole, columns)).replace(_NO_BREAK, " ")


class Lines:
    """Says when it begins, each tenth, when it waits and goes on, and its end."""

    def __init__(self) -> None:
        self._told_at = self._begun_at = time.monotonic()
        self._told = (0, 0)
        self._wait = self._trouble = ""
        self._is_stopping = False

    def begin(self, live: Live) -> None:
        """Say the first line."""
        say(begin_line(live))
        self._told = (_tenth(live), live.served)

    def look(self, live: Live, *, at: float, now: datetime) -> None:
        """Say what is new."""
        if live.is_stopping and not self._is_stopping:
            self._is_stopping = True
            say(STOPPING)
        self._look_at_waiting(live, now)
        passed, (tenth, served) = at - self._told_at, self._told
        is_due = passed >= _LINE_SECONDS or (
            _tenth(live) > tenth and passed >= _LEAST_LINE_SECONDS
        )
        if is_due and live.served > served:
            self._told_at, self._told = at, (_tenth(live), live.served)
            say(progress_line(live, now))

    def _look_at_waiting(self, live: Live, now: datetime) -> None:
        wait = wait_line(live, now) if is_news(live, now) else ""
        if wait and wait != self._wait:
            say(wait)
        elif self._wait and not (live.waiting or live.is_stopping):
            say("Going on.")
        if wait or not live.waiting:
            self._wait = wait
        if live.trouble and live.trouble != self._trouble:
            say(trouble_line(live))
        self._trouble = live.trouble

    def end(self, live: Live) -> None:
        """Say that it is over."""
        from newsletter.delivery.schedule import show_duration

        seconds = max(1, round(time.monotonic() - self._begun_at))
        words = [*count_words(live)]
        if live.left:
            words.append(f"{live.left:,} not sent")
        say(f"Ended after {show_duration(seconds)}: {', '.join(words)}.")


def progress_line(live: Live, now: datetime) -> str:
    """Return ``82 of 412: 80 taken by your mail server, 2 refused; 3 a second``."""
    counts = ", ".join(count_words(live))
    pace = ", ".join(pace_words(live, now))
    line = f"{live.served:,} of {live.total:,}: {counts}"
    return f"{line}; {pace}" if pace else line


def _tenth(live: Live) -> int:
    return 10 * live.served // live.total if live.total else 10


def choose_face() -> Face:
    """Return a bar where one can be drawn, lines elsewhere."""
    can_draw = (
        os.environ.get("TERM", "dumb") not in ("dumb", "unknown")
        and shutil.get_terminal_size().columns >= _LEAST_COLUMNS
    )
    return Bar() if sys.stderr.isatty() and can_draw else Lines()


class Beholder:
    """Lets a face look at a dispatch until it is closed."""

    def __init__(self, live: Live) -> None:
        self._live = live
        self._face: Face | None = None
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def begin(self) -> None:
        """Begin to show it."""
        self._face = choose_face()
        self._safely(self._face.begin, self._live)
        self._thread.start()

    def close(self) -> None:
        """Show the last of it, and leave the terminal as it was."""
        self._ended.set()
        if self._thread.ident is None:
            return
        self._thread.join()
        if self._face:
            self._safely(self._face.end, self._live)

    def _watch(self) -> None:
        while not self._ended.wait(TICK_SECONDS):
            self._safely(self._look)
        self._safely(self._look)

    def _look(self) -> None:
        if self._face:
            at = time.monotonic()
            self._live.sample(at)
            self._face.look(self._live, at=at, now=datetime.now(UTC))

    def _safely(self, show: Callable[..., None], *arguments: Live) -> None:
        """Show something; a closed terminal must not keep us from a good end."""
        try:
            show(*arguments)
        except OSError:
            self._ended.set()
