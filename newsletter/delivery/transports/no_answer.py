"""Why a mail server gave no answer, in words that an editor understands. Pure.

In: what the SMTP library or the system raised. Out: half a sentence.
"""

import errno
import os
import re
import socket
import ssl
from collections.abc import Iterator

from aiosmtplib import SMTPResponseException

from newsletter.model.settings import ServerSettings

#: asyncio puts what happened at several addresses of one name into a single text.
_NUMBER = re.compile(r"\[Errno (\d+)\]")


def explain_no_answer(error: BaseException, server: ServerSettings) -> str:
    """Return what happened at *server*: ``the mail server … did not answer in time``.

    Args:
        error: What was raised; its causes count too.
        server: Which server was asked.
    """
    causes = tuple(_causes(error))
    name = f"the mail server {_place(server)}"
    if any(isinstance(cause, socket.gaierror) for cause in causes):
        return (
            f"the mail server {server.host} was not found: is its name right, and "
            "is the network there?"
        )
    numbers = [number for cause in causes for number in _numbers(cause)]
    if errno.ECONNREFUSED in numbers:
        return f"{name} does not answer (connection refused)"
    if any(isinstance(cause, TimeoutError) for cause in causes):
        return f"{name} did not answer in time"
    if isinstance(error, SMTPResponseException):
        return f"{name} answered with something that is not SMTP"
    if numbers and not {errno.ECONNRESET, errno.EPIPE} & set(numbers):
        return f"{name} cannot be reached ({os.strerror(numbers[0]).lower()})"
    return f"{name} broke off the connection"


def _place(server: ServerSettings) -> str:
    host = f"[{server.host}]" if ":" in server.host else server.host
    return f"{host}:{server.port}"


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__


def _numbers(error: BaseException) -> list[int]:
    # TLS has numbers of its own.
    if not isinstance(error, OSError) or isinstance(error, ssl.SSLError):
        return []
    if error.errno is not None:
        return [error.errno]
    return [int(number) for number in _NUMBER.findall(str(error))]
