"""Many intents and results in one transaction: the ledger's hot path.

In: orders as they came. Out: what was granted, and whether every result was ours.
First all of a kind are written by one statement each. Where the number of rows shows
that one of them is no plain case (somebody left, a pause, a claim that was lost), the
transaction is undone and each order is looked at by itself, in the order they came.

Law: both ways leave the same rows behind.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BindParameter,
    Connection,
    Dialect,
    Integer,
    Text,
    Update,
    bindparam,
    case,
    exists,
    literal_column,
    select,
    update,
)

from newsletter.model.delivery import Delivery, DeliveryState, DispatchState
from newsletter.model.dispatch import Claim, Permission, Result
from newsletter.store.claims import may_be_mailed
from newsletter.store.dialect import is_one_of, one_piece, one_table, rows_of
from newsletter.store.dispatch_records import counter
from newsletter.store.instants import to_millis
from newsletter.store.ledger import kept_words, write_intent, write_result
from newsletter.store.tables import batches, deliveries, dispatches

_PENDING = DeliveryState.PENDING
_DEFERRED = DeliveryState.DEFERRED
_ATTEMPTING = DeliveryState.ATTEMPTING
_ACCEPTED = DeliveryState.ACCEPTED


@dataclass(slots=True)
class Intent:
    """A message is about to leave."""

    claim: Claim
    delivery: Delivery
    permission: Permission = Permission.HALTED


@dataclass(slots=True)
class Record:
    """What came of a delivery."""

    claim: Claim
    result: Result
    #: False: not ours to say any more.
    is_kept: bool = True


class Groups:
    """Writes groups of orders; keeps its statements, one set for each dispatch."""

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect
        self._accept = _Plain(_ACCEPT, dialect)
        self._count = _Plain(_COUNT, dialect)
        self._attempts: dict[int, _Plain] = {}

    def write(
        self, connection: Connection, orders: Sequence[Intent | Record], now: datetime
    ) -> None:
        """Write *orders* in one transaction and fill in their answers.

        Args:
            connection: A writing one, outside of a transaction.
            orders: In the order they came.
            now: Aware.
        """
        try:
            with connection.begin():
                self._write_at_once(connection, orders, now)
        except _NotPlainError:
            with connection.begin():
                _write_one_by_one(connection, orders, now)

    def _write_at_once(
        self, connection: Connection, orders: Sequence[Intent | Record], now: datetime
    ) -> None:
        at = to_millis(now)
        parts, others = _sort_out(orders)
        for part in parts:
            self._write_accepted(connection, part.claim, part.accepted, at)
            for before, intents in part.intents.items():
                self._write_attempts(connection, part.claim, before, intents, at)
            self._count_changes(connection, part)
        for record in others:
            record.is_kept = write_result(
                connection, record.claim, record.result, now=now
            )

    def _write_accepted(
        self, connection: Connection, claim: Claim, results: Sequence[Result], at: int
    ) -> None:
        if not results:
            return
        rows = [
            (claim.dispatch_id, result.seq, *kept_words(result.reply))
            for result in results
        ]
        bound = self._accept.bind(at_=at, claimed=claim.epoch, said=one_table(rows))
        written = connection.exec_driver_sql(self._accept.sql, tuple(bound))
        _require(written.rowcount, len(rows))

    def _write_attempts(
        self,
        connection: Connection,
        claim: Claim,
        before: DeliveryState,
        intents: Sequence[Intent],
        at: int,
    ) -> None:
        if not intents:
            return
        attempt = self._attempt_of(connection, claim.dispatch_id)
        bound = attempt.bind(
            at_=at,
            dispatch=claim.dispatch_id,
            batch=claim.batch_id,
            claimed=claim.epoch,
            epoch_=claim.epoch,
            before=int(before),
            seqs=one_piece([intent.delivery.seq for intent in intents]),
        )
        written = connection.exec_driver_sql(attempt.sql, tuple(bound))
        _require(written.rowcount, len(intents))
        for intent in intents:
            intent.permission = Permission.GRANTED

    def _count_changes(self, connection: Connection, part: "_Part") -> None:
        changes = dict.fromkeys(DeliveryState, 0)
        for before, intents in part.intents.items():
            changes[before] -= len(intents)
            changes[_ATTEMPTING] += len(intents)
        changes[_ATTEMPTING] -= len(part.accepted)
        changes[_ACCEPTED] += len(part.accepted)
        rises = {f"{state.name}_": change for state, change in changes.items()}
        bound = self._count.bind(batch=part.claim.batch_id, **rises)
        connection.exec_driver_sql(self._count.sql, tuple(bound))

    def _attempt_of(self, connection: Connection, dispatch_id: int) -> "_Plain":
        """Return the intent of a dispatch; its lists never change."""
        if dispatch_id not in self._attempts:
            lists = connection.execute(
                select(dispatches.c.lists).where(dispatches.c.id == dispatch_id)
            ).scalar_one()
            self._attempts[dispatch_id] = _Plain(_attempt(lists), self._dialect)
        return self._attempts[dispatch_id]


class _NotPlainError(Exception):
    """The group must be looked at one by one."""


@dataclass(slots=True)
class _Part:
    """Orders of one group under one claim; each delivery is in it once."""

    claim: Claim
    accepted: list[Result] = field(default_factory=list)
    #: By the state they are most likely in.
    intents: dict[DeliveryState, list[Intent]] = field(
        default_factory=lambda: {_PENDING: [], _DEFERRED: []}
    )
    seqs: set[int] = field(default_factory=set)


def _sort_out(orders: Sequence[Intent | Record]) -> tuple[list[_Part], list[Record]]:
    """Sort orders out; what concerns two recipients may be done in any order.

    Returns:
        What can be done at once, and what must be looked at singly.

    Raises:
        _NotPlainError: Two of them concern one recipient, or two claims one batch.
    """
    parts: dict[int, _Part] = {}
    others: list[Record] = []
    part = _Part(orders[0].claim)
    parts[part.claim.batch_id] = part
    for order in orders:
        if order.claim is not part.claim:
            part = parts.setdefault(order.claim.batch_id, _Part(order.claim))
            _require(part.claim.epoch, order.claim.epoch)
        if isinstance(order, Intent):
            delivery = order.delivery
            seq = delivery.seq
            before = _PENDING if delivery.deferred_since is None else _DEFERRED
            part.intents[before].append(order)
        else:
            seq = order.result.seq
            if order.result.state is _ACCEPTED:
                part.accepted.append(order.result)
            else:
                others.append(order)
        part.seqs.add(seq)
    _require(sum(len(part.seqs) for part in parts.values()), len(orders))
    return list(parts.values()), others


def _write_one_by_one(
    connection: Connection, orders: Sequence[Intent | Record], now: datetime
) -> None:
    for order in orders:
        if isinstance(order, Intent):
            order.permission = write_intent(
                connection, order.claim, order.delivery, now=now
            )
        else:
            order.is_kept = write_result(connection, order.claim, order.result, now=now)


# --- statements -----------------------------------------------------------------------


class _Plain:
    """A statement compiled once: to look it up costs more than to execute it."""

    def __init__(self, statement: Update, dialect: Dialect) -> None:
        compiled = statement.compile(
            dialect=dialect, compile_kwargs={"render_postcompile": True}
        )
        names = getattr(compiled, "positiontup", None) or ()
        self.sql = str(compiled)
        self._values = [compiled.params[name] for name in names]
        self._places = {name: place for place, name in enumerate(names)}

    def bind(self, **values: Any) -> list[Any]:
        """Return its parameters in their order, those not given as None."""
        bound = self._values.copy()
        for name, value in values.items():
            bound[self._places[name]] = value
        return bound


def _require(number: int, wanted: int) -> None:
    if number != wanted:
        raise _NotPlainError


def _given(name: str) -> BindParameter[Any]:
    """Return a parameter that `_Plain.bind` fills in."""
    return bindparam(name, None, type_=Integer())


def _attempt(lists: Sequence[str]) -> Update:
    """Return the intent of many: all that `write_intent` asks, in one condition."""
    is_ours = exists(
        select(batches.c.id)
        .join(dispatches, dispatches.c.id == batches.c.dispatch_id)
        .where(
            batches.c.id == _given("batch"),
            batches.c.epoch == _given("claimed"),
            dispatches.c.state == DispatchState.RUNNING.value,
        )
    )
    return (
        update(deliveries)
        .where(
            deliveries.c.dispatch_id == _given("dispatch"),
            is_one_of(deliveries.c.seq, "seqs"),
            deliveries.c.state == _given("before"),
            is_ours,
            may_be_mailed(lists),
        )
        .values(
            state=int(_ATTEMPTING),
            at=_given("at_"),
            epoch=_given("epoch_"),
            attempts=deliveries.c.attempts + 1,
            next_at=None,
        )
    )


_dispatch_id, _seq, _code, _text = rows_of(
    "said", Integer(), Integer(), Integer(), Text()
)
_ACCEPT = (
    update(deliveries)
    .where(
        deliveries.c.dispatch_id == _dispatch_id,
        deliveries.c.seq == _seq,
        deliveries.c.state == int(_ATTEMPTING),
        deliveries.c.epoch == _given("claimed"),
    )
    .values(
        state=int(_ACCEPTED),
        at=_given("at_"),
        reply_code=_code,
        # As in `write_result`: no words to an address that was erased.
        reply_text=case((deliveries.c.email != literal_column("''"), _text)),
        next_at=None,
    )
)

_COUNT = (
    update(batches)
    .where(batches.c.id == _given("batch"))
    .values(
        {
            counter(state): counter(state) + _given(f"{state.name}_")
            for state in DeliveryState
        }
    )
)
