"""The privacy page, sentence by sentence, against what the database really holds."""

import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from email import message_from_bytes
from email.policy import default
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from lxml import html
from sqlalchemy import insert, select, update

from newsletter.i18n import CATALOGUES, WORDING
from newsletter.model.delivery import Delivery, DispatchState
from newsletter.model.dispatch import Order
from newsletter.model.settings import (
    FieldSettings,
    ListSettings,
    RetentionSettings,
    ServerSettings,
    Settings,
    Theme,
    WebSettings,
)
from newsletter.store.consent import Word, unsubscribe
from newsletter.store.contents import Content, save_content
from newsletter.store.dispatches import create_dispatch
from newsletter.store.instants import to_millis
from newsletter.store.tables import (
    consent_events,
    deliveries,
    dispatches,
    metadata,
    returned_mails,
    subscribers,
    suppressions,
)
from newsletter.tokens import Purpose, sign
from newsletter.web.app import public_app
from newsletter.workflow.compose import compose_issue, require_assembled
from newsletter.workflow.desk import open_desk
from newsletter.workflow.forget import forget_subscriber
from newsletter.workflow.imports import import_subscribers, order_import
from newsletter.workflow.joining import JoinRequest, ask_to_join, confirm_joining
from newsletter.workflow.letters import (
    compile_issue,
    dispatch_filler,
    dispatch_writer,
)
from newsletter.workflow.privacy import describe_storage
from newsletter.workflow.project import Project
from newsletter.workflow.retention import erase_outdated
from newsletter.workflow.serve import open_listener, serving
from newsletter.workflow.subscribers import Newcomer, add_subscriber

from .conftest import NOW, Site, make_settings

DAY = timedelta(days=1)
ANNA = "anna@example.org"
ELSEWHERE = "203.0.113.77"

SETTINGS = replace(
    make_settings(base_url="https://news.example.org"),
    lists={"main": ListSettings(is_public=True)},
    fields={"first_name": FieldSettings(title="First name", is_asked=True)},
    server=ServerSettings("smtp.secret.example", 1, security="none"),
    retention=RetentionSettings(deliveries=30, bounces=180, pending=14),
    web=WebSettings(trusted_hops=1, privacy="First words.\n\nSecond\nwords."),
)

ISSUE = """\
---
subject: Hello
preheader: What is new this month, and how to answer us
date: 2026-11-01
---

A text with [a petition](https://example.org/petition) in it.
"""

#: Table with something of a person in it -> words of the sentence that tells of it.
TOLD = {
    "subscribers": "We keep your email address, the language you read",
    "subscriptions": "which lists you are on",
    "consent_events": "when and how you joined or left",
    "suppressions": "only a code remains, which holds no address",
    "joinings": "If you ask to join, ask for your link or give a new address",
    "address_changes": "If you ask to join, ask for your link or give a new address",
    "notices": "which mails we sent about it",
    "courtesy_marks": "only a code is left for a year, which holds no address",
    "deliveries": "For each issue we keep that it was sent to you",
    "returned_mails": "If a mail to you comes back, we keep that",
    "import_changes": "we keep what that changed for 14 days",
}
PERSONAL = {"email", "email_key", "address_hash", "subscriber_id", "fields"}


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    project = Project(tmp_path, SETTINGS)
    listener = open_listener("127.0.0.1", 0)
    with (
        open_desk(project) as desk,
        serving(public_app(project, desk, now=lambda: NOW), listener),
    ):
        yield Site(project, desk, listener)


def ask_and_confirm(site: Site, *, confirms: bool = True) -> None:
    request = JoinRequest(ANNA, ("main",), {"first_name": "Anna"}, "nl")
    desk = site.desk
    with desk.database.writing() as connection:
        ask_to_join(connection, desk.keyring, SETTINGS, request, now=NOW)
        if confirms:
            confirm_joining(connection, SETTINGS, 1, now=NOW)


