"""Signatures, judged by dkimpy as receivers would."""

import re
from base64 import b64encode
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import cache

import dkim
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from newsletter.messages.compile import compile_message
from newsletter.messages.dkim import DkimSigner, sign_message
from newsletter.messages.dkim_keys import read_signer
from newsletter.messages.personalise import personalise
from newsletter.model.assembled import Assembled
from newsletter.model.message import CompiledMessage, Identity, Message

Build = Callable[..., Assembled]
Personal = Callable[..., Message]
Key = RSAPrivateKey | Ed25519PrivateKey

NOW = datetime(2023, 2, 14, 9, 30, 0, 999_999, tzinfo=UTC)
ANYTHING = st.text(st.characters(exclude_categories=["Cs"]), max_size=80)
SAME_FIXTURES = settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    deadline=None,
    max_examples=60,
)


@cache
def rsa_key(bits: int = 2048) -> RSAPrivateKey:
    return rsa.generate_private_key(65537, bits)


@cache
def ed25519_key() -> Ed25519PrivateKey:
    return Ed25519PrivateKey.generate()


def pem(key: Key | ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


@pytest.fixture
def rsa_signer() -> DkimSigner:
    return read_signer(
        pem(rsa_key()), domain="example.org", selector="r", algorithm="rsa"
    )


@pytest.fixture
def ed25519_signer() -> DkimSigner:
    return read_signer(
        pem(ed25519_key()), domain="example.org", selector="e", algorithm="ed25519"
    )


def record(name: bytes, timeout: float = 5) -> bytes:
    """Answer as the DNS would."""
    if name == b"r._domainkey.example.org.":
        public = rsa_key().public_key()
        der = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        return b"v=DKIM1; k=rsa; p=" + b64encode(der)
    raw = ed25519_key().public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    return b"v=DKIM1; k=ed25519; p=" + b64encode(raw)


def is_valid(data: bytes, index: int = 0) -> bool:
    try:
        return bool(dkim.DKIM(data).verify(index, dnsfunc=record))
    except dkim.ValidationError:  # what it says of another body
        return False


def change(message: Message, old: bytes, new: bytes) -> bytes:
    assert message.data.count(old) == 1
    return message.data.replace(old, new)


def test_signature_has_this_form(
    compiled: CompiledMessage, personal: Personal, ed25519_signer: DkimSigner
) -> None:
    signed = sign_message(personal(compiled), [ed25519_signer], NOW)
    header = signed.data.partition(b"\r\nFrom: ")[0].decode("ascii")
    assert re.fullmatch(
        r"DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed/relaxed;\r\n"
        r" d=example\.org; s=e; t=1676367000;\r\n"
        r" h=from:from:subject:date:message-id:to:mime-version:content-type:list-id\r\n"
        r" :list-unsubscribe:list-unsubscribe-post:feedback-id;\r\n"
        r" bh=[A-Za-z0-9+/]{43}=;\r\n"
        r" b=[A-Za-z0-9+/]{72}\r\n"
        r" [A-Za-z0-9+/]{14}==",
        header,
    )


def test_signing_changes_nothing_that_was_there(
    compiled: CompiledMessage, personal: Personal, rsa_signer: DkimSigner
) -> None:
    message = personal(compiled)
    signed = sign_message(message, [rsa_signer], NOW)
    assert signed.data.endswith(b"==\r\n" + message.data)
    assert (signed.envelope_sender, signed.envelope_recipient, signed.message_id) == (
        message.envelope_sender,
        message.envelope_recipient,
        message.message_id,
    )


def test_message_without_signers_stays_as_it_is(
    compiled: CompiledMessage, personal: Personal
) -> None:
    message = personal(compiled)
    assert sign_message(message, [], NOW) is message


@given(name=ANYTHING, subject=ANYTHING, text=ANYTHING, list_name=ANYTHING)
@example(name="  a  b  ", subject="a   b ", text=" \t.\n\n\n  x ", list_name="a  b")
@example(name="é" * 100, subject="مرحبا بالعالم", text="👩‍👩‍👧‍👦\n", list_name="Één")
@SAME_FIXTURES
def test_any_signed_mail_is_valid(
    name: str,
    subject: str,
    text: str,
    list_name: str,
    build: Build,
    personal: Personal,
    rsa_signer: DkimSigner,
    ed25519_signer: DkimSigner,
) -> None:
    forbidden = r"[\x00-\x1f\x7f-\x9f\u2028\u2029]"
    identity = Identity(
        sender="Steunpunt <post@example.org>",
        reply_to="Redactie <redactie@example.org>",
        list_id="main.example.org",
        list_name=re.sub(forbidden, " ", list_name),
        base_url="https://news.example.org",
    )
    title = re.sub(forbidden, " ", subject)
    assembled = build(subject=f"{title}@@ab12cd_0@@", text=text, html=text)
    message = personal(
        compile_message(assembled, identity), fields={"first_name": name}
    )
    signed = sign_message(message, [rsa_signer, ed25519_signer], NOW).data
    assert is_valid(signed, 0)
    assert is_valid(signed, 1)
    assert all(
        len(line) <= 78 for line in signed.split(b"\r\nFrom: ")[0].split(b"\r\n")
    )


def test_mail_to_letters_before_the_at_is_valid(
    compiled: CompiledMessage, personal: Personal, ed25519_signer: DkimSigner
) -> None:
    message = personal(compiled, email="jörg@münchen.de", smtputf8=True)
    assert is_valid(sign_message(message, [ed25519_signer], NOW).data)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"\r\nFrom: Steunpunt <", b"\r\nFrom: Bank <"),
        (b"\r\nTo: <anna@", b"\r\nTo: <eva@"),
        (b"\r\nSubject: Petitie", b"\r\nSubject: Betaal"),
        (b"\r\nDate: Tue, 14", b"\r\nDate: Wed, 15"),
        (b"\r\nMessage-ID: <1", b"\r\nMessage-ID: <2"),
        (b"\r\nList-Id: N", b"\r\nList-Id: M"),
        (b"<https://news.example.org/u/11g7g1leave>,", b"<https://evil.test/u/1>,"),
        (b"List-Unsubscribe=One-Click", b"List-Unsubscribe=Two-Click"),
        (b"\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click", b""),
        (b"\r\nFeedback-ID: 2023", b"\r\nFeedback-ID: 2024"),
        (b"\r\nMIME-Version: 1.0", b"\r\nMIME-Version: 1.1"),
        (b"\r\nContent-Type: multipart/alternative", b"\r\nContent-Type: text/plain"),
        (b"\r\nFrom: S", b"\r\nFrom: <evil@example.net>\r\nFrom: S"),
        (b"Afmelden</a>", b"Aanmelden</a>"),
        (b"a--\r\n", b"a--\r\nMeer\r\n"),
    ],
)
def test_mail_changed_after_signing_is_not_valid(
    old: bytes,
    new: bytes,
    compiled: CompiledMessage,
    personal: Personal,
    ed25519_signer: DkimSigner,
) -> None:
    """RFC 8058 wants both unsubscribe headers covered; nobody adds a second From."""
    signed = sign_message(personal(compiled), [ed25519_signer], NOW)
    assert is_valid(signed.data)
    assert not is_valid(change(signed, old, new))


