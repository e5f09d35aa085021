"""A dispatch that waits, or is hindered, with a process at its side that goes on.

All functions take a writing connection and leave the transaction to the caller.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, update

from newsletter.model.delivery import DispatchState
from newsletter.store.instants import to_millis
from newsletter.store.tables import dispatches


def begin_waiting(
    connection: Connection,
    dispatch_id: int,
    *,
    owner: str,
    reason: str,
    until: datetime | None,
) -> bool:
    """Turn running into waiting, with *owner* at its side; False if it did not run."""
    next_at = None if until is None else to_millis(until)
    return _turn(
        connection,
        dispatch_id,
        before=DispatchState.RUNNING,
        values={
            "state": DispatchState.WAITING,
            "owner": owner,
            "reason": reason,
            "next_at": next_at,
        },
    )


def end_waiting(connection: Connection, dispatch_id: int) -> bool:
    """Turn waiting into running; False when it was not waiting."""
    return _turn(
        connection,
        dispatch_id,
        before=DispatchState.WAITING,
        values={
            "state": DispatchState.RUNNING,
            "owner": None,
            "reason": "",
            "next_at": None,
        },
    )


def explain(connection: Connection, dispatch_id: int, reason: str) -> bool:
    """Say what hinders a running dispatch; False when it does not run."""
    return _turn(
        connection,
        dispatch_id,
        before=DispatchState.RUNNING,
        values={"reason": reason},
    )


def _turn(
    connection: Connection,
    dispatch_id: int,
    *,
    before: DispatchState,
    values: dict[str, Any],
) -> bool:
    turned = connection.execute(
        update(dispatches)
        .where(dispatches.c.id == dispatch_id, dispatches.c.state == before)
        .values(values)
    )
    return turned.rowcount == 1
