from collections.abc import Callable
from dataclasses import replace

import pytest

from newsletter.checks.facts import Facts
from newsletter.checks.link_mismatch import check_link_mismatch
from newsletter.model.assembled import Assembled, LinkKind, LinkUse
from newsletter.model.finding import Finding, Severity
from newsletter.model.problem import Place

Assemble = Callable[..., Assembled]
PLACE = Place("issues/2023-02.md", 14, 5)


def findings(
    assemble: Assemble, facts: Facts, words: str, url: str, kind: LinkKind = "text"
) -> list[Finding]:
    links = (LinkUse(url, words, kind, PLACE),)
    return check_link_mismatch(replace(assemble(), links=links), facts)


@pytest.mark.parametrize(
    ("words", "said", "url"),
    [
        ("www.bank.example", "www.bank.example", "https://other.example/"),
        ("https://bank.example/a", "https://bank.example/a", "https://b.example/a"),
        ("bank.nl", "bank.nl", "https://other.example/"),
        ("Ga naar www.bank.nl.", "www.bank.nl", "https://other.nl/"),
        ("info@bank.nl", "info@bank.nl", "mailto:other@bank.nl"),
        ("mail info@bank.nl", "info@bank.nl", "https://other.nl/contact"),
        ("bank.nl", "bank.nl", "https://bit.ly/x"),
        ("bank.nl", "bank.nl", "mailto:info@other.nl"),
        ("bank.co.uk", "bank.co.uk", "https://other.co.uk/"),
        ("X.com", "X.com", "https://other.example/"),
    ],
)
def test_words_that_are_another_address_are_reported(
    assemble: Assemble, facts: Facts, words: str, said: str, url: str
) -> None:
    assert findings(assemble, facts, words, url) == [
        Finding(
            "link-mismatch",
            Severity.ERROR,
            PLACE,
            f'the words "{said}" are one address, and the link leads to '
            f"another: {url}.",
            "Write what is found there as words, or make both the same address.",
        )
    ]


def test_words_that_are_another_page_of_the_same_site_are_asked_about(
    assemble: Assemble, facts: Facts
) -> None:
    url = "https://www.town.nl/districts/east/"
    assert findings(assemble, facts, "town.nl/east", url) == [
        Finding(
            "link-mismatch-page",
            Severity.WARNING,
            PLACE,
            'the words "town.nl/east" name one page, and the link leads to another of '
            f"the same site: {url}.",
            "Look whether both are meant, or write what is found there as words.",
        )
    ]


@pytest.mark.parametrize(
    ("words", "url"),
    [
        ("the ruling", "https://other.example/"),
        ("https://site.example/a", "https://site.example/a"),
        ("http://site.example/a/", "https://www.site.example/a"),
        ("site.example", "https://www.site.example/"),
        ("www.site.example", "https://site.example/a/b?c=d"),
        ("site.nl/a", "https://site.nl/a/b"),
        ("site.nl/a…", "https://site.nl/abc/def"),
        ("site.nl/a…/z.pdf", "https://site.nl/abc/z.pdf"),
        ("site.nl/A%20B", "https://site.nl/a b"),
        ("nieuws.site.nl", "https://site.nl/"),
        ("bücher.example", "https://xn--bcher-kva.example/"),
        ("info@site.nl", "mailto:INFO@site.nl?subject=Hallo"),
        ("info@site.nl", "mailto:board@site.nl,info@site.nl"),
        ("info@site.nl", "https://www.site.nl/contact"),
        ("site.nl", "mailto:info@site.nl"),
        ("rapport.pdf", "https://other.example/x"),
        ("release-4.2.tar.gz", "https://other.example/x"),
        ("S.Jansen", "https://other.example/x"),
        ("J.P.Bakker-Özdemir", "https://other.example/x"),
        ("mailto:info@site.nl", "mailto:info@site.nl"),
        ("ASP.NET", "https://other.example/x"),
        ("art. 8 EVRM", "https://other.example/x"),
        ("art.8", "https://other.example/x"),
        ("ECLI:NL:RBDHA:2023:1296", "https://deeplink.rechtspraak.nl/uitspraak?id=x"),
        ("o.a. in Utrecht", "https://other.example/x"),
        ("Petitie: teken nu op amnesty.nl", "https://other.example/x"),
        ("", "https://other.example/x"),
        ("www.site.nl", ""),
    ],
)
def test_words_that_say_where_it_leads_are_fine(
    assemble: Assemble, facts: Facts, words: str, url: str
) -> None:
    assert findings(assemble, facts, words, url) == []


@pytest.mark.parametrize("kind", ["event", "image", "own"])
def test_words_that_are_no_words_of_the_link_are_left_alone(
    assemble: Assemble, facts: Facts, kind: LinkKind
) -> None:
    assert findings(assemble, facts, "bank.nl", "https://other.nl/", kind) == []
