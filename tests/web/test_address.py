from datetime import timedelta

import pytest

from newsletter.addresses import address_key
from newsletter.model.subscriber import SubscriptionStatus
from newsletter.store.address_changes import AddressChange, insert_change
from newsletter.store.consent import Word, set_status, suppress
from newsletter.store.people import Person, ensure_lists, find_by_id
from newsletter.tokens import Purpose, address_hash, sign

from .conftest import NOW, Site


def ask_for(site: Site, reader: int, email: str) -> str:
    """Return the path of the link in the mail to a new address."""
    key = address_key(email)
    person = Person(email, key, address_hash(site.desk.keyring, key))
    with site.desk.database.writing() as connection:
        row = insert_change(connection, AddressChange(reader, person, "nl"), now=NOW)
    return f"/a/{sign(site.desk.keyring, Purpose.CHANGE, row)}"


def address_of(site: Site, reader: int) -> str:
    with site.desk.database.reading() as connection:
        person = find_by_id(connection, reader)
    assert person is not None
    return person.email


def keep_off(site: Site, email: str, scope: str, reason: str) -> None:
    hashed = address_hash(site.desk.keyring, address_key(email))
    word = Word(NOW - timedelta(days=1), "mail")
    with site.desk.database.writing() as connection:
        suppress(connection, [hashed], scope=scope, reason=reason, word=word)


def set_all(site: Site, reader: int, status: SubscriptionStatus, kind: str) -> None:
    with site.desk.database.writing() as connection:
        for slug in site.statuses(reader):
            set_status(
                connection,
                [reader],
                list_id=ensure_lists(connection, [slug])[slug],
                status=status,
                kind=kind,
                word=Word(NOW, "mail"),
            )


def test_looking_at_the_link_changes_nothing(open_site: Site) -> None:
    reader = open_site.add_reader("anna@example.org")
    path = ask_for(open_site, reader, "anna@new.example.org")
    for method in ("GET", "HEAD", "OPTIONS"):
        assert open_site.ask(method, path).status in (200, 204)
    page = open_site.ask("GET", path).text
    assert "a***@<wbr>new<wbr>.example<wbr>.org" in page
    assert '<html lang="nl"' in page
    assert page.count("<button") == 1
    assert address_of(open_site, reader) == "anna@example.org"


def test_button_gives_the_new_address_and_says_so(open_site: Site) -> None:
    reader = open_site.add_reader("ben@example.org", "main", "board")
    path = ask_for(open_site, reader, "ben@new.example.org") + "?lang=en"
    answers = [open_site.post_form(path, b"change=yes") for _ in range(2)]
    assert address_of(open_site, reader) == "ben@new.example.org"
    assert all("<h1>Your address is changed.</h1>" in one.text for one in answers)
    assert "b***@<wbr>new<wbr>.example<wbr>.org" in answers[0].text
    assert open_site.history(reader)[2:] == [
        ("board", "changed-address", "preferences"),
        ("main", "changed-address", "preferences"),
    ]


def test_old_address_is_told_in_the_language_of_the_reader(open_site: Site) -> None:
    reader = open_site.add_reader("bo@example.org")
    open_site.give_fields(reader, language="fr")
    path = ask_for(open_site, reader, "bo@new.example.org")
    for _ in range(2):
        open_site.post_form(path, b"change=yes")
    told = [one for one in open_site.notices() if one.subscriber_id == reader]
    assert [(one.kind, one.email, one.language) for one in told] == [
        ("moved", "bo@example.org", "fr")
    ]


def test_address_of_somebody_else_changes_nothing_and_says_nothing_of_them(
    open_site: Site,
) -> None:
    reader = open_site.add_reader("carl@example.org")
    other = open_site.add_reader("dora@example.org")
    path = ask_for(open_site, reader, "Dora@example.org") + "?lang=en"
    for answer in (open_site.ask("GET", path), open_site.post_form(path, b"")):
        assert answer.status == 200
        assert "<h1>We know this address already.</h1>" in answer.text
        assert "<button" not in answer.text
        assert "/p/" not in answer.text
    assert address_of(open_site, reader) == "carl@example.org"
    assert open_site.statuses(other) == {"main": "active"}


