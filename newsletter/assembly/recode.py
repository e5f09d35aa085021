"""One picture's bytes -> bytes that every mail program shows: upright, small, silent.

Photographs become JPEG; what has few colours or is see-through becomes PNG; what moves
stays GIF, and shows only its first frame if it was something else. Metadata (place,
time, camera, XMP, profile) never passes: pixels in sRGB are copied to a new picture.
"""

import io
import struct
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from PIL import Image, ImageCms, ImageOps

from newsletter.assembly.gif import strip_gif
from newsletter.errors import NewsletterError

#: More than the usual picture of any phone (12 to 50 million pixels); decoding more
#: takes hundreds of megabytes, which is what a "decompression bomb" is after.
MOST_PIXELS: Final = 80_000_000

#: Pixels of all frames of a moving picture together.
MOST_MOVING_PIXELS: Final = 400_000_000

#: At twice the pixels shown nobody tells 82 from 95, at less than half the size.
_JPEG_QUALITY: Final = 82

#: What a drawing has at most; a photograph has thousands.
_FEW_COLOURS: Final = 256

#: Only these decoders run; EPS, for one, would start Ghostscript, and TIFF is a zoo.
_FORMATS: Final = ("JPEG", "PNG", "GIF", "WEBP", "AVIF", "BMP")

#: Formats that have thrown away detail already: never worth a PNG.
_LOSSY: Final = frozenset({"JPEG", "MPO", "AVIF"})

#: What Pillow's decoders raise on damaged bytes (found by feeding them such).
_DAMAGED: Final = (
    OSError,
    ValueError,
    SyntaxError,
    TypeError,
    LookupError,
    EOFError,
    OverflowError,
    RuntimeError,
    struct.error,
    zlib.error,
)

_ORIENTATION_TAG: Final = 0x0112

#: Orientations that lie on their side (Exif 2.32, table 6).
_ON_ITS_SIDE: Final = frozenset({5, 6, 7, 8})

_HEIC_BRANDS: Final = frozenset(
    {b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"mif1", b"msf1"}
)


class PictureError(NewsletterError):
    """A picture cannot be mailed; says why, and what to do."""

    exit_code = 1
    kind = "definition"


@dataclass(frozen=True, slots=True)
class Recoded:
    """A picture ready to be mailed."""

    data: bytes
    #: "image/jpeg", "image/png" or "image/gif".
    media_type: str
    #: Width and height at which it is shown, in CSS pixels.
    width: int
    height: int


def recode(original: bytes, *, shown_width: int) -> Recoded:
    """Return a picture as it is mailed and shown on the web page.

    Args:
        original: The file's content.
        shown_width: It is shown at most so wide, and has at most twice as many pixels.

    Raises:
        PictureError: It is no picture that can be mailed.
    """
    _refuse_by_signature(original)
    try:
        with _refusing_bombs():
            return _recode_readable(original, shown_width)
    except _DAMAGED as error:
        raise PictureError(
            "this picture cannot be read: the file is damaged, or is no picture.",
            "Open it in an image program and save it again as JPEG or PNG.",
        ) from error


def _refuse_by_signature(original: bytes) -> None:
    """Refuse what is known by its first bytes, in words that help."""
    start = original[:1024].lstrip(b"\xef\xbb\xbf \t\r\n")
    if not original:
        raise PictureError("this picture is an empty file.", "Copy it here once more.")
    if _is_heic(original):
        raise PictureError(
            "this picture is a HEIC file, as iPhones make them; "
            "most readers could not see it.",
            "Save it as JPEG, and name that file here.",
        )
    if start.startswith(b"<svg") or (start[:1] == b"<" and b"<svg" in start):
        raise PictureError(
            "this picture is an SVG drawing, which Gmail and Outlook do not show.",
            "Export it as PNG, 1200 pixels wide, and name that file here.",
        )
    if original[:4] in (b"II*\0", b"MM\0*"):
        raise PictureError(
            "this picture is a TIFF file, which no mail program shows.",
            "Save it as JPEG or PNG, and name that file here.",
        )
    if start.startswith(b"%PDF"):
        raise PictureError(
            "this is a PDF document, not a picture.",
            "Export the page as PNG, or link to the document.",
        )


def _is_heic(original: bytes) -> bool:
    """Whether it is HEIC by its brands; AVIF shares the box but not the brands."""
    if original[4:8] != b"ftyp":
        return False
    size = min(int.from_bytes(original[:4], "big"), 256)
    brands = {original[8:12]} | {original[at : at + 4] for at in range(16, size, 4)}
    return not brands & {b"avif", b"avis"} and bool(brands & _HEIC_BRANDS)


