import pytest

from newsletter.checks.links.plan import (
    OwnPages,
    conclude_breaks,
    conclude_links,
    plan_links,
)
from newsletter.model.assembled import LinkKind, LinkUse
from newsletter.model.link import (
    BrokenAddress,
    CheckedBreak,
    CheckedLink,
    Hop,
    Judgement,
    Observation,
    PageFacts,
    Sightings,
    Verdict,
)
from newsletter.model.problem import Place

OWN = OwnPages("https://letters.example", "2023-02")


def use(url: str, line: int = 1, kind: LinkKind = "text") -> LinkUse:
    return LinkUse(url, "words", kind, Place("issues/2023-02.md", line, 1))


def asked(*urls: str) -> dict[str, str]:
    return dict(plan_links([use(url) for url in urls], OWN).asked)


def test_web_addresses_are_asked_and_others_known() -> None:
    uses = [use("https://a.example/é"), use("mailto:me@a.example"), use("https://x")]
    plan = plan_links(uses, OWN)
    assert plan.asked == {
        "https://a.example/é": "https://a.example/%C3%A9",
        "mailto:me@a.example": "mailto:@a.example",
    }
    reason = '"x" has no dot, so it is not the name of a public site.'
    assert plan.known == {
        "mailto:me@a.example": Judgement(Verdict.OK),
        "https://x": Judgement(Verdict.INVALID, reason),
    }


def test_promised_links_and_our_own_are_left_out() -> None:
    plan = plan_links([use(""), use("https://a.example/", kind="own")], OWN)
    assert (plan.asked, plan.known) == ({}, {})


def test_address_of_one_reader_is_never_asked() -> None:
    url = "https://Letters.example/u/abc"
    plan = plan_links([use(url)], OWN)
    assert plan.asked == {}
    assert plan.known == {
        url: Judgement(
            Verdict.UNSAFE,
            "it is one reader's own address: "
            "who opens it can take that reader off the list.",
        )
    }


@pytest.mark.parametrize(
    ("url", "is_personal"),
    [
        ("https://letters.example/u/abc", True),
        ("http://letters.example/u/abc", True),
        ("https://LETTERS.example:443/U/abc", True),
        ("https://letters.example./u/abc", True),
        ("https://me@letters.example/u/abc", True),
        ("https://letters.example/%75/abc", True),
        ("https://letters.example//u/abc", True),
        ("https://letters.example/x/../u/abc", True),
        ("https://letters.example/u%2Fabc", True),
        ("https://letters.example/u/", True),
        ("https://letters.example/confirm/abc", True),
        ("https://letters.example/u", False),
        ("https://letters.example/uitspraak", False),
        ("https://letters.example/2023-01/u/abc", False),
        ("https://letters.example:8443/u/abc", False),
        ("https://letters.example.org/u/abc", False),
        ("https://other.example/?to=https://letters.example/u/abc", False),
        ("https://[letters.example/u/abc", False),
    ],
)
def test_address_of_one_reader_is_known_in_every_spelling(
    url: str, is_personal: bool
) -> None:
    assert OWN.is_personal(url) is is_personal


def test_page_that_is_yet_to_come_is_not_asked() -> None:
    assert asked("https://letters.example/2023-02/photo.jpg") == {}


def test_earlier_page_of_ours_is_asked() -> None:
    url = "https://letters.example/2023-01/"
    assert asked(url) == {url: url}


def test_nothing_is_ours_without_pages() -> None:
    url = "https://a.example/u/abc"
    assert plan_links([use(url)], OwnPages()).asked == {url: url}


def test_each_use_gets_the_judgement_of_its_address() -> None:
    first, second = use("https://a.example/#x", 3), use("https://a.example/#y", 9)
    plan = plan_links([first, second], OWN)
    look = Observation("https://a.example/", status=200)
    seen = Sightings({"https://a.example/": (look,)})
    fine = Judgement(Verdict.OK, status=200)
    assert conclude_links([first, second], plan, seen) == (
        CheckedLink(first, fine),
        CheckedLink(second, fine),
    )


