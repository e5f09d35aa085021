"""Whose matter a bounce is: the reader's address, their mailbox for now, or ours. Pure.

In: what a report or a mail server says of one recipient. Out: a `BounceClass`.
"""

from newsletter.model.outcome import Reply
from newsletter.model.returned import BounceClass


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
    return BounceClass.DELAY if action == "delayed" else BounceClass.SOFT


def classify_refusal(reply: Reply) -> BounceClass:
    """Return what a reply in the SMTP dialogue, 500 or above, says of its recipient."""
    return classify_bounce(status=reply.enhanced, code=reply.code, text=reply.text)
