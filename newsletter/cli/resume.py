"""`newsletter resume [DISPATCH]`."""

import os
from typing import TYPE_CHECKING

import click

from newsletter.cli.context import json_option, pass_project_of_dispatch
from newsletter.cli.dispatches import show_end, watching
from newsletter.model.delivery import DeliveryState

if TYPE_CHECKING:
    from newsletter.workflow.project import Project


@click.command("resume")
@click.argument("number", metavar="[DISPATCH]", type=int, required=False)
@click.option("--refused", is_flag=True, help="Try those again who were refused.")
@click.option(
    "--unknown", is_flag=True, help="Send again to those who may have it already."
)
@json_option
@pass_project_of_dispatch
def command(
    project: "Project",
    number: int | None,
    refused: bool,
    unknown: bool,
    as_json: bool,
) -> int:
    """Go on with a dispatch that was paused, interrupted, or waits.

    Without a number: the one that is open. Whoever got the issue does not get it again;
    those of whom nobody knows only with --unknown. Exit codes as for `newsletter send`.
    """
    from newsletter.workflow.resume import resume

    wishes = {DeliveryState.REFUSED: refused, DeliveryState.UNKNOWN: unknown}
    with watching() as watch:
        dispatch = resume(
            project,
            number,
            again=[state for state, is_wished in wishes.items() if is_wished],
            environment=os.environ,
            watch=watch,
        )
    return show_end(dispatch, as_json=as_json)
