"""SMTP: from a letter to the mail server's answer, and nothing in between unknown.

`opening` connects (aiosmtplib: TCP, TLS, EHLO, login), `envelope` writes commands,
`wire` reads replies, `session` (by DATA) and `chunked` (by BDAT) know which letter is
where, `line` connects again.

Leaned on beyond aiosmtplib's promises, and held by contract tests: `SMTP.transport` and
`SMTP.protocol` after `connect`, `starttls` and login, the protocol being put aside with
`transport.set_protocol` and taken up again before `quit`.

Law: a transaction is never cancelled: that would leave a connection that looks well and
gives the next letter the last one's reply. Whatever is not a clean end closes the
connection, and each connection is a new `SMTP` object.
"""

from newsletter.delivery.transports.smtp.line import SmtpLine
from newsletter.delivery.transports.smtp.opening import (
    Account,
    hang_up,
    make_client,
    open_connection,
    refuse_clear_text,
)

__all__ = [
    "Account",
    "SmtpLine",
    "hang_up",
    "make_client",
    "open_connection",
    "refuse_clear_text",
]
