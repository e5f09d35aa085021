"""News of changes: a stream for each open tab, and a number for who cannot have one."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse

from newsletter.studio.answers import PRIVATE
from newsletter.studio.watch import Watch

#: Browsers open six connections to a host; each stream takes one for good.
_MOST_STREAMS = 4

#: Seconds between signs of life on a quiet stream, and the step in which it notices
#: that we are stopping.
_SIGN_SECONDS = 15.0
_STEP_SECONDS = 0.25


@dataclass(slots=True)
class News:
    """Tells tabs of new previews."""

    watch: Watch
    streams: int = 0

    async def version(self, _: Request) -> Response:
        """Tell the number of the present preview, for who has no stream."""
        return PlainTextResponse(str(self.watch.version), headers=PRIVATE)

    async def events(self, request: Request) -> Response:
        """Tell of each new preview as long as the tab listens."""
        if self.streams >= _MOST_STREAMS:
            return Response(status_code=204)  # the browser stops asking, and polls
        seen = request.headers.get("last-event-id") or request.query_params.get("seen")
        start = int(seen) if seen and seen.isdecimal() and len(seen) < 12 else 0
        return StreamingResponse(
            self._stream(start), headers=PRIVATE, media_type="text/event-stream"
        )

    async def _stream(self, seen: int) -> AsyncIterator[str]:
        self.streams += 1
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
            self.streams -= 1
