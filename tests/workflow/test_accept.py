"""Verdicts on links that an editor knows better, with a real server and database."""

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_network
from pathlib import Path
from threading import Thread

import pytest

from newsletter.errors import UsageError
from newsletter.model.finding import Finding
from newsletter.workflow.accept import Acceptance
from newsletter.workflow.check import CheckReport, accept_in_report, check_issue
from newsletter.workflow.project import Project, open_project

NOW = datetime(2026, 2, 14, 23, 30, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
DATA = Path(__file__).resolve().parents[1] / "data"
LOOPBACK = (ip_network("127.0.0.0/8"),)

SETTINGS = """\
[newsletter]
name = "Harbour"
sender = "Harbour <letter@example.org>"
address = "Harbour Street 1, Utrecht"
time_zone = "Europe/Amsterdam"
base_url = "https://letters.example"
"""

HEAD = """\
---
subject: Goed werkgeverschap en vier uitspraken
preheader: Een avond over rechten, en wat de rechter besliste
date: 2026-02-14
---

"""


class Wall(ThreadingHTTPServer):
    """A site that answers everything with one status."""

    status = 403

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/page"


class _Answers(BaseHTTPRequestHandler):
    server: Wall

    def do_GET(self) -> None:
        self.send_response(self.server.status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def wall() -> Iterator[Wall]:
    server = Wall(("127.0.0.1", 0), _Answers)
    thread = Thread(target=server.serve_forever, args=[0.02])
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def project(tmp_path: Path) -> Project:
    (tmp_path / "newsletter.toml").write_text(SETTINGS, encoding="utf-8")
    (tmp_path / "issues").mkdir()
    return open_project(tmp_path)


def write(project: Project, body: str, name: str = "2026-02") -> None:
    path = project.root / "issues" / f"{name}.md"
    path.write_text(HEAD + body, encoding="utf-8")


def check(
    project: Project,
    name: str = "2026-02",
    *,
    now: datetime = NOW,
    offline: bool = False,
) -> CheckReport:
    return check_issue(project, name, offline=offline, now=now, allow_private=LOOPBACK)


def blocked(report: CheckReport) -> list[Finding]:
    return [finding for finding in report.findings if finding.rule == "link-blocked"]


def confirm(project: Project, line: int = 7) -> CheckReport:
    chosen = Acceptance("link-blocked", line, "opened it myself")
    return accept_in_report(project, check(project), chosen, now=NOW)


def test_confirmed_link_shows_reason_and_day_of_the_newsletter(
    project: Project, wall: Wall
) -> None:
    write(project, f"Het [besluit]({wall.url}).\n")
    (finding,) = blocked(confirm(project))
    assert finding.accepted == "opened it myself"
    # Half past eleven in London is the next day in Amsterdam.
    assert finding.accepted_on == "15 February 2026"
    assert blocked(check(project, now=NOW + HOUR)) == [finding]


def test_confirmed_link_stays_so_when_its_line_changes(
    project: Project, wall: Wall
) -> None:
    write(project, f"Het [besluit]({wall.url}).\n")
    confirm(project)
    write(project, f"Eerst dit.\n\nLees hier [de uitspraak zelf]({wall.url}) na.\n")
    (finding,) = blocked(check(project, now=NOW + HOUR))
    assert (finding.place.line, finding.accepted) == (9, "opened it myself")


def test_confirmed_link_stays_so_in_the_next_issue(
    project: Project, wall: Wall
) -> None:
    write(project, f"Het [besluit]({wall.url}).\n")
    confirm(project)
    write(project, f"Nog eens het [besluit]({wall.url}).\n", "2026-03")
    (finding,) = blocked(check(project, "2026-03", now=NOW + 20 * DAY))
    assert (finding.accepted, finding.accepted_on) == (
        "opened it myself",
        "15 February 2026",
    )


def test_confirmed_is_one_address_and_its_place_in_the_page(
    project: Project, wall: Wall
) -> None:
    write(project, f"Het [besluit]({wall.url}).\n\n[Ander]({wall.url}#twee)\n")
    reasons = [finding.accepted for finding in blocked(confirm(project))]
    assert reasons == ["opened it myself", ""]


def test_links_of_one_line_are_confirmed_one_at_a_time(
    project: Project, wall: Wall
) -> None:
    """She opened one of the two pages; the other may be dead."""
    write(project, f"Het [besluit]({wall.url}) en [meer]({wall.url}/2).\n")
    with pytest.raises(UsageError) as refused:
        confirm(project)
    assert str(refused.value) == (
        '"link-blocked" found 2 links on line 7. '
        "Accept each by its column: link-blocked:7:5, link-blocked:7:"
        f"{len(f'Het [besluit]({wall.url}) en ') + 1}."
    )
    chosen = Acceptance("link-blocked", 7, "opened it myself", column=5)
    report = accept_in_report(project, check(project), chosen, now=NOW)
    reasons = [finding.accepted for finding in blocked(report)]
    assert reasons == ["opened it myself", ""]


def test_confirmation_outlives_a_check_that_may_not_ask(
    project: Project, wall: Wall
) -> None:
    write(project, f"Het [besluit]({wall.url}).\n\n[x](https://x.invalid/)\n")
    confirm(project)
    check_issue(project, "2026-02", offline=False, now=NOW + 4 * DAY)
    (finding,) = blocked(check(project, now=NOW + 5 * DAY))
    assert finding.accepted == "opened it myself"


def test_confirmation_lapses_when_the_link_is_found_otherwise(
    project: Project, wall: Wall
) -> None:
    """It was reachable for a while: what she saw then says nothing of a new wall."""
    write(project, f"Het [besluit]({wall.url}).\n")
    confirm(project)
    wall.status = 200
    assert blocked(check(project, now=NOW + 4 * DAY)) == []
    wall.status = 403
    (finding,) = blocked(check(project, now=NOW + 12 * DAY))
    assert finding.accepted == ""


def test_confirmation_outlives_a_day_without_an_answer(
    project: Project, wall: Wall
) -> None:
    write(project, f"Het [besluit]({wall.url}).\n")
    confirm(project)
    wall.status = 429
    assert blocked(check(project, now=NOW + 4 * DAY)) == []
    wall.status = 403
    (finding,) = blocked(check(project, now=NOW + 5 * DAY))
    assert finding.accepted == "opened it myself"


def test_confirmation_does_not_cover_another_verdict(
    project: Project, wall: Wall
) -> None:
    write(project, f"Het [besluit]({wall.url}).\n")
    confirm(project)
    wall.status = 404
    report = check(project, now=NOW + 4 * DAY)
    found = [(one.rule, one.accepted) for one in report.blocking]
    assert found == [("link-broken", "")]


def test_confirmed_link_that_needs_no_asking_is_bound_to_its_address(
    project: Project,
) -> None:
    write(project, "Op [intranet](http://10.1.2.3/).\n")
    chosen = Acceptance("link-unsafe", 7, "for colleagues only")
    report = check(project, offline=True)
    accept_in_report(project, report, chosen, now=NOW)
    write(project, "Zie ook [intranet](http://10.1.2.3/).\n", "2026-03")
    report = check_issue(project, "2026-03", offline=True, now=NOW + 30 * DAY)
    assert [one.accepted for one in report.findings if one.rule == "link-unsafe"] == [
        "for colleagues only"
    ]


def test_readers_own_address_is_accepted_by_its_line_and_not_stored(
    project: Project,
) -> None:
    write(project, "[Weg](https://letters.example/u/token-of-anna)\n")
    chosen = Acceptance("link-unsafe", 7, "an example")
    report = accept_in_report(project, check(project, offline=True), chosen, now=NOW)
    assert [one.accepted for one in report.findings if one.rule == "link-unsafe"] == [
        "an example"
    ]
    stored = (project.root / "subscribers" / "newsletter.db").read_bytes()
    assert b"token-of-anna" not in stored


def test_finding_in_a_template_is_not_bound_to_a_line_of_the_issue(
    tmp_path: Path,
) -> None:
    shutil.copytree(DATA / "good", tmp_path / "p")
    shutil.copytree(DATA / "bad" / "client-breaks", tmp_path / "p", dirs_exist_ok=True)
    project = open_project(tmp_path / "p")
    report = check(project, "2099-01", offline=True)
    finding = next(one for one in report.findings if one.rule == "client-breaks")
    line = finding.place.line
    assert line > 0
    chosen = Acceptance("client-breaks", line, "our readers have no such program")
    accept_in_report(project, report, chosen, now=NOW)
    path = tmp_path / "p" / "issues" / "2099-01.md"
    lines = path.read_text(encoding="utf-8").splitlines()
    lines[line - 1] += " "
    path.write_text("\n".join(["---", "number: 9", *lines[1:]]), encoding="utf-8")
    again = check(project, "2099-01", offline=True)
    accepted = [one for one in again.findings if one.rule == "client-breaks"]
    assert accepted[0].accepted == "our readers have no such program"
