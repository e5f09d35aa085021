"""What waits for the editor besides dispatches, in sentences."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from newsletter.store.hard_returns import read_held
from newsletter.store.wishes import Wish, read_wishes
from newsletter.workflow.desk import open_desk
from newsletter.workflow.hard_returns import held_words
from newsletter.workflow.notices import warn_of_few
from newsletter.workflow.project import Project
from newsletter.workflow.returned_mail import leaving_command

#: So long the editor is reminded of who asked to leave.
REMIND_FOR = timedelta(days=30)


def open_wishes(project: Project, *, now: datetime) -> list[Wish]:
    """Return who asked to leave lately and still gets mail.

    Raises:
        OperationError: The database cannot be read.
    """
    with (
        open_desk(project, writes=False) as desk,
        desk.database.reading() as connection,
    ):
        return read_wishes(connection, since=now - REMIND_FOR)


def wish_words(wish: Wish) -> str:
    """Return a wish as a sentence, with what to type."""
    return (
        f"{wish.email} asked to leave on {wish.at:%Y-%m-%d} and still gets mail. If "
        f"so: {leaving_command(wish.email)}"
    )


def things_to_see_to(project: Project, *, now: datetime) -> Iterator[str]:
    """Yield what is held back, who asked to leave and still gets mail, what is odd.

    Raises:
        OperationError: The database cannot be read.
    """
    with (
        open_desk(project, writes=False) as desk,
        desk.database.reading() as connection,
    ):
        wishes = read_wishes(connection, since=now - REMIND_FOR)
        held = read_held(connection)
        warning = warn_of_few(connection, now=now)
    yield from map(held_words, held)
    yield from map(wish_words, wishes)
    if warning:
        yield f"{warning[0].upper()}{warning[1:]}"
