"""What a mail server's reply means for the recipient it is about, and for us. Pure.

In: a reply and the stage at which it came. Out: an `Outcome`.

Law: a fault of ours, of the network or of the provider is never the reader's fault.
Only what speaks of this recipient refuses this recipient; login, policy, quota and
sender faults put the recipient back to pending.
"""

import re
from dataclasses import dataclass
from enum import Enum, StrEnum

from newsletter.addresses import mask_addresses
from newsletter.model.delivery import DeliveryState
from newsletter.model.outcome import Outcome, Reply

#: Of what a server says, so much is kept: enough for a status line.
MAX_TEXT = 200
#: Before addresses are masked, which takes longer the longer a word is.
_MAX_READ = 4 * MAX_TEXT

_ENHANCED = re.compile(r"([245]\.\d{1,3}\.\d{1,3})(?![\d.])\s*")
_SPACE = re.compile(r"[\s\x00-\x1f\x7f-\x9f]+")


class Stage(StrEnum):
    """How far a connection or a message had come."""

    #: Name look-up, TCP, TLS, the server's first line and its answer to EHLO.
    CONNECT = "connect"
    LOGIN = "login"
    MAIL = "mail"
    RCPT = "rcpt"
    #: The answer to the word DATA: nothing of the message has left.
    DATA = "data"
    #: The answer to the final dot: the message has left.
    END = "end"


class Verdict(Enum):
    """Who has to do what."""

    #: The message was taken.
    TAKEN = "taken"
    #: This recipient cannot be reached.
    REFUSED = "refused"
    #: This recipient cannot be reached now.
    LATER = "later"
    #: This connection is at its end; the next one may go on.
    AGAIN = "again"
    #: We are too fast, or the server is busy or going down.
    SLOWER = "slower"
    #: A policy said no: to us, or to this one recipient's mail; who can tell?
    POLICY = "policy"
    #: Somebody must mend something before any message can go.
    OURS = "ours"


@dataclass(frozen=True, slots=True)
class Rule:
    """One line of the table: which replies, and what they mean."""

    verdict: Verdict
    #: Stages at which it holds.
    stages: frozenset[Stage]
    #: The reply code, as a pattern for all of it.
    codes: str = r"\d{3}"
    #: The enhanced code, as a pattern for all of it; None: whatever it is.
    enhanced: str | None = None
    #: Words to be found in the text, as a pattern without case; None: any text.
    words: str | None = None


_ANY = frozenset(Stage)
_BEFORE_MESSAGE = frozenset({Stage.CONNECT, Stage.LOGIN, Stage.MAIL})
_ABOUT_MESSAGE = frozenset({Stage.RCPT, Stage.DATA, Stage.END})
_CONTENT = frozenset({Stage.DATA, Stage.END})
_BEFORE_OR_RCPT = _BEFORE_MESSAGE | {Stage.RCPT, Stage.DATA}

#: The end of a session, not of our welcome: SES after some 1,000 messages, Yahoo after
#: 20, everybody after a time of silence.
_SESSION_OVER = (
    r"(messages?|recipients?|mails?|transactions?).{0,30}"
    r"(per|in this|for this|this) (session|connection)|"
    r"idle|time.?out|timed out|(session|connection).{0,20}(limit|too long)"
)
_TOO_FAST = (
    r"rate.?limit|throttl|too (many|fast|much)|exceeded the (rate|maximum)|"
    r"slow down|sending rate|concurren|unusual rate|rate.{0,20}exceed"
)
_SLOWER_CODES = r"4\.7\.(28|[56]\d\d)"
_USED_UP = (
    r"(daily|hourly|monthly|sending|message|user|account) ?(sending |message |user )?"
    r"(limit|quota).{0,20}(exceed|reach)|quota exceeded for|"
    r"exceeded.{0,30}(daily|hourly|monthly|sending|per (day|hour|month))|"
    r"(limit|quota).{0,20}per (day|hour|month)"
)
_MAILBOX_FULL = (
    r"(mailbox|inbox|mail ?box).{0,30}(full|quota|limit|size)|"
    r"(over|exceed(s|ed)?|out of).{0,20}(storage|quota|disk)|quota.{0,12}exceeded|"
    r"user.{0,12}over quota"
)
#: Of us, whoever the recipient is.
_NOT_ALLOWED = (
    r"authenticat|log ?in|not (permitted|authori[sz]ed|allowed) to send|"
    r"sender.{0,30}(reject|refused|denied|not (allowed|owned|verified))|"
    r"\b(spf|dkim|dmarc)\b|client host|reverse (dns|hostname)|\bptr\b|suspended|"
    r"(unverified|not verified)"
)
_POLICY = (
    r"relay|block(ed|list)|black ?list|denylist|spam|reputation|policy|prohibited|"
    r"rejected due to|content"
)
_UNKNOWN_PERSON = (
    r"(user|recipient|mailbox|address|account) (is )?unknown|unknown (user|recipient)|"
    r"no such (user|mailbox|recipient|address|person)|does ?n[o']t exist|"
    r"does not exist|"
    r"(mailbox|recipient|user|account) (is |was )?(not found|unavailable|disabled)"
)
_OWN_LIST = (
    r"(block|reject|refus)ed by (the |this )?(recipient|user|addressee)|"
    r"(recipient|user|addressee) (has )?(blocked|refused|does not (want|accept))"
)
_TOO_BIG = r"(message|size).{0,20}(too (big|large)|exceeds)|maximum (message )?size"

