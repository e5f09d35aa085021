"""What an editor is told when a template is wrong: template, line, and which block."""

from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING

import pytest

from newsletter.assembly.loaders import Templates
from newsletter.assembly.mail import Mail
from newsletter.assembly.pages import render_html
from newsletter.errors import DefinitionError
from newsletter.model.issue import Event, Field, Note, Paragraph, Text
from newsletter.model.problem import Place

if TYPE_CHECKING:
    from tests.assembly.conftest import Composer

EVENT = Event("Dag", date(2023, 5, 9), None, Place("issues/2023-05.md", 15, 1))
ADVICE = "Correct the template, or remove it to use the built-in one."
FOR_EVENT = "the event at issues/2023-05.md:15:1"


def told(composer: "Composer", *blocks: object, **changes: object) -> str:
    """Return the whole text of the error that *blocks* lead to."""
    with pytest.raises(DefinitionError) as caught:
        composer.assemble(*(blocks or (EVENT,)), **changes)  # type: ignore[arg-type]
    return str(caught.value)


def test_unknown_name_is_told_with_its_line(composer: "Composer") -> None:
    composer.template("blocks/event.j2", "<p>\n{{ when }}\n{{ colour }}</p>")
    assert told(composer) == (
        f"templates/blocks/event.j2:3: this template fails for {FOR_EVENT}:"
        f" 'colour' is undefined. {ADVICE}"
    )


def test_unknown_field_of_a_block_is_told_with_its_line(composer: "Composer") -> None:
    composer.template("blocks/event.j2", "{{ block.titel }}")
    assert told(composer) == (
        f"templates/blocks/event.j2:1: this template fails for {FOR_EVENT}:"
        " 'newsletter.model.issue.Event object' has no attribute 'titel'."
        f" {ADVICE}"
    )


def test_syntax_error_is_told_with_its_line(composer: "Composer") -> None:
    composer.template("blocks/event.j2", "<p>\n{% if when %}\n</p>\n")
    assert told(composer) == (
        f"templates/blocks/event.j2:3: this template fails for {FOR_EVENT}:"
        " Unexpected end of template. Jinja was looking for the following tags:"
        " 'elif' or 'else' or 'endif'. The innermost block that needs to be closed is"
        f" 'if'. {ADVICE}"
    )


def test_expression_that_fails_is_told_with_its_line(composer: "Composer") -> None:
    composer.template("blocks/event.j2", "<p>\n{{ 1 / 0 }}</p>")
    assert told(composer) == (
        f"templates/blocks/event.j2:2: this template fails for {FOR_EVENT}:"
        f" division by zero. {ADVICE}"
    )


def test_filter_that_fails_is_told_with_its_line(composer: "Composer") -> None:
    composer.template("blocks/event.j2", "\n{{ when|round }}")
    assert told(composer).startswith(
        f"templates/blocks/event.j2:2: this template fails for {FOR_EVENT}: "
    )


def test_forbidden_step_is_told_with_its_line(composer: "Composer") -> None:
    composer.template("blocks/event.j2", "{{ block.__class__.__mro__ }}")
    assert told(composer) == (
        f"templates/blocks/event.j2:1: this template fails for {FOR_EVENT}:"
        f" access to attribute '__class__' of 'Event' object is unsafe. {ADVICE}"
    )


def test_missing_partial_is_told_where_it_is_asked_for(composer: "Composer") -> None:
    composer.template("blocks/event.j2", '<p>\n{% include "card.j2" %}</p>')
    assert told(composer) == (
        f"templates/blocks/event.j2:2: this template fails for {FOR_EVENT}:"
        ' there is no template "card.j2". Add the file, or correct the name.'
    )


def test_template_that_is_not_utf_8_is_told_with_its_line(
    composer: "Composer",
) -> None:
    composer.template("partials/masthead.j2", "")
    path = composer.root / "templates" / "partials" / "masthead.j2"
    path.write_bytes(b"one\ncaf\xe9")
    assert told(composer) == (
        "templates/partials/masthead.j2:2: this template fails for the issue at"
        " issues/2023-05.md: it is not UTF-8 text here; save it as UTF-8."
        f" {ADVICE}"
    )


def test_error_in_a_partial_is_told_in_the_partial(composer: "Composer") -> None:
    composer.template("blocks/event.j2", '{% include "card.j2" %}')
    composer.template("card.j2", "\n\n{{ colour }}")
    assert told(composer).startswith("templates/card.j2:3: this template fails")


