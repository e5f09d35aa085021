import pytest

from newsletter.clients.css import read_style
from newsletter.clients.sheets import (
    AtRule,
    Rule,
    read_tree,
    rules_in,
    with_styles,
    without_addresses,
    write_style,
    write_tree,
)


@pytest.mark.parametrize(
    "css",
    [
        "a, p.x > b { color: red; margin: 0 !important }",
        "@media screen and (max-width: 479px) {\na { color: red }\n}",
        "@media print {\n@media (min-width: 1px) {\na { color: red }\n}\n}",
        '@font-face {\nfont-family: "X"; src: url(x.woff)\n}',
        '@import url("a.css");',
        '[title="a, b"] { color: red }',
        ":is(a, b) { color: red }",
    ],
)
def test_sheet_is_written_as_it_was_read(css: str) -> None:
    assert write_tree(read_tree(css)) == css


def test_selectors_of_a_group_are_parted() -> None:
    (rule,) = read_tree('a, :is(b, c) , [x="1,2"] {color: red}')
    assert isinstance(rule, Rule)
    assert rule.selectors == ("a", ":is(b, c)", '[x="1,2"]')


def test_rule_inside_an_at_rule_inside_another_is_seen() -> None:
    (outer,) = read_tree("@media a { @supports (b: c) { p { d: e } } }")
    assert isinstance(outer, AtRule)
    assert [r.selectors for r in rules_in(outer.items)] == [("p",)]
    assert [i.keyword for i in outer.items if isinstance(i, AtRule)] == ["supports"]


def test_changed_styles_drop_rules_that_became_empty() -> None:
    items = read_tree("a { color: red } @media x { b { margin: 0; color: red } }")
    kept = with_styles(items, lambda s: tuple(d for d in s if d.property == "margin"))
    assert write_tree(kept) == "@media x {\nb { margin: 0 }\n}"


@pytest.mark.parametrize(
    ("style", "left"),
    [
        ("background: #fff url(a.png) no-repeat", "background: #fff no-repeat"),
        ("background: URL('a(1).png')", ""),
        ('background: url("a.png") !important', ""),
        ("background: red url(a) !important", "background: red !important"),
    ],
)
def test_address_goes_and_the_rest_stays(style: str, left: str) -> None:
    (declaration,) = read_style(style)
    assert write_style(without_addresses(declaration)) == left
