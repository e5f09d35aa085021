"""The feed against RFC 4287: its grammar (appendix B), and what it says in words."""

import re
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from newsletter.model.archive import ArchivedIssue
from newsletter.model.settings import NewsletterSettings
from newsletter.web.feed import render_feed

GRAMMAR = Path(__file__).parents[1] / "data" / "atom.rng"
NAMES = {"a": "http://www.w3.org/2005/Atom"}
LANGUAGE = "{http://www.w3.org/XML/1998/namespace}lang"

LETTER = NewsletterSettings(
    "Brug & <Poort>",
    "letter@example.org",
    language="nl",
    base_url="https://news.example.org/letter",
)
NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
ISSUE = ArchivedIssue(
    slug="2026-05",
    title="Mei & <daarna>",
    summary="Wat “mei” bracht",
    date=date(2026, 5, 1),
    language="nl",
    number="5",
    sent_at=NOON,
    updated_at=NOON + timedelta(hours=2),
)
ARABIC = replace(
    ISSUE, slug="2026-04", title="أخبار", language="ar", sent_at=NOON, updated_at=NOON
)
BARE = replace(ISSUE, slug="2026-03", title="", summary="", number="")


def read(*issues: ArchivedIssue) -> Any:
    return etree.fromstring(render_feed(LETTER, issues))


def texts(feed: Any, path: str) -> list[str]:
    return [str(found) for found in feed.xpath(path, namespaces=NAMES)]


@pytest.mark.parametrize(
    "issues", [(), (ISSUE,), (ISSUE, ARABIC, BARE)], ids=["none", "one", "three"]
)
def test_feed_follows_the_grammar_of_atom(issues: tuple[ArchivedIssue, ...]) -> None:
    grammar = etree.RelaxNG(etree.parse(GRAMMAR))
    grammar.assertValid(read(*issues))


@pytest.mark.parametrize(
    "spoil",
    [
        lambda feed: feed.remove(feed.find("a:id", NAMES)),
        lambda feed: feed.append(etree.SubElement(feed, f"{{{NAMES['a']}}}title")),
        lambda feed: feed.find("a:updated", NAMES).__setattr__("text", "yesterday"),
        lambda feed: feed.find("a:entry/a:link", NAMES).attrib.pop("href"),
        lambda feed: feed.find("a:entry", NAMES).remove(
            feed.find("a:entry/a:updated", NAMES)
        ),
    ],
)
def test_grammar_refuses_what_is_no_feed(spoil: Any) -> None:
    feed = read(ISSUE)
    spoil(feed)
    assert not etree.RelaxNG(etree.parse(GRAMMAR)).validate(feed)


def test_feed_tells_an_issue_by_its_own_address() -> None:
    feed = read(ISSUE)
    address = "https://news.example.org/letter/2026-05/"
    assert texts(feed, "a:entry/a:id/text()") == [address]
    assert texts(feed, "a:entry/a:link[@rel='alternate']/@href") == [address]
    assert texts(feed, "a:entry/a:title/text()") == ["Mei & <daarna>"]
    assert texts(feed, "a:entry/a:summary/text()") == ["Wat “mei” bracht"]
    assert texts(feed, "a:entry/a:published/text()") == ["2026-05-01T12:00:00Z"]
    assert texts(feed, "a:entry/a:updated/text()") == ["2026-05-01T14:00:00Z"]


def test_feed_says_whose_it_is_and_where_it_lies() -> None:
    feed = read(ISSUE)
    assert texts(feed, "a:id/text()") == ["https://news.example.org/letter/"]
    assert texts(feed, "a:title/text()") == ["Brug & <Poort>"]
    assert texts(feed, "a:author/a:name/text()") == ["Brug & <Poort>"]
    assert texts(feed, "a:link[@rel='self']/@href") == [
        "https://news.example.org/letter/feed.xml"
    ]
    assert texts(feed, "a:link[@rel='alternate']/@href") == [
        "https://news.example.org/letter/"
    ]


def test_feed_changed_when_its_newest_issue_did() -> None:
    newest = texts(read(ARABIC, ISSUE), "a:updated/text()")
    assert newest == ["2026-05-01T14:00:00Z"]


def test_feed_says_the_language_of_each_issue() -> None:
    feed = read(ISSUE, ARABIC)
    said = [entry.get(LANGUAGE) for entry in feed.findall("a:entry", NAMES)]
    assert (feed.get(LANGUAGE), said) == ("nl", ["nl", "ar"])
    assert texts(feed, "a:entry/a:link/@hreflang") == ["nl", "ar"]


def test_feed_names_each_issue_once_and_with_one_page_of_a_kind() -> None:
    """RFC 4287, sections 4.1.1 and 4.2.6: ids are unique, as are alternate links."""
    feed = read(ISSUE, ARABIC, BARE)
    ids = texts(feed, "//a:id/text()")
    assert len(set(ids)) == len(ids) == 4
    for holder in [feed, *feed.findall("a:entry", NAMES)]:
        kinds = [
            (link.get("type"), link.get("hreflang"))
            for link in holder.findall("a:link[@rel='alternate']", NAMES)
        ]
        assert len(set(kinds)) == len(kinds) == 1


def test_feed_has_the_newest_twenty() -> None:
    many = [replace(ISSUE, slug=f"n{number}") for number in range(30)]
    ids = texts(read(*many), "a:entry/a:id/text()")
    assert [name.split("/")[-2] for name in ids] == [f"n{n}" for n in range(20)]


def test_feed_leaves_out_characters_that_xml_cannot_hold() -> None:
    title = "A\x00\x0b\ufffe\ud800B\U0001f4ee"
    assert texts(read(replace(ISSUE, title=title)), "//a:entry/a:title/text()") == [
        "AB\U0001f4ee"
    ]


def test_feed_of_the_same_issues_is_the_same_bytes() -> None:
    first = render_feed(LETTER, [ISSUE])
    assert first == render_feed(LETTER, [ISSUE])
    assert re.match(rb"<\?xml version='1.0' encoding='utf-8'\?>", first)