@contextmanager
def _refusing_bombs() -> Iterator[None]:
    """Turn Pillow's warning of enormous pictures into our own refusal."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        try:
            yield
        except (Image.DecompressionBombWarning, Image.DecompressionBombError):
            raise _too_large("far too many pixels") from None


def _too_large(how_large: str) -> PictureError:
    return PictureError(
        f"this picture has {how_large}; at most 80 million are read.",
        "Save a smaller copy, 1200 pixels wide, and name that file here.",
    )


def _recode_readable(original: bytes, shown_width: int) -> Recoded:
    with Image.open(io.BytesIO(original), formats=_FORMATS) as opened:
        _refuse_too_large(opened)
        if opened.format == "GIF" and getattr(opened, "n_frames", 1) > 1:
            return _keep_moving(original, opened, shown_width)
        is_lossy = opened.format in _LOSSY
        upright = _read_upright(opened, 2 * shown_width)
    return _encode(upright, is_lossy=is_lossy, shown_width=shown_width)


def _refuse_too_large(opened: Image.Image) -> None:
    if opened.width * opened.height > MOST_PIXELS:
        raise _too_large(f"{opened.width} × {opened.height} pixels")


def _keep_moving(original: bytes, opened: Image.Image, shown_width: int) -> Recoded:
    frames = getattr(opened, "n_frames", 1)
    if opened.width * opened.height * frames > MOST_MOVING_PIXELS:
        raise PictureError(
            f"this moving picture has {frames} frames of "
            f"{opened.width} × {opened.height} pixels.",
            "Save a shorter or smaller one, and name that file here.",
        )
    shown = _fit(opened.size, shown_width)
    return Recoded(strip_gif(original), "image/gif", *shown)


def _read_upright(opened: Image.Image, needed_width: int) -> Image.Image:
    """Return the decoded picture, upright and in sRGB: mode L, RGB or RGBA."""
    _decode_no_larger(opened, needed_width)
    upright = ImageOps.exif_transpose(opened)
    plain = _in_plain_mode(upright)
    profile = opened.info.get("icc_profile")
    if not isinstance(profile, bytes) or upright.mode in ("1", "L", "LA"):
        return plain  # a profile of greys changes little and breaks often
    source = upright if upright.mode == "CMYK" else plain.convert("RGB")
    converted = _in_srgb(source, profile)
    if converted is None:
        return plain
    if plain.mode == "RGBA":
        converted.putalpha(plain.getchannel("A"))
    return converted


def _decode_no_larger(opened: Image.Image, needed_width: int) -> None:
    """Decode; a JPEG straight to a half, quarter or eighth where that is enough."""
    width, height = opened.size
    if opened.getexif().get(_ORIENTATION_TAG) in _ON_ITS_SIDE:
        needed = (max(1, needed_width * width // height), needed_width)
    else:
        needed = (needed_width, max(1, needed_width * height // width))
    opened.draft(None, needed)
    opened.load()


def _in_plain_mode(upright: Image.Image) -> Image.Image:
    """Return it as L, RGB or RGBA, eight bits for each."""
    if upright.has_transparency_data:
        return upright.convert("RGBA")
    if upright.mode.startswith("I"):
        # Sixteen bits of grey; Pillow would clip them, not scale them.
        return upright.convert("I").point(lambda value: value * (1 / 256)).convert("L")
    return upright.convert("L" if upright.mode in ("1", "L", "F") else "RGB")


def _in_srgb(source: Image.Image, profile: bytes) -> Image.Image | None:
    """Return the colours that a profile means, or None when the profile is no good."""
    try:
        return ImageCms.profileToProfile(
            source,
            ImageCms.ImageCmsProfile(io.BytesIO(profile)),
            ImageCms.createProfile("sRGB"),
            renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
            outputMode="RGB",
        )
    except (ImageCms.PyCMSError, OSError):
        return None


def _encode(upright: Image.Image, *, is_lossy: bool, shown_width: int) -> Recoded:
    # The size before a JPEG was decoded smaller is not needed: it is never below this.
    shown = _fit(upright.size, shown_width)
    is_clear = upright.mode == "RGBA" and _is_see_through(upright)
    plain = upright.convert("RGB") if not is_clear and upright.mode != "L" else upright
    is_drawing = not is_lossy and plain.getcolors(_FEW_COLOURS) is not None
    silent = _without_metadata(_shrink(plain, _fit(upright.size, 2 * shown_width)))
    if is_clear or is_drawing:
        return Recoded(_png(silent), "image/png", *shown)
    jpeg = _jpeg(silent)
    png = jpeg if is_lossy else _png(silent)
    if not is_lossy and len(png) <= len(jpeg):
        return Recoded(png, "image/png", *shown)
    return Recoded(jpeg, "image/jpeg", *shown)


def _fit(size: tuple[int, int], most_width: int) -> tuple[int, int]:
    """Return a size of the same shape, at most so wide."""
    width = min(size[0], most_width)
    return width, max(1, round(width * size[1] / size[0]))


def _shrink(picture: Image.Image, size: tuple[int, int]) -> Image.Image:
    if size == picture.size:
        return picture
    return picture.resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0)


def _without_metadata(picture: Image.Image) -> Image.Image:
    silent = Image.new(picture.mode, picture.size)
    silent.paste(picture)
    return silent


def _is_see_through(picture: Image.Image) -> bool:
    lowest, _ = picture.getchannel("A").getextrema()
    return isinstance(lowest, int) and lowest < 255


def _png(picture: Image.Image) -> bytes:
    file = io.BytesIO()
    picture.save(file, "PNG", optimize=True)
    return file.getvalue()


def _jpeg(picture: Image.Image) -> bytes:
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=_JPEG_QUALITY, optimize=True, progressive=True)
    return file.getvalue()
