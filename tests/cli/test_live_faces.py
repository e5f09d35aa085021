import io
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from rich.console import Console

from newsletter.cli.live import Live
from newsletter.cli.live_faces import (
    Bar,
    Beholder,
    Lines,
    bar_lines,
    choose_face,
    draw,
)
from newsletter.model.delivery import DeliveryState

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def live(total: int = 412) -> Live:
    made = Live(issue="2026-03", total=total, unfinished=total)
    made.counts[DeliveryState.PENDING] = total
    return made


def serve(live: Live, people: int, state: str = "ACCEPTED") -> None:
    for _ in range(people):
        live.note(DeliveryState.PENDING, DeliveryState[state])


def drawn(live: Live, columns: int, **options: Any) -> list[str]:
    file = io.StringIO()
    console = Console(file=file, width=columns, force_terminal=True, **options)
    console.print(draw(live, NOW, console))
    return [line.rstrip() for line in file.getvalue().splitlines()]


def busy() -> Live:
    made = live()
    serve(made, 208)
    serve(made, 2, "REFUSED")
    serve(made, 1, "DEFERRED")
    serve(made, 1, "UNKNOWN")
    made.wait("300 an hour", NOW + timedelta(minutes=35))
    return made


def test_bar_at_80_columns_is_three_calm_lines() -> None:
    lines = drawn(busy(), 80, no_color=True, color_system=None)
    assert lines[0].startswith("━" * 30)
    assert lines[0].endswith("  211 of 412 · 51 %")
    assert lines[1] == (
        "208 taken by your mail server · 1 to be tried again · 2 refused · 1 unknown"
    )
    assert lines[2:] == ["Waiting until 12:35: 300 an hour."]


def test_bar_at_40_columns_breaks_between_numbers() -> None:
    lines = drawn(busy(), 40, no_color=True, color_system=None)
    assert max(map(len, lines)) <= 40
    assert lines[1:] == [
        "208 taken by your mail server ·",
        "1 to be tried again · 2 refused ·",
        "1 unknown",
        "Waiting until 12:35: 300 an hour.",
    ]


def test_bar_of_a_wide_terminal_stays_readable() -> None:
    assert len(drawn(busy(), 200, no_color=True, color_system=None)[0]) <= 80


def test_bar_without_colour_has_none() -> None:
    text = "\n".join(drawn(busy(), 80, no_color=True))
    assert "\x1b[3" not in text


def test_bar_is_drawn_anew_only_when_something_changed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TTY_COMPATIBLE", "1")
    bar, made = Bar(), live()
    bar.begin(made)
    capsys.readouterr()
    bar.look(made, at=1.0, now=NOW)
    bar.look(made, at=2.0, now=NOW)
    assert capsys.readouterr().err == ""
    serve(made, 1)
    bar.look(made, at=3.0, now=NOW)
    assert "1 of 412" in capsys.readouterr().err
    bar.end(made)


@pytest.mark.parametrize("term", ["dumb", "unknown", None])
def test_terminal_that_cannot_draw_gets_lines(
    monkeypatch: pytest.MonkeyPatch, term: str | None
) -> None:
    if term is None:
        monkeypatch.delenv("TERM", raising=False)
    else:
        monkeypatch.setenv("TERM", term)
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    assert isinstance(choose_face(), Lines)


@pytest.mark.parametrize(("columns", "face"), [("39", Lines), ("40", Bar)])
def test_bar_is_drawn_from_40_columns_on(
    monkeypatch: pytest.MonkeyPatch, columns: str, face: type
) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", columns)
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    assert isinstance(choose_face(), face)


def said(capsys: pytest.CaptureFixture[str]) -> list[str]:
    return capsys.readouterr().err.splitlines()


def look(lines: Lines, live: Live, seconds: float) -> None:
    live.sample(seconds)
    lines.look(live, at=lines._begun_at + seconds, now=NOW)


def test_lines_say_each_tenth(capsys: pytest.CaptureFixture[str]) -> None:
    lines, made = Lines(), live(100)
    lines.begin(made)
    for second in range(0, 100, 5):
        look(lines, made, float(second))
        serve(made, 5)
    told = said(capsys)
    assert told[0] == "Sending 2026-03 to 100 subscribers."
    assert told[1] == (
        "10 of 100: 10 taken by your mail server; "
        "1 a second, about 2 min left, until 12:01"
    )
    assert len(told) == 10


def test_lines_of_a_slow_dispatch_come_every_half_minute(
    capsys: pytest.CaptureFixture[str],
) -> None:
    lines, made = Lines(), live(10_000)
    lines.begin(made)
    for second in range(0, 121):
        look(lines, made, float(second))
        serve(made, 1)
    assert len(said(capsys)) == 1 + 4


def test_lines_of_a_fast_dispatch_are_few(capsys: pytest.CaptureFixture[str]) -> None:
    lines, made = Lines(), live(100)
    lines.begin(made)
    for quarter in range(8):
        serve(made, 12)
        look(lines, made, quarter / 4)
    assert len(said(capsys)) == 1


def test_lines_say_when_waiting_begins_and_ends_and_nothing_in_between(
    capsys: pytest.CaptureFixture[str],
) -> None:
    lines, made = Lines(), live()
    lines.begin(made)
    made.wait("300 an hour", NOW + timedelta(minutes=35))
    for second in range(0, 300, 5):
        look(lines, made, float(second))
    made.wait("", None)
    look(lines, made, 301.0)
    assert said(capsys)[1:] == ["Waiting until 12:35: 300 an hour.", "Going on."]


def test_lines_of_a_stop_while_waiting_do_not_say_that_it_goes_on(
    capsys: pytest.CaptureFixture[str],
) -> None:
    lines, made = Lines(), live()
    lines.begin(made)
    made.wait("300 an hour", NOW + timedelta(minutes=35))
    look(lines, made, 1.0)
    made.stop()
    made.wait("", None)
    look(lines, made, 2.0)
    assert "Going on." not in said(capsys)


def test_lines_say_trouble_once(capsys: pytest.CaptureFixture[str]) -> None:
    lines, made = Lines(), live()
    lines.begin(made)
    made.hinder("the mail server does not answer")
    look(lines, made, 1.0)
    look(lines, made, 2.0)
    assert said(capsys)[1:] == ["The mail server does not answer. Trying again."]


def test_lines_say_how_to_hang_up_when_stopping(
    capsys: pytest.CaptureFixture[str],
) -> None:
    lines, made = Lines(), live()
    made.stop()
    look(lines, made, 1.0)
    look(lines, made, 2.0)
    assert said(capsys) == [
        "Stopping: the mails under way are answered first. "
        "Ctrl-C again hangs up on them."
    ]


def test_lines_end_with_what_came_of_it(capsys: pytest.CaptureFixture[str]) -> None:
    lines, made = Lines(), live(3)
    serve(made, 3)
    lines.end(made)
    assert said(capsys) == ["Ended after 1 s: 3 taken by your mail server."]


def test_bar_while_stopping_says_how_to_hang_up() -> None:
    made = live()
    made.stop()
    assert bar_lines(made, NOW)[2] == (
        "Stopping: the mails under way are answered first. "
        "Ctrl-C again hangs up on them."
    )


def test_closed_terminal_keeps_nothing_from_ending(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Gone(io.StringIO):
        def write(self, _: str) -> int:
            raise OSError(5, "Input/output error")

    monkeypatch.setattr("sys.stderr", Gone())
    beholder = Beholder(live())
    beholder.begin()
    beholder.close()