def refold(data: bytes) -> bytes:
    """Return a mail as some relays pass it on: other folds, blanks and letter case."""
    head, _, body = data.partition(b"\r\n\r\n")
    head = re.sub(rb"\r\n (?=\S)", b"\r\n\t  ", head)
    head = re.sub(rb"(?m)^(Subject|List-Id|To): ", rb"\1:   ", head)
    head = re.sub(rb"(?m)^(List-Unsubscribe|From): ", rb"\1:\r\n ", head)
    head = head.replace(b"\r\nMessage-ID:", b"\r\nMessage-Id:")
    head = head.replace(b"\r\nDate: Tue, ", b" \r\nDate: Tue,  ")
    return b"Received: from a by b;\r\n\tTue\r\n" + head + b"\r\n\r\n" + body


@pytest.mark.parametrize("index", [0, 1])
def test_mail_that_a_relay_folds_anew_stays_valid(
    index: int,
    compiled: CompiledMessage,
    personal: Personal,
    rsa_signer: DkimSigner,
    ed25519_signer: DkimSigner,
) -> None:
    signed = sign_message(personal(compiled), [rsa_signer, ed25519_signer], NOW).data
    changed = refold(signed)
    assert b":   Nieuwsbrief" in changed
    assert is_valid(changed, index)