def rows(site: Site, table: Any) -> list[Mapping[str, Any]]:
    with site.desk.database.reading() as connection:
        return [dict(row._mapping) for row in connection.execute(select(table))]


def stored(site: Site) -> str:
    """Return all that stands in any table, as text."""
    with sqlite3.connect(site.desk.database.path) as connection:
        text = "\n".join(connection.iterdump())
    connection.close()
    return text


def sentences(settings: Settings = SETTINGS) -> str:
    return "\n".join(one.text("en") for one in describe_storage(settings))


def dispatch_to_anna(site: Site) -> None:
    """Let an issue have gone to her, and come back."""
    with site.desk.database.writing() as connection:
        save_content(connection, Content("c0ffee", "i", "Hi", b"x"), now=NOW)
        create_dispatch(connection, Order("i", "c0ffee", ("main",)), now=NOW)
        over = {"state": DispatchState.DONE, "finished_at": to_millis(NOW)}
        connection.execute(update(dispatches).values(**over))
        connection.execute(update(deliveries).values(reply_text="250 Taken"))
        came_back = {
            "key": b"k",
            "at": to_millis(NOW),
            "source": "imap",
            "kind": "bounce",
            "bounce_class": "soft",
            "dispatch_id": 1,
            "subscriber_id": 1,
            "diagnostic": "mailbox full",
        }
        connection.execute(insert(returned_mails).values(came_back))


# --- the page ---------------------------------------------------------------------


def test_page_says_every_sentence_and_the_words_of_the_editor(site: Site) -> None:
    answer = site.ask("GET", "/privacy")
    page = html.fromstring(answer.text)
    said = [one.text_content() for one in page.xpath("//main//p")]
    assert answer.status == 200
    assert [one for one in sentences().split("\n") if one not in said] == []
    assert ("First words." in said, "Second words." in said) == (True, True)


def test_page_may_be_kept_five_minutes_for_each_language(site: Site) -> None:
    headers = site.ask("GET", "/privacy").headers
    assert headers["Cache-Control"] == "public, max-age=300"
    assert headers["Vary"] == "Accept-Language"
    assert headers["X-Robots-Tag"] is None


def test_page_names_no_mail_server(site: Site) -> None:
    assert "smtp.secret.example" not in site.ask("GET", "/privacy").text


@pytest.mark.parametrize("language", CATALOGUES)
def test_page_is_wholly_in_the_language_of_who_reads_it(
    site: Site, language: str
) -> None:
    page = html.fromstring(site.ask("GET", f"/privacy?lang={language}").text)
    said = [one.text_content() for one in page.xpath("//main//p|//main//h2")]
    english = {*sentences().split("\n"), "Who sees it", "What we do not keep"}
    assert [one for one in said if one in english] == []
    assert not [one for one in said if "{" in one or "duration-" in one]


def test_page_cannot_be_sent_anything(site: Site) -> None:
    assert site.post_form("/privacy", b"x=1").status == 405


# --- what is stored ---------------------------------------------------------------


def test_every_table_with_something_of_a_person_is_told_of() -> None:
    tables = {
        name
        for name, table in metadata.tables.items()
        if PERSONAL & {column.name for column in table.columns}
    }
    assert tables == set(TOLD)
    assert [words for words in TOLD.values() if words not in sentences()] == []


def test_address_language_and_declared_fields_are_all_that_a_person_has(
    site: Site,
) -> None:
    ask_and_confirm(site)
    (row,) = rows(site, subscribers)
    assert row["email"] == ANNA
    assert row["fields"] == {"first_name": "Anna", "language": "nl"}
    assert row.keys() == {
        *("id", "email", "email_key", "address_hash", "fields"),
        *("created_at", "import_id"),
    }
    assert "we know of you for the mail: First name." in sentences()


def test_fields_are_named_as_readers_know_them() -> None:
    several = replace(
        SETTINGS,
        fields={
            "first_name": FieldSettings(title="First name"),
            "language": FieldSettings(),
            "town": FieldSettings(),
        },
    )
    assert "we know of you for the mail: First name and town." in sentences(several)
    assert "we know of you" not in sentences(replace(SETTINGS, fields={}))


