"""Values a browser measured -> findings; no browser is needed."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from newsletter.checks.facts import Facts
from newsletter.checks.rendered import check_rendered, contrast
from newsletter.model.assembled import Assembled, LinkUse
from newsletter.model.finding import Finding, Severity
from newsletter.model.problem import Place
from newsletter.model.rendered import (
    Colour,
    Look,
    Rendering,
    SeenLink,
    SeenText,
    WideThing,
)

FILE = "issues/2023-02.md"
SOURCE = (
    "---",
    "subject: Grey words here",
    "---",
    "",
    "A paragraph with grey words here, and one",
    "more line.",
)
BLACK, WHITE = Colour(0, 0, 0), Colour(255, 255, 255)
GREY, DARK = Colour(153, 153, 153), Colour(16, 16, 16)

TEXT = SeenText(
    words="grey words here, and one more line.",
    colour=BLACK,
    ground=WHITE,
    font_px=16,
    block_font_px=16,
    block_length=200,
    is_bold=False,
    is_heading=False,
    lines=3,
    line_px=24,
)
LINK = SeenLink(
    words="the report",
    href="https://example.org/report",
    width_px=80,
    height_px=18,
    is_in_text=True,
    is_marked=True,
    is_button=False,
    is_crowded=False,
)

Look_at = Callable[..., list[Finding]]


@pytest.fixture
def look(assemble: Callable[..., Assembled], facts: Facts) -> Look_at:
    use = LinkUse(LINK.href, "the report", "text", Place(FILE, 9, 4))
    assembled = replace(assemble(), links=(use,))

    def check(*renderings: Rendering, template: str = "") -> list[Finding]:
        known = replace(
            facts, source=SOURCE, renderings=renderings, template_file=template
        )
        return check_rendered(assembled, known)

    return check


def page(
    *texts: SeenText, links: tuple[SeenLink, ...] = (), **changes: Any
) -> Rendering:
    view = Rendering(Look.LIGHT, 320, 320, texts=texts, links=links)
    return replace(view, **changes)


def text(**changes: Any) -> SeenText:
    return replace(TEXT, **changes)


def link(**changes: Any) -> SeenLink:
    return replace(LINK, **changes)


def said(finding: Finding) -> str:
    return f"{finding.place} {finding.severity.name} {finding.message} {finding.advice}"


def test_no_browser_no_findings(look: Look_at) -> None:
    assert look() == []


def test_readable_mail_has_no_findings(look: Look_at) -> None:
    assert look(page(TEXT, links=(LINK,))) == []


# --- contrast -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("one", "other", "ratio"),
    [
        (BLACK, WHITE, 21.0),
        (WHITE, WHITE, 1.0),
        # The lightest grey that WCAG allows on white, and the next one.
        (Colour(118, 118, 118), WHITE, 4.54),
        (Colour(119, 119, 119), WHITE, 4.48),
    ],
)
def test_contrast_is_that_of_wcag(one: Colour, other: Colour, ratio: float) -> None:
    assert contrast(one, other) == pytest.approx(ratio, abs=0.01)
    assert contrast(other, one) == contrast(one, other)


def test_pale_text_is_found_where_it_is_written(look: Look_at) -> None:
    (finding,) = look(page(text(colour=GREY)))
    assert said(finding) == (
        f"{FILE}:5:18 ERROR letters in #999999 on #ffffff are hard to read: their "
        'contrast is 2.8 to 1, and 4.5 is needed ("grey words here, and one more '
        'line."). Choose darker letters or a lighter ground in the templates of this '
        "project."
    )
    assert finding.rule == "contrast"


def test_pale_text_of_the_template_is_placed_there(look: Look_at) -> None:
    pale = page(text(colour=GREY, words="Not written by the editor"))
    (finding,) = look(pale, template="templates/own.mjml.j2")
    assert finding.place == Place("templates/own.mjml.j2")
    assert finding.advice.endswith("in templates/own.mjml.j2.")


def test_pair_of_colours_is_told_once_with_its_places(look: Look_at) -> None:
    pale = [text(colour=GREY, words=f"Words {n}") for n in range(3)]
    (finding,) = look(page(*pale), page(*pale, width_px=640, page_width_px=640))
    assert '("Words 0" and 2 more places)' in finding.message


def test_other_colours_are_told_apart(look: Look_at) -> None:
    other = Colour(170, 170, 170)
    assert len(look(page(text(colour=GREY), text(colour=other)))) == 2


@pytest.mark.parametrize(
    "changes",
    [
        # Large letters need 3 to 1 only: 24 px, or bold ones from 18.66 px.
        {"colour": Colour(140, 140, 140), "font_px": 24, "line_px": 36},
        {"colour": Colour(140, 140, 140), "font_px": 18.7, "is_bold": True, "lines": 1},
        # What stands on a picture cannot be measured.
        {"colour": GREY, "ground": None},
        # Hidden letters have a rule of their own.
        {"colour": WHITE, "font_px": 1},
    ],
)
def test_text_that_may_be_pale_is_silent(
    look: Look_at, changes: dict[str, Any]
) -> None:
    assert look(page(text(**changes))) == []


def test_almost_large_letters_are_not_large(look: Look_at) -> None:
    pale = text(colour=Colour(140, 140, 140), font_px=18.6, is_bold=True, line_px=30)
    assert [one.rule for one in look(page(pale))] == ["contrast"]


def test_pale_text_in_the_dark_is_a_warning(look: Look_at) -> None:
    dark = page(text(colour=Colour(90, 90, 90), ground=DARK), look=Look.DARK)
    (finding,) = look(page(TEXT), dark)
    assert finding.severity is Severity.WARNING
    assert finding.rule == "contrast-dark"
    assert finding.message == (
        "in the dark, letters in #5a5a5a on #101010 are hard to read: their contrast "
        'is 2.7 to 1, and 4.5 is needed ("grey words here, and one more line.").'
    )


def test_pale_text_in_turned_colours_says_when(look: Look_at) -> None:
    turned = page(text(colour=Colour(90, 90, 90), ground=DARK), look=Look.INVERTED)
    (finding,) = look(turned)
    assert finding.message == (
        "where a mail program turns all colours round, letters in #5a5a5a on #101010 "
        'are hard to read: their contrast is 2.7 to 1, and 3 is needed ("grey words '
        'here, and one more line.").'
    )


def test_turned_colours_need_no_more_than_3_to_1(look: Look_at) -> None:
    """Nobody can design for what a program makes up by itself."""
    turned = text(colour=Colour(110, 110, 110), ground=DARK)
    assert look(page(turned, look=Look.INVERTED)) == []
    assert len(look(page(turned, look=Look.DARK))) == 1


def test_text_pale_in_the_light_is_not_told_again_in_the_dark(look: Look_at) -> None:
    pale = text(colour=GREY)
    dark = text(colour=Colour(90, 90, 90), ground=DARK)
    found = look(page(pale), page(dark, look=Look.DARK), page(dark, look=Look.INVERTED))
    assert [one.rule for one in found] == ["contrast"]


# --- links ----------------------------------------------------------------------------


def test_link_told_by_colour_alone_is_found(look: Look_at) -> None:
    plain = link(is_marked=False)
    (finding,) = look(page(links=(plain,)), page(links=(plain,), width_px=640))
    assert finding.rule == "link-distinct"
    assert said(finding) == (
        f"{FILE}:9:4 WARNING no line and no weight sets this link off from the words "
        'around it ("the report"). Underline links in the templates of this project: '
        "not everybody sees their colour."
    )


def test_link_that_stands_alone_needs_no_line(look: Look_at) -> None:
    assert look(page(links=(link(is_marked=False, is_in_text=False),))) == []


def test_small_link_close_to_another_is_found(look: Look_at) -> None:
    near = link(is_in_text=False, is_crowded=True, width_px=15.3, words="Yes")
    (finding,) = look(page(links=(near, replace(near, words="No", href="x"))))
    assert finding.rule == "tap-target"
    assert said(finding) == (
        f"{FILE}:9:4 ERROR this link is 15 by 18 pixels and close to another: a finger "
        'hits both ("Yes" and 1 more place). Give links 24 pixels of room in the '
        "templates of this project, or a line of their own."
    )


@pytest.mark.parametrize(
    "changes",
    [
        {"is_crowded": True, "is_in_text": True},
        {"is_crowded": False, "is_in_text": False},
        {"is_crowded": True, "is_in_text": False, "height_px": 24},
    ],
)
def test_small_link_that_wcag_exempts_is_silent(
    look: Look_at, changes: dict[str, Any]
) -> None:
    assert look(page(links=(link(**changes),))) == []


def test_low_button_is_found(look: Look_at) -> None:
    low = link(is_in_text=False, is_button=True, height_px=34.2, words="Sign")
    (finding,) = look(page(links=(low,)))
    assert finding.rule == "tap-target-small"
    assert said(finding) == (
        f"{FILE}:9:4 WARNING this button is 34 pixels high, and fingers need 44 "
        '("Sign"). Give buttons more padding in the templates of this project.'
    )


def test_button_of_44_pixels_is_high_enough(look: Look_at) -> None:
    assert look(page(links=(link(is_button=True, height_px=43.6),))) == []


# --- letters and lines ----------------------------------------------------------------


def test_tiny_letters_are_found_once_with_their_sizes(look: Look_at) -> None:
    tiny = (text(font_px=11, line_px=20), text(font_px=9.5, line_px=20, words="Other"))
    (finding,) = look(page(*tiny))
    assert finding.rule == "font-tiny"
    assert said(finding) == (
        f"{FILE}:5:18 ERROR letters of 9.5 to 11 pixels are too small to read "
        '("grey words here, and one more line." and 1 more place). Give them 14 pixels '
        "or more in the templates of this project."
    )


def test_small_paragraph_of_the_editor_is_found(look: Look_at) -> None:
    (finding,) = look(page(text(font_px=13, block_font_px=13)))
    assert finding.rule == "font-small"
    assert said(finding) == (
        f"{FILE}:5:18 WARNING paragraphs in letters of 13 pixels are small on a phone "
        '("grey words here, and one more line."). Give them 16 pixels, 14 at least, in '
        "the templates of this project."
    )


@pytest.mark.parametrize(
    "changes",
    [
        # Closing lines are the newsletter's, not in the issue.
        {"words": "You receive this mail because"},
        {"is_heading": True},
        {"block_length": 20},
        # A smaller bit, such as code, within a paragraph of good size.
        {"block_font_px": 15},
    ],
)
def test_small_print_is_silent(look: Look_at, changes: dict[str, Any]) -> None:
    small = {"font_px": 13, "block_font_px": 13, **changes}
    assert look(page(text(**small))) == []


def test_close_lines_are_found(look: Look_at) -> None:
    (finding,) = look(page(text(line_px=19.2)))
    assert finding.rule == "line-height"
    assert said(finding) == (
        f"{FILE}:5:18 WARNING lines stand close together: 1.2 times the size of their "
        'letters ("grey words here, and one more line."). Write line-height: 1.5 in '
        "the templates of this project."
    )


@pytest.mark.parametrize(
    "changes",
    [{"lines": 1, "line_px": 0}, {"is_heading": True}, {"line_px": 22.4}],
)
def test_lines_that_may_be_close_are_silent(
    look: Look_at, changes: dict[str, Any]
) -> None:
    assert look(page(text(**{"line_px": 19.2, **changes}))) == []


# --- width ----------------------------------------------------------------------------


def test_mail_wider_than_a_phone_is_found_with_its_widest_part(look: Look_at) -> None:
    wide = (WideThing("p", 330, "A long word"), WideThing("table", 500, "City Since"))
    (finding,) = look(page(page_width_px=524, wide=wide))
    assert finding.rule == "width"
    assert said(finding) == (
        f"{FILE} WARNING in a window of 320 pixels one has to scroll sideways: the "
        'mail is 524 pixels wide ("City Since" and 1 more place). Make tables narrower '
        "and break long words, or give what is too wide max-width: 100% in the "
        "templates of this project."
    )


def test_mail_too_wide_everywhere_is_told_once(look: Look_at) -> None:
    found = look(
        page(page_width_px=900), page(width_px=640, page_width_px=900, wide=())
    )
    assert [one.message.split(":")[0] for one in found] == [
        "in a window of 640 pixels one has to scroll sideways"
    ]


def test_long_words_are_cut_where_they_are_shown(look: Look_at) -> None:
    words = "This is a sentence that goes on for longer than it has to"
    (finding,) = look(page(text(colour=GREY, words=words)))
    assert '("This is a sentence that goes on for …")' in finding.message
