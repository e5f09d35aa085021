from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from newsletter.doctor.certificate import Certificate
from newsletter.doctor.server import (
    Said,
    ServerVisit,
    judge_connections,
    judge_server,
    no_server,
)
from newsletter.model.diagnosis import Diagnosis
from newsletter.model.outcome import Reply
from newsletter.model.settings import LaneSettings, ServerSettings
from newsletter.replies import Stage

Told = Callable[[list[Diagnosis]], list[str]]
NOW = datetime(2026, 11, 22, tzinfo=UTC)
SERVER = ServerSettings("mail.bond.test", 465, user="letter")
YES = Reply(250, "ok", "2.0.0")
OFFERS = ("PIPELINING", "SIZE 52428800", "8BITMIME", "SMTPUTF8", "DSN", "CHUNKING")
FINE = ServerVisit(
    SERVER,
    tls="TLSv1.3",
    certificate=Certificate(
        ("mail.bond.test",), NOW - timedelta(days=30), datetime(2027, 3, 3, tzinfo=UTC)
    ),
    offers=OFFERS,
    sender=Said(Stage.MAIL, YES),
    recipient=Said(Stage.RCPT, YES),
)
ANSWERS = "ok: mail.bond.test:465 answers, with TLS 1.3, takes the login."
CERTIFICATE = "ok: the certificate is for mail.bond.test, until 3 March 2027."
ABILITIES = (
    "ok: it offers PIPELINING, 8BITMIME, SMTPUTF8, DSN, CHUNKING, mails up to 52.4 MB."
)
TAKEN = "ok: it takes the sender, and mail to it; nothing was sent."


def judged(
    visit: ServerVisit, *, mail_bytes: int = 40_000, needs_smtputf8: bool = False
) -> list[Diagnosis]:
    return judge_server(
        visit, now=NOW, mail_bytes=mail_bytes, needs_smtputf8=needs_smtputf8
    )


def test_server_in_order_is_told_in_four_lines(told: Told) -> None:
    assert told(judged(FINE)) == [ANSWERS, CERTIFICATE, ABILITIES, TAKEN]


def test_server_without_encryption_and_login_is_told(told: Told) -> None:
    server = ServerSettings("::1", 25, security="none")
    visit = replace(FINE, settings=server, tls="", certificate=None, offers=())
    assert told(judged(visit)) == [
        "ok: [::1]:25 answers, with no encryption, asks for no login.",
        "ok: it offers nothing besides plain SMTP; not PIPELINING (slower over a long "
        "line), 8BITMIME, SMTPUTF8 (addresses with letters outside ASCII cannot be "
        "mailed), DSN, CHUNKING.",
        TAKEN,
    ]


@pytest.mark.parametrize(
    ("trouble", "message"),
    [
        (
            "the mail server mail.bond.test:465 did not answer in time",
            "the mail server mail.bond.test:465 did not answer in time.",
        ),
        (
            "the mail server mail.bond.test was not found: is its name right?",
            "the mail server mail.bond.test was not found: is its name right?",
        ),
    ],
)
def test_server_that_is_not_reached_is_an_error(
    told: Told, trouble: str, message: str
) -> None:
    found = judged(ServerVisit(SERVER, trouble=trouble))
    assert told(found) == [f"error: {message}"]
    assert found[0].advice == (
        "Compare host, port and security under [server] with what your mail provider "
        'told you: 465 with "tls", or 587 with "starttls". If they are right, its '
        "network or yours is in the way."
    )


def test_certificate_for_another_name_says_for_which(told: Told) -> None:
    certificate = Certificate(("host.test",), NOW, NOW + timedelta(days=60))
    visit = ServerVisit(SERVER, trouble="untrusted", certificate=certificate)
    assert told(judged(visit)) == [
        "error: mail.bond.test:465 cannot be trusted: its certificate is for "
        "host.test, "
        "not for mail.bond.test."
    ]


def test_refused_login_is_an_error(told: Told) -> None:
    refusal = Said(Stage.LOGIN, Reply(535, "authentication failed", "5.7.8"))
    found = judged(ServerVisit(SERVER, refusal=refusal))
    assert told(found) == [
        "error: mail.bond.test:465 does not take the login: it says 535 5.7.8 "
        "authentication failed"
    ]
    assert found[0].advice == (
        "Compare user and password with what your mail provider told you; some want a "
        "password made for programs. Store it anew: newsletter login"
    )


