"""Is everything in order for mails to arrive? All that `newsletter doctor` looks at.

Nothing is sent, and nothing changes but the probe of the public pages, which lets
nobody leave. All that may have to be waited for runs side by side within one deadline;
what has not answered by then is told, and holds nobody up.
"""

import asyncio
import socket
from collections.abc import Awaitable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import urlsplit

from newsletter.addresses import is_loopback
from newsletter.delivery.transports.no_answer import explain_no_answer
from newsletter.delivery.transports.smtp import Account
from newsletter.doctor.alignment import judge_alignment, plan_alignment
from newsletter.doctor.beyond import (
    beyond_sight,
    judge_reserved,
    left_out,
    reserved_domains,
    silent_network,
)
from newsletter.doctor.computer import ComputerFacts, judge_clock, judge_computer
from newsletter.doctor.dkim_record import judge_dkim, plan_dkim
from newsletter.doctor.dmarc import judge_dmarc, plan_dmarc
from newsletter.doctor.dns import Ask, asker, gather_records, system_resolver
from newsletter.doctor.mx import judge_mx, plan_mx
from newsletter.doctor.pages import judge_pages, judge_without_pages, not_tried
from newsletter.doctor.pointers import judge_pointers, plan_pointers
from newsletter.doctor.records import (
    Question,
    Records,
    Said,
    question,
    read_address,
    zone_line,
)
from newsletter.doctor.sending import Sending
from newsletter.doctor.server import (
    ServerVisit,
    judge_connections,
    judge_server,
    no_server,
)
from newsletter.doctor.spf import judge_spf, plan_spf
from newsletter.errors import DefinitionError, NewsletterError, OperationError
from newsletter.model.diagnosis import Diagnosis, Health, Subject
from newsletter.model.settings import NewsletterSettings, ServerSettings
from newsletter.workflow.compose import compose_issue, require_assembled
from newsletter.workflow.computer_facts import computer_facts
from newsletter.workflow.describe_sending import (
    describe_sending,
    envelope_sender,
    leaving_mailbox,
    sender_address,
)
from newsletter.workflow.dkim_keys import NewKey
from newsletter.workflow.project import Project, find_issue_to_show
from newsletter.workflow.sample import sample_message
from newsletter.workflow.server import SERVER_LINES, open_account, useful_connections
from newsletter.workflow.side_thread import in_side_thread
from newsletter.workflow.visit_pages import visit_pages
from newsletter.workflow.visit_server import visit_server

if TYPE_CHECKING:
    from dns.asyncresolver import Resolver

T = TypeVar("T")

#: Longer nobody watches a cursor; slow name servers have answered by then.
DEADLINE_SECONDS = 15.0
#: For each of the two questions to the public pages.
_PAGE_SECONDS = 6.0
#: Every name server knows it, so that its silence is that of the network.
_ROOT = question("NS", "")
#: Where no issue can be composed: an issue with some pictures.
_USUAL_BYTES = 500_000


@dataclass(frozen=True, slots=True)
class Examination:
    """What is to be looked at, and by which means."""

    project: Project
    #: Where the password may be.
    environment: Mapping[str, str]
    #: Look at nothing beyond this computer.
    is_offline: bool = False
    #: None: the name servers of this computer.
    resolver: "Resolver | None" = None
    deadline_seconds: float = DEADLINE_SECONDS

    @property
    def newsletter(self) -> NewsletterSettings:
        """Return in whose name mail goes out."""
        return self.project.settings.newsletter

    @property
    def servers(self) -> tuple[ServerSettings, ...]:
        """Return the mail servers, the first one first."""
        settings = self.project.settings
        return (settings.server, *settings.spare_servers) if settings.server else ()


def examine(examination: Examination) -> tuple[Diagnosis, ...]:
    """Return all diagnoses, in order of subject."""
    facts = computer_facts(examination.project, now=datetime.now(UTC))
    found = [*judge_computer(facts), *asyncio.run(_examine(examination, facts))]
    found.append(beyond_sight())
    order = list(Subject)
    return tuple(sorted(found, key=lambda one: order.index(one.subject)))


def key_line(key: NewKey) -> str:
    """Return the record of a new key as a zone file has it, indented."""
    return zone_line(key.dns_name, "TXT", key.dns_value)


# --- side by side ---------------------------------------------------------------------


async def _examine(examination: Examination, facts: ComputerFacts) -> list[Diagnosis]:
    if examination.is_offline:
        return [left_out(), *_without_network(examination)]
    end = asyncio.get_running_loop().time() + examination.deadline_seconds
    ask = asker(examination.resolver or system_resolver())
    is_online = (await ask(_ROOT)).said is not Said.SILENT
    found = await _all_of(
        _judge_servers(examination, is_online=is_online, end=end),
        _judge_pages(examination, facts, is_online=is_online, end=end),
        *([_judge_domains(examination, ask, end=end)] if is_online else []),
    )
    return found if is_online else [silent_network(), *found]


async def _all_of(*parts: Awaitable[list[Diagnosis]]) -> list[Diagnosis]:
    return [one for part in await asyncio.gather(*parts) for one in part]


async def _in_time(work: Awaitable[T], *, end: float) -> T | None:
    """Return what *work* gives, or None when it takes too long."""
    try:
        async with asyncio.timeout_at(end):
            return await work
    except TimeoutError:
        return None


