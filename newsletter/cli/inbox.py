"""`newsletter inbox`."""

import os
import sys
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from newsletter.addresses import mask_addresses
from newsletter.cli.context import (
    json_option,
    pass_silent_project,
    print_json,
    printable,
    say,
    tell_open_dispatches,
)
from newsletter.cli.findings import count_of
from newsletter.cli.held_returns import said_words
from newsletter.errors import NewsletterError, UsageError
from newsletter.model.returned import BounceClass, MailKind
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
        except NewsletterError as error:
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
        tell_open_dispatches(project)
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
    done = read_inbox(
        project,
        source,
        environment=os.environ,
        now=now,
        dry_run=dry_run,
        tell=_ignore if as_json else partial(_show, is_logged=is_logged),
        stdin=sys.stdin.buffer if source == _STDIN else None,
    )
    wishes = [] if is_logged and not as_json else open_wishes(project, now=now)
    held = held_returns(project)
    if as_json:
        print_json(
            {
                "messages": [_json(one) for one in done],
                "waiting": [_wish_json(wish) for wish in wishes],
                "held": [held_json(one) for one in held],
            }
        )
        return
    _show_end(done, wishes, held, dry_run=dry_run)


def _ignore(_: "Handled") -> None:
    pass


def _json(one: "Handled") -> dict[str, Any]:
    return {
        "source": one.source,
        "kind": one.kind.value,
        "class": one.bounce_class.value if one.bounce_class else None,
        "recipient": one.recipient,
        "status": one.status,
        "diagnostic": one.diagnostic,
        "applied": one.is_applied,
        "held": one.is_held,
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


def _show(one: "Handled", *, is_logged: bool) -> None:
    if not one.is_known:
        # Postfix writes into its log what a pipe says: nothing of a person goes there.
        line = (
            mask_addresses(_line(replace(one, subject=""))) if is_logged else _line(one)
        )
        click.echo(printable(line))


def _line(one: "Handled") -> str:
    who = one.recipient or "Somebody"
    if one.is_test:
        return f"A test mail: {_kind_words(one)}. Nothing to do."
    if one.kind is MailKind.UNSUBSCRIBE:
        return f"{who} has left by mail." if one.is_applied else _GONE
    if one.kind is MailKind.COMPLAINT:
        return _complaint_line(one, who)
    if one.kind is MailKind.BOUNCE:
        return _bounce_line(one, who)
    if one.kind is MailKind.AUTO_REPLY:
        end = "Nothing to do." if one.is_ours else _stays(one)
        return f"{who}: an automatic answer. {end}"
    subject = f": “{one.subject}”" if one.subject else ""
    if one.kind is MailKind.ASKS_TO_LEAVE:
        if one.advice:
            return f"{who} asks to leave{subject}. If so: {one.advice}"
        return (
            f"{who} asks to leave{subject}, and has no mail of yours under this "
            "address. Answer them, and ask which one it is."
        )
    if one.kind is MailKind.REPLY:
        return f"{who} wrote to you{subject}. {_stays(one)}"
    return f"A mail for you to read{subject}. {_stays(one)}"


_GONE = "Somebody left by mail who is no subscriber any more. Nothing to do."


def _kind_words(one: "Handled") -> str:
    words = {
        MailKind.BOUNCE: f"it came back{_said(one)}",
        MailKind.COMPLAINT: "it was called spam",
        MailKind.UNSUBSCRIBE: "its link to leave was tried",
        MailKind.AUTO_REPLY: "an automatic answer",
    }
    return words.get(one.kind, "an answer, which stays unread")


def _complaint_line(one: "Handled", who: str) -> str:
    if one.is_applied:
        return f"{who} called it spam, and gets no mail any more."
    if one.is_ours:
        return f"{who} called an old mail spam. Nothing was changed."
    return _unproved(one, "was called spam")


def _bounce_line(one: "Handled", who: str) -> str:
    said = _said(one)
    if not one.is_ours:
        return _unproved(one, f"came back{said}")
    if one.is_applied and one.bounce_class is BounceClass.HARD:
        return f"{who}: the address is dead{said}. No mail goes there any more."
    if one.is_held:
        return (
            f"{who}: called dead{said}, as too many others are at once. Held back; "
            "nothing was changed."
        )
    if one.is_applied:
        return (
            f"{who}: nothing has arrived for two weeks{said}. No mail goes there any "
            "more."
        )
    if one.paused:
        return (
            f"{who}: blocked by the receiving side{said}. Dispatch {one.paused} is "
            "paused: too many came back so. See: newsletter doctor"
        )
    return f"{who}: {_UNAPPLIED[one.bounce_class or BounceClass.SOFT].format(said)}"


#: What bounces without an effect on anybody say; {} is what the server said.
_UNAPPLIED = {
    BounceClass.HARD: "a mail to an earlier address, or an old one, came back{}. "
    "Nothing was changed.",
    BounceClass.SOFT: "the mail did not arrive this time{}. Counted; nothing was "
    "changed.",
    BounceClass.BLOCKED: "blocked by the receiving side{}. That is not the reader's "
    "matter; nothing was changed.",
    BounceClass.DELAY: "not there yet{}; the mail server goes on trying. Nothing to "
    "do.",
}


def _unproved(one: "Handled", what: str) -> str:
    to = f" to {one.recipient}" if one.recipient else ""
    advice = f" If you believe it: {one.advice}" if one.advice else ""
    return (
        f"A mail{to} {what}, but nothing proves that it is one of yours. Nothing was "
        f"changed. {_stays(one)}{advice}"
    )


def _stays(one: "Handled") -> str:
    """Return where a mail is that somebody has to read."""
    return "A pipe keeps no mail." if one.source == "stdin" else "It stays unread."


def _said(one: "Handled") -> str:
    return said_words(one.reason)


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
    for line in summarise(done):
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
