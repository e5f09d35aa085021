"""How a dispatch is shown while it runs and when it is over; its exit code."""

import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from newsletter.cli.context import is_terminal, print_json, progress, say
from newsletter.cli.findings import count_of
from newsletter.model.delivery import DeliveryState, DispatchState
from newsletter.model.dispatch import UNFINISHED, Dispatch

if TYPE_CHECKING:
    from newsletter.workflow.sender import Watch

INTERRUPTED = 130
#: On a terminal somebody waits; a script is told sooner that the network is gone.
_PATIENCE_ON_TERMINAL = 15 * 60.0
#: Where there is no terminal: how often a line says how far it is.
_LINE_SECONDS = 30.0

#: State -> what a reader of a report understands.
STATE_WORDS = {
    DeliveryState.ACCEPTED: "taken by your mail server",
    DeliveryState.PENDING: "not tried yet",
    DeliveryState.ATTEMPTING: "under way",
    DeliveryState.DEFERRED: "to be tried again",
    DeliveryState.REFUSED: "refused",
    DeliveryState.UNKNOWN: "unknown: left, but never answered",
    DeliveryState.SKIPPED: "skipped: left meanwhile",
}


def dispatch_json(dispatch: Dispatch) -> dict[str, Any]:
    """Return the promised shape of ``send --json`` and ``status --json``."""
    counts = {state.name.lower(): dispatch.counts[state] for state in DeliveryState}
    return {
        "dispatch": dispatch.id,
        "issue": dispatch.issue,
        "state": dispatch.state.value,
        "reason": dispatch.reason,
        "next_at": instant_json(dispatch.next_at),
        "total": dispatch.total,
        **counts,
        # Nothing reads returned mail yet.
        "bounced": 0,
        "complained": 0,
    }


def instant_json(instant: datetime | None) -> str | None:
    """Return an instant as ISO 8601, UTC, to the second."""
    return None if instant is None else instant.strftime("%Y-%m-%dT%H:%M:%SZ")


def summary_lines(dispatch: Dispatch, *, about: Iterable[str] = ()) -> Iterator[str]:
    """Yield how a dispatch stands; its numbers add up to the total.

    Args:
        dispatch: At one moment.
        about: Lines on what was sent, to stand before the numbers.
    """
    because = f": {dispatch.reason}" if dispatch.reason else ""
    yield f"Dispatch {dispatch.id} of {dispatch.issue} is {dispatch.state}{because}"
    yield from about
    for words, number in _numbers(dispatch).items():
        if number or words == STATE_WORDS[DeliveryState.ACCEPTED]:
            yield f"{number:>8}  {words}"
    yield f"{dispatch.total:>8}  in all"
    yield from _advice(dispatch)


def _numbers(dispatch: Dispatch) -> dict[str, int]:
    """Return what people understand -> how many; who left and who was cancelled."""
    numbers = {words: dispatch.counts[state] for state, words in STATE_WORDS.items()}
    numbers[STATE_WORDS[DeliveryState.SKIPPED]] -= dispatch.cancelled
    return numbers | {"skipped: cancelled": dispatch.cancelled}


def _advice(dispatch: Dispatch) -> Iterator[str]:
    number, counts = dispatch.id, dispatch.counts
    if dispatch.state is DispatchState.RUNNING:
        yield f"Halt it with: newsletter pause {number}"
    elif dispatch.is_open:
        due = ""
        if dispatch.next_at:
            due = f", best after {dispatch.next_at.astimezone():%H:%M}"
        yield f"Go on with: newsletter resume {number}{due}"
    if counts[DeliveryState.UNKNOWN]:
        yield (
            "Who may have got it or not: newsletter status "
            f"{number} --unknown. To send it to them again: newsletter resume "
            f"{number} --unknown"
        )
    if counts[DeliveryState.REFUSED]:
        yield f"Who was refused, and why: newsletter status {number} --not-reached"


def exit_code(dispatch: Dispatch) -> int:
    """Return the exit code of the command that sent."""
    counts = dispatch.counts
    if dispatch.state is DispatchState.INTERRUPTED:
        return INTERRUPTED
    if dispatch.state is DispatchState.DONE:
        bad = counts[DeliveryState.REFUSED] + counts[DeliveryState.UNKNOWN]
        return 1 if bad else 0
    untouched = counts[DeliveryState.PENDING] + counts[DeliveryState.SKIPPED]
    if dispatch.is_open and untouched == dispatch.total:
        return 3
    return 1


def show_end(dispatch: Dispatch, *, as_json: bool) -> int:
    """Show how a dispatch ended, and return the exit code."""
    with suppress(OSError):
        if as_json:
            print_json(dispatch_json(dispatch))
        else:
            for line in summary_lines(dispatch):
                click.echo(line)
    return exit_code(dispatch)


@contextmanager
def watching() -> Iterator["Watch"]:
    """Show how a dispatch goes: a bar on a terminal, a line now and then elsewhere."""
    from newsletter.delivery.schedule import Patience
    from newsletter.workflow.sender import Watch

    display = _Display()
    try:
        yield Watch(
            on_begin=display.begin,
            on_outcome=display.step,
            on_trouble=lambda reason: _tell(f"Waiting: {reason}"),
            on_stop=lambda: _tell(
                "Stopping when the mails under way are answered; "
                "Ctrl-C again hangs up on them."
            ),
            patience=Patience(later=_PATIENCE_ON_TERMINAL)
            if is_terminal()
            else Patience(),
        )
    finally:
        # A terminal that was closed meanwhile must not keep us from a good end.
        with suppress(OSError):
            display.stack.close()


@dataclass(slots=True)
class _Display:
    stack: ExitStack = field(default_factory=ExitStack)
    total: int = 0
    done: int = 0
    told_at: float = field(default_factory=time.monotonic)
    advance: Any = None

    def begin(self, dispatch: Dispatch) -> None:
        self.total = sum(dispatch.counts[state] for state in UNFINISHED)
        _tell(f"Sending {dispatch.issue} to {count_of(self.total, 'subscriber')}.")
        self.advance = self.stack.enter_context(progress("Sending", self.total))

    def step(self, _before: DeliveryState, _after: DeliveryState) -> None:
        self.done += 1
        with suppress(OSError):
            self.advance(1)
        if not is_terminal() and time.monotonic() - self.told_at >= _LINE_SECONDS:
            self.told_at = time.monotonic()
            _tell(f"{self.done} of {self.total} done.")


def _tell(text: str) -> None:
    """Say something, even when the terminal was closed meanwhile."""
    with suppress(OSError):
        say(text)
