"""`newsletter login`, and what becomes of the password afterwards."""

import io
import os
import pty
import subprocess
import sys
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import pytest
import trustme

from newsletter.cli import run
from newsletter.testing.smtp_script import Script
from newsletter.testing.smtp_server import Fault, SmtpServer

#: To be found again if it is told anywhere.
PASSWORD = "mårker-7Kq"
#: As it looks on the wire, alone and after the user's name.
ENCODED = [b64encode(s.encode()).decode() for s in (PASSWORD, f"\0letter\0{PASSWORD}")]
COMMAND = [sys.executable, "-c", "from newsletter.cli import main; main()"]
SETTINGS = """\
[newsletter]
name = "Doorways"
sender = "Doorways <letter@example.org>"
address = "12 Harbour Lane, Utrecht"
hold_seconds = 0

[server]
host = "127.0.0.1"
port = {port}
security = "tls"
user = "letter"
timeout_seconds = 5
"""
ISSUE = """\
---
subject: Hello
preheader: What is new this month, and how to answer us
date: 2026-03-01
---

A paragraph of text. Nothing more.
"""


class Login(Protocol):
    def __call__(self, *arguments: str, text: str = "") -> tuple[int, str, str]: ...


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def server(
    authority: trustme.CA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[SmtpServer]:
    """Start a server that wants the password, with a certificate that is trusted."""
    import ssl

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    trusted = tmp_path / "authority.pem"
    authority.cert_pem.write_to_path(str(trusted))
    monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
    with SmtpServer(
        security="tls", certificate=context, users={"letter": PASSWORD}
    ) as running:
        yield running


@pytest.fixture
def root(tmp_path: Path, server: SmtpServer) -> Path:
    folder = tmp_path / "project"
    (folder / "issues").mkdir(parents=True)
    (folder / "issues" / "2026-03.md").write_text(ISSUE)
    (folder / "newsletter.toml").write_text(SETTINGS.format(port=server.port))
    return folder


@pytest.fixture
def login(
    root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Login:
    def login(*arguments: str, text: str = "") -> tuple[int, str, str]:
        given = io.TextIOWrapper(io.BytesIO(text.encode()), "utf-8")
        monkeypatch.setattr("sys.stdin", given)
        code = run([*arguments, "--project", str(root)])
        return code, *capsys.readouterr()

    return login


def stored(tmp_path: Path, server: SmtpServer) -> Path:
    name = f"letter@127.0.0.1%3A{server.port}.password"
    return tmp_path / ".config" / "newsletter" / name


def test_login_tries_the_password_and_stores_it(
    login: Login, server: SmtpServer, tmp_path: Path
) -> None:
    path = stored(tmp_path, server)
    assert login("login", "--stdin", text=f"{PASSWORD}\r\n") == (
        0,
        f"127.0.0.1:{server.port} takes this password for letter.\nStored in {path}.\n",
        "",
    )
    assert path.read_text() == PASSWORD
    code, out, _ = login("test", "--to", "me@example.org")
    assert (code, out) == (
        0,
        "Subject: Hello\nme@example.org: taken by your mail server\n",
    )
    assert server.messages[0].user == "letter"


def test_login_with_a_wrong_password_stores_nothing(
    login: Login, server: SmtpServer, tmp_path: Path
) -> None:
    assert login("login", "--stdin", text="wrong") == (
        3,
        "",
        f"127.0.0.1:{server.port} does not take this password for letter. It said: 535 "
        "5.7.8 authentication failed. Nothing was stored. Some providers want a "
        'password made for programs (an "app password"); theirs is not the one of your '
        "mailbox.\n",
    )
    assert not stored(tmp_path, server).exists()


def test_login_without_a_server_says_what_to_add_and_not_to_log_in(
    login: Login, tmp_path: Path
) -> None:
    text = '[newsletter]\nname = "D"\nsender = "d@example.org"\naddress = "Here"\n'
    next(tmp_path.rglob("newsletter.toml")).write_text(text)
    code, out, err = login("login", "--stdin", text=PASSWORD)
    assert (code, out) == (1, "")
    assert err.startswith(
        "there is no mail server in newsletter.toml, so there is nothing to log in to. "
        "Add what your mail provider told you, then try again:\n\n[server]\n"
    )


def test_login_keeps_the_old_password_when_the_new_one_is_refused(
    login: Login, server: SmtpServer, tmp_path: Path
) -> None:
    login("login", "--stdin", text=PASSWORD)
    login("login", "--stdin", text="wrong")
    assert stored(tmp_path, server).read_text() == PASSWORD


def test_login_without_a_check_stores_what_was_never_tried(
    login: Login, server: SmtpServer, tmp_path: Path
) -> None:
    code, out, _ = login("login", "--stdin", "--no-check", text="wrong")
    assert (code, out) == (0, f"Stored in {stored(tmp_path, server)}.\n")


def test_login_without_the_server_stores_nothing(
    login: Login, server: SmtpServer, tmp_path: Path
) -> None:
    server.stop()
    code, _, err = login("login", "--stdin", text=PASSWORD)
    assert code == 3
    assert err.startswith(
        f"the password could not be tried at 127.0.0.1:{server.port}: "
    )
    assert err.endswith(
        "Nothing was stored. With --no-check it is stored without a try.\n"
    )
    assert not stored(tmp_path, server).exists()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "the password is empty. Nothing was stored.\n"),
        ("\n", "the password is empty. Nothing was stored.\n"),
        (
            "two\nlines\n",
            "the password holds a line end or another invisible character. "
            "Nothing was stored.\n",
        ),
    ],
)
def test_login_with_what_is_no_password_is_refused(
    login: Login, text: str, said: str
) -> None:
    assert login("login", "--stdin", text=text) == (2, "", said)


