import threading
import time
from pathlib import Path

import pytest

from newsletter.store import courtesy, sqlite
from newsletter.store.courtesy import let_others_pass, standing_in_line
from newsletter.store.database import Database


def test_let_others_pass_waits_while_somebody_stands_in_line(tmp_path: Path) -> None:
    passed = threading.Event()

    def write() -> None:
        let_others_pass(tmp_path)
        passed.set()

    with standing_in_line(tmp_path), standing_in_line(tmp_path):
        thread = threading.Thread(target=write)
        thread.start()
        assert not passed.wait(0.1)
    assert passed.wait(5)
    thread.join()


def test_let_others_pass_does_not_wait_for_nobody(tmp_path: Path) -> None:
    with standing_in_line(tmp_path):
        pass
    started = time.monotonic()
    for _ in range(10):
        let_others_pass(tmp_path)
    assert time.monotonic() - started < courtesy.LONGEST_SECONDS


def test_let_others_pass_goes_on_when_it_takes_too_long(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(courtesy, "LONGEST_SECONDS", 0.05)
    with standing_in_line(tmp_path):
        let_others_pass(tmp_path)


def test_courtesy_where_there_is_no_folder_is_left_out(tmp_path: Path) -> None:
    with standing_in_line(tmp_path / "nothing"):
        let_others_pass(tmp_path / "nothing")


def test_a_connection_that_yields_looks_only_now_and_then(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[Path] = []
    monkeypatch.setattr(sqlite, "let_others_pass", looks.append)
    for seconds, looked in ((0.0, 3), (60.0, 4)):
        monkeypatch.setattr(sqlite, "LOOK_SECONDS", seconds)
        with database.connect_writer(yields=True) as connection:
            for _ in range(3):
                with connection.begin():
                    pass
        assert looks == [database.path.parent] * looked
