"""That a newsletter was handed over to another computer: this copy sends no more.

Two copies that both send would mail everybody twice, and who leaves at one of them
would go on getting mail from the other.
"""

from datetime import datetime

from sqlalchemy import Connection, delete, insert, select

from newsletter.errors import RefusedError
from newsletter.store.instants import from_millis, to_millis
from newsletter.store.tables import handovers


def refuse_handed_over(connection: Connection) -> None:
    """Refuse to go on where the newsletter lives on another computer now.

    Raises:
        RefusedError: It was handed over; names when, and by which file.
    """
    row = connection.execute(
        select(handovers).order_by(handovers.c.id.desc()).limit(1)
    ).first()
    if row is None:
        return
    moment = from_millis(row.at).astimezone()
    raise RefusedError(
        "this newsletter was handed over to another computer on "
        f"{moment.day} {moment:%B %Y} ({row.file}): this copy changes and sends "
        "nothing any more.",
        "Go on over there. If that came to nothing, put it back here: move this folder "
        f"away, then newsletter db restore {row.file}",
    )


def note_handover(connection: Connection, *, file: str, now: datetime) -> None:
    """Write down that another computer goes on from now.

    Args:
        connection: A writing one.
        file: Name of the backup file that went there.
        now: Aware.
    """
    connection.execute(insert(handovers).values(at=to_millis(now), file=file))


def take_over(connection: Connection) -> None:
    """Let this copy send: it is the one that a backup was restored to."""
    connection.execute(delete(handovers))
