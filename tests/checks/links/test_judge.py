import pytest

from newsletter.checks.links.judge import (
    judge,
    needs_second_look,
    shows_no_network,
)
from newsletter.model.link import Fault, Hop, Judgement, Observation, Verdict

URL = "https://site.example/page"


def status(code: int, wait: int | None = None) -> Observation:
    return Observation(URL, status=code, retry_after_seconds=wait)


def fault(what: Fault) -> Observation:
    return Observation(URL, fault=what)


@pytest.mark.parametrize(
    ("code", "verdict", "reason"),
    [
        (200, Verdict.OK, ""),
        (204, Verdict.OK, ""),
        (206, Verdict.OK, ""),
        (300, Verdict.BLOCKED, "the site lets no program look at this page."),
        (304, Verdict.BLOCKED, "the site lets no program look at this page."),
        (400, Verdict.BLOCKED, "the site lets no program look at this page."),
        (401, Verdict.BLOCKED, "the page asks for a password."),
        (403, Verdict.BLOCKED, "the site lets no program look at this page."),
        (404, Verdict.BROKEN, "the page does not exist."),
        (405, Verdict.BLOCKED, "the site lets no program look at this page."),
        (410, Verdict.BROKEN, "the page has been taken away for good."),
        (418, Verdict.BLOCKED, "the site lets no program look at this page."),
        (
            429,
            Verdict.RATE_LIMITED,
            "site.example asks to be left alone for a while.",
        ),
        (451, Verdict.BLOCKED, "the page is withheld for legal reasons."),
        (500, Verdict.TIMEOUT, "site.example has a fault at this moment."),
        (503, Verdict.TIMEOUT, "site.example has a fault at this moment."),
        (999, Verdict.BLOCKED, "the site lets no program look at this page."),
    ],
)
def test_status_seen_twice_is_judged(code: int, verdict: Verdict, reason: str) -> None:
    expected = Judgement(verdict, reason, status=code)
    assert judge([status(code), status(code)]) == expected


def test_overloaded_site_that_names_a_time_is_rate_limited() -> None:
    assert judge([status(503, wait=120)]).verdict is Verdict.RATE_LIMITED


@pytest.mark.parametrize(
    ("what", "verdict", "reason"),
    [
        (
            Fault.NAME_UNKNOWN,
            Verdict.BROKEN,
            'there is no site called "site.example".',
        ),
        (
            Fault.NAME_UNSURE,
            Verdict.TIMEOUT,
            'the name "site.example" could not be looked up at this moment.',
        ),
        (
            Fault.OTHER_PROGRAM,
            Verdict.BLOCKED,
            "it passes its visitors on to another program (mail, telephone or an app), "
            "where nobody can follow from here.",
        ),
        (Fault.REFUSED, Verdict.BROKEN, "nothing answers at site.example."),
        (
            Fault.UNREACHABLE,
            Verdict.TIMEOUT,
            "site.example could not be reached from here.",
        ),
        (Fault.TIMEOUT, Verdict.TIMEOUT, "site.example did not answer in time."),
        (
            Fault.PROTOCOL,
            Verdict.BLOCKED,
            "site.example broke off, or answered in a way that could not be read.",
        ),
        (
            Fault.CERTIFICATE_EXPIRED,
            Verdict.UNSAFE,
            "the certificate of site.example is out of date: "
            "browsers warn their visitors.",
        ),
        (
            Fault.CERTIFICATE_NAME,
            Verdict.UNSAFE,
            "the certificate of site.example is for another site: "
            "browsers warn their visitors.",
        ),
        (
            Fault.CERTIFICATE_SELF_SIGNED,
            Verdict.UNSAFE,
            "site.example vouches for itself only: browsers warn their visitors.",
        ),
        (
            Fault.CERTIFICATE_UNSURE,
            Verdict.BLOCKED,
            "the certificate of site.example could not be verified from this computer.",
        ),
        (
            Fault.PRIVATE_ADDRESS,
            Verdict.UNSAFE,
            "it leads into a private network or a single computer, "
            "where readers are not.",
        ),
        (
            Fault.UNUSUAL_PORT,
            Verdict.BLOCKED,
            "its port is one that web pages seldom use, so it was not asked.",
        ),
        (
            Fault.TOO_MANY_REDIRECTS,
            Verdict.BROKEN,
            "it passes its visitors on and on, and never arrives.",
        ),
        (
            Fault.BAD_REDIRECT,
            Verdict.UNSAFE,
            "it passes its visitors on to something that is not a web page.",
        ),
    ],
)
def test_fault_seen_twice_is_judged(what: Fault, verdict: Verdict, reason: str) -> None:
    assert judge([fault(what), fault(what)]) == Judgement(verdict, reason)


