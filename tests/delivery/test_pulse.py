from newsletter.delivery.pulse import ASK_SECONDS, Pulse
from newsletter.model.delivery import DispatchState
from newsletter.model.dispatch import Halt


class Elapsed:
    def __init__(self) -> None:
        self.at = 0.0

    def __call__(self) -> float:
        return self.at


def test_asleep_is_told_after_twelve_hours_without_a_look() -> None:
    elapsed = Elapsed()
    pulse = Pulse(elapsed)
    elapsed.at = ASK_SECONDS - 1
    assert pulse.asleep() is None
    elapsed.at = ASK_SECONDS
    assert pulse.asleep() == Halt(
        DispatchState.PAUSED,
        "this computer stood still for 12 h 00; "
        "look whether the mail is still to go out",
    )


def test_beat_tells_how_long_nobody_looked() -> None:
    elapsed = Elapsed()
    pulse = Pulse(elapsed)
    elapsed.at = 3600
    assert pulse.beat(is_well=True) == 3600
    assert pulse.beat(is_well=True) == 0


def test_away_counts_from_the_last_time_that_all_was_well() -> None:
    """Awake for a moment each quarter of an hour: nothing gets through all night."""
    elapsed = Elapsed()
    pulse = Pulse(elapsed)
    for quarter in range(1, 48):
        elapsed.at = quarter * 900.0
        assert pulse.away("no network") is None
        pulse.beat(is_well=False)
    elapsed.at = 48 * 900.0
    halt = pulse.away("no network")
    assert halt is not None
    assert halt.state is DispatchState.PAUSED
    pulse.beat(is_well=True)
    assert pulse.away("no network") is None