def test_history_holds_when_how_and_which_words_of_who_subscribed(site: Site) -> None:
    ask_and_confirm(site)
    for event in rows(site, consent_events):
        assert (event["at"], event["source"]) == (to_millis(NOW), "/join")
        assert (event["wording"], event["language"]) == (WORDING, "nl")
    said = "If you subscribed on our pages, also which words you agreed to"
    assert f"{said}, and in which language;" in sentences()


def test_history_of_who_was_added_holds_file_or_note_and_no_words(site: Site) -> None:
    list_of_ours = site.project.root / "readers.csv"
    list_of_ours.write_text(f"email\n{ANNA}\n")
    order = order_import(site.project, list_of_ours)
    import_subscribers(site.project, order, now=NOW)
    newcomer = Newcomer("ben@example.org", consent="paper form, 3 May")
    add_subscriber(site.project, newcomer, now=NOW)
    told = ("kind", "source", "evidence", "wording", "language")
    assert [
        tuple(event[name] for name in told) for event in rows(site, consent_events)
    ] == [
        ("imported", "readers.csv", "", "", ""),
        ("added", "command", "paper form, 3 May", "", ""),
    ]
    assert "if we added you, the name of the file, or what we noted." in sentences()
    assert "It shows why you receive our mail." in sentences()


def test_whoever_leaves_is_kept_and_whoever_wants_that_erased_is_but_for_a_code(
    site: Site,
) -> None:
    ask_and_confirm(site)
    dispatch_to_anna(site)
    with site.desk.database.writing() as connection:
        unsubscribe(connection, 1, scope="*", word=Word(NOW, "one-click"))
    assert rows(site, subscribers)[0]["email"] == ANNA
    forget_subscriber(site.project, ANNA, now=NOW)
    assert "anna" not in stored(site).lower()
    assert len(rows(site, suppressions)) == 1


@pytest.mark.parametrize(("days", "is_there"), [(13, True), (15, False)])
def test_who_does_not_confirm_is_erased_after_the_time_that_is_said(
    site: Site, days: int, is_there: bool
) -> None:
    ask_and_confirm(site, confirms=False)
    erase_outdated(site.project, now=NOW + days * DAY)
    assert ("anna" in stored(site).lower()) is is_there
    assert "and which mails we sent about it, for 14 days." in sentences()


@pytest.mark.parametrize(("days", "is_there"), [(29, True), (31, False)])
def test_sent_issues_lose_address_and_answer_after_the_time_that_is_said(
    site: Site, days: int, is_there: bool
) -> None:
    ask_and_confirm(site)
    dispatch_to_anna(site)
    erase_outdated(site.project, now=NOW + days * DAY)
    (row,) = rows(site, deliveries)
    assert (row["email"] == ANNA) is is_there
    assert (row["reply_text"] == "250 Taken") is is_there
    assert "30 days after an issue has been sent, the address" in sentences()


@pytest.mark.parametrize(("days", "note"), [(179, "mailbox full"), (181, "")])
def test_note_of_a_returned_mail_is_erased_after_the_time_that_is_said(
    site: Site, days: int, note: str
) -> None:
    ask_and_confirm(site)
    dispatch_to_anna(site)
    erase_outdated(site.project, now=NOW + days * DAY)
    (row,) = rows(site, returned_mails)
    assert row["diagnostic"] == note
    assert (row["subscriber_id"] is None) is (note == "")
    assert "and a short note why, for 180 days." in sentences()


def test_field_without_a_title_is_named_in_plain_words() -> None:
    fields = {"lid_sinds": FieldSettings(), "town": FieldSettings(title="Plaats")}
    settings = replace(SETTINGS, fields=fields)
    (said,) = (one for one in describe_storage(settings) if "fields" in one.values)
    assert said.text("nl").endswith(": lid sinds en Plaats.")


