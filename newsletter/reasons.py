"""Why somebody was not reached, and what to do, in an editor's words. Pure.

In: the state of a delivery and the last reply it got. Out: a `Reason`.

Law: what a server said is a clue, not the truth: the advice does no harm if the server
is wrong. Nobody is called gone whom we could not reach for a reason of ours.
"""

import re
from dataclasses import dataclass, replace
from functools import lru_cache

from newsletter.model.delivery import DeliveryState
from newsletter.model.outcome import Reply

#: What a skipped delivery of a cancelled dispatch says (`store.dispatch_records`).
_CANCELLED = "cancelled"
#: How the reply begins of somebody who was tried until the deadline.
_GAVE_UP = "gave up after "


@dataclass(frozen=True, slots=True)
class Reason:
    """Why, and what to do about it; whole sentences."""

    words: str
    #: Empty where there is nothing to do.
    advice: str = ""


@dataclass(frozen=True, slots=True)
class Clue:
    """One line of the table: which replies, and the reason behind them."""

    reason: Reason
    #: The reply code, as a pattern for all of it.
    codes: str = r"\d{3}"
    #: The enhanced code without its first digit, as a pattern for all of it; None: any.
    enhanced: str | None = None
    #: Words to be found in the text, as a pattern without case; None: any text.
    words: str | None = None


# --- reasons of the reader ------------------------------------------------------------

_NEW_ADDRESS = "Remove the address, or ask for a new one."
_TYPING = "Look for a typing mistake behind the @, or ask for another address."
_AGAIN = "Try again later with: newsletter resume --refused"

_GONE = Reason("This mailbox does not exist.", _NEW_ADDRESS)
_CLOSED = Reason("This mailbox is closed or switched off.", _NEW_ADDRESS)
_MOVED = Reason("This person has moved to another address.", "Ask for the new address.")
_NO_DOMAIN = Reason("The domain of this address does not exist.", _TYPING)
_NO_MAIL = Reason("The domain of this address takes no mail.", _TYPING)
_BAD_ADDRESS = Reason(
    "The mail server cannot read this address.",
    "Look for a typing mistake, or ask for another address.",
)
_LETTERS = Reason(
    "The mail server does not know letters of this address.",
    "Ask for an address in plain letters.",
)
_NOT_KNOWN_NOW = Reason(
    "The mail server cannot tell just now whether this mailbox exists.", _AGAIN
)
_CLOSED_NOW = Reason("This mailbox takes no mail at the moment.", _AGAIN)
_NO_DOMAIN_NOW = Reason(
    "The domain of this address was not found just now.",
    f"Look for a typing mistake behind the @. {_AGAIN}",
)
_FULL = Reason("The mailbox is full.", _AGAIN)
_BUSY = Reason("This mailbox gets more mail at the moment than it may.", _AGAIN)
_CERTAIN_SENDERS = Reason(
    "This mailbox takes mail of certain senders only.",
    "Ask the reader to let your sender address through.",
)
_LOOP = Reason(
    "The mail went round in circles at the reader's provider.",
    "Tell the reader, or ask for another address.",
)
_UNREACHABLE = Reason("The mail server of this address could not be reached.", _AGAIN)

# --- reasons of ours, or of a provider ------------------------------------------------

_DOCTOR = "Run newsletter doctor: it says what to put right."

_LOGIN = Reason("Your mail server did not accept your login.", _DOCTOR)
_SENDER = Reason("The sender of the newsletter was not accepted.", _DOCTOR)
_IDENTITY = Reason(
    "The provider refused it because of our authentication: the mail does not prove "
    "who sent it.",
    _DOCTOR,
)
_LISTED = Reason(
    "The provider refused it because of the server that sends your mail.",
    "Ask the provider of your mail server, with the words of the reply.",
)
_CONTENT = Reason(
    "The provider took the mail for spam, or did not like what is in it.",
    "Run newsletter check, and newsletter doctor.",
)
_TOO_BIG = Reason(
    "The mail is too big for this mail server.",
    "Make the pictures smaller: newsletter check says what is heavy.",
)
_TOO_FAST = Reason(
    "The provider wants mail more slowly.",
    'Set a lower limit under [server], for example limits = ["200/hour"].',
)
_USED_UP = Reason(
    "What your mail provider lets you send was used up.",
    "Go on when it is free again, mostly tomorrow, with: newsletter resume",
)
_SERVER_FAULT = Reason(
    "The mail server had a fault of its own.",
    "Try again later; if it stays, ask the provider of your mail server.",
)

