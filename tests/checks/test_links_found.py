from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from newsletter.checks.facts import Facts
from newsletter.checks.links_found import check_links_found
from newsletter.model.assembled import Assembled, LinkUse
from newsletter.model.finding import Finding, Severity
from newsletter.model.link import (
    BrokenAddress,
    CheckedBreak,
    CheckedLink,
    History,
    Judgement,
    Verdict,
)
from newsletter.model.problem import Place

Assemble = Callable[..., Assembled]
PLACE = Place("issues/2023-02.md", 14, 5)
URL = "https://site.example/page"


def found(
    assemble: Assemble, facts: Facts, judgement: Judgement, url: str = URL
) -> list[Finding]:
    link = CheckedLink(LinkUse(url, "the ruling", "text", PLACE), judgement)
    return check_links_found(assemble(), replace(facts, links=(link,)))


def test_good_link_needs_no_words(assemble: Assemble, facts: Facts) -> None:
    assert found(assemble, facts, Judgement(Verdict.OK, status=200)) == []


@pytest.mark.parametrize(
    ("verdict", "rule", "severity", "advice"),
    [
        (
            Verdict.BROKEN,
            "link-broken",
            Severity.ERROR,
            "Find its new address, or take the link out. An archive may have it: "
            "https://web.archive.org/web/20230214/https://site.example/page",
        ),
        (
            Verdict.SUSPECT,
            "link-suspect",
            Severity.WARNING,
            "Open it, and write the address of the page you mean.",
        ),
        (
            Verdict.INVALID,
            "link-invalid",
            Severity.ERROR,
            "Copy the address again from the browser.",
        ),
        (
            Verdict.UNSAFE,
            "link-unsafe",
            Severity.ERROR,
            "Find a public address, or take the link out.",
        ),
        (
            Verdict.BLOCKED,
            "link-blocked",
            Severity.WARNING,
            "Open it yourself to see whether it works.",
        ),
        (
            Verdict.RATE_LIMITED,
            "link-rate-limited",
            Severity.WARNING,
            "Check again in an hour.",
        ),
        (
            Verdict.TIMEOUT,
            "link-timeout",
            Severity.WARNING,
            "Check again later, or open it yourself.",
        ),
    ],
)
def test_doubtful_link_is_reported(
    assemble: Assemble,
    facts: Facts,
    verdict: Verdict,
    rule: str,
    severity: Severity,
    advice: str,
) -> None:
    message = '"the ruling" (https://site.example/page): the reason.'
    assert found(assemble, facts, Judgement(verdict, "the reason.")) == [
        Finding(rule, severity, PLACE, message, advice)
    ]


def test_moved_link_is_reported_with_its_new_address(
    assemble: Assemble, facts: Facts
) -> None:
    judgement = Judgement(Verdict.MOVED, "it moved.", "https://new.example/page")
    message = '"the ruling" (https://site.example/page): it moved.'
    advice = "Write https://new.example/page."
    assert found(assemble, facts, judgement) == [
        Finding("link-moved", Severity.INFO, PLACE, message, advice)
    ]


def test_page_moved_to_a_front_page_is_to_be_looked_at(
    assemble: Assemble, facts: Facts
) -> None:
    judgement = Judgement(Verdict.MOVED, "it moved.", "https://new.example/")
    (finding,) = found(assemble, facts, judgement)
    assert finding.advice == (
        "It now leads to a front page, https://new.example/: "
        "look whether your page is there."
    )


def test_front_page_moved_to_a_front_page_is_written_anew(
    assemble: Assemble, facts: Facts
) -> None:
    judgement = Judgement(Verdict.MOVED, "it moved.", "https://new.example/")
    (finding,) = found(assemble, facts, judgement, "http://site.example")
    assert finding.advice == "Write https://new.example/."


def test_long_address_is_shortened(assemble: Assemble, facts: Facts) -> None:
    url = "https://site.example/" + "a" * 100
    (finding,) = found(assemble, facts, Judgement(Verdict.BROKEN, "gone."), url)
    assert finding.message == f'"the ruling" ({url[:69]}…): gone.'


def test_address_that_stands_twice_is_told_once(
    assemble: Assemble, facts: Facts
) -> None:
    gone = Judgement(Verdict.BROKEN, "the page does not exist.")
    other = Place("issues/2023-02.md", 40, 1)
    links = tuple(
        CheckedLink(LinkUse(URL, words, "text", place), gone)
        for words, place in (("the ruling", PLACE), ("again", other))
    )
    (finding,) = check_links_found(assemble(), replace(facts, links=links))
    assert finding.place == PLACE
    assert finding.message == (
        '"the ruling" (https://site.example/page): the page does not exist. '
        "The address stands on lines 14 and 40."
    )


