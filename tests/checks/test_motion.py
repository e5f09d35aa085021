import io
from collections.abc import Sequence

import pytest
from PIL import Image

from newsletter.checks.motion import Motion, motion_of


def gif(
    shades: Sequence[int],
    *,
    delay: int | Sequence[int] = 100,
    loop: int | None = None,
    share: float = 1.0,
) -> bytes:
    """Return a moving picture of which a share takes on each shade in turn."""
    frames = []
    for number, shade in enumerate(shades):
        frame = Image.new("L", (64, 64), 40)
        frame.paste(shade, (0, 0, 64, int(64 * share)))
        # Pillow makes one of frames that are alike.
        frame.putpixel((63, 63), number)
        frames.append(frame)
    file = io.BytesIO()
    repeats = {} if loop is None else {"loop": loop}
    frames[0].save(
        file,
        "GIF",
        save_all=True,
        append_images=frames[1:],
        duration=delay,
        **repeats,
    )
    return file.getvalue()


@pytest.mark.parametrize(
    ("data", "seconds"),
    [
        (gif([40, 40]), 0.2),
        (gif([40, 40], delay=2000), 4.0),
        (gif([40, 40], delay=2000, loop=1), 8.0),
        (gif([40, 40], delay=[500, 2500]), 3.0),
        # Browsers show a frame that asks for no time for a tenth of a second.
        (gif([40, 40, 40], delay=0), 0.3),
        (gif([40, 40], loop=0), None),
        (gif([40]), 0.0),
    ],
)
def test_motion_lasts_as_long_as_all_frames_and_repeats(
    data: bytes, seconds: float | None
) -> None:
    assert motion_of(data).seconds == seconds


@pytest.mark.parametrize(
    ("data", "flashes"),
    [
        (gif([0, 255] * 5, delay=100, loop=0), 5),
        (gif([0, 255] * 5, delay=100), 4),
        (gif([0, 255] * 3, delay=500), 1),
        # Brighter, brighter and darker again is one flash, not two.
        (gif([0, 60, 120, 180, 240, 0], delay=100), 1),
        # Between two bright shades nobody sees a flash.
        (gif([210, 250] * 5, delay=100), 0),
        (gif([100, 115] * 5, delay=100), 0),
        # Less than a quarter of the picture.
        (gif([0, 255] * 5, delay=100, share=0.2), 0),
        (gif([0, 255] * 5, delay=100, share=0.4), 4),
    ],
)
def test_flashes_are_counted_in_the_worst_second(data: bytes, flashes: int) -> None:
    assert motion_of(data).flashes == flashes


def test_still_picture_is_at_rest() -> None:
    assert motion_of(gif([255])) == Motion(0.0, 0)
