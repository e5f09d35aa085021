import re
from datetime import timedelta
from urllib.parse import urlencode

import pytest

from newsletter.addresses import address_key
from newsletter.i18n import WORDING
from newsletter.model.notice import NoticeKind
from newsletter.store.consent import Word, read_history, suppress
from newsletter.store.notices import exhaust_marks, may_notify
from newsletter.tokens import Purpose, address_hash, sign
from newsletter.web.preferences import languages_for

from .conftest import NOW, Answer, Site


def send(site: Site, reader: int, fields: list[tuple[str, str]]) -> Answer:
    return site.post_form(site.settings_link(reader), urlencode(fields).encode())


def save(site: Site, reader: int, *fields: tuple[str, str]) -> Answer:
    return send(site, reader, [("do", "save"), *fields])


def ticked(page: str) -> dict[str, bool]:
    """Return the boxes of a page: list -> whether it is ticked."""
    boxes = re.findall(
        r'<input type="checkbox" name="list" value="(\w+)"([^>]*)>', page
    )
    return {slug: " checked" in rest for slug, rest in boxes}


def test_page_shows_public_lists_and_those_that_somebody_gets(open_site: Site) -> None:
    reader = open_site.add_reader("anna@example.org", "main", "board")
    answer = open_site.ask("GET", open_site.settings_link(reader))
    assert answer.status == 200
    assert ticked(answer.text) == {"main": True, "events": False, "board": True}
    assert "a***@<wbr>example<wbr>.org" in answer.text
    assert "anna" not in answer.text
    assert "Once a month" in answer.text


def test_list_that_is_not_public_is_not_shown_to_others(open_site: Site) -> None:
    reader = open_site.add_reader("ben@example.org")
    assert ticked(open_site.ask("GET", open_site.settings_link(reader)).text) == {
        "main": True,
        "events": False,
    }


def test_everything_off_comes_first_and_takes_one_press(open_site: Site) -> None:
    reader = open_site.add_reader("carla@example.org", "main", "board")
    page = open_site.ask("GET", open_site.settings_link(reader)).text
    assert re.findall(r'<button name="do" value="([\w-]+)"', page) == [
        "all-off",
        "save",
        "address",
    ]
    answer = send(open_site, reader, [("do", "all-off")])
    assert answer.status == 200
    assert "You will not receive any mail from us any more." in answer.text
    assert set(open_site.statuses(reader).values()) == {"unsubscribed"}
    assert open_site.suppressed("carla@example.org") == [("*", "unsubscribed")]


def test_everything_off_can_be_undone_on_the_spot(open_site: Site) -> None:
    reader = open_site.add_reader("dirk@example.org", "main", "board")
    page = send(open_site, reader, [("do", "all-off")]).text
    found = re.search(r'action="\.\./(undo/\w+)\?lang=en"', page)
    assert found is not None
    assert open_site.post_form(f"/{found[1]}", b"undo=yes").status == 200
    assert set(open_site.statuses(reader).values()) == {"active"}
    assert open_site.suppressed("dirk@example.org") == []


def test_unticked_list_is_left_and_the_others_stay(open_site: Site) -> None:
    reader = open_site.add_reader("eva@example.org", "main", "events")
    answer = save(
        open_site, reader, ("was", "main"), ("was", "events"), ("list", "main")
    )
    assert "Your settings are saved." in answer.text
    assert open_site.statuses(reader) == {"events": "unsubscribed", "main": "active"}
    assert open_site.suppressed("eva@example.org") == [("events", "unsubscribed")]
    assert ticked(answer.text) == {"main": True, "events": False}


def test_ticked_list_is_joined_by_their_own_word(open_site: Site) -> None:
    reader = open_site.add_reader("fred@example.org")
    save(open_site, reader, ("was", "main"), ("list", "main"), ("list", "events"))
    assert open_site.statuses(reader) == {"events": "active", "main": "active"}
    assert open_site.history(reader)[-1] == ("events", "confirmed", "preferences")


def test_who_left_everything_comes_back_to_the_one_list_they_tick(
    open_site: Site,
) -> None:
    reader = open_site.add_reader("gina@example.org", "main", "board")
    send(open_site, reader, [("do", "all-off")])
    save(open_site, reader, ("list", "events"))
    assert open_site.statuses(reader)["events"] == "active"
    assert open_site.suppressed("gina@example.org") == [
        ("board", "unsubscribed"),
        ("main", "unsubscribed"),
    ]


