from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from newsletter.addresses import (
    Mailbox,
    address_key,
    display_address,
    domain_of,
    mask,
    mask_addresses,
    normalise_address,
    parse_mailbox,
)

LONG_DOMAIN = f"{'.'.join(['x' * 60] * 4)}.de"


@pytest.mark.parametrize(
    ("written", "normal"),
    [
        ("anna@example.org", "anna@example.org"),
        ("  anna@example.org\n", "anna@example.org"),
        ("Anna@Example.ORG", "Anna@example.org"),
        ("a.b+c_d-e'f@mail.example.co.uk", "a.b+c_d-e'f@mail.example.co.uk"),
        ("!#$%&'*+/=?^_`{|}~@example.org", "!#$%&'*+/=?^_`{|}~@example.org"),
        ("a@b.c", "a@b.c"),
        (f"{'a' * 64}@example.org", f"{'a' * 64}@example.org"),
        (f"a@{'x' * 63}.de", f"a@{'x' * 63}.de"),
        ("info@münchen.de", "info@xn--mnchen-3ya.de"),
        ("info@MÜNCHEN.de", "info@xn--mnchen-3ya.de"),
        ("info@straße.de", "info@xn--strae-oqa.de"),
        ("info@XN--MNCHEN-3YA.de", "info@xn--mnchen-3ya.de"),
        ("a@пример.испытание", "a@xn--e1afmkfd.xn--80akhbyknj4f"),
        ("a@مثال.إختبار", "a@xn--mgbh0fb.xn--kgbechtv"),
        ("a@例え.テスト", "a@xn--r8jz45g.xn--zckzah"),
    ],
)
def test_normalise_of_a_good_address(written: str, normal: str) -> None:
    assert normalise_address(written) == normal


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("", "the address is empty."),
        (" \t", "the address is empty."),
        ("anna", "the address has no @."),
        ("@example.org", "there is nothing before the @."),
        ("anna@", "there is nothing after the @."),
        ("anna@localhost", 'the domain "localhost" has no dot.'),
        ("anna@-example.org", 'the domain "-example.org" is not valid.'),
        ("anna@ex_ample.org", 'the domain "ex_ample.org" is not valid.'),
        ("anna@xn--zzzzzz.de", 'the domain "xn--zzzzzz.de" is not valid.'),
        ("anna@[127.0.0.1]", 'the domain "[127.0.0.1]" is not valid.'),
        (
            "anna@127.0.0.1",
            '"127.0.0.1" is a number, not the name of a domain.',
        ),
        (f"a@{'x' * 64}.de", f'the domain "{"x" * 60}…" is not valid.'),
        (
            f"{'a' * 65}@example.org",
            "the part before the @ is longer than 64 characters.",
        ),
        (f"{'a' * 64}@{LONG_DOMAIN}", "the address is longer than 254 characters."),
        (
            f"a@{'é' * 57}.{LONG_DOMAIN}"[:250],
            f'the domain "{"é" * 57}.xx…" is not valid.',
        ),
        (".a@example.org", "a dot in front of the @ stands where none may stand."),
        ("a.@example.org", "a dot in front of the @ stands where none may stand."),
        ("a..b@example.org", "a dot in front of the @ stands where none may stand."),
        ("a:b@example.org", "the part before the @ holds a ':'."),
        ("a\\b@example.org", r"the part before the @ holds a '\\'."),
        ("a b@example.org", "the address has a space in it."),
        ("a@exam\u00a0ple.org", "the address has a space in it."),
        (
            "a\r\nBcc: x@example.org",
            "the address holds an invisible character (U+000D).",
        ),
        ("a\x00@example.org", "the address holds an invisible character (U+0000)."),
        ("a@exam\u200bple.org", "the address holds an invisible character (U+200B)."),
        ("a\ud800@example.org", "the address holds an invisible character (U+D800)."),
        ('"a b"@example.org', "an address with quotes is not supported."),
        (
            "a(comment)@example.org",
            "an address with a comment in brackets is not supported.",
        ),
        ("a@b@example.org", "the address has more than one @."),
        ("a@@example.org", 'the address has "@@" in it; write one @.'),
        ("a@example.org, b@example.org", "there is more than one address."),
        ("a@example.org b@example.org", "there is more than one address."),
        ("a@example.org/b@example.org", "the address has more than one @."),
        ("Group: a@example.org;", 'the address ends with ";"; leave that out.'),
        ("a@example.org,", 'the address ends with ","; leave that out.'),
        ("a@example.org.", 'the address ends with "."; leave that out.'),
        ("a@example,org", "there is a comma after the @; write a dot."),
        ("a,b@example.org", 'the address has "," in it.'),
        ("a@b;c.example", 'the address has ";" in it.'),
        ("mailto:a@example.org", 'write the address without "mailto:".'),
        (
            "a@example..org",
            'a dot in the domain "example..org" stands where none may stand.',
        ),
        (
            "a@.example.org",
            'a dot in the domain ".example.org" stands where none may stand.',
        ),
        (
            "jörg@example.org",
            "the part before the @ has letters that few servers can take.",
        ),
    ],
)
def test_normalise_of_a_bad_address_says_why(written: str, message: str) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - compared whole below
        normalise_address(written)
    assert str(caught.value) == message


def test_normalise_with_smtputf8_keeps_letters_before_the_at() -> None:
    normal = normalise_address("jo\u0308rg@münchen.de", allow_smtputf8=True)
    assert normal == "jörg@xn--mnchen-3ya.de"


