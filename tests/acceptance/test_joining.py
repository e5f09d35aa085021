"""A reader joins, from the form to the list: `newsletter serve` and a mail server."""

import email
import email.policy
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlencode

from newsletter.testing.smtp_server import SmtpServer

COMMAND = [sys.executable, "-c", "from newsletter.cli import main; main()"]
ANNA = "anna@example.org"
#: As long as a person looks at the form at least.
LOOKS_SECONDS = 3.1

SETTINGS = """\
[newsletter]
name = "Doorways"
sender = "Doorways <letter@example.org>"
base_url = "http://127.0.0.1:{web}"

[lists.main]
public = true

[fields.first_name]
ask = true

[server]
host = "127.0.0.1"
port = {smtp}
security = "none"
"""


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


@contextmanager
def serving(folder: Path, port: int) -> Iterator[Path]:
    """Run `newsletter serve`; yields the file with all that it prints."""
    log = folder.parent / "serve.log"
    command = [*COMMAND, "serve", "--port", str(port)]
    with (
        log.open("wb") as out,
        subprocess.Popen(command, cwd=folder, stdout=out, stderr=out) as process,
    ):
        try:
            end = time.monotonic() + 30
            while not is_up(port):
                assert process.poll() is None, log.read_text()
                assert time.monotonic() < end, log.read_text()
                time.sleep(0.05)
            yield log
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(30)


def is_up(port: int) -> bool:
    try:
        return ask(port, "/health") == "ok\n"
    except OSError:
        return False


def ask(port: int, path: str, form: dict[str, str] | None = None) -> str:
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    with closing(HTTPConnection("127.0.0.1", port, timeout=30)) as connection:
        body = urlencode(form) if form is not None else None
        connection.request("POST" if form is not None else "GET", path, body, kind)
        return connection.getresponse().read().decode()


def show(folder: Path) -> str:
    shown = subprocess.run(
        [*COMMAND, "subscribers", "show", ANNA],
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
    )
    return shown.stdout


def test_reader_joins_by_form_and_mail_and_no_log_names_them(tmp_path: Path) -> None:
    folder = tmp_path / "letter"
    folder.mkdir()
    web = free_port()
    with SmtpServer() as smtp:
        settings = SETTINGS.format(web=web, smtp=smtp.port)
        (folder / "newsletter.toml").write_text(settings)
        with serving(folder, web) as log:
            form = ask(web, "/join")
            (shown,) = re.findall(r'name="shown" value="([^"]+)"', form)
            time.sleep(LOOKS_SECONDS)
            given = {"email": ANNA, "list": "main", "shown": shown}
            given["field-first_name"] = "Anna"
            sent = ask(web, "/join", given)
            assert "Please look into your mailbox." in sent
            (received,) = smtp.wait_for(1, timeout_seconds=20)
            assert "list main: pending" in show(folder)
            mail = email.message_from_bytes(received.data, policy=email.policy.default)
            part = mail.get_body(("plain",))
            assert part is not None
            (confirm,) = re.findall(
                rf"http://127.0.0.1:{web}(/c/\S+)", part.get_content()
            )
            assert "Do you want to receive Doorways?" in ask(web, confirm)
            assert "You are subscribed." in ask(web, confirm, {"do": "confirm"})
            assert "list main: active" in show(folder)
        said = log.read_text()
    assert "Sent 1 mail that readers asked for on the web page." in said
    token = confirm.rpartition("/")[2]
    assert [one for one in (ANNA, "anna", "a***", token) if one in said] == []
