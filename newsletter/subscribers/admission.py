"""What an import does with somebody: the rules, as a table.

Law: an import never revives anybody. Whoever left, bounced or has yet to confirm stays
so; leaving is always allowed.
"""

from collections.abc import Mapping
from enum import StrEnum

from newsletter.model.subscriber import Standing, SubscriptionStatus, SuppressionReason

_PENDING = SubscriptionStatus.PENDING
_ACTIVE = SubscriptionStatus.ACTIVE
_UNSUBSCRIBED = SubscriptionStatus.UNSUBSCRIBED
_BOUNCED = SubscriptionStatus.BOUNCED


class Verdict(StrEnum):
    """What becomes of one row."""

    #: Was not on the list, and is now.
    NEW = "new"
    #: Was on the list, and leaves it or is not reached any more.
    CHANGED = "changed"
    #: Is on the list already; a field is new or has another value.
    UPDATED = "updated"
    #: Is on the list already, just so.
    PRESENT = "present"
    #: Asked to join and has yet to confirm.
    STAYS_PENDING = "stays_pending"
    #: Left, and does not come back by an import.
    STAYS_UNSUBSCRIBED = "stays_unsubscribed"
    #: Mail to the address came back for good.
    STAYS_BOUNCED = "stays_bounced"


#: Verdicts that put somebody's status on the list to what the import says.
SETS_STATUS = frozenset({Verdict.NEW, Verdict.CHANGED})

#: (what the import says, what stands) -> verdict; what stands is None off the list.
_RULES: Mapping[tuple[SubscriptionStatus, SubscriptionStatus | None], Verdict] = {
    (_ACTIVE, None): Verdict.NEW,
    (_ACTIVE, _PENDING): Verdict.STAYS_PENDING,
    (_ACTIVE, _ACTIVE): Verdict.PRESENT,
    (_ACTIVE, _UNSUBSCRIBED): Verdict.STAYS_UNSUBSCRIBED,
    (_ACTIVE, _BOUNCED): Verdict.STAYS_BOUNCED,
    (_PENDING, None): Verdict.NEW,
    (_PENDING, _PENDING): Verdict.PRESENT,
    (_PENDING, _ACTIVE): Verdict.PRESENT,
    (_PENDING, _UNSUBSCRIBED): Verdict.STAYS_UNSUBSCRIBED,
    (_PENDING, _BOUNCED): Verdict.STAYS_BOUNCED,
    (_UNSUBSCRIBED, None): Verdict.NEW,
    (_UNSUBSCRIBED, _PENDING): Verdict.CHANGED,
    (_UNSUBSCRIBED, _ACTIVE): Verdict.CHANGED,
    (_UNSUBSCRIBED, _UNSUBSCRIBED): Verdict.PRESENT,
    (_UNSUBSCRIBED, _BOUNCED): Verdict.CHANGED,
    (_BOUNCED, None): Verdict.NEW,
    (_BOUNCED, _PENDING): Verdict.CHANGED,
    (_BOUNCED, _ACTIVE): Verdict.CHANGED,
    (_BOUNCED, _UNSUBSCRIBED): Verdict.STAYS_UNSUBSCRIBED,
    (_BOUNCED, _BOUNCED): Verdict.PRESENT,
}


def judge_import(
    standing: Standing, wanted: SubscriptionStatus, fields: Mapping[str, str]
) -> Verdict:
    """Return what an import does with somebody.

    Args:
        standing: What is known of the address.
        wanted: What the import says everybody in it is.
        fields: What the row says of the person.
    """
    if standing.suppressed and wanted in (_ACTIVE, _PENDING):
        return _stays_away(standing)
    verdict = _RULES[wanted, standing.status]
    if verdict is Verdict.PRESENT and _is_news(standing, wanted, fields):
        return Verdict.UPDATED
    return verdict


def merge_fields(standing: Standing, fields: Mapping[str, str]) -> Mapping[str, str]:
    """Return what is known of somebody and what a row adds; the row is newer."""
    return {**standing.fields, **fields}


def _stays_away(standing: Standing) -> Verdict:
    if (
        standing.suppressed == SuppressionReason.BOUNCED
        and standing.status is not _UNSUBSCRIBED
    ):
        return Verdict.STAYS_BOUNCED
    return Verdict.STAYS_UNSUBSCRIBED


def _is_news(
    standing: Standing, wanted: SubscriptionStatus, fields: Mapping[str, str]
) -> bool:
    """Tell whether the row knows more; of who left, nothing more is kept."""
    return (
        wanted in (_ACTIVE, _PENDING)
        and merge_fields(standing, fields) != standing.fields
    )
