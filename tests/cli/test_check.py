import json
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from newsletter.cli import run
from newsletter.model.link import Observation, Verdict
from newsletter.store.database import open_database
from newsletter.store.observations import Seen, save_observations

SETTINGS = """\
[newsletter]
name = "Harbour"
sender = "Harbour <letter@example.org>"
"""

ISSUE = """\
---
subject: Goed werkgeverschap en vier uitspraken
preheader: Een avond over rechten
date: 2023-02-14
language: nl
---

Een besluit. Zie hier.

Mail [ons](mailto:info@example.org) of [lees](https://intranet/).

[Teken de petitie](){.button}
"""

REPORT = """\
issues/2023-02.md:8:14   error    "Zie hier" promises a link, and there is none. [promised-link]
                                  Write [Zie hier](https://…), or take the words out.
issues/2023-02.md:10:40  error    "lees" (https://intranet/): "intranet" has no dot, so it is not the name of a public site. [link-invalid]
                                  Copy the address again from the browser.
issues/2023-02.md:12:1   error    the button "Teken de petitie" has no address. [promised-link]
                                  Write it between the round brackets: [Teken de petitie](https://…).

newsletter.toml          warning  the footer has no postal address. [postal-address]
                                  Add a line "address = …" below [newsletter]: many countries ask for it by law, and readers trust who has one.

issues/2023-02.md:3:1    info     the preheader has 22 characters; there is room for about 100. [preheader-short]
                                  Say one thing more.

2 links checked: 1 ok, 1 invalid.
issues/2023-02.md: 3 errors, 1 warning, 1 info. It cannot be sent like this.
"""  # noqa: E501 - as it is printed


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "newsletter.toml").write_text(SETTINGS, encoding="utf-8")
    (tmp_path / "issues").mkdir()
    write(tmp_path, ISSUE)
    return tmp_path


def write(project: Path, text: str) -> None:
    (project / "issues" / "2023-02.md").write_text(text, encoding="utf-8")


def check(project: Path, *options: str) -> int:
    return run(["check", "2023-02", "--offline", *options, "--project", str(project)])


