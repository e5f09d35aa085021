from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pytest

from newsletter.doctor.alignment import judge_alignment, plan_alignment
from newsletter.doctor.dmarc import judge_dmarc, plan_dmarc
from newsletter.doctor.dmarc_walk import (
    is_dmarc,
    organizational_domain,
    policy_of,
    steps_of,
    walk_questions,
)
from newsletter.doctor.records import Question, Records
from newsletter.doctor.sending import Sending, SigningKey
from newsletter.model.diagnosis import Diagnosis

if TYPE_CHECKING:
    from tests.doctor.conftest import Gather, Zone

Told = Callable[[list[Diagnosis]], list[str]]


def judged(
    gather: "Gather", zone: "Zone", author: str = "bond.test"
) -> list[Diagnosis]:
    sending = Sending(author, author)

    def plan(records: Records) -> Iterator[Question]:
        return plan_dmarc(sending, records)

    return judge_dmarc(sending, gather(zone, plan))


def record(text: str) -> "Zone":
    return {"bond.test A": ["192.0.2.1"], "_dmarc.bond.test TXT": [text]}


def walked(gather: "Gather", zone: "Zone", *domains: str) -> Records:
    questions = [one for domain in domains for one in walk_questions(domain)]
    return gather(zone, lambda _: questions)


@pytest.mark.parametrize(
    ("domain", "steps"),
    [
        ("bond.test", ["bond.test", "test"]),
        (
            "a.mail.bond.test",
            ["a.mail.bond.test", "mail.bond.test", "bond.test", "test"],
        ),
        (
            "a.b.c.d.e.f.g.h.i.test",
            [
                "a.b.c.d.e.f.g.h.i.test",
                "d.e.f.g.h.i.test",
                "e.f.g.h.i.test",
                "f.g.h.i.test",
                "g.h.i.test",
                "h.i.test",
                "i.test",
                "test",
            ],
        ),
        (
            "b.c.d.e.f.g.h.test",
            [
                "b.c.d.e.f.g.h.test",
                "c.d.e.f.g.h.test",
                "d.e.f.g.h.test",
                "e.f.g.h.test",
                "f.g.h.test",
                "g.h.test",
                "h.test",
                "test",
            ],
        ),
    ],
)
def test_walk_goes_up_in_at_most_eight_steps(domain: str, steps: list[str]) -> None:
    assert steps_of(domain) == steps


