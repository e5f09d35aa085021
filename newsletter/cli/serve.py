"""`newsletter serve`."""

import os
from contextlib import AbstractContextManager, ExitStack, suppress
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import click

from newsletter.addresses import is_loopback
from newsletter.cli.context import pass_project, say

if TYPE_CHECKING:
    from newsletter.workflow.project import Project
    from newsletter.workflow.serve import Listener


@click.command("serve")
@click.option(
    "--host", default="127.0.0.1", show_default=True, help="Address to listen on."
)
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    help="Port to listen on; default: port of [web] in newsletter.toml.",
)
@click.option(
    "--no-worker", is_flag=True, help="Serve pages alone; send nothing that is due."
)
@pass_project
def command(
    project: "Project", host: str, port: int | None, *, no_worker: bool
) -> None:
    """Serve the public pages: joining, leaving, settings, issues that were sent.

    It sends what is due besides, as `newsletter worker` does. Keep it running, and put
    a web server with TLS before it; "Serving the public pages" in the documentation
    shows how. Ctrl-C stops it.
    """
    from newsletter.web.app import public_app
    from newsletter.workflow.beside import interrupting
    from newsletter.workflow.desk import open_desk
    from newsletter.workflow.hooks import open_hooks
    from newsletter.workflow.serve import PUBLIC_GRACE_SECONDS, open_listener, serve_app

    wanted = project.settings.web.port if port is None else port
    hooks = open_hooks(project, os.environ)
    listener = open_listener(host, wanted)
    with interrupting(), open_desk(project) as desk, ExitStack() as stack:
        _announce(project, listener, has_worker=not no_worker)
        if not no_worker:
            stack.enter_context(_working(project))
        app = public_app(project, desk, hooks=hooks)
        with suppress(KeyboardInterrupt):  # none comes where the shell ignores it
            serve_app(app, listener, grace_seconds=PUBLIC_GRACE_SECONDS)
    say("Stopped.")


def _working(project: "Project") -> AbstractContextManager[None]:
    """Run what is due beside the pages."""
    from newsletter.cli.worker import telling
    from newsletter.workflow.beside import working_beside

    tell = telling(project.settings.newsletter.time_zone)
    return working_beside(project, environment=os.environ, tell=tell)


def _announce(project: "Project", listener: "Listener", *, has_worker: bool) -> None:
    from newsletter.workflow.notices import can_notify

    base_url = project.settings.newsletter.base_url
    click.echo(f"The public pages listen on {listener.url}")
    if not has_worker and can_notify(project.settings):
        say("Mails that readers ask for on them wait for: newsletter worker")
    if not base_url:
        say("Mails do not point here yet: newsletter.toml has no base_url.")
    elif is_loopback(urlsplit(base_url).hostname or ""):
        say(f"Mails point to {base_url}, which only this computer opens: for trials.")
        say("Ctrl-C stops it.")
        return
    else:
        say(
            f"Readers come by {base_url}: let a web server with TLS pass it on to here."
        )
        if not project.settings.web.trusted_hops:
            say(
                "Set trusted_hops = 1 under [web] for that web server: until then it "
                "is not limited how many join from one network."
            )
    say('"Serving the public pages" in the documentation shows what to put before it.')
    say("Ctrl-C stops it.")
