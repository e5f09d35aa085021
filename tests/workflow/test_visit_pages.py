"""A visit to public pages, ours and those that are not."""

import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
import trustme

from newsletter.doctor.pages import judge_pages
from newsletter.model.settings import NewsletterSettings, Settings
from newsletter.web.app import public_app
from newsletter.workflow.desk import open_desk
from newsletter.workflow.project import Project
from newsletter.workflow.serve import open_listener, serving
from newsletter.workflow.visit_pages import visit_pages


def project_at(root: Path, base_url: str = "") -> Project:
    newsletter = NewsletterSettings("Letter", "letter@bond.test", base_url=base_url)
    return Project(root, Settings(newsletter))


@contextmanager
def answering(
    status: int, *, context: ssl.SSLContext | None = None, date: str = ""
) -> Iterator[int]:
    """Serve one and the same answer to everything; gives the port."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response_only(status)
            if date:
                self.send_header("Date", date)
            self.send_header("Content-Length", "0")
            self.end_headers()

        do_POST = do_GET  # noqa: N815 - the name that the library calls

        def log_message(self, *_: object) -> None:
            return

    server = HTTPServer(("127.0.0.1", 0), Handler)
    if context is not None:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        # A client that does not trust us hangs up in the middle of the handshake.
        server.handle_error = lambda *_: None  # type: ignore[method-assign]
    thread = threading.Thread(
        target=server.serve_forever, kwargs={"poll_interval": 0.01}
    )
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_own_pages_are_reached_and_looking_changes_nothing(tmp_path: Path) -> None:
    with open_desk(project_at(tmp_path)) as desk:
        app = public_app(project_at(tmp_path), desk)
        with serving(app, open_listener("127.0.0.1", 0)) as url:
            seen = visit_pages(project_at(tmp_path, url), timeout_seconds=3)
    assert (seen.base_url, seen.status, seen.fault) == (url, 200, "")
    assert not seen.is_changed_by_get
    assert seen.certificate is None
    assert seen.date is not None
    assert seen.seen_at is not None
    assert abs(seen.seen_at - seen.date) < timedelta(seconds=5)


def test_other_pages_are_told_without_the_word_for_send(tmp_path: Path) -> None:
    with answering(404, date="Sun, 22 Nov 2026 10:00:00 GMT") as port:
        url = f"http://127.0.0.1:{port}"
        seen = visit_pages(project_at(tmp_path, url), timeout_seconds=3)
    assert seen.fault == (
        f"the public pages at {url} answered a one-click leaving with 404: the links "
        "of this project are unknown there."
    )
    assert seen.advice == (
        "Let `newsletter serve` run there with this project's subscribers/secret.key, "
        "and the proxy pass /u/ on to it."
    )
    assert seen.date == datetime(2026, 11, 22, 10, tzinfo=UTC)


@pytest.mark.parametrize("date", ["", "yesterday"])
def test_date_that_says_nothing_is_none(tmp_path: Path, date: str) -> None:
    with answering(404, date=date) as port:
        project = project_at(tmp_path, f"http://127.0.0.1:{port}")
        assert visit_pages(project, timeout_seconds=3).date is None


def test_pages_that_are_not_there_are_told(tmp_path: Path) -> None:
    listener = open_listener("127.0.0.1", 0)
    listener.open_socket.close()
    seen = visit_pages(project_at(tmp_path, listener.url), timeout_seconds=3)
    assert seen.status == 0
    assert seen.fault == (
        f"the public pages at {listener.url} could not be reached: Connection refused."
    )


def test_certificate_for_another_name_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority = trustme.CA()
    trusted = tmp_path / "authority.pem"
    authority.cert_pem.write_to_path(str(trusted))
    monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("www.host.test").configure_cert(context)
    with answering(200, context=context) as port:
        url = f"https://127.0.0.1:{port}"
        seen = visit_pages(project_at(tmp_path, url), timeout_seconds=3)
    assert seen.certificate is not None
    assert seen.certificate.names == ("www.host.test",)
    assert seen.fault.startswith(
        f"the public pages at {url} could not be reached: its certificate cannot be "
        "trusted"
    )


def test_certificate_that_nobody_vouches_for_is_what_is_to_be_put_right(
    tmp_path: Path,
) -> None:
    """What serves the pages does run: it shows the certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(context)
    with answering(200, context=context) as port:
        url = f"https://127.0.0.1:{port}"
        seen = visit_pages(project_at(tmp_path, url), timeout_seconds=3)
    (found,) = judge_pages(seen, now=datetime.now(UTC))
    assert found.message.startswith(
        f"the public pages at {url} could not be reached: its certificate cannot be "
        "trusted ("
    )
    assert found.advice == (
        "A web server answers there. Give it a certificate that mail programs trust, "
        "of Let's Encrypt for example: Caddy fetches one by itself, for nginx certbot "
        "does."
    )


def test_certificate_in_order_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority = trustme.CA()
    trusted = tmp_path / "authority.pem"
    authority.cert_pem.write_to_path(str(trusted))
    monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    with answering(502, context=context) as port:
        project = project_at(tmp_path, f"https://127.0.0.1:{port}")
        seen = visit_pages(project, timeout_seconds=3)
    assert (seen.status, seen.certificate is not None) == (502, True)
    assert "502 Bad Gateway" in seen.fault
