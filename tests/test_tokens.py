import hashlib
import hmac
from datetime import UTC, datetime, timedelta
from timeit import repeat

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from newsletter.tokens import (
    Keyring,
    Purpose,
    address_hash,
    as_of,
    is_test,
    read_token,
    sign,
    verify,
)

OLD, NEW = bytes(range(32)), bytes(range(100, 132))
RING = Keyring({1: OLD}, 1)
ROTATED = Keyring({1: OLD, 2: NEW}, 2)
NUMBER = st.integers(0, 2**63 - 1)


@given(st.sampled_from(Purpose), st.lists(NUMBER, max_size=4))
@settings(max_examples=100)
def test_verify_after_sign_gives_the_numbers(
    purpose: Purpose, numbers: list[int]
) -> None:
    assert verify(RING, purpose, sign(RING, purpose, *numbers)) == tuple(numbers)


def test_sign_twice_gives_the_same_token() -> None:
    assert sign(RING, Purpose.MESSAGE, 12, 345678) == sign(
        Keyring({1: OLD}, 1), Purpose.MESSAGE, 12, 345678
    )


def test_sign_is_the_published_construction() -> None:
    """Mails already out must stay valid: the format is a promise."""
    tag = hmac.digest(OLD, b"unsubscribe\0" + b"11g1e240gb", "sha256")
    alphabet = "0123456789abcdefghijklmnopqrstuv"
    letters = "".join(alphabet[byte & 31] for byte in tag[:26])
    assert sign(RING, Purpose.UNSUBSCRIBE, 123456, 11) == f"11g1e240gb{letters}"


def test_verify_of_a_token_in_capitals_gives_the_numbers() -> None:
    token = sign(RING, Purpose.UNSUBSCRIBE, 7, 1)
    assert verify(RING, Purpose.UNSUBSCRIBE, token.upper()) == (7, 1)


def test_verify_with_any_character_changed_gives_none() -> None:
    token = sign(RING, Purpose.UNSUBSCRIBE, 7, 1)
    others = "0123456789abcdefghijklmnopqrstuvwxyz-_=. \u212a"
    changed = [
        token[:place] + other + token[place + 1 :]
        for place in range(len(token))
        for other in others
        if other != token[place]
    ]
    assert {verify(RING, Purpose.UNSUBSCRIBE, each) for each in changed} == {None}


def test_verify_with_a_character_more_or_less_gives_none() -> None:
    token = sign(RING, Purpose.UNSUBSCRIBE, 7, 1)
    shorter = [token[:place] + token[place + 1 :] for place in range(len(token))]
    longer = [token[:place] + "0" + token[place:] for place in range(len(token) + 1)]
    results = {verify(RING, Purpose.UNSUBSCRIBE, each) for each in shorter + longer}
    assert results == {None}


@pytest.mark.parametrize("junk", ["", "\n", "1", "ü", "\ud800", "a" * 10_000])
def test_verify_of_junk_gives_none(junk: str) -> None:
    assert verify(RING, Purpose.UNSUBSCRIBE, junk) is None


def test_verify_of_a_token_with_a_line_end_gives_none() -> None:
    token = sign(RING, Purpose.UNSUBSCRIBE, 7, 1)
    assert verify(RING, Purpose.UNSUBSCRIBE, f"{token}\n") is None


@pytest.mark.parametrize(
    "purpose", [p for p in Purpose if p is not Purpose.UNSUBSCRIBE]
)
def test_verify_for_another_purpose_gives_none(purpose: Purpose) -> None:
    assert verify(RING, purpose, sign(RING, Purpose.UNSUBSCRIBE, 7, 1)) is None


@pytest.mark.parametrize(
    ("count", "expected"), [(0, None), (1, None), (2, (7, 1)), (3, None)]
)
def test_read_token_gives_numbers_where_there_are_so_many(
    count: int, expected: tuple[int, ...] | None
) -> None:
    token = sign(RING, Purpose.UNSUBSCRIBE, 7, 1)
    assert read_token(RING, Purpose.UNSUBSCRIBE, token, count) == expected
    assert read_token(RING, Purpose.UNDO, token, count) is None


def test_is_test_knows_the_token_of_a_test_mail_alone() -> None:
    found = {purpose for purpose in Purpose if is_test(RING, sign(RING, purpose, 7))}
    assert found == {Purpose.TEST}


def test_verify_after_rotation_still_knows_old_tokens() -> None:
    old = sign(RING, Purpose.UNSUBSCRIBE, 7, 1)
    assert verify(ROTATED, Purpose.UNSUBSCRIBE, old) == (7, 1)


def test_sign_after_rotation_uses_the_new_key() -> None:
    new = sign(ROTATED, Purpose.UNSUBSCRIBE, 7, 1)
    assert verify(RING, Purpose.UNSUBSCRIBE, new) is None
    assert verify(Keyring({2: NEW}, 2), Purpose.UNSUBSCRIBE, new) == (7, 1)


def test_verify_under_another_key_with_the_same_id_gives_none() -> None:
    token = sign(Keyring({1: NEW}, 1), Purpose.UNSUBSCRIBE, 7, 1)
    assert verify(RING, Purpose.UNSUBSCRIBE, token) is None


