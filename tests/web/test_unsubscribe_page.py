import dataclasses
import re

import pytest

from newsletter.i18n import CATALOGUES
from newsletter.model.settings import NewsletterSettings, Settings, Theme
from newsletter.web.unsubscribe_page import Pages

SETTINGS = Settings(
    newsletter=NewsletterSettings(
        name="Post & <Poort>", sender="Post <letter@example.org>"
    )
)


def pages(language: str = "en", accent: str = "#0b5cad") -> Pages:
    newsletter = dataclasses.replace(SETTINGS.newsletter, language=language)
    theme = Theme(accent=accent)
    return Pages(dataclasses.replace(SETTINGS, newsletter=newsletter, template=theme))


def every_page(shown: Pages) -> list[str]:
    """Return what a reader reads of all pages, without mark-up."""
    made = [
        shown.ask("a***@example.org"),
        shown.left("a***@example.org"),
        shown.test(),
        shown.unknown(),
        shown.trouble(),
    ]
    bodies = [page.split("<main>")[1].split("</main>")[0] for page in made]
    return [line for body in bodies for line in re.findall(r">([^<>]+)<", body)]


@pytest.mark.parametrize("language", CATALOGUES)
def test_pages_have_no_english_left_in_another_language(language: str) -> None:
    english = {line.strip() for line in every_page(pages())}
    said = {line.strip() for line in every_page(pages(language))}
    same = {"", "Post &amp; &lt;Poort&gt;", "a***@example.org", "letter@example.org"}
    assert english & said == same


def test_page_says_its_language_and_direction() -> None:
    assert '<html lang="ar" dir="rtl">' in pages("ar").unknown()
    assert '<html lang="nl" dir="ltr">' in pages("nl-BE").unknown()


def test_page_in_a_language_without_words_says_that_it_is_english() -> None:
    assert '<html lang="en" dir="ltr">' in pages("he").unknown()


def test_page_quotes_the_name_of_the_newsletter() -> None:
    page = pages().ask("a***@example.org")
    assert "Post &amp; &lt;Poort&gt;" in page
    assert "<Poort>" not in page


def test_contact_is_the_sender_when_no_reply_to_is_set() -> None:
    assert 'href="mailto:letter@example.org"' in pages().unknown()


def test_content_policy_names_the_style_sheet_of_the_page() -> None:
    shown, other = pages(), pages(accent="#ffcc00")
    assert f"<style>{shown.style}</style>" in shown.unknown()
    assert shown.content_policy != other.content_policy


@pytest.mark.parametrize(
    ("accent", "ink"), [("#0b5cad", "#ffffff"), ("#ffcc00", "#000000")]
)
def test_button_has_the_ink_that_is_read_best_on_the_accent(
    accent: str, ink: str
) -> None:
    assert f"--accent: {accent}; --on-accent: {ink}" in pages(accent=accent).style
