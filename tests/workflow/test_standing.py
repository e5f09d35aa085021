from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from newsletter.model.delivery import DeliveryState, DispatchState
from newsletter.model.dispatch import Dispatch
from newsletter.workflow.due import STOPPED
from newsletter.workflow.standing import (
    Care,
    Step,
    going,
    headline,
    moments,
    next_steps,
    numbers,
    seconds_left,
    show_rate,
)

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
ZONE = "Europe/Amsterdam"


def dispatch(state: str, *, cancelled: int = 0, **counts: int) -> Dispatch:
    found: dict[DeliveryState, int] = dict.fromkeys(DeliveryState, 0)
    found |= {DeliveryState[name.upper()]: people for name, people in counts.items()}
    more: dict[str, Any] = {"cancelled": cancelled}
    total = sum(found.values())
    return Dispatch(
        7,
        "2026-03",
        "",
        ("main",),
        DispatchState(state),
        "",
        None,
        total,
        found,
        NOW,
        **more,
    )


def test_numbers_add_up_and_leave_out_what_is_zero() -> None:
    made = dispatch("cancelled", accepted=5, refused=2, skipped=4, cancelled=3)
    found = list(numbers(made))
    assert sum(number.people for number in found) == made.total == 11
    assert [(number.people, number.words) for number in found] == [
        (5, "taken by your mail server"),
        (2, "refused"),
        (1, "skipped: left meanwhile"),
        (3, "skipped: cancelled"),
    ]


def test_numbers_of_nobody_taken_say_so() -> None:
    assert [one.people for one in numbers(dispatch("running", pending=3))] == [0, 3]


@pytest.mark.parametrize(
    ("state", "next_at", "told"),
    [
        ("done", None, "Dispatch 7 of 2026-03 is done"),
        (
            "waiting",
            NOW + timedelta(minutes=35),
            "Dispatch 7 of 2026-03 is waiting until 13:35: 300 an hour",
        ),
        (
            "waiting",
            NOW + timedelta(hours=15),
            "Dispatch 7 of 2026-03 is waiting until Monday 04:00: 300 an hour",
        ),
        (
            "waiting",
            NOW + timedelta(days=7),
            "Dispatch 7 of 2026-03 is waiting until Sunday 8 March 13:00: 300 an hour",
        ),
        (
            "scheduled",
            NOW + timedelta(days=1),
            "Dispatch 7 of 2026-03 is scheduled for Monday 2 March 2026, 13:00 CET",
        ),
    ],
)
def test_headline_says_state_time_and_reason(
    state: str, next_at: datetime | None, told: str
) -> None:
    reason = "300 an hour" if state == "waiting" else ""
    made = replace(dispatch(state, pending=1), next_at=next_at, reason=reason)
    assert headline(made, ZONE, now=NOW) == told


def test_moments_of_a_scheduled_one_tell_confirmation_and_start_apart() -> None:
    start = NOW + timedelta(minutes=2)
    made = replace(dispatch("scheduled", pending=1), starts_at=start)
    assert list(moments(made, now=NOW)) == [("Confirmed", NOW), ("Starts", start)]
    sent = replace(made, state=DispatchState.DONE, finished_at=start + timedelta(1))
    assert [name for name, _ in moments(sent, now=NOW)] == [
        "Confirmed",
        "Begun",
        "Ended",
    ]
    called_off = replace(made, state=DispatchState.CANCELLED, finished_at=NOW)
    assert [name for name, _ in moments(called_off, now=NOW)] == ["Confirmed", "Ended"]
    assert list(moments(dispatch("running", pending=1), now=NOW)) == [("Begun", NOW)]


def test_next_steps_of_a_clean_end_are_none() -> None:
    assert list(next_steps(dispatch("done", accepted=3, skipped=1))) == []


def test_next_steps_name_the_command_for_each_that_can_be_helped() -> None:
    made = dispatch("paused", accepted=3, pending=2, refused=1, unknown=1)
    assert list(next_steps(made)) == [
        Step("Go on with:", "newsletter resume 7"),
        Step("Who may have got it or not:", "newsletter status 7 --unknown"),
        Step("To send it to the unknown again:", "newsletter resume 7 --unknown"),
        Step(
            "To count the unknown as having it:",
            "newsletter resume 7 --unknown-accepted",
        ),
        Step(
            "Who was refused, why, and what to do:",
            "newsletter status 7 --not-reached",
        ),
    ]


