"""What a leaving link stands for, leaving by it, and taking that back.

Law: looking changes nothing; leaving is one transaction and holds at once, also for a
dispatch under way; doing it again is no harm. Taking it back works for a day, once, and
lifts nothing but what this very leaving brought. A mail takes its reader off the lists
it was sent to and off no other; what is left is named before and after. A token of a
test mail and one of our own probes lead to the same address, and let nobody leave.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import Connection

from newsletter.addresses import mask
from newsletter.model.subscriber import (
    LANGUAGE_FIELD,
    Subscriber,
    Subscription,
    SubscriptionStatus,
)
from newsletter.store.audience import EVERY_LIST, lists_received
from newsletter.store.consent import Word, unsubscribe
from newsletter.store.instants import from_millis, to_millis
from newsletter.store.leavings import read_leaving, take_back
from newsletter.store.people import find_by_id, read_list_ids, read_subscriptions
from newsletter.store.probes import receive_probe
from newsletter.tokens import (
    Keyring,
    Purpose,
    is_test,
    read_token,
    sign,
    verify,
)
from newsletter.workflow.desk import ANY_LIST_ID

#: So long a leaving can be taken back.
UNDO_WITHIN = timedelta(hours=24)


class Errand(StrEnum):
    """What a token on a leaving link is for."""

    #: A reader's own: leaves.
    LEAVE = "leave"
    #: From a test mail: changes nothing.
    TEST = "test"
    #: Ours: proves that the public address leads to this database.
    PROBE = "probe"


@dataclass(frozen=True, slots=True)
class Visit:
    """Somebody at a leaving link that is ours; all else is empty for other errands."""

    errand: Errand
    #: ``a***@example.org``.
    masked_address: str = ""
    #: Slugs of the lists they would leave, or have left; `EVERY_LIST` alone for whoever
    #: is on none.
    lists: tuple[str, ...] = ()
    #: Slugs of those that they go on getting.
    others: tuple[str, ...] = ()
    has_left: bool = False
    #: Of the person, a BCP 47 tag, or empty.
    language: str = ""
    #: Token of the page of their settings.
    settings_token: str = ""
    #: Token to take it back, or empty where that is too late.
    undo_token: str = ""


@dataclass(frozen=True, slots=True)
class Undoing:
    """Somebody at the link that takes a leaving back; empty for that of a test mail."""

    masked_address: str = ""
    #: Slugs of the lists that they come back to; none: there is nothing to take back.
    lists: tuple[str, ...] = ()
    language: str = ""
    settings_token: str = ""
    is_test: bool = False


def look_up(
    connection: Connection, keyring: Keyring, token: str, *, now: datetime
) -> Visit | None:
    """Return what *token* stands for, or None for one that is not ours."""
    for purpose in (Purpose.TEST, Purpose.PROBE):
        if verify(keyring, purpose, token) is not None:
            return Visit(Errand(purpose.value))
    found = _read_place(connection, keyring, token)
    return None if found is None else _visit(connection, keyring, *found, now=now)


def leave(
    connection: Connection, keyring: Keyring, token: str, *, source: str, now: datetime
) -> Visit | None:
    """Do what *token* is for, and return how things stand then; None if it is not ours.

    Args:
        connection: Writing.
        keyring: The keys that tokens are signed with.
        token: From the address; letter case does not count.
        source: By which way: "one-click", "page" or "mail".
        now: The present, aware.
    """
    leave_unseen(connection, keyring, token, source=source, now=now)
    return look_up(connection, keyring, token, now=now)


def leave_unseen(
    connection: Connection, keyring: Keyring, token: str, *, source: str, now: datetime
) -> bool:
    """Do as `leave` for a program, which looks at no page; False if it is not ours."""
    probe = verify(keyring, Purpose.PROBE, token)
    if probe is not None:
        receive_probe(connection, probe_name(probe), now=now)
        return True
    has_left = leave_by_token(connection, keyring, token, source=source, now=now)
    return has_left or is_test(keyring, token)


def leave_by_token(
    connection: Connection, keyring: Keyring, token: str, *, source: str, now: datetime
) -> bool:
    """Let a reader leave by the token of their leaving link; False: it is nobody's."""
    found = _read_place(connection, keyring, token)
    if found is None:
        return False
    person, scopes = found
    for scope in scopes:
        unsubscribe(connection, person.id, scope=scope, word=Word(now, source))
    return True


def read_leaver(keyring: Keyring, token: str) -> tuple[int, tuple[int, ...]] | None:
    """Return whose leaving link has this token, and the ids of the lists it leaves.

    None: it is no such token. `ANY_LIST_ID` alone stands for every list.
    """
    numbers = verify(keyring, Purpose.UNSUBSCRIBE, token)
    if numbers is None or len(numbers) < 2:
        return None
    return numbers[0], numbers[1:]


def look_up_undo(
    connection: Connection, keyring: Keyring, token: str, *, now: datetime
) -> Undoing | None:
    """Return what *token* would take back, or None for one that is not ours."""
    return _undoing(connection, keyring, token, now=now, source="")


