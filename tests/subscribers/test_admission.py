from itertools import product

import pytest

from newsletter.model.subscriber import Standing, SubscriptionStatus
from newsletter.subscribers.admission import SETS_STATUS, Verdict, judge_import

ACTIVE = SubscriptionStatus.ACTIVE
PENDING = SubscriptionStatus.PENDING
UNSUBSCRIBED = SubscriptionStatus.UNSUBSCRIBED
BOUNCED = SubscriptionStatus.BOUNCED


@pytest.mark.parametrize(
    ("status", "wanted", "suppressed"),
    list(product([None, *SubscriptionStatus], SubscriptionStatus, ["", "left"])),
)
def test_import_never_turns_somebody_active_or_pending_who_left_or_waits(
    status: SubscriptionStatus | None, wanted: SubscriptionStatus, suppressed: str
) -> None:
    standing = Standing(1, {}, status, suppressed)
    sets = judge_import(standing, wanted, {"first_name": "x"}) in SETS_STATUS
    if wanted in (ACTIVE, PENDING):
        assert sets == (status is None and not suppressed)
    elif wanted is UNSUBSCRIBED:
        assert sets == (status is not UNSUBSCRIBED)
    else:
        assert sets == (status not in (UNSUBSCRIBED, BOUNCED))


@pytest.mark.parametrize(
    ("standing", "verdict"),
    [
        (Standing(), Verdict.NEW),
        (Standing(1), Verdict.NEW),
        (Standing(1, {"a": "1"}, ACTIVE), Verdict.PRESENT),
        (Standing(1, {"a": "1", "b": "2"}, ACTIVE), Verdict.PRESENT),
        (Standing(1, {"a": "2"}, ACTIVE), Verdict.UPDATED),
        (Standing(1, {}, PENDING), Verdict.STAYS_PENDING),
        (Standing(1, {}, UNSUBSCRIBED), Verdict.STAYS_UNSUBSCRIBED),
        (Standing(1, {}, BOUNCED), Verdict.STAYS_BOUNCED),
        (Standing(1, {}, ACTIVE, "complained"), Verdict.STAYS_UNSUBSCRIBED),
        (Standing(1, {}, ACTIVE, "bounced"), Verdict.STAYS_BOUNCED),
        (Standing(1, {}, UNSUBSCRIBED, "bounced"), Verdict.STAYS_UNSUBSCRIBED),
        (Standing(suppressed="forgotten"), Verdict.STAYS_UNSUBSCRIBED),
    ],
)
def test_import_as_active_says_what_becomes_of_each(
    standing: Standing, verdict: Verdict
) -> None:
    assert judge_import(standing, ACTIVE, {"a": "1"}) is verdict


def test_import_as_unsubscribed_keeps_no_news_of_who_left() -> None:
    standing = Standing(1, {}, UNSUBSCRIBED, "unsubscribed")
    assert judge_import(standing, UNSUBSCRIBED, {"a": "1"}) is Verdict.PRESENT
