"""Whom a dispatch reached and whom not, one by one, each with the reason in words.

Law: people are read as they are shown, never all at once: a list of a million takes no
more memory than a list of ten.
"""

from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice

from sqlalchemy import Connection

from newsletter.messages.compile import load_compiled
from newsletter.model.delivery import DeliveryState, DispatchState
from newsletter.model.dispatch import DeliveryRecord, Dispatch
from newsletter.model.outcome import Reply
from newsletter.reasons import Reason, explain_delivery
from newsletter.store.contents import load_content
from newsletter.store.database import Database
from newsletter.store.dispatch_records import read_records
from newsletter.store.keys import open_keyring
from newsletter.store.people import read_emails
from newsletter.tokens import as_of
from newsletter.workflow.letters import message_id
from newsletter.workflow.project import Project
from newsletter.workflow.status import opened

#: Everybody whose mail was not taken; some of them may still get it.
NOT_REACHED = frozenset(DeliveryState) - {DeliveryState.ACCEPTED}

#: So many rows are in memory at once.
_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Person:
    """One recipient of a dispatch, as a report tells of them."""

    #: Empty: they were forgotten.
    email: str
    state: DeliveryState
    reason: Reason
    #: The last one; code 0: only our own words.
    reply: Reply | None
    #: Last change of state, aware, UTC; None before the first.
    at: datetime | None
    #: Of an unknown one: what the log of the mail server knows it by.
    message_id: str = ""


@contextmanager
def reading_people(
    project: Project, dispatch: Dispatch, states: Collection[DeliveryState]
) -> Iterator[Iterator[Person]]:
    """Give the recipients of a dispatch that are in one of *states*, in its order.

    Raises:
        OperationError: The database cannot be read.
    """
    with opened(project) as database, database.reading() as connection:
        yield people_in(project, database, connection, dispatch, states)


def people_in(
    project: Project,
    database: Database,
    connection: Connection,
    dispatch: Dispatch,
    states: Collection[DeliveryState],
) -> Iterator[Person]:
    """Yield what `reading_people` gives, from a connection that is open."""
    name = _naming(project, database, connection, dispatch, states)
    wanted = set(states)
    if dispatch.state is DispatchState.INTERRUPTED and DeliveryState.UNKNOWN in wanted:
        # Left behind by a process that died; the next command writes it down.
        wanted.add(DeliveryState.ATTEMPTING)
    rows = connection.execution_options(yield_per=_AT_ONCE)
    records = read_records(rows, dispatch.id, wanted)
    days = project.settings.retention.deliveries if dispatch.is_erased else None
    for record in _with_addresses(connection, records):
        yield _person(record, dispatch, name, erased_after=days)


def _with_addresses(
    connection: Connection, records: Iterable[DeliveryRecord]
) -> Iterator[DeliveryRecord]:
    """Fill in the present addresses where those of then are erased."""
    rows = iter(records)
    while some := list(islice(rows, _AT_ONCE)):
        erased = [record.subscriber_id for record in some if not record.email]
        present = read_emails(connection, erased) if erased else {}
        for record in some:
            if record.email:
                yield record
            else:
                address = present.get(record.subscriber_id, "")
                yield replace(record, email=address)


def count_people(dispatch: Dispatch, states: Collection[DeliveryState]) -> int:
    """Return how many `reading_people` would give."""
    return sum(dispatch.counts[state] for state in states)


def _person(
    record: DeliveryRecord,
    dispatch: Dispatch,
    name: Callable[[DeliveryRecord], str],
    *,
    erased_after: int | None,
) -> Person:
    state = record.state
    is_left_behind = dispatch.state is DispatchState.INTERRUPTED
    if state is DeliveryState.ATTEMPTING and is_left_behind:
        state = DeliveryState.UNKNOWN
    is_unknown = state is DeliveryState.UNKNOWN
    message = name(record) if is_unknown else ""
    return Person(
        email=record.email,
        state=state,
        reason=explain_delivery(
            state, record.reply, message_id=message, erased_after=erased_after
        ),
        reply=record.reply,
        at=record.at,
        message_id=message,
    )


def _naming(
    project: Project,
    database: Database,
    connection: Connection,
    dispatch: Dispatch,
    states: Collection[DeliveryState],
) -> Callable[[DeliveryRecord], str]:
    """Return what tells a Message-ID; nothing where content or key are gone."""
    if (
        DeliveryState.UNKNOWN not in states
        or not dispatch.counts[DeliveryState.UNKNOWN]
    ):
        return lambda _: ""
    content = load_content(connection, dispatch.content_hash)
    if content is None:
        return lambda _: ""
    keyring = open_keyring(database, root=project.root)
    compiled = load_compiled(content.compiled, content_hash=dispatch.content_hash)

    def name(record: DeliveryRecord) -> str:
        # By the key that signed when it was tried.
        then = as_of(keyring, record.at or dispatch.created_at)
        if then is None:
            return ""
        return message_id(compiled, then, dispatch.id, record.subscriber_id)

    return name
