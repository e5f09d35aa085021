"""Send the real message of an issue to a few addresses, before anybody else gets it."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from newsletter.addresses import address_key, display_address, normalise_address
from newsletter.delivery.limits import Scope
from newsletter.delivery.pace import Pace
from newsletter.delivery.send_batch import judge_ending
from newsletter.delivery.singly import hand_over
from newsletter.delivery.transports import Denial, Ending
from newsletter.delivery.transports.folder import FolderTransport
from newsletter.delivery.transports.smtp import Account, SmtpLine
from newsletter.delivery.trouble import why
from newsletter.errors import UsageError
from newsletter.messages.compile import dump_compiled
from newsletter.messages.personalise import personal_subject
from newsletter.model.delivery import DeliveryState
from newsletter.model.issue import EMAIL_FIELD
from newsletter.model.message import CompiledMessage, Message
from newsletter.store.contents import (
    Content,
    drop_superseded,
    record_test,
    save_content,
)
from newsletter.store.database import Database
from newsletter.store.instants import to_millis
from newsletter.store.ledger_writer import LedgerWriter
from newsletter.store.people import find_by_key
from newsletter.workflow.compose import compose_issue, require_assembled
from newsletter.workflow.desk import open_desk
from newsletter.workflow.letters import compile_issue, open_seal, write_harmless
from newsletter.workflow.moments import Moments
from newsletter.workflow.project import Project, find_issue
from newsletter.workflow.publish import publish_composition
from newsletter.workflow.server import open_account

#: More would be a dispatch in disguise.
MAX_ADDRESSES = 10


@dataclass(frozen=True, slots=True)
class Trial:
    """What `test` is asked for."""

    #: Where to; empty: the addresses of ``[test] to``.
    to: tuple[str, ...] = ()
    #: Fill in the fields of this subscriber; empty: those of nobody.
    as_email: str = ""
    #: Put [TEST] before the subject.
    is_marked: bool = False
    #: Fill in these fields instead of anybody's; None: as *as_email* says.
    fields: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class TrialReport:
    """Who got the test."""

    #: Slug.
    issue: str
    #: Of the mail that went to the first address.
    subject: str
    #: Of the content without the mark: what `send` compares with.
    content_hash: str
    #: Addresses whose mail the server took.
    accepted: tuple[str, ...] = ()
    #: Address -> why not.
    failed: Mapping[str, str] = field(default_factory=dict)
    #: Addresses whose mail left without an answer -> what happened instead.
    unknown: Mapping[str, str] = field(default_factory=dict)
    #: Files written instead, because there is no server.
    files: tuple[Path, ...] = ()


def send_test(
    project: Project,
    reference: str | None,
    trial: Trial,
    *,
    environment: Mapping[str, str],
    now: datetime,
) -> TrialReport:
    """Send an issue to a few addresses; without a server, write the mails to files.

    Args:
        project: The project.
        reference: As for `find_issue`.
        trial: To whom, and how.
        environment: Where the password may be.
        now: Aware.

    Raises:
        DefinitionError: The issue cannot be composed.
        UsageError: No address, too many, or one that is none.
        OperationError: The settings of the server, or the database, cannot be used.
    """
    addresses = _addresses(trial.to or project.settings.test_to)
    composition = compose_issue(project, find_issue(project, reference))
    assembled = require_assembled(composition)
    compiled = compile_issue(assembled, project.settings)
    marked = compile_issue(assembled, project.settings, is_marked=trial.is_marked)
    seal = open_seal(project)
    with open_desk(project) as desk:
        fields = trial.fields
        if fields is None:
            fields = _fields(desk.database, trial.as_email)
        report = TrialReport(
            assembled.issue.slug,
            _subject(marked, addresses[0], fields),
            compiled.content_hash,
        )
        messages = [
            write_harmless(
                marked,
                desk.keyring,
                email=address,
                fields=fields,
                number=number,
                now=now,
                seal=seal,
            )
            for number, address in enumerate(addresses)
        ]
        if project.settings.server is None:
            return _rehearse(project, report, messages)
        account = open_account(project, environment)
        # Pictures that are hosted must be there when the mail is looked at.
        publish_composition(project, composition)
        done = asyncio.run(_send_all(desk.database, account, report, messages))
        if done.accepted:
            _record(desk.database, done, compiled, now)
    return done


def _addresses(given: Sequence[str]) -> list[str]:
    """Return the addresses, each once."""
    if not given:
        raise UsageError(
            "there is no address to send the test to.",
            'Write --to you@example.org, or to = ["you@example.org"] under [test].',
        )
    addresses: dict[str, str] = {}
    for text in given:
        try:
            address = normalise_address(text, allow_smtputf8=True)
        except ValueError as error:
            raise UsageError(f'"{text}" cannot be mailed: {error}') from error
        addresses.setdefault(address_key(address), address)
    if len(addresses) > MAX_ADDRESSES:
        raise UsageError(
            f"a test goes to {MAX_ADDRESSES} addresses at most, not {len(addresses)}."
        )
    return list(addresses.values())


def _fields(database: Database, email: str) -> Mapping[str, str]:
    if not email:
        return {}
    with database.reading() as connection:
        person = find_by_key(connection, address_key(email.strip()))
    if person is None:
        raise UsageError(
            f'there is no subscriber "{email}".', "See: newsletter subscribers list"
        )
    return person.fields


def _subject(compiled: CompiledMessage, email: str, fields: Mapping[str, str]) -> str:
    known = {**fields, EMAIL_FIELD: display_address(email)}
    return personal_subject(compiled, known)


def _rehearse(
    project: Project, report: TrialReport, messages: Sequence[Message]
) -> TrialReport:
    folder = FolderTransport(project.root / "outbox", prefix=f"{report.issue}-test")
    folder.remove_earlier()
    asyncio.run(hand_over(messages, folder, on_ending=lambda *_: None))
    return replace(report, files=tuple(folder.written))


async def _send_all(
    database: Database,
    account: Account,
    report: TrialReport,
    messages: Sequence[Message],
) -> TrialReport:
    """Send one message after the other, within the limits of the server."""
    accepted: list[str] = []
    failed: dict[str, str] = {}
    unknown: dict[str, str] = {}

    def note(message: Message, ending: Ending) -> None:
        if isinstance(ending, Denial):
            raise AssertionError("a test is always permitted")
        outcome = judge_ending(ending).outcome
        if outcome.state is DeliveryState.ACCEPTED:
            accepted.append(message.envelope_recipient)
        elif outcome.state is DeliveryState.UNKNOWN:
            unknown[message.envelope_recipient] = why(outcome)
        else:
            failed[message.envelope_recipient] = why(outcome)

    # Nothing that a dispatch would lose is written here.
    ledger = LedgerWriter(database, owner="test", clock=_now, on_lost=lambda _: None)
    scope = Scope("", account.server.limits)
    pace = Pace([scope], store=ledger, clock=lambda: to_millis(_now()))
    moments = Moments(pace, len(messages), clock=_now)
    try:
        line = SmtpLine(account)
        await hand_over(messages, line, on_ending=note, wait=moments.wait)
    finally:
        await ledger.close()
    return replace(report, accepted=tuple(accepted), failed=failed, unknown=unknown)


def _record(
    database: Database, report: TrialReport, compiled: CompiledMessage, now: datetime
) -> None:
    """Note the test, and keep what was tested: later versions are compared with it."""
    content = Content(
        hash=report.content_hash,
        issue=report.issue,
        subject=compiled.subject_text,
        compiled=dump_compiled(compiled),
    )
    with database.writing() as connection:
        save_content(connection, content, now=now)
        drop_superseded(connection, report.issue, kept=content.hash)
        record_test(
            connection,
            issue=report.issue,
            content_hash=report.content_hash,
            recipients=len(report.accepted),
            now=now,
        )


def _now() -> datetime:
    return datetime.now(UTC)
