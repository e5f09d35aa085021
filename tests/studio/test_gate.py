import http.client

import pytest

from newsletter.studio.gate import Door

from .conftest import FOLDER, SECRET, Desk


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1:{port}", 200),
        ("localhost:{port}", 200),
        ("[::1]:{port}", 200),
        ("127.0.0.1", 421),
        ("127.0.0.1:1", 421),
        ("evil.example:{port}", 421),
        ("127.0.0.1.evil.example:{port}", 421),
        ("localhost.:{port}", 421),
        ("0.0.0.0:{port}", 421),
        ("", 421),
    ],
)
def test_only_names_of_this_machine_are_answered(
    still_desk: Desk, host: str, status: int
) -> None:
    named = host.format(port=still_desk.door.port)
    assert still_desk.ask("GET", "/", {"Host": named}).status == status


@pytest.mark.parametrize(
    ("origin", "status"),
    [
        ("http://127.0.0.1:{port}", 405),
        ("http://localhost:{port}", 405),
        ("https://127.0.0.1:{port}", 403),
        ("http://127.0.0.1:1", 403),
        ("https://evil.example", 403),
        ("null", 403),
        (None, 403),
    ],
)
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_changes_may_come_from_own_pages_alone(
    still_desk: Desk, method: str, origin: str | None, status: int
) -> None:
    headers = {"Content-Type": "text/plain"}
    if origin:
        headers["Origin"] = origin.format(port=still_desk.door.port)
    assert still_desk.ask(method, "/", headers).status == status


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/frame",
        "/picture/boat-12ab.gif",
        "/version",
        "/events",
        "/tested",
        "/preview.js",
        "/personal-link",
        "/nowhere",
    ],
)
@pytest.mark.parametrize("cookie", ["", "{name}=wrong", "newsletter-1=" + SECRET])
def test_nothing_is_shown_without_the_secret(
    still_desk: Desk, path: str, cookie: str
) -> None:
    sent = {"Cookie": cookie.format(name=still_desk.door.cookie)}
    answer = still_desk.ask("GET", path, sent)
    assert answer.status == 403
    assert answer.text == (
        "This page belongs to the command that started it. "
        "Open the address that the command printed.\n"
    )


def test_start_address_gives_a_cookie_that_no_other_site_can_use(
    still_desk: Desk,
) -> None:
    answer = still_desk.ask("GET", f"/?start={SECRET}", {"Cookie": ""})
    assert (answer.status, answer.headers["Location"]) == (303, f"/{FOLDER}/")
    assert answer.headers["Set-Cookie"] == (
        f"newsletter-{still_desk.door.port}={SECRET}; HttpOnly; "
        f"Path=/{FOLDER}/; SameSite=strict"
    )


@pytest.mark.parametrize(
    "path", ["/?start=wrong", "/?start=", f"/frame?start={SECRET}"]
)
def test_start_address_with_another_secret_gives_nothing(
    still_desk: Desk, path: str
) -> None:
    answer = still_desk.ask("GET", path, {"Cookie": ""})
    assert (answer.status, answer.headers["Set-Cookie"]) == (403, None)


def test_start_url_is_on_loopback() -> None:
    assert Door(8123, "s", "f").start_url == "http://127.0.0.1:8123/f/?start=s"


def test_request_without_host_is_refused(still_desk: Desk) -> None:
    connection = http.client.HTTPConnection(
        "127.0.0.1", still_desk.door.port, timeout=5
    )
    connection.putrequest("GET", "/", skip_host=True)
    connection.endheaders()
    with connection.getresponse() as answer:
        assert answer.status in (400, 421)
    connection.close()


@pytest.mark.parametrize(
    "path",
    [
        "/",
        f"/?start={SECRET}",
        "/frame",
        "/preview.js",
        f"/{FOLDER}",
        f"/{FOLDER[:-1]}/",
        f"/x/{FOLDER}/",
        f"//{FOLDER}/",
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_nothing_is_outside_the_folder_of_this_run(
    still_desk: Desk, method: str, path: str
) -> None:
    answer = still_desk.ask_outside(method, path)
    assert (answer.status, answer.text) == (404, "There is nothing here.\n")
    assert answer.headers["Set-Cookie"] is None
