"""Links that an editor looked at herself: address and verdict, with date and reason.

A confirmation holds in every issue, and ends when the link is found to be otherwise.
"""

import hashlib
from collections.abc import Iterable, Mapping
from datetime import datetime

from sqlalchemy import Connection, and_, delete, or_, select

from newsletter.model.link import Verdict
from newsletter.store.accepted import Accepted
from newsletter.store.dialect import insert_or_update
from newsletter.store.instants import from_millis, to_millis
from newsletter.store.tables import confirmed_links

#: Addresses in one query; SQLite takes an expression 1,000 deep.
_AT_ONCE = 300


def confirm_link(
    connection: Connection,
    address: str,
    verdict: Verdict,
    *,
    reason: str,
    now: datetime,
) -> None:
    """Keep that *address* is known better than *verdict* says; the last reason counts.

    Args:
        connection: A writer's.
        address: As written in issues, place in the page included.
        verdict: What was found of it.
        reason: Shown wherever the link is.
        now: Aware.
    """
    row = {
        "key": _key(address),
        "verdict": verdict.value,
        "address": address,
        "reason": reason,
        "at": to_millis(now),
    }
    insert_or_update(connection, confirmed_links, [row])


def read_confirmed(
    connection: Connection, addresses: Iterable[str]
) -> dict[tuple[str, Verdict], Accepted]:
    """Return what was confirmed of *addresses*."""
    keys = {_key(address): address for address in addresses}
    if not keys:
        return {}
    # There are few of them, and an archive has thousands of addresses.
    return {
        (keys[row.key], Verdict(row.verdict)): Accepted(row.reason, from_millis(row.at))
        for row in connection.execute(select(confirmed_links))
        if row.key in keys
    }


def lapse_confirmed(connection: Connection, found: Mapping[str, Verdict]) -> None:
    """Forget what was confirmed of addresses that are *found* to be otherwise now."""
    table = confirmed_links
    others = [
        and_(table.c.key == _key(address), table.c.verdict != verdict.value)
        for address, verdict in found.items()
    ]
    for start in range(0, len(others), _AT_ONCE):
        part = others[start : start + _AT_ONCE]
        connection.execute(delete(table).where(or_(*part)))


def _key(address: str) -> str:
    return hashlib.sha256(address.encode()).hexdigest()
