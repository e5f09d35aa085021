"""`newsletter check --fix`: show new addresses, ask about each, say what came of it."""

from typing import TYPE_CHECKING, Any

import click

from newsletter.cli.context import is_terminal, say
from newsletter.cli.findings import count_of
from newsletter.cli.yes_or_no import is_yes

if TYPE_CHECKING:
    from newsletter.workflow.check import CheckReport
    from newsletter.workflow.fix import Fixed, Proposal
    from newsletter.workflow.project import Project


def refuse_unasked(*, fix: bool, yes: bool, as_json: bool, has_answers: bool) -> None:
    """Refuse combinations of options in which nothing could be written or asked.

    Args:
        fix: ``--fix``.
        yes: ``--yes``.
        as_json: ``--json``.
        has_answers: Whether one issue is checked, and its links are asked.
    """
    if yes and not fix:
        raise click.UsageError("--yes belongs to --fix.")
    if fix and not has_answers:
        raise click.UsageError(
            "--fix needs the answers of one issue's links: "
            "leave out --offline and --archive."
        )
    if fix and not yes and (as_json or not is_terminal()):
        raise click.UsageError(
            "--fix asks about each address, and nobody can be asked here. "
            "Add --yes to write them all."
        )


def fix_issue(project: "Project", report: "CheckReport", *, yes: bool) -> "Fixed":
    """Ask about each new address, write the accepted ones, and return them.

    Raises:
        OperationError: The definition has changed since it was checked, or it cannot
            be written.
    """
    from newsletter.workflow.fix import propose_fixes, write_fixes

    proposals = propose_fixes(project, report)
    accepted = [one for one in proposals if yes or one.obstacle or _is_wanted(one)]
    return write_fixes(project, report, accepted)


def show_fixed(fixed: "Fixed", file: str) -> None:
    """Say what was written, what was not, and why."""
    for proposal in fixed.written:
        click.echo(str(proposal))
    for proposal in fixed.left:
        click.echo(f"{proposal} was not written: {proposal.obstacle}")
    number = count_of(len(fixed.written), "address", plural="addresses")
    again = " Check it again before you send it." if fixed.written else ""
    click.echo(f"{file}: {number} written.{again}")


def fixed_json(fixed: "Fixed") -> dict[str, Any]:
    """Return what ``check --fix --yes --json`` adds to the promised shape."""
    return {
        "fixed": [
            {"file": p.place.file, "line": p.place.line, "old": p.old, "new": p.new}
            for p in fixed.written
        ]
    }


def offer_fixes(report: "CheckReport") -> None:
    """Say how new addresses can be written, where there are any."""
    from newsletter.workflow.fix import has_fixes

    if has_fixes(report):
        click.echo("newsletter check --fix writes new addresses for you, one by one.")


def _is_wanted(proposal: "Proposal") -> bool:
    say(f"{proposal.place}  {proposal.words}".rstrip())
    say(f"  old: {proposal.old}")
    say(f"  new: {proposal.new}")
    return is_yes("Write the new address?")
