"""`newsletter demo`: the whole job on the example, with servers of its own."""

import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple
from urllib.request import ProxyHandler, Request, build_opener

import click

from newsletter.cli.context import is_terminal, open_browser, program

if TYPE_CHECKING:
    from newsletter.model.dispatch import Dispatch
    from newsletter.testing.smtp_server import Received, SmtpServer
    from newsletter.workflow.project import Project

#: How long a mail may take from our dispatcher to our catcher.
_PATIENCE_SECONDS = 30.0


class _Stage(NamedTuple):
    """What the demo plays on."""

    project: "Project"
    catcher: "SmtpServer"


@click.command("demo")
@click.option("--exit", "leaves", is_flag=True, help="Leave when the job is done.")
def command(leaves: bool) -> None:
    """Show the whole job on an example, without touching anything of yours.

    Everything happens in a temporary folder; the mail server and the public pages are
    the demo's own and listen on this machine only.
    """
    with _stage() as stage:
        _compose_and_check(stage.project)
        _import_people(stage.project)
        _send(stage, "2023-02", step=4)
        _leave(stage)
        _send(stage, "2023-03", step=6)
        _tell_where_to_look(stage)
        if not leaves and is_terminal():
            _stay(stage.project)


@contextmanager
def _stage() -> Iterator[_Stage]:
    """Start mail catcher and public pages, and make the project between them."""
    from newsletter.testing.smtp_server import SmtpServer
    from newsletter.web.app import public_app
    from newsletter.workflow.demo import make_demo_project
    from newsletter.workflow.desk import open_desk
    from newsletter.workflow.serve import open_listener, serving

    listener = open_listener("127.0.0.1", 0)
    with SmtpServer() as catcher:
        project = make_demo_project(smtp_port=catcher.port, base_url=listener.url)
        _step(1, "A project of its own")
        _tell("folder", str(project.root))
        _tell("mail catcher", f"127.0.0.1:{catcher.port} (nothing leaves this machine)")
        _tell("public pages", listener.url)
        with open_desk(project) as desk, serving(public_app(project, desk), listener):
            yield _Stage(project, catcher)


def _compose_and_check(project: "Project") -> None:
    from newsletter.model.finding import Severity
    from newsletter.workflow.build import build_issue
    from newsletter.workflow.check import check_issue
    from newsletter.workflow.compose import compose_issue
    from newsletter.workflow.demo import ISSUES
    from newsletter.workflow.project import find_issue

    _step(2, "Two issues, from text files to mails, web pages and calendars")
    for name in ISSUES:
        composition = compose_issue(project, find_issue(project, name))
        built = build_issue(project, composition, folder=None)
        _tell(name, f"{len(built.files)} files; HTML {built.html_bytes / 1024:.1f} KB")
        report = check_issue(project, name, offline=True, now=_now())
        # What is only worth knowing speaks of the demo's own address.
        for finding in report.findings:
            if finding.severity is Severity.INFO:
                continue
            _tell("", f"{finding.severity.name.lower()}: {finding.message}")
    click.echo("     (The demo asks nothing of the network: links were not visited.)")


def _import_people(project: "Project") -> None:
    from newsletter.workflow.demo import PEOPLE
    from newsletter.workflow.imports import import_subscribers, order_import

    _step(3, "The readers")
    order = order_import(project, project.root / PEOPLE)
    report = import_subscribers(project, order, now=_now())
    _tell(PEOPLE, f"{sum(report.counts.values())} people imported")


