"""How a dispatch is shown while it runs and when it is over; its exit code."""

import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from newsletter.cli.context import is_terminal, print_json
from newsletter.cli.folding import fold
from newsletter.cli.live import Live
from newsletter.model.delivery import DeliveryState, DispatchState
from newsletter.model.dispatch import Dispatch
from newsletter.workflow.care import find_care
from newsletter.workflow.people_table import instant_json
from newsletter.workflow.standing import headline, next_steps, numbers

if TYPE_CHECKING:
    from newsletter.delivery.schedule import Patience
    from newsletter.workflow.project import Project
    from newsletter.workflow.sender import Watch

INTERRUPTED = 130
#: Greylisting is over by then; beyond that nobody sits and waits.
_DEFERRED_ON_TERMINAL = 3600.0


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
        "where": dispatch.where or None,
        "bounced": dispatch.bounced,
        "complained": dispatch.complained,
    }


def summary_lines(
    project: "Project", dispatch: Dispatch, *, about: Iterable[str] = ()
) -> Iterator[str]:
    """Yield how a dispatch stands; its numbers add up to the total.

    Args:
        project: Its time zone is the one of all times.
        dispatch: At one moment.
        about: Lines on what was sent, to stand before the numbers.
    """
    time_zone = project.settings.newsletter.time_zone
    told = headline(dispatch, time_zone, now=datetime.now(UTC))
    yield from fold(told, sys.stdout)
    yield from about
    for number in numbers(dispatch):
        yield f"{number.people:>8,}  {number.words}"
    yield f"{dispatch.total:>8,}  in all"
    if dispatch.bounced:
        yield f"{dispatch.bounced:>8,}  came back later"
    if dispatch.complained:
        yield f"{dispatch.complained:>8,}  called it spam later"
    for step in next_steps(dispatch, find_care(project, dispatch)):
        yield from fold(f"{step.words} {step.command}".rstrip(), sys.stdout)


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


def show_end(project: "Project", dispatch: Dispatch, *, as_json: bool) -> int:
    """Show how a dispatch ended, and return the exit code."""
    with suppress(OSError):
        if as_json:
            print_json(dispatch_json(dispatch))
        else:
            for line in summary_lines(project, dispatch):
                click.echo(line)
    return exit_code(dispatch)


@contextmanager
def watching(project: "Project") -> Iterator["Watch"]:
    """Show how a dispatch goes: a bar on a terminal, a line now and then elsewhere.

    Args:
        project: Its limits tell how long it takes, its time zone when that is.
    """
    from newsletter.cli.live_faces import Beholder
    from newsletter.workflow.sender import Watch

    live = _live_of(project)
    beholder = Beholder(live)

    def begin(dispatch: Dispatch) -> None:
        live.begin(dispatch)
        beholder.begin()

    try:
        yield Watch(
            on_begin=begin,
            on_outcome=live.note,
            on_trouble=live.hinder,
            on_slow=live.slow,
            on_wait=live.wait,
            on_stop=live.stop,
            patience=_patience(),
        )
    finally:
        beholder.close()


def _live_of(project: "Project") -> Live:
    settings = project.settings
    limits = settings.server.limits if settings.server else ()
    return Live(settings.newsletter.time_zone, limits)


def _patience() -> "Patience":
    from newsletter.delivery.schedule import Patience

    if not is_terminal():
        return Patience()
    return Patience(deferred=_DEFERRED_ON_TERMINAL)
