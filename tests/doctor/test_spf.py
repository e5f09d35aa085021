from collections.abc import Callable
from functools import partial
from ipaddress import ip_address
from typing import TYPE_CHECKING

import pytest

from newsletter.doctor.sending import Sending
from newsletter.doctor.spf import judge_spf, plan_spf, with_include
from newsletter.doctor.spf_walk import count_lookups, evaluate_spf, spf_questions
from newsletter.model.diagnosis import Diagnosis

if TYPE_CHECKING:
    from tests.doctor.conftest import Gather, Zone

Told = Callable[[list[Diagnosis]], list[str]]

RELAY = {"smtp.relay.test A": ["198.51.100.7"]}
UNSEEN = (
    "info: smtp.relay.test itself is not in the SPF record of bond.test; whether the "
    "addresses it sends from are in it is not checkable from here."
)


def zoned(
    gather: "Gather", zone: "Zone", host: str = "smtp.relay.test"
) -> list[Diagnosis]:
    sending = Sending("bond.test", "bond.test", hosts=(host,))
    return judge_spf(sending, gather(zone, partial(plan_spf, sending)))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "v=spf1 ip4:198.51.100.0/24 -all",
            [
                "ok: bond.test has one record, ends in -all; 0 of 10 look-ups.",
                "ok: bond.test lets smtp.relay.test send for it.",
            ],
        ),
        (
            "v=spf1 a ~all",
            [
                "ok: bond.test has one record, ends in ~all; 1 of 10 look-ups.",
                UNSEEN,
            ],
        ),
        (
            "v=spf1 a:smtp.relay.test +all",
            [
                "ok: bond.test has one record, ends in +all; 1 of 10 look-ups.",
                "error: the SPF record of bond.test ends in +all, which lets the "
                "whole world send.",
                "ok: bond.test lets smtp.relay.test send for it.",
            ],
        ),
        (
            "v=spf1 a:smtp.relay.test ?all",
            [
                "ok: bond.test has one record, ends in ?all; 1 of 10 look-ups.",
                "warning: the SPF record of bond.test ends in ?all, which says "
                "nothing.",
                "ok: bond.test lets smtp.relay.test send for it.",
            ],
        ),
        (
            "v=spf1 a:smtp.relay.test",
            [
                "ok: bond.test has one record; 1 of 10 look-ups.",
                "warning: the SPF record of bond.test does not end in ~all or -all, "
                "so it says nothing against forgers.",
                "ok: bond.test lets smtp.relay.test send for it.",
            ],
        ),
        (
            "v=spf1 a:smtp.relay.test ptr -all",
            [
                "ok: bond.test has one record, ends in -all; 2 of 10 look-ups.",
                'warning: the SPF record of bond.test uses "ptr", which many '
                "receivers ignore.",
                "ok: bond.test lets smtp.relay.test send for it.",
            ],
        ),
        (
            "v=spf1 ipv4:198.51.100.7 -all",
            [
                "error: the SPF record of bond.test cannot be read by anybody: term "
                '1, "ipv4:198.51.100.7": there is no "ipv4"; did you mean "ip4"?',
            ],
        ),
        (
            "v=spf1 include=spf.relay.test a:smtp.relay.test -all",
            [
                "ok: bond.test has one record, ends in -all; 1 of 10 look-ups.",
                "warning: receivers skip a part of the SPF record of bond.test: "
                "term 1, "
                '"include=spf.relay.test": write "include:spf.relay.test" with a '
                "colon.",
                "ok: bond.test lets smtp.relay.test send for it.",
            ],
        ),
        (
            "v=spf1 include:gone.test a:smtp.relay.test -all",
            [
                "error: the SPF record of bond.test counts for nothing: "
                '"include:gone.test": there is no SPF record at that domain.',
                "warning: the SPF record of bond.test asks for gone.test, where there "
                "is nothing.",
            ],
        ),
        (
            "v=spf1 include:bond.test -all",
            [
                "error: the SPF record of bond.test counts for nothing: "
                '"include:bond.test" leads in a circle.',
            ],
        ),
        (
            "v=spf1 a:old.test a:older.test mx a:smtp.relay.test -all",
            [
                "ok: bond.test has one record, ends in -all; 4 of 10 look-ups.",
                "error: the SPF record of bond.test asks for names that are empty: "
                "old.test, older.test, bond.test. Receivers give up after 2 of them.",
                "ok: bond.test lets smtp.relay.test send for it.",
            ],
        ),
    ],
)
def test_record_is_judged(
    gather: "Gather", told: Told, text: str, expected: list[str]
) -> None:
    zone = {"bond.test TXT": [text], "bond.test A": ["192.0.2.1"], **RELAY}
    assert told(zoned(gather, zone)) == expected