def test_mail_with_blanks_added_at_line_ends_stays_valid(
    compiled: CompiledMessage, personal: Personal, ed25519_signer: DkimSigner
) -> None:
    signed = sign_message(personal(compiled), [ed25519_signer], NOW).data
    head, _, body = signed.partition(b"\r\n\r\n")
    loose = body.replace(b"\r\n", b" \t\r\n") + b"\r\n\r\n"
    assert is_valid(head + b"\r\n\r\n" + loose)


def test_threads_sign_alike(
    compiled: CompiledMessage, rsa_signer: DkimSigner, ed25519_signer: DkimSigner
) -> None:
    def write(number: int) -> bytes:
        message = personalise(
            compiled,
            email=f"reader{number}@example.org",
            fields={"first_name": f"Anna {number}"},
            unsubscribe_token=f"leave{number}",
            message_token=f"own{number}",
            sent_at=NOW,
        )
        return sign_message(message, [rsa_signer, ed25519_signer], NOW).data

    numbers = range(100)
    with ThreadPoolExecutor(4) as threads:
        together = list(threads.map(write, numbers))
    assert together == [write(number) for number in numbers]


@pytest.mark.parametrize(
    ("data", "algorithm", "said"),
    [
        (b"", "rsa", "it holds no private key in PEM form."),
        (b"geheim", "rsa", "it holds no private key in PEM form."),
        (
            b"-----BEGIN PRIVATE KEY-----\nZ2VoZWlt\n-----END PRIVATE KEY-----\n",
            "rsa",
            "it holds no private key in PEM form.",
        ),
        (
            rsa_key()
            .public_key()
            .public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
            "rsa",
            "it holds the public key, not the private one.",
        ),
        (
            rsa_key().private_bytes(
                Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"geheim")
            ),
            "rsa",
            "it is protected by a passphrase.",
        ),
        (
            pem(ec.generate_private_key(ec.SECP256R1())),
            "rsa",
            "it holds a key that is neither RSA nor Ed25519.",
        ),
        (
            pem(ed25519_key()),
            "rsa",
            'it holds an Ed25519 key, but algorithm = "rsa".',
        ),
        (
            pem(rsa_key()),
            "ed25519",
            'it holds an RSA key, but algorithm = "ed25519".',
        ),
    ],
    # Keys are new in each process; the name of a test must not be.
    ids=["empty", "text", "broken", "public", "locked", "curve", "other", "another"],
)
def test_what_is_no_usable_key_is_refused(
    data: bytes, algorithm: str, said: str
) -> None:
    with pytest.raises(ValueError, match="it ") as caught:
        read_signer(
            data,
            domain="example.org",
            selector="s",
            algorithm=algorithm,  # type: ignore[arg-type]  # parametrized
        )
    assert str(caught.value) == said
    assert caught.value.__cause__ is None


def test_key_that_is_too_short_is_refused() -> None:
    short = b"""\
-----BEGIN PRIVATE KEY-----
MIIBVQIBADANBgkqhkiG9w0BAQEFAASCAT8wggE7AgEAAkEAwm8jHTqG/CjKMci1
5rxtFZMEOP+5COVdL5AGkG2kIa+0MffZ0fX7BwV6FV/VYL3wDUuLxg5zN2SLDoFq
u+4k3wIDAQABAkAx47Ju3YWlThITlByYh+C1mHOM7JDd53xxp9MHXBqxSaGC+Wv5
YczM1Q7eISQowRz0ZRyN08CLzZe9MpBhTeaBAiEA7o54P851FdZdkUNPICpxBnt6
mnXCP6GldWz3XAWQ61sCIQDQpr35NbbgGINwM38DflGyb+1tP/kqlFAz6ffypF2X
zQIhAK+qA4xguEE7WC02llaGSjJOzOpemoqGurMsaT2+74cPAiEAuYptCL0xQBnM
V+wTGGIt+AT8Fth6k9iLcX6vFEABUkkCIDks8RATLACmpz1UzY/PIUUS7NpAYxaT
LAFvm34Di5B/
-----END PRIVATE KEY-----
"""
    with pytest.raises(ValueError, match="it holds") as caught:
        read_signer(short, domain="example.org", selector="s", algorithm="rsa")
    assert str(caught.value) == (
        "it holds a key of 512 bits; nobody accepts fewer than 1024."
    )


def test_signer_does_not_show_its_key(rsa_signer: DkimSigner) -> None:
    assert repr(rsa_signer) == (
        "DkimSigner(domain='example.org', selector='r', algorithm='rsa')"
    )
