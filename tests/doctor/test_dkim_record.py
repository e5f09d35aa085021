import base64
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import (
    RSAPublicNumbers,
    generate_private_key,
)
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from newsletter.doctor.dkim_record import judge_dkim, key_record, plan_dkim
from newsletter.doctor.sending import Sending, SigningKey
from newsletter.model.diagnosis import Diagnosis

if TYPE_CHECKING:
    from tests.doctor.conftest import Gather

Told = Callable[[list[Diagnosis]], list[str]]
NAME = "news._domainkey.bond.test"


def rsa(bits: int = 2048) -> str:
    public = generate_private_key(65537, bits).public_key()
    data = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return base64.b64encode(data).decode()


OURS, OTHER, SHORT = rsa(), rsa(), rsa(1024)
EDWARDS = base64.b64encode(
    Ed25519PrivateKey.generate().public_key().public_bytes_raw()
).decode()
#: Filled in by `judged`: names of tests are the same in each worker.
KEYS = {
    "ours": OURS,
    "ours_in_two": f"{OURS[:100]} {OURS[100:]}",
    "half": OURS[:200],
    "other": OTHER,
    "edwards": EDWARDS,
}
KEY = SigningKey("bond.test", "news", "rsa", OURS)


def judged(
    gather: "Gather", *texts: str, key: SigningKey = KEY, said: str = ""
) -> list[Diagnosis]:
    sending = Sending("bond.test", "bond.test", keys=(key,))
    filled = [text.format(**KEYS) for text in texts]
    zone = {f"{NAME} TXT": said or filled} if texts or said else {}
    return judge_dkim(sending, gather(zone, lambda _: plan_dkim(sending)))


@pytest.mark.parametrize(
    "text",
    [
        "v=DKIM1; k=rsa; p={ours}",
        "p={ours}",
        "v=DKIM1;p={ours_in_two};",
        "v=DKIM1; h=sha1:sha256; s=email; t=s; n=ours; p={ours}",
    ],
)
def test_record_with_our_key_is_fine(gather: "Gather", told: Told, text: str) -> None:
    assert told(judged(gather, text)) == [f"ok: {NAME} holds our key (RSA, 2048 bits)."]


def test_record_with_our_ed25519_key_is_fine(gather: "Gather", told: Told) -> None:
    key = SigningKey("bond.test", "news", "ed25519", EDWARDS)
    found = judged(gather, f"v=DKIM1; k=ed25519; p={EDWARDS}", key=key)
    assert told(found) == [f"ok: {NAME} holds our key (Ed25519)."]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "v=DKIM1; k=rsa; p={other}",
            f"{NAME} holds another key than the one we sign with.",
        ),
        (
            "v=DKIM1; p=",
            f"{NAME} has an empty p=, which says that the key was withdrawn.",
        ),
        (
            "v=DKIM1; k=ed25519; p={edwards}",
            f"{NAME} is a key of the kind ed25519, but we sign with rsa.",
        ),
        (
            "v=DKIM1; k=rsa; p={half}",
            f"{NAME} holds a p= that nobody can read; part of it may be missing.",
        ),
        (
            "v=DKIM1; k=rsa; p=-----BEGIN PUBLIC KEY-----",
            f"{NAME} holds a p= that nobody can read; part of it may be missing.",
        ),
        ("v=DKIM1; s=tlsrpt; p={ours}", f"{NAME} is not for mail: it says s=tlsrpt."),
        (
            "v=DKIM1; h=sha1; p={ours}",
            f"{NAME} allows h=sha1 alone, but we sign with sha256.",
        ),
        (
            "google-site-verification=x",
            f"{NAME} holds no DKIM key, so receivers cannot check our signature.",
        ),
        (
            "v=DKIM2; p={ours}",
            f"{NAME} holds no DKIM key, so receivers cannot check our signature.",
        ),
    ],
)
def test_record_that_does_not_fit_is_an_error_with_the_right_one(
    gather: "Gather", told: Told, text: str, message: str
) -> None:
    found = judged(gather, text)
    assert told(found) == [f"error: {message}"]
    copied = "".join(found[0].advice.splitlines()[-1].split('"')[1::2])
    assert copied == f"v=DKIM1; k=rsa; p={OURS}"
    assert all(len(part) <= 255 for part in found[0].advice.split('"')[1::2])


def test_missing_record_is_an_error(gather: "Gather", told: Told) -> None:
    found = judged(gather)
    assert told(found) == [
        f"error: {NAME} is not there, so receivers cannot check our signature."
    ]
    assert found[0].advice.startswith(
        f"Ask whoever runs the DNS of bond.test to add:\n    {NAME}. IN TXT "
    )


def test_two_records_are_an_error(gather: "Gather", told: Told) -> None:
    assert told(judged(gather, f"p={OURS}", f"p={OTHER}")) == [
        f"error: {NAME} holds 2 keys; receivers take any of them, or none."
    ]


def test_silence_is_no_missing_record(gather: "Gather", told: Told) -> None:
    assert told(judged(gather, said="SILENT")) == [
        f"warning: {NAME} could not be read: the name servers did not answer in time."
    ]


def test_short_key_is_a_warning(gather: "Gather", told: Told) -> None:
    key = SigningKey("bond.test", "news", "rsa", SHORT)
    assert told(judged(gather, key_record(key), key=key)) == [
        f"ok: {NAME} holds our key (RSA, 1024 bits).",
        f"warning: the key of {NAME} has 1024 bits.",
    ]


def test_record_on_trial_is_a_warning(gather: "Gather", told: Told) -> None:
    assert told(judged(gather, f"v=DKIM1; t=y:s; p={OURS}"))[1:] == [
        f"warning: {NAME} says t=y: a test, which receivers treat as unsigned mail."
    ]


def test_key_that_cannot_be_used_is_told_as_it_is(gather: "Gather", told: Told) -> None:
    key = SigningKey(
        "bond.test", "news", "rsa", trouble="it is gone.", advice="Find it."
    )
    found = judged(gather, f"p={OURS}", key=key)
    assert told(found) == ["error: it is gone."]
    assert found[0].advice == "Find it."


def test_without_a_key_the_relay_signs(told: Told) -> None:
    found = judge_dkim(Sending("bond.test", "bond.test"), {})
    assert told(found) == [
        "info: there is no [dkim] in newsletter.toml, so your mail server has to sign; "
        "whether it does is not checkable from here."
    ]
    assert found[0].advice == (
        "Send a test to a mailbox elsewhere, and look there for dkim=pass and "
        "header.d=bond.test in the header Authentication-Results. If it is not there, "
        'ask the provider of the mail server: "Please sign our mail with DKIM in the '
        'name of bond.test."'
    )


def test_key_that_receivers_ignore_is_an_error(gather: "Gather", told: Told) -> None:
    public = RSAPublicNumbers(65537, (1 << 511) | 12345671).public_key()
    data = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    key = SigningKey("bond.test", "news", "rsa", base64.b64encode(data).decode())
    assert told(judged(gather, key_record(key), key=key)) == [
        f"error: the key of {NAME} has 512 bits; receivers ignore it."
    ]