@pytest.mark.parametrize("slug", ["board", "nothing", "*", "' OR 1=1"])
def test_list_that_is_not_public_cannot_be_joined(open_site: Site, slug: str) -> None:
    reader = open_site.add_reader(f"hans-{len(slug)}@example.org")
    before = open_site.statuses(reader)
    answer = save(open_site, reader, ("was", "main"), ("list", "main"), ("list", slug))
    assert answer.status == 200
    assert open_site.statuses(reader) == before


@pytest.mark.parametrize("slug", ["board", "nothing", "*", "\x1b[31mRED"])
def test_list_that_was_never_shown_cannot_be_left(open_site: Site, slug: str) -> None:
    reader = open_site.add_reader(f"heidi-{len(slug)}@example.org")
    before = open_site.statuses(reader)
    answer = save(open_site, reader, ("was", "main"), ("list", "main"), ("was", slug))
    assert answer.status == 200
    assert open_site.statuses(reader) == before
    assert open_site.suppressed(f"heidi-{len(slug)}@example.org") == []


def test_page_left_open_overnight_brings_nobody_back(open_site: Site) -> None:
    reader = open_site.add_reader("ines@example.org", "main", "events")
    open_site.post_form(open_site.link(reader), b"List-Unsubscribe=One-Click")
    stale = [("was", "main"), ("was", "events"), ("list", "main"), ("list", "events")]
    save(open_site, reader, *stale)
    assert open_site.statuses(reader) == {"events": "active", "main": "unsubscribed"}


@pytest.mark.parametrize(
    "body", [b"", b"do=save", b"do=nonsense&list=main", b"\xff\xfe=%zz", b"do="]
)
def test_form_that_says_nothing_changes_nothing(open_site: Site, body: bytes) -> None:
    reader = open_site.add_reader(f"jo-{len(body)}@example.org", "main", "board")
    answer = open_site.post_form(open_site.settings_link(reader), body)
    assert answer.status == 200
    assert set(open_site.statuses(reader).values()) == {"active"}
    assert open_site.fields(reader) == {}


def test_browser_may_fill_in_what_it_knows_of_its_owner(open_site: Site) -> None:
    reader = open_site.add_reader("kim@example.org")
    page = open_site.ask("GET", open_site.settings_link(reader)).text
    assert 'id="field-first_name" autocomplete="given-name"' in page
    assert 'id="field-interests" maxlength' in page


def test_language_is_kept_and_the_page_speaks_it_at_once(open_site: Site) -> None:
    reader = open_site.add_reader("nel@example.org")
    path = f"{open_site.settings_link(reader)}?lang=en"
    answer = open_site.post_form(path, b"do=save&language=nl")
    assert open_site.fields(reader) == {"language": "nl"}
    assert '<html lang="nl" dir="ltr">' in answer.text
    again = open_site.ask("GET", open_site.settings_link(reader)).text
    assert '<html lang="nl" dir="ltr">' in again


@pytest.mark.parametrize("language", ["xx", "en; DROP", "../en", ""])
def test_language_that_is_not_offered_is_not_kept(
    open_site: Site, language: str
) -> None:
    reader = open_site.add_reader(f"otto-{len(language)}@example.org")
    save(open_site, reader, ("language", language))
    assert open_site.fields(reader) == {}


def test_language_that_we_have_no_words_in_is_offered_to_who_reads_it() -> None:
    assert languages_for("ti")["ti"] == "ትግርኛ"
    assert list(languages_for("nl")) == ["en", "nl", "de", "fr", "ar"]
    assert languages_for("")[""] == ""
    assert languages_for("x-nonsense")["x-nonsense"] == "x-nonsense"


@pytest.mark.parametrize("do", ["save", "all-off"])
def test_who_acts_on_their_page_reads_our_mail_and_may_be_written_to_anew(
    open_site: Site, do: str
) -> None:
    email = f"nan-{do}@example.org"
    reader = open_site.add_reader(email)
    hashed = address_hash(open_site.desk.keyring, address_key(email))
    database, kind = open_site.desk.database, NoticeKind.LEAVE
    with database.writing() as connection:
        exhaust_marks(connection, kind, hashed, now=NOW - timedelta(days=9))
        assert not may_notify(connection, kind, hashed, now=NOW)
    send(open_site, reader, [("do", do)])
    with database.reading() as connection:
        assert may_notify(connection, kind, hashed, now=NOW)


def test_history_keeps_the_words_and_the_language_of_the_page(open_site: Site) -> None:
    reader = open_site.add_reader("olav@example.org")
    open_site.post_form(
        f"{open_site.settings_link(reader)}?lang=de", b"do=save&list=events"
    )
    with open_site.desk.database.reading() as connection:
        last = read_history(connection, reader)[-1]
    assert (last.kind, last.wording, last.language) == ("confirmed", WORDING, "de")


