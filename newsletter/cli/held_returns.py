"""`newsletter inbox --apply-held` and `--drop-held`: what was too much to believe."""

import shlex
from datetime import UTC, datetime
from textwrap import shorten
from typing import TYPE_CHECKING, Any

import click

from newsletter.cli.context import print_json, printable, say
from newsletter.cli.findings import count_of
from newsletter.model.returned import Decision

if TYPE_CHECKING:
    from newsletter.store.hard_returns import Held, HeldReturn
    from newsletter.workflow.project import Project

#: Of what a mail system says, so much is shown; all that is kept is in --json.
_MOST_SAID = 100


def settle(project: "Project", *, is_true: bool, dry_run: bool, as_json: bool) -> None:
    """Decide on all returns that are held, and say whom it means."""
    from newsletter.workflow.hard_returns import settle_held, taken_off_before

    told: list[tuple[HeldReturn, bool]] = []

    def tell(one: "HeldReturn", is_applied: bool) -> None:
        told.append((one, is_applied))
        if not as_json:
            if dry_run:
                line = _would_line(one, is_true=is_true)
            else:
                line = _line(one, is_true=is_true, is_applied=is_applied)
            click.echo(printable(line))

    decision = Decision.BELIEVED if is_true else Decision.DROPPED
    now = datetime.now(UTC)
    settle_held(project, decision, now=now, dry_run=dry_run, tell=tell)
    dispatches = dict.fromkeys(one.dispatch_id for one, _ in told)
    before = [] if is_true else taken_off_before(project, dispatches)
    if as_json:
        returns = [_json(one, is_applied=it and not dry_run) for one, it in told]
        print_json({"dry_run": dry_run, "returns": returns, "taken_off": before})
        return
    for email in before:
        click.echo(printable(_before_line(email)))
    _show_end(len(told), is_true=is_true, dry_run=dry_run)


def held_json(held: "Held") -> dict[str, Any]:
    """Return what is held of a dispatch, as ``--json`` promises it."""
    return {
        "dispatch": held.dispatch_id,
        "returns": held.count,
        "taken_off": held.applied,
        "advice": "newsletter inbox --apply-held --dry-run",
    }


def said_words(reason: str) -> str:
    """Return what a mail system said, in brackets, or nothing."""
    if not reason:
        return ""
    return f" ({shorten(reason, _MOST_SAID, placeholder='…').rstrip('.')})"


def _line(one: "HeldReturn", *, is_true: bool, is_applied: bool) -> str:
    said = said_words(one.reason)
    if not is_true:
        return f"{one.email}: called dead{said}. Dropped; they go on getting mail."
    if is_applied:
        return f"{one.email}: the address is dead{said}. No mail goes there any more."
    return (
        f"{one.email}: called dead{said}, but they came back since by their own word. "
        "Nothing was changed."
    )


def _would_line(one: "HeldReturn", *, is_true: bool) -> str:
    said = said_words(one.reason)
    if is_true:
        return (
            f"{one.email}: the address is dead{said}. No mail would go there any more."
        )
    return (
        f"{one.email}: called dead{said}. It would be dropped; they would go on "
        "getting mail."
    )


def _before_line(email: str) -> str:
    return (
        f"{email} was taken off before it was seen that too many are. If that was the "
        f"same fault: newsletter subscribers add {shlex.quote(email)} "
        '--consent "taken off by a fault of a mail system"'
    )


def _json(one: "HeldReturn", *, is_applied: bool) -> dict[str, Any]:
    return {
        "dispatch": one.dispatch_id,
        "recipient": one.email,
        "status": one.status,
        "diagnostic": one.diagnostic,
        "applied": is_applied,
    }


def _show_end(count: int, *, is_true: bool, dry_run: bool) -> None:
    if not count:
        say("No returned mail is held back.")
        return
    done = "believed" if is_true else "dropped"
    done = f"would be {done}" if dry_run else done
    say(f"{count_of(count, 'returned mail')} {done}.")
    if dry_run:
        say("Nothing was changed: this was a dry run.")
