"""The commands that precede a message, as the server's abilities allow. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from newsletter.delivery.transports import Answer
from newsletter.model.message import Message
from newsletter.model.outcome import Reply
from newsletter.replies import Stage

#: RFC 3461, section 4: what xtext cannot hold as it is.
_NOT_XTEXT = re.compile(r"[^!-*,-<>-~]")
#: RFC 3461, section 4.4.
_MAX_ENVELOPE_ID = 100


@dataclass(frozen=True, slots=True)
class Abilities:
    """What a server offered in answer to EHLO."""

    #: Several commands in one write (RFC 2920).
    pipelining: bool = False
    #: Messages in one write with their envelope, by their length (RFC 3030).
    chunking: bool = False
    #: The largest message it takes, in bytes; 0: it does not say.
    size_limit: int = 0
    #: It wants to know the size beforehand (RFC 1870).
    size: bool = False
    #: Eight bits in the message (RFC 6152), and in addresses (RFC 6531).
    eight_bit: bool = False
    smtputf8: bool = False
    #: Reports on what becomes of a message (RFC 3461).
    dsn: bool = False


def read_abilities(extensions: Mapping[str, str]) -> Abilities:
    """Return the abilities behind EHLO keywords (lower case) and their parameters."""
    limit = extensions.get("size", "")
    return Abilities(
        pipelining="pipelining" in extensions,
        chunking="chunking" in extensions,
        size_limit=int(limit) if limit.isascii() and limit.isdigit() else 0,
        size="size" in extensions,
        eight_bit="8bitmime" in extensions,
        smtputf8="smtputf8" in extensions,
        dsn="dsn" in extensions,
    )


def find_objection(message: Message, abilities: Abilities) -> Answer | None:
    """Return what the server would say against *message*, in our words, or None."""
    if message.needs_smtputf8 and not abilities.smtputf8:
        text = "this mail server takes no address with letters outside ASCII"
        return Answer(Stage.RCPT, Reply(553, text, "5.6.7"))
    size = len(message.data)
    if abilities.size_limit and size > abilities.size_limit:
        text = (
            f"the message has {size} bytes, and this mail server takes "
            f"{abilities.size_limit} at the most"
        )
        return Answer(Stage.MAIL, Reply(552, text, "5.3.4"))
    return None


def write_envelope(message: Message, abilities: Abilities) -> tuple[bytes, bytes]:
    """Return MAIL and RCPT for *message*, each with its line end.

    Raises:
        ValueError: An address holds a line break and would say a command of its own,
            or the final dot would not stand in a line of its own.
    """
    if not message.data.endswith(b"\r\n"):
        raise ValueError("mail data ends with CRLF")
    mail = f"MAIL FROM:<{message.envelope_sender}>"
    rcpt = f"RCPT TO:<{message.envelope_recipient}>"
    if abilities.size:
        mail += f" SIZE={len(message.data)}"
    if message.needs_smtputf8:
        mail += " SMTPUTF8"
        # Only such a message may have eight bits: others need not be looked through.
        if abilities.eight_bit and not message.data.isascii():
            mail += " BODY=8BITMIME"
    if abilities.dsn:
        mail += _envelope_id(message)
        rcpt += _wishes(message)
    commands = (f"{mail}\r\n".encode(), f"{rcpt}\r\n".encode())
    if any(command.count(b"\n") + command.count(b"\r") != 2 for command in commands):
        raise ValueError("an address with a line break")
    return commands


def _envelope_id(message: Message) -> str:
    """Return what a report shall carry: the headers, and which message it was."""
    name = _xtext(message.message_id.strip("<>").partition("@")[0])
    return (
        f" RET=HDRS ENVID={name}" if 0 < len(name) <= _MAX_ENVELOPE_ID else " RET=HDRS"
    )


def _wishes(message: Message) -> str:
    """Return when a report is wanted; "success" would be tracking."""
    recipient = message.envelope_recipient
    # Letters outside ASCII would need the address type of RFC 6533.
    known = f" ORCPT=rfc822;{_xtext(recipient)}" if recipient.isascii() else ""
    return f" NOTIFY=FAILURE,DELAY{known}"


def _xtext(text: str) -> str:
    return _NOT_XTEXT.sub(lambda found: f"+{ord(found[0]):02X}", text)