def test_new_address_is_written_to_and_nothing_changes_yet(open_site: Site) -> None:
    reader = open_site.add_reader("pia@example.org")
    answer = send(
        open_site, reader, [("do", "address"), ("email", "pia@new.example.org")]
    )
    assert (
        "We send a mail to the new address. Open the link in it to confirm the change."
        in answer.text
    )
    assert "p***@<wbr>example<wbr>.org" in answer.text
    (notice,) = [one for one in open_site.notices() if one.subscriber_id == reader]
    assert (notice.kind, notice.email) == ("change", "pia@new.example.org")


def test_new_address_gets_the_same_answer_whoever_it_belongs_to(
    open_site: Site,
) -> None:
    reader = open_site.add_reader("quin@example.org")
    open_site.add_reader("known@example.org")
    blocked = address_hash(open_site.desk.keyring, address_key("blocked@example.org"))
    with open_site.desk.database.writing() as connection:
        suppress(
            connection, [blocked], scope="*", reason="blocked", word=Word(NOW, "not-me")
        )
    asked = (
        "new@example.org",
        "new@example.org",
        "known@example.org",
        "blocked@example.org",
        "quin@example.org",
    )
    answers = [
        send(open_site, reader, [("do", "address"), ("email", email)])
        for email in asked
    ]
    assert {(answer.status, answer.text) for answer in answers} == {
        (200, answers[0].text)
    }
    told = [one.email for one in open_site.notices() if one.subscriber_id == reader]
    assert told == ["new@example.org", "known@example.org"]


def test_what_is_no_address_is_shown_again(open_site: Site) -> None:
    reader = open_site.add_reader("rik@example.org")
    answer = send(open_site, reader, [("do", "address"), ("email", "rik at home")])
    assert "This is not an email address." in answer.text
    assert 'value="rik at home"' in answer.text


def test_no_address_is_asked_for_where_no_mail_can_be_sent(site: Site) -> None:
    reader = site.add_reader("sam@example.org")
    page = site.ask("GET", site.settings_link(reader)).text
    assert 'name="email"' not in page
    answer = send(site, reader, [("do", "address"), ("email", "sam@new.example.org")])
    assert answer.status == 200
    assert site.notices() == []


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
def test_looking_at_settings_changes_nothing(open_site: Site, method: str) -> None:
    reader = open_site.add_reader(f"tom-{method.lower()}@example.org", "main", "board")
    before = open_site.history(reader)
    for _ in range(20):
        open_site.ask(method, open_site.settings_link(reader))
    assert open_site.history(reader) == before


def test_settings_are_kept_from_caches_and_robots(open_site: Site) -> None:
    reader = open_site.add_reader("ulf@example.org")
    headers = open_site.ask("GET", open_site.settings_link(reader)).headers
    assert headers["Cache-Control"] == "no-store"
    assert headers["X-Robots-Tag"] == "noindex"
    assert headers["Referrer-Policy"] == "no-referrer"


def test_link_of_a_test_mail_says_so(open_site: Site) -> None:
    path = f"/p/{sign(open_site.desk.keyring, Purpose.TEST, 1, 1)}"
    for answer in (
        open_site.ask("GET", path),
        open_site.post_form(path, b"do=all-off"),
    ):
        assert "<h1>This was a test mail.</h1>" in answer.text


def test_token_for_something_else_gets_the_one_page_for_it(open_site: Site) -> None:
    reader = open_site.add_reader("vera@example.org")
    token = open_site.link(reader).removeprefix("/u/")
    tokens = [
        token,
        sign(open_site.desk.keyring, Purpose.PREFERENCES, 999_999),
        sign(open_site.desk.keyring, Purpose.PREFERENCES, reader, 1),
        "nonsense",
    ]
    answers = [open_site.ask("GET", f"/p/{token}") for token in tokens]
    answers += [open_site.post_form(f"/p/{token}", b"do=all-off") for token in tokens]
    answers += [open_site.post_form(f"/p/{token}", b"do=save") for token in tokens]
    answers += [
        open_site.post_form(f"/p/{token}", b"do=address&email=a@b.org")
        for token in tokens
    ]
    assert {answer.status for answer in answers} == {404}
    assert len({answer.text for answer in answers}) == 1
    assert open_site.statuses(reader) == {"main": "active"}


def test_form_longer_than_any_is_refused(open_site: Site) -> None:
    reader = open_site.add_reader("wim@example.org")
    body = b"do=all-off&x=" + b"y" * 20_000
    assert open_site.post_form(open_site.settings_link(reader), body).status == 413
    assert open_site.statuses(reader) == {"main": "active"}
