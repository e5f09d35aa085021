from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlencode

import pytest
from sqlalchemy import select

from newsletter.addresses import address_key
from newsletter.model.settings import WebSettings
from newsletter.store.consent import Word, suppress
from newsletter.store.tables import joinings
from newsletter.tokens import address_hash

from .conftest import NOW, Answer, Site, open_settings, running_site


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[Site]:
    """A site where nobody has asked yet: ten in an hour come from one network."""
    with running_site(tmp_path, open_settings()) as site:
        yield site


def ask_for(site: Site, email: str) -> Answer:
    return site.post_form("/leave", urlencode({"email": email}).encode())


def test_answer_is_the_same_for_every_address_byte_for_byte(fresh: Site) -> None:
    fresh.add_reader("anna@example.org")
    left = fresh.add_reader("left@example.org")
    fresh.post_form(fresh.link(left), b"")
    blocked = address_hash(fresh.desk.keyring, address_key("blocked@example.org"))
    with fresh.desk.database.writing() as connection:
        word = Word(NOW, "not-me")
        suppress(connection, [blocked], scope="*", reason="blocked", word=word)
    asked = ("anna", "anna", "unknown", "left", "blocked")
    answers = [ask_for(fresh, f"{name}@example.org") for name in asked]
    assert {answer.status for answer in answers} == {200}
    assert len({answer.text for answer in answers}) == 1
    assert "<h1>Please look into your mailbox.</h1>" in answers[0].text
    heads = [
        [item for item in answer.headers.items() if item[0].lower() != "date"]
        for answer in answers
    ]
    assert all(head == heads[0] for head in heads)
    assert [one.email for one in fresh.notices()] == ["anna@example.org"]
    with fresh.desk.database.reading() as connection:
        rows = connection.execute(select(joinings)).all()
    # The same work for each: a row that holds no address.
    assert len(rows) == len(asked)
    assert {(row.subscriber_id, *row.lists, *row.fields) for row in rows} == {(None,)}


def test_link_is_mailed_in_the_language_of_who_gets_it(fresh: Site) -> None:
    reader = fresh.add_reader("ben@example.org")
    fresh.give_fields(reader, language="nl")
    fresh.post_form("/leave?lang=de", b"email=Ben%40Example.org")
    (notice,) = fresh.notices()
    assert (notice.kind, notice.language) == ("leave", "nl")


def test_looking_at_the_form_writes_nobody(fresh: Site) -> None:
    answer = fresh.ask("GET", "/leave?email=ben@example.org")
    assert answer.status == 200
    assert "<h1>Unsubscribe without your link</h1>" in answer.text
    assert "ben@" not in answer.text
    assert (answer.headers["Cache-Control"], answer.headers["X-Robots-Tag"]) == (
        "no-store",
        "noindex",
    )
    assert fresh.notices() == []


@pytest.mark.parametrize("typed", ["", "anna", "anna@", '"><b>@example.org', "a b@c.d"])
def test_what_is_no_address_is_shown_again(open_site: Site, typed: str) -> None:
    answer = ask_for(open_site, typed)
    assert answer.status == 200
    assert "This is not an email address." in answer.text
    assert "<b>" not in answer.text


def test_who_cannot_write_mails_says_whom_to_write_to(site: Site) -> None:
    site.add_reader("carl@example.org")
    for answer in (site.ask("GET", "/leave"), ask_for(site, "carl@example.org")):
        assert answer.status == 200
        assert "<form" not in answer.text
        assert "mailto:office@example.org" in answer.text
    assert site.notices() == []


def test_readers_behind_a_proxy_nobody_told_us_of_are_not_taken_for_one(
    fresh: Site,
) -> None:
    answers = [ask_for(fresh, f"x{number}@example.org") for number in range(12)]
    assert {answer.status for answer in answers} == {200}


def test_network_that_asks_too_often_is_asked_to_wait(tmp_path: Path) -> None:
    settings = replace(open_settings(), web=WebSettings(trusted_hops=1))
    with running_site(tmp_path, settings) as site:
        form = "application/x-www-form-urlencoded"
        told = {"X-Forwarded-For": "192.0.2.7", "Content-Type": form}
        body = b"email=x%40example.org"
        answers = [site.ask("POST", "/leave", body, told) for _ in range(11)]
        other = site.ask("POST", "/leave", body, {**told, "X-Forwarded-For": "9.9.9.9"})
    assert [answer.status for answer in answers] == [200] * 10 + [429]
    assert answers[-1].headers["Retry-After"] == "3600"
    assert "<h1>Please wait a while.</h1>" in answers[-1].text
    assert other.status == 200
