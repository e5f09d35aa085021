import io
from collections.abc import Callable
from dataclasses import replace

import pytest
from PIL import Image as Picture

from newsletter.checks.facts import Facts
from newsletter.checks.images import check_images
from newsletter.model.assembled import Assembled, AssembledImage
from newsletter.model.finding import Finding, Severity
from newsletter.model.issue import Image, Note
from newsletter.model.problem import Place

Assemble = Callable[..., Assembled]
PLACE = Place("issues/2023-02.md", 9, 1)


def image(alt: str, source: str = "IMG_1234.jpg") -> Image:
    return Image(source, alt, "", PLACE)


@pytest.mark.parametrize("alt", ["", "  "])
def test_picture_without_words_is_an_error(
    assemble: Assemble, facts: Facts, alt: str
) -> None:
    assert check_images(assemble(image(alt)), facts) == [
        Finding(
            "alt-missing",
            Severity.ERROR,
            PLACE,
            'the picture "IMG_1234.jpg" has no words for who does not see it.',
            "Write what it shows: ![What it shows](IMG_1234.jpg).",
        )
    ]


@pytest.mark.parametrize(
    ("alt", "source"),
    [
        ("IMG_1234.jpg", "IMG_1234.jpg"),
        ("img_1234", "photos/IMG_1234.jpg"),
        ("team.png", "team.png"),
        ("photo.heic", "other.jpg"),
    ],
)
def test_file_name_for_words_is_a_warning(
    assemble: Assemble, facts: Facts, alt: str, source: str
) -> None:
    assert check_images(assemble(image(alt, source)), facts) == [
        Finding(
            "alt-file-name",
            Severity.WARNING,
            PLACE,
            f'"{alt}" is the name of a file, not what the picture shows.',
            f"Write what it shows: ![What it shows]({source}).",
        )
    ]


@pytest.mark.parametrize(
    "alt",
    [
        *("IMG_4711", "DSC00012", "image001", "PXL_20260101_101112", "Bild 1"),
        *("WhatsApp Image 2026-01-01 at 10.11.12", "IMG-20260101-WA0003.jpg"),
    ],
)
def test_name_that_a_camera_gives_is_a_warning(
    assemble: Assemble, facts: Facts, alt: str
) -> None:
    (finding,) = check_images(assemble(image(alt, "gate.jpg")), facts)
    said = f'"{alt}" is the name of a file, not what the picture shows.'
    assert (finding.rule, finding.message) == ("alt-file-name", said)


@pytest.mark.parametrize("alt", ["Photo", "afbeelding", "Bild", "logo", "صورة", "…"])
def test_words_that_name_only_a_picture_are_a_warning(
    assemble: Assemble, facts: Facts, alt: str
) -> None:
    (finding,) = check_images(assemble(image(alt, "gate.jpg")), facts)
    assert finding == Finding(
        "alt-file-name",
        Severity.WARNING,
        PLACE,
        f'"{alt}" does not say what the picture "gate.jpg" shows.',
        "Write what it shows: ![What it shows](gate.jpg).",
    )


@pytest.mark.parametrize(
    ("alt", "source"),
    [
        ("Foto 1 mei: de optocht", "a.jpg"),
        ("Logo van De Brug", "logo.png"),
        ("Three people at a table", "IMG_1234.jpg"),
        ("Portrait", "portrait.jpg"),
        ("A page named index.png on a screen", "screen.png"),
    ],
)
def test_words_are_fine(
    assemble: Assemble, facts: Facts, alt: str, source: str
) -> None:
    assert check_images(assemble(image(alt, source)), facts) == []


def test_picture_inside_another_block_is_found(
    assemble: Assemble, facts: Facts
) -> None:
    assembled = assemble(Note((image(""),), PLACE))
    assert [f.rule for f in check_images(assembled, facts)] == ["alt-missing"]


def test_linked_picture_without_words_is_told_as_a_link(
    assemble: Assemble, facts: Facts
) -> None:
    linked = replace(image(""), target="https://example.org")
    (finding,) = check_images(assemble(linked), facts)
    assert finding.message == (
        'the picture "IMG_1234.jpg" is a link without words for who does not see it.'
    )


# --- weight and motion ----------------------------------------------------------------

KB = 1024


