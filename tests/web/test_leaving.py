import re
import socket
from datetime import timedelta

import pytest

from newsletter.store.people import ensure_lists
from newsletter.store.probes import take_probe
from newsletter.tokens import Purpose, sign

from .conftest import NOW, Site

ONE_CLICK = b"List-Unsubscribe=One-Click"
BOUNDARY = "----5fd61c"
MULTIPART = (
    f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n\r\n'
    f"One-Click\r\n--{BOUNDARY}--\r\n"
).encode()
MULTIPART_TYPE = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}


def in_charset(charset: str) -> dict[str, str]:
    return {"Content-Type": f"{MULTIPART_TYPE['Content-Type']}; charset={charset}"}


def link_of_mail_to(site: Site, reader: int, *lists: str) -> str:
    """Return the path of the leaving link of a mail to several lists."""
    with site.desk.database.writing() as connection:
        ids = ensure_lists(connection, lists)
    numbers = [ids[slug] for slug in lists]
    return f"/u/{sign(site.desk.keyring, Purpose.UNSUBSCRIBE, reader, *numbers)}"


def undo_path(page: str) -> str:
    found = re.search(r'action="\.\.(/undo/\w+)\?lang=en"', page)
    assert found is not None
    return found[1]


def test_get_shows_a_page_with_one_button_and_the_masked_address(site: Site) -> None:
    reader = site.add_reader("anna@example.org")
    answer = site.ask("GET", site.link(reader))
    assert answer.status == 200
    assert "Do you want to stop receiving Harbour Letter?" in answer.text
    assert "a***@<wbr>example<wbr>.org" in answer.text
    assert "anna" not in answer.text
    assert answer.text.count("<button") == 1
    assert "<script" not in answer.text


def test_get_tells_browsers_and_robots_to_keep_the_address_to_themselves(
    site: Site,
) -> None:
    headers = site.ask("GET", site.link(site.add_reader("ben@example.org"))).headers
    told = {name: headers[name] for name in ("Referrer-Policy", "Cache-Control")}
    assert told == {"Referrer-Policy": "no-referrer", "Cache-Control": "no-store"}
    assert headers["X-Robots-Tag"] == "noindex"
    assert headers["Content-Security-Policy"].startswith(
        "default-src 'none'; style-src 'sha256-"
    )
    assert headers["Set-Cookie"] is None


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
def test_looking_a_hundred_times_changes_nothing(site: Site, method: str) -> None:
    reader = site.add_reader(f"carl-{method.lower()}@example.org")
    path = site.link(reader)
    statuses = {site.ask(method, path).status for _ in range(100)}
    assert statuses == {204 if method == "OPTIONS" else 200}
    assert site.statuses(reader) == {"main": "active"}


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (ONE_CLICK, {"Content-Type": "application/x-www-form-urlencoded"}),
        (MULTIPART, MULTIPART_TYPE),
    ],
    ids=["urlencoded", "multipart"],
)
def test_one_click_post_unsubscribes_at_once_without_redirect_or_cookie(
    site: Site, body: bytes, kind: dict[str, str]
) -> None:
    reader = site.add_reader(f"dora-{len(body)}@example.org")
    answer = site.ask("POST", site.link(reader), body, kind)
    assert (answer.status, answer.text) == (200, "OK\n")
    assert (answer.headers["Location"], answer.headers["Set-Cookie"]) == (None, None)
    assert site.statuses(reader) == {"main": "unsubscribed"}


def test_one_click_post_by_who_has_left_says_the_same(site: Site) -> None:
    path = site.link(site.add_reader("emil@example.org"))
    first, second = (site.post_form(path, ONE_CLICK) for _ in range(2))
    assert (first.status, first.text) == (second.status, second.text) == (200, "OK\n")


