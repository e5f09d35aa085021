"""Makes the preview anew when a file changes, and tells who waits for it.

One watch serves all tabs. It looks at the times of files instead of asking the
operating system to tell: it costs a fraction of a millisecond and works on every disk.
"""

import asyncio
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from newsletter.workflow.preview import Preview, Stamp

#: How often files are looked at; half of it is added to the time from save to sight.
_INTERVAL_SECONDS = 0.04

#: A running dispatch writes all the time: what is made anew without a pause is made at
#: ever longer intervals, up to this.
_MOST_REST_SECONDS = 2.0

#: So many looks, half a second, a file may be empty before that is taken for a save.
_MOST_LOOKS = 12


class Watch:
    """The present preview, the last one with a mail, and a number that counts them.

    Args:
        render: Makes a preview as of an instant.
        look: Returns the stamp of everything that a preview depends on, given the
            files that the last one names.
    """

    def __init__(
        self,
        render: Callable[[datetime], Preview],
        look: Callable[[Sequence[Path]], Stamp],
    ) -> None:
        self._render = render
        self._look_at = look
        self._rendering: asyncio.Future[Preview] | None = None
        self._changed = asyncio.Condition()
        self._first = render(datetime.now(UTC))
        self._watched = self._first.watched
        self._stamp = look(self._watched)
        #: The last preview that has a mail.
        self.good: Preview | None = None
        #: Rises with each preview.
        self.version = 1
        self.is_stopping = False
        self._keep_good(self._first)

    @property
    def preview(self) -> Preview:
        """The present preview.

        Raises:
            Exception: A fault of ours while it was made; the next change tries again.
        """
        return self._rendering.result() if self._rendering else self._first

    def stop(self) -> None:
        """Let everybody who waits go; callable from any thread."""
        self.is_stopping = True

    def renew(self) -> None:
        """Make it anew soon, as something changed that is in no file."""
        self._stamp = frozenset()

    async def run(self) -> None:
        """Look and make anew, until cancelled."""
        rest = 0.0
        while True:
            await asyncio.sleep(_INTERVAL_SECONDS + rest)
            stamp = await self._look()
            if stamp == self._stamp:
                rest = 0.0
                continue
            await self._settle(stamp)
            await self._renew()
            rest = min(_MOST_REST_SECONDS, 2 * rest + _INTERVAL_SECONDS)

    async def newer_than(self, version: int, *, seconds: float) -> bool:
        """Wait for a newer preview; False where there was none in *seconds*."""
        async with self._changed:
            try:
                await asyncio.wait_for(
                    self._changed.wait_for(lambda: self.version > version), seconds
                )
            except TimeoutError:
                return False
        return True

    async def _look(self) -> Stamp:
        return await asyncio.to_thread(self._look_at, self._watched)

    async def _settle(self, stamp: Stamp) -> None:
        """Wait while an editor program has emptied a file that it is about to fill."""
        before = self._stamp
        for _ in range(_MOST_LOOKS):
            self._stamp = stamp
            if not _is_half_written(stamp, before):
                return
            await asyncio.sleep(_INTERVAL_SECONDS)
            stamp = await self._look()

    async def _renew(self) -> None:
        rendering = asyncio.ensure_future(
            asyncio.to_thread(self._render, datetime.now(UTC))
        )
        # Not awaited itself: a fault is kept in it, and raised by `preview`.
        await asyncio.wait((rendering,))
        if rendering.exception() is None:
            self._keep_good(rendering.result())
            # Other files look like a change, and are made into a second preview.
            self._watched = rendering.result().watched
        async with self._changed:
            self._rendering = rendering
            self.version += 1
            self._changed.notify_all()

    def _keep_good(self, preview: Preview) -> None:
        if preview.copies:
            self.good = preview


def _is_half_written(stamp: Stamp, before: Stamp) -> bool:
    """Whether a file that had something in it is gone or empty now."""
    sizes = {path: size for path, _, size in stamp}
    return any(size > 0 and not sizes.get(path) for path, _, size in before)
