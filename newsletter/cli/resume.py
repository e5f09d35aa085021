"""`newsletter resume [DISPATCH]`."""

import os
from typing import TYPE_CHECKING

import click

from newsletter.cli.context import json_option, pass_project_of_dispatch
from newsletter.cli.dispatches import show_end, watching
from newsletter.cli.starting import see_to_start
from newsletter.model.delivery import DeliveryState, DispatchState

if TYPE_CHECKING:
    from newsletter.workflow.project import Project


@click.command("resume")
@click.argument("number", metavar="[DISPATCH]", type=int, required=False)
@click.option("--refused", is_flag=True, help="Try those again who were refused.")
@click.option(
    "--unknown", is_flag=True, help="Send again to those who may have it already."
)
@click.option(
    "--unknown-accepted",
    is_flag=True,
    help="Count those who may have it as having it; they are not mailed again.",
)
@click.option("--now", "is_now", is_flag=True, help="Do not wait for its start.")
@json_option
@pass_project_of_dispatch
def command(
    project: "Project",
    number: int | None,
    refused: bool,
    unknown: bool,
    unknown_accepted: bool,
    is_now: bool,
    as_json: bool,
) -> int:
    """Go on with a dispatch that was paused, interrupted, or waits.

    Without a number: the one that is open. Whoever got the issue does not get it again;
    those of whom nobody knows only with --unknown. One that is to start later keeps its
    start, unless you say --now. Exit codes as for `newsletter send`.
    """
    from newsletter.workflow.resume import Again, resume

    if unknown and unknown_accepted:
        raise click.UsageError("choose one of --unknown and --unknown-accepted.")
    wishes = {DeliveryState.REFUSED: refused, DeliveryState.UNKNOWN: unknown}
    again = Again(
        states=tuple(state for state, is_wished in wishes.items() if is_wished),
        counts_unknown=unknown_accepted,
        is_now=is_now,
    )
    with watching(project) as watch:
        dispatch = resume(project, number, again, environment=os.environ, watch=watch)
    if dispatch.state is DispatchState.SCHEDULED:
        return see_to_start(project, dispatch, as_json=as_json)
    return show_end(project, dispatch, as_json=as_json)
