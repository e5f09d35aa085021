"""`newsletter subscribers add|list|count|show`, as an editor and a script use them."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from newsletter.cli import run
from newsletter.model.subscriber import SubscriptionStatus
from newsletter.store.consent import Word, set_status, unsubscribe
from newsletter.store.database import open_database
from newsletter.store.people import ensure_lists, update_fields
from newsletter.workflow.project import open_project

SETTINGS = """
[newsletter]
name = "Harbour"
sender = "Harbour <letter@example.org>"
time_zone = "Europe/Amsterdam"

[lists.main]
[lists.events]
[fields.tags]
type = "list"
[fields.age]
type = "number"
"""
VOLUNTEERS = 'language == "nl" and "volunteer" in tags'

Type = Callable[..., tuple[int, str, str]]


@pytest.fixture
def typed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Type:
    """Run a command of `newsletter subscribers`: code, output, errors."""
    (tmp_path / "newsletter.toml").write_text(SETTINGS)

    def run_command(*arguments: str) -> tuple[int, str, str]:
        code = run(["subscribers", *arguments, "--project", str(tmp_path)])
        return code, *capsys.readouterr()

    return run_command


@pytest.fixture
def readers(typed: Type) -> Type:
    """Anna and ben fit, and ben left; chris reads French; of dora nothing is known."""
    for name, *fields in (
        ("anna", "language=nl", "tags=volunteer, board", "age=18,5"),
        ("ben", "language=NL", "tags=Volunteer"),
        ("chris", "language=fr", "tags=volunteer"),
        ("dora",),
    ):
        given = [part for one in fields for part in ("--field", one)]
        assert typed("add", f"{name}@example.org", *given)[0] == 0
    typed("add", "anna@example.org", "--list", "events")
    typed("unsubscribe", "ben@example.org")
    return typed


def parsed(answer: tuple[int, str, str]) -> Any:
    assert answer[0] == 0
    return json.loads(answer[1])


def test_list_where_shows_those_it_means(readers: Type) -> None:
    _, out, _ = readers("list", "--where", VOLUNTEERS)
    shown = [line.split("\t")[:3] for line in out.splitlines()]
    assert shown == [
        ["anna@example.org", "events", "active"],
        ["anna@example.org", "main", "active"],
        ["ben@example.org", "main", "unsubscribed"],
    ]


def test_list_json_names_what_was_asked_for(readers: Type) -> None:
    asked = ("--list", "main", "--status", "active", "--where", f" {VOLUNTEERS} ")
    found = parsed(readers("list", *asked, "--json"))
    people = found.pop("subscribers")
    assert found == {"list": "main", "status": "active", "where": VOLUNTEERS}
    assert [one["email"] for one in people] == ["anna@example.org"]
    assert people[0]["fields"] == {
        "language": "nl",
        "tags": "volunteer, board",
        "age": "18,5",
    }


def test_list_json_of_a_wrong_condition_is_one_error(readers: Type) -> None:
    code, out, _ = readers("list", "--where", "age > many", "--json")
    assert code == 2
    assert json.loads(out)["error"]["message"] == (
        '--where:7: "many" needs quotation marks around it.'
    )


def test_list_json_of_an_unknown_list_is_one_error(readers: Type) -> None:
    code, out, _ = readers("list", "--list", "mian", "--json")
    assert code == 2
    assert list(json.loads(out)) == ["error"]


def test_count_says_who_is_there_and_who_gets_mail(readers: Type) -> None:
    assert readers("count") == (
        0,
        "people                           4\n"
        "  get the mail of main           3\n"
        "  get the mail of events         1\n",
        "",
    )


def test_count_where_tells_of_whom_it_could_not_be_asked(readers: Type) -> None:
    assert readers("count", "--list", "main", "--where", VOLUNTEERS) == (
        0,
        "people                         2\n"
        "  get the mail of main         1\n"
        "tags is not known of           1\n"
        "1 person has no language: they are not among them\n",
        "",
    )


def test_count_where_tells_only_of_people_who_get_mail_what_is_not_known(
    readers: Type,
) -> None:
    """Ben's age is not known either, but he left."""
    _, out, _ = readers("count", "--where", "age > 17")
    assert out.splitlines()[-1] == "age is not known of              2"


