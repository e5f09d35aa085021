"""What servers said of readers is gone when ``[retention]`` is over, in every table."""

import csv
import io
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from newsletter.testing.smtp_script import Fault
from newsletter.testing.smtp_server import SmtpServer
from newsletter.workflow.retention import erase_outdated

from .returns import COMPLAINT, Returns, deliver

#: `[retention]` of the tests, in days.
DELIVERIES, BOUNCES = 3, 9
SAID = "550 5.1.1 the grey cat sleeps elsewhere"
ANSWERED = "the black cat lives no more"


def file_holds(post: Any, words: str) -> bool:
    """Tell whether words stand anywhere in the files of the database."""
    files = (post.root / "subscribers").glob("newsletter.db*")
    return any(words.encode() in path.read_bytes() for path in files)


def erase(post: Any, days: int) -> None:
    erase_outdated(post.project, now=datetime.now(UTC) + timedelta(days=days, hours=1))


def history(post: Any, name: str) -> str:
    assert post.run("subscribers", "show", f"{name}@example.org") == 0
    out: str = post.out
    return out


def test_words_of_servers_leave_every_table_when_their_time_is_over(
    returns: Returns, maildir: Path
) -> None:
    post = returns.post
    mails = [returns.hard("ann", text=SAID), returns.write(COMPLAINT, "dan")]
    deliver(maildir, mails)
    assert post.run("inbox", "--from", f"maildir:{maildir}") == 0
    with SmtpServer(
        [Fault("rcpt", recipient="bob", reply=f"550 5.1.1 {ANSWERED}")]
    ) as server:
        post.use_server(server.port)
        post.write_issue(name="2026-04")
        assert post.run("send", "2026-04", "--confirm", "7", "--untested") == 1
    settings = post.root / "newsletter.toml"
    kept = f"[retention]\ndeliveries = {DELIVERIES}\nbounces = {BOUNCES}\n"
    settings.write_text(settings.read_text() + kept)
    assert f"dispatch 1: {SAID}" in history(post, "ann")
    assert f"dispatch 2: 5.1.1 {ANSWERED}" in history(post, "bob")

    erase(post, DELIVERIES)
    assert (file_holds(post, SAID), file_holds(post, ANSWERED)) == (True, False)
    assert history(post, "bob").endswith("bounced, main, smtp: dispatch 2\n")
    erase(post, BOUNCES)
    assert (file_holds(post, SAID), file_holds(post, ANSWERED)) == (False, False)
    assert history(post, "ann").endswith("bounced, main, maildir: dispatch 1\n")
    assert history(post, "dan").endswith("complained, main, maildir: dispatch 1\n")


def test_report_of_an_erased_dispatch_says_that_its_answers_are_erased(
    returns: Returns,
) -> None:
    post = returns.post
    faults = [
        Fault("rcpt", recipient="bob", reply=f"550 5.1.1 {ANSWERED}"),
        Fault("end", recipient="cem", closes=True),
    ]
    with SmtpServer(faults) as server:
        post.use_server(server.port)
        post.write_issue(name="2026-04")
        assert post.run("send", "2026-04", "--confirm", "9", "--untested") == 1
    erase(post, 30)
    assert post.run("status", "2") == 0
    assert "Who was refused: newsletter status 2 --not-reached\n" in post.out
    assert post.run("status", "2", "--not-reached") == 0
    bob, cem = csv.DictReader(io.StringIO(post.out))
    assert (bob["email"], bob["state"], bob["code"], bob["said"]) == (
        "bob@example.org",
        "refused",
        "550",
        "",
    )
    assert (bob["reason"], bob["what_to_do"]) == (
        "Refused. Why is not known any more: what the mail server said is erased 30 "
        "days after a dispatch ([retention] deliveries).",
        "",
    )
    assert (cem["state"], "resume" in cem["what_to_do"]) == ("unknown", False)
    assert cem["what_to_do"] == (
        f"Look in the mail server's log for Message-ID {cem['message_id']}."
    )
    assert post.run("status", "2", "--unknown") == 0
    assert post.err == (
        "1 recipient of dispatch 2 is unknown.\n"
        "The log of your mail server knows them by these Message-IDs.\n"
    )
