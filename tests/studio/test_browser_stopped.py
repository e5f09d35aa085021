"""The page once its preview has stopped, and keys wherever the focus is."""

from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import expect

from newsletter.model.finding import Finding, Severity
from newsletter.model.problem import Place

from .conftest import MAIL, PREVIEW, Desk, Tab, running

pytestmark = pytest.mark.browser

STOPPED = "The preview has stopped. Start it again in the terminal."


def test_page_keeps_the_last_mail_dimmed_once_the_preview_has_stopped(
    tab: Tab, tmp_path: Path
) -> None:
    mail = tmp_path / "mail.html"
    mail.write_text(MAIL)
    with running(Desk(mail)) as desk:
        tab.open(desk)
    expect(tab.page.get_by_role("status").first).to_have_text(STOPPED, timeout=15_000)
    expect(tab.page.locator("#stage")).to_have_class("stage desktop old")
    expect(tab.page.get_by_role("button", name="Send a test")).to_be_disabled()
    expect(tab.page.get_by_label("For", exact=True)).to_be_disabled()
    expect(tab.page.get_by_role("radio", name="Phone")).to_be_disabled()
    tab.page.keyboard.press("F9")
    tab.page.wait_for_timeout(200)
    expect(tab.mail.locator("#words")).to_be_visible()
    assert not [said for said in tab.said if "TypeError" in said or "null" in said]


def test_view_that_nobody_answers_leaves_the_mail(tab: Tab, still_desk: Desk) -> None:
    tab.open(still_desk)
    tab.page.context.route("**/frame?*", lambda route: route.abort())
    tab.page.locator("#views").get_by_text("Phone", exact=True).click()
    tab.settled()
    expect(tab.mail.locator("#words")).to_be_visible()
    assert not [said for said in tab.said if "null" in said]


def test_test_that_nobody_answers_is_told_as_a_stop(tab: Tab, still_desk: Desk) -> None:
    tab.open(still_desk)
    tab.page.context.route("**/test", lambda route: route.abort())
    tab.page.get_by_role("button", name="Send a test").click()
    tab.page.get_by_role("button", name="Send", exact=True).click()
    expect(tab.page.locator("#test-outcome .outcome-title")).to_have_text(STOPPED)


def test_next_view_is_a_key_away_from_inside_the_mail(
    tab: Tab, still_desk: Desk
) -> None:
    tab.open(still_desk)
    tab.mail.locator("#words").click()
    tab.page.keyboard.press("F9")
    tab.shows("Phone")
    tab.mail.get_by_text("Sign").focus()
    tab.page.keyboard.press("Shift+F9")
    tab.shows("Desktop")


def test_finding_about_one_reader_is_shown_in_the_mail_of_that_reader(
    tab: Tab, desk: Desk
) -> None:
    told = "for the reader with the longest first_name: the subject is long."
    place = Place("issues/spring.md", 2, 10)
    found = Finding("subject-long", Severity.WARNING, place, told, "Shorten it.")
    desk.base = replace(PREVIEW, findings=(found,))
    desk.save(MAIL + "\n")
    tab.open(desk)
    tab.page.locator(".go").click()
    expect(tab.page.locator(".inbox .subject")).to_have_text("Spring for Maximiliana")
    expect(tab.page.get_by_label("For", exact=True)).to_have_value(
        "the-reader-with-the-longest-first-name"
    )
    expect(tab.page.locator(".inbox .mark")).to_have_count(1)
