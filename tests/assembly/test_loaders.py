import os
from pathlib import Path

import pytest
from jinja2 import TemplateNotFound
from jinja2.exceptions import SecurityError

from newsletter.assembly.loaders import Templates


def write(root: Path, name: str, text: str) -> Path:
    path = root / "templates" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def test_built_in_templates_are_found_without_a_project() -> None:
    assert Templates().names() == ["bulletin", "letter"]


def test_template_of_the_project_comes_before_the_built_in_one(tmp_path: Path) -> None:
    write(tmp_path, "blocks/event.j2", "ours")
    assert Templates(tmp_path).get("blocks/event.j2").render() == "ours"


def test_other_templates_stay_built_in(tmp_path: Path) -> None:
    write(tmp_path, "blocks/event.j2", "ours")
    assert Templates(tmp_path).get("blocks/divider.j2").render() == "<hr />"


def test_names_include_templates_of_the_project(tmp_path: Path) -> None:
    write(tmp_path, "poster.mjml.j2", "")
    assert Templates(tmp_path).names() == ["bulletin", "letter", "poster"]


def test_changed_template_is_read_again(tmp_path: Path) -> None:
    path = write(tmp_path, "blocks/event.j2", "first")
    templates = Templates(tmp_path)
    templates.get("blocks/event.j2")
    path.write_text("second")
    os.utime(path, ns=(1, 1))
    assert templates.get("blocks/event.j2").render() == "second"


def test_template_added_later_replaces_the_built_in_one(tmp_path: Path) -> None:
    templates = Templates(tmp_path)
    templates.get("blocks/divider.j2")
    write(tmp_path, "blocks/divider.j2", "ours")
    assert templates.get("blocks/divider.j2").render() == "ours"


def test_template_removed_later_gives_way_to_the_built_in_one(tmp_path: Path) -> None:
    path = write(tmp_path, "blocks/divider.j2", "ours")
    templates = Templates(tmp_path)
    templates.get("blocks/divider.j2")
    path.unlink()
    assert templates.get("blocks/divider.j2").render() == "<hr />"


def test_templates_of_one_project_are_kept() -> None:
    root = Path("/somewhere")
    assert Templates.of_project(root) is Templates.of_project(root)


@pytest.mark.parametrize("name", ["../newsletter.toml", "/etc/passwd", "", "blocks"])
def test_name_that_is_no_template_is_not_found(tmp_path: Path, name: str) -> None:
    (tmp_path / "newsletter.toml").write_text("")
    with pytest.raises(TemplateNotFound):
        Templates(tmp_path).get(name)


def test_shown_path_says_whose_template_it_is(tmp_path: Path) -> None:
    write(tmp_path, "blocks/event.j2", "")
    templates = Templates(tmp_path)
    assert templates.shown_path("blocks/event.j2") == "templates/blocks/event.j2"
    assert templates.shown_path("blocks/note.j2") == "built-in templates/blocks/note.j2"


def test_source_is_the_text_of_a_template(tmp_path: Path) -> None:
    write(tmp_path, "blocks/event.j2", "{{ 1 }}")
    assert Templates(tmp_path).source("blocks/event.j2") == "{{ 1 }}"


def test_values_are_escaped_in_markup_and_not_in_style_sheets(tmp_path: Path) -> None:
    write(tmp_path, "a.j2", "{{ x }}")
    write(tmp_path, "a.css.j2", "{{ x }}")
    templates = Templates(tmp_path)
    assert templates.get("a.j2").render(x="'<'") == "&#39;&lt;&#39;"
    assert templates.get("a.css.j2").render(x="'<'") == "'<'"


@pytest.mark.parametrize(
    "expression", ["x.__class__.__mro__", "x.append(1)", "x.clear()"]
)
def test_template_cannot_reach_or_change_what_it_is_given(
    tmp_path: Path, expression: str
) -> None:
    write(tmp_path, "a.j2", "{{ " + expression + " }}")
    template = Templates(tmp_path).get("a.j2")
    with pytest.raises(SecurityError):
        template.render(x=[1])


@pytest.mark.parametrize(
    ("own", "file"),
    [
        ([], ""),
        (["letter.mjml.j2", "partials/frame.j2"], "templates/partials/frame.j2"),
        (["blocks/note.j2", "blocks/event.j2"], "templates/blocks/event.j2"),
        (["partials/frame.j2", "bulletin.css.j2"], "templates/bulletin.css.j2"),
        (["bulletin.css.j2", "bulletin.mjml.j2"], "templates/bulletin.mjml.j2"),
    ],
)
def test_file_to_blame_is_the_one_most_of_a_mail_looks_like(
    tmp_path: Path, own: list[str], file: str
) -> None:
    for name in own:
        write(tmp_path, name, "ours")
    assert Templates(tmp_path).own_file("bulletin") == file


def test_own_texts_are_those_of_the_project_alone(tmp_path: Path) -> None:
    write(tmp_path, "blocks/event.j2", "ours")
    write(tmp_path, "poster.css.j2", "a {}")
    write(tmp_path, "notes.txt", "no template")
    (tmp_path / "templates" / "folder.j2").mkdir()
    assert Templates(tmp_path).own_texts() == {
        "templates/blocks/event.j2": "ours",
        "templates/poster.css.j2": "a {}",
    }


def test_builtin_templates_are_nobody_s_own(tmp_path: Path) -> None:
    assert Templates().own_texts() == {}
    assert Templates(tmp_path).own_texts() == {}