# --- reasons that a state alone tells -------------------------------------------------

_LEFT = Reason("Left meanwhile.", "Nothing to do: this reader wanted no more mail.")
_CANCELLED_BEFORE = Reason(
    "The dispatch was cancelled before this mail was sent.",
    "newsletter send sends the issue to those who do not have it.",
)
_NOT_TRIED = Reason("Not tried yet.", "Go on with: newsletter resume")
_UNDER_WAY = Reason("Under way: the answer of the mail server is awaited.")
_TAKEN = Reason("Taken by your mail server.")
_NOT_NOW = Reason('The mail server said "later".', _AGAIN)
_NO = Reason(
    "The mail server said no to this address, and not clearly why.",
    "Read its words, ask the reader for another address, or try again later with: "
    "newsletter resume --refused",
)
_GREY = Reason(
    "The mail server asks senders it does not know yet to come again.", _AGAIN
)

_NOT_THERE = "If it is not there, send it again with: newsletter resume --unknown"
_TRIED_AGAIN = "Nothing to do: it is tried again when the dispatch goes on."
_GOES_ON = "Nothing to do for this reader: the mail goes when the dispatch goes on."

#: What is about this reader; everything else is put right by us, not by the reader.
OURS = (_LOGIN, _SENDER, _IDENTITY, _LISTED, _CONTENT, _TOO_BIG, _TOO_FAST, _USED_UP)
#: The address is dead.
DEAD = (_GONE, _CLOSED, _MOVED, _NO_DOMAIN, _NO_MAIL, _BAD_ADDRESS)

_FULL_WORDS = (
    r"(mail ?box|inbox|user).{0,30}(\bfull\b|quota|size limit|limit exceeded)|"
    r"(over|exceed(s|ed)?|out of).{0,20}(storage|quota|disk)|quota.{0,12}exceeded"
)
_GONE_WORDS = (
    r"(user|recipient|mailbox|address|account) (is |was )?"
    r"(unknown|not found|unavailable|invalid)|unknown (user|recipient|address)|"
    r"(no such|invalid|nonexist\w+) (user|mailbox|recipient|address|person)|"
    r"does ?n[o']t (exist|have an? \S+ account)|no longer on server|no mailbox here"
)
_CLOSED_WORDS = (
    r"inactive|disabled|deactivated|suspended|frozen|discontinued|"
    r"(user|account|mailbox|recipient).{0,40}(\blocked|closed|is blocked)"
)
_NO_DOMAIN_WORDS = (
    r"domain (name )?not found|host (or domain name )?not found|host unknown|"
    r"no such domain|name service error|unable to find the domain|"
    r"unrout(e)?able (address|mail domain)|domain does not exist"
)
_NO_MAIL_WORDS = r"null ?mx|does( not|n't) (accept|receive) (any )?e?-?mail"
_IDENTITY_WORDS = (
    r"\b(spf|dkim|dmarc|ptr)\b|reverse dns|unauthenticated|not authenticated|"
    r"authentication information|valid sender domain|sender is un"
)
_LOGIN_WORDS = (
    r"relay(ing)? (access )?(is )?(denied|not (permitted|allowed))|unable to relay|"
    r"not (permitted|authori[sz]ed) to relay|smtp auth|log ?in|"
    r"authentication (is )?(required|failed)|authenticate first"
)
_LISTED_WORDS = (
    r"black ?list|block ?(ed using|list)|denylist|reputation|client host|"
    r"network not allowed|listed (at|in|by|on)|\bip\b.{0,30}(refused|denied|blocked)|"
    r"banned|\[?TSS\d|service refuse"
)
_CONTENT_WORDS = r"spam|message content|its content|\bube\b|virus|phishing"
_SENDER_WORDS = (
    r"sender (address )?(verify|reject|refused|denied|not (allowed|owned|verified))|"
    r"domain of sender|not (permitted|authori[sz]ed|allowed) to send (as|from)"
)
_FAST_WORDS = (
    r"rate.?limit|sending rate|throttl|too (many|fast|much)|slow down|concurren|"
    r"frequency limited|deferred due to|unusual"
)
_QUOTA_WORDS = (
    r"(daily|hourly|sending) ?(user |sending |message )?(limit|quota)|"
    r"exceeded.{0,30}(daily|hourly|sending|per (day|hour))"
)
_CERTAIN_WORDS = (
    r"recipient preferences|not (allowed|permitted|authori[sz]ed) to (post|send) to|"
    r"only accepts|restricted|owner of the group"
)

