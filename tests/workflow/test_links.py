"""Memory of links, with real servers and real databases."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_network
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from newsletter.model.link import History, Verdict
from newsletter.workflow import links as workflow_links
from newsletter.workflow.links import Inquiry, LinksSeen, look_at_links
from newsletter.workflow.project import Project, open_project

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
LOOPBACK = (ip_network("127.0.0.0/8"),)

SETTINGS = """\
[newsletter]
name = "Harbour"
sender = "Harbour <letter@example.org>"
base_url = "https://letters.example"
"""


@pytest.fixture
def project(tmp_path: Path) -> Project:
    (tmp_path / "newsletter.toml").write_text(SETTINGS, encoding="utf-8")
    return open_project(tmp_path)


class Pages(ThreadingHTTPServer):
    """A site: path -> status; 200 for what it does not know."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answers)
        self.statuses: dict[str, int] = {}
        self.location = ""
        self.hits: list[str] = []

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.server_port}{path}"


class _Answers(BaseHTTPRequestHandler):
    server: Pages

    def do_GET(self) -> None:
        self.server.hits.append(self.path)
        status = self.server.statuses.get(self.path, 200)
        self.send_response(status)
        if status == 302:
            self.send_header("Location", self.server.location)
        if status == 429:
            self.send_header("Retry-After", "3600")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def site() -> Iterator[Pages]:
    server = Pages()
    thread = Thread(target=server.serve_forever, args=[0.02])
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def look(
    project: Project, *urls: str, now: datetime = NOW, **inquiry: Any
) -> LinksSeen:
    asked = Inquiry(**{"allowed": LOOPBACK} | inquiry)
    return look_at_links(project, urls, asked, now=now)


# --- remembering ----------------------------------------------------------------------


def test_second_look_within_the_time_asks_nobody(project: Project, site: Pages) -> None:
    urls = [site.url("/a"), site.url("/gone")]
    site.statuses["/gone"] = 404
    first = look(project, *urls)
    assert sorted(site.hits) == ["/a", "/gone", "/gone"]
    site.hits.clear()
    second = look(project, *urls, now=NOW + HOUR)
    assert site.hits == []
    assert second.sightings.looks == first.sightings.looks
    assert (first.tally(urls).asked, first.tally(urls).remembered) == (2, ())
    assert (second.tally(urls).asked, second.tally(urls).remembered) == (0, (NOW, NOW))


@pytest.mark.parametrize(
    ("status", "age", "is_asked"),
    [
        (200, 7 * DAY - HOUR, False),
        (200, 7 * DAY, True),
        (403, 3 * DAY - HOUR, False),
        (403, 3 * DAY, True),
        (429, timedelta(minutes=1), True),
    ],
)
def test_each_verdict_has_its_time(
    project: Project, site: Pages, status: int, age: timedelta, is_asked: bool
) -> None:
    site.statuses["/a"] = status
    look(project, site.url("/a"))
    site.hits.clear()
    look(project, site.url("/a"), now=NOW + age)
    assert bool(site.hits) is is_asked


@pytest.mark.parametrize(("hours", "is_asked"), [(0, True), (2, True), (4, False)])
def test_max_age_asks_what_is_older(
    project: Project, site: Pages, hours: int, is_asked: bool
) -> None:
    look(project, site.url("/a"))
    site.hits.clear()
    look(project, site.url("/a"), now=NOW + 3 * HOUR, max_age=hours * HOUR)
    assert bool(site.hits) is is_asked


def test_offline_look_remembers_and_asks_nobody(project: Project, site: Pages) -> None:
    look(project, site.url("/a"))
    site.hits.clear()
    both = [site.url("/a"), site.url("/b")]
    seen = look(project, *both, now=NOW + 2 * DAY, is_offline=True)
    assert site.hits == []
    assert seen.sightings.looks.keys() == {site.url("/a")}
    assert seen.sightings.remembered == {site.url("/a"): NOW}
    assert seen.sightings.has_network


def test_offline_look_makes_no_database(project: Project) -> None:
    look(project, "https://a.example/", is_offline=True)
    assert not (project.root / "subscribers").exists()


def test_look_online_makes_a_database_and_no_key(project: Project, site: Pages) -> None:
    seen = look(project, site.url("/a"))
    assert seen.trouble == ""
    files = {path.name for path in (project.root / "subscribers").iterdir()}
    assert files == {"newsletter.db"}


def test_nothing_is_kept_of_a_look_without_network(project: Project) -> None:
    seen = look(project, "https://a.example/")
    assert not seen.sightings.has_network
    assert seen.sightings.histories == {}
    assert not (project.root / "subscribers").exists()


def test_what_a_private_network_showed_is_forgotten_without_it(
    project: Project, site: Pages
) -> None:
    look(project, site.url("/a"))
    closed = look(project, site.url("/a"), allowed=(), is_offline=True)
    assert closed.sightings.looks == {}


