import io
import random
import zlib
from datetime import date

import pytest
from PIL import Image as Pillow
from PIL import ImageCms, PngImagePlugin

from newsletter.assembly.images import prepare_images
from newsletter.model.assembled import AssembledImage
from newsletter.model.issue import Block, Image, Issue, ListBlock, Note, Quote
from newsletter.model.problem import Place
from newsletter.model.walk import images_of

RED, BLUE = (200, 30, 30), (30, 30, 200)
LAB_PROFILE = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()


def issue(*sources: str) -> Issue:
    blocks = [
        Image(source, f"About {source}", "", Place("issue.md", line))
        for line, source in enumerate(sources, 5)
    ]
    return issue_of(*blocks)


def issue_of(*blocks: Block) -> Issue:
    return Issue("issue.md", "2023-02", (), (), date(2023, 2, 14), "nl", opening=blocks)


def photo(width: int = 800, height: int = 600) -> Pillow.Image:
    """Return a picture of thousands of colours: red on the left, blue on the right."""
    picture = Pillow.new("RGB", (width, height), BLUE)
    picture.paste(RED, (0, 0, width // 2, height))
    dots = random.Random(1).randbytes(width * height * 3)  # noqa: S311 - no secret
    noise = Pillow.frombytes("RGB", (width, height), dots)
    return Pillow.blend(picture, noise, 0.2)


def saved(picture: Pillow.Image, kind: str, **options: object) -> bytes:
    file = io.BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()


def prepare(original: bytes, source: str = "photo.jpg") -> AssembledImage:
    images, problems = prepare_images(
        issue(source), {source: original}, shown_width=300
    )
    assert problems == ()
    return images[source]


def opened(image: AssembledImage) -> Pillow.Image:
    return Pillow.open(io.BytesIO(image.data))


def problem_of(original: bytes) -> str:
    images, problems = prepare_images(
        issue("photo.jpg"), {"photo.jpg": original}, shown_width=300
    )
    assert images == {}
    return "\n".join(map(str, problems))


def moving_gif(frames: int = 3) -> bytes:
    first, *rest = [Pillow.new("RGB", (40, 30), (30 * n, 9, 9)) for n in range(frames)]
    return saved(
        first,
        "GIF",
        save_all=True,
        append_images=rest,
        loop=0,
        duration=80,
        comment=b"taken by Mira",
    )


def test_wide_photo_has_twice_the_shown_pixels_and_no_more() -> None:
    image = prepare(saved(photo(), "JPEG"))
    assert (image.width, image.height) == (300, 225)
    assert opened(image).size == (600, 450)


def test_small_photo_is_never_enlarged() -> None:
    image = prepare(saved(photo(200, 100), "JPEG"))
    assert (image.width, image.height) == (200, 100)
    assert opened(image).size == (200, 100)


def test_photo_between_once_and_twice_the_width_keeps_its_pixels() -> None:
    image = prepare(saved(photo(500, 250), "JPEG"))
    assert (image.width, image.height) == (300, 150)
    assert opened(image).size == (500, 250)


def test_very_wide_and_low_picture_keeps_a_line() -> None:
    image = prepare(saved(photo(5000, 1), "JPEG"))
    assert (image.width, image.height) == (300, 1)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_photo_of_any_orientation_comes_out_upright(orientation: int) -> None:
    upright = photo(400, 300)
    undo = {
        2: Pillow.Transpose.FLIP_LEFT_RIGHT,
        3: Pillow.Transpose.ROTATE_180,
        4: Pillow.Transpose.FLIP_TOP_BOTTOM,
        5: Pillow.Transpose.TRANSPOSE,
        6: Pillow.Transpose.ROTATE_90,
        7: Pillow.Transpose.TRANSVERSE,
        8: Pillow.Transpose.ROTATE_270,
    }
    stored = upright.transpose(undo[orientation]) if orientation > 1 else upright
    exif = Pillow.Exif()
    exif[0x0112] = orientation
    image = prepare(saved(stored, "JPEG", exif=exif))
    left, right = opened(image).getpixel((40, 150)), opened(image).getpixel((360, 150))
    assert (image.width, image.height) == (300, 225)
    assert isinstance(left, tuple)
    assert isinstance(right, tuple)
    assert left[0] > left[2]
    assert right[2] > right[0]


def test_photo_keeps_no_place_time_comment_or_profile() -> None:
    exif = Pillow.Exif()
    exif[0x010F] = "Kamera"
    exif.get_ifd(0x8825)[2] = (52.0, 5.0, 7.0)
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    original = saved(
        photo(),
        "JPEG",
        exif=exif,
        comment=b"taken by Mira",
        xmp=b"<x:xmpmeta>Mira</x:xmpmeta>",
        icc_profile=profile,
    )
    picture = opened(prepare(original))
    assert dict(picture.getexif()) == {}
    assert set(picture.info) <= {
        *("jfif", "jfif_version", "jfif_unit", "jfif_density"),
        *("progressive", "progression"),
    }


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_drawing_keeps_no_text_or_profile(kind: str) -> None:
    text = PngImagePlugin.PngInfo()
    text.add_text("Author", "Mira")
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    drawing = Pillow.new("RGB", (50, 50), RED)
    image = prepare(
        saved(drawing, kind, pnginfo=text, icc_profile=profile, lossless=True)
    )
    picture = opened(image)
    picture.load()
    assert picture.info == {}
    assert b"Mira" not in image.data


def profile_with_red_and_blue_swapped() -> bytes:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    swapped = profile.replace(b"rXYZ", b"----").replace(b"bXYZ", b"rXYZ")
    return swapped.replace(b"----", b"bXYZ")


@pytest.mark.parametrize(
    ("colour", "expected"),
    [((255, 0, 0), (0, 0, 255)), ((255, 0, 0, 90), (0, 0, 255, 90))],
)
def test_colours_are_what_the_profile_says_in_srgb(
    colour: tuple[int, ...], expected: tuple[int, ...]
) -> None:
    mode = "RGB" if len(colour) == 3 else "RGBA"
    drawing = Pillow.new(mode, (40, 40), colour)
    profile = profile_with_red_and_blue_swapped()
    image = prepare(saved(drawing, "PNG", icc_profile=profile))
    assert opened(image).getpixel((0, 0)) == expected


@pytest.mark.parametrize("profile", [b"nonsense", LAB_PROFILE], ids=["none", "lab"])
def test_profile_that_does_not_fit_leaves_the_colours_alone(profile: bytes) -> None:
    drawing = Pillow.new("RGB", (40, 40), RED)
    image = prepare(saved(drawing, "PNG", icc_profile=profile))
    assert opened(image).getpixel((0, 0)) == RED


@pytest.mark.parametrize(
    ("picture", "kind", "media_type"),
    [
        (photo(), "JPEG", "image/jpeg"),
        (photo(), "PNG", "image/jpeg"),
        (photo(), "WEBP", "image/jpeg"),
        (photo(), "AVIF", "image/jpeg"),
        (photo(), "BMP", "image/jpeg"),
        (photo().convert("L"), "JPEG", "image/jpeg"),
        (photo().convert("CMYK"), "JPEG", "image/jpeg"),
        (Pillow.new("RGB", (900, 50), RED), "PNG", "image/png"),
        (Pillow.new("P", (900, 50), 3), "PNG", "image/png"),
        (Pillow.new("1", (90, 50), 1), "PNG", "image/png"),
        (Pillow.new("RGBA", (90, 50), (1, 2, 3, 90)), "PNG", "image/png"),
        (Pillow.new("RGBA", (90, 50), (1, 2, 3, 90)), "WEBP", "image/png"),
        (Pillow.new("P", (90, 50), 3), "GIF", "image/png"),
        (photo().convert("RGBA"), "PNG", "image/jpeg"),
    ],
)
def test_picture_of_each_kind_gets_the_type_that_suits_it(
    picture: Pillow.Image, kind: str, media_type: str
) -> None:
    image = prepare(saved(picture, kind))
    assert image.media_type == media_type
    assert opened(image).format == media_type.removeprefix("image/").upper()


def test_see_through_picture_stays_so() -> None:
    image = prepare(saved(Pillow.new("RGBA", (90, 50), (200, 2, 3, 90)), "PNG"))
    assert opened(image).getpixel((5, 5)) == (200, 2, 3, 90)


def test_sixteen_bit_grey_is_scaled_not_clipped() -> None:
    image = prepare(saved(Pillow.new("I;16", (20, 20), 32768), "PNG"))
    assert opened(image).getpixel((0, 0)) == 128


def test_moving_gif_keeps_its_frames_and_loses_its_comment() -> None:
    image = prepare(moving_gif(), "party.gif")
    picture = opened(image)
    assert image.media_type == "image/gif"
    assert getattr(picture, "n_frames", 0) == 3
    assert picture.info["loop"] == 0
    assert picture.info["duration"] == 80
    assert b"Mira" not in image.data


def test_moving_gif_with_an_unknown_block_is_explained() -> None:
    original = moving_gif()
    assert problem_of(original[:-1] + b"\x55\x00\x3b") == DAMAGED


def test_moving_gif_that_breaks_off_is_explained() -> None:
    assert problem_of(moving_gif()[:-4]) == DAMAGED


def test_name_says_slug_and_hash_and_is_the_same_each_time() -> None:
    original = saved(photo(), "JPEG")
    image = prepare(original, "foto's/Café à Gogo.JPG")
    stem, hashed = image.name.removesuffix(".jpg").rsplit("-", 1)
    assert stem == "cafe-a-gogo"
    assert len(hashed) == 8
    assert prepare(original, "foto's/Café à Gogo.JPG") == image


def test_name_of_a_picture_without_latin_letters_is_picture() -> None:
    assert prepare(saved(photo(), "JPEG"), "صورة.jpg").name.startswith("picture-")


def test_name_changes_with_the_picture() -> None:
    other = photo().transpose(Pillow.Transpose.ROTATE_180)
    names = {prepare(saved(p, "JPEG")).name for p in (photo(), other)}
    assert len(names) == 2


def test_content_id_is_an_address_of_letters_and_digits() -> None:
    local, _, domain = prepare(saved(photo(), "JPEG")).content_id.partition("@")
    assert local.isalnum()
    assert domain == "newsletter"


def test_pictures_come_in_reading_order_with_the_words_of_their_first_use() -> None:
    original = saved(photo(), "JPEG")
    sources = ("b.jpg", "a.jpg", "b.jpg")
    originals = {"logo.png": original, "a.jpg": original, "b.jpg": original}
    images, _ = prepare_images(issue(*sources), originals, shown_width=300)
    assert [(i.source, i.alt, i.place.line) for i in images.values()] == [
        ("b.jpg", "About b.jpg", 5),
        ("a.jpg", "About a.jpg", 6),
        ("logo.png", "", 0),
    ]


def test_picture_without_file_is_left_to_who_reads_files() -> None:
    assert prepare_images(issue("gone.jpg"), {}, shown_width=300) == ({}, ())


def test_images_of_finds_pictures_inside_other_blocks() -> None:
    place = Place("issue.md", 1)
    a, b, c = (Image(name, "", "", place) for name in ("a", "b", "c"))
    quote, note = Quote((a,), place), Note((b,), place)
    bullets = ListBlock(((c,),), is_ordered=False, start=1, place=place)
    found = images_of(issue_of(quote, note, bullets))
    assert [image.source for image in found] == ["a", "b", "c"]


DAMAGED = (
    "issue.md:5: this picture cannot be read: the file is damaged, or is no picture. "
    "Open it in an image program and save it again as JPEG or PNG."
)


@pytest.mark.parametrize(
    ("original", "expected"),
    [
        (b"", "issue.md:5: this picture is an empty file. Copy it here once more."),
        (b"Dear readers,", DAMAGED),
        (saved(photo(), "JPEG")[:2000], DAMAGED),
        (saved(photo(), "PNG")[:2000], DAMAGED),
        (
            b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(50),
            "issue.md:5: this picture is a HEIC file, as iPhones make them; most "
            "readers could not see it. Save it as JPEG, and name that file here.",
        ),
        (
            b'<?xml version="1.0"?>\n<!-- drawn -->\n<svg xmlns="x"/>',
            "issue.md:5: this picture is an SVG drawing, which Gmail and Outlook do "
            "not show. Export it as PNG, 1200 pixels wide, and name that file here.",
        ),
        (
            b"\xef\xbb\xbf<svg/>",
            "issue.md:5: this picture is an SVG drawing, which Gmail and Outlook do "
            "not show. Export it as PNG, 1200 pixels wide, and name that file here.",
        ),
        (
            b"II*\0" + bytes(50),
            "issue.md:5: this picture is a TIFF file, which no mail program shows. "
            "Save it as JPEG or PNG, and name that file here.",
        ),
        (
            b"%PDF-1.7",
            "issue.md:5: this is a PDF document, not a picture. "
            "Export the page as PNG, or link to the document.",
        ),
    ],
    ids=["empty", "text", "jpeg", "png", "heic", "svg", "svg-bom", "tiff", "pdf"],
)
def test_file_that_is_no_mailable_picture_is_explained(
    original: bytes, expected: str
) -> None:
    assert problem_of(original) == expected


def with_png_size(width: int, height: int) -> bytes:
    """Return a small PNG that says it is enormous."""
    original = saved(Pillow.new("1", (1, 1)), "PNG")
    header = b"IHDR" + width.to_bytes(4, "big") + height.to_bytes(4, "big")
    header += original[24:29]
    return (
        original[:12] + header + zlib.crc32(header).to_bytes(4, "big") + original[33:]
    )


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        ((9000, 9000), "9000 × 9000 pixels"),
        ((10000, 10000), "far too many pixels"),
        ((60000, 60000), "far too many pixels"),
    ],
)
def test_decompression_bomb_is_refused_before_it_is_decoded(
    size: tuple[int, int], expected: str
) -> None:
    assert problem_of(with_png_size(*size)) == (
        f"issue.md:5: this picture has {expected}; at most 80 million are read. "
        "Save a smaller copy, 1200 pixels wide, and name that file here."
    )


def test_moving_bomb_is_refused() -> None:
    size = (8000).to_bytes(2, "little")
    original = moving_gif(frames=7)
    assert problem_of(original[:6] + size + size + original[10:]) == (
        "issue.md:5: this moving picture has 7 frames of 8000 × 8000 pixels. "
        "Save a shorter or smaller one, and name that file here."
    )


def test_many_pictures_are_encoded_anew_only_when_they_changed(
    recwarn: pytest.WarningsRecorder,
) -> None:
    drawings = {
        f"{n}.png": saved(Pillow.new("RGB", (2, 2), (n, n, n)), "PNG")
        for n in range(80)
    }
    first, _ = prepare_images(issue(*drawings), drawings, shown_width=300)
    second, _ = prepare_images(issue(*drawings), drawings, shown_width=300)
    assert first == second
    assert len({image.name for image in first.values()}) == 80
    assert not recwarn.list
