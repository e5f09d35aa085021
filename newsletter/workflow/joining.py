"""Joining by the public page: ask, confirm, or say that it was somebody else.

Law: who asks learns nothing of the address, and the same is done for each: one row.
What was typed counts once its owner confirms; nothing is overwritten by a stranger.
Only the owner's own button brings back whoever left, by a link asked for since.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Connection

from newsletter.addresses import address_key, mask
from newsletter.i18n import WORDING
from newsletter.model.notice import NoticeKind
from newsletter.model.settings import Settings
from newsletter.model.subscriber import (
    FOR_GOOD,
    LANGUAGE_FIELD,
    ConsentKind,
    SubscriptionStatus,
    SuppressionReason,
)
from newsletter.store.audience import EVERY_LIST, lists_received
from newsletter.store.consent import (
    Suppression,
    Word,
    read_suppressions,
    readmit,
    set_status,
    suppress,
    unsubscribe,
)
from newsletter.store.instants import from_millis, to_millis
from newsletter.store.joinings import (
    Joining,
    erase_newcomers,
    insert_joining,
    is_newcomer,
    note_confirmed,
    read_joining,
    take_back_joinings,
)
from newsletter.store.notices import (
    drop_waiting,
    forbid_notices,
    forget_marks,
    may_notify,
    queue_notice,
)
from newsletter.store.people import (
    Person,
    ensure_lists,
    find_by_id,
    find_by_key,
    insert_person,
    read_subscriptions,
    update_fields,
)
from newsletter.tokens import Keyring, Purpose, address_hash, read_token, sign
from newsletter.workflow.local_time import show_time

#: How the history names the link for who did not ask.
_NOT_ME = "not-me"


@dataclass(frozen=True, slots=True)
class JoinRequest:
    """What somebody asks for on the page."""

    #: From `normalise_address`.
    email: str
    #: Slugs, one at least.
    lists: tuple[str, ...]
    #: Fields that were filled in, cleaned.
    fields: Mapping[str, str] = field(default_factory=dict)
    #: Of the page.
    language: str = ""
    #: Path of the page.
    source: str = "/join"


class Step(StrEnum):
    """Where somebody stands who follows the link in our mail."""

    #: Has yet to press the button.
    ASK = "ask"
    JOINED = "joined"
    #: Joined by it once, and left since: the link brings nobody back.
    USED = "used"


@dataclass(frozen=True, slots=True)
class Invitation:
    """What a link to confirm stands for."""

    step: Step
    subscriber_id: int
    masked_address: str
    #: Slugs.
    lists: tuple[str, ...]
    #: Of the page on which it was asked for.
    language: str


@dataclass(frozen=True, slots=True)
class Declined:
    """What became of an address whose owner asked for nothing."""

    #: Its owner gets the newsletter already, and is only asked nothing any more; else
    #: nothing goes there again.
    is_subscriber: bool
    #: Of the page on which it was asked for.
    language: str


def form_token(keyring: Keyring, shown_at: datetime) -> str:
    """Return what a form says of the moment at which it was shown."""
    return sign(keyring, Purpose.FORM, to_millis(shown_at))


def read_form_token(keyring: Keyring, token: str) -> datetime | None:
    """Return when a form was shown; None: it does not say, or not in our words."""
    numbers = read_token(keyring, Purpose.FORM, token, 1)
    try:
        return None if numbers is None else from_millis(*numbers)
    except OverflowError:
        return None


def joining_of(keyring: Keyring, purpose: Purpose, token: str) -> int:
    """Return the row that a token is about; 0, which no row is, for any other token."""
    numbers = read_token(keyring, purpose, token, 1)
    return 0 if numbers is None else numbers[0]


def ask_to_join(
    connection: Connection,
    keyring: Keyring,
    settings: Settings,
    request: JoinRequest,
    *,
    now: datetime,
) -> None:
    """Take a request down, and have a mail written if one is due.

    Args:
        connection: A writing one.
        keyring: Makes the code of the address.
        settings: Which lists there are.
        request: What was asked for.
        now: The present, aware.
    """
    key = address_key(request.email)
    person = Person(request.email, key, address_hash(keyring, key))
    joining = Joining(person.hash, WORDING, request.language, request.source, now)
    known = find_by_key(connection, key)
    subscriber_id = known.id if known else 0
    kind = judge_request(
        request.lists,
        read_suppressions(connection, person.hash),
        lists_received(connection, subscriber_id) if known else (),
    )
    if kind is None or not may_notify(connection, kind, person.hash, now=now):
        insert_joining(connection, joining)
        return
    if kind is NoticeKind.CONFIRM:
        if known is None:
            subscriber_id = _take_in(connection, settings, person, request, now)
        joining = replace(
            joining,
            subscriber_id=subscriber_id,
            lists=request.lists,
            fields=request.fields,
        )
    queue_notice(
        connection,
        kind,
        subscriber_id=subscriber_id,
        address_hash=person.hash,
        about_id=insert_joining(connection, joining),
        language=request.language,
        now=now,
    )


def judge_request(
    lists: Collection[str],
    suppressions: Collection[Suppression],
    received: Collection[str],
) -> NoticeKind | None:
    """Return which mail somebody gets who asks to join; None: none at all.

    Args:
        lists: Slugs that are asked for.
        suppressions: Those of the address.
        received: Slugs of the lists whose mail its person gets.
    """
    if any(one.reason in FOR_GOOD for one in suppressions):
        return None
    is_present = set(lists).issubset(received)
    return NoticeKind.PRESENT if is_present else NoticeKind.CONFIRM


def _take_in(
    connection: Connection,
    settings: Settings,
    person: Person,
    request: JoinRequest,
    now: datetime,
) -> int:
    """Let somebody wait for their confirmation; return their id."""
    list_ids = ensure_lists(connection, settings.lists)
    subscriber_id = insert_person(connection, person, now=now)
    word = Word(now, request.source, wording=WORDING, language=request.language)
    for slug in request.lists:
        set_status(
            connection,
            [subscriber_id],
            list_id=list_ids[slug],
            status=SubscriptionStatus.PENDING,
            kind=ConsentKind.ASKED,
            word=word,
        )
    return subscriber_id


def read_invitation(
    connection: Connection, settings: Settings, joining_id: int
) -> Invitation | None:
    """Return what a link to confirm stands for; None: it is over, or was taken back."""
    joining = read_joining(connection, joining_id)
    if joining is None or joining.subscriber_id is None:
        return None
    person = find_by_id(connection, joining.subscriber_id)
    lists = tuple(slug for slug in joining.lists if slug in settings.lists)
    if person is None or not lists:
        return None
    return Invitation(
        step=_step(connection, joining, person.id, lists),
        subscriber_id=person.id,
        masked_address=mask(person.email),
        lists=lists,
        language=joining.language,
    )


def _step(
    connection: Connection, joining: Joining, subscriber_id: int, lists: Collection[str]
) -> Step:
    if joining.confirmed_at is None:
        return Step.ASK
    received = lists_received(connection, subscriber_id)
    return Step.USED if received.isdisjoint(lists) else Step.JOINED


def confirm_joining(
    connection: Connection, settings: Settings, joining_id: int, *, now: datetime
) -> Invitation | None:
    """Let somebody join by their own button; again is no harm.

    Args:
        connection: A writing one.
        settings: Which lists and fields there are.
        joining_id: From the token.
        now: The present, aware.

    Returns:
        How it stands then; None: the link is over, or was taken back.
    """
    invitation = read_invitation(connection, settings, joining_id)
    joining = read_joining(connection, joining_id)
    if invitation is None or joining is None or invitation.step is not Step.ASK:
        return invitation
    list_ids = ensure_lists(connection, settings.lists)
    word = Word(
        now,
        joining.source,
        evidence=f"asked on {show_time(joining.at, settings.newsletter.time_zone)}",
        wording=joining.wording,
        language=joining.language,
    )
    for slug in invitation.lists:
        readmit(connection, joining.address_hash, list_slug=slug)
        set_status(
            connection,
            [invitation.subscriber_id],
            list_id=list_ids[slug],
            status=SubscriptionStatus.ACTIVE,
            kind=ConsentKind.CONFIRMED,
            word=word,
        )
    _give_fields(connection, settings, invitation.subscriber_id, joining)
    note_confirmed(connection, joining_id, now=now)
    forget_marks(connection, joining.address_hash)
    return replace(invitation, step=Step.JOINED)


def _give_fields(
    connection: Connection, settings: Settings, subscriber_id: int, joining: Joining
) -> None:
    """Let what was typed count; a language that was chosen before stays."""
    person = find_by_id(connection, subscriber_id)
    known = person.fields if person else {}
    typed = {
        name: value
        for name, value in joining.fields.items()
        if name in settings.fields and value
    }
    language = {LANGUAGE_FIELD: joining.language} if joining.language else {}
    update_fields(connection, {subscriber_id: {**language, **known, **typed}})


def language_of(connection: Connection, joining_id: int) -> str | None:
    """Return the language in which somebody asked; None: nothing is known of it."""
    joining = read_joining(connection, joining_id)
    return None if joining is None else joining.language


def decline_joining(
    connection: Connection, joining_id: int, *, now: datetime
) -> Declined | None:
    """Never ask an address again whose owner asked for nothing; again is no harm.

    Who gets the newsletter goes on getting it: somebody else typed their address, and
    that is no reason to lose it.

    Returns:
        None: nothing is known of that request any more.
    """
    joining = read_joining(connection, joining_id)
    if joining is None:
        return None
    word = Word(now, _NOT_ME)
    person = joining.subscriber_id
    if person is not None and joining.confirmed_at is not None:
        for slug in joining.lists:
            unsubscribe(connection, person, scope=slug, word=word)
    take_back_joinings(connection, joining.address_hash, scope=EVERY_LIST, at=now)
    for kind in (NoticeKind.CONFIRM, NoticeKind.PRESENT):
        forbid_notices(connection, kind, joining.address_hash, now=now)
    if person is not None:
        drop_waiting(connection, person, NoticeKind.CONFIRM)
        if lists_received(connection, person):
            return Declined(is_subscriber=True, language=joining.language)
    suppress(
        connection,
        [joining.address_hash],
        scope=EVERY_LIST,
        reason=SuppressionReason.BLOCKED,
        word=word,
    )
    if person is not None:
        _end_waiting(connection, person, word)
    return Declined(is_subscriber=False, language=joining.language)


def _end_waiting(connection: Connection, subscriber_id: int, word: Word) -> None:
    """Erase who never was anything but asked for; nobody else waits any more."""
    if is_newcomer(connection, subscriber_id):
        erase_newcomers(connection, [subscriber_id])
        return
    list_ids = ensure_lists(connection, ())
    for one in read_subscriptions(connection, subscriber_id):
        if one.status is SubscriptionStatus.PENDING:
            set_status(
                connection,
                [subscriber_id],
                list_id=list_ids[one.list],
                status=SubscriptionStatus.UNSUBSCRIBED,
                kind=ConsentKind.BLOCKED,
                word=word,
            )
