"""Mails that a mail program writes to leave: List-Unsubscribe with mailto. Pure.

Ours reads ``mailto:ADDRESS?subject=unsubscribe TOKEN``, and ADDRESS may hold the token
too. Who wrote it does not count, nor whether it calls itself an automatic answer, as
Apple's does: the token is the authority.
"""

import re

from newsletter.inbound.identity import find_leave_tokens, find_recipient_tokens
from newsletter.inbound.mail import Mail

_WORD = (
    r"(?:leave|remove|opt.?out|signoff|stop|"
    r"(?:unsub|afmeld|uitschrijv|abmeld|d[eé]s(?:abonn|inscri))\w{0,20})"
)
_SUBJECT = re.compile(rf"\W{{0,20}}{_WORD}\b", re.I)
#: Such an address is ours alone: no envelope sender is called so.
_ADDRESS = re.compile(rf"(?:^|[<,\s]){_WORD}[+=._-]?[^\s@,<>]{{0,250}}@", re.I)


def is_unsubscribe(mail: Mail) -> bool:
    """Tell whether a program asks to leave: by a token, right or wrong, or Apple's."""
    if mail.headers.first("x-apple-unsubscribe").lower() == "true":
        return True
    subject = mail.headers.first("subject")
    if _SUBJECT.match(subject) and find_leave_tokens(mail):
        return True
    if not find_recipient_tokens(mail):
        return False
    return any(
        _ADDRESS.search(value)
        for name in ("delivered-to", "x-original-to", "envelope-to", "to")
        for value in mail.headers.every(name)
    )
