"""Signed tokens without personal data, and the keyed hash of a suppressed address.

In: a keyring, what the token is for, and a few numbers (ids of rows). Out: a short word
of lower-case letters and digits that only the holder of the key can make, safe in an
address, a Message-ID and a path, and unharmed by programs that change its case.

Law: a token is worth exactly one purpose, and there is exactly one spelling of each
token (letter case apart). Nothing here tells a wrong token from an unknown one.

A token is written in the alphabet of base32hex (RFC 4648, section 7), ``0-9a-v``:

    1            version
    1            key id, hexadecimal
    gc g5464e    each number: "g", then the number, hexadecimal
    26 letters   HMAC-SHA256(key, purpose, 0, all characters so far): five bits of each
                 of the first 26 bytes, 130 bits in all

So signing needs no regrouping of bits (3 µs in Python), and what is signed is the very
spelling that is compared.
"""

import hashlib
import hmac
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

_VERSION = "1"
#: 130 bits: above the 128 of any capability that is never to be guessed.
_TAG_CHARACTERS = 26
#: Byte -> character for its five lower bits: each is equally likely.
_CHARACTER_OF = bytes(
    b"0123456789abcdefghijklmnopqrstuv"[byte & 31] for byte in range(256)
)
#: A key shorter than its hash is a weak one (RFC 2104, section 3).
_MIN_KEY_BYTES = 32
#: Under which the hasher of suppressed addresses is kept: no key has the id 0.
_SUPPRESSION = (0, "suppression")
#: Two hexadecimal digits of a token name the key.
MOST_KEY_ID = 255
#: Ids of rows are 64-bit signed integers in every database.
_MAX_NUMBER = 2**63 - 1
_BLOCK_BYTES = 64
#: Version, key id, numbers, tag.
_SHAPE = re.compile(
    rf"({_VERSION}([0-9a-f]{{1,2}})((?:g[0-9a-f]{{1,16}}){{0,4}}))"
    rf"([0-9a-v]{{{_TAG_CHARACTERS}}})",
    re.ASCII,
)


class Purpose(StrEnum):
    """What a token is for; one made for one purpose is worthless for another."""

    #: Leave lists. Numbers: subscriber, up to three lists; 0: every list.
    UNSUBSCRIBE = "unsubscribe"
    #: Recognise a message by its Message-ID. Numbers: dispatch, subscriber.
    MESSAGE = "message"
    #: Stands where `UNSUBSCRIBE` would in a test mail, and changes nothing.
    TEST = "test"
    #: Proves that the public address reaches this database. Numbers: any nonce.
    PROBE = "probe"
    #: See and change one's own lists, language and address. Numbers: subscriber.
    PREFERENCES = "preferences"
    #: Join the lists that were asked for. Numbers: row of `joinings`.
    CONFIRM = "confirm"
    #: Never again a confirmation mail to this address. Numbers: row of `joinings`.
    NOT_ME = "not-me"
    #: Take a leaving back, for a day. Numbers: subscriber, milliseconds when they left.
    UNDO = "undo"
    #: Confirm a new address. Numbers: row of `address_changes`.
    CHANGE = "change"
    #: When a form was shown, to tell people from programs. Numbers: milliseconds.
    FORM = "form"


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
    #: Key id -> when it began to sign, aware; also of those that are retired. The first
    #: one has signed from the beginning.
    since: Mapping[int, datetime] = field(default_factory=dict, repr=False)
    _hashers: dict[tuple[int, str], Hasher] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def __post_init__(self) -> None:
        if self.current not in self.keys:
            raise ValueError(f"the keyring has no key with the id {self.current}.")
        for key_id, key in self.keys.items():
            if not 1 <= key_id <= MOST_KEY_ID:
                raise ValueError(
                    f"the key id {key_id} is not between 1 and {MOST_KEY_ID}."
                )
            if len(key) < _MIN_KEY_BYTES:
                raise ValueError(
                    f"key {key_id} is shorter than {_MIN_KEY_BYTES} bytes."
                )

    def _tag(self, key_id: int, purpose: str, signed: str) -> str:
        hasher = self._hashers.get((key_id, purpose))
        if hasher is None:
            hasher = _prepare_hmac(self.keys[key_id], purpose.encode() + b"\0")
            self._hashers[key_id, purpose] = hasher
        digest = hasher(signed.encode("ascii"))
        return digest[:_TAG_CHARACTERS].translate(_CHARACTER_OF).decode("ascii")


