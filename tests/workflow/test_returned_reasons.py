from datetime import UTC, datetime

import pytest

from newsletter.model.outcome import Reply
from newsletter.model.returned import BounceClass, Decision
from newsletter.reasons import Reason
from newsletter.store.returned_counts import CameBack
from newsletter.workflow.returned_reasons import explain_return, reply_of

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
HARD, SOFT, BLOCKED = BounceClass.HARD, BounceClass.SOFT, BounceClass.BLOCKED


def came_back(
    bounce_class: BounceClass,
    status: str = "",
    diagnostic: str = "",
    decision: Decision | None = None,
) -> CameBack:
    return CameBack(bounce_class, status, diagnostic, NOW, decision)


@pytest.mark.parametrize(
    ("one", "words"),
    [
        (came_back(HARD, "5.1.1", "user unknown"), "This mailbox does not exist."),
        (came_back(HARD), "The address is dead."),
        (came_back(SOFT, "5.2.2"), "The mailbox is full."),
        (came_back(SOFT), "The mail did not arrive this time."),
        (came_back(BLOCKED), "The receiving side turned the mail away."),
        # What was done is by the class, whatever else the words may be taken for.
        (came_back(SOFT, "5.1.1"), "The mail did not arrive this time."),
        (came_back(HARD, "5.2.2", "mailbox full"), "The address is dead."),
        (came_back(BLOCKED, "5.1.1"), "The receiving side turned the mail away."),
    ],
)
def test_return_is_told_in_words_that_fit_its_class(one: CameBack, words: str) -> None:
    assert explain_return(one).words == words


@pytest.mark.parametrize(
    ("decision", "advice"),
    [
        (Decision.APPLIED, "Nothing to do: no mail goes to this address any more."),
        (Decision.BELIEVED, "Nothing to do: no mail goes to this address any more."),
        (
            Decision.HELD,
            "Too many came back so at once. See them with: newsletter inbox "
            "--apply-held --dry-run",
        ),
        (Decision.DROPPED, "Nothing to do: you said that it was a fault."),
        (Decision.OPEN, ""),
        (None, ""),
    ],
)
def test_dead_address_is_advised_upon_by_what_was_decided(
    decision: Decision | None, advice: str
) -> None:
    one = came_back(HARD, "5.1.1", "550 5.1.1 gone", decision)
    assert explain_return(one) == Reason("This mailbox does not exist.", advice)


def test_report_without_a_code_of_three_digits_gets_none() -> None:
    assert reply_of(came_back(SOFT, "4.4.1", "timed out")) == Reply(
        0, "timed out", "4.4.1"
    )
    assert reply_of(came_back(HARD, "5.1.1", "550 5.1.1 gone")) == Reply(
        550, "gone", "5.1.1"
    )
