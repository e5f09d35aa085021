import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from newsletter.addresses import address_key
from newsletter.errors import OperationError
from newsletter.model.assembled import Assembled
from newsletter.model.copy import Reader
from newsletter.model.subscriber import SubscriptionStatus
from newsletter.store.consent import Word, set_status
from newsletter.store.database import open_database
from newsletter.store.keys import open_keyring
from newsletter.store.people import Person, ensure_lists, insert_people, read_ids
from newsletter.tokens import address_hash
from newsletter.workflow.compose import compose_issue, require_assembled
from newsletter.workflow.copies import (
    UNKNOWN_READER,
    edge_readers,
    make_copies,
    reader_of,
    used_fields,
)
from newsletter.workflow.project import Project, open_project

NOW = datetime(2023, 2, 14, 9, 0, tzinfo=UTC)

SETTINGS = """\
[newsletter]
name = "Harbour"
sender = "Harbour <letter@harbour.test>"
address = "Harbour Street 1, Utrecht"

[fields.first_name]
fallback = "reader"
[fields.language]
fallback = ""
[fields.amount]
type = "number"
fallback = ""
"""

HEAD = """\
---
subject: Good work at the harbour, and four rulings
preheader: An evening about rights, and what the judge decided in four cases
date: 2023-02-14
---

"""


@pytest.fixture
def project(tmp_path: Path) -> Project:
    (tmp_path / "newsletter.toml").write_text(SETTINGS, encoding="utf-8")
    (tmp_path / "issues").mkdir()
    return open_project(tmp_path)


def assembled(project: Project, body: str) -> Assembled:
    path = project.root / "issues" / "2023-02.md"
    path.write_text(HEAD + body, encoding="utf-8")
    return require_assembled(compose_issue(project, path))


def add(project: Project, email: str, **fields: str) -> None:
    url, root = project.settings.database_url, project.root
    with open_database(url, root=root) as database:
        keyring = open_keyring(database, root=root)
        key = address_key(email)
        person = Person(email, key, address_hash(keyring, key), fields)
        with database.writing() as connection:
            insert_people(connection, [person], now=NOW)
            set_status(
                connection,
                [read_ids(connection, [key])[key]],
                list_id=ensure_lists(connection, ["main"])["main"],
                status=SubscriptionStatus.ACTIVE,
                kind="imported",
                word=Word(NOW, "readers.csv"),
            )


def who(readers: tuple[Reader, ...]) -> list[str]:
    return [reader.who for reader in readers]


GREETING = "Dear {{ first_name }}, we meet.\n"


def test_without_fields_everybody_is_alike(project: Project) -> None:
    add(project, "anna@x.org", first_name="Anna")
    assert edge_readers(project, assembled(project, "Hello.\n")) == (UNKNOWN_READER,)


def test_without_fields_the_database_is_not_asked(project: Project) -> None:
    path = project.root / "subscribers" / "newsletter.db"
    path.parent.mkdir()
    path.write_bytes(b"no database")
    assert edge_readers(project, assembled(project, "Hello.\n")) == (UNKNOWN_READER,)
    with pytest.raises(OperationError):
        edge_readers(project, assembled(project, GREETING))


def test_without_subscribers_readers_are_made_up(project: Project) -> None:
    readers = edge_readers(project, assembled(project, GREETING))
    assert who(readers) == [
        "a reader of whom nothing is known",
        "a made-up reader with a long name",
        "a made-up reader whose name is written from right to left",
    ]
    assert readers[1].fields == {
        "first_name": "Maximiliana-Wilhelmina d’Étoile van Oudheusden-Zwijndrecht",
        "language": "Maximiliana-Wilhelmina d’Étoile van Oudheusden-Zwijndrecht",
        "amount": "1234567890",
    }
    assert not (project.root / "subscribers").exists()


