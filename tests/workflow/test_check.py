import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_network
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from newsletter.errors import RefusedError, UsageError
from newsletter.model.copy import Reader
from newsletter.model.finding import Severity
from newsletter.model.link import Verdict
from newsletter.workflow.accept import Acceptance
from newsletter.workflow.check import (
    ArchiveReport,
    CheckReport,
    Inquiry,
    accept_in_report,
    check_archive,
    check_composition,
    check_issue,
)
from newsletter.workflow.compose import compose_issue
from newsletter.workflow.links import Tally
from newsletter.workflow.project import Project, open_project

NOW = datetime(2023, 2, 14, 9, 0, tzinfo=UTC)
LOOPBACK = (ip_network("127.0.0.0/8"),)

SETTINGS = """\
[newsletter]
name = "Harbour"
sender = "Harbour <letter@example.org>"
address = "Harbour Street 1, Utrecht"
time_zone = "Europe/Amsterdam"
language = "nl"
"""

HEAD = """\
---
subject: Goed werkgeverschap en vier uitspraken
preheader: Een avond over rechten, en wat de rechter besliste
date: 2023-02-14
---

"""


@pytest.fixture
def project(tmp_path: Path) -> Project:
    (tmp_path / "newsletter.toml").write_text(SETTINGS, encoding="utf-8")
    (tmp_path / "issues").mkdir()
    return open_project(tmp_path)


def write(project: Project, body: str) -> None:
    path = project.root / "issues" / "2023-02.md"
    path.write_text(HEAD + body, encoding="utf-8")


def check(project: Project, body: str = "", *, now: datetime = NOW) -> CheckReport:
    if body:
        write(project, body)
    return check_issue(project, "2023-02", offline=True, now=now)


def seen(report: CheckReport) -> list[tuple[str, int, int]]:
    return [(f.rule, f.place.line, f.place.column) for f in report.findings]


def answered(report: CheckReport) -> list[tuple[str, int, int]]:
    """Leave out what the addresses of a server on loopback are by themselves."""
    return [one for one in seen(report) if one[0] in ("link-broken", "link-moved")]


def test_good_issue_passes(project: Project) -> None:
    report = check(project, "Een regel met [een link](https://example.org/).\n")
    assert seen(report) == []
    assert report.passes(strict=True)
    assert (report.issue, report.file) == ("2023-02", "issues/2023-02.md")


def test_promised_links_are_found_where_they_are_written(project: Project) -> None:
    words = "Een besluit.\nNu nieuw. Zie hier.\n\n[Teken](){.button}\n"
    body = f"## Nieuws\n\n### Een uitspraak\n\n{words}"
    report = check(project, body)
    assert seen(report) == [("promised-link", 12, 11), ("promised-link", 14, 1)]
    assert len(report.blocking) == 2
    assert not report.passes()


def test_problems_of_the_definition_stand_among_the_findings(project: Project) -> None:
    text = HEAD.replace("date:", "langage: nl\ndate:") + "Zie hier.\n"
    (project.root / "issues" / "2023-02.md").write_text(text, encoding="utf-8")
    report = check(project)
    assert ("definition", 4, 1) in seen(report)
    assert not report.passes()


def test_everything_wrong_is_told_at_once(project: Project) -> None:
    text = HEAD.replace("date: 2023-02-14", "date: morgen\ntemplate: brief")
    text += "[Lees meer]()\n\n![](weg.png)\n\nKlik hier.\n"
    (project.root / "issues" / "2023-02.md").write_text(text, encoding="utf-8")
    assert seen(check(project)) == [
        ("definition", 4, 7),
        ("definition", 5, 1),
        ("definition", 10, 1),
        ("promised-link", 8, 1),
        ("alt-missing", 10, 1),
        ("promised-link", 12, 1),
    ]


