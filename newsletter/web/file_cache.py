"""Published files in memory, so that showing one again costs no thread and no query.

Law: a file is taken for what it was for two seconds at the most; then somebody looks
again. All of it together stays below a limit: who was asked for longest ago goes first.
"""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

#: An issue that goes out is there so much later at the most, as is a corrected page.
TRUSTED_SECONDS = 2.0

_MOST_BYTES = 32 * 2**20

#: What is larger is read from the disk each time: four such would fill a cache alone.
LARGEST_BYTES = 8 * 2**20


@dataclass(frozen=True, slots=True)
class ShownFile:
    """A file of a published issue, as it was when somebody looked."""

    path: Path
    #: Time of change in nanoseconds, and size in bytes: the same file while they are.
    stamp: tuple[int, int]
    #: None: too large to keep.
    data: bytes | None
    #: For ETag.
    tag: str


class FileCache:
    """Files by slug and name. For one thread: that of the event loop.

    Args:
        clock: Seconds that never go back.
        most_bytes: Of all files together.
    """

    def __init__(
        self, clock: Callable[[], float], *, most_bytes: int = _MOST_BYTES
    ) -> None:
        self._clock = clock
        self._most_bytes = most_bytes
        self._kept: OrderedDict[tuple[str, str], tuple[ShownFile, float]] = (
            OrderedDict()
        )
        self._size_bytes = 0

    def fresh(self, key: tuple[str, str]) -> ShownFile | None:
        """Return a file that was looked at a moment ago, or None."""
        found = self._kept.get(key)
        if found is None or self._clock() - found[1] > TRUSTED_SECONDS:
            return None
        self._kept.move_to_end(key)
        return found[0]

    def earlier(self, key: tuple[str, str]) -> ShownFile | None:
        """Return a file as it was when it was last looked at, or None."""
        found = self._kept.get(key)
        return found[0] if found else None

    def keep(self, key: tuple[str, str], file: ShownFile) -> None:
        """Keep a file that was looked at just now."""
        self.forget(key)
        self._kept[key] = (file, self._clock())
        self._size_bytes += len(file.data or b"")
        while self._size_bytes > self._most_bytes:
            self.forget(next(iter(self._kept)))

    def forget(self, key: tuple[str, str]) -> None:
        """Keep a file no longer."""
        if gone := self._kept.pop(key, None):
            self._size_bytes -= len(gone[0].data or b"")
