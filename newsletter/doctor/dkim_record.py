"""DKIM: does the key in the DNS belong to the key that we sign with? Pure.

Source: RFC 6376, section 3.6.1 (the record); RFC 8301 (bits of RSA); RFC 8463 (Ed25519
keys).
"""

import base64
import binascii
from collections.abc import Iterator
from functools import partial

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_der_public_key

from newsletter.doctor.records import Question, Records, Said, look, question, zone_line
from newsletter.doctor.sending import Sending, SigningKey
from newsletter.doctor.tags import Tags, parse_tags
from newsletter.model.diagnosis import Diagnosis, Health, Subject

#: RFC 8301, section 3.2: receivers ignore less than 1024 bits; signers take 2048.
_LEAST_BITS = 1024
_GOOD_BITS = 2048
#: RFC 8032, section 5.1.5.
_ED25519_BYTES = 32

_diagnosis = partial(Diagnosis, Subject.DKIM)


def plan_dkim(sending: Sending) -> Iterator[Question]:
    """Yield what `judge_dkim` has to know."""
    for key in sending.keys:
        yield question("TXT", _name(key))


def judge_dkim(sending: Sending, records: Records) -> list[Diagnosis]:
    """Return what is to be said of the key of each ``[dkim]``."""
    if not sending.keys:
        return [_relay_signs(sending)]
    return [found for key in sending.keys for found in _judge_key(key, records)]


def key_record(key: SigningKey) -> str:
    """Return the TXT record that belongs to a key."""
    return f"v=DKIM1; k={key.kind}; p={key.public}"


def _name(key: SigningKey) -> str:
    return f"{key.selector}._domainkey.{key.domain}".lower()


def _relay_signs(sending: Sending) -> Diagnosis:
    return _diagnosis(
        Health.INFO,
        "there is no [dkim] in newsletter.toml, so your mail server has to sign; "
        "whether it does is not checkable from here.",
        "Send a test to a mailbox elsewhere, and look there for dkim=pass and "
        f"header.d={sending.author} in the header Authentication-Results. If it is not "
        'there, ask the provider of the mail server: "Please sign our mail with DKIM '
        f'in the name of {sending.author}."',
    )


def _judge_key(key: SigningKey, records: Records) -> list[Diagnosis]:
    if key.trouble:
        return [_diagnosis(Health.ERROR, key.trouble, key.advice)]
    answer = look(records, "TXT", _name(key))
    if not answer.is_known:
        how = "failed" if answer.said is Said.FAILED else "did not answer in time"
        return [
            _diagnosis(
                Health.WARNING,
                f"{_name(key)} could not be read: the name servers {how}.",
                "Run newsletter doctor again.",
            )
        ]
    texts = [text for text in answer.values if _is_key(text)]
    if not texts:
        return [_missing(key, answer.values)]
    if len(texts) > 1:
        return [_too_many(key, len(texts))]
    return _judge_record(key, parse_tags(texts[0]))


def _is_key(text: str) -> bool:
    tags = parse_tags(text)
    return "p" in tags and tags.get("v", "DKIM1") == "DKIM1"


def _missing(key: SigningKey, values: tuple[str, ...]) -> Diagnosis:
    what = "holds no DKIM key" if values else "is not there"
    return _diagnosis(
        Health.ERROR,
        f"{_name(key)} {what}, so receivers cannot check our signature.",
        _advise_record(key, "add"),
    )


def _too_many(key: SigningKey, number: int) -> Diagnosis:
    return _diagnosis(
        Health.ERROR,
        f"{_name(key)} holds {number} keys; receivers take any of them, or none.",
        _advise_record(key, "leave only"),
    )


def _advise_record(key: SigningKey, verb: str) -> str:
    line = zone_line(_name(key), "TXT", key_record(key))
    return f"Ask whoever runs the DNS of {key.domain} to {verb}:\n{line}"


def _judge_record(key: SigningKey, tags: Tags) -> list[Diagnosis]:
    fault = _record_fault(key, tags)
    if fault:
        return [_diagnosis(Health.ERROR, fault, _advise_record(key, "set it to"))]
    remarks = [*_weakness(key, tags), *_flags(key, tags)]
    if any(remark.severity is Health.ERROR for remark in remarks):
        return remarks
    bits = _bits(tags)
    kind = f"RSA, {bits} bits" if bits else "Ed25519"
    fine = f"{_name(key)} holds our key ({kind})."
    return [_diagnosis(Health.OK, fine), *remarks]


def _record_fault(key: SigningKey, tags: Tags) -> str:
    """Return why receivers cannot check our signature by this record, or nothing."""
    name, kind = _name(key), tags.get("k", "rsa").lower()
    if not tags.get("p"):
        return f"{name} has an empty p=, which says that the key was withdrawn."
    if kind != key.kind:
        return f"{name} is a key of the kind {kind}, but we sign with {key.kind}."
    found = _read_public(tags)
    if found is None:
        return f"{name} holds a p= that nobody can read; part of it may be missing."
    if found != _read_public(parse_tags(key_record(key))):
        return f"{name} holds another key than the one we sign with."
    services = _words(tags.get("s", "*"))
    if not {"*", "email"} & services:
        return f"{name} is not for mail: it says s={tags.get('s')}."
    if "h" in tags and "sha256" not in _words(tags.get("h")):
        return f"{name} allows h={tags.get('h')} alone, but we sign with sha256."
    return ""


def _weakness(key: SigningKey, tags: Tags) -> Iterator[Diagnosis]:
    bits = _bits(tags)
    if bits is None or bits >= _GOOD_BITS:
        return
    ignored = "; receivers ignore it" if bits < _LEAST_BITS else ""
    yield _diagnosis(
        Health.ERROR if ignored else Health.WARNING,
        f"the key of {_name(key)} has {bits} bits{ignored}.",
        f"Make one with {_GOOD_BITS} bits under a new selector, and let the old record "
        "stand for a week.",
    )


def _flags(key: SigningKey, tags: Tags) -> Iterator[Diagnosis]:
    if "y" in _words(tags.get("t")):
        yield _diagnosis(
            Health.WARNING,
            f"{_name(key)} says t=y: a test, which receivers treat as unsigned mail.",
            _advise_record(key, "set it to"),
        )


def _words(value: str) -> set[str]:
    return {word.strip().lower() for word in value.split(":") if word.strip()}


def _bits(tags: Tags) -> int | None:
    found = _read_public(tags)
    return found.key_size if isinstance(found, RSAPublicKey) else None


def _read_public(tags: Tags) -> RSAPublicKey | Ed25519PublicKey | None:
    """Return the key of a record, or None where there is none to be read."""
    try:
        # Space may stand anywhere in it (RFC 6376, section 3.2).
        data = base64.b64decode("".join(tags.get("p").split()), validate=True)
        if tags.get("k", "rsa").lower() == "ed25519":
            is_raw = len(data) == _ED25519_BYTES
            return Ed25519PublicKey.from_public_bytes(data) if is_raw else None
        found = load_der_public_key(data)
    except (binascii.Error, ValueError, UnsupportedAlgorithm):
        return None
    return found if isinstance(found, RSAPublicKey) else None