@pytest.mark.parametrize(
    ("verdict", "checks", "said"),
    [
        (Verdict.BROKEN, 3, "it is gone; broken in 3 checks since 2 March 2022."),
        (Verdict.BLOCKED, 2, "it is gone; so in 2 checks since 2 March 2022."),
        (Verdict.BROKEN, 1, "it is gone."),
        # It stays moved, and works: how long is no news.
        (Verdict.MOVED, 9, "it is gone."),
    ],
)
def test_link_that_was_so_before_is_told_with_its_history(
    assemble: Assemble, facts: Facts, verdict: Verdict, checks: int, said: str
) -> None:
    # 23:30 in UTC is the next day in Amsterdam.
    since = datetime(2022, 3, 1, 23, 30, tzinfo=UTC)
    link = CheckedLink(
        LinkUse(URL, "the ruling", "text", PLACE),
        Judgement(verdict, "it is gone."),
        History(verdict, checks, since),
    )
    (finding,) = check_links_found(assemble(), replace(facts, links=(link,)))
    assert finding.message == f'"the ruling" ({URL}): {said}'


def test_site_that_asks_for_rest_is_told_once(assemble: Assemble, facts: Facts) -> None:
    rest = Judgement(Verdict.RATE_LIMITED, "site.example asks to be left alone.")
    uses = [
        LinkUse(f"{URL}/{line}", "the ruling", "text", Place(PLACE.file, line, 5))
        for line in (14, 15, 30)
    ]
    uses.append(LinkUse("https://b.example/", "the bill", "text", PLACE))
    links = tuple(CheckedLink(use, rest) for use in uses)
    site, other = check_links_found(assemble(), replace(facts, links=links))
    assert site == Finding(
        "link-rate-limited",
        Severity.WARNING,
        Place(PLACE.file, 14, 5),
        "3 links could not be looked at (lines 14, 15 and 30): "
        "site.example asks to be left alone.",
        "Check again in an hour.",
    )
    assert other.message.startswith('"the bill" (https://b.example/): ')


def test_short_address_that_moved_is_left_to_its_own_rule(
    assemble: Assemble, facts: Facts
) -> None:
    moved = Judgement(Verdict.MOVED, "it moved.", "https://site.example/page")
    assert found(assemble, facts, moved, "https://bit.ly/3xYz") == []


def test_address_broken_over_two_lines_is_left_to_its_own_rule(
    assemble: Assemble, facts: Facts
) -> None:
    link = CheckedLink(LinkUse(URL, URL, "text", PLACE), Judgement(Verdict.BROKEN, "."))
    broken = CheckedBreak(BrokenAddress(PLACE, URL, "-more", (f"{URL}-more",)))
    both = replace(facts, links=(link,), breaks=(broken,))
    assert check_links_found(assemble(), both) == []


def test_missing_network_is_said_once(assemble: Assemble, facts: Facts) -> None:
    use = LinkUse(URL, "the ruling", "text", PLACE)
    unasked = CheckedLink(use, Judgement(Verdict.TIMEOUT, "no network."))
    wrong = CheckedLink(use, Judgement(Verdict.INVALID, "no address."))
    offline = replace(facts, links=(unasked, unasked, wrong), has_network=False)
    invalid, unchecked = check_links_found(assemble(), offline)
    assert invalid.rule == "link-invalid"
    assert unchecked == Finding(
        "links-unchecked",
        Severity.WARNING,
        Place("issues/2023-02.md"),
        "links were not checked: this computer has no network.",
        "Check again when it has, or use --offline to leave them out.",
    )


@pytest.mark.parametrize(
    ("url", "verdict", "advice"),
    [
        (
            "mailto:info@site.example",
            Verdict.BROKEN,
            "Ask how the address is written, or take it out.",
        ),
        (
            "mailto:info",
            Verdict.INVALID,
            "Write it like mailto:name@example.org.",
        ),
        ("tel:call-us", Verdict.INVALID, "Write it like tel:+31201234567."),
    ],
)
def test_advice_for_what_is_in_no_browser_speaks_of_none(
    assemble: Assemble, facts: Facts, url: str, verdict: Verdict, advice: str
) -> None:
    [finding] = found(assemble, facts, Judgement(verdict, "a reason."), url)
    assert finding.advice == advice