def test_sign_with_the_largest_ids_fits_a_local_part_with_a_prefix() -> None:
    usual = sign(RING, Purpose.UNSUBSCRIBE, 10**7, 10**3)
    largest = sign(Keyring({255: OLD}, 255), Purpose.MESSAGE, 2**63 - 1, 2**63 - 1)
    assert len(f"unsubscribe+{usual}") <= 64
    assert len(largest) <= 64


def test_sign_with_three_lists_fits_a_local_part_with_a_prefix() -> None:
    """As `settings` measures an unsubscribe_address that holds a token."""
    ring = Keyring({255: OLD}, 255)
    many = sign(ring, Purpose.UNSUBSCRIBE, 2**24 - 1, 4095, 4095, 4095)
    assert len(many) == 48
    assert len(f"unsubscribe+{many}") <= 64


@pytest.mark.parametrize("number", [-1, 2**63])
def test_sign_of_a_number_that_is_no_id_is_refused(number: int) -> None:
    with pytest.raises(ValueError, match=rf"^{number} cannot stand in a token\.$"):
        sign(RING, Purpose.PROBE, number)


def test_sign_of_five_numbers_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^a token has four numbers at most\.$"):
        sign(RING, Purpose.PROBE, 1, 2, 3, 4, 5)


def test_keyring_with_a_short_key_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^key 1 is shorter than 32 bytes\.$"):
        Keyring({1: b"short"}, 1)


@pytest.mark.parametrize("key_id", [0, 256])
def test_keyring_with_an_id_out_of_range_is_refused(key_id: int) -> None:
    message = rf"^the key id {key_id} is not between 1 and 255\.$"
    with pytest.raises(ValueError, match=message):
        Keyring({key_id: OLD}, key_id)


def test_keyring_without_its_current_key_is_refused() -> None:
    message = r"^the keyring has no key with the id 2\.$"
    with pytest.raises(ValueError, match=message):
        Keyring({1: OLD}, 2)


def test_keyring_shown_in_a_traceback_hides_its_keys() -> None:
    assert repr(Keyring({1: OLD}, 1, NEW)) == "Keyring(current=1)"


def test_sign_with_a_long_key_equals_hmac_of_the_standard_library() -> None:
    long = b"k" * 200
    tag = hmac.new(long, b"probe\0" + b"11", hashlib.sha256).digest()
    alphabet = "0123456789abcdefghijklmnopqrstuv"
    letters = "".join(alphabet[byte & 31] for byte in tag[:26])
    assert sign(Keyring({1: long}, 1), Purpose.PROBE) == f"11{letters}"


def test_address_hash_after_rotation_stays_the_same() -> None:
    assert address_hash(ROTATED, "a@example.org") == address_hash(RING, "a@example.org")


def test_address_hash_under_another_key_differs() -> None:
    other = Keyring({1: OLD}, 1, suppression_key=NEW)
    assert address_hash(other, "a@example.org") != address_hash(RING, "a@example.org")


def test_address_hash_is_no_plain_hash_of_the_address() -> None:
    hashed = address_hash(RING, "jörg@example.org")
    assert len(hashed) == 32
    assert hashed != hashlib.sha256("jörg@example.org".encode()).digest()


def test_sign_costs_a_few_times_a_bare_hmac_at_most() -> None:
    """A ratio in one run: absolute times depend on the machine."""
    bare = min(repeat(lambda: hmac.digest(OLD, b"11g1e240gb", "sha256"), number=2000))
    ours = min(repeat(lambda: sign(RING, Purpose.MESSAGE, 123456, 11), number=2000))
    assert ours < 8 * bare


# --- as it was ------------------------------------------------------------------------

BEGUN = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("days", "signed"), [(-1, 1), (0, 2), (9, 2), (10, None), (19, None), (20, 4)]
)
def test_key_that_signed_at_a_moment_is_found_unless_it_is_retired(
    days: int, signed: int | None
) -> None:
    since = {number: BEGUN + timedelta(days=10 * (number - 2)) for number in (2, 3, 4)}
    keyring = Keyring({1: OLD, 2: NEW, 4: OLD}, 4, NEW, since)
    then = as_of(keyring, BEGUN + timedelta(days=days))
    assert (then and then.current) == signed


def test_first_key_that_is_retired_is_not_taken_for_another() -> None:
    keyring = Keyring({2: NEW}, 2, NEW, {2: BEGUN})
    assert as_of(keyring, BEGUN - timedelta(days=1)) is None


@pytest.mark.parametrize(("days", "signed"), [(-1, 1), (0, 3), (99, 3), (100, 3)])
def test_key_made_while_the_clock_was_ahead_is_followed_by_the_next_one(
    days: int, signed: int
) -> None:
    since = {2: BEGUN + timedelta(days=100), 3: BEGUN}
    keyring = Keyring({1: OLD, 2: NEW, 3: OLD}, 3, NEW, since)
    then = as_of(keyring, BEGUN + timedelta(days=days))
    assert then is not None
    assert then.current == signed
