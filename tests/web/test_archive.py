"""The list of issues and the feed, asked for as browsers and feed readers do."""

import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from lxml import etree, html

from newsletter.model.settings import ListSettings, Settings
from newsletter.web.app import public_app
from newsletter.web.file_cache import TRUSTED_SECONDS
from newsletter.workflow.desk import open_desk
from newsletter.workflow.project import Project
from newsletter.workflow.serve import open_listener, serving

from ..workflow.sent import NOON, Archive
from .conftest import NOW, Site, make_settings

FEED = "application/atom+xml; charset=utf-8"


@contextmanager
def running(root: Path, settings: Settings) -> Iterator[Site]:
    project = Project(root, settings)
    listener = open_listener("127.0.0.1", 0)
    with open_desk(project) as desk:
        app = public_app(project, desk, now=lambda: NOW)
        with serving(app, listener):
            yield Site(project, desk, listener)


def public_settings() -> Settings:
    settings = make_settings(base_url="https://news.example.org", language="nl")
    return replace(settings, lists={"main": ListSettings(is_public=True)})


def lay_issues(site: Site, *slugs: str) -> None:
    archive = Archive(site.project, site.desk.database)
    for days, slug in enumerate(slugs):
        archive.publish(slug, day=date(2026, 5, 1) + timedelta(days=days))
        archive.dispatch(slug, at=NOON + timedelta(days=days))


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A site of which three issues were sent."""
    with running(tmp_path_factory.mktemp("project"), public_settings()) as site:
        lay_issues(site, "april", "may", "june")
        Archive(site.project, site.desk.database).publish("draft")
        yield site


def links(page: str) -> list[str]:
    found = html.document_fromstring(page).xpath('//ol[@class="issues"]//a/@href')
    return [str(link) for link in found]


def test_list_has_the_issues_that_were_sent_newest_first(shown: Site) -> None:
    answer = shown.ask("GET", "/")
    assert answer.status == 200
    assert links(answer.text) == ["june/", "may/", "april/"]
    assert "What june brought" in answer.text
    assert "draft" not in answer.text


def test_list_leads_to_joining_privacy_and_feed(shown: Site) -> None:
    page = html.document_fromstring(shown.ask("GET", "/?lang=nl").text)
    found = page.xpath("//a/@href")
    assert {"join?lang=nl", "privacy?lang=nl", "feed.xml"} <= set(found)
    assert page.xpath('//link[@type="application/atom+xml"]/@href') == ["feed.xml"]


def test_every_link_of_the_list_is_relative_and_leads_somewhere(shown: Site) -> None:
    page = html.document_fromstring(shown.ask("GET", "/?lang=en").text)
    for link in page.xpath("//a/@href"):
        assert not link.startswith(("/", "http"))
        assert shown.ask("GET", f"/{link}").status == 200


def test_list_is_found_by_search_engines_and_in_the_language_of_the_browser(
    shown: Site,
) -> None:
    answer = shown.ask("GET", "/", headers={"Accept-Language": "ar, en;q=0.5"})
    page = html.document_fromstring(answer.text)
    assert (page.get("lang"), page.get("dir")) == ("ar", "rtl")
    assert answer.headers["Vary"] == "Accept-Language"
    assert page.xpath('//meta[@name="robots"]') == []
    (issue,) = page.xpath('//ol[@class="issues"]/li[1]')
    assert (issue.get("dir"), issue[0].get("lang")) == ("ltr", "en")


def test_list_is_kept_by_browsers_for_a_minute_and_the_feed_for_five(
    shown: Site,
) -> None:
    ages = [
        shown.ask("GET", path).headers["Cache-Control"] for path in ("/", "/feed.xml")
    ]
    assert ages == ["public, max-age=60", "public, max-age=300"]


def test_feed_has_the_issues_that_were_sent(shown: Site) -> None:
    answer = shown.ask("GET", "/feed.xml")
    assert (answer.status, answer.headers["Content-Type"]) == (200, FEED)
    names = {"a": "http://www.w3.org/2005/Atom"}
    feed = etree.fromstring(answer.text.encode())
    assert feed.xpath("a:entry/a:id/text()", namespaces=names) == [
        f"https://news.example.org/{slug}/" for slug in ("june", "may", "april")
    ]


@pytest.mark.parametrize("path", ["/", "/feed.xml", "/may/", "/may/boat-1.png"])
def test_browser_that_has_it_is_not_sent_it_again(shown: Site, path: str) -> None:
    first = shown.ask("GET", path)
    tag = first.headers["ETag"]
    for known in (tag, f'"other", W/{tag}', "*"):
        again = shown.ask("GET", path, headers={"If-None-Match": known})
        assert (again.status, again.text) == (304, "")
        assert again.headers["ETag"] == tag
        assert again.headers["Cache-Control"] == first.headers["Cache-Control"]
    stale = shown.ask("GET", path, headers={"If-None-Match": '"other"'})
    assert (stale.status, stale.text) == (200, first.text)


@pytest.mark.parametrize("path", ["/", "/feed.xml", "/may/", "/may/may.ics"])
def test_head_answers_as_get_without_the_body(shown: Site, path: str) -> None:
    got, head = shown.ask("GET", path), shown.ask("HEAD", path)
    assert (head.status, head.text) == (200, "")
    assert head.headers["Content-Length"] == str(len(got.text.encode()))
    assert head.headers["ETag"] == got.headers["ETag"]


@pytest.mark.parametrize("path", ["/", "/feed.xml", "/may/"])
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_nothing_can_be_sent_to_the_archive(
    shown: Site, method: str, path: str
) -> None:
    answer = shown.ask(method, path)
    assert answer.status == 405
    assert answer.headers["Allow"] == "GET, HEAD, OPTIONS"


@pytest.mark.parametrize("page", ["0", "2", "-1", "x", "1e9", "", "%D9%A2", "99999"])
def test_page_of_the_list_that_is_not_there_is_not_found(
    shown: Site, page: str
) -> None:
    assert shown.ask("GET", f"/?page={page}").status == 404


def test_list_of_many_issues_goes_over_pages(tmp_path: Path) -> None:
    with running(tmp_path, public_settings()) as site:
        lay_issues(site, *(f"n{number}" for number in range(101)))
        pages = [site.ask("GET", f"/?page={n}&lang=en").text for n in (1, 2, 3)]
        assert [len(links(page)) for page in pages] == [50, 50, 1]
        assert links(pages[0])[0] == "n100/"
        assert links(pages[2]) == ["n0/"]
        middle = html.document_fromstring(pages[1])
        around = middle.xpath('//nav[@class="pages"]/a/@href')
        assert around == ["?page=1&lang=en", "?page=3&lang=en"]


def test_list_before_anything_was_sent_says_so(site: Site) -> None:
    answer = site.ask("GET", "/?lang=en")
    assert answer.status == 200
    assert "No issue has been sent yet." in answer.text
    assert "Subscribe" not in answer.text


def test_newsletter_without_base_url_has_no_feed(site: Site) -> None:
    assert site.ask("GET", "/feed.xml").status == 404
    assert "feed.xml" not in site.ask("GET", "/?lang=en").text


def test_issue_that_goes_out_is_listed_within_seconds(tmp_path: Path) -> None:
    with running(tmp_path, public_settings()) as site:
        lay_issues(site, "may")
        before = site.ask("GET", "/")
        lay_issues(site, "june")
        time.sleep(TRUSTED_SECONDS + 0.1)
        after = site.ask("GET", "/", headers={"If-None-Match": before.headers["ETag"]})
        assert links(before.text) == ["may/"]
        assert links(after.text) == ["may/", "june/"]


def test_page_that_is_corrected_is_shown_within_seconds(tmp_path: Path) -> None:
    with running(tmp_path, public_settings()) as site:
        lay_issues(site, "may")
        before = site.ask("GET", "/may/").text
        (tmp_path / "public" / "may" / "index.html").write_text("corrected")
        at_once = site.ask("GET", "/may/").text
        time.sleep(TRUSTED_SECONDS + 0.1)
        assert at_once == before
        assert site.ask("GET", "/may/").text == "corrected"


def test_archive_that_was_just_looked_at_asks_nobody(tmp_path: Path) -> None:
    with running(tmp_path, public_settings()) as site:
        lay_issues(site, "may")
        paths = ("/", "/feed.xml", "/may/", "/may/boat-1.png")
        for path in paths:
            site.ask("GET", path)
        site.desk.database.close()
        for folder in ("subscribers", "public"):
            shutil.rmtree(tmp_path / folder)
        assert [site.ask("GET", path).status for path in paths] == [200] * 4


def test_archive_whose_database_cannot_be_used_asks_to_come_again(
    tmp_path: Path,
) -> None:
    with running(tmp_path, public_settings()) as site:
        site.desk.database.close()
        shutil.rmtree(tmp_path / "subscribers")
        answers = [site.ask("GET", path) for path in ("/", "/feed.xml", "/may/")]
    assert [answer.status for answer in answers] == [503] * 3
    assert {answer.headers["Retry-After"] for answer in answers} == {"120"}
