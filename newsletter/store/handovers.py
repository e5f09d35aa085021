"""That a newsletter was handed over to another computer: this copy sends no more.

Two copies that both send would mail everybody twice, and who leaves at one of them
would go on getting mail from the other.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, insert, select

from newsletter.errors import RefusedError
from newsletter.store.instants import from_millis, to_millis
from newsletter.store.tables import handovers


@dataclass(frozen=True, slots=True)
class Handover:
    """That another computer goes on."""

    #: Aware.
    at: datetime
    #: Name of the backup file that went there.
    file: str

    @property
    def date(self) -> str:
        """The day, by the clock of this computer."""
        moment = self.at.astimezone()
        return f"{moment.day} {moment:%B %Y}"

    def __str__(self) -> str:
        """Say when it was, and by which file."""
        return f"handed over to another computer on {self.date} ({self.file})"


def read_handover(connection: Connection) -> Handover | None:
    """Return how this newsletter was handed over; None: this copy is in charge."""
    row = connection.execute(
        select(handovers).order_by(handovers.c.id.desc()).limit(1)
    ).first()
    return None if row is None else Handover(from_millis(row.at), row.file)


def refuse_handed_over(connection: Connection) -> None:
    """Refuse to go on where the newsletter lives on another computer now.

    Raises:
        RefusedError: It was handed over; names when, and by which file.
    """
    handover = read_handover(connection)
    if handover is None:
        return
    raise RefusedError(
        f"this newsletter was {handover}: this copy changes and sends nothing any "
        "more.",
        "Go on over there. If that came to nothing, put it back here: move this folder "
        f"away, then newsletter db restore {handover.file}; where that file is lost: "
        "newsletter db take-back",
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
