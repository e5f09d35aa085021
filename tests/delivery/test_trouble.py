from datetime import UTC, datetime

from newsletter.delivery.schedule import Patience
from newsletter.delivery.trouble import MAX_REFUSED, WAIT, Trouble
from newsletter.model.delivery import DeliveryState, DispatchState
from newsletter.model.dispatch import Halt
from newsletter.model.outcome import Outcome, Reply

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
ACCEPTED = Outcome(DeliveryState.ACCEPTED, Reply(250))
REFUSED = Outcome(DeliveryState.REFUSED, Reply(550, "no such user", "5.1.1"))
LOGIN = Outcome(DeliveryState.PENDING, Reply(535, "wrong"), is_our_fault=True)
LOST = Outcome(
    DeliveryState.PENDING, is_our_fault=True, may_pass=True, reason="no network"
)
UNKNOWN = Outcome(
    DeliveryState.UNKNOWN, is_our_fault=True, may_pass=True, reason="lost"
)


def note(trouble: Trouble, outcome: Outcome, at: float = 0.0) -> Halt | None:
    return trouble.note(outcome, at=at, now=NOW)


def test_note_of_a_fault_of_ours_pauses_at_once() -> None:
    halt = note(Trouble(4), LOGIN)
    assert halt == Halt(DispatchState.PAUSED, "the mail server said: 535 wrong")


def test_note_of_a_lost_network_waits_as_long_as_patience_lasts() -> None:
    trouble = Trouble(4, Patience(later=60))
    assert note(trouble, ACCEPTED, at=0) is None
    assert note(trouble, LOST, at=100) is None
    assert note(trouble, LOST, at=159) is None
    assert note(trouble, LOST, at=160) == Halt(
        DispatchState.WAITING, "no network", NOW + WAIT
    )


def test_note_of_a_lost_network_is_forgotten_after_a_success() -> None:
    trouble = Trouble(4, Patience(later=60))
    note(trouble, ACCEPTED, at=0)
    note(trouble, LOST, at=1)
    note(trouble, ACCEPTED, at=50)
    assert note(trouble, LOST, at=70) is None


def test_note_before_the_first_success_is_less_patient() -> None:
    trouble = Trouble(4, Patience(at_start=10, later=60))
    assert note(trouble, LOST, at=0) is None
    assert note(trouble, LOST, at=10) == Halt(
        DispatchState.WAITING, "no network", NOW + WAIT
    )


def test_note_of_a_refusal_counts_as_an_answer_of_the_server() -> None:
    trouble = Trouble(4, Patience(at_start=10))
    note(trouble, LOST, at=0)
    note(trouble, REFUSED, at=5)
    assert note(trouble, LOST, at=12) is None


def test_note_of_unknown_ones_stops_before_the_whole_list_is_unknown() -> None:
    trouble = Trouble(2)
    halts = [note(trouble, UNKNOWN) for _ in range(4)]
    assert halts[:3] == [None, None, None]
    assert halts[3] == Halt(
        DispatchState.PAUSED,
        "the mail server took 4 messages and answered none of them: lost",
    )


def test_note_of_many_refusals_in_a_row_pauses() -> None:
    trouble = Trouble(4)
    halts = [note(trouble, REFUSED) for _ in range(MAX_REFUSED)]
    assert halts[:-1] == [None] * (MAX_REFUSED - 1)
    assert halts[-1] == Halt(
        DispatchState.PAUSED,
        "the mail server refused 20 recipients one after the other, "
        "the last one with: the mail server said: 550 5.1.1 no such user",
    )


def test_note_of_refusals_between_acceptances_goes_on() -> None:
    trouble = Trouble(4)
    for _ in range(MAX_REFUSED):
        assert note(trouble, REFUSED) is None
        assert note(trouble, ACCEPTED) is None
