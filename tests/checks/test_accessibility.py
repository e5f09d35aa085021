from collections.abc import Callable
from dataclasses import replace

import pytest

from newsletter.checks.accessibility import check_accessibility
from newsletter.checks.facts import Facts
from newsletter.model.assembled import Assembled
from newsletter.model.copy import Copy
from newsletter.model.finding import Finding, Severity
from newsletter.model.issue import Item, Paragraph, Section, Subheading, Text
from newsletter.model.problem import Place

Look = Callable[..., list[Finding]]
FILE = "issues/2023-02.md"
AT = Place(FILE, 12, 1)
HEAD = "<title>A meeting</title>"
BODY = '<div lang="en" dir="ltr"><h1>Harbour</h1></div>'
LANGUAGE_ADVICE = (
    'Write lang="en" dir="ltr" on <html> and on the first element of the body, for '
    'webmail drops <html>: <mjml lang="en" dir="ltr"> does both.'
)


@pytest.fixture
def look(
    assemble: Callable[..., Assembled], facts: Facts, make_copy: Callable[..., Copy]
) -> Look:
    """Return a function: parts of a mail, changes of the issue -> findings."""

    def found(
        body: str = BODY,
        head: str = HEAD,
        root: str = 'lang="en" dir="ltr"',
        **changes: object,
    ) -> list[Finding]:
        html = f"<html {root}><head>{head}</head><body>{body}</body></html>"
        known = replace(facts, copies=(make_copy(html),))
        return check_accessibility(assemble(**changes), known)

    return found


def test_good_mail_is_fine(look: Look) -> None:
    assert look() == []


@pytest.mark.parametrize(
    ("root", "body", "fault"),
    [
        ("", BODY, "<html> has no language"),
        ('lang="en"', BODY, "<html> has no direction"),
        ('lang="en" dir="rtl"', BODY, '<html> has the direction "rtl"'),
        (
            'lang="english language" dir="ltr"',
            BODY,
            '<html> has the language "english language", which is no language tag',
        ),
        (
            'lang="nl" dir="ltr"',
            BODY,
            '<html> has the language "nl", and the issue is in "en"',
        ),
        (
            'lang="en" dir="ltr"',
            "<h1>Harbour</h1>",
            "the first <h1> with text in it has no language",
        ),
    ],
)
def test_language_that_is_missing_or_wrong_is_an_error(
    look: Look, root: str, body: str, fault: str
) -> None:
    assert look(body, root=root) == [
        Finding(
            "language-missing",
            Severity.ERROR,
            Place(FILE),
            f"{fault}; screen readers read the mail by the rules of another language.",
            LANGUAGE_ADVICE,
        )
    ]


@pytest.mark.parametrize("tag", ["en-GB", "en-Latn-US", "en-001", "EN"])
def test_region_and_script_of_the_language_are_fine(look: Look, tag: str) -> None:
    assert look(root=f'lang="{tag}" dir="ltr"') == []


def test_preheader_need_not_say_its_language(look: Look) -> None:
    assert look(f'<div style="display:none">Preheader</div>{BODY}') == []


def test_arabic_issue_wants_the_other_direction(look: Look) -> None:
    found = look(root='lang="ar" dir="ltr"', language="ar")
    assert found[0].message.startswith('<html> has the direction "ltr"; ')


@pytest.mark.parametrize("head", ["", "<title> </title>", "<title>Untitled</title>"])
def test_missing_title_is_told(look: Look, head: str) -> None:
    assert look(head=head) == [
        Finding(
            "title-missing",
            Severity.WARNING,
            Place(FILE),
            "the mail has no title, which is read out first.",
            "Write <title>{{ subject }}</title>: <mj-title> in MJML.",
        )
    ]


def test_missing_title_below_an_empty_subject_is_not_told_too(
    assemble: Callable[..., Assembled], facts: Facts, make_headers: Callable[..., Copy]
) -> None:
    known = replace(facts, copies=(make_headers(Subject=""),))
    rules = [finding.rule for finding in check_accessibility(assemble(), known)]
    assert rules == ["language-missing", "heading-missing"]