def test_count_where_of_a_language_tells_of_its_regions_and_of_no_language(
    readers: Type,
) -> None:
    for name in ("eva", "finn"):
        readers("add", f"{name}@example.org", "--field", "language=nl-BE")
    where = 'language == "nl"'
    _, out, _ = readers("count", "--where", where)
    assert out.splitlines()[-1] == (
        "2 people have nl-BE, 1 no language: they are not among them"
    )
    missed = parsed(readers("count", "--where", where, "--json"))["missed_languages"]
    assert missed == {"nl-BE": 2, "": 1}
    both = f'{where} or language == ""'
    _, out, _ = readers("count", "--where", both)
    assert out.splitlines()[-1] == "2 people have nl-BE: they are not among them"


@pytest.mark.parametrize("where", ['language == "nl-BE"', 'language != "nl"'])
def test_count_where_of_a_region_or_of_the_others_tells_of_no_language(
    readers: Type, where: str
) -> None:
    found = parsed(readers("count", "--where", where, "--json"))
    assert found["missed_languages"] == {}


def test_count_json_is_one_object(readers: Type) -> None:
    where = 'language != "nl" or "events" in lists'
    assert parsed(readers("count", "--where", where, "--json")) == {
        "where": where,
        "list": None,
        "people": 3,
        "mailable": 3,
        "lists": {"main": 3, "events": 1},
        "without": {"language": 1},
        "missed_languages": {},
    }


def test_count_without_anybody_is_nothing(typed: Type) -> None:
    assert parsed(typed("count", "--json")) == {
        "where": None,
        "list": None,
        "people": 0,
        "mailable": 0,
        "lists": {"main": 0, "events": 0},
        "without": {},
        "missed_languages": {},
    }


@pytest.mark.parametrize(
    ("field", "message"),
    [
        ("age=many", '"age" is not a number.\n'),
        (
            "language=Klingon",
            '"language" is not a language tag such as "nl" or "pt-BR".\n',
        ),
        (
            "town=Gent",
            'there is no field "town". Declare it in newsletter.toml with '
            "[fields.town].\n",
        ),
    ],
)
def test_add_refuses_a_field_that_cannot_be(
    typed: Type, field: str, message: str
) -> None:
    assert typed("add", "anna@example.org", "--field", field) == (2, "", message)


def test_unsubscribe_joins_the_lists_left_as_a_sentence_does(readers: Type) -> None:
    _, out, _ = readers("unsubscribe", "anna@example.org")
    assert out == "anna@example.org: left events and main\n"


def test_show_tells_what_was_read_and_in_which_language(
    readers: Type, tmp_path: Path
) -> None:
    at = datetime(2026, 11, 22, 8, 30, tzinfo=UTC)
    url = open_project(tmp_path, search=False).settings.database_url
    with (
        open_database(url, root=tmp_path) as database,
        database.writing() as connection,
    ):
        set_status(
            connection,
            [4],
            list_id=ensure_lists(connection, [])["events"],
            status=SubscriptionStatus.ACTIVE,
            kind="confirmed",
            word=Word(at, "/join", wording="2026-11", language="nl"),
        )
    _, out, _ = readers("show", "dora@example.org")
    assert out.splitlines()[-1] == (
        "2026-11-22 09:30 CET  confirmed, events, /join, wording of November 2026 in nl"
    )
    history = parsed(readers("show", "dora@example.org", "--json"))["history"]
    assert history[-1] == {
        "list": "events",
        "kind": "confirmed",
        "at": "2026-11-22T08:30:00+00:00",
        "source": "/join",
        "evidence": "",
        "wording": "2026-11",
        "language": "nl",
    }


def test_show_writes_nothing_to_the_terminal_but_words(
    readers: Type, tmp_path: Path
) -> None:
    """Joiners, which Persian names are written with, are such."""
    typed = "\x1b]0;owned\x07 \u202eRED"
    name = "\u0646\u200c\u0646"
    at = datetime(2026, 11, 22, 8, 30, tzinfo=UTC)
    url = open_project(tmp_path, search=False).settings.database_url
    with (
        open_database(url, root=tmp_path) as database,
        database.writing() as connection,
    ):
        word = Word(at, typed, evidence=typed)
        unsubscribe(connection, 4, scope="main", word=word)
        unsubscribe(connection, 4, scope=typed, word=word)
        update_fields(connection, {4: {"first_name": name}})
    _, out, _ = readers("show", "dora@example.org")
    shown = "\ufffd]0;owned\ufffd \ufffdRED"
    when = "2026-11-22 09:30 CET"
    assert out.splitlines() == [
        "dora@example.org",
        f"first_name: {name}",
        f"list main: unsubscribed, {when}",
        f"gets no mail of {shown} any more: unsubscribed, {when}, {shown}",
        f"gets no mail of main any more: unsubscribed, {when}, {shown}",
        out.splitlines()[-2],
        f"{when}  unsubscribed, main, {shown}: {shown}",
    ]
