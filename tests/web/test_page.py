import dataclasses
import re
from typing import Any

import pytest

from newsletter.i18n import CATALOGUES
from newsletter.model.settings import (
    ListSettings,
    NewsletterSettings,
    Settings,
    Theme,
)
from newsletter.web.page import Pages

SETTINGS = Settings(
    newsletter=NewsletterSettings(
        name="Post & <Poort>", sender="Post <letter@example.org>"
    )
)

#: Whatever a page of this part of the site asks for.
VALUES: dict[str, Any] = {
    "masked_address": "a***@example.org",
    "left": SETTINGS.newsletter.name,
    "others": "Stuurgroep",
    "settings_token": "1",
    "undo": "1",
    "can_write": True,
    "email": "",
    "email_problem": True,
}

TEMPLATES = (
    "address",
    "address_done",
    "address_taken",
    "ask",
    "left",
    "lost_link",
    "lost_link_sent",
    "test",
    "too_many",
    "trouble",
    "undo",
    "undo_late",
    "undone",
    "unknown",
)


def pages(accent: str = "#0b5cad") -> Pages:
    return Pages(dataclasses.replace(SETTINGS, template=Theme(accent=accent)))


def unknown(language: str = "en", accent: str = "#0b5cad") -> str:
    return pages(accent).render("unknown", language)


def every_page(language: str) -> list[str]:
    """Return what a reader reads of all pages, without mark-up."""
    made = [pages().render(name, language, **VALUES) for name in TEMPLATES]
    bodies = [page.split("<main>")[1].split("</main>")[0] for page in made]
    bodies = [body.replace("<wbr>", "") for body in bodies]
    return [line for body in bodies for line in re.findall(r">([^<>]+)<", body)]


@pytest.mark.parametrize("language", CATALOGUES)
def test_pages_have_no_english_left_in_another_language(language: str) -> None:
    english = {line.strip() for line in every_page("en")}
    said = {line.strip() for line in every_page(language)}
    same = {"", "Post &amp; &lt;Poort&gt;", "a***@example.org", "letter@example.org"}
    assert english & said == same


def test_page_says_its_language_and_direction() -> None:
    assert '<html lang="ar" dir="rtl">' in unknown("ar")
    assert '<html lang="nl" dir="ltr">' in unknown("nl-BE")


def test_page_in_a_language_without_words_says_that_it_is_english() -> None:
    assert '<html lang="en" dir="ltr">' in unknown("he")


def test_page_quotes_the_name_of_the_newsletter() -> None:
    page = unknown()
    assert "Post &amp; &lt;Poort&gt;" in page
    assert "<Poort>" not in page


@pytest.mark.parametrize(
    ("language", "expected"), [("nl", "Agenda en Bestuur"), ("ar", "Agenda وBestuur")]
)
def test_several_lists_are_joined_in_the_language_of_the_page(
    language: str, expected: str
) -> None:
    lists = {name.lower(): ListSettings(name) for name in ("Agenda", "Bestuur")}
    shown = Pages(dataclasses.replace(SETTINGS, lists=lists))
    assert shown.titles_of(("agenda", "bestuur", "agenda"), language) == expected


def test_address_may_break_at_its_parts_and_nowhere_else() -> None:
    shown = pages().render("ask", "en", **{**VALUES, "masked_address": "<a@b.c.org"})
    assert "&lt;a@<wbr>b<wbr>.c<wbr>.org</bdi>" in shown
    assert "letter@<wbr>example<wbr>.org</bdi>" in pages().render("unknown", "en")


def test_contact_is_the_sender_when_no_reply_to_is_set() -> None:
    assert 'href="mailto:letter@example.org"' in unknown()


def test_content_policy_names_the_style_sheet_of_the_page() -> None:
    shown, other = pages(), pages(accent="#ffcc00")
    assert f"<style>{shown.style}</style>" in shown.render("unknown", "en")
    assert shown.content_policy != other.content_policy


@pytest.mark.parametrize(
    ("accent", "ink"), [("#0b5cad", "#ffffff"), ("#ffcc00", "#000000")]
)
def test_button_has_the_ink_that_is_read_best_on_the_accent(
    accent: str, ink: str
) -> None:
    assert f"--accent: {accent}; --on-accent: {ink}" in pages(accent=accent).style
