"""Whom a dispatch reached and whom not, one by one, each with the reason in words.

Law: people are read as they are shown, never all at once: a list of a million takes no
more memory than a list of ten.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import chain, islice

from sqlalchemy import Connection

from newsletter.messages.compile import load_compiled
from newsletter.model.delivery import DeliveryState, DispatchState
from newsletter.model.dispatch import DeliveryRecord, Dispatch
from newsletter.model.outcome import Reply
from newsletter.model.returned import BounceClass
from newsletter.reasons import Reason, explain_delivery
from newsletter.store.contents import load_content
from newsletter.store.database import Database
from newsletter.store.dispatch_records import read_records
from newsletter.store.keys import open_keyring
from newsletter.store.people import read_emails
from newsletter.store.returned_counts import (
    CameBack,
    count_of_nobody,
    read_came_back,
)
from newsletter.tokens import as_of
from newsletter.workflow.letters import message_id
from newsletter.workflow.project import Project
from newsletter.workflow.returned_reasons import explain_return, reply_of
from newsletter.workflow.status import opened

#: Everybody whose mail was not taken; some of them may still get it.
NOT_REACHED = frozenset(DeliveryState) - {DeliveryState.ACCEPTED}
#: What comes back was taken.
_TAKEN = frozenset({DeliveryState.ACCEPTED})

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
    #: How the mail came back after it was taken; None: it did not.
    returned: BounceClass | None = None


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


@contextmanager
def reading_not_reached(
    project: Project, dispatch: Dispatch, *, only_came_back: bool = False
) -> Iterator[Iterator[Person]]:
    """Give who did not get a mail: not taken, then those whose mail came back later.

    Args:
        project: The project.
        dispatch: A dispatch.
        only_came_back: Only the latter.

    Raises:
        OperationError: The database cannot be read.
    """
    states = frozenset() if only_came_back else NOT_REACHED
    with opened(project) as database, database.reading() as connection:
        yield chain(
            people_in(project, database, connection, dispatch, states),
            people_in(
                project, database, connection, dispatch, _TAKEN, only_came_back=True
            ),
        )


def count_came_back_of_nobody(project: Project, dispatch: Dispatch) -> int:
    """Return of how many mails that came back nobody knows whose they were.

    Raises:
        OperationError: The database cannot be read.
    """
    with opened(project) as database, database.reading() as connection:
        return count_of_nobody(connection, dispatch.id)


def people_in(
    project: Project,
    database: Database,
    connection: Connection,
    dispatch: Dispatch,
    states: Collection[DeliveryState],
    *,
    only_came_back: bool = False,
) -> Iterator[Person]:
    """Yield what `reading_people` gives, from a connection that is open."""
    name = _naming(project, database, connection, dispatch, states)
    wanted = set(states)
    if dispatch.state is DispatchState.INTERRUPTED and DeliveryState.UNKNOWN in wanted:
        # Left behind by a process that died; the next command writes it down.
        wanted.add(DeliveryState.ATTEMPTING)
    rows = connection.execution_options(yield_per=_AT_ONCE)
    records = read_records(rows, dispatch.id, wanted, only_came_back=only_came_back)
    days = project.settings.retention.deliveries if dispatch.is_erased else None
    while some := list(islice(records, _AT_ONCE)):
        came_back = _came_back(connection, dispatch, some)
        for record in _with_addresses(connection, some):
            person = _person(record, dispatch, name, erased_after=days)
            yield _with_news(person, came_back.get(record.subscriber_id))


def _with_addresses(
    connection: Connection, records: Sequence[DeliveryRecord]
) -> Iterator[DeliveryRecord]:
    """Fill in the present addresses where those of then are erased."""
    erased = [record.subscriber_id for record in records if not record.email]
    present = read_emails(connection, erased) if erased else {}
    for record in records:
        if record.email:
            yield record
        else:
            yield replace(record, email=present.get(record.subscriber_id, ""))


def _came_back(
    connection: Connection, dispatch: Dispatch, records: Iterable[DeliveryRecord]
) -> dict[int, CameBack]:
    ids = [one.subscriber_id for one in records if one.state in _TAKEN]
    if not dispatch.bounced or not ids:
        return {}
    return read_came_back(connection, dispatch.id, ids)


def _with_news(person: Person, came_back: CameBack | None) -> Person:
    """Return what is known since of somebody whose mail was taken."""
    if came_back is None:
        return person
    return replace(
        person,
        reason=explain_return(came_back),
        reply=reply_of(came_back),
        at=came_back.at,
        returned=came_back.bounce_class,
    )


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