def test_login_where_nobody_can_be_asked_says_how(login: Login) -> None:
    assert login("login") == (
        2,
        "",
        "there is no terminal to ask for the password. "
        "Give it on standard input: newsletter login --stdin < FILE\n",
    )


def test_login_on_a_terminal_asks_unseen(
    root: Path, server: SmtpServer, tmp_path: Path
) -> None:
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [*COMMAND, "login", "--project", str(root)],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
        env=os.environ | {"TERM": "dumb"},
    ) as process:
        os.close(theirs)
        seen = b""
        while b"type): " not in seen:
            seen += os.read(ours, 1000)
        os.write(ours, f"{PASSWORD}\n".encode())
        process.wait(timeout=20)
        seen += os.read(ours, 10_000)
    os.close(ours)
    assert seen.decode().replace("\r\n", "\n") == (
        f"Password of letter at 127.0.0.1:{server.port} (not shown as you type): \n"
        f"127.0.0.1:{server.port} takes this password for letter.\n"
        f"Stored in {stored(tmp_path, server)}.\n"
    )
    assert process.returncode == 0


def test_login_forget_removes_it(
    login: Login, server: SmtpServer, tmp_path: Path
) -> None:
    login("login", "--stdin", text=PASSWORD)
    path = stored(tmp_path, server)
    assert login("login", "--forget") == (0, f"Removed from {path}.\n", "")
    assert not path.exists()
    assert login("login", "--forget") == (
        0,
        f"No password is stored for letter at 127.0.0.1:{server.port}.\n",
        "",
    )


def test_sending_without_a_stored_password_names_login(
    login: Login, server: SmtpServer
) -> None:
    assert login("test", "--to", "me@example.org") == (
        3,
        "",
        f"the password of letter at 127.0.0.1:{server.port} is not on this computer. "
        "Store it with: newsletter login\n",
    )


@pytest.mark.parametrize(
    ("old", "new", "arguments", "code", "said"),
    [
        (
            'user = "letter"\n',
            "",
            [],
            1,
            "the server 127.0.0.1 has no user in newsletter.toml, so it is used "
            "without a password. If it wants one, add a line "
            'user = "…" under [server].\n',
        ),
        (
            'user = "letter"\n',
            'user = "letter"\npassword = "env:NAME"\n',
            [],
            1,
            "newsletter.toml takes the password of 127.0.0.1 from elsewhere "
            '(password = "env:NAME"). Remove that line to use a stored one.\n',
        ),
        (
            "",
            "",
            ["smtp.example.org"],
            2,
            'there is no server "smtp.example.org" in newsletter.toml. '
            "There are: 127.0.0.1.\n",
        ),
    ],
)
def test_login_that_would_be_of_no_use_says_why(
    login: Login,
    root: Path,
    old: str,
    new: str,
    arguments: list[str],
    code: int,
    said: str,
) -> None:
    path = root / "newsletter.toml"
    path.write_text(path.read_text().replace(old, new, 1))
    assert login("login", *arguments, "--stdin", text=PASSWORD) == (code, "", said)


def test_login_to_the_second_server_leaves_the_first(
    login: Login, root: Path, server: SmtpServer, tmp_path: Path
) -> None:
    path = root / "newsletter.toml"
    second = '[[server]]\nhost = "Second.test"\nuser = "v"\n'
    path.write_text(path.read_text().replace("[server]", "[[server]]") + second)
    code, out, _ = login("login", "second.test", "--stdin", "--no-check", text=PASSWORD)
    assert code == 0
    assert out.endswith("v@second.test%3A465.password.\n")
    assert not stored(tmp_path, server).exists()


def test_password_is_told_nowhere(
    login: Login, root: Path, server: SmtpServer, tmp_path: Path
) -> None:
    """Whatever the commands say or write, and whatever a server repeats."""
    login("login", "--stdin", text=PASSWORD)
    said = [*login("subscribers", "add", "anna@example.org", "--consent", "asked for")]
    repeated = f"535 5.7.8 {ENCODED[0]} {ENCODED[1]} {PASSWORD}"
    server.script = Script([Fault("auth", reply=repeated)])
    for line in (
        "login --stdin",
        "login --stdin --no-check",
        "test --to me@example.org",
        "test --to me@example.org --json",
        "send --untested --confirm 1",
        "send --untested --confirm 1 --json",
        "status",
        "status --json",
        "doctor --json",
        "resume",
        "cancel",
        "build",
        "check --offline",
        "login --forget",
    ):
        said += login(*line.split(), text=PASSWORD)
    path = stored(tmp_path, server)
    written = [p.read_bytes() for p in tmp_path.rglob("*") if p.is_file() and p != path]
    everything = b"".join(str(each).encode() for each in said) + b"".join(written)
    assert b"535 5.7.8 *** *** ***" in everything
    for secret in (PASSWORD, *ENCODED):
        assert secret.encode() not in everything