def test_title_that_is_only_the_sender_is_told(look: Look) -> None:
    (finding,) = look(head="<title>harbour</title>")
    assert finding.message == (
        'the title of the mail is only "harbour", the same in every issue.'
    )


@pytest.mark.parametrize(
    ("table", "number"),
    [
        ("<table><tr><td>a</td></tr></table>", "a layout table"),
        (
            "<table><tr><td><table role='presentation'><tr><th>a</th></tr></table>"
            "</td></tr></table><!--[if mso]><table><tr><td><![endif]-->",
            "2 layout tables",
        ),
    ],
)
def test_layout_table_without_a_role_is_an_error(
    look: Look, table: str, number: str
) -> None:
    assert look(BODY + table) == [
        Finding(
            "table-role",
            Severity.ERROR,
            Place(FILE),
            f"the mail has {number} without a role; "
            "screen readers count out rows and columns that mean nothing.",
            'Add role="presentation", or <th> cells if it holds data.',
        )
    ]


@pytest.mark.parametrize(
    "table",
    [
        '<table role="presentation"><tr><td>a</td></tr></table>',
        '<table role="none"><tr><td>a</td></tr></table>',
        "<table><tr><th>a</th></tr><tr><td>1</td></tr></table>",
        "<table><caption>a</caption><tr><td>1</td></tr></table>",
        '<!--[if mso]><table role="presentation"><tr><td><![endif]-->',
    ],
)
def test_table_of_data_or_with_a_role_is_fine(look: Look, table: str) -> None:
    assert look(BODY + table) == []


def test_missing_first_heading_is_told(look: Look) -> None:
    assert look('<div lang="en" dir="ltr"><h2>Harbour</h2></div>') == [
        Finding(
            "heading-missing",
            Severity.WARNING,
            Place(FILE),
            "the mail has no heading of the first level, by which "
            "screen readers find its beginning.",
            "Make the name of the newsletter, or the subject, an <h1>.",
        )
    ]


def test_skipped_heading_is_told_where_the_editor_wrote_it(look: Look) -> None:
    heading = Subheading((Text("The rulings"),), AT)
    section = Section((Text("Court"),), (heading,), (), Place(FILE, 9, 1))
    found = look(f"{BODY}<h2>1 Court</h2><h4>The  rulings</h4>", sections=(section,))
    assert found == [
        Finding(
            "heading-skipped",
            Severity.WARNING,
            AT,
            'the heading "The rulings" is of level 4 below one of level 2; '
            "who listens looks for what lies between.",
            "Use the next level: ## for a section, ### for an item, #### in it.",
        )
    ]


def test_skipped_heading_with_a_number_before_it_is_found(look: Look) -> None:
    item = Item((Text("Court"),), (Paragraph((Text("a"),), AT),), AT)
    (finding,) = look(f"{BODY}<h3>2 Court</h3>", leads=(item,))
    assert finding.place == AT


@pytest.mark.parametrize(
    "headings",
    [
        "<h2>a</h2><h3>b</h3><h2>c</h2>",
        '<p role="heading" aria-level="2">a</p><h3>b</h3>',
        "",
    ],
)
def test_headings_in_their_order_are_fine(look: Look, headings: str) -> None:
    assert look(BODY + headings) == []


@pytest.mark.parametrize(
    ("body", "head"),
    [
        ('<p style="text-align: justify">a</p>', HEAD),
        ('<p align="justify">a</p>', HEAD),
        ("<p>a</p>", f"{HEAD}<style>p {{ text-align:justify }}</style>"),
    ],
)
def test_justified_text_is_told(look: Look, body: str, head: str) -> None:
    assert look(BODY + body, head) == [
        Finding(
            "text-justified",
            Severity.INFO,
            Place(FILE),
            "text is justified; the gaps between words make it hard to read for some.",
            "Let lines end where they end: text-align: start.",
        )
    ]
