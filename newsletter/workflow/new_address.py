"""A new address for a reader: asked for on their page, theirs once they confirm it.

Law: it counts once the link in a mail to it was followed and the button there pressed.
Whose address it is, is told nobody who merely asks. The old address is told that mail
goes elsewhere: nobody is moved in silence by a link that was stolen.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Connection

from newsletter.addresses import address_key, mask
from newsletter.i18n import WORDING
from newsletter.model.notice import NoticeKind
from newsletter.model.subscriber import FOR_GOOD, LANGUAGE_FIELD
from newsletter.store.address_changes import (
    AddressChange,
    insert_change,
    is_taken,
    keep_old_address,
    read_change,
    take_over,
)
from newsletter.store.consent import Word, read_suppressions
from newsletter.store.notices import forget_marks, queue_notice
from newsletter.store.people import Person, find_by_id
from newsletter.tokens import Keyring, Purpose, address_hash, is_test, read_token
from newsletter.workflow.leaving import settings_token
from newsletter.workflow.preferences import SOURCE, find_person


class Change(StrEnum):
    """Where a change of address stands."""

    #: The button is yet to be pressed.
    ASK = "ask"
    DONE = "done"
    #: Somebody else has the address: nothing is changed.
    TAKEN = "taken"
    #: Link of a test mail.
    TEST = "test"


@dataclass(frozen=True, slots=True)
class ChangeVisit:
    """Somebody at the link in the mail to their new address."""

    change: Change
    masked_address: str = ""
    #: Of the person, or of the page where they asked.
    language: str = ""
    settings_token: str = ""


def ask_for_address(
    connection: Connection,
    keyring: Keyring,
    token: str,
    email: str,
    *,
    language: str,
    now: datetime,
) -> bool:
    """Have a mail written to a new address; False for a token that is nobody's.

    Whether one is written is told nobody: that would say whose the address is.

    Args:
        connection: Writing.
        keyring: The keys that tokens are signed with.
        token: From the address of the page.
        email: From `normalise_address`.
        language: Of the page.
        now: The present, aware.
    """
    person = find_person(connection, keyring, token)
    if person is None:
        return False
    key = address_key(email)
    wanted = Person(email, key, address_hash(keyring, key))
    change = AddressChange(person.id, wanted, language)
    change_id = insert_change(connection, change, now=now)
    reasons = {one.reason for one in read_suppressions(connection, wanted.hash)}
    if reasons.isdisjoint(FOR_GOOD) and key != address_key(person.email):
        queue_notice(
            connection,
            NoticeKind.CHANGE,
            subscriber_id=person.id,
            address_hash=wanted.hash,
            about_id=change_id,
            language=language,
            now=now,
        )
    return True


def look_at_change(
    connection: Connection, keyring: Keyring, token: str
) -> ChangeVisit | None:
    """Return what the link to a new address stands for; None: not ours, or over."""
    if is_test(keyring, token):
        return ChangeVisit(Change.TEST)
    found = _read_change(connection, keyring, token)
    return None if found is None else _visit(connection, keyring, found[1])


def confirm_change(
    connection: Connection, keyring: Keyring, token: str, *, now: datetime
) -> ChangeVisit | None:
    """Give somebody their new address, and return how it stands then.

    Args:
        connection: Writing.
        keyring: The keys that tokens are signed with.
        token: From the link in the mail to the new address.
        now: The present, aware.
    """
    visit = look_at_change(connection, keyring, token)
    found = _read_change(connection, keyring, token)
    if visit is None or found is None or visit.change is not Change.ASK:
        return visit
    change_id, change = found
    word = Word(now, SOURCE, wording=WORDING, language=change.language)
    former = take_over(connection, change_id, word=word)
    forget_marks(connection, change.person.hash)
    _tell_old_address(connection, former, found, language=visit.language, now=now)
    return look_at_change(connection, keyring, token)


def _tell_old_address(
    connection: Connection,
    former: Person,
    found: tuple[int, AddressChange],
    *,
    language: str,
    now: datetime,
) -> None:
    """Have the old address told, once, though no issue goes there any more."""
    change_id, change = found
    reasons = {one.reason for one in read_suppressions(connection, former.hash)}
    if reasons.isdisjoint(FOR_GOOD) and queue_notice(
        connection,
        NoticeKind.MOVED,
        subscriber_id=change.subscriber_id,
        address_hash=former.hash,
        about_id=change_id,
        language=language,
        now=now,
    ):
        keep_old_address(connection, change_id, former)


def _read_change(
    connection: Connection, keyring: Keyring, token: str
) -> tuple[int, AddressChange] | None:
    """Return the row that a token names, and what was asked for."""
    numbers = read_token(keyring, Purpose.CHANGE, token, 1)
    if numbers is None:
        return None
    change = read_change(connection, numbers[0])
    return None if change is None else (numbers[0], change)


def _visit(
    connection: Connection, keyring: Keyring, change: AddressChange
) -> ChangeVisit | None:
    person = find_by_id(connection, change.subscriber_id)
    is_theirs = person and address_key(person.email) == change.person.key
    if person is None or (change.is_confirmed and not is_theirs):
        return None
    if change.is_confirmed:
        step = Change.DONE
    else:
        step = Change.TAKEN if is_taken(connection, change) else Change.ASK
    return ChangeVisit(
        step,
        mask(change.person.email),
        person.fields.get(LANGUAGE_FIELD, "") or change.language,
        settings_token(keyring, person.id),
    )