@pytest.mark.parametrize(
    ("zone", "domain", "organisation", "policy"),
    [
        # Nothing anywhere: the domain is its own organisation.
        ({}, "mail.bond.test", "mail.bond.test", None),
        # The one with the fewest labels.
        (
            {
                "_dmarc.mail.bond.test TXT": ["v=DMARC1; p=none"],
                "_dmarc.bond.test TXT": ["v=DMARC1; p=reject"],
            },
            "mail.bond.test",
            "bond.test",
            "mail.bond.test",
        ),
        (
            {"_dmarc.bond.test TXT": ["v=DMARC1; p=reject"]},
            "mail.bond.test",
            "bond.test",
            "bond.test",
        ),
        # psd=n says: here it ends.
        (
            {
                "_dmarc.mail.bond.test TXT": ["v=DMARC1; p=none; psd=n"],
                "_dmarc.bond.test TXT": ["v=DMARC1; p=reject"],
            },
            "a.mail.bond.test",
            "mail.bond.test",
            "mail.bond.test",
        ),
        # psd=y says: the organisation is one label below.
        (
            {"_dmarc.test TXT": ["v=DMARC1; p=reject; psd=y"]},
            "a.bond.test",
            "bond.test",
            "test",
        ),
        (
            {
                "_dmarc.test TXT": ["v=DMARC1; p=reject; psd=y"],
                "_dmarc.bond.test TXT": ["v=DMARC1; p=none"],
            },
            "a.bond.test",
            "bond.test",
            "bond.test",
        ),
        # A public suffix that sends mail itself.
        (
            {"_dmarc.gov.test TXT": ["v=DMARC1; p=reject; psd=y"]},
            "gov.test",
            "gov.test",
            "gov.test",
        ),
        # Two records at one name are none.
        (
            {
                "_dmarc.mail.bond.test TXT": ["v=DMARC1; p=none", "v=DMARC1; p=reject"],
                "_dmarc.bond.test TXT": ["v=DMARC1; p=reject"],
            },
            "mail.bond.test",
            "bond.test",
            "bond.test",
        ),
    ],
)
def test_organisation_and_policy_are_found_by_the_walk(
    gather: "Gather", zone: "Zone", domain: str, organisation: str, policy: str | None
) -> None:
    records = walked(gather, zone, domain)
    assert organizational_domain(domain, records) == organisation
    found = policy_of(domain, records)
    assert (found.domain if found else None) == policy


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        ("v=DMARC1; p=none", True),
        ("v=DMARC1", True),
        ("v = DMARC1 ;p=none", True),
        ("V=DMARC1;", True),
        ("v=dmarc1; p=none", False),
        ("p=none; v=DMARC1", False),
        ("v=DMARC10; p=none", False),
        ("v=spf1 -all", False),
    ],
)
def test_version_comes_first_and_in_capitals(text: str, is_one: bool) -> None:
    assert is_dmarc(text) is is_one


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("v=DMARC1; p=reject", ["ok: bond.test has the policy p=reject."]),
        (
            "v=DMARC1; p=none; rua=mailto:dmarc@bond.test",
            [
                "ok: bond.test has the policy p=none.",
                "info: the policy of bond.test lets forgeries through (none).",
            ],
        ),
        (
            "v=DMARC1; p=quarantine; pct=20; ri=86400",
            [
                "ok: bond.test has the policy p=quarantine.",
                "warning: the DMARC record of bond.test has pct=20, ri=86400, "
                "which the "
                "standard no longer knows (RFC 9989): newer receivers apply the policy "
                "to all mail.",
            ],
        ),
        (
            "v=DMARC1; p=reject; pct=100",
            [
                "ok: bond.test has the policy p=reject.",
                "info: the DMARC record of bond.test has pct=100, which the "
                "standard no "
                "longer knows (RFC 9989).",
            ],
        ),
        (
            "v=DMARC1; p=reject; t=y",
            [
                "ok: bond.test has the policy p=reject.",
                "info: the policy of bond.test is being tried out (t=y): "
                "receivers go a "
                "step easier on forgeries than it says.",
            ],
        ),
        (
            "v=DMARC1; p=block; adkim=strict; foo=1; bar",
            [
                "ok: bond.test has the policy p=none.",
                "warning: receivers skip a part of the DMARC record of bond.test: "
                '"bar" is no tag.',
                "warning: receivers skip a part of the DMARC record of bond.test: "
                '"p=block" is none of none, quarantine, reject.',
                "warning: receivers skip a part of the DMARC record of bond.test: "
                '"adkim=strict" is none of r, s.',
                "warning: receivers skip a part of the DMARC record of "
                "bond.test: there "
                'is no tag "foo".',
                "info: the policy of bond.test lets forgeries through (none).",
            ],
        ),
        (
            "v=DMARC1; rua=dmarc@bond.test",
            [
                "ok: bond.test has the policy p=none.",
                "warning: the DMARC record of bond.test: it has no p=, which older "
                "receivers insist on.",
                "warning: receivers skip a part of the DMARC record of bond.test: "
                '"rua=dmarc@bond.test" is no address; write mailto:dmarc@bond.test.',
                "info: the policy of bond.test lets forgeries through (none).",
            ],
        ),
    ],
)
def test_record_is_judged(
    gather: "Gather", told: Told, text: str, expected: list[str]
) -> None:
    assert told(judged(gather, record(text))) == expected


def test_removed_tags_are_taken_out_of_the_record_to_copy(gather: "Gather") -> None:
    text = "v=DMARC1; p=quarantine; pct=20; rua=mailto:d@bond.test; rf=afrf;"
    found = judged(gather, record(text))
    assert found[1].advice == (
        "Take it out (t=y is the new way to try out a policy):\n"
        '    _dmarc.bond.test. IN TXT "v=DMARC1; p=quarantine; rua=mailto:d@bond.test"'
    )


def test_subdomain_takes_the_policy_for_subdomains(
    gather: "Gather", told: Told
) -> None:
    zone = {"_dmarc.bond.test TXT": ["v=DMARC1; p=reject; sp=quarantine"]}
    assert told(judged(gather, zone, "news.bond.test")) == [
        "ok: news.bond.test has the policy sp=quarantine, from bond.test."
    ]


def test_missing_record_proposes_one(gather: "Gather", told: Told) -> None:
    found = judged(gather, {"bond.test A": ["192.0.2.1"]})
    assert told(found) == [
        "warning: bond.test has no DMARC record; Gmail, Yahoo and Outlook.com ask for "
        "one from whoever sends a lot."
    ]
    assert found[0].advice == (
        "Ask whoever runs the DNS of bond.test to add this; it changes nothing yet for "
        'your mail:\n    _dmarc.bond.test. IN TXT "v=DMARC1; p=none"'
    )


def test_record_that_is_nearly_one_is_shown(gather: "Gather", told: Told) -> None:
    found = judged(gather, record("v=DMARC; p=none"))
    assert told(found)[0].startswith(
        'warning: bond.test has no DMARC record (there is a TXT record "v=DMARC; '
        'p=none", '
        "which is none); "
    )