def test_what_is_a_problem_is_no_finding_too(project: Project) -> None:
    head = "---\nsubject:\npreheader:\ndate: 2023-02-14\n---\n\n"
    path = project.root / "issues" / "2023-02.md"
    path.write_text(f"{head}[c](www.example.org)\n", encoding="utf-8")
    assert seen(check(project)) == [
        ("definition", 2, 9),
        ("definition", 3, 11),
        ("definition", 7, 1),
    ]


def test_definition_that_cannot_be_read_is_a_finding(project: Project) -> None:
    (project.root / "issues" / "2023-02.md").write_bytes(b"\xff\xfe")
    report = check(project)
    assert [finding.rule for finding in report.findings] == ["definition"]
    assert report.file == "issues/2023-02.md"


def test_today_is_that_of_the_newsletter(project: Project) -> None:
    body = "::: event\ntitle: Avond\nwhen: 2023-02-14 20:00\nwhere: Hier\n:::\n"
    evening = datetime(2023, 2, 14, 22, 59, tzinfo=UTC)
    assert seen(check(project, body, now=evening)) == []
    night = datetime(2023, 2, 14, 23, 1, tzinfo=UTC)
    assert [rule for rule, *_ in seen(check(project, now=night))] == ["event-past"]


def test_long_mail_is_measured_as_it_travels(project: Project) -> None:
    # Each of these letters takes six bytes in quoted-printable.
    report = check(
        project, "## Élan\n\n" + "é" * 2_000 + "\n\n" + ("élan " * 2_000 + "\n\n") * 5
    )
    assert [rule for rule, *_ in seen(report)] == ["size-clip"]


def test_settings_weigh_a_rule_anew(project: Project) -> None:
    settings = SETTINGS + '\n[checks]\npromised-link = "warning"\n'
    (project.root / "newsletter.toml").write_text(settings, encoding="utf-8")
    report = check(open_project(project.root), "Zie hier.\n")
    assert [finding.severity for finding in report.findings] == [Severity.WARNING]
    assert report.passes()
    assert not report.passes(strict=True)


def test_readers_that_are_given_are_the_ones_looked_at(project: Project) -> None:
    settings = SETTINGS + '\n[fields.first_name]\nfallback = "lezer"\n'
    (project.root / "newsletter.toml").write_text(settings, encoding="utf-8")
    project = open_project(project.root)
    write(project, "Beste {{ first_name }}, dag.\n")
    composition = compose_issue(project, project.root / "issues" / "2023-02.md")
    reader = Reader("one of your subscribers", "a@x.org", {"first_name": "nan"})
    report = check_composition(
        project, composition, offline=True, now=NOW, readers=(reader,)
    )
    assert [copy.reader for copy in report.copies] == [reader]
    assert [f.rule for f in report.blocking] == ["field-unfilled"]


def test_offline_check_takes_no_time_and_makes_no_database(project: Project) -> None:
    body = "".join(f"### Item {n}\n\nEen regel. Zie hier.\n\n" for n in range(100))
    check(project, f"## Nieuws\n\n{body}")
    composition = compose_issue(project, project.root / "issues" / "2023-02.md")
    began = time.perf_counter()
    report = check_composition(project, composition, offline=True, now=NOW)
    assert len(report.findings) == 100
    # A tenth of this was measured; the rest is for a busy machine.
    assert time.perf_counter() - began < 1
    assert not (project.root / "subscribers").exists()


# --- accepting ------------------------------------------------------------------------

PROMISE = "Een besluit. Zie hier.\n"
ACCEPTED = Acceptance("promised-link", 7, "it is a quotation")


def test_accepted_finding_keeps_its_reason_and_blocks_no_more(
    project: Project,
) -> None:
    report = accept_in_report(project, check(project, PROMISE), ACCEPTED, now=NOW)
    assert [finding.accepted for finding in report.findings] == ["it is a quotation"]
    assert report.passes()
    assert check(project).findings == report.findings


