"""`newsletter send [ISSUE]`."""

import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from newsletter.cli.context import (
    is_terminal,
    json_option,
    pass_project,
    print_json,
    where_option,
)
from newsletter.cli.dispatches import INTERRUPTED, show_end, watching
from newsletter.cli.findings import count_of, show_link_progress
from newsletter.cli.hold import hold_of
from newsletter.cli.networks import allow_private_option, read_networks
from newsletter.cli.plan import show_plan
from newsletter.cli.starting import see_to_start
from newsletter.errors import UsageError

if TYPE_CHECKING:
    from newsletter.workflow.clearance import Wish
    from newsletter.workflow.plan import Plan
    from newsletter.workflow.project import Project


@click.command("send")
@click.argument("issue", required=False)
@click.option(
    "--to",
    "lists",
    metavar="LIST",
    multiple=True,
    help="Send to this list instead of those the issue names; may be repeated.",
)
@where_option
@click.option(
    "--only",
    metavar="reached:ID|missed:ID",
    help="Only those whom dispatch ID reached (or may have), or those it missed.",
)
@click.option(
    "--at",
    metavar="WHEN",
    help='Start then: "2026-12-01 09:00", by the clock of the newsletter, or with a '
    "zone: 2026-12-01 09:00 Europe/Amsterdam.",
)
@click.option(
    "--first",
    "canary",
    type=click.IntRange(min=1),
    metavar="N",
    default=None,
    help="Send to N of them, then pause until newsletter resume.",
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
    confirm: int | None,
    rehearse: bool,
    as_json: bool,
    **wished: Any,
) -> int:
    """Send an issue to its subscribers, each of them once.

    It is checked first, with links as they are today, must have been tested as it is
    now, and asks for the number of recipients. Then it holds for a while, in which
    Ctrl-C undoes it. Whoever has the issue already is left out.

    With --at mail and recipients are kept as they are now, and leave at that moment:
    `newsletter worker` sends them if it runs, else this command waits.

    Exit code 0: everybody was sent it or left meanwhile, or a worker will send it; 1:
    some were refused, are unknown or wait; 3: nothing could be sent; 130: stopped by
    Ctrl-C.
    """
    from newsletter.workflow.plan import plan_send

    now = datetime.now(UTC)
    wish = _read_wish(project, now, **wished)
    if rehearse:
        return _rehearse(project, issue, wish, as_json=as_json)
    plan = plan_send(
        project,
        issue,
        wish,
        environment=os.environ,
        now=now,
        show_progress=show_link_progress,
    )
    show_plan(plan, project.settings.newsletter)
    confirmed = _confirm(plan, confirm)
    act = _send if plan.starts_at is None else _schedule
    return act(project, plan, confirmed, as_json=as_json)


def _read_wish(
    project: "Project",
    now: datetime,
    *,
    lists: tuple[str, ...],
    where: str | None,
    only: str | None,
    at: str | None,
    canary: int | None,
    untested: bool,
    skip_probe: bool,
    allow_private: tuple[str, ...],
) -> "Wish":
    """Return what the options say.

    Raises:
        UsageError: One of them cannot be read.
    """
    from newsletter.workflow.clearance import Wish, read_only
    from newsletter.workflow.schedule import read_start
    from newsletter.workflow.segments import read_where

    zone = project.settings.newsletter.time_zone
    return Wish(
        lists,
        where=read_where(project, where) if where is not None else None,
        only=read_only(only) if only else None,
        starts_at=read_start(at, time_zone=zone, now=now) if at else None,
        canary=canary or 0,
        is_untested=untested,
        skips_probe=skip_probe,
        allowed=read_networks(allow_private),
    )


def _schedule(
    project: "Project", plan: "Plan", confirmed: int, *, as_json: bool
) -> int:
    from newsletter.workflow.send import schedule_planned

    dispatch = schedule_planned(project, plan, confirmed=confirmed)
    return see_to_start(project, dispatch, as_json=as_json)


def _send(project: "Project", plan: "Plan", confirmed: int, *, as_json: bool) -> int:
    from newsletter.workflow.send import UNDONE, send_planned

    with watching(project) as watch:
        dispatch = send_planned(
            project,
            plan,
            confirmed=confirmed,
            environment=os.environ,
            hold=hold_of(project.settings.newsletter.hold_seconds),
            watch=watch,
        )
    code = show_end(project, dispatch, as_json=as_json)
    return INTERRUPTED if dispatch.reason == UNDONE else code


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


def _confirm(plan: "Plan", given: int | None) -> int:
    """Return the number of recipients in the editor's own word.

    Raises:
        UsageError: It is another one, or there is nobody to be asked.
    """
    number = plan.recipients
    if given is None and not is_terminal():
        raise UsageError(
            "nobody is there to confirm the number of recipients. Nothing was sent.",
            f"If all of it is right, write the number yourself: --confirm {number}",
        )
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
