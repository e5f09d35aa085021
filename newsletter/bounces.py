"""Whose matter a bounce is: the reader's address, their mailbox for now, or ours. Pure.

In: what a report or a mail server says of one recipient. Out: a `BounceClass`.

Law: words come first, since codes mislead: 5.1.1 is given for rate limits too, 5.0.0
for "user unknown", 4.0.0 for a domain that does not exist. What is unclear is soft:
nobody is taken off a list because a server was hard to understand.

The order of the table is its meaning: first what is about us (our rate, name, sender),
then what passes, then what is final for this one address, then policies; codes last.
"""

import re
from dataclasses import dataclass, field

from newsletter.bounce_words import (
    ABOUT_DOMAIN,
    ABOUT_MESSAGE,
    ABOUT_PERSON,
    ABOUT_SENDER,
    FULL,
    NOT_THE_ADDRESS,
    PASSING,
)
from newsletter.model.outcome import Reply
from newsletter.model.returned import BounceClass

#: Of a text, so much is searched: what a server says is never longer.
MAX_SEARCHED = 4_000


@dataclass(frozen=True, slots=True)
class Saying:
    """One line of the table: words, and what they mean."""

    bounce_class: BounceClass
    words: re.Pattern[str] = field(repr=False)
    #: Not believed beside a code that says "for now" (4xx).
    is_final: bool = False


#: The first that is found decides.
SAYINGS: tuple[Saying, ...] = (
    Saying(BounceClass.SOFT, NOT_THE_ADDRESS),
    Saying(BounceClass.BLOCKED, ABOUT_SENDER),
    Saying(BounceClass.SOFT, FULL),
    Saying(BounceClass.SOFT, PASSING),
    Saying(BounceClass.HARD, ABOUT_DOMAIN),
    Saying(BounceClass.HARD, ABOUT_PERSON, is_final=True),
    Saying(BounceClass.BLOCKED, ABOUT_MESSAGE),
)

#: Codes that are about who sends, whatever the words beside them: the sender's address,
#: and what a name and its signatures are worth (RFC 7372; those of three digits:
#: Exchange). 5.7.1 and its like are given for anything.
_OF_SENDER = re.compile(r"[45]\.1\.[78]|5\.7\.(2[0-6]|5\d\d|60\d?|70\d|750)")

#: Enhanced codes (RFC 3463, RFC 7372, RFC 7505; those of three digits: Exchange), the
#: first that fits.
CODES: tuple[tuple[re.Pattern[str], BounceClass], ...] = tuple(
    (re.compile(code), bounce_class)
    for code, bounce_class in (
        # Mailbox unknown, moved, without mail; domain unknown; no route to it.
        (r"5\.1\.([012346]|10|351)", BounceClass.HARD),
        (r"5\.2\.1", BounceClass.HARD),
        (r"5\.4\.(4|310)", BounceClass.HARD),
        (r"5\.7\.13", BounceClass.HARD),
        # The size of the message; quota of ours; content; policy.
        (r"5\.(2\.3|3\.4|4\.5|6\.\d+|7\.\d+)", BounceClass.BLOCKED),
        (r"4\.7\.\d+", BounceClass.BLOCKED),
    )
)

_URL = re.compile(r"\b(?:https?://|www\.)\S+")
#: In brackets or alone. Its words are a person's choice, not a server's.
_ADDRESS = re.compile(r"<[^<>\s]{0,300}>|[^\s<>\"'(),;:@]{1,128}@[\w.-]{1,255}")
#: A name with two dots, or with its address behind it: ``mx.spam.example[192.0.2.1]``.
_HOST = re.compile(
    r"\b(?!resolver\.|storedrv\.)[\w-]{1,63}(?:\.[\w-]{1,63}){2,20}\b|"
    r"\b[\w-]{1,63}\.[\w-]{1,63}(?=\[)"
)
#: Codes at the head of each line of a reply, run into its text.
_CODES = re.compile(
    r"\b[45]\d\d[ -]#?[45]\.\d{1,3}\.\d{1,3}\b|#?\b[45]\.\d{1,3}\.\d{1,3}\b"
)
_IP = re.compile(
    r"\b\d{1,3}(?:\.\d{1,3}){3}\b|\b[0-9a-f]{0,4}(?::[0-9a-f]{0,4}){3,7}\b"
)
_SPACE = re.compile(r"[\s\x00-\x1f\x7f-\xa0]+")
#: "Check for typos and try again" is no "try again later".
_ADVICE = re.compile(r"\bcheck for typos[^.]{0,200}\.?")
_APOSTROPHES = str.maketrans("\u2018\u2019\u00b4`", "''''")
#: Servers leave accents out as often as not: é, ü, ł … -> e, u, l …
_ACCENTS = str.maketrans(
    "àáâãäåāăąçćčďđèéêëēęěğìíîïīıłñńňòóôõöøōőřśşšťţùúûüūůűýÿźżžß",
    "aaaaaaaaacccddeeeeeeegiiiiiilnnnoooooooorsssttuuuuuuuyyzzzs",
)


def classify_bounce(
    *, status: str, code: int, text: str, action: str = ""
) -> BounceClass:
    """Return what is said of one recipient.

    Args:
        status: Enhanced code (RFC 3463), or empty.
        code: Reply code of the SMTP dialogue, or 0.
        text: What the server said, in whatever language.
        action: The field of that name in a delivery report (RFC 3464), or empty.
    """
    if action.strip().lower() == "delayed":
        return BounceClass.DELAY
    found = find_bounce_class(status=status, code=code, text=text)
    return found or BounceClass.SOFT


def classify_refusal(reply: Reply) -> BounceClass:
    """Return what a reply in the SMTP dialogue, 500 or above, says of its recipient."""
    return classify_bounce(status=reply.enhanced, code=reply.code, text=reply.text)


def find_bounce_class(*, status: str, code: int, text: str) -> BounceClass | None:
    """Return what words and codes say of one recipient, or None if they say nothing."""
    if _OF_SENDER.fullmatch(status):
        return BounceClass.BLOCKED
    plain = plain_words(text)
    may_pass = (str(code) if code else status).startswith("4")
    for saying in SAYINGS:
        if saying.words.search(plain):
            return (
                BounceClass.SOFT
                if saying.is_final and may_pass
                else saying.bounce_class
            )
    for pattern, bounce_class in CODES:
        if pattern.fullmatch(status):
            return bounce_class
    return BounceClass.SOFT if may_pass else None


def plain_words(text: str) -> str:
    """Return the words of *text* as the tables have them.

    Without addresses, names of hosts, links and codes, in lower case, one line.
    """
    plain = text[:MAX_SEARCHED].lower().translate(_APOSTROPHES)
    if not plain.isascii():
        plain = plain.translate(_ACCENTS)
    plain = _SPACE.sub(" ", plain)
    for pattern, instead in (
        (_URL, ""),
        (_ADDRESS, "(@)"),
        (_CODES, " "),
        (_IP, "(ip)"),
        (_HOST, "(host)"),
        (_ADVICE, ""),
    ):
        plain = pattern.sub(instead, plain)
    return _SPACE.sub(" ", plain).strip()