def _send(stage: _Stage, issue: str, *, step: int) -> None:
    """Send the test, then the dispatch; both over SMTP, by one and the same code."""
    from newsletter.workflow.clearance import Wish
    from newsletter.workflow.plan import plan_send
    from newsletter.workflow.send import send_planned
    from newsletter.workflow.test import Trial, send_test

    _step(step, f"Issue {issue}: a test to the editor, then the dispatch")
    project = stage.project
    trial = send_test(project, issue, Trial(), environment={}, now=_now())
    _tell("test", f"taken for {', '.join(trial.accepted)}")
    plan = plan_send(project, issue, Wish(is_offline=True), environment={}, now=_now())
    for reason, number in plan.left_out.items():
        _tell("left out", f"{number} ({reason})")
    before = len(stage.catcher.messages)
    dispatch = send_planned(project, plan, confirmed=plan.recipients, environment={})
    stage.catcher.wait_for(before + plan.recipients, timeout_seconds=_PATIENCE_SECONDS)
    _tell("dispatch", _sum(dispatch))


def _sum(dispatch: "Dispatch") -> str:
    """Return the states of a dispatch as a sum that can be checked."""
    from newsletter.workflow.standing import STATE_WORDS

    counts = [(STATE_WORDS[state], n) for state, n in dispatch.counts.items() if n]
    parts = [f"{number} {words}" for words, number in counts]
    return f"{' + '.join(parts)} = {dispatch.total}; {dispatch.state}"


def _leave(stage: _Stage) -> None:
    """Leave as a mail program does for its reader: one POST, no page (RFC 8058)."""
    from newsletter.workflow.demo import LEAVER

    _step(5, "A reader leaves with one click")
    mail = _mail_for(stage.catcher.messages, LEAVER)
    found = re.search(rb"^List-Unsubscribe: <(http[^>]+)>", mail.data, re.MULTILINE)
    if found is None:
        raise AssertionError("the mail has no List-Unsubscribe with a page")
    url = found[1].decode("ascii")
    post = Request(url, data=b"List-Unsubscribe=One-Click", method="POST")  # noqa: S310
    # No proxy of the environment: the pages are on this very machine.
    with build_opener(ProxyHandler({})).open(post, timeout=_PATIENCE_SECONDS) as answer:
        _tell("POST", f"{url.rpartition('/')[0]}/… answered {answer.status}")
    _tell("left", LEAVER)
    click.echo(
        "     (With an https address the mail also carries the header for this.)"
    )


def _mail_for(caught: list["Received"], address: str) -> "Received":
    return next(mail for mail in caught if address in mail.recipients)


def _tell_where_to_look(stage: _Stage) -> None:
    from newsletter.workflow.demo import ISSUES, LEAVER, keep_caught

    folder = keep_caught(stage.project, stage.catcher.messages)
    per_reader = stage.catcher.recording.recipients.count(LEAVER)
    _step(
        7, "Where to look (it all lies in a temporary folder; remove it when you like)"
    )
    _tell("who left", f"{LEAVER} got {per_reader} mail; the others got {len(ISSUES)}")
    _tell("every mail", f"{folder} ({len(stage.catcher.messages)} .eml files)")
    for name in ISSUES:
        _tell("web page", str(stage.project.root / "public" / name / "index.html"))
    click.echo()
    click.echo(f"     Next: {program()} init my-letter")


def _stay(project: "Project") -> None:
    """Keep pages and preview open until Ctrl-C."""
    from newsletter.studio.session import open_preview
    from newsletter.workflow.demo import ISSUES
    from newsletter.workflow.project import find_issue
    from newsletter.workflow.serve import open_listener, serve_app

    listener = open_listener("127.0.0.1", 0)
    path = find_issue(project, ISSUES[0])
    session = open_preview(project.root, path, port=listener.port, environment={})
    click.echo()
    # From the moment it is told of, Ctrl-C may come.
    with suppress(KeyboardInterrupt):
        _tell("preview", session.url)
        click.echo(f"     Change {path} and watch. Ctrl-C ends the demo.")
        open_browser(session.url)
        serve_app(session.app, listener, before_stop=session.stop)
    click.echo("     Stopped.")


def _step(number: int, title: str) -> None:
    if number > 1:
        click.echo()
    click.echo(click.style(f"  {number}  {title}", bold=True))


def _tell(label: str, value: str) -> None:
    click.echo(f"     {label:<13} {value}")


def _now() -> datetime:
    return datetime.now(UTC)