def test_normalise_with_smtputf8_counts_octets() -> None:
    message = r"^the part before the @ is longer than 64 characters\.$"
    with pytest.raises(ValueError, match=message):
        normalise_address(f"{'ö' * 33}@example.org", allow_smtputf8=True)


@given(st.text(max_size=40), st.text(max_size=40))
@settings(max_examples=300)
def test_normalise_of_any_text_gives_a_safe_address_or_none(
    local: str, domain: str
) -> None:
    with suppress(ValueError):
        normal = normalise_address(f"{local}@{domain}")
        assert normal.isascii()
        assert normal.isprintable()
        assert normal.count("@") == 1
        assert not set(normal) & set(' <>()[],;:"\\')


@given(st.from_regex(r"[a-zA-Z0-9+-]{1,20}(\.[a-z]{1,9}){0,2}", fullmatch=True))
@settings(max_examples=50)
def test_normalise_twice_changes_nothing_more(local: str) -> None:
    once = normalise_address(f"{local}@Exämple.ORG")
    assert normalise_address(once) == once


@pytest.mark.parametrize(
    ("written", "mailbox"),
    [
        ("a@example.org", Mailbox("", "a@example.org")),
        ("<a@example.org>", Mailbox("", "a@example.org")),
        ("Steunpunt <A@Example.org>", Mailbox("Steunpunt", "A@example.org")),
        (
            '"Steunpunt, LOS" <a@example.org>',
            Mailbox("Steunpunt, LOS", "a@example.org"),
        ),
        (r'"a \"b\" \\c" <a@example.org>', Mailbox(r'a "b" \c', "a@example.org")),
        (
            'Stichting "LOS", post <a@b.org>',
            Mailbox('Stichting "LOS", post', "a@b.org"),
        ),
        ("LOS (Utrecht): post <a@b.org>", Mailbox("LOS (Utrecht): post", "a@b.org")),
        ("مرحبا <a@example.org>", Mailbox("مرحبا", "a@example.org")),
        ("Jo\u0308rg <a@example.org>", Mailbox("Jörg", "a@example.org")),
        ("X <jörg@example.org>", Mailbox("X", "jörg@example.org")),
    ],
)
def test_parse_mailbox_of_a_good_one(written: str, mailbox: Mailbox) -> None:
    assert parse_mailbox(written) == mailbox


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("", "the address is empty."),
        ("Steunpunt", "the address has no @."),
        ("Steunpunt.", "the address has no @."),
        ("Steunpunt a@example.org", "the address has a space in it."),
        ("a@example.org>", 'the "<" before the address is missing.'),
        ("A <a@b.org>, B <c@d.org>", "there is more than one address."),
        ("a@b.org, B <c@d.org>", "there is more than one address."),
        ("Group: a@b.org, c@d.org;", "there is more than one address."),
        ('A "B <a@b.org>', "a quote in the name is not closed."),
        ("A\r\nBcc: x <a@b.org>", "the name holds a control character."),
        ("A\u2028B <a@b.org>", "the name holds a control character."),
        ("A\ud800 <a@b.org>", "the name holds a control character."),
        ("a@b.org (A)", "an address with a comment in brackets is not supported."),
    ],
)
def test_parse_mailbox_of_a_bad_one_says_why(written: str, message: str) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - compared whole below
        parse_mailbox(written)
    assert str(caught.value) == message


def test_mailbox_as_text_has_name_and_address() -> None:
    assert str(Mailbox("LOS", "a@example.org")) == "LOS <a@example.org>"
    assert str(Mailbox("", "a@example.org")) == "a@example.org"


@pytest.mark.parametrize(
    "name", ["a@b.org", "<LOS>", 'Het "huis" \\o/', '"LOS"', "A, B"]
)
def test_mailbox_as_text_is_read_as_the_same(name: str) -> None:
    mailbox = Mailbox(name, "a@example.org")
    assert parse_mailbox(str(mailbox)) == mailbox


def test_address_key_of_two_spellings_is_one() -> None:
    assert address_key("Anna@example.org") == address_key("anna@EXAMPLE.org")
    assert address_key("JO\u0308RG@example.org") == address_key("jörg@example.org")


def test_address_key_keeps_dots_and_plus_parts() -> None:
    assert address_key("a.b+c@example.org") == "a.b+c@example.org"


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("a@example.org", "a@example.org"),
        ("a@xn--mnchen-3ya.de", "a@münchen.de"),
        ("a@xn--zzzzzz.de", "a@xn--zzzzzz.de"),
    ],
)
def test_display_address_shows_letters(address: str, shown: str) -> None:
    assert display_address(address) == shown


def test_mask_leaves_a_letter_and_the_domain() -> None:
    assert mask("anna@example.org") == "a***@example.org"


def test_domain_of_is_in_lower_case() -> None:
    assert domain_of("a@Example.org") == "example.org"


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("550 <anna@example.org> is gone", "550 <a***@example.org> is gone"),
        ("to:anna@example.org,bob@x.org;", "to:a***@example.org,b***@x.org;"),
        ("File 'a.py', in 3 @ 4", "File 'a.py', in 3 @ 4"),
    ],
)
def test_mask_addresses_masks_each_and_leaves_the_rest(text: str, masked: str) -> None:
    assert mask_addresses(text) == masked