def test_new_address_keeps_the_place_in_the_page() -> None:
    one = use("https://a.example/#x")
    look = Observation("https://a.example/", (Hop(301, "https://b.example/"),), 200)
    seen = Sightings({"https://a.example/": (look,)})
    (link,) = conclude_links([one], plan_links([one], OWN), seen)
    assert link.judgement.new_url == "https://b.example/#x"


def test_what_was_not_asked_is_left_out() -> None:
    uses = [use("https://a.example/"), use("tel:+31201234567")]
    links = conclude_links(uses, plan_links(uses, OWN), None)
    assert links == (CheckedLink(uses[1], Judgement(Verdict.OK)),)


def test_password_in_an_address_is_not_reported() -> None:
    uses = [use("https://me:secret@a.example/")]
    (link,) = conclude_links(uses, plan_links(uses, OWN), None)
    assert link.use.url == "https://a.example/"
    assert link.judgement.verdict is Verdict.UNSAFE


def test_invisible_character_is_told_of_a_page_that_is_gone() -> None:
    one = use("https://a.example/a%E2%80%8Bb")
    look = Observation(one.url, status=404)
    seen = Sightings({one.url: (look, look)})
    (link,) = conclude_links([one], plan_links([one], OWN), seen)
    assert link.judgement == Judgement(
        Verdict.BROKEN,
        "the page does not exist. It holds an invisible character (U+200B).",
        status=404,
    )


def test_missing_place_in_a_page_is_that_of_one_use_only() -> None:
    uses = [use("https://a.example/p#there", 3), use("https://a.example/p#gone", 9)]
    page = PageFacts("text/html", anchors=("there",), is_whole=True)
    look = Observation("https://a.example/p", status=200, page=page)
    plan = plan_links(uses, OWN)
    seen = Sightings({"https://a.example/p": (look,)})
    first, second = conclude_links(uses, plan, seen)
    assert first.judgement.verdict is Verdict.OK
    assert second.judgement.verdict is Verdict.SUSPECT


BROKEN_ADDRESS = BrokenAddress(
    Place("issues/2023-02.md", 3, 1),
    "https://a.example/good-",
    "news",
    ("https://a.example/good-news", "https://a.example/goodnews"),
)


def test_every_part_of_a_broken_address_is_asked() -> None:
    plan = plan_links([], OWN, breaks=(BROKEN_ADDRESS,))
    urls = (BROKEN_ADDRESS.first, *BROKEN_ADDRESS.joins)
    assert plan.asked == {url: url for url in urls}


def test_joins_of_a_broken_address_are_judged() -> None:
    plan = plan_links([], OWN, breaks=(BROKEN_ADDRESS,))
    kept, dropped = BROKEN_ADDRESS.joins
    gone = Observation(dropped, status=404)
    seen = Sightings({kept: (Observation(kept, status=200),), dropped: (gone, gone)})
    (checked,) = conclude_breaks(plan, seen)
    assert checked == CheckedBreak(
        BROKEN_ADDRESS,
        {
            kept: Judgement(Verdict.OK, status=200),
            dropped: Judgement(Verdict.BROKEN, "the page does not exist.", status=404),
        },
    )


def test_joins_that_nobody_asked_have_no_judgement() -> None:
    plan = plan_links([], OWN, breaks=(BROKEN_ADDRESS,))
    assert conclude_breaks(plan, None) == (CheckedBreak(BROKEN_ADDRESS),)


def test_join_that_is_a_readers_own_address_is_not_asked() -> None:
    own = "https://letters.example/u/abc"
    broken = BrokenAddress(Place("x.md", 1, 1), own[:-1], "c", (own,))
    plan = plan_links([], OWN, breaks=(broken,))
    assert plan.asked == {}