def test_edges_of_the_list_are_readers(project: Project) -> None:
    add(project, "anna@x.org", first_name="Anna", language="nl")
    add(project, "max@x.org", first_name="Maximiliana", language="nl")
    add(project, "a.long.address@x.org", first_name="Zoë", language="ar")
    add(project, "nobody@x.org")
    body = "Dear {{ first_name }}, you read {{ language }}.\n"
    readers = edge_readers(project, assembled(project, body))
    assert [(reader.who, reader.email) for reader in readers] == [
        ("a reader of whom nothing is known", "reader@example.org"),
        ("the reader with the longest first_name, 11 characters", "max@x.org"),
        ("the reader with the longest language, 2 characters", "anna@x.org"),
        ("the reader with the longest address, 20 characters", "a.long.address@x.org"),
    ]


def test_value_that_is_none_makes_a_reader(project: Project) -> None:
    add(project, "anna@x.org", first_name="Anna")
    add(project, "b@x.org", first_name="nan")
    readers = edge_readers(project, assembled(project, GREETING))
    assert who(readers)[1] == 'a reader whose first_name is "nan"'


def test_languages_of_the_list_are_readers(project: Project) -> None:
    for number, language in enumerate(["nl", "en", "ar"]):
        add(project, f"{number}@x.org", language=language)
    readers = edge_readers(project, assembled(project, "You read {{ language }}.\n"))
    assert [reader.fields.get("language") for reader in readers] == [
        None,
        "nl",
        "en",
        "ar",
    ]
    assert who(readers)[3] == 'a reader whose language is "ar"'


def test_list_that_changed_is_asked_again(project: Project) -> None:
    add(project, "anna@x.org", first_name="Anna")
    issue = assembled(project, GREETING)
    assert (
        who(edge_readers(project, issue))[1]
        == "the reader with the longest first_name, 4 characters"
    )
    add(project, "max@x.org", first_name="Maximiliana")
    assert who(edge_readers(project, issue))[1] == (
        "the reader with the longest first_name, 11 characters"
    )


def test_list_that_did_not_change_is_not_asked_again(project: Project) -> None:
    add(project, "anna@x.org", first_name="Anna")
    issue = assembled(project, GREETING)
    first = edge_readers(project, issue)
    path = project.root / "subscribers" / "newsletter.db"
    stamp, size = path.stat().st_mtime_ns, path.stat().st_size
    path.write_bytes(b"x" * size)
    os.utime(path, ns=(stamp, stamp))
    assert edge_readers(project, issue) == first


def test_no_more_than_eight_readers_are_looked_at(project: Project) -> None:
    for number in range(20):
        add(project, f"{number}@x.org", language=f"{number}")
    readers = edge_readers(project, assembled(project, "You read {{ language }}.\n"))
    assert len(readers) == 8


def test_nobody_is_named(project: Project) -> None:
    add(project, "anna@secret.test", first_name="Anna")
    add(project, "max@secret.test")
    readers = edge_readers(project, assembled(project, GREETING))
    said = " ".join(who(readers))
    assert "Anna" not in said
    assert "@" not in said


def test_reader_is_found_by_address(project: Project) -> None:
    assert reader_of(project, "anna@x.org") is None
    add(project, "Anna@x.org", first_name="Anna")
    assert reader_of(project, " anna@X.org ") == Reader(
        "one of your subscribers", "Anna@x.org", {"first_name": "Anna"}
    )
    assert reader_of(project, "bob@x.org") is None


def test_used_fields_are_named_once(project: Project) -> None:
    body = '{{ amount }} {{ first_name }} {{ first_name or "x" }} {{ email }}\n'
    fields = used_fields(assembled(project, body))
    assert fields == ("amount", "first_name", "email")


def test_copy_of_each_reader_is_made(project: Project) -> None:
    readers = (UNKNOWN_READER, Reader("x", "jörg@x.org", {"first_name": "Jörg"}))
    copies = make_copies(assembled(project, GREETING), project.settings, readers)
    assert [copy.reader for copy in copies] == list(readers)
    assert ["Dear Jörg," in copy.text for copy in copies] == [False, True]


def test_reader_whom_nobody_can_write_to_has_no_copy(project: Project) -> None:
    readers = (UNKNOWN_READER, Reader("x", "no address"))
    copies = make_copies(assembled(project, GREETING), project.settings, readers)
    assert [copy.reader for copy in copies] == [UNKNOWN_READER]
