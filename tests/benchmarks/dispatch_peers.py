"""One peer sends mails to a sink in a process of its own; started by `dispatch.py`.

The library peers are given finished bytes, so that only their sending is measured;
django and mailmerge make each mail themselves, from the same parts, as they do. Runs in
a virtual environment without us, too. Prints one JSON object.
"""

import argparse
import asyncio
import email
import email.policy
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.message import EmailMessage
from importlib import import_module
from pathlib import Path
from typing import Any

HOST = "127.0.0.1"
_SENDER = "post@example.org"
#: What aiosmtplib waits for a reply by default, and what others are given as well.
_TIMEOUT_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Job:
    """What is to be sent."""

    port: int
    count: int
    connections: int
    #: File with the finished mail.
    mail: Path

    def recipient(self, number: int) -> str:
        """Return the address of one recipient."""
        return f"reader{number}@example.org"


def send_with_sendmail(job: Job) -> None:
    """Send by `aiosmtplib.SMTP.sendmail`, each connection one mail after the other."""
    from aiosmtplib import SMTP

    data = job.mail.read_bytes()
    numbers = iter(range(job.count))

    async def work() -> None:
        smtp = SMTP(hostname=HOST, port=job.port, start_tls=False)
        await smtp.connect()
        for number in numbers:
            await smtp.sendmail(_SENDER, [job.recipient(number)], data)
        await smtp.quit()

    async def work_together() -> None:
        await asyncio.gather(*(work() for _ in range(job.connections)))

    asyncio.run(work_together())


def send_with_smtplib(job: Job) -> None:
    """Send by `smtplib.SMTP.sendmail` on one connection."""
    from smtplib import SMTP

    data = job.mail.read_bytes()
    with SMTP(HOST, job.port, timeout=_TIMEOUT_SECONDS) as smtp:
        for number in range(job.count):
            smtp.sendmail(_SENDER, [job.recipient(number)], data)


def send_with_django(job: Job) -> None:
    """Send by django's `send_messages` on one connection."""
    # By name: it is no dependency of ours, and its types are not known here.
    settings = import_module("django.conf").settings
    settings.configure(EMAIL_HOST=HOST, EMAIL_PORT=job.port)
    import_module("django").setup()
    mail = import_module("django.core.mail")
    text, html, subject = _parts(job.mail)

    def make(number: int) -> Any:
        to = [job.recipient(number)]
        one = mail.EmailMultiAlternatives(subject, text, _SENDER, to)
        one.attach_alternative(html, "text/html")
        return one

    mail.get_connection().send_messages([make(number) for number in range(job.count)])


def send_with_mailmerge(job: Job) -> None:
    """Send by the program mailmerge, its start included."""
    text, html, subject = _parts(job.mail)
    mail = EmailMessage()
    mail["TO"], mail["FROM"], mail["SUBJECT"] = "{{email}}", _SENDER, subject
    # It cannot read a template with parts in UTF-8 (2.2.3).
    mail.set_content(text.encode("ascii", "replace").decode(), cte="7bit")
    plain = html.encode("ascii", "xmlcharrefreplace").decode()
    mail.add_alternative(plain, subtype="html", cte="7bit")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        rows = "".join(f"{job.recipient(number)}\n" for number in range(job.count))
        (folder / "mailmerge_database.csv").write_text(f"email\n{rows}")
        server = f"[smtp_server]\nhost = {HOST}\nport = {job.port}\n"
        (folder / "mailmerge_server.conf").write_text(server)
        (folder / "mailmerge_template.txt").write_bytes(
            mail.as_bytes(policy=email.policy.SMTP)
        )
        program = Path(sys.executable).with_name("mailmerge")
        command = [str(program), "--no-dry-run", "--no-limit"]
        subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL)


def _parts(file: Path) -> tuple[str, str, str]:
    """Return text, HTML and subject of a mail, decoded."""
    mail = email.message_from_bytes(file.read_bytes(), policy=email.policy.default)
    text, html = mail.get_body(["plain"]), mail.get_body(["html"])
    if text is None or html is None:
        raise SystemExit("the mail has no text or no HTML")
    return text.get_content(), html.get_content(), str(mail["Subject"])


PEERS: Mapping[str, Callable[[Job], None]] = {
    "sendmail": send_with_sendmail,
    "smtplib": send_with_smtplib,
    "django": send_with_django,
    "mailmerge": send_with_mailmerge,
}


def main() -> None:
    """Send, and tell how long it took."""
    parser = argparse.ArgumentParser(description="One peer sends mails to a sink.")
    parser.add_argument("peer", choices=PEERS)
    parser.add_argument("port", type=int)
    parser.add_argument("count", type=int)
    parser.add_argument("mail", type=Path)
    parser.add_argument("--connections", type=int, default=1)
    chosen = parser.parse_args()
    job = Job(chosen.port, chosen.count, chosen.connections, chosen.mail)
    began, cpu = time.perf_counter(), os.times()
    PEERS[chosen.peer](job)
    end = os.times()
    used = end.user - cpu.user + end.system - cpu.system
    used += end.children_user - cpu.children_user
    taken = {"seconds": time.perf_counter() - began, "cpu_seconds": used}
    sys.stdout.write(json.dumps({"messages": job.count} | taken))


if __name__ == "__main__":
    main()
