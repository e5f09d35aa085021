"""Other servers of this machine, opened in the browser that has the preview open."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from .conftest import FOLDER, MAIL, SECRET, Desk, Tab

pytestmark = pytest.mark.browser


@dataclass
class Neighbour:
    """A server on another port, and everything it was told."""

    port: int = 0
    heard: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/"


@pytest.fixture
def neighbour() -> Iterator[Neighbour]:
    told = Neighbour()

    class Listening(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            told.heard.append(f"{self.requestline}\n{self.headers}")
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(b"<title>Neighbour</title>")

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Listening) as server:
        told.port = server.server_port
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield told
        server.shutdown()
        thread.join()


def test_server_on_another_port_is_sent_no_cookie_of_ours(
    tab: Tab, still_desk: Desk, neighbour: Neighbour
) -> None:
    tab.page.goto(still_desk.door.start_url)
    tab.settled()
    cookies = tab.page.context.cookies()
    assert [(one["name"], one["path"]) for one in cookies] == [
        (still_desk.door.cookie, f"/{FOLDER}/")
    ]
    other = tab.page.context.new_page()
    for path in ("", "frame", "picture/boat-12ab.gif"):
        other.goto(neighbour.url + path)
    tab.page.evaluate(f"location.href = '{neighbour.url}left'")
    tab.page.wait_for_url(neighbour.url + "left")
    heard = "\n".join(neighbour.heard)
    assert "GET /left " in heard
    assert "Cookie" not in heard
    assert SECRET not in heard
    assert FOLDER not in heard


@pytest.mark.parametrize(
    ("head", "attributes"),
    [
        ("", ""),
        ("", 'referrerpolicy="unsafe-url"'),
        ('<meta name="referrer" content="unsafe-url">', ""),
        ("<meta name=&#114;eferrer content=unsafe-url>", 'rel="opener"'),
    ],
)
def test_link_of_a_mail_does_not_tell_the_folder(
    tab: Tab, desk: Desk, neighbour: Neighbour, head: str, attributes: str
) -> None:
    mail = MAIL.replace("https://example.org/petition", neighbour.url)
    mail = mail.replace("<head>", f"<head>{head}").replace("<a ", f"<a {attributes} ")
    desk.save(mail)
    tab.open(desk)
    with tab.page.context.expect_page() as opened:
        tab.mail.get_by_text("Sign").click()
    opened.value.wait_for_load_state()
    assert opened.value.title() == "Neighbour"
    heard = "\n".join(neighbour.heard)
    assert "Referer" not in heard
    assert "Cookie" not in heard
    assert FOLDER not in heard
