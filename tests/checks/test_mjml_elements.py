"""What MJML itself writes for its own elements is held against nobody's template."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from newsletter.assembly.mjml import compile_mjml
from newsletter.checks.accessibility import check_accessibility
from newsletter.checks.clients import check_clients
from newsletter.checks.facts import Facts
from newsletter.checks.html import check_html
from newsletter.checks.template_pictures import check_template_pictures
from newsletter.clients.names import CLIENTS
from newsletter.model.assembled import Assembled
from newsletter.model.copy import Copy

CHECKS = (check_accessibility, check_clients, check_html, check_template_pictures)
WORDS = '<mj-text color="#ffffff">Words on a picture</mj-text>'
LINKS = "".join(
    f'<mj-navbar-link href="https://harbour.test/{name}">{name}</mj-navbar-link>'
    for name in ("news", "help")
)
FOLDED = (
    "<mj-accordion-element><mj-accordion-title>A question</mj-accordion-title>"
    "<mj-accordion-text>The answer</mj-accordion-text></mj-accordion-element>"
)
ICONS = 'icon-wrapped-url="cid:open" icon-unwrapped-url="cid:shut"'


def in_column(element: str) -> str:
    return f"<mj-section><mj-column>{element}</mj-column></mj-section>"


#: Long enough to be no mail of pictures alone.
HEAD = in_column(f"<mj-text><h1>News</h1>{'Good news. ' * 40}</mj-text>")


@pytest.fixture
def told(
    assemble: Callable[..., Assembled], facts: Facts, make_copy: Callable[..., Copy]
) -> Callable[[str], set[str]]:
    """Return a function: content of ``mj-body`` -> rules that speak of it."""

    def rules(body: str) -> set[str]:
        html = compile_mjml(
            '<mjml lang="en" dir="ltr"><mj-head><mj-title>News</mj-title></mj-head>'
            f"<mj-body>{HEAD}{body}</mj-body>"
            "</mjml>"
        )
        known = replace(facts, copies=(make_copy(html),), clients=tuple(CLIENTS))
        return {found.rule for check in CHECKS for found in check(assemble(), known)}

    return rules


@pytest.mark.parametrize(
    "body",
    [
        '<mj-hero background-url="cid:sea" background-color="#123456" '
        f'background-width="600px" background-height="300px">{WORDS}</mj-hero>',
        f'<mj-hero mode="fixed-height" height="300px" background-url="cid:sea" '
        f'background-width="600px" background-color="#123456">{WORDS}</mj-hero>',
        in_column(f"<mj-navbar>{LINKS}</mj-navbar>"),
        in_column(f'<mj-navbar hamburger="hamburger">{LINKS}</mj-navbar>'),
        f'<mj-wrapper background-url="cid:sea" background-color="#123456">'
        f"{in_column(WORDS)}</mj-wrapper>",
        in_column('<mj-button href="https://harbour.test">Help</mj-button>'),
        in_column("<mj-divider /><mj-spacer />"),
    ],
)
def test_element_of_mjml_is_fine(told: Callable[[str], set[str]], body: str) -> None:
    assert told(body) == set()


def test_accordion_is_told_of_its_pictures_alone(
    told: Callable[[str], set[str]],
) -> None:
    """Its icons have no height, and by default lie with a stranger."""
    accordion = in_column(f"<mj-accordion {{}}>{FOLDED}</mj-accordion>")
    assert told(accordion.format(ICONS)) == {"image-size"}
    assert told(accordion.format("")) == {"image-size", "image-remote"}


def test_table_of_an_editor_is_told(told: Callable[[str], set[str]]) -> None:
    table = "<mj-table><tr><td>Left</td><td>Right</td></tr></mj-table>"
    assert told(in_column(table)) == {"table-role"}


def test_input_of_an_editor_is_told(told: Callable[[str], set[str]]) -> None:
    box = '<mj-raw><input type="checkbox" /></mj-raw>'
    assert told(in_column(box)) == {"html-forbidden"}
