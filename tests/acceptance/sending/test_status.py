import csv
import re
from typing import Any

from sqlalchemy import select, update

from newsletter.store.tables import contents
from newsletter.testing.smtp_server import Fault, SmtpServer


def send_with(post: Any, *faults: Fault) -> None:
    post.add("anna", "bob", "carl")
    with SmtpServer(faults) as server:
        post.use_server(server.port)
        post.run("send", "--confirm", "3", "--untested")


def test_status_of_an_open_dispatch_stands_before_every_command(post: Any) -> None:
    send_with(post, Fault("rcpt", recipient="bob", reply="450 later"))
    assert post.run("build", "2026-03") == 0
    assert post.err.startswith(
        "Dispatch 1 of 2026-03 is waiting: 1 of 3 left to do. "
        "Go on with: newsletter resume 1\n"
    )
    assert post.run("cancel") == 0
    assert post.run("build", "2026-03") == 0
    assert "Dispatch" not in post.err


def test_status_makes_no_database(post: Any) -> None:
    assert post.run("build", "2026-03") == 0
    assert post.run("status") == 3
    assert post.run("pause") == 3
    assert post.run("resume") == 3
    assert not (post.root / "subscribers").exists()


def test_status_not_reached_goes_to_a_private_file(post: Any) -> None:
    send_with(
        post,
        Fault("rcpt", recipient="anna", reply="550 5.1.1 <anna@example.org> unknown"),
        Fault("rcpt", recipient="bob", reply="450 4.2.1 later"),
    )
    path = post.root / "left.csv"
    path.touch(0o644)
    assert post.run("status", "--not-reached", "-o", str(path)) == 0
    assert post.err.endswith(f"wrote 2 recipients to {path}\n")
    assert path.stat().st_mode & 0o777 == 0o600
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    told = [(row["email"], row["reason"], row["what_to_do"]) for row in rows]
    assert told == [
        (
            "anna@example.org",
            "This mailbox does not exist.",
            "Remove the address, or ask for a new one.",
        ),
        (
            "bob@example.org",
            "This mailbox takes no mail at the moment.",
            "Nothing to do: it is tried again when the dispatch goes on.",
        ),
    ]
    said = [(row["state"], row["code"], row["said"]) for row in rows]
    assert said == [
        ("refused", "550", "5.1.1 <a***@example.org> unknown"),
        ("deferred", "450", "4.2.1 later"),
    ]


def test_status_not_reached_holds_nothing_that_a_spreadsheet_computes(
    post: Any,
) -> None:
    post.add("=1+1", "bob")
    with SmtpServer([Fault("rcpt", reply="552 5.2.2 full")]) as server:
        post.use_server(server.port)
        post.run("send", "--confirm", "2", "--untested")
    path = post.root / "left.csv"
    post.run("status", "--not-reached", "-o", str(path))
    assert "\n'=1+1@example.org,The mailbox" in path.read_text()
    # As a list to import it means the same person again.
    post.run("subscribers", "import", str(path))
    assert "there already" in post.out
    assert "new" not in post.out
    found = post.json("status", "--not-reached")["not_reached"]
    assert [one["email"] for one in found] == ["=1+1@example.org", "bob@example.org"]


def test_status_not_reached_json(post: Any) -> None:
    send_with(post, Fault("rcpt", recipient="anna", reply="550 5.1.1 no"))
    found = post.json("status", "1", "--not-reached")
    (one,) = found["not_reached"]
    assert one.pop("at").endswith("Z")
    assert one == {
        "email": "anna@example.org",
        "state": "refused",
        "reason": "This mailbox does not exist.",
        "advice": "Remove the address, or ask for a new one.",
        "code": 550,
        "said": "5.1.1 no",
        "message_id": None,
    }


def test_status_unknown_with_nobody_in_doubt(post: Any) -> None:
    send_with(post)
    assert post.run("status", "--unknown") == 0
    assert post.out == ""
    assert post.err == (
        "Nobody is in doubt: no mail of dispatch 1 was left without an answer.\n"
    )


