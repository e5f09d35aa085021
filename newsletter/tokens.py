"""Signed tokens without personal data, and the keyed hash of a suppressed address.

In: a keyring, what the token is for, and a few numbers (ids of rows). Out: a short word
of lower-case letters and digits that only the holder of the key can make, safe in an
address, a Message-ID and a path, and unharmed by programs that change its case.

Law: a token is worth exactly one purpose, and there is exactly one spelling of each
token (letter case apart). Nothing here tells a wrong token from an unknown one.

A token is base32 of: version, key id, numbers (varints), first 16 bytes of
HMAC-SHA256(key, purpose, 0, those bytes).
"""

import hashlib
import hmac
from base64 import b32decode
from binascii import Error as BadBase32
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

_VERSION = 1
#: 128 bits, as for any capability that is never to be guessed (RFC 2104, section 5).
_TAG_BYTES = 16
#: A key shorter than its hash is a weak one (RFC 2104, section 3).
_MIN_KEY_BYTES = 32
#: Ids of rows are 64-bit signed integers in every database.
_MAX_NUMBER = 2**63 - 1
#: Longer than any token of ours with two such numbers; keeps work on junk small.
_MAX_CHARACTERS = 100
_BLOCK_BYTES = 64

_ALPHABET = "abcdefghijklmnopqrstuvwxyz234567"
_IS_OURS = frozenset(_ALPHABET).issuperset
#: Two characters for each ten bits: three times faster than base64.b32encode.
_PAIRS = tuple(a + b for a in _ALPHABET for b in _ALPHABET)


class Purpose(StrEnum):
    """What a token is for; one made for one purpose is worthless for another."""

    #: Leave one list. Numbers: subscriber, list.
    UNSUBSCRIBE = "unsubscribe"
    #: Recognise a message by its Message-ID. Numbers: dispatch, subscriber.
    MESSAGE = "message"
    #: Stands where `UNSUBSCRIBE` would in a test mail, and changes nothing.
    TEST = "test"
    #: Proves that the public address reaches this database. Numbers: any nonce.
    PROBE = "probe"


Hasher = Callable[[bytes], bytes]


@dataclass(frozen=True)
class Keyring:
    """The secret keys of a newsletter; old ones stay, so that old mails work."""

    #: Key id (1 to 255) -> secret of 32 bytes or more.
    keys: Mapping[int, bytes] = field(repr=False)
    #: Id of the key that signs.
    current: int
    #: Secret of the suppression list, which no rotation may change; empty: the key
    #: with the lowest id.
    suppression_key: bytes = field(default=b"", repr=False)
    _hashers: dict[tuple[int, str], Hasher] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def __post_init__(self) -> None:
        if self.current not in self.keys:
            raise ValueError(f"the keyring has no key with the id {self.current}.")
        for key_id, key in self.keys.items():
            if not 1 <= key_id <= 255:
                raise ValueError(f"the key id {key_id} is not between 1 and 255.")
            if len(key) < _MIN_KEY_BYTES:
                raise ValueError(
                    f"key {key_id} is shorter than {_MIN_KEY_BYTES} bytes."
                )

    def _hasher(self, key_id: int, purpose: str) -> Hasher:
        known = self._hashers.get((key_id, purpose))
        if known is None:
            known = _prepare_hmac(self.keys[key_id], purpose.encode() + b"\0")
            self._hashers[key_id, purpose] = known
        return known


def sign(keyring: Keyring, purpose: Purpose, *numbers: int) -> str:
    """Return the token that stands for *numbers*: 37 characters for two usual ids.

    Raises:
        ValueError: A number is negative or above 2^63 - 1.
    """
    payload = bytes((_VERSION, keyring.current)) + _encode_numbers(numbers)
    tag = keyring._hasher(keyring.current, purpose)(payload)
    return _encode_base32(payload + tag[:_TAG_BYTES])


def verify(keyring: Keyring, purpose: Purpose, token: str) -> tuple[int, ...] | None:
    """Return the numbers of a token made by `sign` for *purpose*, or None.

    Letter case does not count: mail systems change it in addresses. Anything else that
    was altered, made for another purpose or with an unknown key gives None.
    """
    data = _decode_base32(token)
    if data is None or len(data) < 2 + _TAG_BYTES:
        return None
    payload, tag = data[:-_TAG_BYTES], data[-_TAG_BYTES:]
    if payload[0] != _VERSION or payload[1] not in keyring.keys:
        return None
    expected = keyring._hasher(payload[1], purpose)(payload)[:_TAG_BYTES]
    if not hmac.compare_digest(tag, expected):
        return None
    return _decode_numbers(payload[2:])


def address_hash(keyring: Keyring, address_key: str) -> bytes:
    """Return what the suppression list knows of an address: 32 bytes, keyed.

    Args:
        keyring: Its suppression key is used, whichever key signs.
        address_key: From `addresses.address_key`, so that spellings meet.

    A plain hash would protect nobody: addresses are guessed by the million a second.
    """
    key = keyring.suppression_key or keyring.keys[min(keyring.keys)]
    return hmac.digest(key, b"suppression\0" + address_key.encode(), "sha256")


def _prepare_hmac(key: bytes, prefix: bytes) -> Hasher:
    """Return HMAC-SHA256 under *key* of *prefix* and what is given; 0.6 µs a call.

    `hmac.digest` hashes the key anew each time, which is most of its 1.5 µs (RFC 2104,
    section 4, describes storing the intermediate results).
    """
    if len(key) > _BLOCK_BYTES:
        key = hashlib.sha256(key).digest()
    padded = key.ljust(_BLOCK_BYTES, b"\0")
    inner = hashlib.sha256(bytes(byte ^ 0x36 for byte in padded) + prefix)
    outer = hashlib.sha256(bytes(byte ^ 0x5C for byte in padded))

    def digest(message: bytes) -> bytes:
        first, second = inner.copy(), outer.copy()
        first.update(message)
        second.update(first.digest())
        return second.digest()

    return digest


def _encode_numbers(numbers: tuple[int, ...]) -> bytes:
    """Return *numbers* as varints: seven bits a byte, low ones first."""
    out = bytearray()
    for number in numbers:
        if not 0 <= number <= _MAX_NUMBER:
            raise ValueError(f"{number} cannot stand in a token.")
        rest = number
        while rest > 127:
            out.append(rest & 127 | 128)
            rest >>= 7
        out.append(rest)
    return bytes(out)


def _decode_numbers(data: bytes) -> tuple[int, ...]:
    numbers, number, shift = [], 0, 0
    for byte in data:
        number |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            numbers.append(number)
            number, shift = 0, 0
    return tuple(numbers)


def _encode_base32(data: bytes) -> str:
    """Return *data* in base32 (RFC 4648, section 6), lower case, without padding."""
    bits = 8 * len(data)
    characters = (bits + 4) // 5
    pairs = (characters + 1) // 2
    rest = int.from_bytes(data, "big") << (10 * pairs - bits)
    out = []
    for _ in range(pairs):
        out.append(_PAIRS[rest & 1023])
        rest >>= 10
    out.reverse()
    return "".join(out)[:characters]


def _decode_base32(text: str) -> bytes | None:
    """Return the bytes of *text*, or None if no bytes are spelt like that."""
    lowered = text.lower() if len(text) <= _MAX_CHARACTERS and text.isascii() else ""
    if not lowered or not _IS_OURS(lowered):
        return None
    try:
        data = b32decode(lowered.upper() + "=" * (-len(lowered) % 8))
    except BadBase32:
        return None
    # Spare bits at the end that are not zero spell the same bytes a second time.
    return data if _encode_base32(data) == lowered else None