#: The first line that fits decides. Codes: RFC 5321, section 4.2; enhanced codes: RFC
#: 3463, RFC 7372 (5.7.20 to 27: SPF, DKIM, PTR), RFC 7504 and 7505 (no mail here), RFC
#: 4954 (login). Texts: those of Postfix, Exim, Exchange Online, Gmail, SES and the
#: hosters' panels, as known in 2026.
RULES: tuple[Rule, ...] = (
    Rule(Verdict.TAKEN, frozenset({Stage.END}), codes=r"2\d\d"),
    Rule(Verdict.AGAIN, _BEFORE_OR_RCPT, codes="421", words=_SESSION_OVER),
    Rule(Verdict.SLOWER, _ANY, codes="421"),
    # Before a recipient is named, no reply can be about one.
    Rule(Verdict.SLOWER, _BEFORE_MESSAGE, codes=r"4\d\d"),
    Rule(Verdict.OURS, _BEFORE_MESSAGE),
    # Wrong or missing login (RFC 4954).
    Rule(Verdict.OURS, _ABOUT_MESSAGE, codes="530|534|535|538"),
    # This one mailbox: unknown, closed, full, moved, without mail.
    Rule(Verdict.REFUSED, _ABOUT_MESSAGE, r"5\d\d", r"5\.1\.([012346]|10)"),
    Rule(Verdict.REFUSED, _ABOUT_MESSAGE, r"5\d\d", r"5\.2\.[0-46]"),
    # 5.4.5 is the quota of Gmail and Exchange Online.
    Rule(Verdict.OURS, _ABOUT_MESSAGE, r"[45]\d\d", r"[45]\.4\.5"),
    Rule(Verdict.REFUSED, _ABOUT_MESSAGE, r"5\d\d", r"5\.4\.\d+"),
    Rule(Verdict.REFUSED, _ABOUT_MESSAGE, r"5\d\d", r"5\.6\.7"),
    # A list of their own, or a group that takes mail of members only (Exchange).
    Rule(Verdict.REFUSED, _ABOUT_MESSAGE, r"5\d\d", r"5\.7\.(12[49]|13[0-6])"),
    Rule(Verdict.REFUSED, _ABOUT_MESSAGE, r"5\d\d", words=_OWN_LIST),
    # Nobody's mailbox alone: 26 and 515 are missing SPF and DKIM at Gmail and Outlook.
    Rule(
        Verdict.OURS,
        _ABOUT_MESSAGE,
        r"5\d\d",
        r"5\.7\.(8|9|1[34]|2[0-7]|60|515|70[89])",
    ),
    # Quota of ours, as an end or as a pause.
    Rule(Verdict.OURS, _ABOUT_MESSAGE, r"5\d\d", words=_USED_UP),
    Rule(Verdict.SLOWER, _ABOUT_MESSAGE, r"4\d\d", words=_USED_UP),
    # Words beat codes: 5.7.1 is given for unknown people too.
    Rule(Verdict.REFUSED, _ABOUT_MESSAGE, r"5\d\d", words=_UNKNOWN_PERSON),
    Rule(Verdict.SLOWER, _ABOUT_MESSAGE, r"4\d\d", _SLOWER_CODES),
    Rule(Verdict.LATER, _ABOUT_MESSAGE, r"4\d\d", r"4\.[12]\.\d+"),
    Rule(Verdict.LATER, _ABOUT_MESSAGE, r"4\d\d", words=_MAILBOX_FULL),
    Rule(Verdict.SLOWER, _ABOUT_MESSAGE, r"4\d\d", words=_TOO_FAST),
    # The server itself: disk, load, number of connections (432, 454 of RFC 4954 too).
    Rule(Verdict.SLOWER, _ABOUT_MESSAGE, r"4\d\d", r"4\.3\.[0-25]"),
    Rule(Verdict.SLOWER, _ABOUT_MESSAGE, codes="432|452|454"),
    # Greylisting and all other "not now".
    Rule(Verdict.LATER, _ABOUT_MESSAGE, codes=r"4\d\d"),
    Rule(Verdict.REFUSED, _ABOUT_MESSAGE, r"5\d\d", "", _MAILBOX_FULL),
    # Sender, system, protocol: the same for every recipient.
    Rule(Verdict.OURS, _ABOUT_MESSAGE, r"5\d\d", r"5\.(1\.[78]|3\.\d+)"),
    Rule(Verdict.OURS, _ABOUT_MESSAGE, r"5\d\d", words=_NOT_ALLOWED),
    Rule(Verdict.OURS, _CONTENT, r"5\d\d", words=_TOO_BIG),
    # Commands the server does not know, or not in this order.
    Rule(Verdict.OURS, _ABOUT_MESSAGE, codes="50[0-4]|555"),
    # Content and reputation; or this one recipient's own filter.
    Rule(Verdict.POLICY, _ABOUT_MESSAGE, r"5\d\d", r"5\.[67]\.\d+"),
    Rule(Verdict.POLICY, _ABOUT_MESSAGE, r"5\d\d", words=_POLICY),
    Rule(Verdict.REFUSED, _ABOUT_MESSAGE, codes=r"5\d\d"),
    # Neither yes nor no: not SMTP.
    Rule(Verdict.OURS, _ANY),
)

