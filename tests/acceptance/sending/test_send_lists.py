"""To several lists: whoever leaves by the mail leaves these, and no other."""

import email
import email.policy
import re
from typing import Any

import pytest

from newsletter.store.keys import open_keyring
from newsletter.store.people import read_list_ids
from newsletter.testing.smtp_server import SmtpServer
from newsletter.tokens import Purpose, verify

LEAVES_ALL = "Leaving:  who unsubscribes by this mail leaves every list, as its link"


def named_by(post: Any, data: bytes) -> tuple[str, ...]:
    """Return the lists that the leaving link of a mail names, in order."""
    header = email.message_from_bytes(data, policy=email.policy.default)
    found = re.search(r"unsubscribe%20(\w+)>", str(header["List-Unsubscribe"]))
    assert found is not None
    with post.database() as database:
        keyring = open_keyring(database, root=post.root)
        with database.reading() as connection:
            slugs = {number: slug for slug, number in read_list_ids(connection).items()}
    numbers = verify(keyring, Purpose.UNSUBSCRIBE, found[1])
    assert numbers is not None
    return tuple(slugs.get(number, "every list") for number in numbers[1:])


@pytest.mark.parametrize(
    "lists", [("main",), ("main", "events"), ("events", "board", "main")]
)
def test_send_to_lists_names_them_in_its_leaving_links(
    post: Any, lists: tuple[str, ...]
) -> None:
    post.add("anna", lists=("main", "events", "board", "press"))
    with SmtpServer() as server:
        use_lists(post, server)
        wishes = [part for slug in lists for part in ("--to", slug)]
        assert post.send(1, *wishes, "--where", 'first_name == "anna"') == 0
        assert "Leaving:" not in post.err
        (mail,) = server.messages
    assert named_by(post, mail.data) == lists


def test_send_to_more_lists_than_a_link_names_says_so_and_leaves_every_list(
    post: Any,
) -> None:
    post.add("anna", lists=("main", "events", "board", "press"))
    wishes = ("--to", "main", "--to", "events", "--to", "board", "--to", "press")
    with SmtpServer() as server:
        use_lists(post, server)
        assert post.send(1, *wishes) == 0
        assert LEAVES_ALL in post.err
        (mail,) = server.messages
    assert named_by(post, mail.data) == ("every list",)


def test_mail_that_was_tested_is_the_same_for_each_choice_of_lists(post: Any) -> None:
    """What a reader would leave is no part of what was tested."""
    post.add("anna", "bert", lists=("main", "events"))
    with SmtpServer() as server:
        use_lists(post, server)
        assert post.run("test", "--to", "me@example.org") == 0
        assert post.run("send", "--confirm", "2", "--to", "main", "--to", "events") == 0
    assert "Tested:   this very mail" in post.err


def use_lists(post: Any, server: SmtpServer) -> None:
    post.use_server(server.port)
    with (post.root / "newsletter.toml").open("a") as file:
        file.write("\n[lists.board]\n[lists.press]\n")


PAGE = "https://letter.example.org/2026-03/"


def use_pages(post: Any, server: SmtpServer) -> None:
    """Let the newsletter have public pages and a public list beside a private one."""
    post.use_server(server.port)
    file = post.root / "newsletter.toml"
    text = file.read_text().replace("[lists.main]\n", "[lists.main]\npublic = true\n")
    base = 'base_url = "https://letter.example.org"\nhold_seconds'
    file.write_text(text.replace("hold_seconds", base))


def test_send_to_a_private_list_of_an_issue_for_a_public_one_is_refused(
    post: Any,
) -> None:
    post.add("anna", lists=("main", "events"))
    with SmtpServer() as server:
        use_pages(post, server)
        assert post.send(1, "--skip-probe", "--to", "events") == 1
        assert post.err.splitlines()[-1] == (
            "the list events is not public, but everybody could read this issue on "
            'its web page. Write "archive: no" to keep it off the web, or "archive: '
            'yes" if everybody may read it.'
        )
        assert server.messages == []


def test_send_to_a_private_list_and_a_public_one_shows_where_everybody_reads_it(
    post: Any,
) -> None:
    post.add("anna", lists=("main", "events"))
    with SmtpServer() as server:
        use_pages(post, server)
        assert post.send(1, "--skip-probe", "--to", "events", "--to", "main") == 0
    assert f"Web page: {PAGE}, for everybody\n" in post.err


@pytest.mark.parametrize(
    ("said", "page"), [("yes", f"{PAGE}, for everybody"), ("no", "none")]
)
def test_send_to_a_private_list_does_what_the_issue_says_of_the_archive(
    post: Any, said: str, page: str
) -> None:
    post.add("anna", lists=("events",))
    issue = post.root / "issues" / "2026-03.md"
    head = f"date: 2026-03-01\narchive: {said}\n"
    issue.write_text(issue.read_text().replace("date: 2026-03-01\n", head))
    with SmtpServer() as server:
        use_pages(post, server)
        assert post.send(1, "--skip-probe", "--to", "events") == 0
    assert f"Web page: {page}\n" in post.err


def test_send_of_an_issue_for_a_private_list_that_was_accepted_goes_out(
    post: Any,
) -> None:
    post.add("anna", lists=("events",))
    issue = post.root / "issues" / "2026-03.md"
    head = "date: 2026-03-01\nlists: events\n"
    issue.write_text(issue.read_text().replace("date: 2026-03-01\n", head))
    with SmtpServer() as server:
        use_pages(post, server)
        assert post.send(1, "--skip-probe") == 1
        assert "2026-03 was not sent." in post.err
        accept = ("--accept", "public-page:5", "--because", "no secret")
        assert post.run("check", "2026-03", "--offline", *accept) == 0
        assert post.send(1, "--skip-probe", "--to", "events") == 0
