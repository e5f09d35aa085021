"""`newsletter inbox`: mails of a dispatch come back, by Maildir and mbox."""

from pathlib import Path

import pytest

from newsletter.store.database import open_database

from .returns import LETTER, WISH, Returns, deliver, write_mbox

QUESTION = b"""\
From: Sanne <sanne@elders.example>
To: letter@example.org
Subject: Een vraag
Message-ID: <q1@elders.example>

Wanneer is de volgende bijeenkomst?
"""
#: What an editor reads of all of these: of dead addresses when all were read, of people
#: last.
LINES = (
    "bob@example.org: the mail did not arrive this time (452 4.2.2 mailbox full). "
    "Counted; nothing was changed.\n"
    "cem@example.org: blocked by the receiving side (554 5.7.1 blocked: listed by "
    "Spamhaus). That is not the reader's matter; nothing was changed.\n"
    "dan@example.org called it spam, and gets no mail any more.\n"
    "eva@example.org has left by mail.\n"
    "fay@example.org: an automatic answer. Nothing to do.\n"
    "A mail to ivy@example.org came back (550 5.1.1 user unknown), but nothing proves "
    "that it is one of yours. Nothing was changed. It stays unread. If you believe "
    "it: newsletter subscribers unsubscribe ivy@example.org\n"
    "ann@example.org: the address is dead (550 5.1.1 user unknown). No mail goes there "
    "any more.\n"
    "gus@example.org asks to leave: “Re: Hello”. If so: newsletter subscribers "
    "unsubscribe gus@example.org\n"
    "dora@example.net wrote to you: “Re: Hello”. It stays unread.\n"
)
SUMMARY = """\
1 mail: the address is dead, and gets none any more.
1 mail: called spam; who did gets none any more.
1 mail: left by mail.
1 mail: did not arrive this time; counted.
1 mail: blocked by the receiving side, not by readers.
1 mail: nothing to do.
1 mail: returned or by a program, and nothing proves that it is about one of yours.
1 mail: somebody asks to leave; that is yours to do.
1 mail: for you to read.
"""
#: The same where nothing is done.
WOULD = (
    (". Counted; nothing was changed.", ". It would be counted."),
    ("and gets no mail", "and would get no mail"),
    ("has left by mail", "would leave by mail"),
    ("No mail goes there", "No mail would go there"),
)
WOULD_SUMMARY = (
    ("dead, and gets none", "dead, and would get none"),
    ("who did gets none", "who did would get none"),
    ("1 mail: left by mail.", "1 mail: would leave by mail."),
    ("this time; counted.", "this time; would be counted."),
)
WISH_LINE = "gus@example.org asked to leave on "


def expect_all_done(returns: Returns) -> None:
    assert returns.statuses() == {
        "ann": "bounced",
        "bob": "active",
        "cem": "active",
        "dan": "unsubscribed",
        "eva": "unsubscribed",
        "fay": "active",
        "gus": "active",
        "hal": "active",
        "ivy": "active",
    }
    found = returns.post.json("status")
    assert (found["bounced"], found["complained"]) == (3, 1)


def test_maildir_tells_each_mail_and_the_second_look_nothing(
    returns: Returns, maildir: Path
) -> None:
    deliver(maildir, returns.all())
    post = returns.post
    assert post.run("inbox", "--from", f"maildir:{maildir}") == 0
    assert (post.out, post.err) == (LINES, SUMMARY)
    expect_all_done(returns)
    assert len(list((maildir / "new").iterdir())) == 3
    assert all(path.name.endswith(":2,S") for path in (maildir / "cur").iterdir())
    assert post.run("inbox", "--from", f"maildir:{maildir}") == 0
    assert post.out.startswith(WISH_LINE)
    assert post.out.count("\n") == 1
    assert post.err == "No new mail.\n3 mails known already.\n"
    expect_all_done(returns)


def test_letters_that_lie_unread_are_met_again_without_a_writer(
    returns: Returns, maildir: Path
) -> None:
    deliver(maildir, [returns.write(LETTER, "hal")])
    post = returns.post
    assert post.run("inbox", "--from", f"maildir:{maildir}") == 0
    settings = post.project.settings
    with (
        open_database(settings.database_url, root=post.root) as database,
        database.writing(),
    ):
        assert post.run("inbox", "--from", f"maildir:{maildir}") == 0
    assert post.err == "No new mail.\n1 mail known already.\n"


def test_mail_that_cannot_be_put_away_keeps_no_other_from_counting(
    returns: Returns, maildir: Path
) -> None:
    deliver(maildir, returns.all())
    in_the_way = maildir / "cur" / "1700.M1.host:2,S"
    in_the_way.mkdir()
    post = returns.post
    assert post.run("inbox", "--from", f"maildir:{maildir}") == 3
    assert post.out == LINES
    assert "the mail cannot be moved: Is a directory." in post.err
    expect_all_done(returns)
    in_the_way.rmdir()
    assert post.run("inbox", "--from", f"maildir:{maildir}") == 0
    assert post.err == "No new mail.\n9 mails known already.\n"
    assert len(list((maildir / "new").iterdir())) == 3