_OUTCOMES = {
    Verdict.TAKEN: (DeliveryState.ACCEPTED, False, False),
    Verdict.REFUSED: (DeliveryState.REFUSED, False, False),
    Verdict.LATER: (DeliveryState.DEFERRED, False, False),
    Verdict.AGAIN: (DeliveryState.PENDING, True, True),
    Verdict.SLOWER: (DeliveryState.PENDING, True, True),
    Verdict.POLICY: (DeliveryState.PENDING, True, False),
    Verdict.OURS: (DeliveryState.PENDING, True, False),
}


def read_reply(code: int, text: str) -> Reply:
    """Return a server's reply as it may be kept: short, one line, addresses masked.

    Args:
        code: Three digits.
        text: All lines of it, without the codes; each may begin with its enhanced code.
    """
    found = _ENHANCED.match(text)
    enhanced = found[1] if found else ""
    if "\n" not in text and "@" not in text and text.isascii() and text.isprintable():
        # One plain line, as nearly all are: in a third of the time.
        plain = " ".join((text[found.end() :] if found else text).split())
        return Reply(code, plain[:MAX_TEXT].rstrip(), enhanced)
    lines = text.splitlines()
    if enhanced:
        lines = [line.removeprefix(enhanced).strip() for line in lines]
    line = _SPACE.sub(" ", " ".join(lines)).strip()
    line = line.encode("ascii", "replace").decode()
    masked = mask_addresses(line[:_MAX_READ])
    return Reply(code=code, text=masked[:MAX_TEXT].rstrip(), enhanced=enhanced)


def classify_reply(stage: Stage, reply: Reply) -> Outcome:
    """Return what *reply* at *stage* means; a matter of ours leaves it pending."""
    return outcome_of(judge_reply(stage, reply), reply)


def outcome_of(verdict: Verdict, reply: Reply) -> Outcome:
    """Return what follows from a verdict on *reply*."""
    state, is_ours, may_pass = _OUTCOMES[verdict]
    return Outcome(state, reply, is_our_fault=is_ours, may_pass=may_pass)


def judge_reply(stage: Stage, reply: Reply) -> Verdict:
    """Return the verdict of the first rule that fits."""
    return find_rule(stage, reply).verdict


def find_rule(stage: Stage, reply: Reply) -> Rule:
    """Return the first rule that fits; the last one always does."""
    return next(rule for rule in RULES if _fits(rule, stage, reply))


def asks_for_less(reply: Reply) -> bool:
    """Tell whether a server speaks of how much mail we send at a time.

    Not of its disk or a restart, and not of what a day may hold: none of that is
    better for going slower.
    """
    if reply.code // 100 != 4 or re.search(_USED_UP, reply.text, re.IGNORECASE):
        return False
    is_policy = reply.code == 421 and reply.enhanced.startswith("4.7.")
    return (
        is_policy
        or re.fullmatch(_SLOWER_CODES, reply.enhanced) is not None
        or re.search(_TOO_FAST, reply.text, re.IGNORECASE) is not None
    )


def show_reply(reply: Reply) -> str:
    """Return a reply as a server would say it: ``550 5.1.1 no such user``."""
    return " ".join(filter(None, (str(reply.code), reply.enhanced, reply.text)))


def _fits(rule: Rule, stage: Stage, reply: Reply) -> bool:
    return (
        stage in rule.stages
        and re.fullmatch(rule.codes, str(reply.code)) is not None
        and (
            rule.enhanced is None
            or re.fullmatch(rule.enhanced, reply.enhanced) is not None
        )
        and (
            rule.words is None
            or re.search(rule.words, reply.text, re.IGNORECASE) is not None
        )
    )
