import pytest

from newsletter.clients.css import AtRule, read_sheet, read_style


def test_declarations_are_read_in_order_with_what_they_are_made_of() -> None:
    first, second = read_style("WIDTH: calc(100% - (2REM + 1px)) !important; width:1px")
    assert (first.property, str(first)) == (
        "width",
        "width: calc(100% - (2REM + 1px))",
    )
    assert first.is_important
    assert first.functions == {"calc"}
    assert first.units == {"rem", "px"}
    assert not first.has_fallback
    assert second.has_fallback


@pytest.mark.parametrize(
    "value", ["url(a.jpg)", 'url("a.jpg")', "url('a.jpg') no-repeat, none"]
)
def test_address_is_read_with_and_without_quotes(value: str) -> None:
    (declaration,) = read_style(f"background: {value}")
    assert declaration.addresses == ("a.jpg",)


@pytest.mark.parametrize("style", ["", ";", "color", "{}", "/* color: red */", ":red"])
def test_what_does_not_parse_is_left_out(style: str) -> None:
    assert read_style(style) == ()


def test_rules_know_the_at_rules_around_them() -> None:
    sheet = read_sheet(
        "@font-face { src: url(a) } "
        "@media only screen { .a { color: red } "
        "@supports (gap: 1px) { .b { gap: 1px } } }"
    )
    assert [(rule.selector, rule.conditions) for rule in sheet.rules] == [
        (".a", ("@media only screen",)),
        (".b", ("@media only screen", "@supports (gap: 1px)")),
    ]
    assert sheet.at_rules == (
        AtRule("font-face", ""),
        AtRule("media", "only screen"),
        AtRule("supports", "(gap: 1px)", ("@media only screen",)),
    )


def test_pseudo_names_are_read_also_inside_a_list() -> None:
    (rule,) = read_sheet("p::before, li:NTH-child(2) a:hover { color: red }").rules
    assert rule.pseudo == {"before", "nth-child", "hover"}


def test_rule_in_a_rule_is_nested() -> None:
    sheet = read_sheet("p { color: red; & b { color: blue } }")
    assert [(rule.selector, rule.is_nested) for rule in sheet.rules] == [
        ("p", False),
        ("& b", True),
    ]


def test_colon_in_an_attribute_is_no_pseudo_class() -> None:
    (rule,) = read_sheet('a[href="x:hover"] { color: red }').rules
    assert rule.pseudo == frozenset()
