"""Lists that a spreadsheet keeps in its own format."""

import sys
import zipfile
from collections.abc import Sequence
from datetime import date, datetime
from io import BytesIO
from typing import Any

import pytest

from newsletter.errors import DefinitionError, OperationError, UsageError
from newsletter.model.problem import Place, Problem
from newsletter.model.settings import FieldType
from newsletter.subscribers.rows import Row, read_rows
from newsletter.subscribers.sheet import Sheet, Wanted
from newsletter.subscribers.xlsx import is_workbook, open_workbook

openpyxl = pytest.importorskip("openpyxl", reason="the extra xlsx is not installed")


def workbook(sheets: dict[str, Sequence[Sequence[Any]]]) -> bytes:
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    data = BytesIO()
    book.save(data)
    return data.getvalue()


def opened(data: bytes, **wanted: Any) -> Sheet:
    fields: dict[str, FieldType] = {
        "first_name": "text",
        "joined": "date",
        "shoe": "number",
    }
    return open_workbook(
        lambda: BytesIO(data), Wanted("readers.xlsx", fields=fields, **wanted)
    )


READERS: list[list[Any]] = [
    ["E-mailadres", "Voornaam", "joined", "shoe", None],
    ["anna@example.org", "Anna", datetime(2024, 5, 3), 38.0, None],  # noqa: DTZ001
    [],
    ["bert@example.org", None, date(2024, 5, 4), 42.5, None],
    ["no address", "x"],
]


def test_rows_are_those_of_the_spreadsheet_with_its_numbers() -> None:
    found = opened(workbook({"Leden": READERS}))
    assert found.reading == 'read as a spreadsheet, sheet "Leden"'
    assert found.columns.names["email"] == "E-mailadres"
    assert list(read_rows(found)) == [
        Row(
            2,
            "anna@example.org",
            "anna@example.org",
            {"first_name": "Anna", "joined": "2024-05-03", "shoe": "38"},
        ),
        Row(
            4,
            "bert@example.org",
            "bert@example.org",
            {"joined": "2024-05-04", "shoe": "42.5"},
        ),
        Problem(Place("readers.xlsx", 5), "the address has a space in it."),
    ]
    assert len(list(read_rows(found))) == 3


def test_sheet_that_is_told_is_read() -> None:
    data = workbook({"Leden": READERS, "Pers": [["email"], ["pers@example.org"]]})
    (row,) = read_rows(opened(data, sheet="pers"))
    assert isinstance(row, Row)
    assert row.email == "pers@example.org"


def test_sheet_that_is_not_there_names_those_that_are() -> None:
    data = workbook({"Leden": READERS, "Pers": READERS})
    with pytest.raises(UsageError) as caught:
        opened(data, sheet="Leaden")
    assert str(caught.value) == (
        '--sheet: there is no sheet "Leaden". There are: "Leden", "Pers".'
    )


def test_spreadsheet_without_addresses_says_so() -> None:
    with pytest.raises(DefinitionError, match="no column has addresses"):
        opened(workbook({"Leden": [["naam"], ["Anna"]]}))
    with pytest.raises(DefinitionError, match="no column has addresses"):
        opened(workbook({"Leden": []}))


def test_spreadsheet_without_the_extra_says_how_to_get_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    data = workbook({"Leden": READERS})
    monkeypatch.setitem(sys.modules, "openpyxl", None)
    with pytest.raises(OperationError) as caught:
        opened(data)
    assert str(caught.value) == (
        "readers.xlsx is a spreadsheet, and the package that reads those is not "
        'installed. Install it with: pip install "newsletter[xlsx]", or save the list '
        'as "CSV UTF-8".'
    )


def bomb(part: str, content: bytes) -> bytes:
    """Return a workbook whose *part* has this content instead."""
    data = BytesIO()
    whole = zipfile.ZipFile(BytesIO(workbook({"Leden": READERS})))
    with whole, zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        for item in {*whole.namelist(), part}:
            archive.writestr(item, content if item == part else whole.read(item))
    return data.getvalue()


@pytest.mark.parametrize(
    ("part", "content"),
    [
        ("xl/sharedStrings.xml", b"x" * (101 * 1024 * 1024)),
        ("xl/worksheets/sheet1.xml", b"<row>" + b"<c/>" * 600_000 + b"</row>"),
    ],
)
def test_spreadsheet_that_would_unpack_to_too_much_is_refused(
    part: str, content: bytes
) -> None:
    data = bomb(part, content)
    assert len(data) < 200_000
    with pytest.raises(DefinitionError) as caught:
        opened(data)
    assert str(caught.value) == (
        "readers.xlsx: this spreadsheet is too large to be read. "
        'Save it as "CSV UTF-8".'
    )


def test_archive_of_thirty_thousand_parts_is_not_looked_into() -> None:
    data = BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for number in range(30_000):
            archive.writestr(f"{number}", b"")
        archive.writestr("xl/workbook.xml", b"")
    assert not is_workbook(lambda: BytesIO(data.getvalue()))


@pytest.mark.parametrize("cut", [30, 200, 1500])
def test_spreadsheet_that_is_damaged_says_so(cut: int) -> None:
    data = workbook({"Leden": READERS})
    with pytest.raises(DefinitionError) as caught:
        list(read_rows(opened(data[:cut])))
    assert str(caught.value) == (
        "readers.xlsx: this spreadsheet is damaged. "
        'Open it in your spreadsheet and save it as "CSV UTF-8".'
    )


@pytest.mark.parametrize("name", ["xl/worksheets/sheet1.xml", "xl/workbook.xml"])
def test_spreadsheet_with_a_damaged_part_says_so(name: str) -> None:
    whole = zipfile.ZipFile(BytesIO(workbook({"Leden": READERS})))
    data = BytesIO()
    with whole, zipfile.ZipFile(data, "w") as archive:
        for item in whole.namelist():
            text = whole.read(item)
            archive.writestr(item, text[: len(text) // 2] if item == name else text)
    with pytest.raises(DefinitionError, match="this spreadsheet is damaged"):
        list(read_rows(opened(data.getvalue())))


@pytest.mark.parametrize("data", [b"", b"email\n", b"PK\x03\x04", b"PK\x03\x04" * 50])
def test_other_files_are_no_spreadsheets(data: bytes) -> None:
    assert not is_workbook(lambda: BytesIO(data))


def test_spreadsheet_is_known_by_its_content() -> None:
    data = workbook({"Leden": READERS})
    assert is_workbook(lambda: BytesIO(data))
