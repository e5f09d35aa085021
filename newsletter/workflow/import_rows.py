"""Rows of a file on their way in: as they are kept, and what becomes of each."""

import json
from collections.abc import Iterator, Mapping
from functools import lru_cache
from heapq import merge
from itertools import islice
from typing import NamedTuple

from sqlalchemy import Connection

from newsletter.model.problem import Problem
from newsletter.model.subscriber import SubscriptionStatus
from newsletter.store.arrivals import (
    Chunk,
    read_duplicates,
    read_everybody,
    read_setbacks,
)
from newsletter.store.omissions import read_omissions
from newsletter.subscribers.admission import Verdict, judge_import
from newsletter.subscribers.rows import Row, read_rows
from newsletter.subscribers.sheet import Sheet
from newsletter.tokens import Keyring, address_hash

_REASONS: Mapping[Verdict, str] = {
    Verdict.NEW: "was not on the list",
    Verdict.CHANGED: "is on the list, and gets no mail of it any more",
    Verdict.UPDATED: "is there already; a field is new",
    Verdict.PRESENT: "is there already, just so",
    Verdict.STAYS_PENDING: "asked to join, and has yet to confirm",
    Verdict.STAYS_UNSUBSCRIBED: "left, or does not want mail of the list",
    Verdict.STAYS_BOUNCED: "mail to the address came back for good",
}
#: Of who is to be away from every list.
_REASONS_EVERYWHERE = {
    **_REASONS,
    Verdict.NEW: "was on no list",
    Verdict.CHANGED: "is on a list, and gets no mail of any list any more",
    Verdict.PRESENT: "is away already",
}


#: Rows that are gathered at a time. The garbage collector takes those of a thousand for
#: lasting, and goes through all that the program holds far more often.
_GATHERED = 100


class Aim(NamedTuple):
    """What is to become of the people in a file."""

    #: Slug of the list they join or leave.
    list: str
    status: SubscriptionStatus


class RowVerdict(NamedTuple):
    """What becomes of one row."""

    number: int
    #: A `Verdict`, "duplicate" or "bad".
    verdict: str
    #: Why: without a full stop, or a sentence on what is wrong.
    reason: str


def rows_to_gather(sheet: Sheet, keyring: Keyring) -> Iterator[Chunk]:
    """Give the rows of a sheet as they are kept beside the database."""
    rows = read_rows(sheet)
    while chunk := list(islice(rows, _GATHERED)):
        yield (
            [
                (
                    row.number,
                    row.email,
                    row.key,
                    address_hash(keyring, row.key),
                    _encode(tuple(row.fields.items())),
                )
                for row in chunk
                if isinstance(row, Row)
            ],
            [
                (row.place.line, row.message)
                for row in chunk
                if isinstance(row, Problem)
            ],
            [
                (row.number, field, told)
                for row in chunk
                if isinstance(row, Row) and row.omissions
                for field, told in row.omissions
            ],
        )


@lru_cache(maxsize=4096)
def _encode(fields: tuple[tuple[str, str], ...]) -> str:
    """Write fields as JSON; many people share a name, or the want of one."""
    return json.dumps(dict(fields))


def judge_rows(
    connection: Connection, aim: Aim, list_id: int | None, names: Mapping[str, str]
) -> Iterator[RowVerdict]:
    """Give a verdict for each row that was gathered, in their order.

    Args:
        connection: That of `gather`.
        aim: What is to become of them.
        list_id: On which list; None: on every one.
        names: Field -> header that it was found under.
    """
    return merge(
        _judge_everybody(connection, aim, list_id, names),
        _tell_duplicates(connection),
        _tell_setbacks(connection),
    )


def _judge_everybody(
    connection: Connection, aim: Aim, list_id: int | None, names: Mapping[str, str]
) -> Iterator[RowVerdict]:
    reasons = _REASONS_EVERYWHERE if list_id is None else _REASONS
    for chunk in read_everybody(connection, aim.list, list_id):
        omitted = read_omissions(connection, chunk[0].number, chunk[-1].number)
        for row in chunk:
            verdict = judge_import(row.standing, aim.status, row.fields)
            told = [
                f'"{names[field]}" holds {told}, and is left out'
                for field, told in omitted.get(row.number, ())
            ]
            reason = "; ".join([reasons[verdict], *told])
            yield RowVerdict(row.number, verdict.value, reason)


def _tell_duplicates(connection: Connection) -> Iterator[RowVerdict]:
    after = 0
    while rows := read_duplicates(connection, after=after):
        for number, first in rows:
            reason = f"the same address as in row {first}"
            yield RowVerdict(number, "duplicate", reason)
        after = rows[-1][0]


def _tell_setbacks(connection: Connection) -> Iterator[RowVerdict]:
    after = 0
    while rows := read_setbacks(connection, after=after):
        for number, message in rows:
            yield RowVerdict(number, "bad", message)
        after = rows[-1][0]
