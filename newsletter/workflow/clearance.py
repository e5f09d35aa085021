"""What has to be true before an issue goes out: checked, tested, its pages proven.

Law: what is not so is refused, with what to do, or waived by the editor and recorded.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from sqlalchemy import Connection

from newsletter.checks.links.reach import Network
from newsletter.checks.public_page import SAY_ARCHIVE, is_page_unasked
from newsletter.errors import OperationError, RefusedError, UsageError
from newsletter.i18n import join_words
from newsletter.model.delivery import DispatchState
from newsletter.model.dispatch import Dispatch, Only, Reach
from newsletter.model.finding import Finding
from newsletter.model.issue import Issue
from newsletter.model.message import CompiledMessage
from newsletter.model.segment import Segment
from newsletter.model.settings import Settings
from newsletter.store.audience import count_audience
from newsletter.store.database import Database
from newsletter.store.dispatch_records import (
    load_dispatch,
    newest_dispatch,
    open_dispatches,
)
from newsletter.store.dispatches import count_recipients
from newsletter.store.keys import open_keyring
from newsletter.store.sender_lock import lock_path, sender_lock_if_free
from newsletter.workflow.check import CheckReport, Progress, check_composition
from newsletter.workflow.compose import (
    Composition,
    compose_issue,
    require_assembled,
)
from newsletter.workflow.imports import choose_list
from newsletter.workflow.letters import compile_issue
from newsletter.workflow.probe import probe_public_page
from newsletter.workflow.project import Project, find_issue
from newsletter.workflow.since_test import Tested

#: A link seen longer ago than this is asked again before an issue goes out.
LINKS_MAX_AGE = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Wish:
    """What `send` is asked for."""

    #: List slugs; empty: those of the issue.
    lists: tuple[str, ...] = ()
    #: Of these, only those whom an earlier dispatch reached, or missed.
    only: Only | None = None
    #: And of these, only who is in it.
    where: Segment | None = None
    #: Aware; None: now.
    starts_at: datetime | None = None
    #: So many first, then pause; 0: all at once.
    canary: int = 0
    #: Send content that nobody has seen as a mail; recorded.
    is_untested: bool = False
    #: Do not prove that the public pages write to this database; recorded.
    skips_probe: bool = False
    #: Ask no address on the web while checking.
    is_offline: bool = False
    #: Private networks that links may lead to.
    allowed: Sequence[Network] = ()


def read_only(text: str) -> Only:
    """Return what ``--only TEXT`` means: "reached:12" or "missed:12".

    Raises:
        UsageError: It means nothing.
    """
    reach, _, number = text.strip().partition(":")
    if reach not in set(Reach) or not number.isascii() or not number.isdecimal():
        raise UsageError(
            f'--only "{text}" cannot be read.',
            "Write --only reached:12 or --only missed:12, with the number of a "
            "dispatch; newsletter status names them.",
        )
    return Only(Reach(reach), int(number))


def check_before_sending(
    project: Project,
    reference: str | None,
    wish: Wish,
    now: datetime,
    show_progress: Progress | None,
) -> tuple[Composition, CompiledMessage, CheckReport]:
    """Compose, compile and check; refuse what blocks."""
    composition = compose_issue(project, find_issue(project, reference))
    assembled = require_assembled(composition)
    compiled = compile_issue(assembled, project.settings)
    check = partial(
        check_composition,
        offline=wish.is_offline,
        now=now,
        max_age=LINKS_MAX_AGE,
        allow_private=wish.allowed,
    )
    if show_progress is not None:
        check = partial(check, show_progress=show_progress)
    report = check(project, composition)
    if report.blocking:
        lines = [
            f"{found.place}: {found.message} {found.advice}".rstrip()
            for found in report.blocking
        ]
        raise RefusedError(
            "\n".join([*lines, f"{report.issue} was not sent."]),
            "Put it right, or accept it with its reason: newsletter check "
            f"{report.issue} --accept RULE:LINE --because TEXT",
        )
    return composition, compiled, report


def choose_lists(project: Project, slugs: Sequence[str]) -> tuple[str, ...]:
    """Return the lists with these slugs, each once.

    Raises:
        UsageError: There is no such list.
    """
    return tuple(dict.fromkeys(choose_list(project, slug) for slug in slugs))


def refuse_unasked_page(
    settings: Settings, issue: Issue, lists: tuple[str, ...]
) -> None:
    """Refuse to show everybody what goes to other lists than the check looked at.

    Raises:
        RefusedError: None of *lists* is public, and nobody said that the page may be.
    """
    base_url, public = settings.newsletter.base_url, settings.public_lists
    if is_page_unasked(issue, issue.lists, base_url=base_url, public=public):
        # The check has said so, and the editor accepted it.
        return
    if is_page_unasked(issue, lists, base_url=base_url, public=public):
        names = join_words(lists, "en")
        which = "none of the lists" if len(lists) > 1 else "the list"
        verb = "is" if len(lists) > 1 else "is not"
        raise RefusedError(
            f"{which} {names} {verb} public, but everybody could read this issue on "
            "its web page.",
            SAY_ARCHIVE,
        )


def refuse_planned(database: Database, issue: str) -> None:
    """Refuse an issue that is still under way, by whomever."""
    with sender_lock_if_free(lock_path(database.path)) as nobody_sends:
        refuse_under_way(database, issue, nobody_sends=nobody_sends)


def refuse_under_way(database: Database, issue: str, *, nobody_sends: bool) -> None:
    """Refuse an issue with a dispatch that is not over.

    Args:
        database: Open.
        issue: Slug.
        nobody_sends: Whether a running dispatch can only be an interrupted one.

    Raises:
        RefusedError: It has one.
    """
    with database.reading() as connection:
        under_way = [one for one in open_dispatches(connection) if one.issue == issue]
    for dispatch in under_way:
        state, number = dispatch.state, dispatch.id
        advice = f"Go on with it: newsletter resume {number}."
        if state is DispatchState.SCHEDULED:
            advice = "It starts by itself at its time."
        if state is DispatchState.RUNNING and nobody_sends:
            state = DispatchState.INTERRUPTED
        elif state is DispatchState.RUNNING:
            advice = (
                f"Another process is sending it: see newsletter status {number}, or "
                f"halt it with newsletter pause {number}."
            )
        raise RefusedError(
            f"dispatch {number} of {issue} is not over yet "
            f"({state}, {dispatch.unfinished} left to do).",
            f"{advice} Or end it: newsletter cancel {number}. "
            f"{_cost_of_ending(dispatch)}",
        )


def _cost_of_ending(dispatch: Dispatch) -> str:
    """Say who misses the issue when its dispatch is cancelled, and how they get it."""
    left = dispatch.unfinished
    who = "1 recipient left gets" if left == 1 else f"{left} recipients left get"
    again = f"newsletter send {dispatch.issue} --only missed:{dispatch.id}"
    return f"Then the {who} no mail of it, until {again}."


def require_test(tested: Tested | None, wish: Wish) -> tuple[str, ...]:
    """Return the waiver for content that was never tested, or refuse it."""
    if tested is not None and tested.changes is None:
        return ()
    if wish.is_untested:
        return ("untested",)
    since = f" ({tested.summary})" if tested else ""
    raise RefusedError(
        f"what the issue says now was never sent as a test{since}.",
        "Run newsletter test, look at the mail, and send then; or send it unseen "
        "with --untested.",
    )


def require_pages(project: Project, database: Database, wish: Wish) -> tuple[str, ...]:
    """Return the waiver for pages that were not tried, or try them."""
    if not project.settings.newsletter.base_url:
        return ()
    if wish.skips_probe:
        return ("skip_probe",)
    keyring = open_keyring(database, root=project.root)
    probe_public_page(project, database, keyring)
    return ()


def accepted_findings(report: CheckReport) -> tuple[Finding, ...]:
    """Return the findings that would block, had they not been accepted."""
    return tuple(found for found in report.findings if found.accepted)


def name_accepted(report: CheckReport) -> list[str]:
    """Return ``link-blocked:12, accepted on 14 February 2026: opened it myself``, …."""
    return [
        f"{_name(found)}, accepted on {found.accepted_on}: {found.accepted}"
        for found in accepted_findings(report)
    ]


def _name(found: Finding) -> str:
    return f"{found.rule}:{found.place.line}" if found.place.line else found.rule


def count_recipients_left(
    database: Database, issue: str, lists: tuple[str, ...], wish: Wish
) -> tuple[int, dict[str, int]]:
    """Return how many get it, and how many of the lists do not and why."""
    with database.reading() as connection:
        if wish.only is not None:
            _require_dispatch(connection, wish.only)
        audience = count_audience(connection, lists)
        left_out, recipients = dict(audience.left_out), audience.recipients
        for reason, conditions in _narrowings(wish):
            fewer = count_recipients(connection, issue=issue, lists=lists, **conditions)
            if recipients > fewer:
                left_out[reason] = recipients - fewer
            recipients = fewer
    if not recipients:
        reasons = ", ".join(f"{number} {reason}" for reason, number in left_out.items())
        raise OperationError(
            f"nobody is left to send {issue} to "
            f"({'list' if len(lists) == 1 else 'lists'} {join_words(lists, 'en')}).",
            f"Left out: {reasons}."
            if reasons
            else "Import people first: newsletter subscribers import FILE.csv",
        )
    return recipients, left_out


def _narrowings(wish: Wish) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield why people are left out, and by which conditions: ever more of them."""
    yield "got it already", {}
    if wish.where is not None:
        yield "not in the segment", {"where": wish.where}
    if wish.only is not None:
        why = f"not {wish.only.reach} by dispatch {wish.only.dispatch_id}"
        yield why, {"where": wish.where, "only": wish.only}


def _require_dispatch(connection: Connection, only: Only) -> None:
    try:
        load_dispatch(connection, only.dispatch_id)
    except LookupError:
        newest = newest_dispatch(connection)
        raise UsageError(
            f"--only {only.reach}:{only.dispatch_id}: there is no dispatch "
            f"{only.dispatch_id}.",
            f"The newest one is {newest.id}." if newest else "None was sent yet.",
        ) from None
