"""Each way to look at a mail, chosen with mouse and keyboard, wide and narrow."""

import re
from dataclasses import replace
from importlib.resources import files
from typing import Literal

import pytest
from playwright.sync_api import expect

from newsletter.model.finding import Finding, Severity
from newsletter.model.problem import Place, Problem
from newsletter.studio.views import VIEW_GROUPS, VIEWS

from .conftest import MAIL, PREVIEW, Desk, Tab

pytestmark = pytest.mark.browser

GROUND = "w.getComputedStyle(w.document.body).backgroundColor"


def test_phone_view_is_360_wide(tab: Tab, still_desk: Desk) -> None:
    tab.open(still_desk)
    tab.choose("Phone")
    assert tab.in_mail("w.innerWidth") == 360


def test_text_view_shows_the_text_part(tab: Tab, still_desk: Desk) -> None:
    tab.open(still_desk)
    tab.choose("Text only")
    text = tab.in_mail("w.document.querySelector('pre').innerText")
    assert str(text).startswith("Dear reader & friend,\n\nSpring <is> here.")


def test_pictures_are_off_in_their_view(tab: Tab, still_desk: Desk) -> None:
    tab.open(still_desk)
    assert tab.in_mail("w.document.images[0].naturalWidth") == 1
    tab.choose("Without pictures")
    assert tab.in_mail("[...w.document.images].every(one => one.naturalWidth === 0)")
    assert tab.in_mail("w.document.documentElement.outerHTML.includes('A boat')")


def test_dark_switch_shows_the_dark_colours_of_the_mail(
    tab: Tab, still_desk: Desk
) -> None:
    tab.open(still_desk)
    assert tab.in_mail(GROUND) == "rgb(255, 255, 255)"
    tab.page.get_by_role("switch", name="Dark").click()
    expect(tab.page.locator("iframe.dark:not(.coming)")).to_have_count(1)
    assert tab.in_mail(GROUND) == "rgb(16, 16, 16)"
    expect(tab.page.get_by_text("Imitation")).to_be_visible()


def test_mail_is_light_until_dark_is_asked_for_also_in_a_dark_browser(
    tab: Tab, still_desk: Desk
) -> None:
    tab.page.emulate_media(color_scheme="dark")  # in every frame, whatever it is told
    tab.open(still_desk)
    assert tab.in_mail(GROUND) == "rgb(255, 255, 255)"
    tab.page.get_by_role("switch", name="Dark").click()
    expect(tab.page.locator("iframe.dark:not(.coming)")).to_have_count(1)
    assert tab.in_mail(GROUND) == "rgb(16, 16, 16)"


def test_dark_switch_is_not_offered_where_colours_are_the_program_s(
    tab: Tab, still_desk: Desk
) -> None:
    tab.open(still_desk)
    tab.choose("Gmail")
    expect(tab.page.get_by_role("switch", name="Dark")).to_be_hidden()


@pytest.mark.parametrize(
    "label",
    [view.label for view in VIEWS.values() if view.imitation],
)
def test_imitation_is_labelled_with_the_date_of_its_facts(
    tab: Tab, still_desk: Desk, label: str
) -> None:
    tab.open(still_desk)
    tab.choose(label)
    about = tab.page.get_by_role("region", name="About this view")
    expect(about.get_by_text("Imitation", exact=True)).to_be_visible()
    expect(about.get_by_text("facts of ")).to_have_text(
        re.compile(r"facts of \d+ (June|November) 2026")
    )
    about.get_by_text("What this can show, and what not").click()
    expect(about.locator("details p")).to_be_visible()
    expect(tab.mail.get_by_text("Spring").first).to_be_visible()