def test_two_records_are_an_error(gather: "Gather", told: Told) -> None:
    zone = {"_dmarc.bond.test TXT": ["v=DMARC1; p=none", "v=DMARC1; p=reject"]}
    assert told(judged(gather, zone)) == [
        "error: bond.test has 2 DMARC records; receivers use none of them then."
    ]


def test_silence_is_no_missing_record(gather: "Gather", told: Told) -> None:
    assert told(judged(gather, {"_dmarc.bond.test TXT": "SILENT"})) == [
        "warning: the DMARC record of bond.test could not be read: not all name "
        "servers "
        "answered."
    ]


@pytest.mark.parametrize("is_allowed", [True, False])
def test_reports_to_another_domain_need_its_word(
    gather: "Gather", told: Told, is_allowed: bool
) -> None:
    name = "bond.test._report._dmarc.reports.invalid TXT"
    zone = {
        **record(
            "v=DMARC1; p=reject; rua=mailto:a@bond.test, mailto:b@reports.invalid"
        ),
        "reports.invalid A": ["192.0.2.5"],
        **({name: ["v=DMARC1;"]} if is_allowed else {}),
    }
    remark = (
        "info: reports for bond.test to reports.invalid are not sent: that domain does "
        "not say that it takes them."
    )
    assert told(judged(gather, zone))[1:] == ([] if is_allowed else [remark])


def aligned(
    gather: "Gather", told: Told, sending: Sending, policy: str = "v=DMARC1; p=none"
) -> list[str]:
    zone = {"_dmarc.bond.test TXT": [policy], "other.invalid A": ["192.0.2.1"]}
    records = gather(zone, lambda _: plan_alignment(sending))
    return told(judge_alignment(sending, records))


def key_of(domain: str) -> SigningKey:
    return SigningKey(domain, "news", "rsa", "AAAA")


@pytest.mark.parametrize(
    ("sending", "policy", "expected"),
    [
        (
            Sending("bond.test", "bounces.bond.test"),
            "v=DMARC1; p=reject",
            "ok: the envelope sender (bounces.bond.test) speaks for the sender "
            "(bond.test), as DMARC asks.",
        ),
        (
            Sending("bond.test", "bounces.bond.test"),
            "v=DMARC1; p=reject; aspf=s",
            "warning: the envelope sender (bounces.bond.test) does not speak for "
            "bond.test; only a signature of your mail server in the name of bond.test "
            "can.",
        ),
        (
            Sending("bond.test", "other.invalid"),
            "v=DMARC1; p=none",
            "info: the envelope sender (other.invalid) does not speak for bond.test; "
            "only a signature of your mail server in the name of bond.test can.",
        ),
        (
            Sending("bond.test", "bond.test", keys=(key_of("news.bond.test"),)),
            "v=DMARC1; p=reject",
            "ok: the envelope sender (bond.test) and our signature (news.bond.test) "
            "speak for the sender (bond.test), as DMARC asks.",
        ),
        (
            Sending("bond.test", "bond.test", keys=(key_of("news.bond.test"),)),
            "v=DMARC1; p=reject; adkim=s",
            "warning: our signature is in the name of news.bond.test, which does not "
            "speak for bond.test; forwarded mail then has no proof at all.",
        ),
        (
            Sending("bond.test", "other.invalid", keys=(key_of("bond.test"),)),
            "v=DMARC1; p=reject",
            "ok: our signature (bond.test) speaks for bond.test; the envelope sender "
            "(other.invalid) does not, which is enough.",
        ),
        (
            Sending("bond.test", "other.invalid", keys=(key_of("other.invalid"),)),
            "v=DMARC1; p=none",
            "warning: neither the envelope sender (other.invalid) nor our signature "
            "(other.invalid) speaks for bond.test.",
        ),
        (
            Sending("bond.test", "other.invalid", keys=(key_of("other.invalid"),)),
            "v=DMARC1; p=quarantine",
            "error: neither the envelope sender (other.invalid) nor our signature "
            "(other.invalid) speaks for bond.test; the policy p=quarantine asks "
            "to keep "
            "such mail from its readers.",
        ),
    ],
)
def test_who_speaks_for_the_sender(
    gather: "Gather", told: Told, sending: Sending, policy: str, expected: str
) -> None:
    assert aligned(gather, told, sending, policy) == [expected]


def test_alignment_is_not_guessed_without_answers(gather: "Gather", told: Told) -> None:
    sending = Sending("bond.test", "other.invalid")
    zone = {"_dmarc.other.invalid TXT": "FAILED"}
    records = gather(zone, lambda _: plan_alignment(sending))
    assert told(judge_alignment(sending, records)) == []
