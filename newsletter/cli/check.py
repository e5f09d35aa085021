"""`newsletter check [ISSUE]`."""

import shutil
import sys
from datetime import UTC, datetime
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import TYPE_CHECKING

import click

from newsletter.cli.context import json_option, pass_project, print_json
from newsletter.cli.findings import (
    finding_lines,
    link_summary,
    report_json,
    severity_counts,
    show_link_progress,
)

if TYPE_CHECKING:
    from newsletter.workflow.accept import Acceptance
    from newsletter.workflow.check import CheckReport
    from newsletter.workflow.project import Project


@click.command("check")
@click.argument("issue", required=False)
@click.option("--offline", is_flag=True, help="Ask no address on the web.")
@click.option("--strict", is_flag=True, help="Count warnings as errors.")
@click.option(
    "--accept", metavar="RULE:LINE", help="Accept a finding; needs --because."
)
@click.option("--because", metavar="TEXT", help="Why it is accepted.")
@click.option(
    "--allow-private",
    metavar="NETWORK",
    multiple=True,
    help="Let links lead into this network, for example 10.1.0.0/16.",
)
@json_option
@pass_project
def command(
    project: "Project",
    issue: str | None,
    offline: bool,
    strict: bool,
    accept: str | None,
    because: str | None,
    allow_private: tuple[str, ...],
    as_json: bool,
) -> int:
    """Check an issue and its links: what a reader would stumble over.

    ISSUE is a name such as 2023-02 or a path; without it, the last one. Links are asked
    as a browser would ask them. Exit code 0: it can be sent; 1: something is to be put
    right.
    """
    from newsletter.workflow.check import accept_in_report, check_issue

    chosen = _read_acceptance(accept or "", because or "")
    networks = _read_networks(allow_private)
    now = datetime.now(UTC)
    report = check_issue(
        project,
        issue,
        offline=offline,
        now=now,
        allow_private=networks,
        show_progress=show_link_progress,
    )
    if chosen is not None:
        report = accept_in_report(project, report, chosen, now=now)
    if as_json:
        print_json(report_json(report))
    else:
        _show(report, strict=strict, networks=allow_private)
    return 0 if report.passes(strict=strict) else 1


def _read_acceptance(accept: str, because: str) -> "Acceptance | None":
    from newsletter.workflow.accept import Acceptance

    if bool(accept) != bool(because.strip()):
        raise click.UsageError("--accept RULE:LINE and --because TEXT go together.")
    if not accept:
        return None
    rule, _, line = accept.partition(":")
    if line and not (line.isascii() and line.isdecimal()):
        raise click.UsageError(f'"{line}" is no line. Write --accept RULE:LINE.')
    return Acceptance(rule, int(line or 0), because.strip())


def _read_networks(written: tuple[str, ...]) -> list[IPv4Network | IPv6Network]:
    try:
        return [ip_network(text, strict=False) for text in written]
    except ValueError as error:
        raise click.UsageError(
            f"--allow-private: {error}. Write a network such as 10.1.0.0/16."
        ) from error


def _show(report: "CheckReport", *, strict: bool, networks: tuple[str, ...]) -> None:
    columns = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
    for line in finding_lines(report.findings, columns=columns):
        click.echo(line)
    for sentence in _link_sentences(report, networks):
        click.echo(sentence)
    click.echo(_closing(report, strict=strict))


def _link_sentences(report: "CheckReport", networks: tuple[str, ...]) -> list[str]:
    is_unasked = any(f.rule == "links-unchecked" for f in report.findings)
    summary = link_summary(report.links, unasked=report.unasked_links)
    sentences = [] if is_unasked else [summary]
    if networks:
        sentences.append(f"Private networks were asked: {', '.join(networks)}.")
    return [sentence for sentence in sentences if sentence]


def _closing(report: "CheckReport", *, strict: bool) -> str:
    counts = severity_counts(report.findings)
    said = f"{report.file}: {counts or 'nothing to put right'}."
    if report.blocking:
        return f"{said} It cannot be sent like this."
    if not report.passes(strict=strict):
        return f"{said} It could be sent, but --strict counts warnings as errors."
    return f"{said} It can be sent."