def sign(keyring: Keyring, purpose: Purpose, *numbers: int) -> str:
    """Return the token that stands for *numbers*: 36 characters for two usual ids.

    Args:
        keyring: Its current key signs.
        purpose: What the token is good for.
        numbers: At most four, each from 0 to 2^63 - 1.

    Raises:
        ValueError: A number is negative or too large, or there are too many.
    """
    signed = f"{_VERSION}{keyring.current:x}"
    for number in numbers:
        if not 0 <= number <= _MAX_NUMBER:
            raise ValueError(f"{number} cannot stand in a token.")
        signed += f"g{number:x}"
    if len(numbers) > 4:
        raise ValueError("a token has four numbers at most.")
    return signed + keyring._tag(keyring.current, purpose, signed)


def verify(keyring: Keyring, purpose: Purpose, token: str) -> tuple[int, ...] | None:
    """Return the numbers of a token made by `sign` for *purpose*, or None.

    Letter case does not count: mail systems change it in addresses. Anything else that
    was altered, made for another purpose or with an unknown key gives None.
    """
    shape = _SHAPE.fullmatch(token.lower())
    # Some letters beyond ASCII become ours in lower case, such as the Kelvin sign.
    if shape is None or not token.isascii():
        return None
    signed, key_text, numbers, tag = shape.groups()
    key_id = int(key_text, 16)
    if key_id not in keyring.keys:
        return None
    if not hmac.compare_digest(tag, keyring._tag(key_id, purpose, signed)):
        return None
    return tuple(int(number, 16) for number in numbers.split("g")[1:])


def read_token(
    keyring: Keyring, purpose: Purpose, token: str, count: int
) -> tuple[int, ...] | None:
    """Return as `verify` the numbers of a token that has so many, or None."""
    numbers = verify(keyring, purpose, token)
    return numbers if numbers is not None and len(numbers) == count else None


def is_test(keyring: Keyring, token: str) -> bool:
    """Tell whether a token is that of a test mail."""
    return verify(keyring, Purpose.TEST, token) is not None


def as_of(keyring: Keyring, moment: datetime) -> Keyring | None:
    """Return *keyring* as it signed at a moment; None: that key is retired."""
    begun = [number for number, at in keyring.since.items() if at <= moment]
    # No key has the id 0.
    first = min(keyring.keys.keys() - keyring.since.keys(), default=0)
    # By number: a clock that was ahead lets a key seem to begin after the next one.
    then = max(begun, default=first)
    if then == keyring.current:
        return keyring
    return replace(keyring, current=then) if then in keyring.keys else None


def address_hash(keyring: Keyring, address_key: str) -> bytes:
    """Return what the suppression list knows of an address: 32 bytes, keyed.

    Args:
        keyring: Its suppression key is used, whichever key signs.
        address_key: From `addresses.address_key`, so that spellings meet.

    A plain hash would protect nobody: addresses are guessed by the million a second.
    """
    # A list of a million people is hashed at once: each key is prepared only once.
    hasher = keyring._hashers.get(_SUPPRESSION)
    if hasher is None:
        key = keyring.suppression_key or keyring.keys[min(keyring.keys)]
        hasher = keyring._hashers[_SUPPRESSION] = _prepare_hmac(key, b"suppression\0")
    return hasher(address_key.encode())


def network_hash(keyring: Keyring, network: str) -> bytes:
    """Return what a limit knows of a network it counts: 16 bytes, keyed.

    Args:
        keyring: Its current key is used: after a rotation counting starts anew.
        network: ``192.0.2.0/24`` or ``2001:db8::/64``.
    """
    key = keyring.keys[keyring.current]
    return hmac.digest(key, b"network\0" + network.encode(), "sha256")[:16]


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
