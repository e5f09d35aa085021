"""Connect to a mail server, by TLS and with a login as the settings say."""

import asyncio
import ssl
from base64 import b64encode
from dataclasses import dataclass, field
from typing import cast

from aiosmtplib import (
    SMTP,
    SMTPAuthenticationError,
    SMTPConnectError,
    SMTPResponseException,
    SMTPServerDisconnected,
    SMTPTimeoutError,
)

from newsletter.addresses import is_loopback
from newsletter.delivery.transports import Answer, Loss, Misfit, SetupError
from newsletter.delivery.transports.no_answer import explain_no_answer
from newsletter.model.settings import ServerSettings
from newsletter.replies import Stage, read_reply

#: RFC 5321, section 4.5.3.2.1: so long a server may take to greet.
GREETING_SECONDS = 300

#: Nobody answers: network, name look-up, time-out, hang-up.
NO_ANSWER = (SMTPServerDisconnected, SMTPTimeoutError, SMTPConnectError, OSError)


@dataclass(frozen=True, slots=True)
class Account:
    """How to reach the server, and who we are there."""

    server: ServerSettings
    #: The password itself; empty: no login.
    password: str = field(default="", repr=False)
    #: What we call ourselves in EHLO: a domain.
    client_name: str = "localhost"
    #: None: certificates the system trusts.
    tls: ssl.SSLContext | None = None


def refuse_clear_text(account: Account) -> None:
    """Raise `SetupError` if these settings would show the network what is private."""
    server = account.server
    if server.security != "none":
        return
    if account.password or server.user:
        raise SetupError(
            "a password is never sent in clear text: "
            'set security = "tls" or "starttls".'
        )
    if not is_loopback(server.host) and not server.allow_clear_text:
        raise SetupError(
            f"mail to {server.host} would travel in clear text: set security = "
            '"tls" or "starttls", or allow_clear_text = true if that network is yours.'
        )


def make_client(account: Account) -> SMTP:
    """Return a client for one connection; nothing is optional about its TLS."""
    server = account.server
    return SMTP(
        hostname=server.host,
        port=server.port,
        timeout=min(server.timeout_seconds, GREETING_SECONDS),
        local_hostname=account.client_name,
        use_tls=server.security == "tls",
        # None would mean "if offered", and somebody in between can remove the offer.
        start_tls=False,
        tls_context=account.tls,
    )


async def open_connection(
    smtp: SMTP, account: Account
) -> Answer | Loss | Misfit | None:
    """Connect and log in.

    Returns:
        None when all is well; else what the server said against it, that it cannot be
        reached, or what cannot work like this: no TLS, a certificate we cannot trust,
        no way to log in. The client is to be hung up then.
    """
    try:
        await smtp.connect()
        await smtp.ehlo()
        if account.server.security == "starttls":
            await _start_tls(smtp)
        if account.server.user:
            await _log_in(smtp, account)
    except SetupError as error:
        return Misfit(error.reason)
    except (*NO_ANSWER, SMTPResponseException) as error:
        # A no; less than that is no answer to what was said.
        if isinstance(error, SMTPResponseException) and error.code >= 400:
            is_login = isinstance(error, SMTPAuthenticationError)
            stage = Stage.LOGIN if is_login else Stage.CONNECT
            said = _without_password(error.message, account)
            return Answer(stage, read_reply(error.code, said))
        certificate = _certificate_fault(error)
        if certificate:
            return Misfit(certificate)
        return Loss(explain_no_answer(error, account.server), is_message_out=False)
    return None


def hang_up(smtp: SMTP) -> None:
    """Drop the connection; what was written and has not left yet stays here."""
    cut(smtp.transport)
    smtp.close()


def cut(transport: asyncio.BaseTransport | None) -> None:
    """Close a connection without a word."""
    if transport is not None:
        # uvloop's transports are no subclasses of asyncio's: no `isinstance` here.
        cast(asyncio.WriteTransport, transport).abort()


async def _start_tls(smtp: SMTP) -> None:
    if not smtp.supports_extension("starttls"):
        raise SetupError(
            "the mail server offers no STARTTLS (or somebody in between hides it); "
            'nothing was sent. Try security = "tls" with port 465.'
        )
    await smtp.starttls()
    await smtp.ehlo()


async def _log_in(smtp: SMTP, account: Account) -> None:
    """Log in once: trying every method with a wrong password can lock the account."""
    user, password = account.server.user, account.password
    methods = smtp.supported_auth_methods
    if "plain" in methods:
        await smtp.auth_plain(user, password)
    elif "login" in methods:
        await smtp.auth_login(user, password)
    else:
        raise SetupError(
            "the mail server offers no way to log in that we know (PLAIN, LOGIN)."
        )


def _without_password(said: str, account: Account) -> str:
    """Return what a server said without the login that some of them repeat.

    A reply is shown, kept in the database and put into logs.
    """
    password = account.password.encode()
    login = b"\0".join((b"", account.server.user.encode(), password))
    for secret in (b64encode(login), b64encode(password), password):
        if secret:
            said = said.replace(secret.decode(), "***")
    return said


def _certificate_fault(error: BaseException) -> str:
    """Return what is wrong with the server's certificate or TLS, or nothing."""
    found: BaseException | None = error
    while found is not None:
        if isinstance(found, ssl.SSLCertVerificationError):
            return (
                "the mail server's certificate cannot be trusted "
                f"({found.verify_message.rstrip('.')}); nothing was sent."
            )
        if isinstance(found, ssl.SSLError):
            return (
                f"no secure connection to the mail server ({found.reason}): check "
                'port and security ("tls" for 465, "starttls" for 587).'
            )
        found = found.__cause__ or found.__context__
    return ""
