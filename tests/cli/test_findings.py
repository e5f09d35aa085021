import time
from datetime import UTC, datetime, timedelta

import click
import pytest

from newsletter.cli.findings import (
    finding_lines,
    link_summary,
    severity_counts,
    show_link_progress,
    tally_sentence,
)
from newsletter.model.assembled import LinkUse
from newsletter.model.finding import Finding, Severity
from newsletter.model.link import CheckedLink, Judgement, Verdict
from newsletter.model.problem import Place
from newsletter.workflow.links import Tally

PLACE = Place("issues/2023-02.md", 14, 5)
MESSAGE = "the mail is 95 KB long; from 102 KB on Gmail cuts its end off."
LONG = Finding("size-large", Severity.WARNING, PLACE, MESSAGE, "Shorten it.")


def shown(*findings: Finding, columns: int | None = None) -> list[str]:
    return [click.unstyle(line) for line in finding_lines(findings, columns=columns)]


def test_line_stays_whole_where_nobody_reads_it() -> None:
    assert shown(LONG) == [
        f"issues/2023-02.md:14:5  warning  {MESSAGE} [size-large]",
        " " * 33 + "Shorten it.",
        "",
    ]


def test_line_is_folded_on_a_terminal() -> None:
    assert shown(LONG, columns=80) == [
        "issues/2023-02.md:14:5  warning  the mail is 95 KB long; from 102 KB on Gmail",
        " " * 33 + "cuts its end off. [size-large]",
        " " * 33 + "Shorten it.",
        "",
    ]


def test_narrow_terminal_keeps_readable_lines() -> None:
    assert len(shown(LONG, columns=20)) == 4


def test_address_is_never_folded() -> None:
    advice = f"Write https://example.org/{'a-' * 60}."
    finding = Finding("link-moved", Severity.INFO, PLACE, "it moved.", advice)
    assert any(f"https://example.org/{'a-' * 60}." in s for s in shown(finding))
    folded = shown(finding, columns=80)
    assert any(f"https://example.org/{'a-' * 60}." in line for line in folded)


def test_finding_without_advice_is_one_line() -> None:
    finding = Finding("definition", Severity.ERROR, Place("x.md"), "it is empty.", "")
    assert shown(finding) == ["x.md  error    it is empty. [definition]", ""]


def test_links_are_summed_up_by_verdict() -> None:
    use = LinkUse("https://a.example/", "a", "text", PLACE)
    verdicts = [Verdict.MOVED, *[Verdict.OK] * 4]
    links = [CheckedLink(use, Judgement(verdict)) for verdict in verdicts]
    assert link_summary(links) == "5 links checked: 4 ok, 1 moved."
    assert link_summary(links[:1]) == "1 link checked: 1 moved."
    assert link_summary([]) == ""


def test_links_that_were_not_asked_are_counted_apart() -> None:
    use = LinkUse("tel:+31201234567", "call", "text", PLACE)
    link = CheckedLink(use, Judgement(Verdict.OK))
    said = "4 links: 3 not asked (--offline), 1 ok."
    assert link_summary([link], unasked=3) == said
    assert link_summary([], unasked=1) == "1 link: 1 not asked (--offline)."


@pytest.mark.parametrize(
    ("severities", "counts"),
    [
        ([], ""),
        ([2], "1 error"),
        ([2, 2, 1, 0, 0], "2 errors, 1 warning, 2 info"),
    ],
)
def test_findings_are_counted_by_severity(severities: list[int], counts: str) -> None:
    findings = [Finding("x", Severity(number), PLACE, "", "") for number in severities]
    assert severity_counts(findings) == counts


@pytest.mark.parametrize(
    ("asked", "hours", "sentence"),
    [
        (0, [], ""),
        (1, [], "1 address asked."),
        (0, [49, 71.9], "2 addresses remembered (the oldest seen 2 days ago)."),
        (2, [1], "3 addresses: 2 asked, 1 remembered (seen 1 hour ago)."),
        (0, [0.5], "1 address remembered (seen 30 minutes ago)."),
        (0, [0.01], "1 address remembered (seen just now)."),
    ],
)
def test_tally_says_how_many_were_asked_and_how_old_the_rest_is(
    asked: int, hours: list[float], sentence: str
) -> None:
    now = datetime(2026, 3, 2, tzinfo=UTC)
    seen = tuple(now - timedelta(hours=ago) for ago in hours)
    assert tally_sentence(Tally(asked, seen), now) == sentence


def test_accepted_finding_shows_its_day() -> None:
    at = datetime(2026, 2, 14, 9, tzinfo=UTC)
    accepted = Finding(
        "link-blocked", Severity.WARNING, PLACE, "it is.", "Open it.", "I did", at
    )
    assert shown(accepted)[2] == " " * 33 + "Accepted on 14 February 2026: I did"


def test_long_wait_without_a_terminal_is_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("newsletter.cli.findings.TOLD_EVERY_SECONDS", 0.05)
    with show_link_progress(17) as step:
        step(2)
        step(1)
        time.sleep(0.3)
    begun, *told = capsys.readouterr().err.splitlines()
    assert begun == "asking 17 link addresses."
    assert set(told) == {"3 of 17 link addresses answered."}


def test_short_wait_without_a_terminal_is_one_line(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with show_link_progress(1) as step:
        step(1)
    assert capsys.readouterr().err == "asking 1 link address.\n"
