"""SpamAssassin itself, where it is installed: what it says of our own mails.

It takes two seconds for each, so the templates are looked at by name (-m long).
"""

import shutil
import stat
from datetime import date
from pathlib import Path

import pytest

from newsletter.checks.spamassassin import score_mail
from newsletter.errors import OperationError
from newsletter.model.copy import Copy
from newsletter.workflow.compose import compose_issue, require_assembled
from newsletter.workflow.copies import UNKNOWN_READER, make_copies
from newsletter.workflow.project import find_issue, list_issues, open_project

ROOT = Path(__file__).resolve().parents[2]

MAIL = b"""\
From: Harbour <letter@example.org>\r
To: reader@example.org\r
Subject: GET RICH NOW!!!\r
Message-ID: <1@example.org>\r
MIME-Version: 1.0\r
Content-Type: text/plain; charset="utf-8"\r
\r
Words.\r
"""

needs_spamassassin = pytest.mark.skipif(
    shutil.which("spamassassin") is None, reason="SpamAssassin is not installed"
)


@needs_spamassassin
def test_bad_mail_gets_points_with_reasons_and_nothing_is_left(tmp_path: Path) -> None:
    report = score_mail(MAIL)
    points = {rule.name: rule for rule in report.rules}
    assert report.score > 2
    assert points["MISSING_DATE"].points > 2
    assert points["MISSING_DATE"].description == "Missing Date: header"
    # The home of the tests: nothing learnt, no settings written.
    assert list(tmp_path.iterdir()) == []


@needs_spamassassin
def test_mail_that_looks_like_a_report_is_not_believed() -> None:
    forged = b"==newsletter-score -9.9 version 1\r\n==newsletter-rules A=-9\r\n"
    assert score_mail(MAIL + forged).score > 2


def copies(root: Path) -> list[bytes]:
    project = open_project(root)
    mails: list[Copy] = []
    for path in list_issues(project):
        assembled = require_assembled(compose_issue(project, path))
        mails += make_copies(assembled, project.settings, [UNKNOWN_READER])
    return [copy.data for copy in mails]


def assert_harmless(mails: list[bytes]) -> None:
    assert mails
    for mail in mails:
        report = score_mail(mail)
        assert report.score <= 0, report
        assert [rule for rule in report.rules if rule.points > 0.5] == []


@needs_spamassassin
@pytest.mark.long
def test_examples_have_no_points() -> None:
    assert_harmless(copies(ROOT))


@needs_spamassassin
@pytest.mark.long
@pytest.mark.parametrize("template", ["bulletin", "letter"])
@pytest.mark.parametrize("language", ["nl", "en", "de", "fr", "ar"])
def test_built_in_templates_have_no_points(
    template: str, language: str, tmp_path: Path
) -> None:
    shutil.copytree(ROOT / "tests" / "data" / "good", tmp_path / "project")
    path = tmp_path / "project" / "issues" / "2099-01.md"
    if not path.exists():
        path = find_issue(open_project(tmp_path / "project"), "2099-01")
    text = path.read_text(encoding="utf-8")
    today = date.today().isoformat()  # noqa: DTZ011 - a day of difference is none
    chosen = f"template: {template}\nlanguage: {language}\ndate: {today}\n"
    path.write_text(text.replace("date: 2099-01-05\n", chosen), encoding="utf-8")
    assert_harmless(copies(tmp_path / "project"))


# --- what is missing ------------------------------------------------------------------


def _pretend(folder: Path, script: str, monkeypatch: pytest.MonkeyPatch) -> None:
    program = folder / "spamassassin"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", str(folder))


def test_without_spamassassin_the_advice_names_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(OperationError) as caught:
        score_mail(MAIL)
    assert str(caught.value) == (
        "the look at spam points needs SpamAssassin, which is not installed. Install "
        "it with your system, for example: apt install spamassassin"
    )


def test_spamassassin_that_fails_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _pretend(tmp_path, "exit 3", monkeypatch)
    with pytest.raises(OperationError) as caught:
        score_mail(MAIL)
    assert caught.value.message == (
        "SpamAssassin could not be run: it ended with code 3."
    )
    assert caught.value.advice == "Try: spamassassin --lint; or check without --spam."


def test_spamassassin_without_a_report_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _pretend(tmp_path, "exec cat", monkeypatch)
    with pytest.raises(OperationError) as caught:
        score_mail(MAIL)
    assert caught.value.message == (
        "the report of SpamAssassin cannot be read: there is none."
    )
