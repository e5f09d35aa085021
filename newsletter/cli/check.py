"""`newsletter check [ISSUE]`."""

import re
import shutil
import sys
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import click

from newsletter.cli.context import json_option, pass_project, print_json, say
from newsletter.cli.findings import (
    count_of,
    finding_lines,
    link_summary,
    report_json,
    severity_counts,
    show_link_progress,
    tally_sentence,
)
from newsletter.cli.fixes import (
    fix_issue,
    fixed_json,
    offer_fixes,
    refuse_unasked,
    show_fixed,
)
from newsletter.cli.networks import allow_private_option, read_networks

if TYPE_CHECKING:
    from collections.abc import Sequence
    from ipaddress import IPv4Network, IPv6Network

    from newsletter.model.finding import Finding
    from newsletter.workflow.accept import Acceptance
    from newsletter.workflow.check import ArchiveReport, CheckReport
    from newsletter.workflow.links import Tally
    from newsletter.workflow.project import Project

_UNITS = {
    "m": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
    "w": timedelta(weeks=1),
}


@click.command("check")
@click.argument("issue", required=False)
@click.option("--offline", is_flag=True, help="Ask no address on the web.")
@click.option(
    "--archive", is_flag=True, help="Check every issue; each address is asked once."
)
@click.option(
    "--max-age",
    metavar="DURATION",
    help="Ask what was seen longer ago than this: 24h, 7d; 0 asks everything.",
)
@click.option(
    "--rendered", is_flag=True, help="Look at the mail in the installed Chromium too."
)
@click.option("--spam", is_flag=True, help="Ask the installed SpamAssassin too.")
@click.option("--strict", is_flag=True, help="Count warnings as errors.")
@click.option(
    "--accept", metavar="RULE:LINE", help="Accept a finding; needs --because."
)
@click.option("--because", metavar="TEXT", help="Why it is accepted.")
@click.option(
    "--fix", is_flag=True, help="Write new addresses into the issue, after a question."
)
@click.option("--yes", is_flag=True, help="With --fix: write them all, unasked.")
@allow_private_option
@json_option
@pass_project
def command(
    project: "Project",
    issue: str | None,
    offline: bool,
    archive: bool,
    max_age: str | None,
    rendered: bool,
    spam: bool,
    strict: bool,
    accept: str | None,
    because: str | None,
    fix: bool,
    yes: bool,
    allow_private: tuple[str, ...],
    as_json: bool,
) -> int:
    """Check an issue and its links: what a reader would stumble over.

    ISSUE is a name such as 2023-02 or a path; without it, the last one. Links are asked
    as a browser would ask them; what was seen lately is not asked again. Exit code 0:
    it can be sent; 1: something is to be put right.
    """
    if archive and (issue or accept or because):
        raise click.UsageError("--archive takes every issue: name none, accept none.")
    if archive and (rendered or spam):
        raise click.UsageError(
            "--rendered and --spam look at one issue: leave out --archive."
        )
    has_answers = not (offline or archive)
    refuse_unasked(fix=fix, yes=yes, as_json=as_json, has_answers=has_answers)
    chosen = _read_acceptance(accept or "", because or "")
    asked = _Asked(
        now=datetime.now(UTC),
        offline=offline,
        max_age=_read_max_age(max_age),
        private=allow_private,
        networks=read_networks(allow_private),
        strict=strict,
        as_json=as_json,
    )
    if offline and asked.max_age == timedelta(0):
        raise click.UsageError("--max-age 0 asks everything, and --offline nobody.")
    if archive:
        return _check_archive(project, asked)
    report = _check(project, issue, asked, browser=rendered, spam_filter=spam)
    if chosen is not None:
        report = _accept(project, report, chosen, asked)
    _tell(project, report, asked, fix=fix, yes=yes)
    return 0 if report.passes(strict=strict) else 1


@dataclass(frozen=True, slots=True)
class _Asked:
    """How a check is to be done and told."""

    now: datetime
    offline: bool
    max_age: timedelta | None
    #: Networks whose addresses may be asked, as they were written and as they are read.
    private: tuple[str, ...]
    networks: "Sequence[IPv4Network | IPv6Network]"
    strict: bool
    as_json: bool


def _check_archive(project: "Project", asked: _Asked) -> int:
    from newsletter.workflow.check import Inquiry, check_archive

    inquiry = Inquiry(asked.offline, asked.max_age, asked.networks, show_link_progress)
    found = check_archive(project, inquiry, now=asked.now)
    _tell_trouble(found)
    if asked.as_json:
        print_json({"issues": [report_json(report) for report in found.issues]})
    else:
        _show_archive(found, networks=asked.private, now=asked.now)
    return 0 if found.passes(strict=asked.strict) else 1


def _check(
    project: "Project",
    issue: str | None,
    asked: _Asked,
    *,
    browser: bool,
    spam_filter: bool,
) -> "CheckReport":
    from newsletter.workflow.check import Programs, check_issue

    return check_issue(
        project,
        issue,
        offline=asked.offline,
        now=asked.now,
        max_age=asked.max_age,
        allow_private=asked.networks,
        show_progress=show_link_progress,
        programs=Programs(browser=browser, spam_filter=spam_filter),
    )