def test_one_click_post_with_foreign_origin_and_host_is_taken(site: Site) -> None:
    reader = site.add_reader("fay@example.org")
    headers = {
        "Content-Type": "application/x-www-form-urlencoded",
        "Origin": "https://mail.example.com",
        "Host": "news.example.org",
    }
    assert site.ask("POST", site.link(reader), ONE_CLICK, headers).status == 200
    assert site.statuses(reader) == {"main": "unsubscribed"}


def test_button_unsubscribes_and_shows_a_page(site: Site) -> None:
    reader = site.add_reader("gus@example.org")
    answer = site.post_form(site.link(reader), b"leave=yes")
    assert answer.status == 200
    assert "<h1>You are unsubscribed.</h1>" in answer.text
    assert "You will not receive Harbour Letter any more." in answer.text
    assert "mailto:office@example.org" in answer.text
    assert site.statuses(reader) == {"main": "unsubscribed"}


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"", {}),
        (b"{}", {"Content-Type": "application/json"}),
        (b"no parts at all", MULTIPART_TYPE),
        (b"x", {"Content-Type": "multipart/form-data"}),
        (MULTIPART + b"\r\n", in_charset("undefined")),
    ],
    ids=["empty", "json", "broken multipart", "no boundary", "no charset"],
)
def test_post_with_an_odd_body_unsubscribes_all_the_same(
    site: Site, body: bytes, kind: dict[str, str]
) -> None:
    reader = site.add_reader(f"hugo-{len(body)}@example.org")
    answer = site.ask("POST", site.link(reader), body, kind)
    assert answer.status == 200
    assert site.statuses(reader) == {"main": "unsubscribed"}


def test_page_of_who_has_left_has_no_button_but_undo(site: Site) -> None:
    path = site.link(site.add_reader("ida@example.org"))
    site.post_form(path, ONE_CLICK)
    answer = site.ask("GET", path)
    assert "<h1>You are unsubscribed.</h1>" in answer.text
    assert re.findall(r"<button[^>]*>([^<]*)", answer.text) == ["Undo"]


def test_undo_brings_back_once_and_says_so_then(open_site: Site) -> None:
    reader = open_site.add_reader("uma@example.org", "main", "events")
    page = open_site.post_form(open_site.link(reader, "events"), b"leave=yes").text
    path = undo_path(page)
    assert "<h1>Do you want to go on receiving Events?</h1>" in (
        open_site.ask("GET", path).text
    )
    assert open_site.statuses(reader)["events"] == "unsubscribed"
    first, second = (open_site.post_form(path, b"undo=yes") for _ in range(2))
    assert (first.status, second.status) == (200, 200)
    assert "<h1>Your unsubscribing is undone.</h1>" in first.text
    assert "You go on receiving Events." in first.text
    assert "<h1>There is nothing left to undo.</h1>" in second.text
    assert 'href="../join?lang=en"' in second.text
    assert open_site.statuses(reader) == {"events": "active", "main": "active"}


def test_undo_after_a_day_changes_nothing_and_says_so(site: Site) -> None:
    reader = site.add_reader("vic@example.org")
    site.post_form(site.link(reader), b"leave=yes")
    yesterday = int((NOW - timedelta(hours=24)).timestamp() * 1000)
    path = f"/undo/{sign(site.desk.keyring, Purpose.UNDO, reader, yesterday)}"
    for answer in (site.ask("GET", path), site.post_form(path, b"")):
        assert answer.status == 200
        assert "<h1>There is nothing left to undo.</h1>" in answer.text
        assert "/join" not in answer.text
        assert answer.headers["Cache-Control"] == "no-store"
    assert site.statuses(reader) == {"main": "unsubscribed"}


def test_one_click_post_offers_no_undo_but_the_page_does(site: Site) -> None:
    path = site.link(site.add_reader("wes@example.org"))
    assert site.post_form(path, ONE_CLICK).text == "OK\n"
    assert undo_path(site.ask("GET", path).text)


def test_undo_link_of_a_test_mail_says_so(site: Site) -> None:
    path = f"/undo/{sign(site.desk.keyring, Purpose.TEST, 1, 1)}"
    assert "<h1>This was a test mail.</h1>" in site.post_form(path, b"").text


