"""How long a moving picture moves, and how often it flashes. Pure.

Source: WCAG 2.2, 2.2.2 (five seconds) and 2.3.1 (three flashes in any one second).
"""

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from PIL import Image, ImageSequence

#: A frame that asks for less is shown for a tenth of a second (browsers, since 2000).
_LEAST_DELAY_MS = 20
_USUAL_DELAY_MS = 100

#: A flash is looked for in so many fields a side.
_FIELDS = 16
#: WCAG: a change by a tenth of the full brightness, …
_CHANGE = 26
#: … with a darker side below 0.8 of it …
_BRIGHT = 204
#: … in a quarter of what the eye rests on.
_SHARE = _FIELDS * _FIELDS // 4


@dataclass(frozen=True, slots=True)
class Motion:
    """What a moving picture does."""

    #: Seconds until it comes to rest; None when it never does.
    seconds: float | None
    #: Flashes in the worst second: pairs of opposing changes in brightness.
    flashes: int


# A picture is looked at again at each save; decoding a second of GIF takes about 10 ms.
@lru_cache(maxsize=32)
def motion_of(data: bytes) -> Motion:
    """Return how a GIF moves; a still one rests after no time.

    Args:
        data: Its bytes as they are mailed, which Pillow has read before.
    """
    with Image.open(io.BytesIO(data), formats=("GIF",)) as picture:
        if getattr(picture, "n_frames", 1) < 2:
            return Motion(0.0, 0)
        plays = _plays(picture.info.get("loop"))
        frames = [_frame(frame) for frame in ImageSequence.Iterator(picture)]
    once_ms = sum(delay for delay, _ in frames)
    seconds = once_ms * plays / 1000 if plays else None
    return Motion(seconds, _most_flashes(frames, is_repeated=plays != 1))


def _plays(loop: object) -> int:
    """Return how often it is shown: once without a word on it, 0 means for ever."""
    if not isinstance(loop, int):
        return 1
    return loop + 1 if loop else 0


def _frame(frame: Image.Image) -> tuple[int, bytes]:
    """Return for how many milliseconds it is shown, and how bright its fields are."""
    delay = int(frame.info.get("duration", 0))
    fields = frame.convert("RGB").convert("L").resize((_FIELDS, _FIELDS))
    return (delay if delay >= _LEAST_DELAY_MS else _USUAL_DELAY_MS), fields.tobytes()


def _most_flashes(frames: Sequence[tuple[int, bytes]], *, is_repeated: bool) -> int:
    """Return the flashes of the worst second."""
    changes = list(_changes([*frames, *frames] if is_repeated else frames))
    return max(
        (
            _turns(changes[i:], until=at + 1000) // 2
            for i, (at, _) in enumerate(changes)
        ),
        default=0,
    )


def _changes(frames: Sequence[tuple[int, bytes]]) -> Iterator[tuple[int, int]]:
    """Yield the time in milliseconds and direction of each change; 1 is brighter."""
    at = 0
    for (delay, before), (_, after) in pairwise(frames):
        at += delay
        steps = [
            new - old
            for old, new in zip(before, after, strict=True)
            if abs(new - old) >= _CHANGE and min(new, old) < _BRIGHT
        ]
        brighter = sum(step > 0 for step in steps)
        darker = len(steps) - brighter
        if max(brighter, darker) >= _SHARE:
            yield at, 1 if brighter >= darker else -1


def _turns(changes: Sequence[tuple[int, int]], *, until: int) -> int:
    """Return how often the direction changes before a time, the first counted too."""
    turns, last = 0, 0
    for at, direction in changes:
        if at >= until:
            break
        turns += direction != last
        last = direction
    return turns
