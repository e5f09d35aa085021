from collections.abc import Callable
from dataclasses import replace

import pytest

from newsletter.checks.facts import Facts
from newsletter.checks.links_found import check_links_found
from newsletter.model.assembled import Assembled, LinkUse
from newsletter.model.finding import Finding, Severity
from newsletter.model.link import CheckedLink, Judgement, Verdict
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
            "Find its new address, or take the link out.",
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