def test_what_is_never_erased_is_not_said_to_be() -> None:
    kept = replace(SETTINGS, retention=RetentionSettings(0, 0, 0))
    assert sentences(kept).count("days") == len(["an import can be undone"])
    assert "about it, until you ask us to erase it." in sentences(kept)


# --- what is not ------------------------------------------------------------------


def test_nobodys_internet_address_is_stored(site: Site) -> None:
    shown = sign(site.desk.keyring, Purpose.FORM, to_millis(NOW - timedelta(minutes=1)))
    body = urlencode({"email": ANNA, "list": "main", "shown": shown}).encode()
    headers = {
        "Content-Type": "application/x-www-form-urlencoded",
        "X-Forwarded-For": ELSEWHERE,
        "User-Agent": "Somebodys-Browser",
    }
    assert site.ask("POST", "/join", body, headers).status == 200
    link = sign(site.desk.keyring, Purpose.CONFIRM, 1)
    assert site.ask("POST", f"/c/{link}", b"", headers).status == 200
    kept = stored(site)
    assert ANNA in kept
    assert [one for one in (ELSEWHERE, "203.0.113", "Somebodys") if one in kept] == []


def test_pages_set_no_cookie_run_no_script_and_load_nothing(site: Site) -> None:
    ask_and_confirm(site)
    keyring = site.desk.keyring
    paths = [
        "/",
        "/join",
        "/privacy",
        "/leave",
        "/nothing",
        f"/c/{sign(keyring, Purpose.CONFIRM, 1)}",
        f"/n/{sign(keyring, Purpose.NOT_ME, 1)}",
        f"/p/{sign(keyring, Purpose.PREFERENCES, 1)}",
        f"/u/{sign(keyring, Purpose.UNSUBSCRIBE, 1, 0)}",
    ]
    for path in paths:
        answer = site.ask("GET", path)
        page = html.fromstring(answer.text)
        assert answer.headers["Set-Cookie"] is None
        assert page.xpath("//script|//img|//iframe|//link[@rel='stylesheet']") == []
        assert not [one for one in page.xpath("//@href|//@src") if "://" in one]
        policy = answer.headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'none'")
        assert "script-src" not in policy


def test_mail_tells_nobody_that_it_was_read_and_two_links_alone_are_ones_own(
    site: Site,
) -> None:
    path = site.project.root / "issues" / "one.md"
    path.parent.mkdir()
    path.write_text(ISSUE)
    assembled = require_assembled(compose_issue(site.project, path))
    compiled = compile_issue(assembled, SETTINGS)
    write = dispatch_writer(
        compiled,
        dispatch_filler(compiled, site.desk.keyring, list_ids=(0,), clock=lambda: NOW),
    )
    pages = []
    for number, address in enumerate((ANNA, "ben@example.org"), 1):
        mail = message_from_bytes(
            write(Delivery(1, number, number, address)).data, policy=default
        )
        part = mail.get_body(("html",))
        assert part is not None
        pages.append(html.fromstring(part.get_content()))
    links = [set(page.xpath("//a/@href")) for page in pages]
    own = sorted(link[:27] for link in links[0] - links[1])
    assert own == ["https://news.example.org/p/", "https://news.example.org/u/"]
    assert "https://example.org/petition" in links[0] & links[1]
    assert pages[0].xpath("//img") == []


def test_pictures_that_are_fetched_are_told_of() -> None:
    fetched = "The pictures in our mails are fetched from our own web server"
    assert fetched not in sentences()
    assert fetched in sentences(replace(SETTINGS, template=Theme(images="hosted")))


# --- rights -----------------------------------------------------------------------


def test_address_to_write_to_is_that_of_replies() -> None:
    assert "Write to office@example.org." in sentences()


def test_link_to_settings_is_only_promised_where_mails_have_it() -> None:
    promise = "With the link to your settings, in each of our mails"
    assert promise in sentences()
    assert promise not in sentences(
        replace(SETTINGS, newsletter=make_settings().newsletter)
    )
