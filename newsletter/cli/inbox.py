"""`newsletter inbox`."""

import os
import sys
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from newsletter.addresses import mask_addresses
from newsletter.cli.context import (
    json_option,
    pass_silent_project,
    print_json,
    printable,
    say,
    tell_begin,
)
from newsletter.cli.findings import count_of
from newsletter.cli.inbox_lines import mail_line
from newsletter.errors import UsageError
from newsletter.model.returned import FOR_PEOPLE
from newsletter.workflow.people_table import instant_json

if TYPE_CHECKING:
    from newsletter.store.hard_returns import Held
    from newsletter.store.wishes import Wish
    from newsletter.workflow.project import Project
    from newsletter.workflow.returned_mail import Handled

_STDIN = "-"
#: EX_TEMPFAIL of sysexits.h: the mail server keeps the mail and tries again.
_TRY_AGAIN = 75


class _PipeCommand(click.Command):
    """A command that a mail server pipes a mail into: no failure may lose that."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except Exception as error:
            if ctx.params.get("source") != _STDIN:
                raise
            from newsletter.cli.failures import show_failure

            show_failure(error, wants_json=bool(ctx.params.get("as_json")))
            return _TRY_AGAIN


@click.command("inbox", cls=_PipeCommand)
@click.option(
    "--from",
    "source",
    metavar="imap|maildir:PATH|mbox:PATH|-",
    default="",
    help="Which mailbox; - is one mail on standard input. Default: [inbox].",
)
@click.option("--dry-run", is_flag=True, help="Say what would happen; change nothing.")
@click.option(
    "--apply-held",
    is_flag=True,
    help="Read no mail; believe the returns that are held back.",
)
@click.option(
    "--drop-held",
    is_flag=True,
    help="Read no mail; the returns that are held back were a fault.",
)
@json_option
@pass_silent_project
def command(
    project: "Project",
    source: str,
    dry_run: bool,
    apply_held: bool,
    drop_held: bool,
    as_json: bool,
) -> int:
    """Read returned mail: bounces, complaints, who wants to leave.

    Dead addresses and people who leave or complain get no mail any more, at once.
    What a person wrote stays unread where it is. Where too many addresses are called
    dead at once, that is held back until you decide.
    """
    if apply_held + drop_held + bool(source) > 1:
        raise UsageError(
            "--from, --apply-held and --drop-held do not go together.",
            "Read the mail first, then decide on what is held back.",
        )
    if source != _STDIN:
        tell_begin(project)
    if apply_held or drop_held:
        from newsletter.cli.held_returns import settle

        settle(project, is_true=apply_held, dry_run=dry_run, as_json=as_json)
        return 0
    _read(project, source, dry_run=dry_run, as_json=as_json)
    return 0


def _read(project: "Project", source: str, *, dry_run: bool, as_json: bool) -> None:
    from newsletter.cli.held_returns import held_json
    from newsletter.workflow.attention import open_wishes
    from newsletter.workflow.hard_returns import held_returns
    from newsletter.workflow.inbox import read_inbox

    now = datetime.now(UTC)
    is_logged = source == _STDIN and not sys.stdout.isatty()
    teller = _Teller(is_logged=is_logged, is_dry=dry_run)
    try:
        done = read_inbox(
            project,
            source,
            environment=os.environ,
            now=now,
            dry_run=dry_run,
            tell=_ignore if as_json else teller.take,
            stdin=sys.stdin.buffer if source == _STDIN else None,
        )
    finally:
        # Whatever broke off: what was read is told.
        teller.end()
    wishes = [] if is_logged and not as_json else open_wishes(project, now=now)
    held = held_returns(project)
    if as_json:
        print_json(
            {
                "dry_run": dry_run,
                "messages": [_json(one, is_dry=dry_run) for one in done],
                "waiting": [_wish_json(wish) for wish in wishes],
                "held": [held_json(one) for one in held],
            }
        )
        return
    _show_end(done, wishes, held, dry_run=dry_run)


def _ignore(_: "Handled") -> None:
    pass


def _json(one: "Handled", *, is_dry: bool) -> dict[str, Any]:
    return {
        "source": one.source,
        "kind": one.kind.value,
        "class": one.bounce_class.value if one.bounce_class else None,
        "recipient": one.recipient,
        "status": one.status,
        "diagnostic": one.diagnostic,
        "applied": one.is_applied and not is_dry,
        "held": one.is_held and not is_dry,
        "known": one.is_known,
        "advice": one.advice or None,
    }


def _wish_json(wish: "Wish") -> dict[str, Any]:
    from newsletter.workflow.returned_mail import leaving_command

    return {
        "recipient": wish.email,
        "at": instant_json(wish.at),
        "advice": leaving_command(wish.email),
    }


class _Teller:
    """Shows each mail as it is done; what people wrote last, or it drowns.

    Args:
        is_logged: Names nobody: Postfix writes into its log what a pipe says.
        is_dry: Nothing is done.
    """

    def __init__(self, *, is_logged: bool, is_dry: bool) -> None:
        self._is_logged = is_logged
        self._is_dry = is_dry
        self._letters: list[Handled] = []

    def take(self, one: "Handled") -> None:
        if one.is_known:
            return
        if one.kind in FOR_PEOPLE:
            self._letters.append(one)
        else:
            self._show(one)

    def end(self) -> None:
        for one in self._letters:
            self._show(one)

    def _show(self, one: "Handled") -> None:
        if self._is_logged:
            one = replace(one, subject="")
        line = mail_line(one, is_dry=self._is_dry)
        click.echo(printable(mask_addresses(line) if self._is_logged else line))


def _show_end(
    done: "tuple[Handled, ...]",
    wishes: "list[Wish]",
    held: "list[Held]",
    *,
    dry_run: bool,
) -> None:
    from newsletter.workflow.attention import wish_words
    from newsletter.workflow.hard_returns import held_words
    from newsletter.workflow.inbox import summarise
    from newsletter.workflow.returned_mail import leaving_command

    new = [one for one in done if not one.is_known]
    for line in summarise(done, is_dry=dry_run):
        say(line)
    if not new:
        say("No new mail.")
    if known := len(done) - len(new):
        say(f"{count_of(known, 'mail')} known already.")
    for wave in held:
        click.echo(held_words(wave))
    told = {one.advice for one in new}
    for wish in wishes:
        if leaving_command(wish.email) not in told:
            click.echo(wish_words(wish))
    if dry_run and new:
        say("Nothing was changed: this was a dry run.")