def _accept(
    project: "Project", report: "CheckReport", chosen: "Acceptance", asked: _Asked
) -> "CheckReport":
    from newsletter.workflow.check import accept_in_report

    return accept_in_report(project, report, chosen, now=asked.now)


def _tell(
    project: "Project", report: "CheckReport", asked: _Asked, *, fix: bool, yes: bool
) -> None:
    """Show what was found, and put right what is asked for."""
    _tell_trouble(report)
    if asked.as_json:
        fixed = fix_issue(project, report, yes=True) if fix else None
        print_json(report_json(report) | (fixed_json(fixed) if fixed else {}))
        return
    _show(report, strict=asked.strict, networks=asked.private, now=asked.now)
    if fix:
        show_fixed(fix_issue(project, report, yes=yes), report.file)
    else:
        offer_fixes(report)


def _read_acceptance(accept: str, because: str) -> "Acceptance | None":
    from newsletter.workflow.accept import Acceptance, refuse_rule

    if bool(accept) != bool(because.strip()):
        raise click.UsageError("--accept RULE:LINE and --because TEXT go together.")
    if not accept:
        return None
    rule, *numbers = accept.split(":")
    for number in numbers:
        if not (number.isascii() and number.isdecimal()):
            raise click.UsageError(f'"{number}" is no line. Write --accept RULE:LINE.')
    if len(numbers) > 2:
        raise click.UsageError("Write --accept RULE:LINE or RULE:LINE:COLUMN.")
    refuse_rule(rule)
    line, column = (*map(int, numbers), 0, 0)[:2]
    return Acceptance(rule, line, because.strip(), column)


def _read_max_age(written: str | None) -> timedelta | None:
    if written is None:
        return None
    found = re.fullmatch(r"0|([0-9]{1,6})([mhdw])", written.strip().lower())
    if found is None:
        raise click.UsageError(
            f'"{written}" is no duration. Write for example 90m, 24h, 7d or 2w; '
            "0 asks everything anew."
        )
    number, unit = found.groups(default="0")
    return int(number) * _UNITS.get(unit, timedelta(0))


def _tell_trouble(report: "CheckReport | ArchiveReport") -> None:
    if report.trouble:
        say(f"nothing was remembered: {report.trouble}")


def _show(
    report: "CheckReport", *, strict: bool, networks: tuple[str, ...], now: datetime
) -> None:
    _show_findings(report.findings)
    for sentence in _link_sentences([report], report.tally, networks, now):
        click.echo(sentence)
    if report.spam is not None:
        click.echo(
            f"SpamAssassin {report.spam.version} gives the content "
            f"{report.spam.score:g} points; above 0 they speak against it."
        )
    click.echo(_closing(report, strict=strict))


def _show_archive(
    archive: "ArchiveReport", *, networks: tuple[str, ...], now: datetime
) -> None:
    shared = _shared_findings(archive.issues)
    for report in archive.issues:
        own = [finding for finding in report.findings if finding not in shared]
        _show_findings(own)
        counts = severity_counts(own)
        click.echo(f"{report.file}: {counts or 'nothing to put right'}.\n")
    _show_findings(sorted(shared, key=lambda finding: -finding.severity))
    for sentence in _link_sentences(archive.issues, archive.tally, networks, now):
        click.echo(sentence)
    number = count_of(len(archive.issues), "issue")
    single = (f for one in archive.issues for f in one.findings if f not in shared)
    counts = severity_counts([*single, *shared])
    click.echo(f"{number}: {counts or 'nothing to put right'}.")


def _shared_findings(reports: "Sequence[CheckReport]") -> "list[Finding]":
    """Return what several issues have in the same settings or template, once each."""
    places = {report.file for report in reports}
    elsewhere = [
        finding
        for report in reports
        for finding in report.findings
        if finding.place.file not in places
    ]
    return [one for one in dict.fromkeys(elsewhere) if elsewhere.count(one) > 1]


def _show_findings(findings: "Sequence[Finding]") -> None:
    columns = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
    for line in finding_lines(findings, columns=columns):
        click.echo(line)


def _link_sentences(
    reports: "Sequence[CheckReport]",
    tally: "Tally",
    networks: tuple[str, ...],
    now: datetime,
) -> list[str]:
    findings = (finding for report in reports for finding in report.findings)
    links = [link for report in reports for link in report.links]
    unasked = sum(report.unasked_links for report in reports)
    is_unasked = any(finding.rule == "links-unchecked" for finding in findings)
    sentences = [
        "" if is_unasked else link_summary(links, unasked=unasked),
        tally_sentence(replace(tally, asked=0) if is_unasked else tally, now),
        f"Private networks were allowed: {', '.join(networks)}." if networks else "",
    ]
    return [sentence for sentence in sentences if sentence]


def _closing(report: "CheckReport", *, strict: bool) -> str:
    counts = severity_counts(report.findings)
    said = f"{report.file}: {counts or 'nothing to put right'}."
    if report.blocking:
        return f"{said} It cannot be sent like this."
    if not report.passes(strict=strict):
        return f"{said} It could be sent, but --strict counts warnings as errors."
    return f"{said} It can be sent."
