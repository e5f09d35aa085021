import json
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path

import pytest

from newsletter.errors import DefinitionError, OperationError, UsageError
from newsletter.model.problem import Place, Problem
from newsletter.workflow.test import Trial, TrialReport

from .conftest import MAIL, Desk, running

ASKED = {"to": ["desk@example.org", " "], "mark": True}

_PRESSES = count(1)


def press(**changes: object) -> dict[str, object]:
    """Return what the form sends at a press of its own."""
    return {"press": str(next(_PRESSES)), **ASKED, **changes}


class SlowDesk(Desk):
    """Its mail server takes its time."""

    def send(self, trial: Trial) -> TrialReport:
        report = super().send(trial)
        time.sleep(0.4)
        return report


@pytest.fixture
def desk(still_desk: Desk) -> Desk:
    """The preview that all of these share, as if it had just been started."""
    still_desk.trials.clear()
    still_desk.report = None
    return still_desk


@pytest.fixture
def slow_desk(tmp_path: Path) -> Iterator[Desk]:
    mail = tmp_path / "mail.html"
    mail.write_text(MAIL)
    with running(SlowDesk(mail)) as desk:
        yield desk


def test_test_goes_to_the_addresses_of_the_form_and_is_told(desk: Desk) -> None:
    assert desk.post("/test", press()).json == {
        "title": "Sent.",
        "advice": "",
        "lines": [
            {
                "what": "desk@example.org",
                "told": "taken by your mail server",
                "isGood": True,
            }
        ],
    }
    assert desk.trials == [Trial(("desk@example.org",), "", is_marked=True, fields={})]


def test_test_has_the_fields_of_the_recipient_who_is_shown(desk: Desk) -> None:
    desk.post("/test?for=the-reader-with-the-longest-first-name", press())
    assert desk.trials[0].fields == {"first_name": "Maximiliana"}


def test_test_makes_the_preview_anew(desk: Desk) -> None:
    before = desk.watch.version
    desk.post("/test", press())
    deadline = time.monotonic() + 5
    while desk.watch.version == before and time.monotonic() < deadline:
        time.sleep(0.01)
    assert desk.watch.version > before


def test_same_press_is_sent_once_and_told_twice(slow_desk: Desk) -> None:
    asked = press()
    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(lambda _: slow_desk.post("/test", asked), range(2)))
    assert [answer.json["title"] for answer in answers] == ["Sent.", "Sent."]
    assert slow_desk.post("/test", asked).json["title"] == "Sent."
    assert len(slow_desk.trials) == 1


def test_page_answers_while_a_test_is_on_its_way(slow_desk: Desk) -> None:
    sending = threading.Thread(target=slow_desk.post, args=("/test", press()))
    sending.start()
    started = time.monotonic()
    assert slow_desk.ask("GET", "/").status == 200
    assert time.monotonic() - started < 0.3
    sending.join()


def test_preview_stops_while_a_test_is_on_its_way(tmp_path: Path) -> None:
    class StuckDesk(Desk):
        def send(self, trial: Trial) -> TrialReport:
            is_asked.set()
            is_stopped.wait(10)
            return super().send(trial)

    is_asked, is_stopped = threading.Event(), threading.Event()
    mail = tmp_path / "mail.html"
    mail.write_text(MAIL)
    with ThreadPoolExecutor(1) as pool:
        with running(StuckDesk(mail)) as desk:
            asked = pool.submit(desk.post, "/test", press())
            assert is_asked.wait(10)
            started = time.monotonic()
        assert time.monotonic() - started < 3
        is_stopped.set()
        assert asked.result().json == {
            "title": "The preview was stopped while the test was on its way.",
            "advice": "It may have been sent: look for it before you send it again.",
            "lines": [],
        }