def test_token_in_capitals_is_the_same_token(site: Site) -> None:
    reader = site.add_reader("jan@example.org")
    path = "/u/" + site.link(reader).removeprefix("/u/").upper()
    assert site.post_form(path, ONE_CLICK).status == 200
    assert site.statuses(reader) == {"main": "unsubscribed"}


def test_link_of_one_list_leaves_the_others_alone(site: Site) -> None:
    reader = site.add_reader("kim@example.org", "main", "events")
    answer = site.post_form(site.link(reader, "events"), b"leave=yes")
    assert "You will not receive Events any more." in answer.text
    assert site.statuses(reader) == {"events": "unsubscribed", "main": "active"}


def test_link_of_no_list_in_particular_leaves_all(site: Site) -> None:
    reader = site.add_reader("lea@example.org", "main", "events")
    token = sign(site.desk.keyring, Purpose.UNSUBSCRIBE, reader, 0)
    assert site.post_form(f"/u/{token}", ONE_CLICK).status == 200
    assert set(site.statuses(reader).values()) == {"unsubscribed"}


def test_link_of_a_mail_to_two_lists_names_them_and_takes_no_other(
    open_site: Site,
) -> None:
    reader = open_site.add_reader("eva@example.org", "main", "events", "board")
    path = link_of_mail_to(open_site, reader, "main", "events")
    asked = open_site.ask("GET", path).text
    assert "<h1>Do you want to stop receiving Harbour Letter and Events?</h1>" in asked
    buttons = re.findall(r"<button[^>]*>([^<]*)", asked)
    assert buttons == ["Unsubscribe", "Unsubscribe from everything"]
    in_dutch = open_site.ask("GET", f"{path}?lang=nl").text
    assert "<h1>Wilt u Harbour Letter en Events niet meer ontvangen?</h1>" in in_dutch
    left = open_site.post_form(path, b"leave=yes").text
    assert "You will not receive Harbour Letter and Events any more." in left
    assert "You go on receiving Board." in left
    assert open_site.statuses(reader) == {
        "board": "active",
        "events": "unsubscribed",
        "main": "unsubscribed",
    }
    undone = open_site.post_form(undo_path(left), b"undo=yes").text
    # In the order of the settings, which is that of the page of one's own.
    assert "You go on receiving Harbour Letter and Events." in undone
    assert set(open_site.statuses(reader).values()) == {"active"}


def test_one_click_on_a_mail_to_two_lists_takes_no_other(open_site: Site) -> None:
    reader = open_site.add_reader("eve@example.org", "main", "events", "board")
    path = link_of_mail_to(open_site, reader, "main", "events")
    assert open_site.post_form(path, ONE_CLICK).text == "OK\n"
    assert open_site.statuses(reader)["board"] == "active"
    assert open_site.suppressed("eve@example.org") == [
        ("events", "unsubscribed"),
        ("main", "unsubscribed"),
    ]


@pytest.mark.parametrize("has_left", [False, True])
def test_page_of_leaving_has_a_button_that_leaves_the_other_lists_too(
    open_site: Site, has_left: bool
) -> None:
    email = f"umar-{has_left}@example.org".lower()
    reader = open_site.add_reader(email, "main", "board")
    path = open_site.link(reader)
    if has_left:
        open_site.post_form(path, ONE_CLICK)
    page = open_site.ask("GET", path).text
    found = re.search(
        r'action="\.\.(/p/\w+)\?lang=en">\n(?:<p .*\n)?'
        r'<button name="do" value="all-off"[^>]*>Unsubscribe from everything<',
        page,
    )
    assert found is not None
    said = open_site.post_form(found[1], b"do=all-off").text
    assert "You will not receive any mail from us any more." in said
    assert set(open_site.statuses(reader).values()) == {"unsubscribed"}


