from collections.abc import Callable

import pytest

from newsletter.checks.facts import Facts
from newsletter.checks.images import check_images
from newsletter.model.assembled import Assembled
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
    ("alt", "source"),
    [
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
