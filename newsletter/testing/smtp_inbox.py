"""What a client has sent, cut into lines and messages."""

import asyncio

#: As much as is taken from the socket at once.
_CHUNK = 1 << 18
#: A command line longer than this is none.
_LINE_LIMIT = 1 << 20
_END = b"\r\n.\r\n"


class GoneError(Exception):
    """The client is gone in the middle of something."""

    def __init__(self, rest: bytes) -> None:
        super().__init__(len(rest))
        #: What had come of it.
        self.rest = rest


class Inbox:
    """Reads one connection; nothing is read before it is asked for."""

    def __init__(self, reader: asyncio.StreamReader) -> None:
        self._reader = reader
        self._buffer = bytearray()

    async def line(self) -> bytes:
        """Return a line with its end.

        Raises:
            GoneError: The client left, or never ends its line.
        """
        while (end := self._buffer.find(b"\n")) < 0:
            if len(self._buffer) > _LINE_LIMIT:
                raise GoneError(bytes(self._buffer))
            await self._more()
        return self._cut(end + 1)

    async def some(self) -> None:
        """Wait until there is something to read."""
        if not self._buffer:
            await self._more()

    async def message(self) -> bytes:
        """Return mail data up to its final dot, without the dots that SMTP doubles.

        Raises:
            GoneError: The client left before that.
        """
        # The dot may stand in the very first line.
        self._buffer[:0] = b"\r\n"
        start = 0
        while (end := self._buffer.find(_END, start)) < 0:
            start = max(0, len(self._buffer) - len(_END))
            try:
                await self._more()
            except GoneError as error:
                raise GoneError(_plain(error.rest)) from None
        stuffed = self._cut(end + 2)
        self._cut(len(_END) - 2)
        return _plain(stuffed)

    async def exactly(self, size: int) -> bytes:
        """Return so many bytes."""
        while len(self._buffer) < size:
            await self._more()
        return self._cut(size)

    def forget(self) -> None:
        """Throw away what has come and was not read."""
        self._buffer.clear()

    def _cut(self, size: int) -> bytes:
        piece = bytes(self._buffer[:size])
        del self._buffer[:size]
        return piece

    async def _more(self) -> None:
        try:
            data = await self._reader.read(_CHUNK)
        except ConnectionError:
            data = b""
        if not data:
            raise GoneError(bytes(self._buffer))
        self._buffer += data


def _plain(stuffed: bytes) -> bytes:
    """Return lines as they were before dots were doubled; it begins with CRLF."""
    return stuffed.replace(b"\r\n.", b"\r\n")[2:]
