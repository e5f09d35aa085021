from collections.abc import Callable
from dataclasses import replace

import pytest

from newsletter.checks.facts import Facts
from newsletter.checks.link_addresses import check_link_addresses
from newsletter.checks.link_names import forged_scripts, shown_host
from newsletter.model.assembled import Assembled, LinkUse
from newsletter.model.finding import Finding, Severity
from newsletter.model.link import CheckedLink, Judgement, Verdict
from newsletter.model.problem import Place

Assemble = Callable[..., Assembled]
FILE = "issues/2023-02.md"


def use(url: str, line: int = 14) -> LinkUse:
    return LinkUse(url, "the ruling", "text", Place(FILE, line, 5))


def findings(
    assemble: Assemble,
    facts: Facts,
    *uses: LinkUse,
    judgement: Judgement | None = None,
) -> list[Finding]:
    links = tuple(CheckedLink(each, judgement) for each in uses if judgement)
    assembled = replace(assemble(), links=uses)
    return check_link_addresses(assembled, replace(facts, links=links))


@pytest.mark.parametrize(
    "url",
    [
        "https://site.example/page",
        "mailto:info@site.example",
        "tel:+31201234567",
        "https://youtu.be/x",
        "https://aka.ms/x",
        "https://mybit.ly/x",
        "https://xn--bcher-kva.example/",
        "",
    ],
)
def test_usual_address_needs_no_words(
    assemble: Assemble, facts: Facts, url: str
) -> None:
    assert findings(assemble, facts, use(url)) == []


def test_link_without_encryption_is_reported(assemble: Assemble, facts: Facts) -> None:
    assert findings(assemble, facts, use("http://site.example/")) == [
        Finding(
            "link-http",
            Severity.WARNING,
            Place(FILE, 14, 5),
            '"the ruling" begins with http://: browsers call it not secure.',
            "Write https:// if the page opens with it.",
        )
    ]


def test_links_without_encryption_are_one_finding(
    assemble: Assemble, facts: Facts
) -> None:
    uses = [use(f"http://{n}.example/", line) for n, line in (("a", 3), ("b", 9))]
    (finding,) = findings(assemble, facts, *uses)
    assert finding.place == Place(FILE, 3, 5)
    assert finding.message == (
        "2 links begin with http:// (lines 3 and 9): "
        "browsers call their pages not secure."
    )


@pytest.mark.parametrize("verdict", [Verdict.MOVED, Verdict.BROKEN, Verdict.UNSAFE])
def test_link_without_encryption_is_told_once(
    assemble: Assemble, facts: Facts, verdict: Verdict
) -> None:
    judgement = Judgement(verdict, "it is so.")
    link = use("http://site.example/")
    assert findings(assemble, facts, link, judgement=judgement) == []


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://1.1.1.1/x", "1.1.1.1"),
        ("https://[2606:4700::1111]/", "2606:4700::1111"),
    ],
)
def test_number_instead_of_a_name_is_reported(
    assemble: Assemble, facts: Facts, url: str, host: str
) -> None:
    assert findings(assemble, facts, use(url)) == [
        Finding(
            "link-ip",
            Severity.WARNING,
            Place(FILE, 14, 5),
            f'"the ruling" leads to a number, {host}, not to the name of a site.',
            "Write the name of the site: readers and mail filters distrust numbers.",
        )
    ]


def test_number_of_several_links_is_told_once(assemble: Assemble, facts: Facts) -> None:
    uses = [use(f"https://1.1.1.1/{line}", line) for line in (14, 20, 21)]
    uses.append(use("https://8.8.8.8/", 30))
    one, other = findings(assemble, facts, *uses)
    assert one.place == Place(FILE, 14, 5)
    assert one.message == (
        '"the ruling" leads to a number, 1.1.1.1, not to the name of a site '
        "(also on lines 20 and 21)."
    )
    assert other.place == Place(FILE, 30, 5)


def test_forged_name_of_several_links_is_told_once(
    assemble: Assemble, facts: Facts
) -> None:
    uses = [use(f"https://xn--pypal-4ve.com/{line}", line) for line in (14, 20)]
    (finding,) = findings(assemble, facts, *uses)
    assert finding.message == (
        'the name "p\u0430ypal.com" has letters that look like others '
        "(Cyrillic and Latin; also on line 20)."
    )


def test_private_number_has_its_own_error(assemble: Assemble, facts: Facts) -> None:
    unsafe = Judgement(Verdict.UNSAFE, "it is private.")
    link = use("https://192.168.1.1/")
    assert findings(assemble, facts, link, judgement=unsafe) == []


def test_short_address_is_reported(assemble: Assemble, facts: Facts) -> None:
    assert findings(assemble, facts, use("https://bit.ly/3xYz")) == [
        Finding(
            "link-shortener",
            Severity.WARNING,
            Place(FILE, 14, 5),
            '"the ruling" (https://bit.ly/3xYz) hides where it leads.',
            "Open it, and write the address at which you arrive: "
            "mail filters distrust short ones.",
        )
    ]


def test_short_address_that_was_followed_is_replaced(
    assemble: Assemble, facts: Facts
) -> None:
    moved = Judgement(Verdict.MOVED, "it moved.", "https://site.example/page")
    link = use("https://www.tinyurl.com/x")
    (finding,) = findings(assemble, facts, link, judgement=moved)
    assert finding.advice == "Write https://site.example/page."


def test_forged_name_is_reported(assemble: Assemble, facts: Facts) -> None:
    assert findings(assemble, facts, use("https://xn--pypal-4ve.com/")) == [
        Finding(
            "link-homograph",
            Severity.WARNING,
            Place(FILE, 14, 5),
            'the name "p\u0430ypal.com" has letters that look like others '
            "(Cyrillic and Latin).",
            "Copy the address from the site itself: forged names look like this.",
        )
    ]


@pytest.mark.parametrize(
    ("host", "scripts"),
    [
        ("example.org", ()),
        ("bücher.example", ()),
        ("пример.рф", ()),
        ("пример.com", ()),
        ("παράδειγμα.gr", ()),
        ("مثال.com", ()),
        ("日本語サイト.jp", ()),
        ("abc日本.jp", ()),
        ("한국abc.kr", ()),
        ("i❤.ws", ()),
        ("\u0430\u0440\u0440\u04cf\u0435.com", ("Cyrillic",)),
        ("с\u0430р.рф", ()),
        ("ex\u0430mple.org", ("Cyrillic", "Latin")),
        ("g\u03bfogle.com", ("Greek", "Latin")),
    ],
)
def test_forged_names_are_told_from_those_of_other_languages(
    host: str, scripts: tuple[str, ...]
) -> None:
    assert forged_scripts(host) == scripts


@pytest.mark.parametrize(
    ("host", "shown"),
    [
        ("XN--BCHER-KVA.example", "bücher.example"),
        ("xn--\u00e4.example", "xn--\u00e4.example"),
        ("plain.example", "plain.example"),
    ],
)
def test_host_is_shown_in_its_own_letters(host: str, shown: str) -> None:
    assert shown_host(host) == shown
