from ipaddress import ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.checks.links.clean import (
    clean_address,
    hidden_character,
    shown_address,
)
from newsletter.model.link import Judgement, Verdict

PRIVATE = "it leads into a private network or a single computer, where readers are not."


@pytest.mark.parametrize(
    ("written", "address"),
    [
        ("https://example.org", "https://example.org/"),
        ("HTTPS://Example.ORG/Path", "https://example.org/Path"),
        ("https://example.org:443/", "https://example.org/"),
        ("http://example.org:8080/", "http://example.org:8080/"),
        ("https://example.org/a#part", "https://example.org/a"),
        ("https://example.org?q=1", "https://example.org/?q=1"),
        ("https://example.org/a%2Fb%20c", "https://example.org/a%2Fb%20c"),
        ("https://example.org/a b", "https://example.org/a%20b"),
        ("https://example.org/a%2fb", "https://example.org/a%2fb"),
        ("https://example.org/a%E2%80%8Bb", "https://example.org/a%E2%80%8Bb"),
        ("https://example.org/café?q=é", "https://example.org/caf%C3%A9?q=%C3%A9"),
        ("https://example.org/a?b=c&d=e/f?g", "https://example.org/a?b=c&d=e/f?g"),
        ("https://example.org/(a),b;c", "https://example.org/(a),b;c"),
        ("https://bücher.example/", "https://xn--bcher-kva.example/"),
        ("https://straße.example/", "https://xn--strae-oqa.example/"),
        ("https://مثال.example/", "https://xn--mgbh0fb.example/"),
        ("https://i❤.example/", "https://xn--i-7iq.example/"),
        ("https://example.org./", "https://example.org./"),
        ("https://who-.example.org/", "https://who-.example.org/"),
        ("https://example.org/a/../b/./c", "https://example.org/b/c"),
        ("https://example.org/../%2E%2e/a/..", "https://example.org/"),
        ("https://example.org/a/.?b=../c", "https://example.org/a/?b=../c"),
        ("https://example.org//a//..", "https://example.org//a/"),
        ("https://example.org/a[1]|2?b[]={c}", "https://example.org/a[1]|2?b[]={c}"),
        ("https://my_site.example/", "https://my_site.example/"),
        ("https://1.1.1.1/dns", "https://1.1.1.1/dns"),
        ("https://[2606:4700::1111]/", "https://[2606:4700::1111]/"),
        (
            "https://deeplink.rechtspraak.nl/uitspraak?id=ECLI:NL:RBDHA:2023:1296",
            "https://deeplink.rechtspraak.nl/uitspraak?id=ECLI:NL:RBDHA:2023:1296",
        ),
    ],
)
def test_web_address_is_cleaned(written: str, address: str) -> None:
    assert clean_address(written) == address


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        (
            "https://exa\u200bmple.org/",
            "the address holds an invisible character (U+200B).",
        ),
        (
            "https://example.org/\ttab",
            "the address holds an invisible character (U+0009).",
        ),
        (
            "www.example.org",
            "the address does not begin with https://, mailto: or tel:.",
        ),
        (
            "javascript:alert(1)",
            "the address does not begin with https://, mailto: or tel:.",
        ),
        ("https://", "there is no name of a site after https://."),
        ("https:///page", "there is no name of a site after https://."),
        ("https:example.org", "there is no name of a site after https://."),
        ("https://https://example.org", "the address begins with https:// twice."),
        (
            "https://[::1",
            "the part after https:// cannot be read as the name of a site.",
        ),
        (
            "https://example.org:99999/",
            "the part after https:// cannot be read as the name of a site.",
        ),
        (
            "https://intranet/",
            '"intranet" has no dot, so it is not the name of a public site.',
        ),
        ("https://www..org/", '"www..org" cannot be the name of a site.'),
        (
            "https://www.example,org/",
            '"www.example,org" cannot be the name of a site.',
        ),
        ("https://-a.example/", '"-a.example" cannot be the name of a site.'),
        ("https://1.2.3.4.5/", '"1.2.3.4.5" cannot be the name of a site.'),
        ("https://300.1.1.1/", '"300.1.1.1" cannot be the name of a site.'),
        ("https://example.09/", '"example.09" cannot be the name of a site.'),
        (
            "https://[1::2::3]/",
            "the part after https:// cannot be read as the name of a site.",
        ),
        ("mailto:", "the address is empty."),
        ("mailto:info", "the address has no @."),
        ("mailto:a@example.org,b", "the address has no @."),
        ("mailto:a@example.org?cc=b", "the address has no @."),
        ("mailto:a@example", 'the domain "example" has no dot.'),
        (
            "mailto:a@example.org;b@example.org",
            "several mail addresses are divided by commas.",
        ),
        ("tel:", "this is not a telephone number."),
        ("tel:12", "this is not a telephone number."),
        ("tel:call-us", "this is not a telephone number."),
        ("tel:+312012345678901234", "no telephone number has 18 digits."),
        (
            "tel:+31(0)201234567",
            'the "(0)" is dialled too: leave it out after a country code.',
        ),
    ],
)
def test_what_is_no_address_is_invalid(written: str, reason: str) -> None:
    assert clean_address(written) == Judgement(Verdict.INVALID, reason)


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "LOCALHOST.",
        "printer.local",
        "wiki.internal",
        "router.home.arpa",
        "127.0.0.1",
        "127.1",
        "0x7f.0.0.1",
        "017700000001",
        "2130706433",
        "１２７.0.0.1",
        "127。0。0。1",
        "%31%32%37.0.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "[::1]",
        "[::ffff:10.0.0.1]",
        "[fd00::1]",
    ],
)
def test_private_host_is_unsafe(host: str) -> None:
    assert clean_address(f"http://{host}/") == Judgement(Verdict.UNSAFE, PRIVATE)