def test_refused_connection_is_an_error(told: Told) -> None:
    refusal = Said(Stage.CONNECT, Reply(554, "your address is blocked", "5.7.1"))
    found = judged(ServerVisit(SERVER, refusal=refusal))
    assert told(found) == [
        "error: mail.bond.test:465 refuses us: it says 554 5.7.1 your address is "
        "blocked"
    ]
    assert found[0].advice == (
        'Ask whoever runs it: "Why do you refuse us with 554 5.7.1 your address is '
        'blocked?"'
    )


def test_certificate_that_nobody_renewed_is_a_warning(told: Told) -> None:
    certificate = Certificate(
        ("mail.bond.test",), NOW - timedelta(days=88), NOW + timedelta(days=2)
    )
    found = judged(replace(FINE, certificate=certificate))
    assert told(found)[1] == (
        "warning: the certificate of mail.bond.test ends on 24 November 2026, and was "
        "not renewed yet."
    )


@pytest.mark.parametrize(
    ("offer", "mail_bytes", "is_told"),
    [
        ("SIZE 1000000", 2_500_000, True),
        ("SIZE 1000000", 900_000, False),
        ("SIZE 0", 2_500_000, False),
        ("SIZE", 2_500_000, False),
    ],
)
def test_mail_bigger_than_the_server_takes_is_an_error(
    told: Told, offer: str, mail_bytes: int, is_told: bool
) -> None:
    found = told(judged(replace(FINE, offers=(offer,)), mail_bytes=mail_bytes))
    error = "error: mail.bond.test:465 takes mails up to 1 MB; one of yours has 2.5 MB."
    assert (error in found) is is_told


def test_sender_that_needs_smtputf8_is_an_error_without(told: Told) -> None:
    visit = replace(FINE, offers=("PIPELINING",))
    assert told(judged(visit, needs_smtputf8=True))[2] == (
        "error: mail.bond.test:465 does not offer SMTPUTF8, which the sender's address "
        "needs: it has letters outside ASCII before the @."
    )


@pytest.mark.parametrize(
    ("sender", "recipient", "expected"),
    [
        (
            Reply(553, "sender rejected", "5.7.1"),
            None,
            "error: mail.bond.test:465 does not take the sender: it says 553 5.7.1 "
            "sender rejected",
        ),
        (
            YES,
            Reply(550, "no such user", "5.1.1"),
            "warning: mail.bond.test:465 does not take mail to the sender's own "
            "address: it says 550 5.1.1 no such user",
        ),
        (
            YES,
            Reply(450, "greylisted", "4.2.0"),
            "info: mail.bond.test:465 does not take mail to the sender's own address "
            "right now: it says 450 4.2.0 greylisted",
        ),
    ],
)
def test_envelope_that_is_not_taken_is_told(
    told: Told, sender: Reply, recipient: Reply | None, expected: str
) -> None:
    visit = replace(
        FINE,
        sender=Said(Stage.MAIL, sender),
        recipient=Said(Stage.RCPT, recipient) if recipient else None,
    )
    assert told(judged(visit))[3:] == [expected]


def test_no_server_shows_how_to_set_one(told: Told) -> None:
    found = no_server('[server]\nhost = "smtp.example.org"')
    assert told([found]) == [
        "error: there is no mail server in newsletter.toml, so nothing can be sent."
    ]
    assert found.advice == (
        "Add what your mail provider told you:\n"
        '    [server]\n    host = "smtp.example.org"'
    )


def test_connections_within_the_usual_are_not_spoken_of() -> None:
    assert judge_connections(SERVER, {}, useful=10) == []


def test_more_connections_than_a_server_takes_are_a_warning(told: Told) -> None:
    lanes = {"gmail": LaneSettings(("gmail.com",), connections=10)}
    assert told(judge_connections(SERVER, lanes, useful=45)) == [
        "warning: up to 55 connections to mail.bond.test at once are set; it is likely "
        "to refuse more than 50.",
        "info: lanes with connections of their own: gmail 10. They set how fast "
        "mail.bond.test is handed these mails; how fast it hands them on is its own "
        "affair.",
    ]


def test_microsoft_takes_three_connections(told: Told) -> None:
    server = ServerSettings("smtp.office365.com", 587)
    assert told(judge_connections(server, {}, useful=3)) == []
    assert told(judge_connections(server, {}, useful=4)) == [
        "warning: up to 4 connections to smtp.office365.com at once are set; it is "
        "likely to refuse more than 3."
    ]