def test_status_not_reached_when_everybody_was_says_so(post: Any) -> None:
    send_with(post)
    assert post.run("status", "--not-reached") == 0
    assert post.out == (
        "email,reason,what_to_do,state,code,said,at,message_id,returned\n"
    )
    assert post.err == (
        "Nobody is left: your mail server took the mail of dispatch 1 for everybody.\n"
    )


def test_status_to_a_file_names_everybody_with_their_state(post: Any) -> None:
    send_with(post, Fault("rcpt", recipient="bob", reply="550 5.1.1 no"))
    path = post.root / "all.csv"
    assert post.run("status", "-o", str(path)) == 0
    assert post.err == f"wrote 3 recipients to {path}\n"
    assert path.stat().st_mode & 0o777 == 0o600
    with path.open(newline="") as file:
        rows = [(r["email"], r["state"], r["reason"]) for r in csv.DictReader(file)]
    assert rows == [
        ("anna@example.org", "accepted", "Taken by your mail server."),
        ("bob@example.org", "refused", "This mailbox does not exist."),
        ("carl@example.org", "accepted", "Taken by your mail server."),
    ]


def test_status_names_subject_list_times_and_earlier_dispatches(post: Any) -> None:
    send_with(post)
    post.write_issue(name="2026-04")
    with SmtpServer() as server:
        post.use_server(server.port)
        post.run("send", "2026-04", "--confirm", "3", "--untested")
    assert post.run("status") == 0
    day = r"(Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day \d+ \w+ \d{4}, [\d:]+ UTC"
    assert re.fullmatch(
        "Dispatch 2 of 2026-04 is done\n"
        "Subject:   Hello reader\n"
        "To:        main\n"
        f"Begun:     {day}\n"
        f"Ended:     {day}\n"
        "       3  taken by your mail server\n"
        "       3  in all\n"
        r"Earlier: 1 \(2026-03, done\)\n",
        post.out,
    )
    assert post.run("status", "1") == 0
    assert "Earlier" not in post.out


def test_status_of_the_open_dispatch_says_once_what_to_do(post: Any) -> None:
    send_with(post, Fault("rcpt", recipient="bob", reply="450 later"))
    for arguments in (("status",), ("status", "1"), ("pause",)):
        assert post.run(*arguments) == 0
        assert post.err == ""
        assert post.out.count("newsletter resume 1") == 1


def test_status_of_another_dispatch_still_tells_of_the_open_one(post: Any) -> None:
    send_with(post, Fault("rcpt", recipient="bob", reply="450 later"))
    post.write_issue(name="2026-04")
    with SmtpServer() as server:
        post.use_server(server.port)
        post.run("send", "2026-04", "--confirm", "3", "--untested")
    assert post.run("status") == 0
    assert post.err == (
        "Dispatch 1 of 2026-03 is waiting: 1 of 3 left to do. "
        "Go on with: newsletter resume 1\n"
    )
    assert post.run("resume", "2") == 0
    assert post.err.startswith("Dispatch 1 of 2026-03 is waiting: ")


def test_cancel_tells_who_left_from_who_was_cancelled(post: Any) -> None:
    send_with(post, Fault("mail", reply="550 no"))
    post.leave("bob")
    with SmtpServer([Fault("mail", nth=2, reply="550 no")]) as server:
        post.use_server(server.port)
        post.run("resume")
    assert post.run("cancel") == 0
    assert post.out == (
        "Dispatch 1 of 2026-03 is cancelled: cancelled by hand\n"
        "       1  taken by your mail server\n"
        "       1  skipped: left meanwhile\n"
        "       1  skipped: cancelled\n"
        "       3  in all\n"
    )


def test_status_of_a_number_never_given_names_the_newest(post: Any) -> None:
    send_with(post)
    assert post.run("status", "7") == 3
    assert post.err == "there is no dispatch 7. The newest one is 1.\n"