def test_two_records_are_joined_in_the_advice(gather: "Gather", told: Told) -> None:
    records = ["v=spf1 mx -all", "unrelated", "v=spf1 include:spf.relay.test mx ~all"]
    found = zoned(gather, {"bond.test TXT": records, **RELAY})
    assert told(found) == [
        "error: bond.test has 2 SPF records; receivers use none of them then."
    ]
    assert found[0].advice == (
        "Keep one that holds what all of them say:\n"
        '    bond.test. IN TXT "v=spf1 mx include:spf.relay.test -all"'
    )


def test_no_record_proposes_one(gather: "Gather", told: Told) -> None:
    found = zoned(gather, {"bond.test MX": ["10 mx.bond.test"], **RELAY})
    assert told(found) == [
        "warning: bond.test has no SPF record, so receivers cannot tell whether "
        "smtp.relay.test may send for it."
    ]
    assert found[0].advice == (
        'Ask the provider of smtp.relay.test: "What do we have to include in '
        'SPF?" Then '
        "ask whoever runs the DNS of bond.test to add, for example:\n"
        '    bond.test. IN TXT "v=spf1 a:smtp.relay.test ~all"'
    )


def test_record_in_quotes_of_its_own_is_told_with_its_mending(
    gather: "Gather", told: Told
) -> None:
    found = zoned(gather, {"bond.test TXT": ['"v=spf1 mx -all"'], **RELAY})
    assert told(found) == [
        'error: bond.test has a TXT record ""v=spf1 mx -all"", which nobody reads '
        "as SPF."
    ]
    assert found[0].advice.endswith('    bond.test. IN TXT "v=spf1 mx -all"')


@pytest.mark.parametrize(
    ("said", "how"), [("FAILED", "failed"), ("SILENT", "did not answer in time")]
)
def test_name_servers_that_do_not_say_are_no_missing_record(
    gather: "Gather", told: Told, said: str, how: str
) -> None:
    found = zoned(gather, {"bond.test TXT": said, **RELAY})
    assert told(found) == [
        "warning: the SPF record of bond.test could not be read: the name servers "
        f"{how}."
    ]


def test_eleven_lookups_through_includes_are_counted(
    gather: "Gather", told: Told
) -> None:
    zone = {
        "bond.test TXT": [
            "v=spf1 include:a.test include:b.test a:smtp.relay.test -all"
        ],
        "a.test TXT": ["v=spf1 a a:x.test mx include:c.test ~all"],
        "b.test TXT": ["v=spf1 redirect=c.test"],
        "c.test TXT": ["v=spf1 exists:%{i}.c.test ip4:192.0.2.1 -all"],
        "a.test A": ["192.0.2.9"],
        "x.test A": ["192.0.2.9"],
        "a.test MX": ["10 x.test"],
        **RELAY,
    }
    asked = gather(zone, partial(spf_questions, "bond.test"))
    assert count_lookups("bond.test", asked).lookups == 10
    zone["bond.test TXT"] = [
        "v=spf1 include:a.test include:b.test a:smtp.relay.test a:x.test -all"
    ]
    assert told(zoned(gather, zone))[0] == (
        "error: the SPF record of bond.test needs 11 look-ups; receivers give up "
        "after 10."
    )


def test_fault_in_an_included_record_is_told_with_its_place(
    gather: "Gather", told: Told
) -> None:
    zone = {
        "bond.test TXT": ["v=spf1 include:a.test -all"],
        "a.test TXT": ["v=spf1 ip4:1.2.3 -all"],
        **RELAY,
    }
    assert told(zoned(gather, zone))[0] == (
        'error: the SPF record of bond.test counts for nothing: behind "include:'
        'a.test", term 1, "ip4:1.2.3": "1.2.3" is no IPv4 address or network.'
    )