def test_view_recipient_and_dark_stay_over_a_reload(tab: Tab, still_desk: Desk) -> None:
    tab.open(still_desk)
    tab.choose("Phone")
    tab.page.get_by_label("For", exact=True).select_option(index=1)
    expect(tab.mail.get_by_text("Dear Maximiliana,")).to_be_visible()
    tab.page.get_by_role("switch", name="Dark").click()
    expect(tab.page.locator("iframe.dark:not(.coming)")).to_have_count(1)
    assert tab.page.url.endswith(
        "/?view=phone&for=the-reader-with-the-longest-first-name&dark=1"
    )
    tab.page.reload()
    tab.settled()
    assert tab.in_mail("w.innerWidth") == 360
    assert tab.in_mail(GROUND) == "rgb(16, 16, 16)"
    expect(tab.page.get_by_label("Phone")).to_be_checked()
    expect(tab.page.get_by_role("switch", name="Dark")).to_be_checked()
    expect(tab.mail.get_by_text("Dear Maximiliana,")).to_be_visible()


def test_save_is_shown_in_the_view_that_is_chosen(tab: Tab, desk: Desk) -> None:
    tab.open(desk)
    tab.choose("Outlook classic")
    desk.save(MAIL.replace("The end", "Another end"))
    expect(tab.mail.get_by_text("Another end")).to_be_attached()
    assert tab.page.url.endswith("/?view=outlook")


def test_subscriber_is_shown_by_address_which_is_shown_nowhere(
    tab: Tab, desk: Desk
) -> None:
    tab.open(desk)
    tab.page.get_by_role("button", name="A subscriber…").click()
    tab.page.get_by_label("Address of a subscriber").fill("ben@example.org")
    tab.page.keyboard.press("Enter")
    expect(tab.page.get_by_text("No subscriber has this address.")).to_be_visible()
    tab.page.get_by_label("Address of a subscriber").fill("anna@example.org")
    tab.page.keyboard.press("Enter")
    expect(tab.mail.get_by_text("Dear Anna,")).to_be_visible()
    expect(tab.page.get_by_label("For", exact=True)).to_be_focused()
    expect(tab.page.locator(".inbox")).to_contain_text("Spring for Anna")
    assert "anna@example.org" not in tab.page.content()
    assert tab.page.url.endswith("/?for=named-1")


def test_subscriber_form_is_left_with_escape(tab: Tab, still_desk: Desk) -> None:
    tab.open(still_desk)
    tab.page.get_by_role("button", name="A subscriber…").click()
    tab.page.keyboard.press("Escape")
    expect(tab.page.get_by_label("Address of a subscriber")).to_be_hidden()
    expect(tab.page.get_by_role("button", name="A subscriber…")).to_be_focused()


# --- keyboard -------------------------------------------------------------------------


def test_views_are_chosen_with_the_keyboard_alone(tab: Tab, still_desk: Desk) -> None:
    tab.open(still_desk)
    press = tab.page.keyboard.press
    press("Tab")
    expect(tab.page.get_by_text("Skip to the mail")).to_be_focused()
    press("Tab")
    expect(tab.page.get_by_text("Skip to the findings")).to_be_focused()
    press("Tab")
    expect(tab.page.get_by_role("link", name="Dispatches")).to_be_focused()
    press("Tab")
    expect(tab.page.get_by_role("button", name="Send a test")).to_be_focused()
    press("Tab")
    expect(tab.page.get_by_label("Desktop")).to_be_focused()
    press("ArrowDown")
    tab.shows("Phone")
    press("Tab")
    expect(tab.page.get_by_label("For", exact=True)).to_be_focused()
    press("Tab")
    press("Tab")
    expect(tab.page.get_by_role("switch", name="Dark")).to_be_focused()
    press("Space")
    expect(tab.page.locator("iframe.dark:not(.coming)")).to_have_count(1)


def test_tab_leads_through_the_mail_and_out_of_it(tab: Tab, still_desk: Desk) -> None:
    tab.open(still_desk)
    tab.page.get_by_role("switch", name="Dark").focus()
    inside = "document.activeElement.tagName === 'IFRAME'"
    for _ in range(2):  # its two links
        tab.page.keyboard.press("Tab")
        assert tab.page.evaluate(inside)
    tab.page.keyboard.press("Tab")
    assert not tab.page.evaluate(inside)


