import errno
import socket
import ssl

import pytest
from aiosmtplib import (
    SMTPConnectError,
    SMTPConnectTimeoutError,
    SMTPResponseException,
    SMTPServerDisconnected,
)

from newsletter.delivery.transports.no_answer import explain_no_answer
from newsletter.model.settings import ServerSettings

SERVER = ServerSettings("mail.example.org", 587)
REFUSED = "the mail server mail.example.org:587 does not answer (connection refused)"


def caused(error: BaseException, cause: BaseException) -> BaseException:
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (
            caused(
                SMTPConnectError("Error connecting"),
                ConnectionRefusedError(errno.ECONNREFUSED, "Connect call failed"),
            ),
            REFUSED,
        ),
        (
            caused(
                SMTPConnectError("Error connecting"),
                OSError(
                    f"Multiple exceptions: [Errno {errno.ECONNREFUSED}] ('::1', 587), "
                    f"[Errno {errno.ECONNREFUSED}] ('127.0.0.1', 587)"
                ),
            ),
            REFUSED,
        ),
        (
            caused(
                SMTPConnectError("Error connecting"),
                socket.gaierror(socket.EAI_NONAME, "Name or service not known"),
            ),
            "the mail server mail.example.org was not found: is its name right, and is "
            "the network there?",
        ),
        (
            caused(
                SMTPConnectError("Error connecting"),
                OSError(errno.ENETUNREACH, "Network is unreachable"),
            ),
            "the mail server mail.example.org:587 cannot be reached "
            "(network is unreachable)",
        ),
        (
            SMTPConnectTimeoutError("Timed out connecting to mail.example.org"),
            "the mail server mail.example.org:587 did not answer in time",
        ),
        (
            SMTPResponseException(-1, "Malformed SMTP response line: HTTP/1.1 400"),
            "the mail server mail.example.org:587 answered with something that is not "
            "SMTP",
        ),
        (
            caused(
                SMTPServerDisconnected("Connection lost"),
                ssl.SSLError(1, "[SSL: BAD_RECORD_MAC]"),
            ),
            "the mail server mail.example.org:587 broke off the connection",
        ),
    ],
)
def test_explain_no_answer_says_what_happened_without_jargon(
    error: BaseException, sentence: str
) -> None:
    assert explain_no_answer(error, SERVER) == sentence


def test_explain_no_answer_of_a_numeric_address_puts_it_in_brackets() -> None:
    server = ServerSettings("::1", 25)
    error = SMTPServerDisconnected("Unexpected EOF received")
    assert explain_no_answer(error, server) == (
        "the mail server [::1]:25 broke off the connection"
    )
