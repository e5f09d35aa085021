"""Is the mail short enough to be shown whole?

Gmail shows the first 102 KB of the HTML part and hides the rest, the link to
unsubscribe included, behind "View entire message". Counted as the mail travels.
"""

from newsletter.checks.facts import Facts, found
from newsletter.model.assembled import Assembled
from newsletter.model.finding import Finding
from newsletter.model.problem import Place

_KB = 1024
_CLIP_BYTES = 102 * _KB
#: Names and fields of a recipient, and headers some clients count, need some room.
_NEAR_BYTES = 90 * _KB

_ADVICE = "Shorten it, or let items link to pages that tell the rest."


def check_size(assembled: Assembled, facts: Facts) -> list[Finding]:
    """Report a mail that is clipped, or nearly so."""
    size = facts.html_bytes
    place = Place(assembled.issue.file)
    if size is None or size <= _NEAR_BYTES:
        return []
    kilobytes = f"{size / _KB:.0f} KB"
    if size <= _CLIP_BYTES:
        message = (
            f"the mail is {kilobytes} long; from 102 KB on Gmail cuts its end off."
        )
        return [found("size-large", place, message, _ADVICE)]
    message = (
        f"the mail is {kilobytes} long; Gmail shows the first 102 KB "
        "and hides the rest, with the link to unsubscribe."
    )
    return [found("size-clip", place, message, _ADVICE)]
