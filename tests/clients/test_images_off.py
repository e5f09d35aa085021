import re

import pytest

from newsletter.clients.images_off import show_without_images


def box(image: str) -> str:
    shown = show_without_images(f"<p>{image}</p>").html
    match = re.search(r"<p>(.*)</p>", shown)
    assert match
    return match[1]


@pytest.mark.parametrize(
    ("image", "shown"),
    [
        (
            '<img src="a.png" alt="A boat" width="64" height="32">',
            '<span data-image-off="" style="width: 64px; aspect-ratio: 64 / 32">'
            "A boat</span>",
        ),
        (
            '<img src="a.png" alt="A" width="64" style="color: red" id="x">',
            '<span id="x" data-image-off="" style="width: 64px; color: red">A</span>',
        ),
        (
            '<img src="a.png" alt="" width="50%">',
            '<span data-image-off="" style="width: 50%"></span>',
        ),
        (
            '<img src="a.png" alt="A &lt;b&gt;">',
            '<span data-image-off="">A &lt;b&gt;</span>',
        ),
    ],
)
def test_picture_becomes_a_box_of_its_size_with_its_words(
    image: str, shown: str
) -> None:
    assert box(image) == shown


def test_linked_picture_keeps_its_link() -> None:
    assert box('<a href="b"><img src="a.png" alt="A"></a>').startswith(
        '<a href="b"><span data-image-off'
    )


def test_background_pictures_go_and_their_colours_stay() -> None:
    imitated = show_without_images(
        "<head><style>p { background-image: url(c.png); margin: 0 } "
        "b { background: url(d.png) }</style></head>"
        '<table background="a.png"><tr><td style="background: url(b.png) #fff">x'
    )
    assert "url(" not in imitated.html
    assert "a.png" not in imitated.html
    assert '<td style="background: #fff">' in imitated.html
    assert "<style>p { margin: 0 }</style>" in imitated.html
    assert imitated.remarks == ("4 background pictures are not loaded.",)


def test_pictures_without_words_are_told() -> None:
    imitated = show_without_images('<img src=a><img src=b alt=""><img src=c>')
    assert imitated.remarks == (
        "3 pictures are not loaded.",
        "2 of them have no alternative text: nothing tells what is missing.",
    )


def test_mail_without_pictures_has_no_remarks() -> None:
    assert show_without_images("<p>Words</p>").remarks == ()