def test_mbox_is_only_read_and_counts_once(returns: Returns, tmp_path: Path) -> None:
    box = tmp_path / "box"
    write_mbox(box, returns.all())
    before = box.read_bytes()
    post = returns.post
    assert post.run("inbox", "--from", f"mbox:{box}") == 0
    assert (post.out, post.err) == (LINES, SUMMARY)
    assert post.run("inbox", "--from", f"mbox:{box}") == 0
    assert post.err == "No new mail.\n9 mails known already.\n"
    assert box.read_bytes() == before
    expect_all_done(returns)


def replace_all(text: str, pairs: tuple[tuple[str, str], ...]) -> str:
    for done, would in pairs:
        assert text.count(done) == 1, done
        text = text.replace(done, would)
    return text


def test_dry_run_says_what_would_happen_and_changes_nothing(
    returns: Returns, maildir: Path
) -> None:
    deliver(maildir, returns.all())
    post = returns.post
    for _ in range(2):
        assert post.run("inbox", "--from", f"maildir:{maildir}", "--dry-run") == 0
        assert post.out == replace_all(LINES, WOULD)
        summary = replace_all(SUMMARY, WOULD_SUMMARY)
        assert post.err == f"{summary}Nothing was changed: this was a dry run.\n"
    assert len(list((maildir / "new").iterdir())) == 9
    assert set(returns.statuses().values()) == {"active"}


def test_letter_to_the_editor_is_told_and_counted_apart_from_foreign_returns(
    returns: Returns, maildir: Path
) -> None:
    foreign = [returns.hard("ivy", message_id="<forged@x.example>") for _ in range(16)]
    deliver(maildir, [*foreign[:3], QUESTION, *foreign[3:]])
    post = returns.post
    assert post.run("inbox", "--from", f"maildir:{maildir}") == 0
    assert post.out.splitlines()[-1] == (
        "A mail from sanne@elders.example for you to read: “Een vraag”. It stays "
        "unread."
    )
    assert post.err == (
        "16 mails: returned or by a program, and nothing proves that they are about "
        "one of yours.\n1 mail: for you to read.\n"
    )


def test_json_has_the_promised_shape(returns: Returns, maildir: Path) -> None:
    deliver(maildir, [returns.hard("ann"), returns.write(WISH, "gus")])
    found = returns.post.json("inbox", "--from", f"maildir:{maildir}")
    assert found["messages"] == [
        {
            "source": "maildir:new/1700.M1.host",
            "kind": "bounce",
            "class": "hard",
            "recipient": "ann@example.org",
            "status": "5.1.1",
            "diagnostic": "550 5.1.1 user unknown",
            "applied": True,
            "held": False,
            "known": False,
            "advice": None,
        },
        {
            "source": "maildir:new/1701.M1.host",
            "kind": "asks-to-leave",
            "class": None,
            "recipient": "gus@example.org",
            "status": "",
            "diagnostic": "",
            "applied": False,
            "held": False,
            "known": False,
            "advice": "newsletter subscribers unsubscribe gus@example.org",
        },
    ]
    assert [one["recipient"] for one in found["waiting"]] == ["gus@example.org"]
    assert found["held"] == []
    assert found["dry_run"] is False


def test_json_of_a_dry_run_says_that_nothing_was_applied(
    returns: Returns, maildir: Path
) -> None:
    deliver(maildir, returns.all())
    source = ("--from", f"maildir:{maildir}")
    found = returns.post.json("inbox", *source, "--dry-run")
    assert found["dry_run"] is True
    assert {one["applied"] for one in found["messages"]} == {False}
    found = returns.post.json("inbox", *source)
    assert [one["applied"] for one in found["messages"]].count(True) == 3


# --- refused --------------------------------------------------------------------------


def test_no_mailbox_says_what_to_add(returns: Returns) -> None:
    assert returns.post.run("inbox") == 1
    assert returns.post.err == (
        "there is no mailbox in newsletter.toml, so no returned mail can be read. Add "
        "the one that answers come to, and run `newsletter login --inbox`; or say "
        'where from with --from:\n\n[inbox]\nhost = "imap.example.org"\n'
        'user = "letter@example.org"\ndone = "Newsletter"\n'
    )


@pytest.mark.parametrize(
    ("source", "code", "said"),
    [
        (
            "pop3",
            2,
            'there is no kind of mailbox "pop3". Write --from imap, maildir:PATH, '
            "mbox:PATH, or - for one mail on standard input.",
        ),
        (
            "mbox:/nowhere/box",
            3,
            "/nowhere/box: the mailbox cannot be read: No such file or directory. "
            "Check its name, and who may read it.",
        ),
        (
            "maildir:/nowhere",
            3,
            "/nowhere: this is no Maildir: it has no folders new and cur. Name the "
            "folder that your mail server delivers to.",
        ),
    ],
)
def test_mailbox_that_is_none_is_refused(
    returns: Returns, source: str, code: int, said: str
) -> None:
    assert returns.post.run("inbox", "--from", source) == code
    assert returns.post.err == f"{said}\n"