def test_report_names_place_reason_and_remedy(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert check(project) == 1
    assert capsys.readouterr().out == REPORT


def test_good_issue_can_be_sent(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (project / "newsletter.toml").write_text(f'{SETTINGS}address = "Kade 1"\n', "utf-8")
    text = ISSUE.replace("Een avond over rechten", "Een avond over rechten op het werk")
    write(project, text.partition("Een besluit")[0] + "Dag allemaal.\n")
    assert check(project, "--strict") == 0
    assert capsys.readouterr().out == (
        "issues/2023-02.md: nothing to put right. It can be sent.\n"
    )


def test_strict_counts_warnings(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(project, ISSUE.partition("Een besluit")[0] + "Dag allemaal.\n")
    assert check(project) == 0
    said = "issues/2023-02.md: 1 warning, 1 info."
    assert capsys.readouterr().out.endswith(f"{said} It can be sent.\n")
    assert check(project, "--strict") == 1
    assert capsys.readouterr().out.endswith(
        f"{said} It could be sent, but --strict counts warnings as errors.\n"
    )


def test_json_has_the_promised_shape(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert check(project, "--json") == 1
    report = json.loads(capsys.readouterr().out)
    assert {key: report[key] for key in ("issue", "blocking")} == {
        "issue": "2023-02",
        "blocking": 3,
    }
    assert report["findings"][0] == {
        "rule": "promised-link",
        "severity": "error",
        "file": "issues/2023-02.md",
        "line": 8,
        "column": 14,
        "message": '"Zie hier" promises a link, and there is none.',
        "advice": "Write [Zie hier](https://…), or take the words out.",
        "accepted": None,
        "accepted_at": None,
    }
    assert report["links"] == [
        {
            "url": "mailto:info@example.org",
            "verdict": "ok",
            "new_url": None,
            "status": None,
            "file": "issues/2023-02.md",
            "line": 10,
            "reason": "",
        },
        {
            "url": "https://intranet/",
            "verdict": "invalid",
            "new_url": None,
            "status": None,
            "file": "issues/2023-02.md",
            "line": 10,
            "reason": '"intranet" has no dot, so it is not the name of a public site.',
        },
    ]


def test_problem_of_the_definition_is_a_finding_in_json(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(project, "no front matter\n")
    assert check(project, "--json") == 1
    report = json.loads(capsys.readouterr().out)
    assert [finding["rule"] for finding in report["findings"]] == ["definition"]
    assert (report["issue"], report["blocking"], report["links"]) == ("2023-02", 1, [])


def test_accepted_finding_shows_its_reason(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(project, ISSUE.partition("Mail")[0])
    accept = ["--accept", "promised-link:8", "--because", "a quotation"]
    assert check(project, *accept) == 0
    shown, today = capsys.readouterr().out, datetime.now(UTC)
    assert check(project) == 0
    assert capsys.readouterr().out == shown
    assert shown.startswith(
        'issues/2023-02.md:8:14  error    "Zie hier" promises a link, '
        "and there is none. [promised-link]\n"
        + " " * 33
        + "Write [Zie hier](https://…), or take the words out.\n"
        + " " * 33
        + f"Accepted on {today.day} {today:%B %Y}: a quotation\n"
    )
    assert shown.endswith(
        "issues/2023-02.md: 1 error (1 accepted), 1 warning, 1 info. It can be sent.\n"
    )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            ["--accept", "promised-link:8"],
            "--accept RULE:LINE and --because TEXT go together.",
        ),
        (
            ["--accept", "promised-link:8", "--because", " "],
            "--accept RULE:LINE and --because TEXT go together.",
        ),
        (
            ["--because", "I say so"],
            "--accept RULE:LINE and --because TEXT go together.",
        ),
        (
            ["--accept", "promised-link:x", "--because", "y"],
            '"x" is no line. Write --accept RULE:LINE.',
        ),
        (
            ["--allow-private", "home"],
            "--allow-private: 'home' does not appear to be an IPv4 or IPv6 network. "
            "Write a network such as 10.1.0.0/16.",
        ),
        (
            ["--allow-private", "10.1.0.0/16", "--allow-private", "8.8.8.8"],
            "--allow-private: 8.8.8.8 is not private. "
            "Public addresses are asked anyway; leave it out.",
        ),
        (
            ["--max-age", "0"],
            "--max-age 0 asks everything, and --offline nobody.",
        ),
    ],
)
def test_wrong_options_are_refused(
    project: Path,
    capsys: pytest.CaptureFixture[str],
    options: list[str],
    message: str,
) -> None:
    assert check(project, *options) == 2
    assert capsys.readouterr().err.splitlines()[-1] == f"Error: {message}"


def test_finding_that_is_not_there_is_a_usage_error_in_json(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    accept = ["--accept", "size-clip:3", "--because", "x"]
    assert check(project, *accept, "--json") == 2
    error = json.loads(capsys.readouterr().out)["error"]
    assert error == {
        "kind": "usage",
        "message": '"size-clip" found nothing on line 3.',
        "advice": "There is: promised-link:8, link-invalid:10, promised-link:12, "
        "postal-address, preheader-short:3.",
    }


def test_rule_nobody_can_accept_is_refused(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert check(project, "--accept", "unsubscribe-place", "--because", "x") == 1
    assert capsys.readouterr().err == (
        '"unsubscribe-place" cannot be accepted. '
        "It has to be put right before sending.\n"
    )


def test_asked_addresses_are_announced_on_standard_error(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    links = "[a](https://a.example/) and [b](https://b.example/)"
    write(project, ISSUE.partition("Mail")[0] + links)
    assert run(["check", "2023-02", "--project", str(project)]) == 1
    said = capsys.readouterr()
    assert said.err == "asking 2 link addresses.\n"
    # No name is found in tests, so there is nothing to sum up.
    assert "links were not checked: this computer has no network." in said.out
    assert "links checked" not in said.out


def test_networks_that_were_opened_are_named(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert check(project, "--allow-private", "10.1.0.0/16") == 1
    said = "Private networks were allowed: 10.1.0.0/16.\n"
    assert said in capsys.readouterr().out


# --- what is remembered ---------------------------------------------------------------

LETTER = """\
---
subject: Goed werkgeverschap, nieuws van {day}
preheader: Een avond over rechten op het werk, en wat de rechter besliste
date: {day}
language: nl
---

Lees [het besluit]({url}).
"""


@pytest.fixture
def archive(project: Path) -> Path:
    """Two issues with a link each, of which one was seen to be broken."""
    (project / "newsletter.toml").write_text(f'{SETTINGS}address = "Kade 1"\n', "utf-8")
    good, gone = "https://a.example/besluit", "https://b.example/besluit"
    text = LETTER.format(day="2023-01-10", url=good)
    (project / "issues" / "2023-01.md").write_text(text, encoding="utf-8")
    write(project, LETTER.format(day="2023-02-14", url=gone))
    now = datetime.now(UTC)
    with (
        open_database("sqlite:///subscribers/newsletter.db", root=project) as database,
        database.writing() as connection,
    ):
        fine = {good: Seen((Observation(good, status=200),), Verdict.OK)}
        save_observations(connection, fine, now=now - timedelta(hours=50))
        twice = (Observation(gone, status=404),) * 2
        broken = {gone: Seen(twice, Verdict.BROKEN)}
        save_observations(connection, broken, now=now - timedelta(hours=3))
    return project


def test_offline_check_says_how_old_its_knowledge_is(
    archive: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert check(archive) == 1
    shown = capsys.readouterr().out.splitlines()
    assert shown[0].startswith(
        'issues/2023-02.md:8:6  error    "het besluit" (https://b.example/besluit): '
        "the page does not exist."
    )
    assert shown[-3:] == [
        "1 link checked: 1 broken.",
        "1 address remembered (seen 3 hours ago).",
        "issues/2023-02.md: 1 error. It cannot be sent like this.",
    ]


def test_max_age_leaves_out_what_is_older(
    archive: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert check(archive, "--max-age", "2h") == 0
    assert capsys.readouterr().out.splitlines() == [
        "1 link: 1 not asked (--offline).",
        "issues/2023-02.md: nothing to put right. It can be sent.",
    ]


@pytest.mark.parametrize("age", ["4h", "200m", "7d", "2W", " 12H "])
def test_max_age_takes_minutes_hours_days_and_weeks(
    archive: Path, capsys: pytest.CaptureFixture[str], age: str
) -> None:
    assert check(archive, "--max-age", age) == 1
    assert "1 address remembered (seen 3 hours ago)." in capsys.readouterr().out


@pytest.mark.parametrize("age", ["5", "h", "-1h", "1.5h", "1 day", "", "٣h"])
def test_max_age_that_is_no_duration_is_refused(
    archive: Path, capsys: pytest.CaptureFixture[str], age: str
) -> None:
    assert check(archive, "--max-age", age) == 2
    assert capsys.readouterr().err.splitlines()[-1] == (
        f'Error: "{age}" is no duration. Write for example 90m, 24h, 7d or 2w; '
        "0 asks everything anew."
    )


def test_archive_is_shown_issue_by_issue(
    archive: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["check", "--archive", "--offline", "--project", str(archive)]
    assert run(command) == 1
    shown = capsys.readouterr().out.splitlines()
    assert shown[:2] == ["issues/2023-01.md: nothing to put right.", ""]
    assert shown[2].startswith("issues/2023-02.md:8:6  error    ")
    assert shown[-5:] == [
        "issues/2023-02.md: 1 error.",
        "",
        "2 links checked: 1 ok, 1 broken.",
        "2 addresses remembered (the oldest seen 2 days ago).",
        "2 issues: 1 error.",
    ]


def test_archive_tells_once_what_issues_share(
    archive: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (archive / "newsletter.toml").write_text(SETTINGS, encoding="utf-8")
    command = ["check", "--archive", "--offline", "--project", str(archive)]
    assert run(command) == 1
    shown = capsys.readouterr().out.splitlines()
    assert shown[0] == "issues/2023-01.md: nothing to put right."
    assert [line for line in shown if "[postal-address]" in line] == [
        "newsletter.toml  warning  the footer has no postal address. [postal-address]"
    ]
    assert shown[-1] == "2 issues: 1 error, 1 warning."


def test_archive_without_issues_is_refused(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (project / "issues" / "2023-02.md").unlink()
    assert run(["check", "--archive", "--project", str(project)]) == 3
    assert capsys.readouterr().err == (
        "there is no issue in the folder issues/. "
        'Begin one with: newsletter new "Title"\n'
    )


def test_rule_that_is_not_there_is_refused_before_links_are_asked(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    accept = ["--accept", "link-brokn:3", "--because", "x"]
    assert run(["check", *accept, "--project", str(project)]) == 2
    said = capsys.readouterr()
    assert "asking" not in said.err
    assert 'there is no rule "link-brokn". Did you mean "link-broken"?' in said.err


def test_archive_json_lists_issues(
    archive: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["check", "--archive", "--offline", "--json", "--project", str(archive)]
    assert run(command) == 1
    report = json.loads(capsys.readouterr().out)
    assert report.keys() == {"issues"}
    told = [
        (one["issue"], one["blocking"], one["links"][0]["verdict"])
        for one in report["issues"]
    ]
    assert told == [("2023-01", 0, "ok"), ("2023-02", 1, "broken")]


@pytest.mark.parametrize(
    "more", [["2023-02"], ["--accept", "link-broken:8", "--because", "x"]]
)
def test_archive_names_and_accepts_nothing(
    archive: Path, capsys: pytest.CaptureFixture[str], more: list[str]
) -> None:
    assert run(["check", "--archive", *more, "--project", str(archive)]) == 2
    assert capsys.readouterr().err.splitlines()[-1] == (
        "Error: --archive takes every issue: name none, accept none."
    )


def test_database_that_cannot_be_used_is_said_once(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = project / "subscribers" / "newsletter.db"
    path.parent.mkdir()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE songs (title)")
    assert check(project) == 1
    said = capsys.readouterr()
    assert said.err.count("belongs to another program") == 1
    assert said.err.splitlines()[-1] == (
        f"nothing was remembered: the database {path} belongs to another program. "
        "Set another url under [database] in newsletter.toml."
    )
    assert said.out == REPORT