@pytest.mark.parametrize(
    ("report", "told"),
    [
        (
            TrialReport("s", "S", "h", ("a@x.org",), {"b@x.org": "the server said no"}),
            {
                "title": "Sent to some of them.",
                "advice": "",
                "lines": [
                    {
                        "what": "a@x.org",
                        "told": "taken by your mail server",
                        "isGood": True,
                    },
                    {
                        "what": "b@x.org",
                        "told": "not sent; the server said no",
                        "isGood": False,
                    },
                ],
            },
        ),
        (
            TrialReport("s", "S", "h", (), {"b@x.org": "the server said no"}),
            {
                "title": "Not sent.",
                "advice": "",
                "lines": [
                    {
                        "what": "b@x.org",
                        "told": "not sent; the server said no",
                        "isGood": False,
                    }
                ],
            },
        ),
        (
            TrialReport("s", "S", "h", unknown={"b@x.org": "the connection broke"}),
            {
                "title": "It may have arrived.",
                "advice": "",
                "lines": [
                    {
                        "what": "b@x.org",
                        "told": "unknown: the mail left, and no answer came; it may "
                        "have arrived",
                        "isGood": False,
                    }
                ],
            },
        ),
        (
            TrialReport("s", "S", "h", files=(Path("/p/outbox/s-test-1.eml"),)),
            {
                "title": "Nobody was mailed: there is no mail server in "
                "newsletter.toml.",
                "advice": "The mail is a file instead: open it in your mail program.",
                "lines": [
                    {
                        "what": "s-test-1.eml",
                        "told": "written to the folder outbox",
                        "isGood": True,
                    }
                ],
            },
        ),
    ],
)
def test_outcome_is_told_in_plain_words(
    desk: Desk, report: TrialReport, told: dict[str, object]
) -> None:
    desk.report = report
    assert desk.post("/test", press()).json == told


@pytest.mark.parametrize(
    "fault",
    [
        UsageError("there is no address to send the test to.", "Write one."),
        OperationError("there is no address to send the test to.", "Write one."),
    ],
)
def test_refusal_is_told_with_its_advice(
    desk: Desk, fault: UsageError | OperationError
) -> None:
    desk.report = fault
    assert desk.post("/test", press()).json == {
        "title": "Not sent.",
        "advice": "There is no address to send the test to. Write one.",
        "lines": [],
    }


def test_refusal_for_a_problem_names_the_file_as_it_is_written(desk: Desk) -> None:
    place = Place("issues/2023-05.md", 4, 7)
    desk.report = DefinitionError([Problem(place, "this is no date.", "Write one.")])
    told = desk.post("/test", press()).json["advice"]
    assert told.startswith("issues/2023-05.md:4:7")
    assert told == told.rstrip()


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://127.0.0.1:1"}, 403),
        ({"Cookie": ""}, 403),
        ({"Cookie": "newsletter-1=a-secret-of-this-run"}, 403),
        ({"Host": "evil.example"}, 421),
        ({"Content-Type": "text/plain"}, 415),
        ({"Content-Type": "application/x-www-form-urlencoded"}, 415),
    ],
)
@pytest.mark.parametrize("path", ["/test", "/recipient"])
def test_nothing_is_done_for_who_is_not_our_own_page(
    desk: Desk, path: str, headers: dict[str, str], status: int
) -> None:
    asked = press(email="anna@example.org")
    assert desk.post(path, asked, headers).status == status
    assert desk.trials == []
    assert "one of your subscribers" not in desk.ask("GET", "/").text


def test_nothing_is_sent_without_an_origin(desk: Desk) -> None:
    json_alone = {"Content-Type": "application/json"}
    answer = desk.ask("POST", "/test", json_alone, json.dumps(press()).encode())
    assert (answer.status, desk.trials) == (403, [])


def test_looking_at_the_form_s_address_sends_nothing(desk: Desk) -> None:
    assert desk.ask("GET", "/test?press=1&to=desk@example.org").status == 405
    assert desk.trials == []


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        ([], 400),
        (press(press=""), 400),
        (press(press=1), 400),
        (press(to="desk@example.org"), 400),
        (press(to=[1]), 400),
        (press(to=["x" * 20_000]), 413),
    ],
)
def test_request_of_another_shape_is_refused(
    desk: Desk, asked: object, status: int
) -> None:
    assert desk.post("/test", asked).status == status
    assert desk.trials == []