def test_f9_shows_every_view_in_turn_and_begins_again(
    tab: Tab, still_desk: Desk
) -> None:
    tab.open(still_desk)
    labels = [view.label for view in VIEWS.values()]
    for label in [*labels[1:], labels[0]]:
        tab.page.keyboard.press("F9")
        tab.shows(label)
        expect(tab.page.locator("#said")).to_have_text(label)
    tab.page.keyboard.press("Shift+F9")
    tab.shows(labels[-1])


def test_focus_can_be_seen_on_everything_that_has_it(
    tab: Tab, still_desk: Desk
) -> None:
    tab.open(still_desk)
    for _ in range(3):
        tab.page.keyboard.press("Tab")
    for _ in range(4):
        tab.page.keyboard.press("Tab")
        outline = tab.page.evaluate(
            "(e => getComputedStyle(e).outlineStyle !== 'none' ||"
            " getComputedStyle(e.nextElementSibling).outlineStyle !== 'none')"
            "(document.activeElement)"
        )
        assert outline is True


# --- narrow, large, dark --------------------------------------------------------------


@pytest.mark.parametrize("view", VIEWS)
def test_view_fits_windows_of_every_width(
    tab: Tab, still_desk: Desk, view: str
) -> None:
    """683 pixels are what 200 % zoom leaves of 1366."""
    tab.open(still_desk, f"?view={view}")
    for width in (320, 683, 820, 1366):
        tab.page.set_viewport_size({"width": width, "height": 700})
        assert tab.page.evaluate("document.documentElement.scrollWidth") <= width
        assert tab.in_mail("w.document.documentElement.scrollWidth") <= width


def test_views_are_a_list_to_choose_from_in_a_narrow_window(
    tab: Tab, still_desk: Desk
) -> None:
    tab.page.set_viewport_size({"width": 320, "height": 700})
    tab.open(still_desk)
    expect(tab.page.locator("#views")).to_be_hidden()
    views = tab.page.get_by_label("View", exact=True)
    views.select_option("Outlook classic")
    tab.shows("Outlook classic")
    groups = views.locator("optgroup")
    expect(groups).to_have_count(len(VIEW_GROUPS))


def test_page_has_its_landmarks(tab: Tab, still_desk: Desk) -> None:
    tab.open(still_desk)
    for role in ("banner", "navigation", "main", "complementary", "status"):
        expect(tab.page.get_by_role(role)).to_have_count(1)


@pytest.mark.parametrize(("scheme", "width"), [("light", 320), ("dark", 1366)])
def test_page_with_everything_on_it_passes_axe(
    tab: Tab, desk: Desk, scheme: Literal["light", "dark"], width: int
) -> None:
    place = Place("issues/spring.md", 2, 10)
    findings = [
        Finding("subject-long", weight, place, "wrong.", "Right it.")
        for weight in Severity
    ]
    findings.append(replace(findings[-1], accepted="it is meant"))
    problem = Problem(place, "unknown key.", "Leave it out.")
    desk.base = replace(PREVIEW, findings=tuple(findings), problems=(problem,))
    desk.save(MAIL + "\n")
    tab.page.set_viewport_size({"width": width, "height": 700})
    tab.page.emulate_media(color_scheme=scheme)
    tab.open(desk)
    expect(tab.page.get_by_role("heading", name="Blocks sending")).to_be_visible()
    tab.open(desk, "?view=gmail")
    script = files("axe_playwright_python").joinpath("axe.min.js").read_text("utf-8")
    tab.page.evaluate(script)
    # The mail has tests of its own (tests/accessibility).
    axe = "axe.run(document, {iframes: false})"
    assert [rule["id"] for rule in tab.page.evaluate(axe)["violations"]] == []
    tab.page.get_by_role("button", name="A subscriber…").click()
    tab.page.get_by_role("button", name="Send a test").click()
    assert [rule["id"] for rule in tab.page.evaluate(axe)["violations"]] == []


def test_motion_is_left_out_where_it_is_not_wanted(tab: Tab, still_desk: Desk) -> None:
    tab.page.emulate_media(reduced_motion="reduce")
    tab.open(still_desk)
    thumb = (
        "getComputedStyle(document.getElementById('dark'), '::before')"
        ".transitionDuration"
    )
    assert tab.page.evaluate(thumb) == "0s"
