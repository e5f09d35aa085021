from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from lxml import html

from newsletter.model.archive import ArchivedIssue
from newsletter.model.settings import ListSettings, Settings
from newsletter.web.archive_page import render_archive, render_static_archive
from newsletter.web.page import Pages

from .conftest import make_settings

AT = datetime(2026, 5, 1, tzinfo=UTC)
ISSUES = [
    ArchivedIssue(
        "may", "The boat", "Who repairs it", date(2026, 5, 1), "en", "", AT, AT
    ),
    ArchivedIssue("april", "Old paint", "", date(2026, 4, 1), "en", "", AT, AT),
]


def make_pages(base_url: str, *, is_public: bool = True) -> Pages:
    settings: Settings = make_settings(base_url=base_url, language="nl")
    return Pages(replace(settings, lists={"main": ListSettings(is_public=is_public)}))


def written(shown: Pages) -> str:
    return render_static_archive(shown, ISSUES)["index.html"].decode()


def served(shown: Pages) -> str:
    return render_archive(shown, ISSUES, language="nl")


@pytest.mark.parametrize("draw", [written, served])
def test_list_shows_title_date_and_a_line_of_summary(draw: object) -> None:
    assert callable(draw)
    page = html.document_fromstring(draw(make_pages("https://n.org")))
    told = [
        [" ".join(part.text_content().split()) for part in one]
        for one in page.xpath('//ol[@class="issues"]/li')
    ]
    assert told == [
        ["The boat", "1 mei 2026", "Who repairs it"],
        ["Old paint", "1 april 2026"],
    ]


def join_links(page: str) -> list[str]:
    found = html.document_fromstring(page).xpath('//a[text()="Inschrijven"]/@href')
    return [str(link) for link in found]


def test_list_leads_to_joining_wherever_it_lies() -> None:
    shown = make_pages("https://n.org/news")
    assert join_links(served(shown)) == ["join?lang=nl"]
    assert join_links(written(shown)) == ["https://n.org/news/join?lang=nl"]


@pytest.mark.parametrize(
    ("base_url", "is_public"), [("", True), ("https://n.org", False)]
)
def test_written_list_leads_nowhere_that_is_not_there(
    base_url: str, *, is_public: bool
) -> None:
    assert join_links(written(make_pages(base_url, is_public=is_public))) == []
