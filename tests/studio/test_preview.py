import http.client
import time
from contextlib import closing
from pathlib import Path

import pytest

from newsletter.studio.views import VIEWS

from .conftest import FOLDER, GIF, MAIL, SECRET, Desk, running


def wait_for_version(desk: Desk, version: int) -> None:
    deadline = time.monotonic() + 5
    while desk.watch.version < version and time.monotonic() < deadline:
        time.sleep(0.01)
    assert desk.watch.version == version


def test_mail_has_an_address_and_a_policy_of_its_own(still_desk: Desk) -> None:
    answer = still_desk.ask("GET", "/frame")
    assert answer.status == 200
    assert "Dear reader &amp; friend," in answer.text
    assert answer.headers["Content-Security-Policy"] == (
        "default-src 'none'; img-src 'self' data:; style-src 'unsafe-inline'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'self'; "
        "sandbox allow-same-origin allow-popups allow-popups-to-escape-sandbox"
    )


def test_page_allows_own_scripts_alone(still_desk: Desk) -> None:
    policy = still_desk.ask("GET", "/").headers["Content-Security-Policy"]
    assert "script-src 'self';" in policy
    assert "unsafe" not in policy


@pytest.mark.parametrize(
    "path", ["/", "/frame", "/version", "/preview.js", "/frame.css"]
)
def test_nothing_is_kept_by_the_browser_or_told_to_others(
    still_desk: Desk, path: str
) -> None:
    headers = still_desk.ask("GET", path).headers
    assert headers["Cache-Control"] == "no-store"
    assert headers["Referrer-Policy"] == "no-referrer"


def test_picture_is_given_by_name_and_others_are_not_there(still_desk: Desk) -> None:
    answer = still_desk.ask("GET", "/picture/boat-12ab.gif")
    assert answer.text == GIF.decode(errors="replace")
    assert answer.headers["Content-Type"] == "image/gif"
    assert still_desk.ask("GET", "/picture/other.gif").status == 404


def test_dark_mail_has_its_dark_rules_always(still_desk: Desk) -> None:
    dark = still_desk.ask("GET", "/frame?dark=1").text
    assert "prefers-color-scheme" not in dark
    assert "#101010" in dark


def test_text_view_shows_the_text_part_as_text(still_desk: Desk) -> None:
    answer = still_desk.ask("GET", "/frame?view=text")
    assert "Dear reader &amp; friend,\n\nSpring &lt;is&gt; here." in answer.text
    assert answer.headers["Content-Security-Policy"] == (
        "default-src 'none'; style-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'self'; "
        "sandbox allow-same-origin allow-popups allow-popups-to-escape-sandbox"
    )


@pytest.mark.parametrize("view", VIEWS)
def test_every_view_is_shown_under_a_policy_without_scripts(
    still_desk: Desk, view: str
) -> None:
    answer = still_desk.ask("GET", f"/frame?view={view}&dark=1")
    assert answer.status == 200
    policy = answer.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; ")
    assert "script" not in policy
    assert still_desk.ask("GET", f"/?view={view}").status == 200


def test_unknown_view_is_the_first(still_desk: Desk) -> None:
    assert 'value="desktop" selected' in still_desk.ask("GET", "/?view=nothing").text


def test_edge_recipient_sees_their_own_copy(still_desk: Desk) -> None:
    query = "?for=the-reader-with-the-longest-first-name"
    assert "Dear Maximiliana," in still_desk.ask("GET", f"/frame{query}").text
    assert "Spring for Maximiliana" in still_desk.ask("GET", f"/{query}").text


def test_subscriber_is_named_by_address_and_shown_under_a_key(desk: Desk) -> None:
    answer = desk.post("/recipient", {"email": " anna@example.org "})
    assert answer.json == {"key": "named-1"}
    assert "Dear Anna," in desk.ask("GET", "/frame?for=named-1").text
    assert "anna@example.org" not in desk.ask("GET", "/?for=named-1").text


def test_unknown_subscriber_is_told(still_desk: Desk) -> None:
    answer = still_desk.post("/recipient", {"email": "nobody@example.org"})
    assert answer.json == {"reason": "No subscriber has this address."}


def test_personal_link_of_the_mail_leads_to_the_explanation(still_desk: Desk) -> None:
    html = still_desk.ask("GET", "/frame").text
    assert '<a href="personal-link">Unsubscribe</a>' in html
    assert "sampleaaa" not in html


def test_personal_link_leads_to_an_explanation(still_desk: Desk) -> None:
    assert still_desk.ask("GET", "/personal-link").text == (
        "This is the preview. In the mail each reader has a link of their own here.\n"
    )