#: The first line that fits decides. Codes: RFC 3463, 5321, 7372 (authentication), 7504
#: and 7505 (no mail here), 4954 (login). Texts: real replies of Postfix, Exim, Exchange
#: Online, Gmail, Outlook, Yahoo, iCloud, Orange and hosters, as known in 2026. Words
#: beat codes: 5.7.1 and 5.2.1 are given for nearly everything.
CLUES: tuple[Clue, ...] = (
    Clue(_LOGIN, codes="530|534|535|538"),
    Clue(_USED_UP, enhanced=r"4\.5"),
    Clue(_USED_UP, words=_QUOTA_WORDS),
    Clue(_NO_MAIL, codes="521|556"),
    Clue(_NO_MAIL, enhanced=r"1\.10"),
    Clue(_NO_MAIL, words=_NO_MAIL_WORDS),
    Clue(_SENDER, enhanced=r"1\.[78]"),
    Clue(_SENDER, words=_SENDER_WORDS),
    # 4xx is never a proof that somebody is gone.
    Clue(_NO_DOMAIN_NOW, r"4\d\d", r"1\.2|4\.[34]"),
    Clue(_NO_DOMAIN_NOW, r"4\d\d", words=_NO_DOMAIN_WORDS),
    Clue(_NO_DOMAIN, enhanced=r"1\.2|4\.4"),
    Clue(_NO_DOMAIN, words=_NO_DOMAIN_WORDS),
    Clue(_FULL, enhanced=r"2\.2"),
    Clue(_FULL, words=_FULL_WORDS),
    Clue(_MOVED, codes="551"),
    Clue(_MOVED, enhanced=r"1\.6"),
    # Gmail says 5.2.1 of a mailbox that is switched off, and of one that is flooded.
    Clue(_BUSY, enhanced=r"2\.1", words=r"at a rate"),
    Clue(_CERTAIN_SENDERS, words=_CERTAIN_WORDS),
    Clue(_CLOSED_NOW, r"4\d\d", r"2\.1"),
    Clue(_CLOSED_NOW, r"4\d\d", words=_CLOSED_WORDS),
    Clue(_NOT_KNOWN_NOW, r"4\d\d", r"1\.1"),
    Clue(_NOT_KNOWN_NOW, r"4\d\d", words=_GONE_WORDS),
    Clue(_CLOSED, words=_CLOSED_WORDS),
    Clue(_GONE, words=_GONE_WORDS),
    Clue(_GONE, enhanced=r"1\.1"),
    # Exchange Online: "Recipient address rejected: Access denied" is "no such address".
    Clue(_GONE, r"5\d\d", r"4\.1"),
    Clue(_CLOSED, enhanced=r"2\.1|7\.13"),
    Clue(_BAD_ADDRESS, enhanced=r"1\.[34]"),
    Clue(_LETTERS, enhanced=r"6\.7"),
    Clue(_LOOP, enhanced=r"4\.6"),
    Clue(_TOO_BIG, enhanced=r"2\.3|3\.4"),
    Clue(_TOO_BIG, words=r"(message|size).{0,20}(too (big|large)|exceeds)"),
    Clue(_GREY, words=r"gr[ae]y-?list|come back later|try again (later|in)"),
    Clue(_TOO_FAST, enhanced=r"7\.(28|6\d\d)"),
    Clue(_TOO_FAST, words=_FAST_WORDS),
    Clue(_IDENTITY, enhanced=r"7\.(2[0-7]|509|515)"),
    Clue(_IDENTITY, words=_IDENTITY_WORDS),
    Clue(_LOGIN, words=_LOGIN_WORDS),
    Clue(_LISTED, words=_LISTED_WORDS),
    Clue(_CONTENT, words=_CONTENT_WORDS),
    Clue(_UNREACHABLE, enhanced=r"4\.[0-37]"),
    Clue(_UNREACHABLE, words=r"timed? ?out|connection refused|no route"),
    Clue(_SERVER_FAULT, enhanced=r"3\.\d+"),
    Clue(_NOT_NOW, codes=r"4\d\d"),
)


