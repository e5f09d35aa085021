from collections.abc import Callable

import pytest

from newsletter.checks.facts import Facts
from newsletter.checks.list_numbers import check_list_numbers
from newsletter.model.assembled import Assembled
from newsletter.model.finding import Finding, Severity
from newsletter.model.problem import Place

Write = Callable[[str], tuple[Assembled, Facts]]
FILE = "issues/2023-02.md"


def check(write: Write, text: str) -> list[Finding]:
    return check_list_numbers(*write(text))


def test_dates_that_became_a_list_are_told(write: Write) -> None:
    text = "3. Dezember: Feier\n\n10. Dezember: Konzert\n\n17. Dezember: Spiel\n"
    assert check(write, text) == [
        Finding(
            "list-renumbered",
            Severity.ERROR,
            Place(FILE, 8, 1),
            "this list is written 3, 10 and 17, and readers see 3, 4 and 5: "
            "it counts on by itself.",
            'For dates, write a backslash before the dot, "10\\.", or begin each line '
            'with "- "; for a list, write the numbers that follow.',
        )
    ]


@pytest.mark.parametrize(
    "text",
    ["3. bronze\n2. silver\n1. gold\n", "- 1. one\n  3. three\n", "> 1) a\n> 4) b\n"],
)
def test_other_lists_that_count_otherwise_are_told(write: Write, text: str) -> None:
    (finding,) = check(write, text)
    assert "it counts on by itself" in finding.message


@pytest.mark.parametrize(
    "text", ["1. one\n1. two\n1. three\n", "3. three\n4. four\n", "- one\n- two\n"]
)
def test_lists_that_read_as_written_are_fine(write: Write, text: str) -> None:
    assert check(write, text) == []