def undo(
    connection: Connection, keyring: Keyring, token: str, *, source: str, now: datetime
) -> Undoing | None:
    """Take a leaving back, and return what came of it; None if *token* is not ours.

    Args:
        connection: Writing.
        keyring: The keys that tokens are signed with.
        token: From the address.
        source: By which way: "page".
        now: The present, aware.
    """
    return _undoing(connection, keyring, token, now=now, source=source)


def undo_leaving(
    connection: Connection,
    subscriber_id: int,
    left_at: datetime,
    *,
    source: str,
    now: datetime,
) -> tuple[str, ...]:
    """Take back what somebody left at *left_at*; return the lists they are back on.

    None of them: it was taken back before, something has changed since, or it is late.
    """
    if now - left_at >= UNDO_WITHIN:
        return ()
    return take_back(connection, subscriber_id, left_at, Word(now, source))


def undo_token(keyring: Keyring, subscriber_id: int, left_at: datetime) -> str:
    """Return the token that takes back what somebody left at that moment."""
    return sign(keyring, Purpose.UNDO, subscriber_id, to_millis(left_at))


def settings_token(keyring: Keyring, subscriber_id: int) -> str:
    """Return the token of the page of somebody's settings."""
    return sign(keyring, Purpose.PREFERENCES, subscriber_id)


def probe_name(numbers: tuple[int, ...]) -> str:
    """Return the name under which a probe with these numbers is noted."""
    return "-".join(str(number) for number in numbers)


def _read_place(
    connection: Connection, keyring: Keyring, token: str
) -> tuple[Subscriber, tuple[str, ...]] | None:
    """Return who would leave by a token, and what: slugs, or `EVERY_LIST` alone."""
    found = read_leaver(keyring, token)
    if found is None:
        return None
    person = find_by_id(connection, found[0])
    if person is None:
        return None
    scopes = _scopes(connection, person.id, found[1])
    return (person, scopes) if scopes else None


def _scopes(
    connection: Connection, subscriber_id: int, list_ids: tuple[int, ...]
) -> tuple[str, ...]:
    """Return what somebody leaves of some lists; nothing if all are unknown here.

    Of a mail to several lists those that they have to do with: of the others nobody
    told them. One that was named alone, or whoever is on none of them, is kept off it.
    """
    if list_ids == (ANY_LIST_ID,):
        return (EVERY_LIST,)
    slugs = {number: slug for slug, number in read_list_ids(connection).items()}
    named = tuple(slugs[number] for number in list_ids if number in slugs)
    if len(named) < 2:
        return named
    theirs = {one.list for one in read_subscriptions(connection, subscriber_id)}
    return tuple(slug for slug in named if slug in theirs) or named


def _visit(
    connection: Connection,
    keyring: Keyring,
    person: Subscriber,
    scopes: tuple[str, ...],
    *,
    now: datetime,
) -> Visit:
    found = {one.list: one for one in read_subscriptions(connection, person.id)}
    slugs = found if EVERY_LIST in scopes else scopes
    standing = [found[slug] for slug in slugs if slug in found]
    staying = [
        one for one in standing if one.status is not SubscriptionStatus.UNSUBSCRIBED
    ]
    lists = tuple(one.list for one in staying or standing) or scopes
    others = lists_received(connection, person.id) - set(lists)
    return Visit(
        Errand.LEAVE,
        masked_address=mask(person.email),
        lists=lists,
        others=tuple(sorted(others)),
        has_left=not staying,
        language=person.fields.get(LANGUAGE_FIELD, ""),
        settings_token=settings_token(keyring, person.id),
        undo_token=""
        if staying
        else _last_undo(connection, keyring, person.id, standing, now),
    )


def _last_undo(
    connection: Connection,
    keyring: Keyring,
    subscriber_id: int,
    standing: list[Subscription],
    now: datetime,
) -> str:
    """Return the token to take the last leaving back, or nothing."""
    left_at = max((one.changed_at for one in standing), default=now - UNDO_WITHIN)
    if now - left_at >= UNDO_WITHIN:
        return ""
    if not read_leaving(connection, subscriber_id, left_at):
        return ""
    return undo_token(keyring, subscriber_id, left_at)


def _undoing(
    connection: Connection, keyring: Keyring, token: str, *, now: datetime, source: str
) -> Undoing | None:
    """Take a leaving back if there is a source, else only look."""
    if is_test(keyring, token):
        return Undoing(is_test=True)
    numbers = read_token(keyring, Purpose.UNDO, token, 2)
    # Nobody has left in the future, and its moments are no dates at some point.
    if numbers is None or numbers[1] > to_millis(now):
        return None
    subscriber_id, left_at = numbers[0], from_millis(numbers[1])
    person = find_by_id(connection, subscriber_id)
    if person is None:
        return None
    if source:
        lists = undo_leaving(connection, subscriber_id, left_at, source=source, now=now)
    else:
        is_late = now - left_at >= UNDO_WITHIN
        found = read_leaving(connection, subscriber_id, left_at)
        lists = () if is_late else tuple(found)
    return Undoing(
        mask(person.email),
        lists=lists,
        language=person.fields.get(LANGUAGE_FIELD, ""),
        settings_token=settings_token(keyring, subscriber_id),
    )