def test_save_makes_a_new_version(desk: Desk) -> None:
    desk.save(MAIL.replace("The end", "Another end"))
    wait_for_version(desk, 2)
    assert "Another end" in desk.ask("GET", "/frame").text
    assert desk.ask("GET", "/version").text == "2"


def test_file_that_is_empty_for_a_moment_is_waited_for(desk: Desk) -> None:
    desk.mail.write_text("")
    time.sleep(0.15)
    desk.save(MAIL.replace("The end", "Another end"))
    wait_for_version(desk, 2)
    assert "Another end" in desk.ask("GET", "/frame").text


def test_mail_that_cannot_be_made_any_more_stays_as_it_was(desk: Desk) -> None:
    desk.save("no mail at all")
    wait_for_version(desk, 2)
    assert 'class="stage desktop old"' in desk.ask("GET", "/").text
    assert "The end" in desk.ask("GET", "/frame").text


def test_mail_that_never_could_be_made_is_not_there(tmp_path: Path) -> None:
    mail = tmp_path / "mail.html"
    mail.write_text("no mail at all")
    with running(Desk(mail)) as desk:
        assert desk.ask("GET", "/").status == 200
        assert desk.ask("GET", "/frame").status == 404


def test_fault_of_ours_is_shown_and_the_next_save_tries_again(desk: Desk) -> None:
    desk.fault = RuntimeError("a fault of ours")
    desk.save(MAIL + "\n")
    wait_for_version(desk, 2)
    answer = desk.ask("GET", "/")
    assert (answer.status, answer.text) == (
        500,
        "Something went wrong here; the terminal says what. Other views may work.\n",
    )
    desk.fault = None
    desk.save(MAIL)
    wait_for_version(desk, 3)
    assert desk.ask("GET", "/").status == 200


def test_stream_tells_of_a_save_with_its_number(desk: Desk) -> None:
    with closing(http.client.HTTPConnection("127.0.0.1", desk.door.port)) as stream:
        cookie = {"Cookie": f"{desk.door.cookie}={SECRET}"}
        stream.request("GET", f"/{FOLDER}/events?seen=1", headers=cookie)
        answer = stream.getresponse()
        assert answer.headers["Content-Type"] == "text/event-stream; charset=utf-8"
        desk.save(MAIL + "\n")
        lines = [answer.readline().decode() for _ in range(4)]
        answer.close()
    assert lines == ["id: 2\n", "event: changed\n", "data: 2\n", "\n"]


def test_stream_catches_up_after_a_break(desk: Desk) -> None:
    desk.save(MAIL + "\n")
    wait_for_version(desk, 2)
    with closing(http.client.HTTPConnection("127.0.0.1", desk.door.port)) as stream:
        headers = {"Cookie": f"{desk.door.cookie}={SECRET}", "Last-Event-ID": "1"}
        stream.request("GET", f"/{FOLDER}/events", headers=headers)
        answer = stream.getresponse()
        assert answer.readline() == b"id: 2\n"
        answer.close()


def test_fifth_stream_is_sent_away_to_poll(desk: Desk) -> None:
    cookie = {"Cookie": f"{desk.door.cookie}={SECRET}"}
    streams = [
        http.client.HTTPConnection("127.0.0.1", desk.door.port) for _ in range(4)
    ]
    answers = []
    for stream in streams:
        stream.request("GET", f"/{FOLDER}/events?seen=0", headers=cookie)
        answers.append(stream.getresponse())
        answers[-1].readline()
    fifth = desk.ask("GET", "/events")
    for answer, stream in zip(answers, streams, strict=True):
        answer.close()
        stream.close()
    assert fifth.status == 204


def test_preview_stops_within_two_seconds_with_a_stream_open(tmp_path: Path) -> None:
    mail = tmp_path / "mail.html"
    mail.write_text(MAIL)
    with running(Desk(mail)) as desk:
        stream = http.client.HTTPConnection("127.0.0.1", desk.door.port)
        cookie = {"Cookie": f"{desk.door.cookie}={SECRET}"}
        stream.request("GET", f"/{FOLDER}/events?seen=0", headers=cookie)
        answer = stream.getresponse()
        answer.readline()
        started = time.monotonic()
    assert time.monotonic() - started < 2
    answer.close()
    stream.close()


def test_preview_of_what_changes_all_the_time_is_made_ever_more_seldom(
    desk: Desk,
) -> None:
    """As the database does while a dispatch runs: composing must not slow it down."""
    end = time.monotonic() + 1.6
    changes = 0
    while time.monotonic() < end:
        desk.save(f"{MAIL}<!-- {changes} -->")
        changes += 1
        time.sleep(0.01)
    # 0.04 s, 0.08, 0.16, … between them; without rest there were more than twenty.
    assert 3 <= desk.watch.version <= 9
