"""Message -> the same message with DKIM-Signature in front (RFC 6376, 8463, 8301).

In: finished bytes, the keys, the time. Out: the bytes with one header for each key.

Law: the body is hashed as it is. `wire_form` has proven that relaxed canonicalisation
leaves it alone; cleaning it here by regular expression would cost 1.7 ms of a 0.5 ms
signature. Signing changes nothing that was there, needs no lock, and spends its time in
C outside the GIL: a thread for each core signs as many mails as the cores can.

Both unsubscribe headers are covered, as RFC 8058 (section 4) demands and as the list of
dkimpy leaves out; From twice, so that nobody can add a second one (RFC 6376, 8.15).
There is no ``l=``: it would let anybody write below the letter.
"""

import hashlib
import re
from base64 import b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import lru_cache

from newsletter.model.message import Message
from newsletter.model.settings import DkimAlgorithm

#: What is signed of a mail that has it, in this order.
_SIGNED = (
    b"from",
    b"subject",
    b"date",
    b"message-id",
    b"to",
    b"reply-to",
    b"mime-version",
    b"content-type",
    b"list-id",
    b"list-unsubscribe",
    b"list-unsubscribe-post",
    b"feedback-id",
)
#: Characters of base64 on a line: 76 less the space in front, in whole groups.
_CHUNK = 72
_BLANKS = re.compile(rb"[ \t]+")
_END_OF_HEAD = b"\r\n\r\n"


@dataclass(frozen=True, slots=True)
class DkimSigner:
    """One signature of every mail: whose, by which key."""

    domain: str
    selector: str
    algorithm: DkimAlgorithm
    #: Header lines -> signature; not shown, for it holds the key (`dkim_keys`).
    sign: Callable[[bytes], bytes] = field(repr=False)


def sign_message(
    message: Message, signers: Sequence[DkimSigner], signed_at: datetime
) -> Message:
    """Return *message* signed by each of *signers*; safe in any thread.

    About 0.4 ms for RSA-2048 and 0.09 ms for Ed25519, nearly all outside the GIL.

    Args:
        message: As `personalise` made it.
        signers: Without one the message is returned as it is.
        signed_at: Aware.
    """
    if not signers:
        return message
    signatures = write_signatures(message.data, signers, signed_at)
    return replace(message, data=signatures + message.data)


def write_signatures(
    data: bytes, signers: Sequence[DkimSigner], signed_at: datetime
) -> bytes:
    """Return the header lines that stand in front of *data* when it is signed."""
    end = data.index(_END_OF_HEAD)
    # A view is hashed without a copy.
    body = memoryview(data)[end + len(_END_OF_HEAD) :]
    body_hash = b64encode(hashlib.sha256(body).digest())
    names, signed = _canonical_head(data[:end])
    fixed = b"; t=%d;\r\n h=%s;\r\n bh=%s;\r\n b=" % (
        signed_at.timestamp(),
        names,
        body_hash,
    )
    return b"".join(_signature(signer, fixed, signed) for signer in signers)


def _signature(signer: DkimSigner, fixed: bytes, signed: bytes) -> bytes:
    start = (
        f"DKIM-Signature: v=1; a={signer.algorithm}-sha256; c=relaxed/relaxed;\r\n"
        f" d={signer.domain}; s={signer.selector}"
    )
    header = start.encode("ascii") + fixed
    # RFC 6376, section 3.7: the header itself comes last, without value and line end.
    value = b64encode(signer.sign(signed + _relaxed_line(header)))
    chunks = [value[at : at + _CHUNK] for at in range(0, len(value), _CHUNK)]
    return header + b"\r\n ".join(chunks) + b"\r\n"


def _canonical_head(head: bytes) -> tuple[bytes, bytes]:
    """Return the value of ``h=`` and the header lines it stands for, relaxed."""
    # A mail of ours has each header once.
    values = dict(map(_name_and_value, _relaxed(head).split(b"\r\n")))
    names = tuple(name for name in _SIGNED if name in values)
    lines = [b"%s:%s\r\n" % (name, values[name]) for name in names]
    return _listed(names), b"".join(lines)


# All mails of an issue have the same headers.
@lru_cache(maxsize=16)
def _listed(names: tuple[bytes, ...]) -> bytes:
    """Return *names* as ``h=`` has them, From once more, on lines of usual length."""
    lines = [b"from"]
    for name in names:
        if len(lines[-1]) + len(name) < _CHUNK:
            lines[-1] += b":" + name
        else:
            lines.append(b":" + name)
    return b"\r\n ".join(lines)


def _name_and_value(line: bytes) -> tuple[bytes, bytes]:
    name, _, value = line.partition(b":")
    return name.rstrip().lower(), value.strip()


def _relaxed_line(header: bytes) -> bytes:
    return b"%s:%s" % _name_and_value(_relaxed(header))


def _relaxed(head: bytes) -> bytes:
    """Return header lines unfolded, with single spaces (RFC 6376, section 3.4.2)."""
    unfolded = head.replace(b"\r\n ", b" ").replace(b"\r\n\t", b" ")
    if b"  " in unfolded or b"\t" in unfolded:
        return _BLANKS.sub(b" ", unfolded)
    return unfolded
