import pytest

from newsletter.doctor.spf_record import is_nearly_spf, is_spf, parse_spf


@pytest.mark.parametrize(
    "text",
    [
        "v=spf1",
        "v=spf1 -all",
        "V=SPF1 a mx ~all",
        "v=spf1 ip4:192.0.2.0/24 ip6:2001:db8::/32 -all",
        "v=spf1 a/24//64 mx:example.org/28 a:mail.example.org -all",
        "v=spf1 include:_spf.google.com include:spf.protection.outlook.com ~all",
        "v=spf1 exists:%{i}._spf.%{d2} redirect=_spf.%{d}",
        "v=spf1 exists:%{ir}.%{v}._spf.example.org ~all",
        "v=spf1 redirect=_spf.example.org exp=explain.example.org",
        "v=spf1 ?ptr:example.org +mx -all",
        "v=spf1  mx   -all  ",
        "v=spf1 include:spf.xn--mnchen-3ya.de -all",
        "v=spf1 future=anything -all",
    ],
)
def test_record_as_the_standard_has_it_is_whole(text: str) -> None:
    assert is_spf(text)
    record = parse_spf(text)
    assert (record.faults, record.skipped) == ((), ())


@pytest.mark.parametrize(
    ("terms", "said"),
    [
        ("ip4:192.0.2.300 -all", '"192.0.2.300" is no IPv4 address or network.'),
        (
            "ip4:10.0.0.0/255.0.0.0",
            '"10.0.0.0/255.0.0.0" is no IPv4 address or network.',
        ),
        ("ip4:2001:db8::1 -all", "this is an address of IPv6; write ip6:"),
        ("ipv4:192.0.2.1 -all", 'there is no "ipv4"; did you mean "ip4"?'),
        ("inlcude:x.example -all", 'there is no "inlcude"; did you mean "include"?'),
        ("mx; -all", 'leave out the ";"; only spaces divide terms.'),
        ("include -all", 'it needs a domain: "include:example.org".'),
        ("include:https://example.org", '"https://example.org" is no domain.'),
        ("include:a.example/24 -all", '"include" takes no /24.'),
        ("a:localhost -all", '"localhost" is no domain.'),
        ("mx/33 -all", "an address does not have so many bits."),
        ("all:x", '"all" takes nothing behind it.'),
        ("192.0.2.1 -all", "SPF knows no such term."),
        ('-all"', "leave out the quotes inside the record."),
        ("exists:%{z}.example.org -all", "its %-sign stands for nothing."),
        ("redirect=nowhere", '"nowhere" is no domain.'),
        (
            "–all",
            "it has a dash or quote of a word processor; write plain - and no quotes.",
        ),
    ],
)
def test_term_that_cannot_be_read_is_told_with_its_place(terms: str, said: str) -> None:
    word = terms.split()[0]
    record = parse_spf(f"v=spf1 mx {terms}")
    assert record.faults == (f'term 2, "{word}": {said}',)


def test_record_with_two_redirects_has_a_fault() -> None:
    record = parse_spf("v=spf1 redirect=a.example redirect=b.example")
    assert record.faults == ("redirect= stands in it twice.",)


@pytest.mark.parametrize(
    ("text", "skipped"),
    [
        (
            "v=spf1 include=_spf.example.org -all",
            'term 1, "include=_spf.example.org": write "include:_spf.example.org" '
            "with a colon.",
        ),
        (
            "v=spf1 mx -all ip4:192.0.2.1",
            'ip4:192.0.2.1 counts for nothing beside "all".',
        ),
        (
            "v=spf1 redirect=_spf.example.org ~all",
            'redirect=_spf.example.org counts for nothing beside "all".',
        ),
    ],
)
def test_part_that_receivers_skip_is_told(text: str, skipped: str) -> None:
    record = parse_spf(text)
    assert (record.faults, record.skipped) == ((), (skipped,))


@pytest.mark.parametrize(
    "text", ["spf1 mx -all", '"v=spf1 mx -all"', "v = spf1 mx", "v=spf1; mx", "SPF v=1"]
)
def test_record_that_was_meant_as_spf_is_recognised(text: str) -> None:
    assert not is_spf(text)
    assert is_nearly_spf(text)


@pytest.mark.parametrize("text", ["google-site-verification=spf", "v=DMARC1", "spfx"])
def test_other_text_is_not_taken_for_spf(text: str) -> None:
    assert not is_spf(text)
    assert not is_nearly_spf(text)