def test_who_left_by_the_old_address_has_left_by_the_new_one(open_site: Site) -> None:
    reader = open_site.add_reader("emil@example.org", "main", "events")
    open_site.post_form(open_site.link(reader, "events"), b"")
    open_site.post_form(ask_for(open_site, reader, "emil@new.example.org"), b"")
    assert open_site.suppressed("emil@new.example.org") == [("events", "unsubscribed")]
    # Nobody adds the old one again, either.
    old = open_site.suppressed("emil@example.org")
    assert old == [("*", "moved"), ("events", "unsubscribed")]
    assert open_site.statuses(reader) == {"events": "unsubscribed", "main": "active"}


def test_new_address_that_had_left_is_back_on_their_lists_alone(
    open_site: Site,
) -> None:
    reader = open_site.add_reader("finn@example.org")
    keep_off(open_site, "finn@new.example.org", "*", "unsubscribed")
    open_site.post_form(ask_for(open_site, reader, "finn@new.example.org"), b"")
    kept_off = {scope for scope, _ in open_site.suppressed("finn@new.example.org")}
    assert kept_off == {"events", "board"}


def test_who_could_not_be_reached_is_reached_by_the_new_address(
    open_site: Site,
) -> None:
    reader = open_site.add_reader("gwen@example.org", "main", "board")
    keep_off(open_site, "gwen@example.org", "*", "bounced")
    set_all(open_site, reader, SubscriptionStatus.BOUNCED, "bounced")
    open_site.post_form(ask_for(open_site, reader, "gwen@new.example.org"), b"")
    assert set(open_site.statuses(reader).values()) == {"active"}
    assert open_site.suppressed("gwen@new.example.org") == []


@pytest.mark.parametrize("reason", ["complained", "blocked", "unsubscribed"])
def test_who_wants_no_mail_gets_none_by_a_new_address(
    open_site: Site, reason: str
) -> None:
    reader = open_site.add_reader(f"{reason}@example.org")
    keep_off(open_site, f"{reason}@example.org", "*", reason)
    set_all(open_site, reader, SubscriptionStatus.BOUNCED, "bounced")
    open_site.post_form(ask_for(open_site, reader, f"{reason}@new.example.org"), b"")
    assert open_site.suppressed(f"{reason}@new.example.org") == [("*", reason)]
    assert open_site.statuses(reader) == {"main": "bounced"}


def test_link_of_a_change_that_was_changed_again_is_over(open_site: Site) -> None:
    reader = open_site.add_reader("hugo@example.org")
    first = ask_for(open_site, reader, "hugo@one.example.org")
    second = ask_for(open_site, reader, "hugo@two.example.org")
    open_site.post_form(first, b"")
    open_site.post_form(second, b"")
    assert open_site.post_form(first, b"").status == 404
    assert address_of(open_site, reader) == "hugo@two.example.org"


def test_older_link_is_over_once_a_newer_address_is_theirs(open_site: Site) -> None:
    reader = open_site.add_reader("hedda@example.org")
    mistyped = ask_for(open_site, reader, "somebody.else@example.net")
    right = ask_for(open_site, reader, "hedda@example.net")
    open_site.post_form(right, b"")
    assert open_site.ask("GET", mistyped).status == 404
    assert open_site.post_form(mistyped, b"").status == 404
    assert address_of(open_site, reader) == "hedda@example.net"


def test_leaving_link_in_older_mails_goes_on_working(open_site: Site) -> None:
    reader = open_site.add_reader("ida@example.org")
    open_site.post_form(ask_for(open_site, reader, "ida@new.example.org"), b"")
    answer = open_site.post_form(open_site.link(reader), b"List-Unsubscribe=One-Click")
    assert answer.text == "OK\n"
    assert open_site.suppressed("ida@new.example.org") == [("main", "unsubscribed")]


def test_link_of_a_test_mail_says_so(open_site: Site) -> None:
    path = f"/a/{sign(open_site.desk.keyring, Purpose.TEST, 1, 1)}"
    assert "<h1>This was a test mail.</h1>" in open_site.post_form(path, b"").text


def test_token_that_leads_nowhere_gets_the_one_page_for_it(open_site: Site) -> None:
    keyring = open_site.desk.keyring
    wrong = [
        sign(keyring, Purpose.CHANGE, 999_999),
        sign(keyring, Purpose.CHANGE, 1, 1),
        sign(keyring, Purpose.CONFIRM, 1),
        "x",
    ]
    answers = [open_site.ask("GET", f"/a/{token}") for token in wrong]
    answers += [open_site.post_form(f"/a/{token}", b"") for token in wrong]
    answers.append(open_site.ask("GET", "/u/x"))
    assert {answer.status for answer in answers} == {404}
    assert len({answer.text for answer in answers}) == 1
