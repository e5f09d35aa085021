"""What waits for the editor besides dispatches, in sentences."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from sqlalchemy import Connection

from newsletter.store.hard_returns import read_held
from newsletter.store.wishes import Wish, read_wishes, read_wishes_of_nobody
from newsletter.workflow.desk import open_desk
from newsletter.workflow.hard_returns import held_words
from newsletter.workflow.notices import warn_of_few
from newsletter.workflow.project import Project
from newsletter.workflow.returned_mail import leaving_command
from newsletter.workflow.unread import (
    UNREAD_FOLDER,
    KeptLetter,
    find_unread,
    sender_of,
)

#: So long the editor is reminded of who asked to leave.
REMIND_FOR = timedelta(days=30)
#: Each of their letters is opened; anybody may write any number of them.
_MOST_STRANGERS = 20
#: Asked about in one statement.
_AT_ONCE = 500


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
        letters = find_unread(project.root)
        strangers = _wishes_of_nobody(connection, letters)
    yield from map(held_words, held)
    yield from map(wish_words, wishes)
    for letter, at in strangers[:_MOST_STRANGERS]:
        yield _stranger_words(project, letter, at)
    if letters:
        mails = "mail" if len(letters) == 1 else "mails"
        are = "is" if len(letters) == 1 else "are"
        yield (
            f"{len(letters)} {mails} for you to read {are} kept in {UNREAD_FOLDER}, a "
            "Maildir. Read, moved or deleted ones are told no more."
        )
    if warning:
        yield f"{warning[0].upper()}{warning[1:]}"


def _wishes_of_nobody(
    connection: Connection, letters: Sequence[KeptLetter]
) -> list[tuple[KeptLetter, datetime]]:
    """Return the letters of people who ask to leave, and whom no reader is known as."""
    found: dict[bytes, datetime] = {}
    for start in range(0, len(letters), _AT_ONCE):
        keys = [letter.key for letter in letters[start : start + _AT_ONCE]]
        found |= read_wishes_of_nobody(connection, keys)
    return [(one, found[one.key]) for one in letters if one.key in found]


def _stranger_words(project: Project, letter: KeptLetter, at: datetime) -> str:
    return (
        f"{sender_of(letter.path) or 'Somebody'} asked to leave on {at:%Y-%m-%d}, and "
        "has no mail of yours under this address. Answer them, and ask which one it "
        f"is. Their mail: {project.shown(letter.path)}"
    )
