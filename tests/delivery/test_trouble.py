from datetime import UTC, datetime

from newsletter.delivery.schedule import Patience
from newsletter.delivery.trouble import (
    MAX_POLICY,
    MAX_REFUSED,
    MAX_SET_ASIDE,
    WAIT,
    Streak,
    Trouble,
)
from newsletter.model.delivery import DeliveryState, DispatchState
from newsletter.model.dispatch import Halt
from newsletter.model.outcome import Outcome, Reply

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
REFUSED = Outcome(DeliveryState.REFUSED, Reply(550, "no such user", "5.1.1"))
POLICY = Outcome(DeliveryState.PENDING, Reply(554, "spam", "5.7.1"), is_our_fault=True)
UNKNOWN = Outcome(
    DeliveryState.UNKNOWN, is_our_fault=True, may_pass=True, reason="lost"
)


def fail(trouble: Trouble, at: float) -> Halt | None:
    return trouble.note_failure("no network", at, NOW)


def test_note_failure_before_the_first_success_ends_soon() -> None:
    trouble = Trouble(Patience(at_start=10))
    assert fail(trouble, 0) is None
    assert fail(trouble, 9) is None
    assert fail(trouble, 10) == Halt(DispatchState.WAITING, "no network", NOW + WAIT)


def test_note_failure_after_a_success_never_ends_but_waits() -> None:
    trouble = Trouble(Patience(later=60))
    trouble.note_success(0)
    assert fail(trouble, 100) is None
    assert not trouble.is_away(159)
    assert trouble.is_away(160)
    assert fail(trouble, 10_000) is None


def test_note_success_forgets_what_failed() -> None:
    trouble = Trouble(Patience(later=60))
    fail(trouble, 0)
    fail(trouble, 5)
    assert trouble.is_failing
    trouble.note_success(6)
    assert not trouble.is_failing
    assert not trouble.is_away(1000)


def test_note_failure_of_all_lines_at_once_counts_once() -> None:
    trouble = Trouble(Patience(first=0.25))
    trouble.note_success(0)
    for _ in range(50):
        fail(trouble, 1.0)
    assert not trouble.is_failing
    assert trouble.next_try_at == 1.25
    fail(trouble, 1.25)
    assert trouble.is_failing
    assert trouble.next_try_at == 1.75


def test_note_unknown_stops_before_the_whole_list_is_unknown() -> None:
    streak = Streak(2)
    halts = [streak.note_unknown(UNKNOWN) for _ in range(4)]
    assert halts[:3] == [None, None, None]
    assert halts[3] == Halt(
        DispatchState.PAUSED,
        "the mail server took 4 messages and answered none of them: lost",
    )


def test_note_refused_so_often_in_a_row_pauses() -> None:
    streak = Streak(4)
    halts = [streak.note_refused(REFUSED) for _ in range(MAX_REFUSED)]
    assert halts[:-1] == [None] * (MAX_REFUSED - 1)
    assert halts[-1] == Halt(
        DispatchState.PAUSED,
        "the mail server refused 20 recipients one after the other, "
        "the last one with: the mail server said: 550 5.1.1 no such user",
    )


def test_note_policy_of_one_recipient_goes_on_and_of_several_in_a_row_pauses() -> None:
    streak = Streak(4)
    for _ in range(MAX_POLICY - 1):
        assert streak.note_policy(POLICY, 1) is None
    streak.note_accepted()
    assert streak.note_policy(POLICY, 3) is None
    assert streak.note_policy(POLICY, 4) is None
    said = "the mail server said: 554 5.7.1 spam"
    assert streak.note_policy(POLICY, 5) == Halt(DispatchState.PAUSED, said)


def test_note_policy_of_too_many_in_a_run_pauses() -> None:
    streak = Streak(4)
    assert streak.note_policy(POLICY, MAX_SET_ASIDE - 1) is None
    assert streak.note_policy(POLICY, MAX_SET_ASIDE) is not None


def test_note_accepted_between_refusals_goes_on() -> None:
    streak = Streak(4)
    for _ in range(2 * MAX_REFUSED):
        assert streak.note_refused(REFUSED) is None
        streak.note_accepted()
