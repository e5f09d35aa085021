import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from newsletter.errors import OperationError
from newsletter.model.settings import NewsletterSettings, Settings
from newsletter.web.app import public_app
from newsletter.workflow.desk import Desk, open_desk
from newsletter.workflow.probe import probe_public_page
from newsletter.workflow.project import Project
from newsletter.workflow.serve import open_listener, serving

SKIP = "To send without this proof: --skip-probe."


def project_at(root: Path, base_url: str = "") -> Project:
    newsletter = NewsletterSettings("Letter", "letter@example.org", base_url=base_url)
    return Project(root, Settings(newsletter))


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with open_desk(project_at(tmp_path)) as desk:
        yield desk


@contextmanager
def public_pages(root: Path, desk: Desk) -> Iterator[str]:
    app = public_app(project_at(root), desk)
    with serving(app, open_listener("127.0.0.1", 0)) as url:
        yield url


@contextmanager
def answering(status: int, **headers: str) -> Iterator[str]:
    """Serve one and the same answer to every POST."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value.format(path=self.path))
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            return

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(
        target=server.serve_forever, kwargs={"poll_interval": 0.01}
    )
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def failure(root: Path, desk: Desk, base_url: str) -> str:
    with pytest.raises(OperationError) as caught:
        probe_public_page(
            project_at(root, base_url),
            desk.database,
            desk.keyring,
            timeout_seconds=2,
        )
    return str(caught.value)


def test_probe_of_own_public_pages_passes(tmp_path: Path, desk: Desk) -> None:
    with public_pages(tmp_path, desk) as url:
        # It raises where it did not arrive: there is nothing else to see.
        project = project_at(tmp_path, url)
        probe_public_page(project, desk.database, desk.keyring)


def test_probe_of_pages_with_another_database_fails(tmp_path: Path, desk: Desk) -> None:
    other = tmp_path / "other"
    with (
        open_desk(project_at(other)) as elsewhere,
        public_pages(other, replace(elsewhere, keys=desk.keys)) as url,
    ):
        told = failure(tmp_path, desk, url)
    assert told == (
        f"the public pages at {url} answered, but this database got nothing: whoever "
        "leaves there would go on being mailed. Let `newsletter serve` and "
        f"`newsletter send` use the same project and database. {SKIP}"
    )


def test_probe_of_pages_with_another_key_fails(tmp_path: Path, desk: Desk) -> None:
    other = tmp_path / "other"
    with (
        open_desk(project_at(other)) as elsewhere,
        public_pages(other, elsewhere) as url,
    ):
        told = failure(tmp_path, desk, url)
    assert told == (
        f"the public pages at {url} answered a one-click leaving with 404: the links "
        "of this project are unknown there. Let `newsletter serve` run there with this "
        "project's subscribers/secret.key, and the proxy pass /u/ on to it. "
        f"{SKIP}"
    )


def test_probe_follows_no_redirect(tmp_path: Path, desk: Desk) -> None:
    with (
        public_pages(tmp_path, desk) as pages,
        answering(301, Location=pages + "{path}") as url,
    ):
        told = failure(tmp_path, desk, url)
    assert told == (
        f"the public pages at {url} answered a one-click leaving with 301, on to "
        f"{pages}/u/…: mail programs do not follow. Set base_url in newsletter.toml to "
        f"where it leads. {SKIP}"
    )


def test_probe_of_a_proxy_without_pages_behind_it_fails(
    tmp_path: Path, desk: Desk
) -> None:
    with answering(502) as url:
        told = failure(tmp_path, desk, url)
    assert told == (
        f"the public pages at {url} answered a one-click leaving with 502 Bad Gateway. "
        f"Look at the logs of the proxy and of `newsletter serve`. {SKIP}"
    )


def test_probe_of_a_web_server_that_takes_anything_fails(
    tmp_path: Path, desk: Desk
) -> None:
    with answering(200) as url:
        assert "this database got nothing" in failure(tmp_path, desk, url)


def test_probe_where_nobody_listens_fails(tmp_path: Path, desk: Desk) -> None:
    listener = open_listener("127.0.0.1", 0)
    listener.open_socket.close()
    told = failure(tmp_path, desk, listener.url)
    assert told == (
        f"the public pages at {listener.url} could not be reached: Connection refused. "
        "Start `newsletter serve` and the proxy before it, or correct base_url in "
        f"newsletter.toml. {SKIP}"
    )


def test_probe_by_https_of_a_server_without_fails_in_plain_words(
    tmp_path: Path, desk: Desk
) -> None:
    with answering(200) as url:
        told = failure(tmp_path, desk, url.replace("http:", "https:"))
    assert "could not be reached: no secure connection can be made there." in told
    assert "SSL" not in told


def test_probe_of_a_server_that_never_answers_fails_in_time(
    tmp_path: Path, desk: Desk
) -> None:
    listener = open_listener("127.0.0.1", 0)
    with listener.open_socket, pytest.raises(OperationError) as caught:
        probe_public_page(
            project_at(tmp_path, listener.url),
            desk.database,
            desk.keyring,
            timeout_seconds=0.2,
        )
    assert caught.value.message == (
        f"the public pages at {listener.url} could not be reached: timed out."
    )
