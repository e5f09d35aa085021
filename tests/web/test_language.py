import pytest

from newsletter.web.language import accepted_language

from .conftest import Site


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("", ""),
        ("nl", "nl"),
        ("nl-BE,nl;q=0.9,en;q=0.8", "nl"),
        ("en;q=0.3, de;q=0.7, fr;q=0.5", "de"),
        ("ti, am;q=0.9, ar;q=0.8", "ar"),
        ("fr;q=0, en;q=0.1", "en"),
        ("de;q=x, nl;q=0.1", "nl"),
        ("de;q=7, nl;q=0.1", "nl"),
        ("de;q=nan, nl;q=0.1", "nl"),
        ("*", ""),
        ("he, fa", ""),
        ("," * 1000 + "nl", ""),
    ],
)
def test_language_that_is_liked_best_and_that_we_have(
    header: str, language: str
) -> None:
    assert accepted_language(header) == language


def language_of(page: str) -> str:
    return page.split('<html lang="')[1].split('"')[0]


def test_page_is_in_the_language_of_the_browser_and_says_so_to_caches(
    site: Site,
) -> None:
    answer = site.ask("GET", "/leave", headers={"Accept-Language": "ar, en;q=0.5"})
    assert '<html lang="ar" dir="rtl">' in answer.text
    assert answer.headers["Vary"] == "Accept-Language"


def test_address_decides_over_the_browser(site: Site) -> None:
    answer = site.ask("GET", "/leave?lang=fr", headers={"Accept-Language": "ar"})
    assert language_of(answer.text) == "fr"
    assert answer.headers["Vary"] is None


def test_own_language_decides_over_the_browser(site: Site) -> None:
    reader = site.add_reader("anna@example.org")
    site.give_fields(reader, language="nl-BE")
    asked = {"Accept-Language": "fr"}
    assert language_of(site.ask("GET", site.link(reader), headers=asked).text) == "nl"
    chosen = site.ask("GET", f"{site.link(reader)}?lang=de", headers=asked)
    assert language_of(chosen.text) == "de"


def test_language_without_words_falls_to_the_browser(site: Site) -> None:
    reader = site.add_reader("ben@example.org")
    site.give_fields(reader, language="ti")
    answer = site.ask("GET", site.link(reader), headers={"Accept-Language": "ar"})
    assert language_of(answer.text) == "ar"


@pytest.mark.parametrize("lang", ["xx", "../nl", "", "en%00", "<b>"])
def test_language_that_is_not_offered_is_passed_over(site: Site, lang: str) -> None:
    answer = site.ask("GET", f"/leave?lang={lang}")
    assert (answer.status, language_of(answer.text)) == (200, "en")


def test_page_leads_to_the_other_languages_by_their_own_names(site: Site) -> None:
    page = site.ask("GET", "/leave?lang=nl").text
    assert 'href="?lang=ar" hreflang="ar" lang="ar"><bdi>العربية</bdi></a>' in page
    assert 'href="?lang=nl"' not in page
