"""`newsletter cancel [DISPATCH]`."""

from typing import TYPE_CHECKING

import click

from newsletter.cli.context import json_option, pass_project_of_dispatch, print_json
from newsletter.cli.dispatches import dispatch_json, summary_lines

if TYPE_CHECKING:
    from newsletter.workflow.project import Project


@click.command("cancel")
@click.argument("number", metavar="[DISPATCH]", type=int, required=False)
@json_option
@pass_project_of_dispatch
def command(project: "Project", number: int | None, as_json: bool) -> int:
    """End a dispatch for good: who was not mailed yet is skipped.

    Without a number: the one that is open. The issue can be sent again later; whoever
    has it already is left out then.
    """
    from newsletter.workflow.halt import cancel

    dispatch = cancel(project, number)
    if as_json:
        print_json(dispatch_json(dispatch))
    else:
        for line in summary_lines(project, dispatch):
            click.echo(line)
    return 0