def test_every_fault_is_judged() -> None:
    for what in Fault:
        assert judge([fault(what)]).reason


@pytest.mark.parametrize(
    "looks",
    [
        [status(404)],
        [fault(Fault.TIMEOUT), status(404)],
        [status(500), status(410)],
        [fault(Fault.NAME_UNSURE), fault(Fault.REFUSED)],
    ],
)
def test_what_is_seen_once_is_not_broken(looks: list[Observation]) -> None:
    judged = judge(looks)
    assert judged.verdict is Verdict.TIMEOUT
    assert judged.reason == "it did not give the same answer twice."


def test_two_ways_of_being_gone_are_broken() -> None:
    looks = [fault(Fault.REFUSED), status(404)]
    assert judge(looks).verdict is Verdict.BROKEN


def test_last_look_counts_when_it_is_good() -> None:
    assert judge([status(404), status(200)]).verdict is Verdict.OK


def test_nothing_is_judged_without_a_network() -> None:
    judged = judge([fault(Fault.NAME_UNKNOWN)] * 2, has_network=False)
    reason = "it was not checked: this computer has no network."
    assert judged == Judgement(Verdict.TIMEOUT, reason)


@pytest.mark.parametrize(
    ("hops", "new_url"),
    [
        ([301], "https://new.example/1"),
        ([308], "https://new.example/1"),
        ([301, 308], "https://new.example/2"),
        ([301, 302], "https://new.example/1"),
        ([302], ""),
        ([302, 301], ""),
        ([303, 307], ""),
    ],
)
def test_new_address_is_taken_as_far_as_it_is_for_good(
    hops: list[int], new_url: str
) -> None:
    steps = tuple(
        Hop(code, f"https://new.example/{number}")
        for number, code in enumerate(hops, start=1)
    )
    judged = judge([Observation(URL, steps, status=200)])
    assert judged.new_url == new_url
    assert judged.verdict is (Verdict.MOVED if new_url else Verdict.OK)


def test_permanent_way_back_to_the_same_address_is_no_move() -> None:
    hops = (Hop(301, "https://site.example/x"), Hop(301, f"{URL}#part"))
    assert judge([Observation(URL, hops, status=200)]).verdict is Verdict.OK


def test_move_to_a_page_that_is_gone_is_broken() -> None:
    look = Observation(URL, (Hop(301, "https://new.example/x"),), status=404)
    assert judge([look, look]).verdict is Verdict.BROKEN


def test_reason_names_the_last_host_of_a_chain() -> None:
    look = Observation(URL, (Hop(302, "https://other.example/x"),), status=500)
    assert judge([look]).reason == "other.example has a fault at this moment."


@pytest.mark.parametrize(
    ("look", "expected"),
    [
        (status(200), False),
        (status(403), False),
        (status(404), True),
        (status(500), True),
        (status(429), True),
        (status(429, wait=10), True),
        (status(429, wait=11), False),
        (fault(Fault.TIMEOUT), True),
        (fault(Fault.NAME_UNKNOWN), True),
        (fault(Fault.PROTOCOL), True),
        (fault(Fault.PRIVATE_ADDRESS), False),
        (fault(Fault.CERTIFICATE_EXPIRED), False),
    ],
)
def test_second_look_is_taken_where_it_may_matter(
    look: Observation, expected: bool
) -> None:
    assert needs_second_look(look) is expected


@pytest.mark.parametrize(
    ("looks", "expected"),
    [
        ([fault(Fault.NAME_UNSURE)], True),
        ([fault(Fault.NAME_UNKNOWN)], True),
        ([fault(Fault.UNREACHABLE)], True),
        ([fault(Fault.NAME_UNSURE), fault(Fault.TIMEOUT)], True),
        ([fault(Fault.TIMEOUT)], False),
        ([fault(Fault.NAME_UNKNOWN), status(404)], False),
        ([fault(Fault.NAME_UNKNOWN), fault(Fault.REFUSED)], False),
        ([fault(Fault.PRIVATE_ADDRESS)], False),
        ([], False),
    ],
)
def test_missing_network_is_told_from_missing_sites(
    looks: list[Observation], expected: bool
) -> None:
    assert shows_no_network(looks) is expected
