"""What was seen of links, and how they were judged at each check.

In: observations of addresses that stand in issues. Out: the last ones, and the
verdicts of a year. Observations are kept as facts; who reads them judges them.
"""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import cache
from itertools import islice

from pydantic import TypeAdapter, ValidationError
from sqlalchemy import Connection, delete, select

from newsletter.model.link import Observation, Verdict
from newsletter.store.dialect import insert_or_update
from newsletter.store.instants import from_millis, to_millis
from newsletter.store.tables import link_observations, link_verdicts

#: Keys in one query; SQLite takes 32,766 values, older ones 999.
_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Remembered:
    """What was last seen of an address."""

    #: Oldest first.
    looks: tuple[Observation, ...]
    #: Aware, UTC.
    seen_at: datetime


@dataclass(frozen=True, slots=True)
class Seen:
    """What is seen of an address now."""

    #: Oldest first.
    looks: tuple[Observation, ...]
    #: What is made of it today, for the history.
    verdict: Verdict


def read_observations(
    connection: Connection, addresses: Iterable[str], *, networks: str = ""
) -> dict[str, Remembered]:
    """Return what was last seen of *addresses*; those never seen are left out.

    Args:
        connection: A reader's.
        addresses: As they are asked.
        networks: Private networks that are open, in a form that compares.
    """
    keys = {_key(address, networks): address for address in addresses}
    found: dict[str, Remembered] = {}
    for part in _parts(keys):
        table = link_observations
        for row in connection.execute(select(table).where(table.c.key.in_(part))):
            looks = _load(row.looks)
            if looks:
                found[keys[row.key]] = Remembered(looks, from_millis(row.seen_at))
    return found


def read_verdicts(
    connection: Connection, addresses: Iterable[str], *, networks: str = ""
) -> dict[str, list[tuple[datetime, Verdict]]]:
    """Return how *addresses* were judged, newest first; arguments as above."""
    keys = {_key(address, networks): address for address in addresses}
    found: dict[str, list[tuple[datetime, Verdict]]] = defaultdict(list)
    for part in _parts(keys):
        table = link_verdicts
        query = select(table).where(table.c.key.in_(part)).order_by(table.c.at.desc())
        for row in connection.execute(query):
            found[keys[row.key]].append((from_millis(row.at), Verdict(row.verdict)))
    return dict(found)


def save_observations(
    connection: Connection,
    seen: Mapping[str, Seen],
    *,
    now: datetime,
    networks: str = "",
) -> None:
    """Keep what was seen of each address, and add its verdict to the history."""
    at = to_millis(now)
    keys = {address: _key(address, networks) for address in seen}
    insert_or_update(
        connection,
        link_observations,
        [
            {
                "key": keys[address],
                "address": address,
                "seen_at": at,
                "looks": [asdict(look) for look in one.looks],
            }
            for address, one in seen.items()
        ],
    )
    insert_or_update(
        connection,
        link_verdicts,
        [
            {"key": keys[address], "at": at, "verdict": one.verdict.value}
            for address, one in seen.items()
        ],
    )


def forget_observations(connection: Connection, *, before: datetime) -> None:
    """Remove what was seen before a moment."""
    limit = to_millis(before)
    seen_at, at = link_observations.c.seen_at, link_verdicts.c.at
    connection.execute(delete(link_observations).where(seen_at < limit))
    connection.execute(delete(link_verdicts).where(at < limit))


def _key(address: str, networks: str) -> str:
    # A blank stands in neither of them.
    return hashlib.sha256(f"{networks} {address}".encode()).hexdigest()


def _parts(keys: Iterable[str]) -> Iterator[Sequence[str]]:
    rest = iter(keys)
    while part := list(islice(rest, _AT_ONCE)):
        yield part


@cache
def _adapter() -> TypeAdapter[tuple[Observation, ...]]:
    return TypeAdapter(tuple[Observation, ...])


def _load(looks: object) -> tuple[Observation, ...]:
    """Return the observations, or none when another release wrote them otherwise."""
    try:
        return _adapter().validate_python(looks)
    except ValidationError:
        return ()
