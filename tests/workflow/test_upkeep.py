"""What the worker does beside dispatches."""

import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from newsletter.errors import OperationError
from newsletter.model.settings import InboxSettings
from newsletter.store.chores import last_done, mark_done
from newsletter.store.database import open_database
from newsletter.workflow.project import Project, open_project
from newsletter.workflow.switch import Switch
from newsletter.workflow.upkeep import CHORES, Chore, Duty, Upkeep
from newsletter.workflow.worker_news import Event

SETTINGS = """\
[newsletter]
name = "Doorways"
sender = "Doorways <letter@example.org>"
"""
SERVER = '[server]\nhost = "127.0.0.1"\nport = 25\nsecurity = "none"\n'
ALWAYS = timedelta(milliseconds=10)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    (tmp_path / "newsletter.toml").write_text(SETTINGS)
    return open_project(tmp_path, search=False)


@pytest.fixture
def switch() -> Iterator[Switch]:
    with Switch() as switch:
        yield switch


class Told:
    """Events, as they come from threads."""

    def __init__(self) -> None:
        self.events: list[tuple[str, str]] = []

    def tell(self, event: Event) -> None:
        self.events.append((event.kind, event.text))


def wait_until(is_so: Callable[[], object], seconds: float = 10) -> None:
    end = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < end, "it did not come about"
        time.sleep(0.01)


def chore(
    work: Callable[[Duty], None],
    *,
    name: str = "sweep",
    every: timedelta | None = ALWAYS,
    is_remembered: bool = False,
) -> Chore:
    return Chore(name, lambda _: every, work, is_remembered)


def keeping(project: Project, switch: Switch, told: Told, *chores: Chore) -> Upkeep:
    return Upkeep(project, environment={}, tell=told.tell, switch=switch, chores=chores)


def test_chore_is_done_again_and_again_and_tells(
    project: Project, switch: Switch
) -> None:
    told, done = Told(), []

    def work(duty: Duty) -> None:
        done.append(duty.now)
        duty.tell("Swept.")

    with keeping(project, switch, told, chore(work)):
        wait_until(lambda: len(done) >= 3)
    assert told.events[:2] == [("sweep", "Swept."), ("sweep", "Swept.")]


