from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest

from newsletter.cli.plan import plan_rows, show_plan
from newsletter.model.delivery import DeliveryState, DispatchState
from newsletter.model.dispatch import Dispatch, Only, Reach
from newsletter.model.finding import Finding, Severity
from newsletter.model.problem import Place
from newsletter.model.settings import NewsletterSettings, ServerSettings
from newsletter.workflow.changes import Changes
from newsletter.workflow.forecast import Forecast
from newsletter.workflow.plan import Plan
from newsletter.workflow.since_test import Tested as LastTest

NOW = datetime(2026, 12, 1, 13, tzinfo=UTC)
LETTER = NewsletterSettings(
    "Doorways", "Doorways <letter@example.org>", time_zone="Europe/Amsterdam"
)
QUIET = Forecast(NOW, None)


def plan(**changes: object) -> Plan:
    values: dict[str, Any] = {
        "issue": "2026-12",
        "subject": "Hello reader",
        "sender": "Doorways <letter@example.org>",
        "reply_to": "",
        "lists": ("main",),
        "recipients": 412,
        "left_out": {},
        "accepted": (),
        "tested": LastTest(NOW - timedelta(hours=1)),
        "forecast": QUIET,
        "server": ServerSettings("smtp.example.org", 465),
        "others": (),
        "compiled": cast(Any, None),
        "composition": cast(Any, None),
    }
    return Plan(**(values | changes))


def rows(**changes: object) -> Mapping[str, str]:
    return dict(plan_rows(plan(**changes), LETTER))


def test_plan_of_a_plain_dispatch_is_told_whole() -> None:
    assert rows() == {
        "Issue:": "2026-12",
        "Subject:": "Hello reader",
        "From:": "Doorways <letter@example.org>",
        "To:": "412 recipients of main",
        "Web page:": "none",
        "Tested:": "this very mail, Tuesday 1 December 2026, 13:00",
        "Server:": "smtp.example.org:465, TLS",
        "Start:": "as soon as the number is confirmed",
        "Time:": "as fast as the mail server takes it",
    }


def test_plan_says_how_the_number_came_about() -> None:
    found = rows(left_out={"unsubscribed": 9, "bounced": 3, "suppressed": 2})
    assert found["To:"] == "412 of the 426 people on main"
    assert found["Left out:"] == (
        "9 unsubscribed, 3 bounced, 2 not to be mailed any more"
    )


def test_plan_of_an_issue_with_a_page_says_where_everybody_reads_it() -> None:
    page = "https://letter.example.org/2026-12/"
    assert rows(web_page=page)["Web page:"] == f"{page}, for everybody"


def test_plan_joins_its_lists_as_a_sentence_does() -> None:
    lists = ("main", "events", "board")
    assert rows(lists=lists)["To:"] == "412 recipients of main, events and board"
    found = rows(lists=lists, left_out={"unsubscribed": 9})
    assert found["To:"] == "412 of the 421 people on main, events and board"


def test_plan_to_more_lists_than_a_leaving_link_names_says_what_it_takes() -> None:
    assert "Leaving:" not in rows(lists=("main", "events", "board"))
    assert rows(lists=("main", "events", "board", "press"))["Leaving:"] == (
        "who unsubscribes by this mail leaves every list, as its link can name three "
        "at most"
    )


@pytest.mark.parametrize(
    ("by_list", "told"),
    [
        ({"main": 30, "acties": 12}, "30 of main, 12 of acties; 12 on both"),
        ({"main": 18, "acties": 12}, "18 of main, 12 of acties"),
        (
            {"main": 30, "acties": 12, "board": 0},
            "30 of main, 12 of acties, 0 of board; some on several of them",
        ),
    ],
)
def test_plan_of_several_lists_says_what_each_brings(
    by_list: Mapping[str, int], told: str
) -> None:
    found = rows(lists=tuple(by_list), by_list=by_list, recipients=30)
    assert found["Lists:"] == told


def test_plan_with_limits_says_when_it_ends_and_to_leave_the_computer_on() -> None:
    end = NOW + timedelta(hours=4, minutes=20)
    forecast = Forecast(NOW, end, ((300, 3600), (2000, 86400)))
    assert rows(forecast=forecast)["Time:"] == (
        "300 an hour and 2000 a day: about 4 h 20, until 18:20; leave the computer on"
    )


def test_plan_that_ends_another_day_names_the_day() -> None:
    forecast = Forecast(NOW, NOW + timedelta(hours=20), ((20, 3600),))
    assert rows(forecast=forecast)["Time:"] == (
        "20 an hour: about 20 h 00, until Wednesday 10:00; leave the computer on"
    )


