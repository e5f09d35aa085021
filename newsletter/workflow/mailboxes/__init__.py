"""Where returned mail comes from: one file for each kind of mailbox.

Law: a mail is only looked at until it was settled; what a person has to read stays
where it is, and unread. Nothing is deleted.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Protocol

#: Of a larger mail so much is read: reports put what counts first.
MOST_BYTES = 10 * 2**20


@dataclass(frozen=True, slots=True)
class Fetched:
    """A mail as it lies in a mailbox."""

    data: bytes = field(repr=False)
    #: Where it lies, to people: ``imap:INBOX/42``, ``maildir:new/1676…``.
    name: str
    #: UID or path, for the mailbox itself.
    place: str = ""
    #: How far the mailbox is read with it; empty: that is not remembered.
    mark: str = ""


class Source(Protocol):
    """A mailbox that is open."""

    #: "imap", "maildir", "mbox" or "stdin".
    kind: str

    def mails(self) -> Iterator[Fetched]:
        """Yield the mails that are to be read, oldest first.

        Raises:
            OperationError: The mailbox cannot be read; those before were.
        """

    def settle(self, fetched: Fetched, *, is_done: bool) -> None:
        """Put a mail away that nobody has to read; leave one that somebody has to.

        Raises:
            OperationError: It cannot be moved or marked.
        """
