"""`newsletter serve` and `newsletter preview` as processes that run until stopped."""

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest

from newsletter.model.subscriber import SubscriptionStatus
from newsletter.store.consent import Word, set_status
from newsletter.store.people import (
    Person,
    ensure_lists,
    insert_people,
    read_subscriptions,
)
from newsletter.tokens import Purpose, sign
from newsletter.workflow.desk import open_desk
from newsletter.workflow.project import open_project

SETTINGS = """[newsletter]
name = "Harbour Letter"
sender = "Harbour <letter@example.org>"
"""
SERVER = """[server]
host = "localhost"
port = 2525
security = "none"
"""
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
ISSUE = """---
subject: Spring
preheader: What the sea brought
date: 2026-03-20
---

It came in at dawn.
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "newsletter.toml").write_text(SETTINGS)
    (tmp_path / "issues").mkdir()
    (tmp_path / "issues" / "spring.md").write_text(ISSUE)
    return tmp_path


@contextmanager
def newsletter(root: Path, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-c", "from newsletter.cli import main; main()"]
    with subprocess.Popen(
        [*command, *arguments],
        cwd=root,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def first_line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def stop(process: subprocess.Popen[str]) -> tuple[int, str, float]:
    """Press Ctrl-C; return exit code, standard error, and how long it took."""
    started = time.monotonic()
    process.send_signal(signal.SIGINT)
    _, told = process.communicate(timeout=10)
    return process.returncode, told, time.monotonic() - started


def test_serve_says_where_it_listens_and_stops_in_time(root: Path) -> None:
    with newsletter(root, "serve", "--port", "0") as process:
        line = first_line(process)
        url = line.rpartition(" ")[2]
        with urlopen(f"{url}/robots.txt", timeout=5) as answer:  # noqa: S310
            assert answer.read().startswith(b"User-agent: *\nDisallow: /u/\n")
        code, told, seconds = stop(process)
    assert line.startswith("The public pages listen on http://127.0.0.1:")
    assert told == (
        "Mails do not point here yet: newsletter.toml has no base_url.\n"
        '"Serving the public pages" in the documentation shows what to put before it.'
        "\nCtrl-C stops it.\n"
        "Stopped.\n"
    )
    assert code == 0
    assert seconds < 2


def test_serve_for_mails_that_point_to_this_computer_asks_for_no_tls(
    root: Path,
) -> None:
    settings = f'{SETTINGS}base_url = "http://127.0.0.1:8025"\n'
    (root / "newsletter.toml").write_text(settings)
    with newsletter(root, "serve", "--port", "0") as process:
        url = first_line(process).rpartition(" ")[2]
        # It answers: from now on Ctrl-C is heard.
        urlopen(f"{url}/robots.txt", timeout=5).close()  # noqa: S310
        _, told, _ = stop(process)
    assert told == (
        "Mails point to http://127.0.0.1:8025, which only this computer opens: "
        "for trials.\n"
        "Ctrl-C stops it.\n"
        "Stopped.\n"
    )


def test_serve_makes_its_database_and_keys_private(root: Path) -> None:
    with newsletter(root, "serve", "--port", "0") as process:
        first_line(process)
        modes = {
            path.name: path.stat().st_mode & 0o777
            for path in (root / "subscribers").iterdir()
        }
        stop(process)
    assert modes["newsletter.db"] == modes["secret.key"] == 0o600


def test_serve_on_a_taken_port_fails_with_exit_3(root: Path) -> None:
    with newsletter(root, "serve", "--port", "0") as first:
        port = first_line(first).rpartition(":")[2]
        with newsletter(root, "serve", "--port", port) as second:
            _, told = second.communicate(timeout=10)
        stop(first)
    assert second.returncode == 3
    assert told == (
        f"could not listen on 127.0.0.1:{port}: Address already in use. "
        "Choose another with --port.\n"
    )


def test_serve_without_the_secret_of_a_provider_fails_with_exit_3(root: Path) -> None:
    more = '[hooks.mailgun]\nkey = "env:NO_SUCH_KEY"\n'
    (root / "newsletter.toml").write_text(f"{SETTINGS}\n{more}")
    with newsletter(root, "serve", "--port", "0") as process:
        shown, told = process.communicate(timeout=10)
    assert (process.returncode, shown) == (3, "")
    assert told == (
        "the secret of [hooks.mailgun] is not set. "
        "Set it in the environment: export NO_SUCH_KEY=…\n"
    )


def test_serve_for_readers_says_what_it_needs_to_know_of_the_proxy(root: Path) -> None:
    settings = f'{SETTINGS}base_url = "https://news.example.org"\n{SERVER}'
    (root / "newsletter.toml").write_text(settings)
    with newsletter(root, "serve", "--port", "0", "--no-worker") as process:
        url = first_line(process).rpartition(" ")[2]
        urlopen(f"{url}/robots.txt", timeout=5).close()  # noqa: S310
        _, told, _ = stop(process)
    assert told == (
        "Mails that readers ask for on them wait for: newsletter worker\n"
        "Readers come by https://news.example.org: let a web server with TLS pass it "
        "on to here.\n"
        "Set trusted_hops = 1 under [web] for that web server: until then it is not "
        "limited how many join from one network.\n"
        '"Serving the public pages" in the documentation shows what to put before it.'
        "\nCtrl-C stops it.\n"
        "Stopped.\n"
    )


def test_serve_that_is_stopped_still_lets_go_who_has_pressed_the_button(
    root: Path,
) -> None:
    project = open_project(root)
    with open_desk(project) as desk, desk.database.writing() as connection:
        person = Person("anna@example.org", "anna@example.org", b"\1" * 32)
        list_id = ensure_lists(connection, ["main"])["main"]
        insert_people(connection, [person], now=NOW)
        set_status(
            connection,
            [1],
            list_id=list_id,
            status=SubscriptionStatus.ACTIVE,
            kind="imported",
            word=Word(NOW, "a.csv"),
        )
        token = sign(desk.keyring, Purpose.UNSUBSCRIBE, 1, list_id)
    with newsletter(root, "serve", "--port", "0", "--no-worker") as process:
        url = first_line(process).rpartition(" ")[2]
        urlopen(f"{url}/robots.txt", timeout=5).close()  # noqa: S310
        with open_desk(project) as desk, ThreadPoolExecutor() as pool:
            with desk.database.writing():
                body = b"List-Unsubscribe=One-Click"
                pressed = pool.submit(urlopen, f"{url}/u/{token}", body, 20)
                time.sleep(0.3)
                process.send_signal(signal.SIGTERM)
                time.sleep(1.5)
                assert not pressed.done()
            with pressed.result() as answer:
                assert answer.read() == b"OK\n"
            _, told = process.communicate(timeout=10)
            with desk.database.reading() as connection:
                (standing,) = read_subscriptions(connection, 1)
    assert standing.status is SubscriptionStatus.UNSUBSCRIBED
    # It went by the front door: the database was closed, not dropped.
    assert told.endswith("Stopped.\n")
    assert process.returncode == 0


def test_preview_prints_an_address_that_opens_it_and_stops_in_time(root: Path) -> None:
    with newsletter(root, "preview", "--no-browser") as process:
        url = first_line(process)
        with pytest.raises(HTTPError) as refused:
            urlopen(url.partition("?")[0], timeout=5)  # noqa: S310
        refused.value.close()
        code, told, seconds = stop(process)
    assert refused.value.code == 403
    assert url.startswith("http://127.0.0.1:")
    assert told == (
        "Preview of issues/spring.md; it follows the file. Ctrl-C stops it.\nStopped.\n"
    )
    assert code == 0
    assert seconds < 2


def test_preview_of_no_issue_fails_with_exit_3(root: Path) -> None:
    with newsletter(root, "preview", "autumn", "--no-browser") as process:
        _, told = process.communicate(timeout=10)
    assert process.returncode == 3
    assert told == 'there is no issue "autumn". There are: spring.\n'