def test_page_of_leaving_counts_no_list_that_is_not_in_the_settings(
    site: Site,
) -> None:
    reader = site.add_reader("umay@example.org", "main", "board")
    page = site.ask("GET", site.link(reader)).text
    assert re.findall(r"<button[^>]*>([^<]*)", page) == ["Unsubscribe"]


def test_link_of_a_test_mail_says_so_and_changes_nothing(site: Site) -> None:
    reader = site.add_reader("mia@example.org")
    path = f"/u/{sign(site.desk.keyring, Purpose.TEST, reader, 1)}"
    pages = [site.ask("GET", path), site.post_form(path, b"leave=yes")]
    assert all("<h1>This was a test mail.</h1>" in page.text for page in pages)
    assert site.post_form(path, ONE_CLICK).text == "OK\n"
    assert site.statuses(reader) == {"main": "active"}


def test_probe_is_noted_by_post_alone(site: Site) -> None:
    path = f"/u/{sign(site.desk.keyring, Purpose.PROBE, 77)}"
    database = site.desk.database
    site.ask("GET", path)
    with database.writing() as connection:
        assert not take_probe(connection, "77")
    assert site.post_form(path, ONE_CLICK).status == 200
    with database.writing() as connection:
        assert take_probe(connection, "77")


def test_every_wrong_token_gets_the_same_page(site: Site) -> None:
    keyring = site.desk.keyring
    right = site.link(site.add_reader("nina@example.org"))
    wrong = [
        right[:-1] + ("a" if right[-1] != "a" else "b"),
        "/u/x",
        "/u/" + "a" * 5000,
        "/u/%00%ff",
        f"/u/{sign(keyring, Purpose.MESSAGE, 1, 1)}",
        f"/u/{sign(keyring, Purpose.UNSUBSCRIBE, 999_999, 1)}",
        f"/u/{sign(keyring, Purpose.UNSUBSCRIBE, 1, 999)}",
        f"/u/{sign(keyring, Purpose.UNSUBSCRIBE, 1)}",
    ]
    answers = [site.ask("GET", path) for path in wrong]
    answers += [site.post_form(path, ONE_CLICK) for path in wrong]
    assert {answer.status for answer in answers} == {404}
    assert len({answer.text for answer in answers}) == 1
    assert "<h1>This link does not work.</h1>" in answers[0].text


def test_too_long_a_body_is_refused_and_nothing_happens(site: Site) -> None:
    reader = site.add_reader("olga@example.org")
    answer = site.post_form(site.link(reader), b"x=" + b"y" * 10_000)
    assert answer.status == 413
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert site.statuses(reader) == {"main": "active"}


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH"])
def test_other_methods_are_refused(site: Site, method: str) -> None:
    reader = site.add_reader(f"paul-{method.lower()}@example.org")
    assert site.ask(method, site.link(reader)).status == 405
    assert site.statuses(reader) == {"main": "active"}


def test_sender_that_hangs_up_halfway_changes_nothing(site: Site) -> None:
    reader = site.add_reader("quin@example.org")
    head = (
        f"POST {site.link(reader)} HTTP/1.1\r\nHost: x\r\nContent-Length: 26\r\n"
        "Content-Type: application/x-www-form-urlencoded\r\n\r\nList-Unsub"
    )
    address = (site.listener.host, site.listener.port)
    with socket.create_connection(address, timeout=5) as connection:
        connection.sendall(head.encode())
    assert site.ask("GET", site.link(reader)).status == 200
    assert site.statuses(reader) == {"main": "active"}


def test_logs_name_neither_token_nor_address(
    site: Site, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    path = site.link(site.add_reader("rosa@example.org"))
    site.ask("GET", path)
    site.post_form(path, ONE_CLICK)
    site.post_form(path + "x", ONE_CLICK)
    written = caplog.text + "".join(capfd.readouterr())
    assert not re.search(rf"rosa|{path.removeprefix('/u/')}", written)
