"""Where the headings of a list stand, and what is told where none are found."""

from collections.abc import Mapping, Sequence
from io import BytesIO
from typing import Any

import pytest

from newsletter.errors import DefinitionError
from newsletter.model.settings import FieldType
from newsletter.subscribers.csv import open_csv
from newsletter.subscribers.rows import Row, read_rows
from newsletter.subscribers.sheet import Sheet, Wanted
from newsletter.subscribers.xlsx import open_workbook

FIELDS: Mapping[str, FieldType] = {"first_name": "text"}
SKIPPED = (
    "readers.csv: the headings were found in row {}; what stands above them is not "
    "read."
)


def opened(text: str, **wanted: Any) -> Sheet:
    asked = Wanted("readers.csv", fields=FIELDS, **wanted)
    return open_csv(lambda: BytesIO(text.encode()), asked)


def people(sheet: Sheet) -> list[tuple[int, str, str]]:
    return [
        (row.number, row.email, row.fields.get("first_name", ""))
        for row in read_rows(sheet)
        if isinstance(row, Row)
    ]


@pytest.mark.parametrize(
    ("above", "row"),
    [
        ("Ledenlijst, stand van 1 januari\n", 2),
        ("Ledenlijst;;\n\nuit het ledensysteem;;\n", 4),
        (";Ledenlijst\n", 2),
        ("Vereniging De Haven\n" * 9, 10),
    ],
)
def test_rows_of_one_cell_above_the_headings_are_not_read(above: str, row: int) -> None:
    found = opened(f"{above}Voornaam;E-mail\nAnna;anna@example.org\n")
    assert people(found) == [(row + 1, "anna@example.org", "Anna")]
    assert found.warnings == (SKIPPED.format(row),)
    assert found.columns.names == {"email": "E-mail", "first_name": "Voornaam"}


def test_title_above_a_list_of_addresses_alone_is_not_read() -> None:
    found = opened("Ledenlijst\nemail\nanna@example.org\n")
    assert people(found) == [(3, "anna@example.org", "")]
    assert found.warnings == (SKIPPED.format(2),)


def test_headings_below_a_title_may_be_those_that_are_told() -> None:
    found = opened(
        "Ledenlijst\nVoornaam;Contact\nAnna;anna@example.org\n",
        mapping=(("email", "Contact"),),
    )
    assert people(found) == [(3, "anna@example.org", "Anna")]


def test_address_above_a_heading_is_read() -> None:
    found = opened("anna@example.org\nemail\nbert@example.org\n")
    assert [email for _, email, _ in people(found)] == [
        "anna@example.org",
        "bert@example.org",
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "Ledenlijst;1 januari\nVoornaam;E-mail\nAnna;anna@example.org\n",
            "readers.csv:1: no column has addresses. Row 2 looks like the headings: "
            "remove what stands above it.",
        ),
        (
            "Ledenlijst\n" * 12 + "Voornaam;E-mail\nAnna;anna@example.org\n",
            "readers.csv:1: no column has addresses. Row 13 looks like the headings: "
            "remove what stands above it.",
        ),
        (
            '"Voornaam,E-mail"\n"Anna,anna@example.org"\n',
            "readers.csv:1: no column has addresses. Each row is one cell as a whole: "
            "remove the quotes around it, or divide it in your spreadsheet "
            '("Text to columns") and save the list again.',
        ),
        (
            '"Voornaam;""E-mail"""\n"Anna;""anna@example.org"""\n',
            "readers.csv:1: no column has addresses. Each row is one cell as a whole: "
            "remove the quotes around it, or divide it in your spreadsheet "
            '("Text to columns") and save the list again.',
        ),
    ],
)
def test_list_without_headings_says_where_they_may_be(text: str, message: str) -> None:
    with pytest.raises(DefinitionError) as caught:
        opened(text)
    assert str(caught.value) == message


def workbook(rows: Sequence[Sequence[Any]]) -> Sheet:
    openpyxl = pytest.importorskip("openpyxl", reason="the extra xlsx is not installed")
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    data = BytesIO()
    book.save(data)
    asked = Wanted("readers.xlsx", fields=FIELDS)
    return open_workbook(lambda: BytesIO(data.getvalue()), asked)


def test_title_of_a_spreadsheet_is_not_read() -> None:
    found = workbook([["Leden"], [], ["Voornaam", "E-mail"], ["Anna", "a@example.org"]])
    assert people(found) == [(4, "a@example.org", "Anna")]
    assert found.warnings == (
        "readers.xlsx: the headings were found in row 3; what stands above them is not "
        "read.",
    )


def test_spreadsheet_without_headings_says_where_they_may_be() -> None:
    with pytest.raises(DefinitionError) as caught:
        workbook([["Leden", 2024], ["Voornaam", "E-mail"]])
    assert str(caught.value) == (
        "readers.xlsx:1: no column has addresses. Row 2 looks like the headings: "
        "remove what stands above it."
    )
