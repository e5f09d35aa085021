"""What became of a dispatch."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Connection

from newsletter.errors import OperationError
from newsletter.messages.compile import load_compiled
from newsletter.model.delivery import DeliveryState
from newsletter.model.dispatch import DeliveryRecord, Dispatch, PastDispatch
from newsletter.store.contents import load_content, read_subject
from newsletter.store.database import Database, exists, open_database
from newsletter.store.dispatch_records import (
    earlier_dispatches,
    load_dispatch,
    newest_dispatch,
    open_dispatches,
    read_records,
)
from newsletter.store.dispatches import needs_recovery, recover
from newsletter.store.keys import open_keyring
from newsletter.store.sender_lock import lock_path, sender_lock_if_free
from newsletter.workflow.letters import message_id
from newsletter.workflow.project import Project


@dataclass(frozen=True, slots=True)
class UnknownRecipient:
    """Somebody who may or may not have got the mail."""

    email: str
    #: What the log of the mail server knows it by.
    message_id: str
    #: When the message left; aware, UTC.
    at: datetime


@dataclass(frozen=True, slots=True)
class Overview:
    """A dispatch and what people know it by."""

    dispatch: Dispatch
    #: As somebody without any field got it.
    subject: str
    #: Newest first; none when the dispatch was asked for by its number.
    earlier: tuple[PastDispatch, ...] = ()


def read_overview(
    project: Project, number: int | None, *, most_earlier: int
) -> Overview:
    """Return a dispatch, its subject, and the dispatches before the newest.

    Raises:
        OperationError: There is none.
    """
    dispatch = read_dispatch(project, number)
    limit = most_earlier if number is None else 0
    with opened(project) as database, database.reading() as connection:
        return Overview(
            dispatch,
            read_subject(connection, dispatch.content_hash),
            tuple(earlier_dispatches(connection, dispatch.id, limit=limit)),
        )


def read_dispatch(project: Project, number: int | None) -> Dispatch:
    """Return a dispatch as it stands; without a number the newest.

    Raises:
        OperationError: There is none.
    """
    with opened(project) as database, database.reading() as connection:
        if number is not None:
            return numbered(connection, number)
        newest = newest_dispatch(connection)
        if newest is None:
            raise nothing_sent()
        return newest


def read_deliveries(
    project: Project, dispatch: Dispatch, states: Collection[DeliveryState]
) -> list[DeliveryRecord]:
    """Return the deliveries of a dispatch that are in one of *states*, in order."""
    with opened(project) as database, database.reading() as connection:
        return list(read_records(connection, dispatch.id, states))


def read_unknown(project: Project, dispatch: Dispatch) -> list[UnknownRecipient]:
    """Return those of whom nobody knows whether they got the mail."""
    with opened(project) as database:
        keyring = open_keyring(database, root=project.root)
        with database.reading() as connection:
            content = load_content(connection, dispatch.content_hash)
            records = list(
                read_records(connection, dispatch.id, [DeliveryState.UNKNOWN])
            )
    if content is None:
        raise OperationError(
            f"the content of dispatch {dispatch.id} is not in the database any more.",
            "Restore the database from a backup.",
        )
    compiled = load_compiled(content.compiled, content_hash=dispatch.content_hash)
    return [
        UnknownRecipient(
            email=record.email,
            message_id=message_id(compiled, keyring, dispatch.id, record.subscriber_id),
            at=record.at or dispatch.created_at,
        )
        for record in records
    ]


@contextmanager
def opened(project: Project) -> Iterator[Database]:
    """Open the database; what a sender that died left behind is written down first.

    Raises:
        OperationError: There is no database yet, or it cannot be used.
    """
    url, root = project.settings.database_url, project.root
    if not exists(url, root=root):
        raise nothing_sent()
    with open_database(url, root=root) as database:
        with sender_lock_if_free(lock_path(database.path)) as nobody_sends:
            if nobody_sends:
                _recover(database)
        yield database


def _recover(database: Database) -> None:
    with database.reading() as connection:
        if not needs_recovery(connection):
            return
    with database.writing() as connection:
        recover(connection, now=datetime.now(UTC))


def numbered(connection: Connection, number: int) -> Dispatch:
    """Return the dispatch with this number.

    Raises:
        OperationError: There is none.
    """
    try:
        return load_dispatch(connection, number)
    except LookupError:
        newest = newest_dispatch(connection)
        if newest is None:
            raise nothing_sent() from None
        raise OperationError(
            f"there is no dispatch {number}.", f"The newest one is {newest.id}."
        ) from None


def the_open_one(connection: Connection, number: int | None) -> Dispatch:
    """Return the dispatch with this number; without one, the one that is not over.

    Raises:
        OperationError: There is none, or more than one to choose from.
    """
    if number is not None:
        return numbered(connection, number)
    found = open_dispatches(connection)
    if len(found) > 1:
        names = ", ".join(f"{one.id} ({one.issue}, {one.state})" for one in found)
        raise OperationError("more than one dispatch is open.", f"Choose one: {names}.")
    if found:
        return found[0]
    newest = newest_dispatch(connection)
    if newest is None:
        raise nothing_sent()
    raise OperationError(
        "no dispatch is open.",
        f"The newest, {newest.id} of {newest.issue}, is {newest.state}.",
    )


def nothing_sent() -> OperationError:
    """Return what to say where no dispatch was ever made."""
    return OperationError(
        "no issue has been sent yet.", "Send one with: newsletter send"
    )
