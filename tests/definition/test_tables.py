"""Tables."""

from collections.abc import Callable
from typing import Any

import pytest

from newsletter.model.issue import Table, Text
from newsletter.model.problem import Place

ReadAny = Callable[[str], Any]


def test_table_is_read_with_its_alignments(read: ReadAny) -> None:
    result = read("| a | b | c | d |\n|:--|:-:|--:|---|\n| 1 | 2 | 3 |   |\n")
    assert result.problems == []
    assert result.block == Table(
        header=((Text("a"),), (Text("b"),), (Text("c"),), (Text("d"),)),
        rows=(((Text("1"),), (Text("2"),), (Text("3"),), ()),),
        alignments=("left", "center", "right", ""),
        place=Place("x.md", 7, 1),
    )


def test_row_with_fewer_cells_is_filled_up(read: ReadAny) -> None:
    result = read("a | b\n--|--\n1\n")
    assert result.problems == []
    assert result.block.rows == (((Text("1"),), ()),)


def test_escaped_bar_is_text(read: ReadAny) -> None:
    result = read("| a |\n|---|\n| 1 \\| 2 |\n")
    assert result.problems == []
    assert result.block.rows == (((Text("1 | 2"),),),)


@pytest.mark.parametrize("row", ["| 1 | 2 | 3 |", "1 | 2 | 3"])
def test_row_with_more_cells_than_the_head_is_a_problem(
    read: ReadAny, row: str
) -> None:
    assert read(f"> | a | b |\n> |---|---|\n> {row}\n").problems == [
        "x.md:9:1: this row has 3 cells, the head of its table 2. "
        r"Write \| for a bar that readers should see."
    ]


@pytest.mark.parametrize(
    ("row", "places"),
    [
        ("| {x} | {x} |", ["x.md:9:3", "x.md:9:9"]),
        ("| a | b {x} |", ["x.md:9:9"]),
        ("{x} | {x}", ["x.md:9:1", "x.md:9:7"]),
    ],
)
def test_problem_in_a_cell_has_its_own_column(
    read: ReadAny, row: str, places: list[str]
) -> None:
    problems = read(f"| a | b |\n|---|---|\n{row}\n").parsed.problems
    assert [str(problem.place) for problem in problems] == places


def test_problem_beside_an_escaped_bar_has_its_line(read: ReadAny) -> None:
    (problem,) = read("| a |\n|---|\n| b \\| {x} |\n").parsed.problems
    assert problem.place.line == 9


def test_rows_without_a_line_below_the_head_are_explained(read: ReadAny) -> None:
    assert read("| a | b |\n| 1 | 2 |\n").problems == [
        "x.md:7:1: this table has no line between its head and its rows. "
        'Write "| --- | --- |" below the first line.'
    ]


@pytest.mark.parametrize(
    ("rows", "line"),
    [
        ("| a | b |\n| c |\n", 7),
        ("| a | b |\n| c\n", 7),
        ("| a | b\n| c | d\n", 7),
        ("Een regel:\n| a | b |\n| c | d |\n", 8),
    ],
)
def test_rows_of_any_form_without_dashes_are_explained(
    read: ReadAny, rows: str, line: int
) -> None:
    assert read(rows).problems == [
        f"x.md:{line}:1: this table has no line between its head and its rows. "
        'Write "| --- | --- |" below the first line.'
    ]


@pytest.mark.parametrize(
    "rows", ["| a | b |\n| --- |\n| 1 | 2 |\n", "a | b\n|:--|--:|---|\n1 | 2\n"]
)
def test_dashes_for_another_number_of_columns_are_explained(
    read: ReadAny, rows: str
) -> None:
    assert read(rows).problems == [
        "x.md:7:1: the line of dashes below this head has another number of columns. "
        'Write "| --- | --- |" instead.'
    ]


@pytest.mark.parametrize("text", ["| a | b |", "a | b\nc | d", "|a|\nb"])
def test_bars_that_make_no_rows_are_text(read: ReadAny, text: str) -> None:
    assert read(text).problems == []
