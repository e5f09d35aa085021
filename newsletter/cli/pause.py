"""`newsletter pause [DISPATCH]`."""

from typing import TYPE_CHECKING

import click

from newsletter.cli.context import json_option, pass_project_of_dispatch, print_json
from newsletter.cli.dispatches import dispatch_json, summary_lines

if TYPE_CHECKING:
    from newsletter.workflow.project import Project


@click.command("pause")
@click.argument("number", metavar="[DISPATCH]", type=int, required=False)
@json_option
@pass_project_of_dispatch
def command(project: "Project", number: int | None, as_json: bool) -> int:
    """Halt a dispatch, also one that another terminal sends; nothing is lost.

    Without a number: the one that is open. Mails under way are still answered for.
    """
    from newsletter.workflow.halt import pause

    dispatch = pause(project, number)
    if as_json:
        print_json(dispatch_json(dispatch))
    else:
        for line in summary_lines(project, dispatch):
            click.echo(line)
    return 0
