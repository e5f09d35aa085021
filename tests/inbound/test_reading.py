import json
import mailbox
from collections import Counter
from pathlib import Path
from time import process_time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.inbound.reading import read_mail
from newsletter.model.returned import MailKind, Reading
from newsletter.tokens import Keyring, Purpose, sign, verify

RETURNED = Path(__file__).parents[1] / "data" / "returned"
EXPECTED: dict[str, dict[str, Any]] = json.loads(
    (RETURNED / "expected.json").read_text()
)
#: With which the tokens in those mails were signed.
KEYRING = Keyring(keys={1: b"k" * 32}, current=1)
MESSAGE = sign(KEYRING, Purpose.MESSAGE, 7, 1234)
LEAVE = sign(KEYRING, Purpose.UNSUBSCRIBE, 1234, 0)


def read(name: str) -> Reading:
    return read_mail((RETURNED / f"{name}.eml").read_bytes())


@pytest.mark.parametrize("name", EXPECTED)
def test_a_mail_is_read_as_what_it_is(name: str) -> None:
    reading = read(name)

    found = [
        {"recipient": report.recipient, "class": report.bounce_class}
        for report in reading.reports
    ]
    assert reading.kind == EXPECTED[name]["kind"]
    assert found == EXPECTED[name].get("reports", [])


@pytest.mark.parametrize(
    "name", [n for n in EXPECTED if "message_token" in EXPECTED[n]]
)
def test_the_message_a_mail_is_about_is_known_by_its_token(name: str) -> None:
    first = read(name).message_tokens[0]

    assert verify(KEYRING, Purpose.MESSAGE, first) == (7, 1234)


@pytest.mark.parametrize("name", [n for n in EXPECTED if "leave_token" in EXPECTED[n]])
def test_who_leaves_by_mail_is_known_by_the_token(name: str) -> None:
    tokens = read(name).leave_tokens

    assert [verify(KEYRING, Purpose.UNSUBSCRIBE, token) for token in tokens] == [
        (1234, 0)
    ]


@pytest.mark.parametrize("name", EXPECTED)
def test_what_is_kept_of_a_report_names_nobody_whole(name: str) -> None:
    for report in read(name).reports:
        assert "anna@" not in report.diagnostic
        assert "\n" not in report.diagnostic
        assert len(report.diagnostic) <= 200


@pytest.mark.parametrize(
    "name", [n for n in EXPECTED if EXPECTED[n]["kind"] == "bounce"]
)
def test_a_report_answers_nobody(name: str) -> None:
    assert read(name).sender == ""
    assert read(name).leave_tokens == ()


def test_an_answer_tells_who_wrote_it_and_about_what() -> None:
    reading = read("asks-nl")

    assert reading.sender == "anna@example.org"
    assert reading.subject == "Re: News of November"


@pytest.mark.parametrize(
    "address",
    [
        f"news+{MESSAGE}@dakar.example",
        f"NEWS+{MESSAGE.upper()}@DAKAR.EXAMPLE",
        f"{MESSAGE}@bounces.dakar.example",
        f"b{MESSAGE}@dakar.example",
        f"bounce-{MESSAGE}@dakar.example",
    ],
)
@pytest.mark.parametrize(
    "header", ["To", "Delivered-To", "X-Original-To", "Envelope-To"]
)
def test_the_token_is_found_wherever_the_address_stands(
    header: str, address: str
) -> None:
    reading = read_mail(f"{header}: <{address}>\r\n\r\nbounced".encode())

    assert MESSAGE in reading.message_tokens


def test_the_envelope_comes_before_what_stands_in_the_mail() -> None:
    other = sign(KEYRING, Purpose.MESSAGE, 8, 1)
    reading = read_mail(
        f"To: <news+{MESSAGE}@dakar.example>\nIn-Reply-To: <{other}@x.example>\n"
        f"\nMessage-ID: <{other}@x.example>\n".encode()
    )

    assert reading.message_tokens == (MESSAGE, other)


def test_a_report_that_a_person_quotes_says_nothing_of_that_person() -> None:
    """Anna answers us, and shows what came back when she wrote to somebody else."""
    reading = read_mail(
        f"From: Anna <anna@example.org>\nTo: news@dakar.example\nSubject: Re: News\n"
        f"In-Reply-To: <{MESSAGE}@dakar.example>\n\nLook:\n"
        "> Final-Recipient: rfc822; bas@example.org\n> Action: failed\n"
        "> Status: 5.1.1\n".encode()
    )

    assert reading.message_tokens == ()


def test_an_answer_that_speaks_of_deliveries_is_no_bounce() -> None:
    reading = read_mail(
        f"From: Anna <anna@example.org>\nTo: news@dakar.example\n"
        f"Subject: Re: Mail delivery failed: what now?\n"
        f"In-Reply-To: <{MESSAGE}@dakar.example>\n\n"
        "My letter could not be delivered, the address is unknown.\n".encode()
    )

    assert reading.kind == MailKind.REPLY
    assert reading.message_tokens == (MESSAGE,)


