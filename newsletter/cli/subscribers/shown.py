"""What the commands of `newsletter subscribers` share: words for statuses."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from newsletter.model.subscriber import Subscription

STATUSES = ("active", "pending", "unsubscribed", "bounced")


def parse_status(word: str) -> Any:
    """Return the status that a word of `STATUSES` means."""
    from newsletter.model.subscriber import SubscriptionStatus

    return SubscriptionStatus[word.upper()]


def subscription_json(standing: "Subscription") -> dict[str, Any]:
    """Return how a subscription is shown in JSON."""
    return {
        "list": standing.list,
        "status": standing.status.name.lower(),
        "changed_at": standing.changed_at.isoformat(),
    }
