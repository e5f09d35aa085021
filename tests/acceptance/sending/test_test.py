import json
from email import message_from_bytes
from email.policy import default
from typing import Any

from newsletter.store.keys import open_keyring
from newsletter.testing.smtp_server import Fault, SmtpServer
from newsletter.tokens import Purpose, verify


def test_test_without_a_server_writes_files_and_says_that_nobody_was_mailed(
    post: Any,
) -> None:
    assert post.run("test", "--to", "me@example.org", "--to", "you@example.org") == 0
    assert post.out == (
        "Subject: Hello reader\n"
        "wrote outbox/2026-03-test-00001-me@example.org.eml\n"
        "wrote outbox/2026-03-test-00002-you@example.org.eml\n"
        "Nobody was mailed: there is no mail server in newsletter.toml. "
        "Open the file in your mail program.\n"
    )


def test_test_without_a_server_does_not_count_as_tested(post: Any) -> None:
    post.add("anna")
    post.run("test", "--to", "me@example.org")
    with SmtpServer() as server:
        post.use_server(server.port)
        assert post.run("send", "--confirm", "1") == 1


def test_test_goes_to_the_addresses_of_the_settings(post: Any) -> None:
    with SmtpServer() as server:
        post.use_server(server.port)
        path = post.root / "newsletter.toml"
        path.write_text(path.read_text() + '\n[test]\nto = ["a@b.org", "c@b.org"]\n')
        assert post.run("test") == 0
        assert server.recording.recipients == ["a@b.org", "c@b.org"]


def test_test_shows_the_fields_of_somebody_and_nobodys_else(post: Any) -> None:
    post.add("anna")
    with SmtpServer() as server:
        post.use_server(server.port)
        post.run("test", "--to", "me@example.org")
        post.run("test", "--to", "me@example.org", "--as", "ANNA@example.org")
        subjects = [
            message_from_bytes(one.data, policy=default)["Subject"]
            for one in server.messages
        ]
    assert subjects == ["Hello reader", "Hello anna"]


def test_test_as_somebody_prints_the_subject_of_the_mail_that_was_sent(
    post: Any,
) -> None:
    post.add("anna")
    with SmtpServer() as server:
        post.use_server(server.port)
        as_anna = ("--as", "anna@example.org", "--mark")
        assert post.run("test", "--to", "me@example.org", *as_anna) == 0
        mail = message_from_bytes(server.messages[0].data, policy=default)
    assert mail["Subject"] == "[TEST] Hello anna"
    assert post.out == (
        "Subject: [TEST] Hello anna\nme@example.org: taken by your mail server\n"
    )


def test_test_as_somebody_unknown_says_so(post: Any) -> None:
    assert post.run("test", "--to", "me@example.org", "--as", "x@example.org") == 2
    assert post.err == (
        'there is no subscriber "x@example.org". See: newsletter subscribers list\n'
    )


def test_test_with_a_mark_changes_the_subject_and_counts_as_the_test(post: Any) -> None:
    post.add("anna")
    post.write_issue(
        (post.root / "issues/2026-03.md")
        .read_text()
        .replace("---\n\n", "language: nl\n---\n\n", 1)
    )
    with SmtpServer() as server:
        post.use_server(server.port)
        assert post.run("test", "--to", "me@example.org", "--mark") == 0
        mail = message_from_bytes(server.messages[0].data, policy=default)
        assert mail["Subject"] == "[PROEF] Hello reader"
        assert post.run("send", "--confirm", "1") == 0
        mail = message_from_bytes(server.messages[1].data, policy=default)
        assert mail["Subject"] == "Hello anna"


def test_test_differs_from_the_dispatch_only_in_what_is_personal(post: Any) -> None:
    """What you tested is what goes out: same path, same bytes but for these lines."""
    post.add("anna")
    with SmtpServer() as server:
        post.use_server(server.port)
        post.run("test", "--to", "anna@example.org", "--as", "anna@example.org")
        post.run("send", "--confirm", "1")
        tested, sent = (without_person(one.data) for one in server.messages)
    assert tested == sent


