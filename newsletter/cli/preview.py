"""`newsletter preview`."""

import os
from contextlib import suppress
from typing import TYPE_CHECKING

import click

from newsletter.cli.context import open_browser, pass_project, say

if TYPE_CHECKING:
    from newsletter.workflow.project import Project


@click.command("preview")
@click.argument("issue", required=False)
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=0,
    help="Port to listen on; default: any free one.",
)
@click.option("--no-browser", is_flag=True, help="Print the address, open nothing.")
@pass_project
def command(
    project: "Project", issue: str | None, port: int, *, no_browser: bool
) -> None:
    """Show ISSUE (default: the last) in the browser; it follows the file as you write.

    Only this computer can open it. Ctrl-C stops it.
    """
    from newsletter.studio.session import open_preview
    from newsletter.workflow.project import find_issue_to_show
    from newsletter.workflow.serve import open_listener, serve_app

    path = find_issue_to_show(project, issue)
    listener = open_listener("127.0.0.1", port)
    session = open_preview(
        project.root, path, port=listener.port, environment=os.environ
    )
    say(f"Preview of {project.shown(path)}; it follows the file. Ctrl-C stops it.")
    click.echo(session.url)
    if not no_browser:
        open_browser(session.url)
    with suppress(KeyboardInterrupt):  # none comes where the shell ignores it
        serve_app(session.app, listener, before_stop=session.stop)
    say("Stopped.")
