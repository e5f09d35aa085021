import pytest

from newsletter.clients.gmail_faults import Fault, FaultKind, block_faults


@pytest.mark.parametrize(
    ("css", "words"),
    [
        ("a { color }", "does not parse in line 1"),
        ("b { margin: 0 }\na { color red }", "does not parse in line 2"),
        ("@media screen { a { color: red; : red } }", "does not parse in line 1"),
        ("a { color: red } }", "closes a brace that was never opened"),
        ("a { color: red", "has a brace that is never closed"),
        ("@media screen { a { color: red }", "has a brace that is never closed"),
        ("a { color: rgb(0 128 0) }", "writes a colour with spaces, rgb(0 0 0)"),
    ],
)
def test_broken_block_says_what_is_broken(css: str, words: str) -> None:
    assert block_faults(css) == (Fault(FaultKind.BROKEN, words),)


def test_at_rule_inside_an_at_rule_is_told_with_the_outer_one() -> None:
    css = "@media screen { @supports (a: b) { a { color: red } } }"
    assert block_faults(css) == (
        Fault(FaultKind.NESTED, "has an at-rule inside @media"),
    )


@pytest.mark.parametrize(
    "css",
    [
        "",
        "<!-- a { color: red } -->",
        "/* { */ a { content: '}' }",
        "a { background: url(a{b.png) }",
        "a { zoom: 1; color: rgb(0, 0, 0); color: rgb(0 / 1) }",
        "@media screen { a { color: red } } @font-face { src: url(a) }",
    ],
)
def test_faultless_block_has_no_faults(css: str) -> None:
    assert block_faults(css) == ()