def test_plan_that_is_soon_over_asks_for_nothing() -> None:
    forecast = Forecast(NOW, NOW + timedelta(seconds=30), ((5, 10),))
    assert rows(forecast=forecast)["Time:"] == "5 in 10 s: about 30 s, until 14:00"


def test_plan_that_a_brake_slows_says_since_when() -> None:
    forecast = Forecast(
        NOW, NOW + timedelta(seconds=12), slowed_at=NOW - timedelta(minutes=5)
    )
    assert rows(forecast=forecast)["Time:"] == (
        "about 12 s: the mail server asked us to go slower at 13:55"
    )
    limited = replace(forecast, limits=((300, 3600),))
    assert rows(forecast=limited)["Time:"] == (
        "300 an hour: about 12 s, until 14:00; the mail server asked us to go slower "
        "at 13:55"
    )


def test_plan_for_later_says_when_by_the_clock_of_the_newsletter() -> None:
    found = rows(starts_at=datetime(2026, 12, 2, 8, tzinfo=UTC))
    assert found["Start:"] == (
        "Wednesday 2 December 2026, 09:00 CET, with mail and readers as they are now"
    )


def test_plan_names_accepted_findings_with_their_reasons() -> None:
    finding = Finding(
        "link-blocked",
        Severity.ERROR,
        Place("issues/2026-12.md", 12, 3),
        "refused",
        "",
        accepted="opened it myself",
        accepted_at=NOW,
    )
    assert rows(accepted=(finding,), waivers=("link-blocked:12, …",))["Accepted:"] == (
        "link-blocked in issues/2026-12.md:12:3 on 1 December 2026: opened it myself"
    )


def warned(rule: str) -> Finding:
    place = Place("issues/2026-12.md", 12, 3)
    return Finding(rule, Severity.WARNING, place, "Something.", "Do something.")


@pytest.mark.parametrize(
    ("rules", "told"),
    [
        (["event-past"], "1 warning"),
        (["event-past", "event-past"], "2 warnings"),
        (["links-unchecked"], "1 warning: links were not checked"),
        (
            ["event-past", "links-unchecked", "event-past"],
            "3 warnings, among them: links were not checked",
        ),
    ],
)
def test_plan_with_warnings_counts_them_and_says_what_shows_them(
    rules: list[str], told: str
) -> None:
    assert rows(warnings=tuple(map(warned, rules)))["Check:"] == (
        f"{told}; newsletter check 2026-12 shows {'it' if len(rules) == 1 else 'them'}"
    )


def test_plan_names_what_was_waived() -> None:
    found = list(plan_rows(plan(waivers=("untested", "skip_probe")), LETTER))
    assert ("Waived:", "the public pages were not tried (--skip-probe)") in found


@pytest.mark.parametrize(
    ("tested", "told"),
    [
        (None, "never; it goes out unseen (--untested)"),
        (
            LastTest(NOW, Changes((), is_restyled=True), "the test of today"),
            "not as it is now (--untested): look changed since the test of today",
        ),
    ],
)
def test_plan_of_another_mail_than_the_tested_one_says_what_changed(
    tested: LastTest | None, told: str
) -> None:
    assert rows(tested=tested)["Tested:"] == told


def test_plan_for_some_of_an_earlier_dispatch_and_a_few_first() -> None:
    found = rows(only=Only(Reach.MISSED, 12), canary=20, reply_to="desk@example.org")
    assert found["Only:"] == "those whom dispatch 12 missed"
    assert found["First:"] == (
        "20 recipients alone; then it pauses until newsletter resume"
    )
    assert found["Reply to:"] == "desk@example.org"


def test_plan_for_a_language_tells_of_its_regions_and_of_no_language() -> None:
    assert rows(missed_languages={"nl-BE": 12, "": 4})["Note:"] == (
        "12 people have nl-BE, 4 no language: they are not among them"
    )


def test_plan_names_dispatches_that_are_not_over() -> None:
    counts = dict.fromkeys(DeliveryState, 0) | {DeliveryState.PENDING: 7}
    other = Dispatch(
        3, "2026-11", "", ("main",), DispatchState.PAUSED, "", None, 7, counts, NOW
    )
    assert rows(others=(other,))["Others:"] == "dispatch 3 of 2026-11 has 7 mails to go"


def test_plan_is_shown_in_lines_that_stay_whole_without_a_terminal(
    capsys: pytest.CaptureFixture[str],
) -> None:
    long = "A subject that goes on " * 8
    show_plan(plan(subject=long), LETTER)
    out, err = capsys.readouterr()
    assert out == ""
    assert f"Subject:  {long}\n" in err