def test_acceptance_follows_its_line(project: Project) -> None:
    accept_in_report(project, check(project, PROMISE), ACCEPTED, now=NOW)
    report = check(project, f"Een nieuwe regel.\n\n  {PROMISE}")
    assert seen(report) == [("promised-link", 9, 16)]
    assert report.passes()


def test_acceptance_ends_when_its_line_changes(project: Project) -> None:
    accept_in_report(project, check(project, PROMISE), ACCEPTED, now=NOW)
    assert not check(project, "Een ander besluit. Zie hier.\n").passes()


def test_acceptance_is_of_one_rule(project: Project) -> None:
    accept_in_report(project, check(project, PROMISE), ACCEPTED, now=NOW)
    report = check(project, PROMISE.replace("besluit", "[x](https://x)"))
    assert not report.passes()


def test_acceptance_is_of_one_issue(project: Project) -> None:
    accept_in_report(project, check(project, PROMISE), ACCEPTED, now=NOW)
    text = (project.root / "issues" / "2023-02.md").read_text("utf-8")
    (project.root / "issues" / "2023-03.md").write_text(text, encoding="utf-8")
    assert not check_issue(project, "2023-03", offline=True, now=NOW).passes()


def test_finding_about_the_whole_issue_is_accepted_without_a_line(
    project: Project,
) -> None:
    settings = SETTINGS.replace('address = "Harbour Street 1, Utrecht"\n', "")
    (project.root / "newsletter.toml").write_text(settings, encoding="utf-8")
    project = open_project(project.root)
    chosen = Acceptance("postal-address", 0, "it is on our website")
    report = accept_in_report(project, check(project, "Dag.\n"), chosen, now=NOW)
    assert report.passes(strict=True)
    assert check(project, "Dag allemaal.\n").passes(strict=True)


@pytest.mark.parametrize(
    ("rule", "line", "kind", "message"),
    [
        (
            "promised-link",
            8,
            UsageError,
            '"promised-link" found nothing on line 8. There is: promised-link:7.',
        ),
        (
            "size-clip",
            0,
            UsageError,
            '"size-clip" found nothing about the issue as a whole. '
            "There is: promised-link:7.",
        ),
        (
            "promised-links",
            7,
            UsageError,
            'there is no rule "promised-links". Did you mean "promised-link"?',
        ),
        (
            "xyz",
            7,
            UsageError,
            'there is no rule "xyz". '
            "Each finding ends with its rule, in square brackets.",
        ),
        (
            "unsubscribe-place",
            0,
            RefusedError,
            '"unsubscribe-place" cannot be accepted. '
            "It has to be put right before sending.",
        ),
        (
            "field-unfilled",
            0,
            RefusedError,
            '"field-unfilled" cannot be accepted. '
            "It has to be put right before sending.",
        ),
        (
            "sender-missing",
            0,
            RefusedError,
            '"sender-missing" cannot be accepted. '
            "It has to be put right before sending.",
        ),
        (
            "definition",
            7,
            RefusedError,
            '"definition" cannot be accepted. It has to be put right before sending.',
        ),
    ],
)
def test_what_cannot_be_accepted_is_refused(
    project: Project, rule: str, line: int, kind: type[Exception], message: str
) -> None:
    report = check(project, PROMISE)
    with pytest.raises(kind) as caught:
        accept_in_report(project, report, Acceptance(rule, line, "because"), now=NOW)
    assert str(caught.value) == message


def test_nothing_left_to_accept_is_said(project: Project) -> None:
    report = check(project, "Dag.\n")
    with pytest.raises(UsageError) as caught:
        accept_in_report(project, report, ACCEPTED, now=NOW)
    assert str(caught.value) == (
        '"promised-link" found nothing on line 7. There is nothing to accept.'
    )


# --- links ----------------------------------------------------------------------------