def test_private_number_that_is_allowed_is_asked() -> None:
    allowed = [ip_network("10.1.0.0/16")]
    assert clean_address("http://10.1.0.9:3000/", allowed) == "http://10.1.0.9:3000/"


def test_address_with_a_password_is_unsafe() -> None:
    reason = "it holds a user name or a password, which every reader would get."
    judged = clean_address("https://me:secret@example.org/")
    assert judged == Judgement(Verdict.UNSAFE, reason)


@pytest.mark.parametrize(
    "written",
    [
        "mailto:info@example.org",
        "mailto:info@example.org?subject=Hello%20there",
        "mailto:info%40example.org",
        "mailto:a@example.org,b@example.org",
        "mailto:a@example.org?subject=x&cc=b@example.org",
        "mailto:info@bücher.example",
        "mailto:?subject=Read%20this",
        "tel:+31201234567",
        "tel:112",
        "tel:020-123%204567",
        "tel:+31201234567;ext=12",
    ],
)
def test_mail_address_and_telephone_need_no_asking(written: str) -> None:
    assert clean_address(written) == Judgement(Verdict.OK)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://me:secret@example.org/@x", "https://example.org/@x"),
        ("https://me@example.org", "https://example.org"),
        ("https://example.org/a@b", "https://example.org/a@b"),
        ("mailto:info@example.org", "mailto:info@example.org"),
    ],
)
def test_login_is_not_shown(url: str, shown: str) -> None:
    assert shown_address(url) == shown


@given(st.text(max_size=60))
def test_any_text_is_cleaned_to_ascii_or_judged(text: str) -> None:
    cleaned = clean_address(f"https://{text}")
    if not isinstance(cleaned, Judgement):
        assert cleaned.isascii()
        assert " " not in cleaned
        assert clean_address(cleaned) == cleaned


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("https://example.org/a%E2%80%8Bb", "U+200B"),
        ("https://example.org/a%EF%BB%BF", "U+FEFF"),
        ("https://example.org/a%20b", ""),
        ("https://example.org/%D9%85", ""),
        ("https://example.org/", ""),
    ],
)
def test_encoded_invisible_character_is_seen(url: str, code: str) -> None:
    assert hidden_character(url) == code
