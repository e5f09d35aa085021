"""`newsletter status --not-reached` names those whose mail came back after it left."""

import csv
import io
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from newsletter.cli.people import person_lines
from newsletter.workflow.reached import reading_not_reached
from newsletter.workflow.retention import erase_outdated
from newsletter.workflow.status import read_dispatch

from .returns import Returns, deliver

#: Reason and advice of each.
TOLD = {
    "ann": (
        "hard",
        "This mailbox does not exist.",
        "Nothing to do: no mail goes to this address any more.",
    ),
    "bob": (
        "soft",
        "The mailbox is full.",
        "Nothing to do: after five such mails over two weeks none goes there any more.",
    ),
    "cem": (
        "blocked",
        "The provider refused it because of the server that sends your mail.",
        "Ask the provider of your mail server, with the words of the reply.",
    ),
}


@pytest.fixture
def came_back(returns: Returns, maildir: Path) -> Returns:
    mails = [returns.hard("ann"), returns.soft("bob"), returns.blocked("cem")]
    deliver(maildir, [*mails, returns.soft("bob")])
    assert returns.post.run("inbox", "--from", f"maildir:{maildir}") == 0
    return returns


def test_status_leads_to_those_whose_mail_came_back(came_back: Returns) -> None:
    post = came_back.post
    post.run("status")
    assert "       3  came back later\n" in post.out
    assert (
        "Whose mail came back later, and why: newsletter status 1 --not-reached\n"
    ) in post.out
    assert post.run("status", "--not-reached") == 0
    rows = list(csv.DictReader(io.StringIO(post.out)))
    assert {
        row["email"].partition("@")[0]: (
            row["returned"],
            row["reason"],
            row["what_to_do"],
        )
        for row in rows
    } == TOLD
    assert {row["state"] for row in rows} == {"accepted"}
    assert (rows[0]["code"], rows[0]["said"]) == ("550", "5.1.1 user unknown")


def test_report_of_everybody_tells_whose_mail_came_back(came_back: Returns) -> None:
    path = came_back.post.root / "all.csv"
    assert came_back.post.run("status", "-o", str(path)) == 0
    rows = list(csv.DictReader(io.StringIO(path.read_text())))
    assert len(rows) == 9
    assert [row["returned"] for row in rows[:4]] == ["hard", "soft", "blocked", ""]
    assert rows[1]["reason"] == TOLD["bob"][1]


def test_json_has_who_came_back_in_a_list_of_its_own(came_back: Returns) -> None:
    found = came_back.post.json("status", "--not-reached")
    assert found["not_reached"] == []
    (_, bob, _) = found["came_back"]
    assert bob.pop("at").endswith("Z")
    assert bob == {
        "email": "bob@example.org",
        "class": "soft",
        "reason": TOLD["bob"][1],
        "advice": TOLD["bob"][2],
        "code": 452,
        "said": "4.2.2 mailbox full",
    }


def test_terminal_has_them_under_a_heading_of_their_own(came_back: Returns) -> None:
    post = came_back.post
    project = post.project
    dispatch = read_dispatch(project, 1)
    with reading_not_reached(project, dispatch) as people:
        lines = list(person_lines(people, columns=80))
    assert lines[:4] == [
        "Came back later:",
        "ann@example.org",
        f"    {TOLD['ann'][1]}",
        f"    {TOLD['ann'][2]}",
    ]


def test_status_says_how_many_came_back_whose_names_are_erased(
    came_back: Returns,
) -> None:
    post = came_back.post
    erase_outdated(post.project, now=datetime.now(UTC) + timedelta(days=181))
    assert post.run("status", "--not-reached") == 0
    assert post.err.endswith(
        "4 mails came back later that nobody knows any more whose they were: that is "
        "erased ([retention] bounces), or they were forgotten.\n"
    )