def test_readers_address_behind_a_redirect_is_stored_nowhere(
    project: Project, site: Pages
) -> None:
    site.statuses["/a"] = 302
    site.location = "https://letters.example/u/token-of-anna"
    look(project, site.url("/a"))
    database = project.root / "subscribers" / "newsletter.db"
    assert b"token-of-anna" not in database.read_bytes()
    assert b"letters.example/u/" in database.read_bytes()


def test_stored_facts_are_judged_by_the_rules_of_today(
    project: Project, site: Pages
) -> None:
    """An address that was "ok" and is "blocked" by new rules is kept three days."""
    look(project, site.url("/a"))
    path = project.root / "subscribers" / "newsletter.db"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE link_verdicts SET verdict = 'broken'")
        connection.execute(
            "UPDATE link_observations SET looks = "
            "replace(looks, '\"status\": 200', '\"status\": 403')"
        )
    site.hits.clear()
    look(project, site.url("/a"), now=NOW + 2 * DAY)
    assert site.hits == []
    look(project, site.url("/a"), now=NOW + 4 * DAY)
    assert site.hits == ["/a"]


def test_look_forgets_what_is_older_than_a_year(project: Project, site: Pages) -> None:
    look(project, site.url("/a"))
    look(project, site.url("/b"), now=NOW + 366 * DAY)
    path = project.root / "subscribers" / "newsletter.db"
    with closing(sqlite3.connect(path)) as connection:
        kept = connection.execute("SELECT address FROM link_observations").fetchall()
    assert kept == [(site.url("/b"),)]


# --- history --------------------------------------------------------------------------


def test_history_says_since_when_and_how_often(project: Project, site: Pages) -> None:
    url = site.url("/a")
    look(project, url)
    site.statuses["/a"] = 403
    for days in (8, 12):
        look(project, url, now=NOW + days * DAY)
    seen = look(project, url, now=NOW + 16 * DAY)
    blocked = History(Verdict.BLOCKED, 3, NOW + 8 * DAY)
    assert seen.sightings.histories == {url: blocked}
    # What is remembered is no further check.
    again = look(project, url, now=NOW + 16 * DAY + HOUR)
    assert again.sightings.histories == {url: blocked}


# --- a database that cannot be used ---------------------------------------------------


def test_look_with_a_foreign_database_says_so_and_goes_on(
    project: Project, site: Pages
) -> None:
    path = project.root / "subscribers" / "newsletter.db"
    path.parent.mkdir()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE songs (title)")
    seen = look(project, site.url("/a"))
    assert seen.sightings.looks[site.url("/a")][0].status == 200
    assert seen.trouble == (
        f"the database {path} belongs to another program. "
        "Set another url under [database] in newsletter.toml."
    )
    with closing(sqlite3.connect(path)) as connection:
        tables = connection.execute("SELECT name FROM sqlite_master").fetchall()
    assert tables == [("songs",)]


def test_look_with_a_folder_in_place_of_the_database_goes_on(
    project: Project, site: Pages
) -> None:
    path = project.root / "subscribers" / "newsletter.db"
    path.mkdir(parents=True)
    seen = look(project, site.url("/a"))
    assert seen.sightings.looks[site.url("/a")][0].status == 200
    assert seen.trouble == (
        f"the database {path} cannot be opened: Is a directory. "
        "Check that the disk is not read-only, and who owns file and folder."
    )


@contextmanager
def locked(path: Path) -> Iterator[None]:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        yield
        connection.execute("ROLLBACK")


def test_look_while_another_command_writes_goes_on_soon(
    project: Project, site: Pages, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workflow_links, "PATIENCE_SECONDS", 0.2)
    look(project, site.url("/a"))
    path = project.root / "subscribers" / "newsletter.db"
    with locked(path):
        seen = look(project, site.url("/a"), site.url("/b"))
    assert site.hits == ["/a", "/b"]
    assert seen.sightings.looks.keys() == {site.url("/a"), site.url("/b")}
    assert seen.trouble == (
        f"the database {path} is in use: another command has been writing for "
        "0.2 seconds. Wait until it is ready and try again."
    )


# --- progress -------------------------------------------------------------------------


def test_progress_counts_what_is_asked_and_ends_full(
    project: Project, site: Pages
) -> None:
    steps: list[int] = []

    @contextmanager
    def show(total: int) -> Iterator[Callable[[int], None]]:
        steps.append(total)
        yield steps.append

    look(project, site.url("/a"))
    site.statuses["/gone"] = 404
    urls = [site.url(path) for path in ("/a", "/b", "/gone")]
    look(project, *urls, show_progress=show)
    assert steps == [2, 1, 1]
    steps.clear()
    look(project, *urls, show_progress=show)
    assert steps == []