def without_person(data: bytes) -> bytes:
    """Return a mail with the same time and the same tokens for everybody."""
    mail = message_from_bytes(data)
    tokens = [
        mail["Message-ID"].partition("@")[0].strip("<"),
        mail["List-Unsubscribe"].partition("unsubscribe%20")[2].rstrip(">"),
        mail["Date"],
    ]
    for token in tokens:
        data = data.replace(token.encode(), b"*")
    return data


def test_test_has_links_that_change_nothing_and_a_new_id_each_time(post: Any) -> None:
    post.add("anna")
    with SmtpServer() as server:
        post.use_server(server.port)
        for _ in range(2):
            post.run("test", "--to", "anna@example.org", "--as", "anna@example.org")
        mails = [message_from_bytes(one.data) for one in server.messages]
    ids = {mail["Message-ID"] for mail in mails}
    assert len(ids) == 2
    with post.database() as database:
        keyring = open_keyring(database, root=post.root)
    for mail in mails:
        token = mail["List-Unsubscribe"].partition("unsubscribe%20")[2].rstrip(">")
        assert verify(keyring, Purpose.TEST, token) is not None
        assert verify(keyring, Purpose.UNSUBSCRIBE, token) is None


def test_test_partly_refused_says_who_and_why(post: Any) -> None:
    faults = [Fault("rcpt", recipient="bad", reply="550 5.1.1 no such user")]
    with SmtpServer(faults) as server:
        post.use_server(server.port)
        code = post.run("test", "--to", "bad@example.org", "--to", "me@example.org")
    assert code == 1
    assert post.out == (
        "Subject: Hello reader\n"
        "me@example.org: taken by your mail server\n"
        "bad@example.org: not sent; the mail server said: 550 5.1.1 no such user\n"
    )


def test_test_that_nobody_answered_is_unknown_and_not_called_unsent(post: Any) -> None:
    to = [word for n in range(1, 7) for word in ("--to", f"t{n}@example.org")]
    faults = [Fault("end", nth=3, closes=True, keeps=True)]
    with SmtpServer(faults) as server:
        post.use_server(server.port)
        code = post.run("test", *to)
        assert len(server.messages) == 6
    assert code == 1
    assert (
        "t3@example.org: unknown: the mail left, and no answer came; it may have "
        "arrived\n"
    ) in post.out
    assert post.out.count("taken by your mail server") == 5


def test_test_of_which_all_are_unknown_is_exit_1_and_json_lists_them(post: Any) -> None:
    with SmtpServer([Fault("end", nth=1, closes=True, keeps=True)]) as server:
        post.use_server(server.port)
        assert post.run("test", "--to", "me@example.org", "--json") == 1
    found = json.loads(post.out)
    assert (found["accepted"], found["failed"]) == ([], [])
    assert [one["email"] for one in found["unknown"]] == ["me@example.org"]


def test_test_refused_altogether_is_exit_3_and_no_test(post: Any) -> None:
    post.add("anna")
    with SmtpServer([Fault("mail", nth=1, reply="553 5.7.1 not you")]) as server:
        post.use_server(server.port)
        assert post.run("test", "--to", "me@example.org") == 3
        assert post.run("send", "--confirm", "1") == 1


def test_test_json_is_one_object(post: Any) -> None:
    with SmtpServer() as server:
        post.use_server(server.port)
        found = post.json("test", "--to", "me@example.org")
    assert len(found.pop("content_hash")) == 64
    assert found == {
        "issue": "2026-03",
        "accepted": ["me@example.org"],
        "failed": [],
        "unknown": [],
        "files": [],
    }


def test_test_without_an_address_says_where_to_write_one(post: Any) -> None:
    assert post.run("test") == 2
    assert post.err == (
        "there is no address to send the test to. Write --to you@example.org, or "
        'to = ["you@example.org"] under [test].\n'
    )


def test_test_to_more_than_ten_addresses_is_refused(post: Any) -> None:
    to = [word for n in range(11) for word in ("--to", f"p{n}@example.org")]
    assert post.run("test", *to) == 2
    assert post.err == "a test goes to 10 addresses at most, not 11.\n"


def test_test_to_something_that_is_no_address_says_why(post: Any) -> None:
    assert post.run("test", "--to", "anna@") == 2
    assert post.err.startswith('"anna@" cannot be mailed: ')
