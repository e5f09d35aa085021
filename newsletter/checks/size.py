"""Is the mail short enough to be shown whole?

Gmail shows the first 102 KB of the HTML part and hides the rest, the link to
unsubscribe included, behind "View entire message". Counted as the mail travels, for the
reader with the largest copy.
"""

from math import ceil

from newsletter.checks.facts import Facts, found
from newsletter.clients.gmail import CLIP_BYTES
from newsletter.model.assembled import Assembled
from newsletter.model.copy import Copy
from newsletter.model.finding import Finding
from newsletter.model.problem import Place

_KB = 1024
#: Names and fields of a recipient, and headers some clients count, need some room.
_NEAR_BYTES = 90 * _KB

_ADVICE = "Shorten it, or let items link to pages that tell the rest."


def check_size(assembled: Assembled, facts: Facts) -> list[Finding]:
    """Report a mail that is clipped, or nearly so."""
    size = facts.html_bytes
    place = Place(assembled.issue.file)
    if size is None or size <= _NEAR_BYTES:
        return []
    # Rounded up: what is beyond a limit must not read as if it were at it.
    kilobytes = f"{ceil(size / _KB)} KB"
    whose = _reader_of_largest(facts)
    if size <= CLIP_BYTES:
        message = (
            f"{whose}the mail is {kilobytes} long; "
            "from 102 KB on Gmail cuts its end off."
        )
        return [found("size-large", place, message, _ADVICE)]
    message = (
        f"{whose}the mail is {kilobytes} long; Gmail shows the first 102 KB "
        "and hides the rest, with the link to unsubscribe."
    )
    return [found("size-clip", place, message, _ADVICE)]


def _reader_of_largest(facts: Facts) -> str:
    """Return ``for …: `` when the largest copy is not the one of an unknown reader."""
    if not facts.copies:
        return ""
    largest = max(facts.copies, key=lambda copy: copy.html_bytes)
    first = facts.copies[0]
    if largest.html_bytes == first.html_bytes or _kind(first) == _kind(largest):
        return ""
    return f"for {largest.reader.who}: "


def _kind(copy: Copy) -> tuple[bool, bool]:
    return copy.html_bytes > _NEAR_BYTES, copy.html_bytes > CLIP_BYTES
