"""Visit a mail server as a sender would, and leave without having sent anything."""

import ssl
from contextlib import suppress
from dataclasses import replace

from aiosmtplib import SMTP, SMTPException

from newsletter.delivery.transports import Answer, Loss, Misfit
from newsletter.delivery.transports.no_answer import explain_no_answer
from newsletter.delivery.transports.smtp import (
    Account,
    hang_up,
    make_client,
    open_connection,
)
from newsletter.doctor.certificate import Certificate, read_certificate
from newsletter.doctor.server import Said, ServerVisit
from newsletter.replies import Stage, read_reply

#: A server that lets a visitor wait longer for a reply would be a trouble in itself.
STEP_SECONDS = 10
_GOODBYE_SECONDS = 2.0


async def visit_server(account: Account, *, sender: str, recipient: str) -> ServerVisit:
    """Return what is seen at a server; the transaction is given up after RCPT.

    Args:
        account: How to reach it; one login is tried, and no more.
        sender: For the envelope.
        recipient: An address of our own.
    """
    seconds = min(account.server.timeout_seconds, STEP_SECONDS)
    account = replace(account, server=replace(account.server, timeout_seconds=seconds))
    smtp = make_client(account)
    try:
        ending = await open_connection(smtp, account)
        if ending is not None:
            return await _turned_away(account, ending)
        visit = _look_around(smtp, account)
        return await _try_envelope(smtp, visit, sender=sender, recipient=recipient)
    finally:
        hang_up(smtp)


async def _turned_away(account: Account, ending: Answer | Loss | Misfit) -> ServerVisit:
    if isinstance(ending, Answer):
        refusal = Said(ending.stage, ending.reply)
        return ServerVisit(account.server, refusal=refusal)
    trouble = ending.reason.rstrip(".")
    if isinstance(ending, Loss) or account.server.security == "none":
        return ServerVisit(account.server, trouble=trouble)
    certificate = await _read_untrusted(account)
    return ServerVisit(account.server, trouble=trouble, certificate=certificate)


async def _read_untrusted(account: Account) -> Certificate | None:
    """Return the certificate of a server that we do not trust, and hang up."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    stranger = replace(
        account, tls=context, password="", server=replace(account.server, user="")
    )
    smtp = make_client(stranger)
    try:
        if await open_connection(smtp, stranger) is not None:
            return None
        return _certificate(smtp)
    finally:
        hang_up(smtp)


def _look_around(smtp: SMTP, account: Account) -> ServerVisit:
    line = smtp.get_transport_info("ssl_object")
    answer = smtp.last_ehlo_response
    lines = answer.message.splitlines()[1:] if answer else []
    return ServerVisit(
        account.server,
        tls=line.version() if line else "",
        certificate=_certificate(smtp),
        offers=tuple(text.strip().upper() for text in lines if text.strip()),
    )


def _certificate(smtp: SMTP) -> Certificate | None:
    line = smtp.get_transport_info("ssl_object")
    data = line.getpeercert(binary_form=True) if line else None
    return read_certificate(data) if data else None


async def _try_envelope(
    smtp: SMTP, visit: ServerVisit, *, sender: str, recipient: str
) -> ServerVisit:
    try:
        options = () if (sender + recipient).isascii() else (b"SMTPUTF8",)
        said = await _say(smtp, Stage.MAIL, b"MAIL FROM:<%s>", sender, *options)
        visit = replace(visit, sender=said)
        if said.is_yes:
            said = await _say(smtp, Stage.RCPT, b"RCPT TO:<%s>", recipient)
            visit = replace(visit, recipient=said)
            await smtp.rset()
    except (SMTPException, OSError) as error:
        return replace(visit, trouble=explain_no_answer(error, visit.settings))
    # How it hangs up does not matter.
    with suppress(SMTPException, OSError):
        await smtp.quit(timeout=_GOODBYE_SECONDS)
    return visit


async def _say(
    smtp: SMTP, stage: Stage, command: bytes, address: str, *options: bytes
) -> Said:
    response = await smtp.execute_command(command % address.encode(), *options)
    return Said(stage, read_reply(response.code, response.message))
