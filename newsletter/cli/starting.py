"""A dispatch that starts later: who sees to it, and waiting for it here."""

import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from newsletter.cli.context import say
from newsletter.cli.dispatches import INTERRUPTED, show_end, watching
from newsletter.model.delivery import DispatchState

if TYPE_CHECKING:
    from newsletter.model.dispatch import Dispatch
    from newsletter.workflow.project import Project


def see_to_start(project: "Project", dispatch: "Dispatch", *, as_json: bool) -> int:
    """Leave a scheduled dispatch to the worker, or wait and send it here.

    Returns:
        The exit code of the command.
    """
    from newsletter.workflow.beating import is_worker_alive

    number = dispatch.id
    say(f"Dispatch {number} of {dispatch.issue} starts {_when(project, dispatch)}.")
    if is_worker_alive(project):
        say("newsletter worker will send it; this computer's part is done.")
        say(f"To call it off: newsletter cancel {number}")
        show_end(project, dispatch, as_json=as_json)
        return 0
    return _wait_and_send(project, number, as_json=as_json)


def _wait_and_send(project: "Project", number: int, *, as_json: bool) -> int:
    from newsletter.workflow.start import send_at_start
    from newsletter.workflow.switch import Switch

    say(
        "No newsletter worker is running, so this command waits and sends it: leave "
        "this open, and the computer on."
    )
    say(
        f"Ctrl-C leaves it scheduled; newsletter worker or newsletter resume {number} "
        f"then sees to it. To call it off: newsletter cancel {number}"
    )
    with Switch() as switch, watching(project) as watch:
        dispatch = send_at_start(
            project,
            number,
            environment=os.environ,
            watch=watch,
            switch=switch,
            tell=say,
        )
    code = show_end(project, dispatch, as_json=as_json)
    if dispatch.state is DispatchState.SCHEDULED and switch.is_on:
        say(f"Dispatch {number} stays scheduled, and nobody sees to it now.")
        return INTERRUPTED
    # Taken over: by a worker at its time, or by another process that sends it now.
    is_elsewhere = (DispatchState.SCHEDULED, DispatchState.RUNNING)
    return 0 if dispatch.state in is_elsewhere else code


def _when(project: "Project", dispatch: "Dispatch") -> str:
    """Return ``on Tuesday 1 December 2026, 09:00 CET, in 3 days``."""
    from newsletter.delivery.schedule import show_duration
    from newsletter.workflow.schedule import show_start

    start = dispatch.starts_at
    if start is None:
        return "at once"
    seconds = round((start - datetime.now(UTC)).total_seconds())
    on = show_start(start, project.settings.newsletter.time_zone)
    return f"on {on}, in {show_duration(max(0, seconds))}"
