"""Failure -> Report: the class of what a mail says of one recipient. Pure."""

from dataclasses import replace

from newsletter.addresses import mask_addresses
from newsletter.bounces import classify_bounce, find_bounce_class
from newsletter.inbound.reports import Failure
from newsletter.model.returned import BounceClass, Report

#: As `replies` keeps of a reply: enough for a line.
MAX_DIAGNOSTIC = 200
#: Of what a mail says of all its recipients, so much is searched for words that tell:
#: the more they are, the less of each.
MOST_SEARCHED = 20_000


def judge_failures(failures: list[Failure]) -> tuple[Report, ...]:
    """Return what each failure of a mail means."""
    most = MOST_SEARCHED // max(1, len(failures))
    return tuple(
        judge_failure(
            replace(one, diagnostic=one.diagnostic[:most], context=one.context[:most])
        )
        for one in failures
    )


def judge_failure(failure: Failure) -> Report:
    """Return what a failure means: by the server's words, else by those around them."""
    return Report(
        recipient=failure.recipient,
        bounce_class=_find_class(failure),
        status=failure.status,
        diagnostic=shorten(failure.diagnostic or failure.context),
    )


def shorten(text: str) -> str:
    """Return *text* as it may be kept: one line, 200 characters, addresses masked."""
    line = " ".join(text[: 4 * MAX_DIAGNOSTIC].split())
    printable = "".join(letter if letter.isprintable() else " " for letter in line)
    return mask_addresses(printable)[:MAX_DIAGNOSTIC].rstrip()


def _find_class(failure: Failure) -> BounceClass:
    if failure.action == "delayed":
        return BounceClass.DELAY
    found = find_bounce_class(
        status=failure.status, code=failure.code, text=failure.diagnostic
    )
    if found is not None:
        return found
    return classify_bounce(status="", code=0, text=failure.context)
