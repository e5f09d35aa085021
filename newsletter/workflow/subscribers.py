"""People one at a time: they come, go and are shown. For whole files see `imports`.

Law: whoever left comes back by their own word only, and that word is written down.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from sqlalchemy import ColumnElement, Connection

from newsletter.addresses import address_key, normalise_address
from newsletter.errors import RefusedError, UsageError
from newsletter.model.segment import Segment
from newsletter.model.subscriber import (
    ConsentKind,
    Standing,
    Subscriber,
    Subscription,
    SubscriptionStatus,
    SuppressionReason,
)
from newsletter.store.audience import EVERY_LIST
from newsletter.store.consent import (
    ConsentEvent,
    Suppression,
    Word,
    read_history,
    read_suppressions,
    readmit,
    set_status,
    suppress,
    unsubscribe,
)
from newsletter.store.database import exists, open_database
from newsletter.store.people import (
    Person,
    ensure_lists,
    find_by_key,
    insert_people,
    iterate_people,
    read_ids,
    read_standings,
    read_subscriptions,
    update_fields,
)
from newsletter.store.segments import is_in
from newsletter.subscribers.fields import field_cleaners
from newsletter.tokens import Keyring, address_hash
from newsletter.workflow.desk import open_desk
from newsletter.workflow.imports import choose_list
from newsletter.workflow.moved import Moved, read_moved
from newsletter.workflow.project import Project

#: How the history names what is done here.
_SOURCE = "command"


class Addition(StrEnum):
    """What became of somebody who was added."""

    ADDED = "added"
    #: Had left, bounced or not confirmed, and is back by their own word.
    READMITTED = "readmitted"
    #: Was there; fields are new.
    UPDATED = "updated"
    PRESENT = "present"


@dataclass(frozen=True, slots=True)
class Newcomer:
    """Somebody to be added."""

    #: As typed.
    address: str
    list: str | None = None
    fields: Mapping[str, str] = field(default_factory=dict)
    #: The person's own word ("paper form, 3 May"); empty: the editor vouches.
    consent: str = ""


@dataclass(frozen=True, slots=True)
class Departure:
    """What became of somebody who was unsubscribed."""

    email: str
    #: Lists left now; none if the person had left before or was never there.
    lists: tuple[str, ...]
    #: False: nobody had the address; it will not be imported any more.
    is_known: bool


@dataclass(frozen=True, slots=True)
class Record:
    """All that is kept of one address."""

    email: str
    fields: Mapping[str, str] = field(default_factory=dict)
    subscriptions: tuple[Subscription, ...] = ()
    suppressions: tuple[Suppression, ...] = ()
    history: tuple[ConsentEvent, ...] = ()
    #: Where its mail goes since somebody moved it.
    moved: tuple[Moved, ...] = ()


def add_subscriber(project: Project, newcomer: Newcomer, *, now: datetime) -> Addition:
    """Put one person on a list; who had left comes back by their own word only.

    Raises:
        UsageError: The address, list or a field is not right.
        RefusedError: The person left, bounced or has not confirmed, and no consent of
            theirs is given.
        OperationError: Database or keys cannot be used.
    """
    slug = choose_list(project, newcomer.list)
    fields = _check_fields(project, newcomer.fields)
    with open_desk(project) as desk, desk.database.writing() as connection:
        person = _person(desk.keyring, newcomer.address, fields)
        list_id = ensure_lists(connection, project.settings.lists)[slug]
        standing = read_standings(connection, [person], slug).get(
            person.key, Standing()
        )
        addition = _judge_addition(standing, newcomer, slug)
        if addition is Addition.READMITTED:
            readmit(connection, person.hash, list_slug=slug)
        if addition in (Addition.ADDED, Addition.READMITTED):
            _subscribe(
                connection, person, list_id, Word(now, _SOURCE, newcomer.consent)
            )
        _add_fields(connection, standing, fields)
    return _only_news(addition, standing, fields)


def unsubscribe_subscriber(
    project: Project, address: str, *, list_slug: str | None = None, now: datetime
) -> Departure:
    """Let somebody leave a list, or every list; also an address nobody has.

    Raises:
        UsageError: The address or list is not right.
        OperationError: Database or keys cannot be used.
    """
    scope = choose_list(project, list_slug) if list_slug else EVERY_LIST
    word = Word(now, _SOURCE)
    with open_desk(project) as desk, desk.database.writing() as connection:
        ensure_lists(connection, project.settings.lists)
        person = _person(desk.keyring, address)
        known = find_by_key(connection, person.key)
        if known is None:
            reason = SuppressionReason.UNSUBSCRIBED
            suppress(connection, [person.hash], scope=scope, reason=reason, word=word)
            return Departure(person.email, (), is_known=False)
        left = unsubscribe(connection, known.id, scope=scope, word=word)
        return Departure(known.email, left or (), is_known=True)


def list_subscribers(
    project: Project,
    *,
    list_slug: str | None = None,
    status: SubscriptionStatus | None = None,
    where: Segment | None = None,
) -> Iterator[tuple[Subscriber, Subscription]]:
    """Give everybody with their standing, a row for each list.

    Raises:
        UsageError: There is no such list.
        OperationError: The database cannot be used.
    """
    slug = choose_list(project, list_slug) if list_slug else None
    return _iterate(project, slug, status, None if where is None else is_in(where))


def _iterate(
    project: Project,
    slug: str | None,
    status: SubscriptionStatus | None,
    condition: ColumnElement[bool] | None,
) -> Iterator[tuple[Subscriber, Subscription]]:
    url = project.settings.database_url
    if not exists(url, root=project.root):
        return
    with (
        open_database(url, root=project.root) as database,
        database.reading() as connection,
    ):
        yield from iterate_people(
            connection, list_slug=slug, status=status, where=condition
        )


def show_subscriber(project: Project, address: str) -> Record:
    """Return all that is kept of an address.

    Raises:
        UsageError: It is no address.
        RefusedError: Nothing is kept of it.
        OperationError: Database or keys cannot be used.
    """
    unknown = RefusedError("nothing is kept of this address.")
    if not exists(project.settings.database_url, root=project.root):
        raise unknown
    with (
        open_desk(project, writes=False) as desk,
        desk.database.reading() as connection,
    ):
        person = _person(desk.keyring, address)
        suppressions = read_suppressions(connection, person.hash)
        moved = read_moved(connection, person, suppressions)
        known = find_by_key(connection, person.key)
        if known is not None:
            return Record(
                email=known.email,
                fields=known.fields,
                subscriptions=read_subscriptions(connection, known.id),
                suppressions=suppressions,
                history=read_history(connection, known.id),
                moved=moved,
            )
    if not suppressions:
        raise unknown
    return Record(person.email, suppressions=suppressions, moved=moved)


def find_moved(project: Project, address: str) -> tuple[Moved, ...]:
    """Return where mail of an address goes that is kept off as moved; else nothing.

    Raises:
        UsageError: It is no address.
        OperationError: Database or keys cannot be used.
    """
    if not exists(project.settings.database_url, root=project.root):
        return ()
    with (
        open_desk(project, writes=False) as desk,
        desk.database.reading() as connection,
    ):
        person = _person(desk.keyring, address)
        suppressions = read_suppressions(connection, person.hash)
        reasons = {one.reason for one in suppressions}
        if SuppressionReason.MOVED not in reasons:
            return ()
        return read_moved(connection, person, suppressions)


def _person(
    keyring: Keyring, address: str, fields: Mapping[str, str] | None = None
) -> Person:
    try:
        email = normalise_address(address)
    except ValueError as error:
        raise UsageError(str(error)) from error
    key = address_key(email)
    return Person(email, key, address_hash(keyring, key), fields or {})


def _check_fields(project: Project, fields: Mapping[str, str]) -> dict[str, str]:
    """Return the fields that have a value, cleaned.

    Raises:
        UsageError: One is not declared, or its value is not of its kind.
    """
    declared = project.settings.fields
    cleaners = field_cleaners({name: kind.type for name, kind in declared.items()})
    checked = {}
    for name, value in fields.items():
        if name not in cleaners:
            raise UsageError(
                f'there is no field "{name}".',
                f"Declare it in newsletter.toml with [fields.{name}].",
            )
        try:
            checked[name] = cleaners[name](value)
        except ValueError as error:
            raise UsageError(f'"{name}" {error}') from error
    return {name: value for name, value in checked.items() if value}


def _judge_addition(standing: Standing, newcomer: Newcomer, slug: str) -> Addition:
    """Say what adding does.

    Raises:
        RefusedError: It would bring back somebody without their word.
    """
    if standing.status is SubscriptionStatus.ACTIVE and not standing.suppressed:
        return Addition.PRESENT
    if standing.status is None and not standing.suppressed:
        return Addition.ADDED
    if newcomer.consent:
        return Addition.READMITTED
    raise RefusedError(
        _why_away(standing, slug),
        'Only their own word counts: add --consent "paper form, 3 May".',
    )


def _why_away(standing: Standing, slug: str) -> str:
    if standing.status is SubscriptionStatus.UNSUBSCRIBED:
        return f"this person has left the list {slug}."
    is_bounced = standing.status is SubscriptionStatus.BOUNCED
    if is_bounced or standing.suppressed == SuppressionReason.BOUNCED:
        return f"mail to this address came back; it is no longer on the list {slug}."
    if standing.suppressed:
        return f"this person does not want mail of the list {slug}."
    return f"this person has asked to join the list {slug} and has yet to confirm."


def _subscribe(
    connection: Connection, person: Person, list_id: int, word: Word
) -> None:
    insert_people(connection, [person], now=word.at)
    set_status(
        connection,
        read_ids(connection, [person.key]).values(),
        list_id=list_id,
        status=SubscriptionStatus.ACTIVE,
        kind=ConsentKind.ADDED,
        word=word,
    )


def _add_fields(
    connection: Connection, standing: Standing, fields: Mapping[str, str]
) -> None:
    if standing.subscriber_id is not None and fields:
        merged = {**standing.fields, **fields}
        update_fields(connection, {standing.subscriber_id: merged})


def _only_news(
    addition: Addition, standing: Standing, fields: Mapping[str, str]
) -> Addition:
    """Return `UPDATED` for somebody present of whom something new is known."""
    is_news = {**standing.fields, **fields} != standing.fields
    if addition is Addition.PRESENT and is_news:
        return Addition.UPDATED
    return addition
