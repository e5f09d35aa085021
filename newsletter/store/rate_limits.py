"""What the limits of the mail server remember, over restarts and between commands."""

from collections.abc import Callable, Mapping
from typing import TypeVar

from sqlalchemy import Connection, delete, insert, select

from newsletter.store.tables import rate_limits

#: Key -> (instant in milliseconds, messages).
Marks = Mapping[str, tuple[int, int]]
Answer = TypeVar("Answer")


def change_marks(
    connection: Connection, step: Callable[[Marks], tuple[Answer, Marks]]
) -> Answer:
    """Let *step* see all marks and say what takes their place, in one transaction.

    Args:
        connection: A writing one.
        step: Pure; returns its answer and the new marks.
    """
    before = {
        row.key: (row.arrival_at, row.used)
        for row in connection.execute(select(rate_limits))
    }
    answer, after = step(before)
    if after != before:
        connection.execute(delete(rate_limits))
        rows = [
            {"key": key, "arrival_at": at, "used": used}
            for key, (at, used) in after.items()
        ]
        if rows:
            connection.execute(insert(rate_limits), rows)
    return answer