def picture(
    data: bytes, media_type: str = "image/jpeg", *, width: int = 600, height: int = 400
) -> AssembledImage:
    return AssembledImage(
        "a.jpg", "a-1.jpg", "1@newsletter", media_type, data, width, height, "A", PLACE
    )


def check_pictures(
    assemble: Assemble, facts: Facts, *pictures: AssembledImage
) -> list[Finding]:
    return check_images(replace(assemble(), images=pictures), facts)


@pytest.mark.parametrize(
    ("media_type", "advice"),
    [
        ("image/jpeg", "Crop it, or save it with fewer details."),
        ("image/png", "If it is a photograph, save it as JPEG; else crop it."),
        ("image/gif", "Take out frames, make it smaller, or show a still picture."),
    ],
)
def test_heavy_picture_is_told_with_what_makes_it_lighter(
    assemble: Assemble, facts: Facts, media_type: str, advice: str
) -> None:
    data = (still() if media_type == "image/gif" else b"").ljust(253 * KB, b"\0")
    assert check_pictures(assemble, facts, picture(data, media_type)) == [
        Finding(
            "image-heavy",
            Severity.WARNING,
            PLACE,
            'the picture "a.jpg" has 253 KB in the mail; on a phone it comes late.',
            advice,
        )
    ]


def test_pictures_that_are_heavy_only_together_are_told_as_a_whole(
    assemble: Assemble, facts: Facts
) -> None:
    six = [picture(bytes(190 * KB))] * 6
    assert check_pictures(assemble, facts, *six) == [
        Finding(
            "images-heavy",
            Severity.WARNING,
            Place("issues/2023-02.md"),
            "the 6 pictures have 1.1 MB together; on a phone they come late.",
            "Leave some out, or show them on a web page and link to it.",
        )
    ]


def test_one_enormous_picture_is_told_once(assemble: Assemble, facts: Facts) -> None:
    found = check_pictures(assemble, facts, picture(bytes(2000 * KB)))
    assert [finding.rule for finding in found] == ["image-heavy"]
    assert "has 2.0 MB in the mail" in found[0].message


def test_pictures_of_usual_weight_are_fine(assemble: Assemble, facts: Facts) -> None:
    five = [picture(bytes(200 * KB))] * 5
    assert check_pictures(assemble, facts, *five) == []


def still() -> bytes:
    return gif(1)


def gif(frames: int, *, delay: int = 100, loop: int | None = None) -> bytes:
    """Return a picture that is black and white in turn."""
    shades = [Picture.new("L", (8, 8), 255 * (n % 2)) for n in range(frames)]
    file = io.BytesIO()
    repeats = {} if loop is None else {"loop": loop}
    shades[0].save(
        file, "GIF", save_all=True, append_images=shades[1:], duration=delay, **repeats
    )
    return file.getvalue()


@pytest.mark.parametrize(
    ("data", "how"),
    [
        (gif(2, delay=1000, loop=0), "without end"),
        (gif(7, delay=1000), "for 7 s"),
    ],
)
def test_picture_that_moves_too_long_is_told(
    assemble: Assemble, facts: Facts, data: bytes, how: str
) -> None:
    assert check_pictures(assemble, facts, picture(data, "image/gif")) == [
        Finding(
            "image-motion",
            Severity.WARNING,
            PLACE,
            f'the picture "a.jpg" moves {how}, and readers cannot stop it: '
            "some cannot read beside it.",
            "Let it come to rest within 5 seconds, or show a still picture.",
        )
    ]


def test_picture_that_flashes_is_told_for_that(
    assemble: Assemble, facts: Facts
) -> None:
    data = gif(20, delay=50, loop=0)
    (finding,) = check_pictures(assemble, facts, picture(data, "image/gif"))
    assert finding.message == (
        'the picture "a.jpg" flashes 10 times in a second, '
        "which can bring on a seizure."
    )
    assert finding.advice == "Show a still picture."


@pytest.mark.parametrize(
    "moving",
    [
        picture(gif(5, delay=1000), "image/gif"),
        picture(gif(20, delay=100), "image/gif", width=100, height=100),
        picture(still(), "image/gif"),
    ],
)
def test_picture_that_comes_to_rest_is_fine(
    assemble: Assemble, facts: Facts, moving: AssembledImage
) -> None:
    assert check_pictures(assemble, facts, moving) == []
