"""`newsletter demo --exit`, as a new user runs it."""

import os
import re
import select
import signal
import subprocess
import sys
import time
from contextlib import redirect_stdout
from email import message_from_bytes, policy
from io import StringIO
from pathlib import Path

import pytest

from newsletter.cli import run
from newsletter.workflow.demo import LEAVER


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What the demo prints, run once from an empty folder."""
    empty = tmp_path_factory.mktemp("empty")
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(StringIO()) as output:
        patch.chdir(empty)
        patch.setattr("tempfile.tempdir", str(tmp_path_factory.mktemp("tmp")))
        assert run(["demo", "--exit"]) == 0
    assert list(empty.iterdir()) == []
    return output.getvalue()


def test_demo_on_a_terminal_stays_with_a_preview_until_it_is_stopped(
    tmp_path: Path,
) -> None:
    ours, terminal = os.openpty()
    demo = subprocess.Popen(
        [sys.executable, "-c", "from newsletter.cli import main; main()", "demo"],
        cwd=tmp_path,
        env=os.environ | {"BROWSER": "true", "TMPDIR": str(tmp_path)},
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
    )
    try:
        shown = _read_until(ours, "Ctrl-C ends the demo")
        assert re.search(r" preview +http://127\.0\.0\.1:\d+/\S+\?start=\S+", shown)
        demo.send_signal(signal.SIGINT)
        _read_until(ours, "Stopped.")
        assert demo.wait(20) == 0
    finally:
        demo.kill()
        demo.wait()
        os.close(ours)
        os.close(terminal)


def _read_until(descriptor: int, sign: str) -> str:
    """Return what a terminal shows up to *sign*, or whatever comes in half a minute."""
    read, end = b"", time.monotonic() + 30
    while sign.encode() not in read and time.monotonic() < end:
        ready, _, _ = select.select([descriptor], [], [], 1)
        read += os.read(descriptor, 4096) if ready else b""
    return read.decode()


def folder_of(shown: str) -> Path:
    found = re.search(r"folder +(\S+)", shown)
    assert found is not None
    return Path(found[1])


def test_demo_sends_both_issues_and_the_sums_add_up(shown: str) -> None:
    assert re.findall(r"dispatch +(.*)", shown) == [
        "13 taken by your mail server = 13; done",
        "12 taken by your mail server = 12; done",
    ]
    assert re.findall(r"left out +(.*)", shown) == ["1 (unsubscribed)"]


def test_demo_mails_the_reader_who_left_only_once(shown: str) -> None:
    caught = [
        message_from_bytes(path.read_bytes(), policy=policy.default)
        for path in sorted((folder_of(shown) / "caught").iterdir())
    ]
    recipients = [mail["To"] for mail in caught]
    assert len(recipients) == 1 + 13 + 1 + 12
    assert recipients.count(LEAVER) == 1
    assert {recipients.count(one) for one in set(recipients) - {LEAVER}} == {2}
    assert len({mail["Message-ID"] for mail in caught}) == len(caught)


def test_demo_lays_out_the_web_pages(shown: str) -> None:
    pages = [Path(path) for path in re.findall(r"web page +(\S+)", shown)]
    assert len(pages) == 2
    for page in pages:
        assert "/u/" not in page.read_text("utf-8")