def test_next_steps_where_addresses_are_erased_send_to_nobody_again() -> None:
    made = replace(dispatch("done", accepted=3, unknown=1), is_erased=True)
    assert [one.command for one in next_steps(made)] == [
        "newsletter status 7 --unknown",
        "newsletter resume 7 --unknown-accepted",
    ]


def test_next_steps_where_only_the_unknown_are_left_are_about_them_alone() -> None:
    assert [one.command for one in next_steps(dispatch("paused", unknown=10))] == [
        "newsletter status 7 --unknown",
        "newsletter resume 7 --unknown",
        "newsletter resume 7 --unknown-accepted",
    ]


def test_next_steps_of_a_dispatch_that_was_handed_over_are_none() -> None:
    made = dispatch("paused", pending=2, unknown=1)
    assert list(next_steps(made, Care(is_elsewhere=True))) == []


def test_next_steps_of_a_wait_that_nobody_sees_to_say_so() -> None:
    made = replace(dispatch("waiting", accepted=1, deferred=1), next_at=NOW)
    assert list(next_steps(made, Care(is_seen_to=False))) == [
        Step(
            "Nobody sees to it now: leave newsletter worker running, or give then:",
            "newsletter resume 7",
        )
    ]


@pytest.mark.parametrize(
    ("password", "steps"),
    [
        (
            "keyring",
            [
                Step("Store the right password with:", "newsletter login"),
                Step("Then go on with:", "newsletter resume 7"),
            ],
        ),
        (
            "env:MAIL_PASSWORD",
            [
                Step(
                    "Put the password right (env:MAIL_PASSWORD), then go on with:",
                    "newsletter resume 7",
                )
            ],
        ),
    ],
)
def test_next_steps_after_a_refused_login_begin_with_the_password(
    password: str, steps: list[Step]
) -> None:
    reason = "the mail server said: 535 5.7.8 authentication failed"
    made = replace(dispatch("paused", pending=2), reason=reason)
    assert list(next_steps(made, Care(password=password))) == steps


@pytest.mark.parametrize(
    ("state", "reason", "step"),
    [
        ("waiting", "300 an hour", Step("newsletter worker goes on with it.")),
        ("interrupted", "", Step("newsletter worker goes on with it.")),
        ("interrupted", STOPPED, Step("Go on with:", "newsletter resume 7")),
        ("paused", "", Step("Go on with:", "newsletter resume 7")),
    ],
)
def test_next_steps_while_a_worker_runs_leave_it_what_was_not_halted(
    state: str, reason: str, step: Step
) -> None:
    made = replace(dispatch(state, pending=2), reason=reason)
    assert list(next_steps(made, Care(has_worker=True))) == [step]


def test_next_steps_while_it_runs_or_is_to_start() -> None:
    assert list(next_steps(dispatch("running", pending=1))) == [
        Step("Halt it with:", "newsletter pause 7")
    ]
    assert [one.command for one in next_steps(dispatch("scheduled", pending=1))] == [
        "newsletter resume 7 --now",
        "newsletter cancel 7",
    ]


def test_time_left_is_the_longer_of_limits_and_rate() -> None:
    assert seconds_left(100, 10.0, ()) == 10
    assert seconds_left(100, 10.0, ((10, 10),)) == 100
    assert seconds_left(100, 0.5, ((10, 10),)) == 200
    assert seconds_left(100, None, ()) is None
    assert seconds_left(0, None, ()) == 0


def test_going_tells_what_is_known() -> None:
    assert list(going(0.0, None, now=NOW, time_zone=ZONE)) == []
    assert list(going(5.0, 2400, now=NOW, time_zone=ZONE)) == [
        "5 a second",
        "about 40 min left, until 13:40",
    ]


@pytest.mark.parametrize(
    ("rate", "told"),
    [
        (9876.4, "9,876 a second"),
        (1.0, "1 a second"),
        (0.5, "30 a minute"),
        (300 / 3600, "5 a minute"),
        (10 / 3600, "10 an hour"),
    ],
)
def test_rate_is_told_in_a_unit_that_people_can_picture(rate: float, told: str) -> None:
    assert show_rate(rate) == told
