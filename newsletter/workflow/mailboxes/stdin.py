"""One mail from standard input, as a mail server's pipe gives it."""

from collections.abc import Iterator
from typing import BinaryIO

from newsletter.workflow.mailboxes import MOST_BYTES, Fetched

_BLOCK = 1 << 16


class StdinSource:
    """Reads one mail.

    Args:
        file: Standard input.
    """

    kind = "stdin"

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def mails(self) -> Iterator[Fetched]:
        """Yield the one mail, or none where nothing came."""
        data = self._file.read(MOST_BYTES)
        # Whoever writes into a closed pipe takes it for a failure.
        while self._file.read(_BLOCK):
            pass
        if data.strip():
            yield Fetched(data, "stdin")

    def settle(self, fetched: Fetched, *, is_done: bool) -> None:
        """Do nothing: the exit code tells the mail server that it was taken."""