class Site(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.server.hits.append(self.path)  # type: ignore[attr-defined]
        if self.path == "/old":
            self.send_response(301)
            self.send_header("Location", "/good")
        else:
            self.send_response(200 if self.path == "/good" else 404)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def site() -> Iterator[ThreadingHTTPServer]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Site)
    server.hits = []  # type: ignore[attr-defined]
    thread = Thread(target=server.serve_forever, args=[0.02])
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def test_links_are_asked_and_judged(
    project: Project, site: ThreadingHTTPServer
) -> None:
    url = f"http://127.0.0.1:{site.server_port}"
    write(project, f"[Goed]({url}/good)\n[weg]({url}/gone)\n[oud]({url}/old)\n")
    asked: list[int] = []

    @contextmanager
    def show(total: int) -> Iterator[Callable[[int], None]]:
        asked.append(total)
        yield asked.append

    report = check_issue(
        project,
        None,
        offline=False,
        now=NOW,
        allow_private=LOOPBACK,
        show_progress=show,
    )
    verdicts = [link.judgement.verdict for link in report.links]
    assert verdicts == [Verdict.OK, Verdict.BROKEN, Verdict.MOVED]
    assert report.links[2].judgement.new_url == f"{url}/good"
    assert answered(report) == [("link-broken", 8, 1), ("link-moved", 9, 1)]
    assert asked == [3, 1, 1, 1]


def archived(project: Project, **inquiry: Any) -> ArchiveReport:
    return check_archive(project, Inquiry(**{"allowed": LOOPBACK} | inquiry), now=NOW)


def test_archive_asks_an_address_of_many_issues_once(
    project: Project, site: ThreadingHTTPServer
) -> None:
    url = f"http://127.0.0.1:{site.server_port}"
    for month in ("2022-12", "2023-01", "2023-02"):
        text = HEAD.replace("2023-02-14", f"{month}-01")
        text += f"[Goed]({url}/good) van {month}.\n"
        (project.root / "issues" / f"{month}.md").write_text(text, encoding="utf-8")
    write(project, f"[Goed]({url}/good)\n[weg]({url}/gone)\n")
    archive = archived(project)
    hits = sorted(site.hits)  # type: ignore[attr-defined]
    assert hits == ["/gone", "/gone", "/good"]
    assert [report.issue for report in archive.issues] == [
        "2022-12",
        "2023-01",
        "2023-02",
    ]
    assert [answered(report) for report in archive.issues] == [
        [],
        [],
        [("link-broken", 8, 1)],
    ]
    assert archive.tally == Tally(asked=2)
    assert [report.tally.asked for report in archive.issues] == [1, 1, 2]
    assert not archive.passes()


def test_archive_again_asks_nobody(project: Project, site: ThreadingHTTPServer) -> None:
    write(project, f"[Goed](http://127.0.0.1:{site.server_port}/good)\n")
    archived(project)
    site.hits.clear()  # type: ignore[attr-defined]
    assert archived(project).tally == Tally(remembered=(NOW,))
    assert archived(project, is_offline=True).issues[0].unasked_links == 0
    assert site.hits == []  # type: ignore[attr-defined]


def test_archive_reads_issues_of_the_past_as_on_their_day(project: Project) -> None:
    """That the events of last year are over is no news."""
    event = "::: event\ntitle: Avond\nwhen: 2022-12-20 20:00\nwhere: Hier\n:::\n"
    text = HEAD.replace("2023-02-14", "2022-12-01") + event
    (project.root / "issues" / "2022-12.md").write_text(text, encoding="utf-8")
    assert [seen(one) for one in archived(project, is_offline=True).issues] == [[]]
    report = check_issue(project, "2022-12", offline=True, now=NOW)
    assert [rule for rule, *_ in seen(report)] == ["event-past"]


def test_archive_shows_issues_that_cannot_be_read_among_the_others(
    project: Project,
) -> None:
    (project.root / "issues" / "2023-01.md").write_bytes(b"\xff\xfe")
    write(project, "Dag.\n")
    archive = archived(project, is_offline=True)
    rules = [[one.rule for one in report.findings] for report in archive.issues]
    assert rules == [["definition"], []]


