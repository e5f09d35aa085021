"""The public pages in other hands: an ASGI server, an application that mounts us."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.types import ASGIApp, Receive, Scope, Send

from newsletter.errors import OperationError
from newsletter.model.settings import HooksSettings
from newsletter.web import create_app
from newsletter.workflow.desk import open_desk
from newsletter.workflow.project import Project
from newsletter.workflow.serve import open_listener, serving

from .conftest import Site, make_settings, open_settings

ONE_CLICK = b"List-Unsubscribe=One-Click"
TOML = '[newsletter]\nname = "Harbour Letter"\nsender = "letter@example.org"\n'


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[tuple[Site, int]]:
    """A reader of a newsletter whose pages somebody else serves."""
    project = Project(tmp_path, open_settings())
    listener = open_listener("127.0.0.1", 0)
    listener.open_socket.close()
    with open_desk(project) as desk:
        site = Site(project, desk, listener)
        yield site, site.add_reader("anna@example.org")


def ask(url: str, method: str, path: str, body: bytes = b"") -> tuple[int, str]:
    where = urlsplit(url)
    assert where.hostname is not None
    with closing(HTTPConnection(where.hostname, where.port, timeout=5)) as connection:
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        connection.request(method, path, body, form if body else {})
        answer = connection.getresponse()
        return answer.status, answer.read().decode()


def without_word_of_root(app: ASGIApp, prefix: str) -> ASGIApp:
    """A host that knows no framework: it cuts the prefix off and says nothing of it."""

    async def host(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        inner = {**scope, "path": scope["path"].removeprefix(prefix)}
        await app(inner, receive, send)

    return host


def with_root_path(app: ASGIApp, prefix: str) -> ASGIApp:
    """A host that says where we are, as the ASGI specification has it."""

    async def host(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await app({**scope, "root_path": prefix}, receive, send)

    return host


def mounted(app: ASGIApp, prefix: str) -> ASGIApp:
    return Starlette(routes=[Mount(prefix, app=app)])


@pytest.mark.parametrize("host", [mounted, with_root_path, without_word_of_root])
def test_pages_below_a_path_of_the_host_work_and_stay_there(
    reader: tuple[Site, int], host: object
) -> None:
    site, anna = reader
    app = create_app(site.project.settings, root=site.project.root)
    house = host(app, "/news/letter")  # type: ignore[operator]
    with serving(house, open_listener("127.0.0.1", 0)) as url:
        path = f"/news/letter{site.link(anna)}"
        status, page = ask(url, "GET", path)
        assert status == 200
        assert "Do you want to stop receiving Harbour Letter?" in page
        # Every way out is relative, or a page of the same path.
        links = [part.split('"')[0] for part in page.split('href="')[1:]]
        links += [part.split('"')[0] for part in page.split('action="')[1:]]
        assert links
        assert all(link.startswith(("../", "?", "mailto:")) for link in links)
        assert ask(url, "POST", path, ONE_CLICK) == (200, "OK\n")
        assert ask(url, "GET", "/news/letter/health") == (200, "ok\n")
        assert ask(url, "GET", "/news/letter/")[0] == 200
        assert ask(url, "GET", "/news/letter/nothing")[0] == 404
    assert site.statuses(anna) == {"main": "unsubscribed"}


def test_private_pages_stay_private_below_a_path(reader: tuple[Site, int]) -> None:
    site, anna = reader
    app = create_app(site.project.settings, root=site.project.root)
    with (
        serving(mounted(app, "/news"), open_listener("127.0.0.1", 0)) as url,
        closing(HTTPConnection("127.0.0.1", urlsplit(url).port)) as connection,
    ):
        connection.request("GET", f"/news{site.link(anna)}")
        answer = connection.getresponse()
        answer.read()
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Referrer-Policy"] == "no-referrer"


def test_server_that_tells_of_start_and_end_opens_and_closes_the_database(
    reader: tuple[Site, int],
) -> None:
    site, anna = reader
    app = create_app(site.project.settings, root=site.project.root)
    for _ in range(2):
        with serving(app, open_listener("127.0.0.1", 0)) as url:
            assert ask(url, "GET", site.link(anna))[0] == 200


def test_project_is_that_of_the_working_folder_or_of_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "one").mkdir()
    (tmp_path / "one" / "newsletter.toml").write_text(TOML)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    with pytest.raises(OperationError):
        create_app()
    monkeypatch.setenv("NEWSLETTER_PROJECT", str(tmp_path / "one"))
    with serving(create_app(), open_listener("127.0.0.1", 0)) as url:
        assert "Harbour Letter" in ask(url, "GET", "/leave")[1]
    assert (tmp_path / "one" / "subscribers" / "newsletter.db").exists()


def test_providers_report_below_a_path_of_the_host(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("POSTMARK", "correct-horse-battery")
    hooks = HooksSettings(postmark_password="env:POSTMARK")
    app = create_app(replace(make_settings(), hooks=hooks), root=tmp_path)
    with serving(mounted(app, "/news"), open_listener("127.0.0.1", 0)) as url:
        assert ask(url, "POST", "/news/hooks/postmark", b"{}") == (403, "no\n")
        assert ask(url, "POST", "/news/hooks/mailgun", b"{}")[0] == 404


def test_uvicorn_finds_the_application_by_its_name(tmp_path: Path) -> None:
    (tmp_path / "newsletter.toml").write_text(TOML)
    listener = open_listener("127.0.0.1", 0)
    command = [
        sys.executable,
        "-m",
        "uvicorn",
        "--factory",
        "newsletter.web:create_app",
    ]
    with subprocess.Popen(
        [*command, "--fd", str(listener.open_socket.fileno()), "--log-level", "error"],
        cwd=tmp_path,
        pass_fds=[listener.open_socket.fileno()],
    ) as process:
        try:
            # The socket listens already: the request waits until uvicorn answers.
            where = HTTPConnection("127.0.0.1", listener.port, timeout=30)
            with closing(where) as connection:
                connection.request("GET", "/health")
                assert connection.getresponse().read() == b"ok\n"
        finally:
            process.terminate()
    listener.open_socket.close()


def test_database_that_cannot_be_opened_asks_to_come_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    settings = replace(make_settings(), database_url="sqlite:///newsletter.toml/x.db")
    (tmp_path / "newsletter.toml").write_text(TOML)
    app = create_app(settings, root=tmp_path)
    with serving(mounted(app, "/news"), open_listener("127.0.0.1", 0)) as url:
        assert ask(url, "GET", "/news/leave") == (503, "This does not work just now.\n")
    assert "cannot be opened" in caplog.text


def test_importing_the_package_costs_nothing() -> None:
    code = "import sys, newsletter.web; print('starlette' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout == "False\n"