def test_known_relay_that_is_not_included_is_told_with_the_record(
    gather: "Gather", told: Told
) -> None:
    zone = {
        "bond.test TXT": ["v=spf1 mx -all"],
        "bond.test MX": ["10 mx.test"],
        "mx.test A": ["192.0.2.1"],
        "smtp.gmail.com A": ["203.0.113.9"],
    }
    found = zoned(gather, zone, host="smtp.gmail.com")
    assert told(found)[1:] == [
        "warning: bond.test does not include _spf.google.com, the servers that "
        "smtp.gmail.com sends from."
    ]
    assert found[1].advice.endswith(
        '    bond.test. IN TXT "v=spf1 mx include:_spf.google.com -all"'
    )


def test_known_relay_that_is_included_deep_down_is_fine(
    gather: "Gather", told: Told
) -> None:
    zone = {
        "bond.test TXT": ["v=spf1 include:spf.bond.test -all"],
        "spf.bond.test TXT": ["v=spf1 include:_spf.google.com -all"],
        "_spf.google.com TXT": ["v=spf1 ip4:203.0.113.0/29 ~all"],
        "smtp.gmail.com A": ["198.51.100.9"],
    }
    assert told(zoned(gather, zone, host="smtp.gmail.com"))[1] == (
        "ok: bond.test includes _spf.google.com, the servers behind smtp.gmail.com."
    )


def test_server_on_this_computer_is_not_compared(gather: "Gather", told: Told) -> None:
    zone = {"bond.test TXT": ["v=spf1 ip4:192.0.2.1 -all"]}
    assert told(zoned(gather, zone, host="127.0.0.1"))[1:] == [
        "info: whether bond.test lets this computer send is not checkable from here."
    ]


def test_record_that_cannot_be_read_whole_says_so(gather: "Gather", told: Told) -> None:
    zone = {
        "bond.test TXT": ["v=spf1 include:slow.test a:smtp.relay.test -all"],
        "slow.test TXT": "SILENT",
        **RELAY,
    }
    assert told(zoned(gather, zone)) == [
        "ok: bond.test has one record, ends in -all; 2 of 10 look-ups.",
        "info: not all of SPF could be read: no answer for slow.test.",
        "ok: bond.test lets smtp.relay.test send for it.",
    ]


@pytest.mark.parametrize(
    ("address", "result"),
    [
        ("192.0.2.1", "pass"),
        ("192.0.2.9", "softfail"),
        ("198.51.100.3", "fail"),
        ("198.51.100.200", "neutral"),
        ("2001:db8::5", "pass"),
        ("203.0.113.64", "pass"),
        ("203.0.113.1", "fail"),
    ],
)
def test_address_is_compared_term_by_term(
    gather: "Gather", address: str, result: str
) -> None:
    zone = {
        "o.test TXT": [
            "v=spf1 ip4:192.0.2.1 ~ip4:192.0.2.0/24 -include:no.test "
            "?ip4:198.51.100.128/25 a:six.test mx/26 redirect=end.test"
        ],
        "no.test TXT": ["v=spf1 ip4:198.51.100.0/26 -all"],
        "six.test AAAA": ["2001:db8::5"],
        "o.test MX": ["10 mx.test"],
        "mx.test A": ["203.0.113.70"],
        "end.test TXT": ["v=spf1 -all"],
    }
    records = gather(zone, partial(spf_questions, "o.test"))
    assert evaluate_spf("o.test", ip_address(address), records) == result


def test_term_that_depends_on_the_mail_leaves_the_result_open(gather: "Gather") -> None:
    zone = {"o.test TXT": ["v=spf1 exists:%{i}.o.test ip4:192.0.2.1 -all"]}
    records = gather(zone, partial(spf_questions, "o.test"))
    assert evaluate_spf("o.test", ip_address("192.0.2.1"), records) == "pass"
    assert evaluate_spf("o.test", ip_address("192.0.2.2"), records) == "unsure"


def test_include_goes_before_the_end() -> None:
    assert with_include("v=spf1 mx ~all", "x.test") == "v=spf1 mx include:x.test ~all"
    assert with_include("v=spf1 mx", "x.test") == "v=spf1 mx include:x.test"
