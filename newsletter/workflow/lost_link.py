"""Who wants to leave and has no link: it is mailed to them.

Law: nobody learns from it whose addresses we know. So the same is done for each: one
row, as for who asks to join; a write that writes nothing would be back sooner.
"""

from datetime import datetime

from sqlalchemy import Connection

from newsletter.addresses import address_key
from newsletter.model.notice import NoticeKind
from newsletter.model.subscriber import LANGUAGE_FIELD, SubscriptionStatus
from newsletter.store.joinings import Joining, insert_joining
from newsletter.store.notices import queue_notice
from newsletter.store.people import find_by_key, read_subscriptions
from newsletter.tokens import Keyring, address_hash

#: Of the page; so is the request called.
PATH = "/leave"


def ask_for_link(
    connection: Connection,
    keyring: Keyring,
    email: str,
    *,
    language: str,
    now: datetime,
) -> None:
    """Take a request down, and have the link mailed if there is anything to leave.

    Args:
        connection: Writing.
        keyring: Makes the code of the address.
        email: From `normalise_address`.
        language: Of the page.
        now: The present, aware.
    """
    key = address_key(email)
    hashed = address_hash(keyring, key)
    insert_joining(connection, Joining(hashed, "", language, PATH, now))
    known = find_by_key(connection, key)
    if known is None or not _is_anywhere(connection, known.id):
        return
    queue_notice(
        connection,
        NoticeKind.LEAVE,
        subscriber_id=known.id,
        address_hash=hashed,
        language=known.fields.get(LANGUAGE_FIELD, "") or language,
        now=now,
    )


def _is_anywhere(connection: Connection, subscriber_id: int) -> bool:
    """Tell whether somebody is on a list, or waits to be."""
    staying = (SubscriptionStatus.ACTIVE, SubscriptionStatus.PENDING)
    return any(
        one.status in staying for one in read_subscriptions(connection, subscriber_id)
    )
