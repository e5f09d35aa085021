"""`check --fix` against a site that has moved its pages."""

import json
import os
import pty
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from newsletter.cli import run

SETTINGS = """\
[newsletter]
name = "Harbour"
sender = "Harbour <letter@example.org>"
address = "Harbour Street 1, Utrecht"
"""
HEAD = """\
---
subject: Goed werkgeverschap en vier uitspraken
preheader: Een avond over rechten, en wat de rechter besliste over wonen
date: 2023-02-14
language: nl
---

"""
PAGE = b"<title>A page</title><p>Words of a page.</p>"
MOVED = {"/old/one": "/new/one", "/old/two": "/new/two", "/old/front": "/"}
FOUND = {"/new/one", "/new/two", "/", "/good-news"}


class Site(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        target = MOVED.get(self.path)
        self.send_response(301 if target else 200 if self.path in FOUND else 404)
        if target:
            self.send_header("Location", target)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(PAGE)))
        self.end_headers()
        self.wfile.write(PAGE)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def site() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Site)
    thread = Thread(target=server.serve_forever, args=[0.02])
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "newsletter.toml").write_text(SETTINGS, encoding="utf-8")
    (tmp_path / "issues").mkdir()
    return tmp_path


def issue_of(project: Path) -> Path:
    return project / "issues" / "2023-02.md"


def arguments(project: Path, *more: str) -> list[str]:
    private = ("--allow-private", "127.0.0.0/8")
    return ["check", "2023-02", "--project", str(project), *private, *more]


def write(project: Path, body: str) -> None:
    issue_of(project).write_text(HEAD + body, encoding="utf-8")


def body_of(project: Path) -> str:
    return issue_of(project).read_text(encoding="utf-8").removeprefix(HEAD)


def test_all_new_addresses_are_written_with_yes(
    project: Path, site: str, capsys: pytest.CaptureFixture[str]
) -> None:
    write(project, f"[a]({site}/old/one), [b]({site}/old/two), [c]({site}/old/front)\n")
    run(arguments(project, "--fix", "--yes"))
    assert capsys.readouterr().out.endswith(
        f"issues/2023-02.md:8: {site}/old/one -> {site}/new/one\n"
        f"issues/2023-02.md:8: {site}/old/two -> {site}/new/two\n"
        "issues/2023-02.md: 2 addresses written. Check it again before you send it.\n"
    )
    expected = f"[a]({site}/new/one), [b]({site}/new/two), [c]({site}/old/front)\n"
    assert body_of(project) == expected


def test_broken_address_is_asked_whole_and_joined(
    project: Path, site: str, capsys: pytest.CaptureFixture[str]
) -> None:
    write(project, f"See {site}/good-\nnews and more.\n")
    run(arguments(project, "--fix", "--yes"))
    shown = capsys.readouterr().out
    assert f"Write {site}/good-news on one line: it answers." in shown
    assert shown.count("[link-broken]") == 1
    assert body_of(project) == f"See {site}/good-news\nand more.\n"


def test_what_was_written_is_told_to_scripts(
    project: Path, site: str, capsys: pytest.CaptureFixture[str]
) -> None:
    write(project, f"[a]({site}/old/one)\n")
    run(arguments(project, "--fix", "--yes", "--json"))
    assert json.loads(capsys.readouterr().out)["fixed"] == [
        {
            "file": "issues/2023-02.md",
            "line": 8,
            "old": f"{site}/old/one",
            "new": f"{site}/new/one",
        }
    ]


def test_new_addresses_are_offered(
    project: Path, site: str, capsys: pytest.CaptureFixture[str]
) -> None:
    write(project, f"[a]({site}/old/one)\n")
    run(arguments(project))
    offer = "newsletter check --fix writes new addresses for you, one by one.\n"
    assert capsys.readouterr().out.endswith(offer)
    assert body_of(project) == f"[a]({site}/old/one)\n"


def on_a_terminal(project: Path, answers: str) -> str:
    command = [
        *(sys.executable, "-c", "from newsletter.cli import main; main()"),
        *arguments(project, "--fix"),
    ]
    ours, theirs = pty.openpty()
    process = subprocess.Popen(command, stdin=theirs, stderr=theirs, stdout=theirs)
    os.close(theirs)
    os.write(ours, answers.encode())
    shown = b""
    # On Linux the end of a terminal is an error, not an end.
    with suppress(OSError):
        while part := os.read(ours, 10_000):
            shown += part
    os.close(ours)
    process.wait(30)
    return shown.decode().replace("\r\n", "\n")


def test_each_address_is_asked_about_on_a_terminal(project: Path, site: str) -> None:
    write(project, f"[the first]({site}/old/one) and [that]({site}/old/two)\n")
    shown = on_a_terminal(project, "n\ny\n")
    assert (
        f"issues/2023-02.md:8:1  the first\n  old: {site}/old/one\n"
        f"  new: {site}/new/one\nWrite the new address? [y/N]: "
    ) in shown
    assert body_of(project) == (
        f"[the first]({site}/old/one) and [that]({site}/new/two)\n"
    )


def test_answer_that_is_none_is_asked_for_again(project: Path, site: str) -> None:
    write(project, f"[the first]({site}/old/one)\n")
    shown = on_a_terminal(project, "perhaps\nyes\n")
    assert "Answer y for yes, or n for no.\n" in shown
    assert "invalid" not in shown
    assert body_of(project) == f"[the first]({site}/new/one)\n"


@pytest.mark.parametrize(
    ("options", "error"),
    [
        (["--yes"], "--yes belongs to --fix."),
        (
            ["--fix"],
            "--fix asks about each address, and nobody can be asked here. "
            "Add --yes to write them all.",
        ),
        (
            ["--fix", "--yes", "--offline"],
            "--fix needs the answers of one issue's links: "
            "leave out --offline and --archive.",
        ),
    ],
)
def test_fix_that_cannot_be_done_is_refused(
    project: Path, options: list[str], error: str, capsys: pytest.CaptureFixture[str]
) -> None:
    write(project, "Words.\n")
    assert run(arguments(project, *options)) == 2
    assert error in capsys.readouterr().err
