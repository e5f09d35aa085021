import pytest

from newsletter.checks.places import joined, listed_lines, other_lines
from newsletter.model.problem import Place


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        ([7], "line 7"),
        ([9, 7, 9], "lines 7 and 9"),
        ([7, 8], "lines 7 and 8"),
        ([7, 8, 9], "lines 7-9"),
        ([12, 9, 8, 7], "lines 7-9 and 12"),
        ([1, 3, 4, 5, 7, 8], "lines 1, 3-5, 7 and 8"),
    ],
)
def test_lines_are_told_once_and_in_order(lines: list[int], told: str) -> None:
    assert listed_lines(lines) == told


def test_other_lines_leave_out_the_first_place() -> None:
    places = [Place("a.md", line, 1) for line in (14, 14, 20, 9)]
    assert other_lines(places) == " (also on lines 9 and 20)"
    assert other_lines(places[:2]) == ""


def test_words_are_joined_as_in_a_sentence() -> None:
    assert [joined(["a", "b", "c"][:end]) for end in (1, 2, 3)] == [
        "a",
        "a and b",
        "a, b and c",
    ]
