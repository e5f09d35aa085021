"""`newsletter worker`."""

import json
import os
import sys
from typing import TYPE_CHECKING

import click

from newsletter.cli.context import pass_silent_project
from newsletter.cli.dispatches import dispatch_json
from newsletter.workflow.local_time import show_time
from newsletter.workflow.people_table import instant_json

if TYPE_CHECKING:
    from newsletter.workflow.project import Project
    from newsletter.workflow.worker_news import Event, Tell


@click.command("worker")
@click.option(
    "--json", "as_json", is_flag=True, help="Print each event as one line of JSON."
)
@pass_silent_project
def command(project: "Project", as_json: bool) -> int:
    """Send what is due: scheduled and waiting dispatches, and what a crash left.

    Besides, it sends the mails that readers ask for on the web page, reads the mailbox
    of [inbox], and erases what [retention] keeps no longer.

    It stays in the foreground, for systemd or a terminal, and says each thing it does
    in a line. Ctrl-C ends it when the mails under way are answered; a second one hangs
    up on them. One worker for a newsletter is enough, and a second one is refused.
    """
    from newsletter.workflow.server import no_server_here
    from newsletter.workflow.switch import Switch
    from newsletter.workflow.worker import Worker, only_worker

    if project.settings.server is None and project.settings.inbox is None:
        raise no_server_here("a worker has nothing to send with")
    tell = tell_json if as_json else telling(project.settings.newsletter.time_zone)
    with Switch() as switch, switch.on_signals(), only_worker(project):
        Worker(project, environment=os.environ, tell=tell, switch=switch).run()
    return 0


def telling(time_zone: str) -> "Tell":
    """Return what prints events as lines, by the clock of *time_zone*."""

    def tell(event: "Event") -> None:
        click.echo(f"{show_time(event.at, time_zone)}  {event.text}")
        sys.stdout.flush()

    return tell


def tell_json(event: "Event") -> None:
    """Print an event as one line of JSON."""
    about = dispatch_json(event.dispatch) if event.dispatch else {}
    line = {"at": instant_json(event.at), "event": event.kind, "text": event.text}
    click.echo(json.dumps(line | about, ensure_ascii=False))
    sys.stdout.flush()
