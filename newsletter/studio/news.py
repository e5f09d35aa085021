"""News of changes: a stream for each open tab, and a number for who cannot have one."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Protocol

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse

from newsletter.studio.answers import PRIVATE

#: Browsers open six connections to a host; each stream takes one for good.
_MOST_STREAMS = 4

#: Seconds between signs of life on a quiet stream, and the step in which it notices
#: that we are stopping.
_SIGN_SECONDS = 15.0
_STEP_SECONDS = 0.25


class Watched(Protocol):
    """What there is news of."""

    @property
    def version(self) -> int:
        """A number that rises with each change."""

    @property
    def is_stopping(self) -> bool:
        """Whether everybody who waits is to go."""

    async def newer_than(self, version: int, *, seconds: float) -> bool:
        """Wait for a newer version; False where there was none in *seconds*."""


@dataclass(slots=True)
class Seats:
    """The streams that are open, of all kinds of news together."""

    taken: int = 0


@dataclass(slots=True)
class News:
    """Tells tabs of new versions."""

    watch: Watched
    seats: Seats = field(default_factory=Seats)

    async def version(self, _: Request) -> Response:
        """Tell the number of the present version, for who has no stream."""
        await self.watch.newer_than(self.watch.version, seconds=0)
        return PlainTextResponse(str(self.watch.version), headers=PRIVATE)

    async def events(self, request: Request) -> Response:
        """Tell of each new version as long as the tab listens."""
        if self.seats.taken >= _MOST_STREAMS:
            return Response(status_code=204)  # the browser stops asking, and polls
        seen = request.headers.get("last-event-id") or request.query_params.get("seen")
        start = int(seen) if seen and seen.isdecimal() and len(seen) < 12 else 0
        return StreamingResponse(
            self._stream(start), headers=PRIVATE, media_type="text/event-stream"
        )

    async def _stream(self, seen: int) -> AsyncIterator[str]:
        self.seats.taken += 1
        quiet = 0.0
        try:
            while not self.watch.is_stopping:
                if await self.watch.newer_than(seen, seconds=_STEP_SECONDS):
                    seen, quiet = self.watch.version, 0.0
                    yield f"id: {seen}\nevent: changed\ndata: {seen}\n\n"
                elif (quiet := quiet + _STEP_SECONDS) >= _SIGN_SECONDS:
                    quiet = 0.0
                    yield ": still here\n\n"
        finally:
            self.seats.taken -= 1