def test_check_with_a_database_it_cannot_use_says_so_and_goes_on(
    project: Project, site: ThreadingHTTPServer
) -> None:
    path = project.root / "subscribers" / "newsletter.db"
    path.mkdir(parents=True)
    write(project, f"[weg](http://127.0.0.1:{site.server_port}/gone)\n")
    report = check_issue(project, None, offline=False, now=NOW, allow_private=LOOPBACK)
    assert answered(report) == [("link-broken", 7, 1)]
    assert report.trouble == (
        f"the database {path} cannot be opened: Is a directory. "
        "Check that the disk is not read-only, and who owns file and folder."
    )


def test_check_imports_neither_database_nor_network_before_they_are_needed() -> None:
    """The preview and the help stay quick."""
    script = (
        "import sys, newsletter.workflow.check\n"
        "print([name for name in ('aiohttp', 'sqlalchemy') if name in sys.modules])"
    )
    out = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert out.stdout == "[]\n"


def test_private_address_is_not_asked(
    project: Project, site: ThreadingHTTPServer
) -> None:
    write(project, f"[x](http://127.0.0.1:{site.server_port}/good)\n")
    report = check_issue(project, None, offline=False, now=NOW)
    assert [rule for rule, *_ in seen(report)] == ["link-unsafe"]
    assert site.hits == []  # type: ignore[attr-defined]


def test_computer_without_network_is_told_once(project: Project) -> None:
    write(project, "[a](https://a.example/) en [b](https://b.example/)\n")
    report = check_issue(project, None, offline=False, now=NOW)
    assert seen(report) == [("links-unchecked", 0, 0)]
    assert {link.judgement.verdict for link in report.links} == {Verdict.TIMEOUT}
    assert report.passes()


def test_offline_check_knows_what_needs_no_asking(project: Project) -> None:
    report = check(project, "[a](https://a.example/) [b](https://b) [c](tel:+31201)\n")
    assert report.unasked_links == 1
    urls = [(link.use.url, link.judgement.verdict) for link in report.links]
    assert urls == [("https://b", Verdict.INVALID), ("tel:+31201", Verdict.OK)]


def test_real_issues_are_checked_as_their_page_says(shared: Path) -> None:
    project = open_project(shared / "real")
    incomplete = check_issue(
        project, str(shared / "real" / "2023-03.md"), offline=True, now=NOW
    )
    promised = [f for f in incomplete.findings if f.rule == "promised-link"]
    places = [(f.place.line, f.place.column) for f in promised]
    assert places == [(18, 1), (29, 94), (36, 90), (46, 30)]
    assert incomplete.blocking == tuple(promised)
    complete = check_issue(
        project, str(shared / "real" / "2023-02.md"), offline=True, now=NOW
    )
    assert complete.blocking == ()


def test_check_of_two_issues_with_one_name_blocks_both(project: Project) -> None:
    write(project, "Tekst.\n")
    other = project.root / "issues" / "2023 02.md"
    other.write_text(HEAD + "Tekst.\n", encoding="utf-8")
    (finding,) = check(project).blocking
    assert str(finding.place) == "issues/2023-02.md"
    assert finding.message == (
        'issues/2023 02.md goes by the same name, "2023-02": whoever got one of the '
        "two would not get the other."
    )
    assert finding.advice == 'Add a line such as "slug: another-name" to this one.'


def test_check_of_two_issues_of_one_file_name_with_own_slugs_is_quiet(
    project: Project,
) -> None:
    write(project, "Tekst.\n")
    other = project.root / "issues" / "2023 02.md"
    text = HEAD.replace("date:", "slug: februari\ndate:") + "Tekst.\n"
    other.write_text(text, encoding="utf-8")
    assert check(project).blocking == ()
