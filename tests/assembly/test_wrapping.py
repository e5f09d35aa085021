import pytest

from newsletter.assembly.wrapping import (
    Break,
    Run,
    Unbroken,
    indent,
    lay_out,
    lay_out_evenly,
    width_of,
    wrap,
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", 0),
        ("abc", 3),
        ("één", 3),
        ("e\u0301", 1),
        ("漢字", 4),
        ("مرحبًا", 5),
        ("a\u200db", 2),
    ],
)
def test_width_of_text_counts_what_is_seen(text: str, expected: int) -> None:
    assert width_of(text) == expected


@pytest.mark.parametrize(
    ("runs", "expected"),
    [
        ([], [""]),
        (["one two three"], ["one two", "three"]),
        (["one ", "two", " three"], ["one two", "three"]),
        (["  one   two  "], ["one two"]),
        (["one", "two"], ["onetwo"]),
        (["https://example.org/a-b-c d"], ["https://example.org/a-b-c", "d"]),
        (["a https://example.org/a-b"], ["a", "https://example.org/a-b"]),
        (["a-b-c-d-e-f-g-h"], ["a-b-c-d-e-f-g-h"]),
        (["one\u00a0two\u00a0three"], ["one\u00a0two\u00a0three"]),
        (["one", Break(), "two"], ["one", "two"]),
        (["one ", Break(), " two"], ["one", "two"]),
    ],
)
def test_wrap_at_eight_columns_breaks_at_spaces_alone(
    runs: list[Run], expected: list[str]
) -> None:
    assert wrap(runs, 8) == expected


def test_wrap_with_a_marker_counts_the_width_of_what_it_stands_for() -> None:
    marker = Unbroken("@@3fa9c1_0@@", 4)
    assert wrap(["Dag ", marker, ", welkom"], 9) == ["Dag @@3fa9c1_0@@,", "welkom"]


def test_wrap_with_a_reference_keeps_it_at_its_word() -> None:
    assert wrap(["een twee", Unbroken(" [1]", 4)], 9) == ["een", "twee [1]"]


def test_wrap_of_chinese_breaks_between_characters_but_not_before_a_stop() -> None:
    assert wrap(["我们的权利是什么。你好"], 16) == ["我们的权利是什", "么。你好"]


def test_wrap_of_chinese_with_a_reference_keeps_it_at_its_character() -> None:
    assert wrap(["我们的权", Unbroken(" [1]", 4)], 8) == ["我们的", "权 [1]"]


def even_lines(runs: list[Run], width: int) -> list[str]:
    return [line.text for line in lay_out_evenly(runs, width)]


def test_lay_out_with_a_marker_says_the_width_of_what_it_stands_for() -> None:
    marker = Unbroken("@@3fa9c1_0@@", 4)
    assert [line.width for line in lay_out(["Dag ", marker, ","], 20)] == [9]


def test_lay_out_evenly_of_a_heading_makes_lines_of_like_length() -> None:
    assert even_lines(["one two three four five"], 20) == [
        "one two three",
        "four five",
    ]


def test_lay_out_evenly_with_a_long_word_makes_no_more_lines_than_wrap() -> None:
    runs: list[Run] = ["see https://example.org/a/long/address now"]
    assert even_lines(runs, 10) == ["see", "https://example.org/a/long/address", "now"]


def test_lay_out_evenly_of_one_line_leaves_it() -> None:
    assert even_lines(["one two"], 20) == ["one two"]


def test_indent_marks_the_first_line_and_leaves_no_space_at_ends() -> None:
    assert indent(["one", "", "two"], "- ") == ["- one", "", "  two"]
    assert indent(["one", "", "two"], "> ", "> ") == ["> one", ">", "> two"]
