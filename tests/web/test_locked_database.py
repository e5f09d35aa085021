"""Readers press a button while another command writes for long."""

import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from .conftest import running_site

#: Nobody waits longer for a page; proxies give up after 60 s.
LONGEST_SECONDS = 15
ONE_CLICK = b"List-Unsubscribe=One-Click"
WRITER = """
import sqlite3, sys
other = sqlite3.connect(sys.argv[1], isolation_level=None)
other.execute("BEGIN IMMEDIATE")
print("locked", flush=True)
sys.stdin.read()
"""


@contextmanager
def another_writer(database: Path) -> Iterator[None]:
    """Keep the database locked by another process while the block runs."""
    with subprocess.Popen(
        [sys.executable, "-c", WRITER, str(database)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdout
        assert process.stdout.readline() == b"locked\n"
        yield
        process.communicate(timeout=10)


@pytest.mark.long
def test_leaving_while_another_command_writes_is_asked_to_come_again_soon(
    tmp_path: Path,
) -> None:
    with running_site(tmp_path) as site:
        readers = [site.add_reader(f"{name}@example.org") for name in ("anna", "bert")]
        paths = [site.link(reader) for reader in readers]

        def press(number: int) -> tuple[int, str | None, bool]:
            # One after the other: who comes later waits behind who came first.
            time.sleep(number)
            begun = time.monotonic()
            answer = site.ask("POST", paths[number], ONE_CLICK, seconds=100)
            is_soon = time.monotonic() - begun < LONGEST_SECONDS
            return answer.status, answer.headers["Retry-After"], is_soon

        with another_writer(site.desk.database.path), ThreadPoolExecutor() as pool:
            assert list(pool.map(press, range(2))) == [(503, "120", True)] * 2
        assert press(1) == (200, None, True)
        assert site.statuses(readers[0]) == {"main": "active"}
