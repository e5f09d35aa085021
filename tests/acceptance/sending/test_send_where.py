"""A part of the readers: counted, shown, confirmed, sent and told by its own words."""

from typing import Any

import pytest

from newsletter.testing.smtp_server import SmtpServer

#: Fewer than all five.
WHERE = 'first_name >= "b" and "events" not in lists'


@pytest.fixture
def letter(post: Any) -> Any:
    """Anna and dora come to events too; eve left everything."""
    post.add("anna", "dora", lists=("main", "events"))
    post.add("bob", "carl", "eve")
    post.leave("eve")
    return post


def names_of(server: SmtpServer) -> list[str]:
    return sorted(one.partition("@")[0] for one in server.recording.recipients)


def test_send_where_counts_shows_and_mails_them_alone(letter: Any) -> None:
    with SmtpServer() as server:
        letter.use_server(server.port)
        # The number is shown before anything is confirmed.
        assert letter.run("send", "--untested", "--where", WHERE) == 2
        assert letter.err.endswith("write the number yourself: --confirm 2\n")
        assert letter.send(2, "--where", WHERE) == 0
        assert names_of(server) == ["bob", "carl"]
    assert "To:       2 of the 5 people on main\n" in letter.err
    assert "Left out: 1 unsubscribed, 2 not in the segment\n" in letter.err
    assert f"Where:    {WHERE}\n" in letter.err


def test_send_where_with_a_wrong_number_sends_nothing(letter: Any) -> None:
    with SmtpServer() as server:
        letter.use_server(server.port)
        assert letter.send(4, "--where", WHERE) == 2
        assert names_of(server) == []


def test_send_where_is_told_by_send_and_status(letter: Any) -> None:
    with SmtpServer() as server:
        letter.use_server(server.port)
        sent = letter.json(
            "send", "--confirm", "2", "--untested", "--where", f" {WHERE} "
        )
        assert sent["where"] == WHERE
        assert letter.json("status")["where"] == WHERE
        letter.run("status")
        assert f"To:        main\nWhere:     {WHERE}\n" in letter.out
        # Everybody else of the list has yet to get it.
        assert letter.send(2) == 0
        assert letter.json("status")["where"] is None
        assert names_of(server) == ["anna", "bob", "carl", "dora"]


def test_rehearsal_where_writes_their_mails_alone(letter: Any) -> None:
    assert letter.run("send", "--where", WHERE, "--rehearse") == 0
    assert sorted(path.name for path in (letter.root / "outbox").iterdir()) == [
        "2026-03-00001-bob@example.org.eml",
        "2026-03-00002-carl@example.org.eml",
    ]


def test_send_where_and_only_leaves_out_for_each_its_own(letter: Any) -> None:
    with SmtpServer() as server:
        letter.use_server(server.port)
        assert letter.send(2, "--where", WHERE) == 0
        letter.write_issue(name="2026-04")
        again = ("2026-04", "--where", 'first_name == "bob"', "--only", "missed:1")
        assert letter.send(0, *again) == 3
    assert letter.err == (
        "nobody is left to send 2026-04 to (list main). Left out: 1 unsubscribed, "
        "3 not in the segment, 1 not missed by dispatch 1.\n"
    )


def test_send_to_several_lists_without_anybody_names_them_all(letter: Any) -> None:
    letter.add("gina", lists=("events",))
    letter.leave("gina")
    with SmtpServer() as server:
        letter.use_server(server.port)
        to = ("--to", "main", "--to", "events")
        assert letter.send(0, *to, "--where", 'language == "ti"') == 3
    assert letter.err == (
        "nobody is left to send 2026-03 to (lists main and events). Left out: "
        "2 unsubscribed, 4 not in the segment.\n"
    )


def test_send_where_of_a_language_tells_who_has_none(letter: Any) -> None:
    letter.run("subscribers", "add", "n@example.org", "--field", "language=nl")
    with SmtpServer() as server:
        letter.use_server(server.port)
        assert letter.send(1, "--where", 'language == "nl"') == 0
    assert (
        "Note:     4 people have no language: they are not among them\n" in letter.err
    )


def test_send_where_nobody_is_says_so(letter: Any) -> None:
    with SmtpServer() as server:
        letter.use_server(server.port)
        assert letter.send(0, "--where", 'language == "ti"') == 3
    assert letter.err == (
        "nobody is left to send 2026-03 to (list main). Left out: 1 unsubscribed, "
        "4 not in the segment.\n"
    )


@pytest.mark.parametrize(
    ("where", "message"),
    [
        (
            'langauge == "nl"',
            '--where:1: there is no field "langauge". Did you mean "language"?\n',
        ),
        (
            '"event" in lists',
            '--where:1: there is no list "event". Did you mean "events"?\n',
        ),
        (
            "",
            "--where:1: a condition is missing here. Write "
            'language == "nl" and "volunteer" in tags\n',
        ),
    ],
)
def test_send_where_of_something_else_is_wrong_usage(
    letter: Any, where: str, message: str
) -> None:
    assert letter.run("send", "--where", where) == 2
    assert letter.err == message


def test_segment_stays_as_it_was_confirmed(letter: Any) -> None:
    """Who comes to fit it later gets nothing, and who no longer fits gets it."""
    with SmtpServer() as server:
        letter.use_server(server.port)
        assert letter.send(2, "--where", WHERE, "--first", "1") == 1
        assert names_of(server) == ["bob"]
        letter.add("frida")
        letter.add("carl", lists=("events",))
        assert letter.run("resume", "1") == 0
        assert names_of(server) == ["bob", "carl"]
