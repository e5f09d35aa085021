"""The disk is full, or another program keeps the database to itself."""

import resource
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from typing import Any

import pytest

from newsletter.testing.smtp_server import Fault, SmtpServer

CONNECTIONS = 4
SLOW = Fault("end", delay_seconds=0.03, reply="250 2.0.0 ok", keeps=True)


def test_send_while_another_program_locks_the_database_waits_for_it(
    proof: Any,
) -> None:
    post, command = proof.post, proof.add_people(60)
    with SmtpServer([SLOW]) as server:
        post.use_server(server.port, connections=CONNECTIONS)
        with post.start(*command) as sender:
            server.wait_for(20, timeout_seconds=30)
            # As an import of a long list does.
            file = post.root / "subscribers" / "newsletter.db"
            with closing(sqlite3.connect(file, timeout=10)) as other:
                other.isolation_level = None
                other.execute("BEGIN IMMEDIATE")
                before = len(server.messages)
                time.sleep(2)
                during = len(server.messages) - before
                other.execute("ROLLBACK")
            sender.communicate(timeout=60)
        assert sender.returncode == 0
        # What had its intent on the disk still arrives, and nothing else.
        assert during <= 2 * CONNECTIONS
        assert proof.compare_done(server, most_unknown=0) == set()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux can limit another")
def test_send_with_the_disk_full_for_a_moment_knows_what_it_sent(proof: Any) -> None:
    post, command = proof.post, proof.add_people(60)
    with SmtpServer([SLOW]) as server:
        post.use_server(server.port, connections=CONNECTIONS)
        with post.start(*command) as sender:
            server.wait_for(20, timeout_seconds=30)
            fill_disk(sender)
            time.sleep(1)
            free_disk(sender)
            _, err = sender.communicate(timeout=60)
        # Results waited for the disk; nothing new was begun.
        assert sender.returncode == 3, err
        assert b"newsletter resume 1" in err
        assert proof.compare(server) == set()
        assert len(server.messages) < 60
        assert post.run("resume") == 0
        assert proof.compare_done(server, most_unknown=0) == set()


@pytest.mark.long
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux can limit another")
def test_send_with_the_disk_full_for_good_names_whom_it_left_in_doubt(
    proof: Any,
) -> None:
    post, command = proof.post, proof.add_people(60)
    with SmtpServer([SLOW]) as server:
        post.use_server(server.port, connections=CONNECTIONS)
        with post.start(*command) as sender:
            server.wait_for(20, timeout_seconds=30)
            fill_disk(sender)
            _, err = sender.communicate(timeout=90)
        assert sender.returncode == 3, err
        assert b"newsletter resume 1" in err
        assert len(proof.compare(server)) <= 2 * CONNECTIONS
        post.run("resume")
        proof.compare_done(server, most_unknown=2 * CONNECTIONS)


def fill_disk(process: "subprocess.Popen[bytes]") -> None:
    """Let no file of the process be written beyond its first bytes."""
    resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (64, resource.RLIM_INFINITY))


def free_disk(process: "subprocess.Popen[bytes]") -> None:
    unlimited = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
    resource.prlimit(process.pid, resource.RLIMIT_FSIZE, unlimited)
