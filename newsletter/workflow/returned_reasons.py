"""Why a mail came back after it was taken, and what to do, in an editor's words. Pure.

Law: the class decides, as it decided what was done; words of a server only say more.
"""

import re
from dataclasses import replace

from newsletter.model.outcome import Reply
from newsletter.model.returned import BounceClass, Decision
from newsletter.reasons import DEAD, OURS, Reason, find_reason
from newsletter.replies import read_reply
from newsletter.store.returned_counts import CameBack

_CODE = re.compile(r"([245]\d\d)[ -]")
#: RFC 3463: what a code of three digits begins with, where a report has none.
_USUAL = {"4": 450, "5": 550}

_OTHERWISE = {
    BounceClass.HARD: Reason("The address is dead."),
    BounceClass.SOFT: Reason("The mail did not arrive this time."),
    BounceClass.BLOCKED: Reason(
        "The receiving side turned the mail away.",
        "Not the reader's matter: newsletter doctor may say why.",
    ),
}
_COUNTS = (
    "Nothing to do: after five such mails over two weeks none goes there any more."
)
_IS_OFF = "Nothing to do: no mail goes to this address any more."
#: What to do about a dead address.
_DECIDED = {
    Decision.APPLIED: _IS_OFF,
    Decision.BELIEVED: _IS_OFF,
    Decision.HELD: "Too many came back so at once. See them with: newsletter inbox "
    "--apply-held --dry-run",
    Decision.DROPPED: "Nothing to do: you said that it was a fault.",
}


def explain_return(came_back: CameBack) -> Reason:
    """Return why a mail came back, and what to do about it."""
    bounce_class = came_back.bounce_class
    reply = reply_of(came_back)
    code = reply.code or _USUAL.get(reply.enhanced[:1], 550)
    found = find_reason(replace(reply, code=code)) or _OTHERWISE[bounce_class]
    kind = BounceClass.HARD if found in DEAD else BounceClass.SOFT
    kind = BounceClass.BLOCKED if found in OURS else kind
    reason = found if kind is bounce_class else _OTHERWISE[bounce_class]
    if bounce_class is BounceClass.SOFT:
        return replace(reason, advice=_COUNTS)
    if bounce_class is BounceClass.HARD and came_back.decision is not None:
        return replace(reason, advice=_DECIDED.get(came_back.decision, ""))
    return replace(reason, advice="") if bounce_class is BounceClass.HARD else reason


def reply_of(came_back: CameBack) -> Reply:
    """Return what the mail system said as a reply; code 0: it told none."""
    said = came_back.diagnostic
    found = _CODE.match(said)
    reply = read_reply(
        int(found[1]) if found else 0, said[found.end() :] if found else said
    )
    return reply if reply.enhanced else replace(reply, enhanced=came_back.status)
