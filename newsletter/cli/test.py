"""`newsletter test [ISSUE]`."""

import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from newsletter.cli.context import json_option, pass_project, print_json

if TYPE_CHECKING:
    from collections.abc import Mapping

    from newsletter.workflow.project import Project
    from newsletter.workflow.test import TrialReport


@click.command("test")
@click.argument("issue", required=False)
@click.option(
    "--to", metavar="ADDRESS", multiple=True, help="Where to; may be repeated."
)
@click.option(
    "--as",
    "as_email",
    metavar="ADDRESS",
    default="",
    help="Show it as this subscriber gets it.",
)
@click.option("--mark", is_flag=True, help="Put [TEST] before the subject.")
@json_option
@pass_project
def command(
    project: "Project",
    issue: str | None,
    to: tuple[str, ...],
    as_email: str,
    mark: bool,
    as_json: bool,
) -> int:
    """Send the real mail of an issue to yourself, or to at most ten addresses.

    Without --to it goes to the addresses of [test] in newsletter.toml. Its unsubscribe
    links change nothing. What was tested is what `newsletter send` sends: a later
    change asks for another test.
    """
    from newsletter.workflow.test import Trial, send_test

    report = send_test(
        project,
        issue,
        Trial(to, as_email, mark),
        environment=os.environ,
        now=datetime.now(UTC),
    )
    if as_json:
        print_json(_json(report))
    else:
        _show(project, report)
    if report.files or not (report.failed or report.unknown):
        return 0
    return 1 if report.accepted or report.unknown else 3


def _json(report: "TrialReport") -> dict[str, object]:
    return {
        "issue": report.issue,
        "content_hash": report.content_hash,
        "accepted": list(report.accepted),
        "failed": _reasons_json(report.failed),
        "unknown": _reasons_json(report.unknown),
        "files": [str(path) for path in report.files],
    }


def _reasons_json(reasons: "Mapping[str, str]") -> list[dict[str, str]]:
    return [{"email": email, "reason": reason} for email, reason in reasons.items()]


def _show(project: "Project", report: "TrialReport") -> None:
    from newsletter.workflow.standing import UNKNOWN_WORDS

    click.echo(f"Subject: {report.subject}")
    for address in report.accepted:
        click.echo(f"{address}: taken by your mail server")
    for address, reason in report.failed.items():
        click.echo(f"{address}: not sent; {reason}")
    for address in report.unknown:
        click.echo(f"{address}: {UNKNOWN_WORDS}")
    for path in report.files:
        click.echo(f"wrote {project.shown(path)}")
    if report.files:
        click.echo(
            "Nobody was mailed: there is no mail server in newsletter.toml. "
            "Open the file in your mail program."
        )
