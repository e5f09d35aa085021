import os
import signal
import threading
import time

import pytest

from newsletter.workflow.switch import Switch


def test_wait_of_a_switch_that_is_off_lasts_as_long_as_asked() -> None:
    with Switch() as switch:
        begun = time.monotonic()
        assert not switch.wait(0.1)
        assert time.monotonic() - begun >= 0.1


def test_wait_ends_when_another_thread_turns_it_on_and_stays_short() -> None:
    with Switch() as switch:
        threading.Timer(0.05, switch.turn_on).start()
        begun = time.monotonic()
        assert switch.wait(20)
        assert switch.wait(20)
        assert time.monotonic() - begun < 5


def test_listener_hears_each_turn_and_none_after_its_block() -> None:
    heard: list[int] = []
    with Switch() as switch:
        with switch.listening(lambda: heard.append(1)):
            switch.turn_on()
            switch.turn_on()
        switch.turn_on()
    assert heard == [1, 1]


def test_listener_that_comes_late_is_told_at_once() -> None:
    heard: list[int] = []
    with Switch() as switch:
        switch.turn_on()
        with switch.listening(lambda: heard.append(1)):
            pass
    assert heard == [1]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_signal_turns_it_on_and_later_ones_find_their_old_handler(
    number: signal.Signals,
) -> None:
    before = signal.getsignal(number)
    with Switch() as switch:
        with switch.on_signals():
            os.kill(os.getpid(), number)
            assert switch.wait(5)
            assert switch.signal == number.name
        assert signal.getsignal(number) is before


def test_signal_that_the_shell_ignores_stays_ignored() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with Switch() as switch, switch.on_signals():
            os.kill(os.getpid(), signal.SIGHUP)
            assert not switch.wait(0.05)
    finally:
        signal.signal(signal.SIGHUP, before)
