from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from newsletter.model.finding import Finding, Severity
from newsletter.model.problem import Place, Problem
from newsletter.studio.landmarks import Landmark
from newsletter.studio.notes import Note, group_notes, links_line, status_line, worst

from .conftest import PREVIEW

PLACE = Place("issues/spring.md", 2, 10)
PROBLEM = Problem(PLACE, 'unknown key "langage".', 'Did you mean "language"?')


def finding(
    severity: Severity, accepted: str = "", rule: str = "promised-link"
) -> Finding:
    return Finding(rule, severity, PLACE, f"{severity.name}.", "Do it.", accepted)


def test_note_of_a_finding_says_where_what_and_why() -> None:
    seen = replace(PREVIEW, findings=(finding(Severity.ERROR),))
    assert group_notes(seen)[0].notes == (
        Note(
            place="issues/spring.md:2:10",
            message="ERROR.",
            advice="Do it.",
            landmark=Landmark("subject", ""),
            rule="promised-link",
            source="the newsletter's own promise",
            page="docs/checks/links.md",
            accept='newsletter check spring --accept promised-link:2 --because "…"',
        ),
    )


def test_note_of_a_problem_has_no_rule() -> None:
    (group,) = group_notes(replace(PREVIEW, problems=(PROBLEM,)))
    assert group.notes == (
        Note(
            place="issues/spring.md:2:10",
            message='Unknown key "langage".',
            advice='Did you mean "language"?',
            landmark=Landmark("subject", ""),
        ),
    )


def test_note_of_an_accepted_finding_says_why_and_when() -> None:
    at = datetime(2026, 3, 19, 12, tzinfo=UTC)
    accepted = replace(finding(Severity.ERROR, "it is meant"), accepted_at=at)
    (group,) = group_notes(replace(PREVIEW, findings=(accepted,)))
    note = group.notes[0]
    assert (note.accepted, note.accepted_on) == ("it is meant", "19 March 2026")
    assert note.accept == ""


@pytest.mark.parametrize(
    ("found", "command"),
    [
        (finding(Severity.INFO), ""),
        (finding(Severity.ERROR, rule="unsubscribe-place"), ""),
        (
            replace(finding(Severity.WARNING), place=Place("issues/spring.md")),
            'newsletter check spring --accept promised-link --because "…"',
        ),
    ],
)
def test_only_what_can_and_need_be_accepted_says_how(
    found: Finding, command: str
) -> None:
    (group,) = group_notes(replace(PREVIEW, findings=(found,)))
    assert group.notes[0].accept == command


def test_notes_are_grouped_gravest_first() -> None:
    seen = replace(
        PREVIEW,
        problems=(PROBLEM,),
        findings=(
            finding(Severity.INFO),
            finding(Severity.WARNING),
            finding(Severity.ERROR),
            finding(Severity.ERROR, accepted="it is meant"),
        ),
    )
    groups = group_notes(seen)
    assert [(group.title, len(group.notes)) for group in groups] == [
        ("Keeps it from being built", 1),
        ("Blocks sending", 1),
        ("Look at this", 1),
        ("Good to know", 1),
        ("Accepted by you", 1),
    ]


@pytest.mark.parametrize(
    ("problems", "severities", "told"),
    [
        (1, (), "1 problem."),
        (2, (Severity.ERROR,), "2 problems, 1 error."),
        (0, (Severity.WARNING, Severity.WARNING), "2 warnings."),
        (0, (Severity.INFO,), "Nothing to solve."),
    ],
)
def test_status_line_counts_what_is_to_be_solved(
    problems: int, severities: tuple[Severity, ...], told: str
) -> None:
    seen = replace(
        PREVIEW,
        problems=(PROBLEM,) * problems,
        findings=tuple(finding(severity) for severity in severities),
    )
    assert status_line(seen) == told


@pytest.mark.parametrize(
    ("problems", "severities", "kind"),
    [
        (1, (), "error"),
        (0, (Severity.ERROR, Severity.WARNING), "error"),
        (0, (Severity.WARNING,), "warning"),
        (0, (Severity.INFO,), "calm"),
    ],
)
def test_worst_is_that_of_the_gravest(
    problems: int, severities: tuple[Severity, ...], kind: str
) -> None:
    seen = replace(
        PREVIEW,
        problems=(PROBLEM,) * problems,
        findings=tuple(finding(severity) for severity in severities),
    )
    assert worst(seen) == kind


@pytest.mark.parametrize(
    ("hours", "unasked", "told"),
    [
        ((), 0, ""),
        ((), 3, "No link was visited yet: newsletter check does that."),
        ((50,), 0, "The link was visited by newsletter check 2 days ago."),
        (
            (1, 26),
            0,
            "The links were visited by newsletter check, the oldest 1 day ago.",
        ),
        (
            (0, 2),
            1,
            "The links were visited by newsletter check, the oldest 2 hours ago. "
            "One was never visited.",
        ),
        (
            (0,),
            2,
            "The link was visited by newsletter check just now. 2 were never visited.",
        ),
    ],
)
def test_what_is_known_of_links_is_told_with_its_age(
    hours: tuple[int, ...], unasked: int, told: str
) -> None:
    seen = tuple(PREVIEW.made_at - timedelta(hours=ago) for ago in hours)
    preview = replace(PREVIEW, links_seen=seen, unasked_links=unasked)
    assert links_line(preview) == told


def test_note_about_one_reader_says_whose_copy_to_look_at() -> None:
    told = "for the reader with the longest first_name: the subject is long."
    of_one = replace(finding(Severity.WARNING), message=told)
    of_all = replace(of_one, message="for the reader: the subject is long.")
    (group,) = group_notes(replace(PREVIEW, findings=(of_one, of_all)))
    assert [note.recipient for note in group.notes] == [
        "the-reader-with-the-longest-first-name",
        "",
    ]
