from collections.abc import Callable
from dataclasses import replace

import pytest

from newsletter.checks.facts import Facts
from newsletter.checks.public_page import check_public_page
from newsletter.model.assembled import Assembled
from newsletter.model.finding import Finding, Severity
from newsletter.model.problem import Place

Assemble = Callable[..., Assembled]
FILE = "issues/2023-02.md"
MESSAGE = (
    "no list of this issue is public, but everybody could read it on its web page."
)
ADVICE = (
    'Write "archive: no" to keep it off the web, or "archive: yes" if everybody may '
    "read it."
)


@pytest.fixture
def known(facts: Facts) -> Facts:
    return replace(facts, public_lists=("main", "events"))


def test_internal_letter_that_says_nothing_of_the_archive_is_an_error(
    assemble: Assemble, known: Facts
) -> None:
    place = Place(FILE, 5, 1)
    assembled = assemble(lists=("board", "staff"), places={"lists": place})
    assert check_public_page(assembled, known) == [
        Finding("public-page", Severity.ERROR, place, MESSAGE, ADVICE)
    ]


def test_internal_letter_without_a_line_of_lists_is_shown_at_its_first_line(
    assemble: Assemble, known: Facts
) -> None:
    (finding,) = check_public_page(assemble(lists=("board",)), known)
    assert finding.place == Place(FILE, 1, 1)


@pytest.mark.parametrize(
    "changes",
    [
        {"lists": ("main",)},
        {"lists": ("board", "main")},
        {"lists": ("board",), "says_archive": True},
        {"lists": ("board",), "says_archive": True, "is_archived": False},
        {"lists": ("board",), "is_archived": False},
    ],
)
def test_letter_to_a_public_list_or_with_a_word_on_the_archive_is_fine(
    assemble: Assemble, known: Facts, changes: dict[str, object]
) -> None:
    assert check_public_page(assemble(**changes), known) == []


def test_internal_letter_without_pages_or_without_public_lists_is_fine(
    assemble: Assemble, known: Facts
) -> None:
    assembled = assemble(lists=("board",))
    assert check_public_page(assembled, replace(known, base_url="")) == []
    assert check_public_page(assembled, replace(known, public_lists=())) == []