def _too_slow(subject: Subject, place: str) -> Diagnosis:
    return Diagnosis(
        subject,
        Health.WARNING,
        f"{place} is so slow that it was not looked at to the end.",
        "Run newsletter doctor again; if it stays so, ask whoever runs it.",
    )


def _without_network(examination: Examination) -> list[Diagnosis]:
    newsletter = examination.newsletter
    found = [] if examination.servers else [no_server(SERVER_LINES)]
    if not newsletter.base_url:
        found += judge_without_pages(leaving_mailbox(newsletter))
    return found


def _can_be_found(host: str, *, is_online: bool) -> bool:
    return is_online or is_loopback(host) or read_address(host) is not None


# --- mail servers ---------------------------------------------------------------------


async def _judge_servers(
    examination: Examination, *, is_online: bool, end: float
) -> list[Diagnosis]:
    servers = examination.servers
    if not servers:
        return [no_server(SERVER_LINES)]
    lanes = dict(examination.project.settings.lanes)
    useful = useful_connections(servers[0])
    mail_bytes = await in_side_thread(partial(_mail_bytes, examination.project))
    found = await _all_of(
        *(
            _judge_server(examination, server, mail_bytes, end=end)
            for server in servers
            if _can_be_found(server.host, is_online=is_online)
        )
    )
    return [*found, *judge_connections(servers[0], lanes, useful=useful)]


async def _judge_server(
    examination: Examination, server: ServerSettings, mail_bytes: int, *, end: float
) -> list[Diagnosis]:
    sender = sender_address(examination.newsletter)
    try:
        account = _account(examination, server)
    except NewsletterError as error:
        return [Diagnosis(Subject.SERVER, Health.ERROR, error.message, error.advice)]
    visit = await _in_time(_visit(examination, account, sender), end=end)
    if visit is None:
        return [_too_slow(Subject.SERVER, ServerVisit(server).place)]
    return judge_server(
        visit,
        now=datetime.now(UTC),
        mail_bytes=mail_bytes,
        needs_smtputf8=not sender.isascii(),
    )


def _account(examination: Examination, server: ServerSettings) -> Account:
    project = examination.project
    alone = replace(project.settings, server=server, spare_servers=())
    return open_account(replace(project, settings=alone), examination.environment)


async def _visit(
    examination: Examination, account: Account, sender: str
) -> ServerVisit:
    host, port = account.server.host, account.server.port
    # Looked up here first: a name server that is silent would hold up the end of the
    # whole program when asyncio asks it.
    try:
        await in_side_thread(partial(socket.getaddrinfo, host, port))
    except OSError as error:
        trouble = explain_no_answer(error, account.server)
        return ServerVisit(account.server, trouble=trouble)
    envelope = envelope_sender(examination.newsletter)
    return await visit_server(account, sender=envelope, recipient=sender)


def _mail_bytes(project: Project) -> int:
    """Return how big the mail of the newest issue is."""
    try:
        composition = compose_issue(project, find_issue_to_show(project, None))
        assembled = require_assembled(composition)
        return len(sample_message(assembled, project.settings))
    except (DefinitionError, OperationError):
        return _USUAL_BYTES


# --- domains --------------------------------------------------------------------------


async def _judge_domains(
    examination: Examination, ask: Ask, *, end: float
) -> list[Diagnosis]:
    sending = describe_sending(examination.project)
    reserved = reserved_domains(sending)
    found = [judge_reserved(reserved)] if reserved else []
    kept = tuple(pair for pair in sending.mailboxes if pair[1] not in reserved)
    sending = replace(sending, mailboxes=kept)
    if {sending.author, sending.envelope} & set(reserved):
        return found
    seconds = end - asyncio.get_running_loop().time()
    records = await gather_records(ask, partial(_plan, sending), seconds=seconds)
    return [
        *found,
        *judge_spf(sending, records),
        *judge_dkim(sending, records),
        *judge_dmarc(sending, records),
        *judge_alignment(sending, records),
        *judge_mx(sending, records),
        *judge_pointers(sending, records),
    ]


def _plan(sending: Sending, records: Records) -> Iterator[Question]:
    yield from plan_spf(sending, records)
    yield from plan_dkim(sending)
    yield from plan_dmarc(sending, records)
    yield from plan_alignment(sending)
    yield from plan_mx(sending, records)
    yield from plan_pointers(sending, records)


# --- public pages ---------------------------------------------------------------------


async def _judge_pages(
    examination: Examination, facts: ComputerFacts, *, is_online: bool, end: float
) -> list[Diagnosis]:
    base_url = examination.newsletter.base_url
    if not base_url:
        found = judge_without_pages(leaving_mailbox(examination.newsletter))
        return [*found, judge_clock(None, now=datetime.now(UTC))]
    unknown = judge_clock(None, now=datetime.now(UTC))
    host = urlsplit(base_url).hostname or ""
    if not _can_be_found(host, is_online=is_online):
        return [unknown]
    if facts.faults or not facts.has_database:
        return [not_tried(base_url), unknown]
    work = partial(visit_pages, examination.project, timeout_seconds=_PAGE_SECONDS)
    visit = await _in_time(in_side_thread(work), end=end)
    if visit is None:
        return [_too_slow(Subject.PAGES, base_url), unknown]
    now = visit.seen_at or datetime.now(UTC)
    return [*judge_pages(visit, now=now), judge_clock(visit.date, now=now)]