def test_chore_that_fails_rests_and_says_so_once(
    project: Project, switch: Switch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("newsletter.workflow.upkeep._FIRST_REST_SECONDS", 0.01)
    told, tries = Told(), []

    def work(_: Duty) -> None:
        tries.append(time.monotonic())
        raise OperationError("the broom is broken.", "Buy one.")

    with keeping(project, switch, told, chore(work)):
        wait_until(lambda: len(tries) >= 5)
    assert told.events == [
        ("trouble", "sweep: the broom is broken. Buy one. Trying again.")
    ]
    pauses = [after - before for before, after in pairwise(tries)]
    assert pauses[3] >= 0.08


def test_slow_chore_keeps_no_other_waiting(project: Project, switch: Switch) -> None:
    told, may_end, done = Told(), threading.Event(), []

    def wait(_: Duty) -> None:
        may_end.wait(20)

    slow = chore(wait, name="slow")
    quick = chore(lambda _: done.append(1), name="quick")
    with keeping(project, switch, told, slow, quick):
        wait_until(lambda: len(done) >= 3)
        may_end.set()


def test_fault_of_the_program_is_reported_once_and_its_chore_goes_on(
    project: Project,
    switch: Switch,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("newsletter.workflow.upkeep._FIRST_REST_SECONDS", 0.01)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    told, tries = Told(), []

    def work(_: Duty) -> None:
        tries.append(1)
        if len(tries) <= 3:
            raise KeyError("anna@example.org")

    with keeping(project, switch, told, chore(work)):
        wait_until(lambda: len(tries) > 5)
    (report,) = tmp_path.glob("newsletter-*.txt")
    assert told.events == [
        (
            "trouble",
            "sweep: a fault of the program (KeyError). Please report it with the file "
            f"{report}. Trying again.",
        )
    ]
    assert "Traceback" in report.read_text()
    assert "anna@" not in report.read_text()


def test_switch_ends_a_chore_between_two_pieces(
    project: Project, switch: Switch
) -> None:
    begun = threading.Event()

    def work(duty: Duty) -> None:
        begun.set()
        while not duty.is_over():
            time.sleep(0.01)

    with keeping(project, switch, Told(), chore(work)):
        assert begun.wait(10)
        switch.turn_on()


def test_second_wish_to_stop_waits_for_nobody(project: Project, switch: Switch) -> None:
    may_end = threading.Event()

    def wait(_: Duty) -> None:
        may_end.wait(60)

    begun = time.monotonic()
    with keeping(project, switch, Told(), chore(wait)):
        switch.turn_on()
        threading.Timer(0.2, switch.turn_on).start()
        threading.Timer(0.3, switch.turn_on).start()
    assert time.monotonic() - begun < 10
    may_end.set()


def test_what_was_done_lately_is_not_done_again_after_a_restart(
    project: Project, switch: Switch
) -> None:
    told, done = Told(), []
    daily = chore(lambda _: done.append(1), every=timedelta(days=1), is_remembered=True)
    for _ in range(2):
        with keeping(project, switch, told, daily):
            wait_until(lambda: done)
            time.sleep(0.1)
    assert len(done) == 1


def test_what_was_done_long_ago_is_done_at_once(
    project: Project, switch: Switch
) -> None:
    done: list[int] = []
    daily = chore(lambda _: done.append(1), every=timedelta(days=1), is_remembered=True)
    url = project.settings.database_url
    with open_database(url, root=project.root) as database:
        with database.writing() as connection:
            mark_done(connection, "sweep", datetime(2026, 1, 1, tzinfo=UTC))
        with keeping(project, switch, Told(), daily):
            wait_until(lambda: done)
        with database.reading() as connection:
            found = last_done(connection, "sweep")
    assert found is not None
    assert datetime.now(UTC) - found < timedelta(minutes=1)


def test_what_was_done_by_a_clock_that_ran_ahead_is_done_at_once(
    project: Project, switch: Switch
) -> None:
    done: list[int] = []
    daily = chore(lambda _: done.append(1), every=timedelta(days=1), is_remembered=True)
    url = project.settings.database_url
    with open_database(url, root=project.root) as database:
        with database.writing() as connection:
            ahead = datetime.now(UTC) + timedelta(days=3650)
            mark_done(connection, "sweep", ahead)
        with keeping(project, switch, Told(), daily):
            wait_until(lambda: done)


def test_changed_settings_are_noticed(
    project: Project, switch: Switch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("newsletter.workflow.upkeep._LOOK_SECONDS", 0.05)
    told, done = Told(), []
    only_with_server = Chore(
        "sweep",
        lambda settings: ALWAYS if settings.server else None,
        lambda _: done.append(1),
    )
    file = project.root / "newsletter.toml"
    with keeping(project, switch, told, only_with_server):
        time.sleep(0.2)
        assert not done
        # The worker itself tells of a mistake; it harms no chore.
        file.write_text("[newsletter]\nnam")
        time.sleep(0.2)
        file.write_text(SETTINGS + SERVER)
        wait_until(lambda: done)
    assert told.events == []


@pytest.mark.parametrize(("minutes", "seconds"), [(5, 300.0), (0, None)])
def test_inbox_is_read_as_often_as_the_settings_say(
    project: Project, minutes: int, seconds: float | None
) -> None:
    inbox = InboxSettings("imap.example.org", user="letter", minutes=minutes)
    settings = replace(project.settings, inbox=inbox)
    every = {one.name: one.every(settings) for one in CHORES}
    assert (every["inbox"] and every["inbox"].total_seconds()) == seconds
    # Without a server nothing can be sent.
    assert every["notices"] is None