def test_fields_of_a_ticket_are_no_report() -> None:
    reading = read_mail(
        b"From: Helpdesk <help@example.org>\nAuto-Submitted: auto-replied\n"
        b"Subject: [#7] News\n\nStatus: open\nAction: waits for you\n"
    )

    assert reading.kind == MailKind.AUTO_REPLY


def test_a_mail_without_tokens_has_none() -> None:
    reading = read_mail(b"To: <news@dakar.example>\nSubject: unsubscribe\n\nplease")

    assert reading.message_tokens == ()
    assert reading.leave_tokens == ()
    assert reading.kind == MailKind.ASKS_TO_LEAVE


def test_a_changed_subject_hides_no_token_from_who_holds_the_keys() -> None:
    mail = f"To: <x+{LEAVE}@dakar.example>\nSubject: FW: something\n\nhello"

    assert LEAVE in read_mail(mail.encode()).leave_tokens


@pytest.mark.parametrize("name", EXPECTED)
def test_the_same_mail_has_the_same_key_whichever_way_it_came(
    name: str, tmp_path: Path
) -> None:
    data = (RETURNED / f"{name}.eml").read_bytes()
    box = mailbox.mbox(tmp_path / "box")
    box.add(data)
    box.close()
    ways = {
        "lines": data.replace(b"\n", b"\r\n"),
        "mbox": (tmp_path / "box").read_bytes(),
        "pipe": b"From postfix Sun Nov 22 09:12:44 2026\nDelivered-To: x@y.example\n"
        + data,
        "marked": b"Status: RO\nX-UID: 7\n" + data + b"\n",
    }

    assert {read_mail(copy).key for copy in ways.values()} == {read_mail(data).key}


def test_another_mail_has_another_key() -> None:
    keys = Counter(read(name).key for name in EXPECTED)

    assert set(keys.values()) == {1}
    assert {len(key) for key in keys} == {32}


@given(st.binary(max_size=2_000))
def test_no_bytes_are_too_strange(data: bytes) -> None:
    assert len(read_mail(data).key) == 32


@given(
    name=st.sampled_from(sorted(EXPECTED)),
    start=st.integers(0, 3_000),
    length=st.integers(0, 400),
    instead=st.binary(max_size=20),
)
def test_a_mangled_mail_is_read_all_the_same(
    name: str, start: int, length: int, instead: bytes
) -> None:
    data = (RETURNED / f"{name}.eml").read_bytes()

    reading = read_mail(data[:start] + instead + data[start + length :])

    assert isinstance(reading.kind, MailKind)


@given(st.text(max_size=300), st.text(max_size=300))
def test_a_subject_is_one_line_whatever_was_written(subject: str, sender: str) -> None:
    mail = f"Subject: {subject}\nFrom: {sender}\n\n".encode("utf-8", "replace")

    reading = read_mail(mail)

    assert len(reading.subject) <= 200
    assert "\n" not in reading.subject
    assert "\n" not in reading.sender


_HEAD = b"From: mailer-daemon@x.example\nReturn-Path: <>\nSubject: failure notice\n"


@pytest.mark.parametrize(
    "data",
    [
        _HEAD + b"\n" + b"-" * 300_000,
        _HEAD + b"\n" + b"5" * 300_000,
        _HEAD + b"\n" + b"a." * 100_000,
        _HEAD + b"\n" + b"aa@bb.example\n" * 20_000,
        _HEAD + b"\n" + b"user account address " * 10_000,
        _HEAD + b"Content-Type: text/html\n\n" + b"<!--" * 500_000,
        _HEAD + b"Content-Type: text/html\n\n" + b"<style" * 300_000,
        _HEAD + b"Content-Type: text/html\n\n" + b"<" * 2_000_000,
        b"To: " + b"1a" + b"g1" * 90_000 + b"@x\n\n",
        b"Subject: " + b"=?utf-8?q?x?= " * 15_000 + b"\n\n",
        b"Content-Type: message/rfc822\n\n" * 50_000,
        b"Content-Type: multipart/mixed; boundary=b\n\n--b\n" * 20_000,
        b"From: a@b.example\n\n" + b'{"a":' * 40_000,
        _HEAD + b"\n" + b"Final-Recipient: x; a@b.example\nAction: failed\n\n" * 5_000,
    ],
    ids=lambda data: data[-24:].decode("latin-1"),
)
def test_a_hostile_mail_takes_little_time(data: bytes) -> None:
    begun = process_time()

    read_mail(data)

    # Measured: 0.3 s at the most, for 10 MB, on one core; the bound is for busy ones.
    assert process_time() - begun < 4


def test_many_reports_in_one_mail_are_cut() -> None:
    groups = "".join(
        f"Final-Recipient: rfc822; p{n}@example.org\nAction: failed\nStatus: 5.1.1\n\n"
        for n in range(500)
    )

    assert len(read_mail(_HEAD + b"\n" + groups.encode()).reports) == 50
