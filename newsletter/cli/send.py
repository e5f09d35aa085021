"""`newsletter send [ISSUE]`."""

import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, NoReturn

import click

from newsletter.cli.context import (
    is_terminal,
    json_option,
    pass_project,
    print_json,
    progress,
    say,
)
from newsletter.cli.dispatches import INTERRUPTED, show_end, watching
from newsletter.cli.findings import count_of, show_link_progress
from newsletter.cli.networks import allow_private_option, read_networks
from newsletter.errors import UsageError

if TYPE_CHECKING:
    from newsletter.model.dispatch import Dispatch
    from newsletter.workflow.clearance import Wish
    from newsletter.workflow.plan import Plan
    from newsletter.workflow.project import Project


#: Waivers as they are recorded -> as they are shown.
_WAIVERS = {"skip_probe": "skip probe"}


@click.command("send")
@click.argument("issue", required=False)
@click.option(
    "--to",
    "lists",
    metavar="LIST",
    multiple=True,
    help="Send to this list instead of those the issue names; may be repeated.",
)
@click.option(
    "--confirm",
    type=int,
    metavar="N",
    help="Confirm the number of recipients; for scripts, which nobody can ask.",
)
@click.option(
    "--rehearse", is_flag=True, help="Write the mails to outbox/; mail nobody."
)
@click.option("--untested", is_flag=True, help="Send it though no test of it was sent.")
@click.option("--skip-probe", is_flag=True, help="Do not try the public pages first.")
@allow_private_option
@json_option
@pass_project
def command(
    project: "Project",
    issue: str | None,
    lists: tuple[str, ...],
    confirm: int | None,
    rehearse: bool,
    untested: bool,
    skip_probe: bool,
    allow_private: tuple[str, ...],
    as_json: bool,
) -> int:
    """Send an issue to its subscribers, each of them once.

    It is checked first, with links as they are today, must have been tested as it is
    now, and asks for the number of recipients. Then it holds for a while, in which
    Ctrl-C undoes it. Whoever has the issue already is left out.

    Exit code 0: everybody was sent it or left meanwhile; 1: some were refused, are
    unknown or wait; 3: nothing could be sent; 130: stopped by Ctrl-C.
    """
    from newsletter.workflow.clearance import Wish
    from newsletter.workflow.plan import count_planned, plan_send
    from newsletter.workflow.send import send_planned

    wish = Wish(
        lists,
        is_untested=untested,
        skips_probe=skip_probe,
        allowed=read_networks(allow_private),
    )
    if rehearse:
        return _rehearse(project, issue, wish, as_json=as_json)
    if confirm is None and not is_terminal():
        # Before links are asked: a script should not wait a minute to hear this.
        _refuse_unconfirmed(count_planned(project, issue, wish, environment=os.environ))
    plan = plan_send(
        project,
        issue,
        wish,
        environment=os.environ,
        now=datetime.now(UTC),
        show_progress=show_link_progress,
    )
    _show_plan(plan)
    confirmed = _confirm(plan, confirm)
    with watching() as watch:
        dispatch = send_planned(
            project,
            plan,
            confirmed=confirmed,
            environment=os.environ,
            hold=lambda made: _hold(made, project.settings.newsletter.hold_seconds),
            watch=watch,
        )
    code = show_end(dispatch, as_json=as_json)
    return INTERRUPTED if _is_undone(dispatch) else code


def _is_undone(dispatch: "Dispatch") -> bool:
    from newsletter.workflow.send import UNDONE

    return dispatch.reason == UNDONE


def _rehearse(
    project: "Project", issue: str | None, wish: "Wish", *, as_json: bool
) -> int:
    from newsletter.workflow.rehearse import rehearse

    now = datetime.now(UTC)
    files = rehearse(project, issue, wish, now=now, show_progress=show_link_progress)
    if as_json:
        print_json({"rehearsed": len(files), "files": [str(path) for path in files]})
        return 0
    click.echo(f"wrote {count_of(len(files), 'mail')} to {project.root / 'outbox'}")
    click.echo("Nobody was mailed, and the links in them change nothing.")
    return 0


def _show_plan(plan: "Plan") -> None:
    say(f"Issue:    {plan.issue}")
    say(f"Subject:  {plan.subject}")
    say(
        f"To:       {count_of(plan.recipients, 'recipient')} of {', '.join(plan.lists)}"
    )
    if plan.left_out:
        reasons = ", ".join(f"{number} {why}" for why, number in plan.left_out.items())
        say(f"Left out: {reasons}")
    for waiver in plan.waivers:
        say(f"Waived:   {_WAIVERS.get(waiver, waiver)}")
    say(f"Time:     {_duration(plan)}")


def _duration(plan: "Plan") -> str:
    """Return ``about 4 h 20, until 18:20; leave the computer on``."""
    from newsletter.delivery.schedule import show_duration

    seconds = plan.forecast.seconds
    if seconds is None:
        return "as fast as the mail server takes it"
    end = datetime.now().astimezone() + timedelta(seconds=seconds)
    day = "" if seconds < 86400 else f"{end:%A} "
    text = f"about {show_duration(seconds)}, until {day}{end:%H:%M}"
    return f"{text}; leave the computer on" if seconds >= 120 else text


def _refuse_unconfirmed(number: int) -> NoReturn:
    raise UsageError(
        "nobody is there to confirm the number of recipients.",
        f"Write it yourself: --confirm {number}",
    )


def _confirm(plan: "Plan", given: int | None) -> int:
    """Return the number of recipients in the editor's own word.

    Raises:
        UsageError: It is another one.
    """
    number = plan.recipients
    if given is None:
        given = click.prompt(
            f"Type the number of recipients ({number}) to send", type=int, err=True
        )
    if given != number:
        raise UsageError(
            f"{given} was confirmed, but {number} would get it. Nothing was sent.",
            "Look again who is on the list, and confirm the right number.",
        )
    return given


def _hold(dispatch: "Dispatch", seconds: int) -> bool:
    """Wait on a terminal, so that second thoughts can come; False when they came."""
    if not is_terminal() or not seconds:
        return True
    with _noting_interrupt() as is_undone:
        end = time.monotonic() + seconds
        say(f"Holding for {seconds} seconds; Ctrl-C undoes it all.")
        with progress("Holding", seconds) as advance:
            while time.monotonic() < end and not is_undone.wait(1):
                advance(1)
    if is_undone.is_set():
        say(f"Undone: nothing of dispatch {dispatch.id} has left.")
        return False
    return True


@contextmanager
def _noting_interrupt() -> Iterator[threading.Event]:
    """Turn Ctrl-C into a note while the ``with`` block runs.

    A KeyboardInterrupt is lost where Python cannot raise (in the clean-up of an object,
    say), and here a lost one would send what somebody wanted to stop.
    """
    noted = threading.Event()
    before = signal.signal(signal.SIGINT, lambda *_: noted.set())
    try:
        yield noted
    finally:
        signal.signal(signal.SIGINT, before)
