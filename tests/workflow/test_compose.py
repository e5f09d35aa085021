import io
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from newsletter.errors import DefinitionError
from newsletter.workflow.compose import (
    Composition,
    compose_issue,
    require_assembled,
)
from newsletter.workflow.project import open_project

SETTINGS = """\
[newsletter]
name = "Harbour"
sender = "Harbour <letter@example.org>"
address = "Harbour Lane 12"
"""
HEAD = "---\nsubject: S\npreheader: P\ndate: 2025-05-03\n"

Compose = Callable[..., Composition]


def png(width: int, height: int) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (width, height), "teal").save(file, "PNG")
    return file.getvalue()


@pytest.fixture
def compose(tmp_path: Path) -> Compose:
    """Compose an issue that has a folder of its own, with any files beside it."""

    def compose(text: str, *, settings: str = "", **files: bytes) -> Composition:
        folder = tmp_path / "issues" / "2025-05"
        folder.mkdir(parents=True)
        (tmp_path / "newsletter.toml").write_text(SETTINGS + settings, "utf-8")
        for name, data in files.items():
            (folder / f"{name}.png").write_bytes(data)
        path = folder / "issue.md"
        path.write_text(text, "utf-8")
        return compose_issue(open_project(tmp_path), path)

    return compose


def problems_of(composition: Composition) -> list[str]:
    return [str(problem) for problem in composition.problems]


def test_problems_of_text_pictures_and_template_come_in_order_of_place(
    compose: Compose,
) -> None:
    found = compose(f"{HEAD}template: letr\n---\n\n![x](no.png)\n\n<b>x</b>\n")
    assert problems_of(found) == [
        'issues/2025-05/issue.md:5:1: there is no template "letr". '
        'Did you mean "letter"?',
        'issues/2025-05/issue.md:8:1: there is no picture "no.png". '
        "Put it into the folder of the issue.",
        'issues/2025-05/issue.md:10:1: raw HTML cannot be used: "<b>". '
        "Write bold words as **words**.",
    ]


def test_logo_is_not_the_picture_of_that_name_beside_the_issue(
    compose: Compose, tmp_path: Path
) -> None:
    (tmp_path / "logo.png").write_bytes(png(30, 10))
    found = compose(
        f"{HEAD}---\n\n![Other](logo.png)\n",
        settings='[template]\nlogo = "logo.png"\n',
        logo=png(50, 20),
    )
    widths = [image.width for image in require_assembled(found).images]
    assert widths == [30, 50]


def test_logo_that_is_no_picture_is_a_problem_of_its_file(
    compose: Compose, tmp_path: Path
) -> None:
    (tmp_path / "logo.png").write_bytes(b"")
    found = compose(f"{HEAD}---\n\nx\n", settings='[template]\nlogo = "logo.png"\n')
    assert problems_of(found) == [
        "logo.png: this picture is an empty file. Copy it here once more."
    ]


def test_definition_with_problems_is_refused_with_all_of_them(compose: Compose) -> None:
    found = compose(f"{HEAD}---\n\n{{foo}}\n\n<b>x</b>\n")
    assert found.assembled is not None
    with pytest.raises(DefinitionError) as caught:
        require_assembled(found)
    assert caught.value.problems == found.problems
    assert len(found.problems) == 2


def test_lines_end_where_the_parser_ends_them(compose: Compose) -> None:
    found = compose(f"{HEAD}---\r\n\r\nA\u2028B\n")
    assert found.lines[-3:] == ("", "A\u2028B", "")


def test_issue_without_a_readable_date_is_assembled_with_its_pictures(
    compose: Compose,
) -> None:
    head = HEAD.replace("2025-05-03", "3 May")
    found = compose(f"{head}---\n\n![x](no.png)\n")
    assert problems_of(found) == [
        'issues/2025-05/issue.md:4:7: "date" cannot be read as a date: "3 May". '
        'Write year, month and day, for example "2025-04-02".',
        'issues/2025-05/issue.md:7:1: there is no picture "no.png". '
        "Put it into the folder of the issue.",
    ]
    assert found.assembled is not None
    assert "…" in found.assembled.text


def test_unknown_template_leaves_the_issue_to_be_looked_at(compose: Compose) -> None:
    found = compose(f"{HEAD}template: brief\n---\n\nx\n")
    assert problems_of(found) == [
        'issues/2025-05/issue.md:5:1: there is no template "brief". '
        "There are bulletin, letter."
    ]
    assert found.assembled is not None


def test_unknown_template_of_the_settings_has_their_line(compose: Compose) -> None:
    found = compose(f"{HEAD}---\n\nx\n", settings='[template]\nname = "brief"\n')
    assert problems_of(found) == [
        'newsletter.toml:6:1: there is no template "brief". There are bulletin, letter.'
    ]
    assert found.assembled is not None


def test_missing_logo_has_the_line_of_its_setting(compose: Compose) -> None:
    settings = '[template]\nwidth = 500\nlogo = "logo.png"\n'
    found = compose(f"{HEAD}---\n\nx\n", settings=settings)
    assert problems_of(found) == [
        'newsletter.toml:7:1: there is no picture "logo.png". '
        "Put it into the folder of the project."
    ]
