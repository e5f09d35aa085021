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
