"""What the fragile project is told, whole, and what a check must leave alone."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from newsletter.assembly.loaders import Templates
from newsletter.checks.clients import check_clients
from newsletter.checks.facts import Facts
from newsletter.model.assembled import Assembled
from newsletter.model.copy import Copy
from newsletter.model.finding import Finding, Severity
from newsletter.model.problem import Place
from newsletter.model.settings import DEFAULT_CLIENTS
from newsletter.workflow.compose import compose_issue
from newsletter.workflow.copies import UNKNOWN_READER, make_copies
from newsletter.workflow.project import open_project

DATA = Path(__file__).resolve().parents[1] / "data"
PAIR = "<b>a</b><b>b</b>"


def findings_of(project_folder: Path) -> list[Finding]:
    project = open_project(project_folder)
    composed = compose_issue(project, project_folder / "issues" / "2099-01.md")
    assert composed.assembled is not None
    facts = Facts(
        now=datetime(2099, 1, 5, tzinfo=UTC),
        copies=make_copies(composed.assembled, project.settings, (UNKNOWN_READER,)),
        clients=project.settings.clients,
        templates=Templates.of_project(project.root).own_texts(),
    )
    return check_clients(composed.assembled, facts)


def told(findings: list[Finding], rule: str) -> list[str]:
    return [f"{f.place}: {f.message} {f.advice}" for f in findings if f.rule == rule]


@pytest.fixture(scope="module")
def fragile() -> list[Finding]:
    return findings_of(DATA / "fragile")


def test_fragile_mail_is_told_what_breaks(fragile: list[Finding]) -> None:
    assert told(fragile, "client-breaks") == [
        "templates/fragile.css.j2:3:49: a background picture (background-image: "
        "url(https://fragile-ne…), unknown to Outlook classic: the picture is "
        "missing, and the words on it can hardly be read (tested 2023-07). Give "
        "the same element a background-color on which its words can be read.",
        "templates/fragile.css.j2:4:16: a part that is placed by its position "
        "(position: absolute), unknown to Gmail, Outlook (iPhone) and Outlook "
        "classic: it stands where it is written, not on top of the rest (tested "
        "2021-05). Let it stand in the text, or make it part of the picture.",
        "templates/fragile.css.j2:6:10: a grid (display: grid), unknown to "
        "Outlook classic and GMX (browser): what should stand side by side stands"
        " one below the other (tested 2019-02 to 2022-06). Build it of <mj-"
        "column>s or of table cells, which every program knows.",
        "templates/fragile.css.j2:9:25: a gradient (background-image: linear-"
        "gradient(#12345…), unknown to Outlook, Outlook classic, Yahoo and GMX "
        "(browser): the gradient is missing, and its words can hardly be read "
        "(tested 2021-12 to 2023-12). Give the same element a background-color on"
        " which its words can be read.",
        "templates/fragile.css.j2:8:8: a flexible row (display: flex), unknown to"
        " Outlook classic and GMX (browser): what should stand side by side "
        "stands one below the other (tested 2021-11 to 2022-06). Build it of <mj-"
        "column>s or of table cells, which every program knows.",
        "templates/fragile.mjml.j2:10:14: showing one of two versions by the "
        "width of the screen (.swap-narrow { display: none }), unknown to Gmail "
        "(phone browser), Outlook classic and Thunderbird: both versions are "
        "shown, one below the other (tested 2020-02 to 2023-12), also in line 14."
        " Write one version that fits both.",
    ]


def test_fragile_mail_is_told_what_is_plainer(fragile: list[Finding]) -> None:
    assert told(fragile, "client-degrades") == [
        "templates/fragile.css.j2:7:9: round corners (border-radius: 24px), "
        "unknown to Outlook classic and GMX (browser): the corners are square "
        "(tested 2021-03 to 2022-06). That is fine for decoration; nothing should"
        " depend on it.",
        "templates/fragile.css.j2:7:72: a shadow (box-shadow: 0 4px 12px rgba(0, "
        "0, 0, 0.2…), unknown to Gmail (browser, phone browser), Outlook classic,"
        " Yahoo and GMX (browser): there is no shadow (tested 2020-02 to "
        "2023-12). That is fine for decoration; nothing should depend on it.",
        "templates/fragile.mjml.j2:6:1: a font of your own (@font-face), unknown "
        "to Gmail, Outlook (Outlook.com, Android, iPhone), Yahoo, Proton Mail "
        "(browser, iPhone) and GMX (browser, Android): words are set in the next "
        "font of the list (tested 2019-07 to 2023-12). That is fine for "
        "decoration; nothing should depend on it.",
        "templates/fragile.mjml.j2:8:7: a change under the mouse (.bar a:hover), "
        "unknown to Gmail (iPhone, phone browser), Outlook (iPhone), Outlook "
        "classic and GMX (browser): nothing changes there (tested 2019-10 to "
        "2022-07). That is fine for decoration; nothing should depend on it.",
        "templates/fragile.mjml.j2:7:1: a style sheet that stays in the mail "
        "(.swap-wide), unknown to Gmail (phone browser) and GMX (browser): its "
        "styles are missing (tested 2023-01 to 2023-07). Write these styles in "
        "the .css.j2 file of the template: from there they become style "
        "attributes.",
    ]


def test_fragile_mail_is_told_of_its_forms_of_pictures(fragile: list[Finding]) -> None:
    assert told(fragile, "image-format") == [
        "templates/fragile.mjml.j2:35:4: a picture in the text of the mail itself"
        " (base64), unknown to Gmail: the picture is missing; only its "
        "alternative text is left (tested 2020-02 to 2024-05). Write the address "
        "of a picture file.",
        "templates/fragile.mjml.j2:34:4: a picture in SVG, unknown to Gmail "
        "(browser, phone browser) and Outlook (Mac): the picture is missing "
        "(tested 2023-01 to 2024-07). Use a PNG, JPEG or GIF picture.",
    ]


def test_good_mail_is_told_nothing() -> None:
    assert findings_of(DATA / "good") == []


Check = Callable[..., list[Finding]]


@pytest.fixture
def check(
    assemble: Callable[..., Assembled], make_copy: Callable[..., Copy], facts: Facts
) -> Check:
    """Return a function: HTML, clients and templates -> findings."""

    def run(
        html: str,
        *,
        clients: tuple[str, ...] = DEFAULT_CLIENTS,
        templates: dict[str, str] | None = None,
    ) -> list[Finding]:
        copy = make_copy(html=f"<html><body>{html}</body></html>")
        known = replace(
            facts, copies=(copy,), clients=clients, templates=templates or {}
        )
        return check_clients(assemble(), known)

    return run


GRID = f'<p style="display:grid">{PAIR}</p>'


def test_place_is_the_issue_where_no_template_writes_it(check: Check) -> None:
    (finding,) = check(GRID, clients=("outlook-classic",))
    assert finding == Finding(
        "client-breaks",
        Severity.WARNING,
        Place("issues/2023-02.md"),
        "a grid (display: grid), unknown to Outlook classic: what should stand side by "
        "side stands one below the other (tested 2019-02).",
        "Build it of <mj-column>s or of table cells, which every program knows.",
    )


def test_what_was_tested_long_ago_is_told_as_a_doubt(check: Check) -> None:
    (finding,) = check(GRID, clients=("apple-mail",))
    assert (finding.rule, finding.message) == (
        "client-degrades",
        "a grid (display: grid), perhaps unknown to Apple Mail: what should stand side "
        "by side stands one below the other (tested 2019-02).",
    )


def test_lines_of_several_templates_are_named(check: Check) -> None:
    templates = {
        "templates/a.css.j2": "{# display: grid #}\n.a { display : GRID }\n\n.b "
        "{ display: grid }\n",
        "templates/b.j2": '<p style="display:grid">\n@supports (display: grid)',
    }
    (finding,) = check(GRID, clients=("outlook-classic",), templates=templates)
    assert str(finding.place) == "templates/a.css.j2:2:6"
    assert finding.message.endswith(
        "(tested 2019-02), also in line 4 and templates/b.j2:1."
    )


@pytest.mark.parametrize(
    ("html", "template", "place"),
    [
        ('<p style="border-radius:24px">x', ".a{border-radius:6px;}.b{border-radius:"
         " 24px}", "t:1:26"),
        ('<p style="border-radius:24px">x', "\n .a{border-radius: {{ corner }}px}",
         "t:2:5"),
        ('<p style="-x:1;width:2rem">x', "width: 2rem", "t:1:1"),
        ('<p style="width:2rem">x', "max-width: 3rem; min-width: 2rem", ""),
        ("<p hidden>x", "<div>\n<p hidden>", "t:2:4"),
        ("<style>a:hover{color:red}</style>", "a:hover{color:red}", "t:1:2"),
        ("<style>.a{color:red}</style>", ".a{color:red}\n@media x{.a{}}", "t:1:1"),
        ("<svg></svg>", "x <svg>", "t:1:3"),
    ],
)  # fmt: skip
def test_use_is_found_in_a_template(
    check: Check, html: str, template: str, place: str
) -> None:
    (finding,) = check(html, templates={"t": template})
    assert str(finding.place) == (place or "issues/2023-02.md")
    assert "also in" not in finding.message


@pytest.mark.parametrize(
    "html",
    [
        "<p>Plain words</p>",
        '<form><input type="text"></form>',
        '<video src="https://a.test/film.mp4"></video>',
        "<style>@import url(https://a.test/x.css);</style>",
        '<link rel="stylesheet" href="https://a.test/x.css">',
    ],
)
def test_what_is_fine_or_told_by_html_forbidden_is_silent(
    check: Check, html: str
) -> None:
    assert check(html) == []


def test_no_clients_named_no_findings(check: Check) -> None:
    assert check(GRID, clients=()) == []


def test_long_value_is_cut(check: Check) -> None:
    shadow = "0 4px 12px #000000, 0 8px 24px #000000, 0 0 1px #000000"
    (finding,) = check(f'<p style="box-shadow:{shadow}">x', clients=("gmx",))
    assert finding.message == (
        "a shadow (box-shadow: 0 4px 12px #000000, 0 8px 24…), unknown to GMX "
        "(browser): there is no shadow (tested 2022-06)."
    )