def explain_delivery(
    state: DeliveryState,
    reply: Reply | None,
    *,
    message_id: str = "",
    erased_after: int | None = None,
) -> Reason:
    """Return why a delivery is where it is, and what to do about it.

    Args:
        state: Where it stands.
        reply: The last one; with code 0: only our own words.
        message_id: For an unknown one: what the log of the mail server knows it by.
        erased_after: Days after which address and reply were erased, 0: not known any
            more; None: they are kept, and it may be tried again.
    """
    if erased_after is not None:
        return _erased(state, reply, message_id, erased_after)
    match state:
        case DeliveryState.ACCEPTED:
            return _TAKEN
        case DeliveryState.ATTEMPTING:
            return _UNDER_WAY
        case DeliveryState.UNKNOWN:
            return _unknown(message_id)
        case DeliveryState.SKIPPED:
            is_cancelled = reply is not None and reply.text.startswith(_CANCELLED)
            return _CANCELLED_BEFORE if is_cancelled else _LEFT
        case DeliveryState.PENDING:
            return _pending(reply)
        case DeliveryState.DEFERRED:
            return replace(_explain(reply, _NOT_NOW), advice=_TRIED_AGAIN)
    return _refused(reply)


def _unknown(message_id: str) -> Reason:
    called = f"Message-ID {message_id}" if message_id else "its Message-ID"
    return Reason(
        "Nobody knows: the mail left, and no answer came.",
        f"Look in the mail server's log for {called}. {_NOT_THERE}",
    )


def _erased(
    state: DeliveryState, reply: Reply | None, message_id: str, days: int
) -> Reason:
    """Explain a delivery that nobody can try again."""
    if state is DeliveryState.REFUSED:
        when = f"is erased {days} days after a dispatch" if days else "was erased"
        return Reason(
            "Refused. Why is not known any more: what the mail server said "
            f"{when} ([retention] deliveries)."
        )
    found = explain_delivery(state, reply, message_id=message_id)
    return replace(found, advice=found.advice.removesuffix(f" {_NOT_THERE}"))


def _pending(reply: Reply | None) -> Reason:
    """Explain what keeps us; it is never the reader."""
    if reply is None:
        return _NOT_TRIED
    found = _explain(reply, _SERVER_FAULT)
    advice = found.advice if found in OURS else _GOES_ON
    return Reason(f"Not sent yet. {found.words}", advice)


def _refused(reply: Reply | None) -> Reason:
    found = _explain(reply, _NO)
    if reply is None or not reply.text.startswith(_GAVE_UP):
        return found
    waited = reply.text.removeprefix(_GAVE_UP).partition(":")[0]
    return Reason(f"Tried for {waited} in vain. {found.words}", found.advice)


def _explain(reply: Reply | None, otherwise: Reason) -> Reason:
    if reply is None:
        return otherwise
    if not reply.code:
        return _own_words(reply.text)
    return find_reason(reply) or otherwise


#: A provider says the same to many; 1,000,000 of them should not take a minute.
@lru_cache(maxsize=1024)
def find_reason(reply: Reply) -> Reason | None:
    """Return what the table knows of a reply."""
    return next((clue.reason for clue in CLUES if _fits(clue, reply)), None)


def _own_words(text: str) -> Reason:
    """Pass on what we said ourselves: no server was asked, or none answered."""
    sentence = f"{text[:1].upper()}{text[1:].rstrip('.')}."
    return Reason(sentence, f"Put it right, then: {_AGAIN.partition(': ')[2]}")


def _fits(clue: Clue, reply: Reply) -> bool:
    return (
        re.fullmatch(clue.codes, str(reply.code)) is not None
        and (
            clue.enhanced is None
            or re.fullmatch(rf"[245]\.({clue.enhanced})", reply.enhanced) is not None
        )
        and (
            clue.words is None
            or re.search(clue.words, reply.text, re.IGNORECASE) is not None
        )
    )