def test_error_inside_another_block_names_the_inner_one(composer: "Composer") -> None:
    composer.template("blocks/event.j2", "{{ colour }}")
    note = Note((EVENT,), Place("issues/2023-05.md", 12, 1))
    assert told(composer, note).startswith(
        f"templates/blocks/event.j2:1: this template fails for {FOR_EVENT}: "
    )


def test_main_part_of_a_mail_is_told_for_the_issue(composer: "Composer") -> None:
    composer.template("partials/masthead.j2", "{{ colour }}")
    assert told(composer).startswith(
        "templates/partials/masthead.j2:1: this template fails for the issue at"
        " issues/2023-05.md: "
    )


def test_markup_that_is_not_well_formed_is_told_with_its_line(
    composer: "Composer",
) -> None:
    composer.template(
        "blocks/event.j2",
        "{% if when %}\n<p>{{ when }}</p>\n<p>\n  a<br></p>{% endif %}",
    )
    assert told(composer) == (
        "templates/blocks/event.j2:4: the markup is not well-formed here inside <br>:"
        f" mismatched tag. It was written for {FOR_EVENT}. Close every tag, write"
        " <br /> with its slash, and &amp; and &lt; for the characters & and <."
    )


def test_tag_that_is_unknown_is_told_with_its_line(composer: "Composer") -> None:
    composer.template(
        "partials/masthead.j2",
        "<mj-section>\n<mj-column>\n<mj-txt>x</mj-txt>\n</mj-column></mj-section>",
    )
    assert told(composer) == (
        "templates/partials/masthead.j2:3: <mj-txt> is unknown, or of no effect in"
        " mail. It was written for the issue at issues/2023-05.md."
        ' Did you mean "mj-text"?'
    )


def test_padding_without_unit_is_told_with_its_line(composer: "Composer") -> None:
    composer.template(
        "partials/masthead.j2",
        '{% if date %}\n<mj-section padding="0 24px"></mj-section>\n{% endif %}',
    )
    assert told(composer) == (
        'templates/partials/masthead.j2:2: padding="0 24px" of <mj-section> has a part'
        " that is not in pixels. It was written for the issue at issues/2023-05.md."
        ' Write every part in pixels: "0px 24px".'
    )


def test_wrong_tag_after_a_value_on_its_line_is_told_with_that_line(
    composer: "Composer",
) -> None:
    composer.template("blocks/event.j2", "<p>\n{{ when }}\n<blink /></p>")
    assert told(composer).startswith("templates/blocks/event.j2:3: <blink> is not")


def test_wrong_tag_in_a_partial_is_told_in_the_partial(composer: "Composer") -> None:
    composer.template("blocks/event.j2", '<p>x</p>\n{% include "card.j2" %}')
    composer.template("card.j2", "<p>\nx</p>\n<blink />")
    assert told(composer).startswith("templates/card.j2:3: <blink> is not for mail")


def test_every_wrong_tag_is_told_once(composer: "Composer") -> None:
    composer.template("blocks/event.j2", "<blink />\n<marquee />")
    told_lines = told(composer, EVENT, EVENT).splitlines()
    assert [line.split(" is not")[0] for line in told_lines] == [
        "templates/blocks/event.j2:1: <blink>",
        "templates/blocks/event.j2:2: <marquee>",
    ]


def test_blocks_nested_too_deep_are_told(composer: "Composer") -> None:
    deep: Note | Paragraph = Paragraph((Text("x"),), EVENT.place)
    for _ in range(40):
        deep = Note((deep,), EVENT.place)
    assert told(composer, deep).endswith("Nest fewer blocks.")


def test_our_function_called_wrongly_is_told_with_its_line(
    composer: "Composer",
) -> None:
    composer.template("blocks/event.j2", "<p>\n{{ say('{day}') }}</p>")
    assert told(composer) == (
        f"templates/blocks/event.j2:2: this template fails for {FOR_EVENT}:"
        f" 'day'. {ADVICE}"
    )


def test_fault_of_ours_is_not_blamed_on_a_built_in_template(
    composer: "Composer",
) -> None:
    """A bug goes up as itself: nobody should be asked to correct a template."""

    def broken(_: Field) -> str:
        raise ValueError("ours")

    issue = replace(composer.issue, subject=(Field("a", "b", EVENT.place),))
    mail = Mail(issue, composer.settings, {}, broken, "", {})
    with pytest.raises(ValueError, match="ours"):
        render_html(mail, Templates())
