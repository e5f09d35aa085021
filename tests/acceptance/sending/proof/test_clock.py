"""The clock of the computer jumps while a dispatch runs.

libfaketime (Debian's package faketime) puts another clock before the program and reads
from a file how far it is off; the steady clock stays as it is.
"""

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from newsletter.testing.smtp_server import Fault, SmtpServer

CONNECTIONS = 3
LONG = [
    pytest.param(offset, marks=pytest.mark.long)
    for offset in ("-3h", "+3h", "-40d", "+3s")
]
SLOW = Fault("end", delay_seconds=0.05, reply="250 2.0.0 ok", keeps=True)


def find_library() -> Path | None:
    found = Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1")
    return next(found, None)


@pytest.fixture
def clock(tmp_path: Path) -> Any:
    """Return the words of the environment, and the file that says how far it is off."""
    library = find_library()
    if library is None:
        pytest.skip("libfaketime is not installed (apt-get install faketime)")
    file = tmp_path / "clock"
    file.write_text("+0")
    environment = {
        "LD_PRELOAD": str(library),
        "FAKETIME_TIMESTAMP_FILE": str(file),
        "FAKETIME_NO_CACHE": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "FAKETIME_DONT_FAKE_UTIME": "1",
    }
    return environment, file


def jump(file: Path, offset: str) -> None:
    """Set the clock, whole at once: the program reads the file again and again."""
    part = file.with_suffix(".part")
    part.write_text(offset)
    part.replace(file)


@pytest.mark.parametrize("offset", ["+40d", *LONG])
def test_send_while_the_clock_jumps_mails_everybody_once(
    proof: Any, clock: Any, offset: str
) -> None:
    environment, file = clock
    post, command = proof.post, proof.add_people(60)
    with SmtpServer([SLOW]) as server:
        post.use_server(server.port, connections=CONNECTIONS)
        with post.start(*command, environment=environment) as sender:
            server.wait_for(15, timeout_seconds=30)
            jump(file, offset)
            out, err = sender.communicate(timeout=60)
        assert sender.returncode == 0, (out, err)
        assert proof.compare_done(server, most_unknown=0) == set()


def test_send_with_a_limit_while_the_clock_goes_back_keeps_to_it(
    proof: Any, clock: Any
) -> None:
    environment, file = clock
    post, command = proof.post, proof.add_people(40)
    with SmtpServer() as server:
        # Twenty a second, whatever the clock says.
        post.use_server(server.port, limits=["1200/minute"])
        with post.start(*command, environment=environment) as sender:
            server.wait_for(10, timeout_seconds=30)
            jump(file, "-2h")
            out, err = sender.communicate(timeout=60)
        assert sender.returncode == 0, (out, err)
        assert proof.compare_done(server, most_unknown=0) == set()


def test_send_after_a_day_asleep_asks_before_it_goes_on(proof: Any, clock: Any) -> None:
    """Twelve hours or more: what was news may be none any more."""
    environment, file = clock
    # Asleep, every clock goes on but for the program's own steps.
    environment = environment | {"FAKETIME_DONT_FAKE_MONOTONIC": "0"}
    post, command = proof.post, proof.add_people(60)
    with SmtpServer([SLOW]) as server:
        post.use_server(server.port, connections=CONNECTIONS)
        with post.start(*command, environment=environment) as sender:
            server.wait_for(15, timeout_seconds=30)
            sender.send_signal(signal.SIGSTOP)
            jump(file, "+1d")
            sender.send_signal(signal.SIGCONT)
            out, err = sender.communicate(timeout=60)
        assert sender.returncode == 1, (out, err)
        assert post.dispatch().state == "paused"
        assert proof.compare(server) == set()
        assert len(server.messages) < 60
        assert post.run("resume") == 0
        assert proof.compare_done(server, most_unknown=0) == set()


def test_faketime_puts_another_clock_before_a_program(clock: Any) -> None:
    """Else the tests above would prove nothing."""
    environment, file = clock
    jump(file, "+1d")
    code = "import time; print(time.time())"
    command = [sys.executable, "-c", code]
    said = subprocess.check_output(command, env=os.environ | environment)
    plain = subprocess.check_output(command)
    assert 86_000 < float(said) - float(plain) < 87_000