def test_status_json_of_a_failure_is_one_object(post: Any) -> None:
    assert post.json("status") == {
        "error": {
            "kind": "operation",
            "message": "no issue has been sent yet.",
            "advice": "Send one with: newsletter send",
        }
    }


def test_pause_and_cancel_of_what_is_over_say_so(post: Any) -> None:
    send_with(post)
    assert post.run("pause") == 3
    assert post.err == ("no dispatch is open. The newest, 1 of 2026-03, is done.\n")
    assert post.run("cancel", "1") == 3
    assert post.err == (
        "dispatch 1 of 2026-03 is done already; it cannot be cancelled.\n"
    )


def test_pause_of_a_waiting_dispatch_and_again(post: Any) -> None:
    send_with(post, Fault("rcpt", recipient="bob", reply="450 later"))
    for _ in range(2):
        assert post.run("pause") == 0
        assert post.out.splitlines()[0] == (
            "Dispatch 1 of 2026-03 is paused: paused by hand"
        )


def test_resume_of_what_is_done_shows_how_it_ended(post: Any) -> None:
    send_with(post, Fault("rcpt", recipient="bob", reply="550 5.1.1 no"))
    assert post.run("resume", "1") == 1
    assert post.out.splitlines()[0] == "Dispatch 1 of 2026-03 is done"


def test_resume_refused_tries_them_again_and_nobody_else(post: Any) -> None:
    send_with(post, Fault("rcpt", recipient="bob", reply="552 5.2.2 full"))
    with SmtpServer() as server:
        post.use_server(server.port)
        assert post.run("resume", "--refused") == 0
        assert server.recording.recipients == ["bob@example.org"]


def test_resume_without_a_number_and_two_open_asks_which(post: Any) -> None:
    send_with(post, Fault("rcpt", reply="450 later"))
    post.write_issue(name="2026-04")
    with SmtpServer([Fault("rcpt", reply="450 later")]) as server:
        post.use_server(server.port)
        assert post.run("send", "2026-04", "--confirm", "3", "--untested") == 1
        assert post.run("resume") == 3
    assert post.err.endswith(
        "more than one dispatch is open. "
        "Choose one: 1 (2026-03, waiting), 2 (2026-04, waiting).\n"
    )


def test_content_that_was_damaged_meanwhile_is_neither_sent_nor_quoted(
    post: Any,
) -> None:
    """Still a mail, but not the one that was tested and confirmed."""
    post.add("anna", "bob")
    with SmtpServer([Fault("rcpt", recipient="bob", reply="450 later")]) as server:
        post.use_server(server.port)
        assert post.run("send", "--confirm", "2", "--untested") == 1
        with post.database() as database, database.writing() as connection:
            was = connection.scalar(select(contents.c.compiled))
            now = was.replace(b"Nothing more", b"Nothing less")
            assert now != was
            connection.execute(update(contents).values(compiled=now))
        damaged = "this stored mail is damaged. Restore the database from a backup.\n"
        assert post.run("resume") == 3
        assert post.err.endswith(damaged)
        assert server.recording.recipients == ["anna@example.org"]


def test_status_unknown_goes_to_a_private_file(post: Any) -> None:
    send_with(post, Fault("end", recipient="bob", closes=True))
    path = post.root / "doubt.csv"
    assert post.run("status", "--unknown", "-o", str(path)) == 0
    assert (post.out, post.err) == ("", f"wrote 1 recipient to {path}\n")
    assert path.stat().st_mode & 0o777 == 0o600
    with path.open(newline="") as file:
        (row,) = csv.DictReader(file)
    assert (row["email"], row["state"]) == ("bob@example.org", "unknown")
    assert row["message_id"]
    found = post.json("status", "--unknown", "-o", str(path))
    assert found["unknown_recipients"][0]["message_id"] == row["message_id"]
