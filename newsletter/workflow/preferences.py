"""A reader's own settings: lists, language, what they told us.

Law: looking changes nothing. What a reader ticks counts against what the page showed,
not against how things stand by then: a page left open overnight brings nobody back.
What they told us is changed here and never shown: the mail may have been forwarded.
Ticking a public list is their own word, as they hold the token that only their mail
has.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from sqlalchemy import Connection

from newsletter.addresses import address_key, mask
from newsletter.i18n import WORDING
from newsletter.model.settings import Settings
from newsletter.model.subscriber import (
    LANGUAGE_FIELD,
    ConsentKind,
    Subscriber,
    SubscriptionStatus,
)
from newsletter.store.audience import EVERY_LIST, lists_received
from newsletter.store.consent import (
    Word,
    readmit,
    set_status,
    unsubscribe,
)
from newsletter.store.notices import forget_marks
from newsletter.store.people import (
    ensure_lists,
    find_by_id,
    read_subscriptions,
    update_fields,
)
from newsletter.tokens import Keyring, Purpose, address_hash, read_token
from newsletter.workflow.leaving import undo_token

#: How the history names these pages.
SOURCE = "preferences"


@dataclass(frozen=True, slots=True)
class Preferences:
    """What somebody's page shows."""

    subscriber_id: int
    masked_address: str
    #: Slugs of the lists they may choose from -> whether they get them.
    lists: Mapping[str, bool]
    #: A BCP 47 tag, or empty.
    language: str = ""
    #: Fields that something is stored in, language aside.
    filled_in: frozenset[str] = frozenset()
    #: Token to take back what they left just now, or empty.
    undo_token: str = ""


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody changed on their page."""

    #: Slugs that were ticked and are not any more.
    left: frozenset[str] = frozenset()
    #: Slugs that are ticked and were not.
    joined: frozenset[str] = frozenset()
    #: Field -> value; empty to remove it. Language among them.
    fields: Mapping[str, str] = field(default_factory=dict)
    #: Of the page.
    language: str = ""


def read_preferences(
    connection: Connection, keyring: Keyring, settings: Settings, token: str
) -> Preferences | None:
    """Return what somebody's page shows; None for a token that is nobody's."""
    person = find_person(connection, keyring, token)
    if person is None:
        return None
    received = lists_received(connection, person.id)
    slugs = dict.fromkeys([*settings.public_lists, *sorted(received)])
    return Preferences(
        person.id,
        mask(person.email),
        {slug: slug in received for slug in slugs},
        person.fields.get(LANGUAGE_FIELD, ""),
        frozenset(person.fields) - {LANGUAGE_FIELD},
    )


def save_preferences(
    connection: Connection,
    keyring: Keyring,
    settings: Settings,
    token: str,
    wish: Wish,
    *,
    now: datetime,
) -> Preferences | None:
    """Do what somebody wishes, and return how things stand then.

    Args:
        connection: Writing.
        keyring: The keys that tokens are signed with.
        settings: Which lists and fields there are.
        token: From the address.
        wish: Lists that are not public are left out of what is joined; those that no
            page of theirs ever showed, of what is left.
        now: The present, aware.
    """
    person = find_person(connection, keyring, token)
    if person is None:
        return None
    word = Word(now, SOURCE, wording=WORDING, language=wish.language)
    theirs = {one.list for one in read_subscriptions(connection, person.id)}
    left = [
        slug
        for scope in sorted(wish.left & (theirs | set(settings.public_lists)))
        for slug in unsubscribe(connection, person.id, scope=scope, word=word) or ()
    ]
    _join(connection, keyring, settings, person, wish.joined, word)
    _keep_fields(connection, settings, person, wish.fields)
    return _settled(connection, keyring, settings, token, left=left, now=now)


def leave_all(
    connection: Connection,
    keyring: Keyring,
    settings: Settings,
    token: str,
    *,
    now: datetime,
) -> Preferences | None:
    """Let somebody leave every list, those to come as well."""
    person = find_person(connection, keyring, token)
    if person is None:
        return None
    word = Word(now, SOURCE)
    left = unsubscribe(connection, person.id, scope=EVERY_LIST, word=word)
    return _settled(connection, keyring, settings, token, left=left or (), now=now)


def find_person(
    connection: Connection, keyring: Keyring, token: str
) -> Subscriber | None:
    """Return whose page a token leads to, or None."""
    numbers = read_token(keyring, Purpose.PREFERENCES, token, 1)
    return None if numbers is None else find_by_id(connection, *numbers)


def _join(
    connection: Connection,
    keyring: Keyring,
    settings: Settings,
    person: Subscriber,
    wanted: Collection[str],
    word: Word,
) -> None:
    public = set(settings.public_lists)
    joined = sorted(public & set(wanted) - lists_received(connection, person.id))
    if not joined:
        return
    list_ids = ensure_lists(connection, joined)
    hashed = address_hash(keyring, address_key(person.email))
    for slug in joined:
        readmit(connection, hashed, list_slug=slug)
        set_status(
            connection,
            [person.id],
            list_id=list_ids[slug],
            status=SubscriptionStatus.ACTIVE,
            kind=ConsentKind.CONFIRMED,
            word=word,
        )


def _keep_fields(
    connection: Connection,
    settings: Settings,
    person: Subscriber,
    typed: Mapping[str, str],
) -> None:
    asked = {name for name, one in settings.fields.items() if one.is_asked}
    theirs = asked | {LANGUAGE_FIELD}
    told = {name: value for name, value in typed.items() if name in theirs}
    fields = {**person.fields, **told}
    kept = {name: value for name, value in fields.items() if value}
    if kept != person.fields:
        update_fields(connection, {person.id: kept})


def _settled(
    connection: Connection,
    keyring: Keyring,
    settings: Settings,
    token: str,
    *,
    left: Collection[str],
    now: datetime,
) -> Preferences | None:
    """Return how things stand after somebody acted on their page.

    They have read our mail, so we may write to them anew.
    """
    shown = read_preferences(connection, keyring, settings, token)
    person = find_person(connection, keyring, token)
    if shown is None or person is None:
        return None
    forget_marks(connection, address_hash(keyring, address_key(person.email)))
    if not left:
        return shown
    return replace(shown, undo_token=undo_token(keyring, person.id, now))
