from dataclasses import replace

import pytest

from newsletter.delivery.transports import Answer
from newsletter.delivery.transports.smtp.envelope import (
    Abilities,
    find_objection,
    read_abilities,
    write_envelope,
)
from newsletter.model.message import Message
from newsletter.model.outcome import Reply
from newsletter.replies import Stage

MESSAGE = Message(
    b"x\r\n", "news@example.org", "anna@example.org", "<1.2=@example.org>"
)


def test_read_abilities_of_a_server_that_offers_nothing() -> None:
    assert read_abilities({}) == Abilities()


def test_read_abilities_of_a_server_that_offers_all() -> None:
    offered = {
        "pipelining": "",
        "size": "52428800",
        "8bitmime": "",
        "smtputf8": "",
        "dsn": "",
        "chunking": "",
    }
    assert read_abilities(offered) == Abilities(
        pipelining=True,
        chunking=True,
        size_limit=52428800,
        size=True,
        eight_bit=True,
        smtputf8=True,
        dsn=True,
    )


@pytest.mark.parametrize("limit", ["", "0", "many", "²"])
def test_read_abilities_of_a_size_that_says_nothing_is_no_limit(limit: str) -> None:
    assert read_abilities({"size": limit}) == Abilities(size=True)


def test_write_envelope_to_a_server_that_offers_nothing() -> None:
    assert write_envelope(MESSAGE, Abilities()) == (
        b"MAIL FROM:<news@example.org>\r\n",
        b"RCPT TO:<anna@example.org>\r\n",
    )


def test_write_envelope_to_a_server_that_reports() -> None:
    mail, rcpt = write_envelope(MESSAGE, Abilities(dsn=True))
    assert mail == b"MAIL FROM:<news@example.org> RET=HDRS ENVID=1.2+3D\r\n"
    assert rcpt == (
        b"RCPT TO:<anna@example.org> NOTIFY=FAILURE,DELAY "
        b"ORCPT=rfc822;anna@example.org\r\n"
    )


def test_write_envelope_with_an_id_too_long_for_a_report_leaves_it_out() -> None:
    long = replace(MESSAGE, message_id=f"<{'x' * 101}@example.org>")
    mail, _ = write_envelope(long, Abilities(dsn=True))
    assert mail == b"MAIL FROM:<news@example.org> RET=HDRS\r\n"


def test_write_envelope_for_letters_outside_ascii() -> None:
    message = replace(
        MESSAGE, envelope_recipient="zoë@example.org", needs_smtputf8=True
    )
    mail, rcpt = write_envelope(message, Abilities(smtputf8=True, dsn=True))
    assert mail == b"MAIL FROM:<news@example.org> SMTPUTF8 RET=HDRS ENVID=1.2+3D\r\n"
    assert rcpt == "RCPT TO:<zoë@example.org> NOTIFY=FAILURE,DELAY\r\n".encode()


@pytest.mark.parametrize(
    ("data", "offered", "said"),
    [
        (b"x\r\n", True, ""),
        ("é\r\n".encode(), True, " BODY=8BITMIME"),
        ("é\r\n".encode(), False, ""),
    ],
)
def test_write_envelope_names_eight_bits_only_where_there_are_some(
    data: bytes, offered: bool, said: str
) -> None:
    message = replace(MESSAGE, data=data, needs_smtputf8=True)
    mail, _ = write_envelope(message, Abilities(eight_bit=offered))
    assert mail == f"MAIL FROM:<news@example.org> SMTPUTF8{said}\r\n".encode()


@pytest.mark.parametrize("address", ["a\r\nDATA@x.org", "a@x.org\n", "a\r@x.org"])
def test_write_envelope_with_a_line_break_in_an_address_is_a_bug(address: str) -> None:
    with pytest.raises(ValueError, match=r"^an address with a line break$"):
        write_envelope(replace(MESSAGE, envelope_recipient=address), Abilities())
    with pytest.raises(ValueError, match=r"^an address with a line break$"):
        write_envelope(replace(MESSAGE, envelope_sender=address), Abilities())


def test_write_envelope_of_data_without_its_last_line_end_is_a_bug() -> None:
    with pytest.raises(ValueError, match=r"^mail data ends with CRLF$"):
        write_envelope(replace(MESSAGE, data=b"a\r\nb"), Abilities())


def test_find_objection_to_a_message_that_fits_is_none() -> None:
    assert find_objection(MESSAGE, Abilities(size_limit=3)) is None


def test_find_objection_to_a_message_that_is_too_large() -> None:
    text = "the message has 3 bytes, and this mail server takes 2 at the most"
    assert find_objection(MESSAGE, Abilities(size_limit=2)) == Answer(
        Stage.MAIL, Reply(552, text, "5.3.4")
    )


def test_find_objection_to_letters_outside_ascii() -> None:
    text = "this mail server takes no address with letters outside ASCII"
    message = replace(MESSAGE, needs_smtputf8=True)
    assert find_objection(message, Abilities()) == Answer(
        Stage.RCPT, Reply(553, text, "5.6.7")
    )
