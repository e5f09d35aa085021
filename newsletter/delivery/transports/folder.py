"""Write messages as .eml files: a rehearsal that any mail program can open."""

import re
from pathlib import Path

from newsletter.delivery.transports import Answer, Denial, Feed
from newsletter.errors import OperationError
from newsletter.model.message import Message
from newsletter.model.outcome import Reply
from newsletter.replies import Stage

#: What no file system likes in a name, and what would leave the folder.
_UNSAFE = re.compile(r"[^A-Za-z0-9@._+-]")
#: File systems stop at 255 bytes.
_MAX_NAME = 100


class FolderTransport:
    """Writes each message to a file of its own; only the owner may read them."""

    def __init__(self, folder: Path, *, prefix: str) -> None:
        self.folder = folder
        self.prefix = prefix
        #: Files written, in order.
        self.written: list[Path] = []

    async def work(self, feed: Feed) -> None:
        """Write one letter after the other; see `Transport.work`.

        Raises:
            OperationError: A file cannot be written.
        """
        while (letter := await feed.take()) is not None:
            if await letter.ask():
                letter.settle(self._write(letter.message))
            else:
                letter.settle(Denial())

    def _write(self, message: Message) -> Answer:
        path = self.folder / self._name(message)
        try:
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            path.touch(mode=0o600)
            path.write_bytes(message.data)
        except OSError as error:
            raise OperationError(
                f"cannot write {path}: {error.strerror}.",
                "Make room, or make the folder writable.",
            ) from error
        self.written.append(path)
        return Answer(Stage.END, Reply(250, f"written to {path.name}"))

    async def close(self) -> None:
        """Do nothing: each file is closed already."""

    def stop_connecting(self) -> None:
        """Do nothing."""

    def abort(self) -> None:
        """Do nothing."""

    def _name(self, message: Message) -> str:
        address = _UNSAFE.sub("_", message.envelope_recipient)[:_MAX_NAME]
        return f"{self.prefix}-{len(self.written) + 1:05}-{address}.eml"

    def remove_earlier(self) -> None:
        """Remove what an earlier rehearsal wrote: people may have left since."""
        for path in self.folder.glob("*.eml"):
            if re.fullmatch(rf"{re.escape(self.prefix)}-\d{{5}}-.*", path.name):
                path.unlink()
