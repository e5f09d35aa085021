import re
from dataclasses import replace
from datetime import timedelta

import pytest

from newsletter.model.finding import Finding, Severity
from newsletter.model.problem import Place, Problem
from newsletter.studio.page import group_notes, preview_page, status_line
from newsletter.workflow.preview import Preview

from .conftest import PREVIEW

PLACE = Place("issues/spring.md", 6, 1)
PROBLEM = Problem(PLACE, 'unknown key "langage".', 'Did you mean "language"?')


def finding(severity: Severity, accepted: str = "") -> Finding:
    return Finding("rule", severity, PLACE, f"{severity.name}.", "Do it.", accepted)


def page(preview: Preview, good: Preview | None = PREVIEW) -> str:
    return preview_page(preview, good=good, version=3)


def shown(html: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


def test_page_shows_subject_preheader_sender_and_size() -> None:
    words = shown(page(PREVIEW))
    assert "Harbour Letter Spring for reader &amp; friend What the sea brought" in words
    assert "From Harbour Letter letter@example.org" in words
    assert "Size 33 KB of the 102 KB that Gmail shows" in words


def test_page_without_findings_is_calm() -> None:
    html = page(PREVIEW)
    assert "Nothing to solve here." in html
    assert status_line(PREVIEW) == "Nothing to solve."
    assert 'class="banner"' not in html


def test_page_quotes_what_an_editor_wrote() -> None:
    hostile = replace(
        PREVIEW,
        preheader="<script>1</script>",
        sender_name="<b>Name",
        problems=(Problem(PLACE, "<img src=x>"),),
    )
    html = page(hostile)
    assert "&lt;script&gt;1&lt;/script&gt;" in html
    assert "<b>Name" not in html
    assert "<img" not in html


def test_page_of_what_cannot_be_built_shows_the_last_mail_dimmed() -> None:
    broken = replace(
        PREVIEW,
        assembled=None,
        issue=None,
        problems=(PROBLEM,),
        made_at=PREVIEW.made_at + timedelta(minutes=5),
    )
    html = page(broken)
    assert 'class="stage old"' in html
    assert "This is how it looked at" in html
    assert "Unknown key &#34;langage&#34;." in html
    assert "issues/spring.md:6:1" in html


def test_page_of_what_never_was_built_has_no_mail() -> None:
    broken = replace(PREVIEW, assembled=None, issue=None, problems=(PROBLEM,))
    html = page(broken, good=None)
    assert "No mail can be made of this yet." in html
    assert "<iframe" not in html
    assert '<div id="stage" class="stage" hidden>' in html


def test_page_of_a_mail_with_problems_says_that_parts_may_be_missing() -> None:
    html = page(replace(PREVIEW, problems=(PROBLEM,)))
    assert "What has a problem may be missing here." in html
    assert 'class="stage"' in html


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
    assert "Your reason: it is meant" in page(seen)


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
