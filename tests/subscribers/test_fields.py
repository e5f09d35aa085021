import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.subscribers.fields import clean_cell, clean_value, guard_cell


@pytest.mark.parametrize(
    ("value", "cleaned"),
    [
        ("  Anna   Maria ", "Anna Maria"),
        ("Anna\r\nBcc: x@example.org", "Anna Bcc: x@example.org"),
        ("An\x00na\x1b", "Anna"),
        ("\u202eannA", "annA"),
        ("Anna\u200b", "Anna"),
        ("Jose\u0301", "José"),
        ("می‌خواهم", "می‌خواهم"),
        ("Anna\u2028Maria", "Anna Maria"),
        ("\ufeffAnna", "Anna"),
    ],
)
def test_value_is_one_line_of_visible_characters(value: str, cleaned: str) -> None:
    assert clean_value(value, "text") == cleaned


@given(st.text())
def test_value_when_cleaned_again_stays_the_same(value: str) -> None:
    try:
        cleaned = clean_value(value, "text")
    except ValueError:
        return
    assert clean_value(cleaned, "text") == cleaned


@pytest.mark.parametrize(
    ("cell", "cleaned"),
    [
        ("'=1+1", "=1+1"),
        ("'+31 6", "+31 6"),
        ("'-1", "-1"),
        ("'@anna", "@anna"),
        ("''=1", "'=1"),
        ("'s-Hertogenbosch", "'s-Hertogenbosch"),
        (" x ", "x"),
    ],
)
def test_cell_loses_only_the_apostrophe_that_guards_it(cell: str, cleaned: str) -> None:
    assert clean_cell(cell) == cleaned


@pytest.mark.parametrize("start", ["=1+1", "+31 6", "-1", "@anna", "\tx", "\rx", "'=1"])
def test_cell_that_a_spreadsheet_would_compute_is_guarded(start: str) -> None:
    assert guard_cell(start) == f"'{start}"


@given(st.text())
def test_cell_is_the_same_after_export_and_import(text: str) -> None:
    value = text.strip()
    assert clean_cell(guard_cell(value)) == value


@pytest.mark.parametrize(
    ("value", "cleaned"),
    [
        ("volunteer, board", "volunteer, board"),
        (" Board;volunteer ;; board\nchair ", "Board, volunteer, chair"),
        ("École, école, ECOLE, Ecole", "École, école, ECOLE"),
        (" , ;", ""),
        ("an\u200bna", "anna"),
    ],
)
def test_list_is_its_words_each_once(value: str, cleaned: str) -> None:
    assert clean_value(value, "list") == cleaned


def test_list_that_is_too_long_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^is longer than 1000 characters\.$"):
        clean_value(", ".join(f"word{n}" for n in range(200)), "list")
