"""Spreadsheets that are small as a file, and large when they are read."""

import zipfile
from collections.abc import Callable
from io import BytesIO

import pytest

from newsletter.errors import DefinitionError
from newsletter.subscribers.rows import Row, read_rows
from newsletter.subscribers.sheet import Wanted
from newsletter.subscribers.xlsx import open_workbook

openpyxl = pytest.importorskip("openpyxl", reason="the extra xlsx is not installed")

SHEET = "xl/worksheets/sheet1.xml"
STYLES = "xl/styles.xml"
TEXTS = "xl/sharedStrings.xml"
MANIFEST = "[Content_Types].xml"
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
TEXTS_OVERRIDE = (
    b'<Override PartName="/xl/sharedStrings.xml" ContentType="application/vnd.'
    b'openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"/>'
)
MEGABYTE = 2**20
CELL = b'<c t="inlineStr"><is><t>x</t></is></c>'

Parts = dict[str, bytes]


def workbook_parts(rows: int = 2) -> Parts:
    book = openpyxl.Workbook()
    book.active.append(["email", "first_name"])
    for number in range(1, rows):
        book.active.append([f"reader{number}@example.org", "Anna"])
    data = BytesIO()
    book.save(data)
    with zipfile.ZipFile(data) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    if TEXTS not in parts:
        parts[TEXTS] = f'<sst xmlns="{MAIN}"></sst>'.encode()
        grow(parts, MANIFEST, b"</Types>", TEXTS_OVERRIDE)
    return parts


def packed(parts: Parts) -> bytes:
    data = BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return data.getvalue()


def addresses(data: bytes) -> list[str]:
    sheet = open_workbook(lambda: BytesIO(data), Wanted("readers.xlsx"))
    return [row.email for row in read_rows(sheet) if isinstance(row, Row)]


def filled(unit: bytes, megabytes: int) -> bytes:
    return unit * (megabytes * MEGABYTE // len(unit))


def grow(parts: Parts, name: str, before: bytes, more: bytes) -> None:
    assert parts[name].count(before) >= 1
    parts[name] = parts[name].replace(before, more + before, 1)


def many_styles(parts: Parts) -> None:
    grow(parts, STYLES, b"</styleSheet>", b"<x>" + filled(b"<a/>", 20) + b"</x>")


def row_of_comments(parts: Parts) -> None:
    """Text that looks like the begin of a row is none."""
    grow(parts, SHEET, b"</row>", filled(CELL * 200 + b"<!--<row-->", 20))


def row_of_foreign_rows(parts: Parts) -> None:
    unit = CELL * 200 + b'<row xmlns="urn:other"/>'
    grow(parts, SHEET, b"</row>", filled(unit, 20))


def sheet_elsewhere(parts: Parts) -> None:
    for name in ("xl/_rels/workbook.xml.rels", MANIFEST):
        parts[name] = parts[name].replace(b"worksheets/sheet1", b"pages/page1")
    grow(parts, SHEET, b"</row>", filled(CELL, 20))
    parts["xl/pages/page1.xml"] = parts.pop(SHEET)


def short_cells(parts: Parts) -> None:
    grow(parts, SHEET, b"</row>", b"<c/>" * 120_000)


def one_long_mark(parts: Parts) -> None:
    grow(parts, SHEET, b"</row>", b'<c a="' + filled(b"x", 20) + b'"/>')


def behind_the_rows(parts: Parts) -> None:
    grow(parts, SHEET, b"</worksheet>", b"<x>" + filled(b"<a/>", 20) + b"</x>")


def two_million_empty_rows(parts: Parts) -> None:
    grow(parts, SHEET, b"</sheetData>", b"<row/>" * 2_000_000)


def number_of_a_row(parts: Parts) -> None:
    grow(parts, SHEET, b"</sheetData>", b'<row r="99999999999"/>')


def blanks_between_rows(parts: Parts) -> None:
    unit = b"<row/>" + b" " * MEGABYTE
    grow(parts, SHEET, b"</sheetData>", unit * 20)


def entities(parts: Parts) -> None:
    doctype = b'<!DOCTYPE worksheet [<!ENTITY a "aaaaaaaaaa">]>'
    parts[SHEET] = doctype + parts[SHEET].partition(b"?>")[2]


def empty_texts(parts: Parts) -> None:
    grow(parts, TEXTS, b"</sst>", b"<si/>" * 3_100_000)


def long_texts(parts: Parts) -> None:
    grow(parts, TEXTS, b"</sst>", b"<si><t>" + filled(b"x", 3) + b"</t></si>")


def styles_as_a_sheet(parts: Parts) -> None:
    """What is called a sheet is read as styles all the same."""
    relations = "xl/_rels/workbook.xml.rels"
    parts[relations] = parts[relations].replace(
        b"</Relationships>",
        b'<Relationship Id="rId99" Target="/xl/styles.xml" Type="http://schemas.'
        b'openxmlformats.org/officeDocument/2006/relationships/worksheet"/>'
        b"</Relationships>",
    )
    many_styles(parts)


def texts_as_a_sheet(parts: Parts) -> None:
    assert b"/xl/sharedStrings.xml" in parts[MANIFEST]
    parts[MANIFEST] = parts[MANIFEST].replace(
        b"/xl/sharedStrings.xml", b"/xl/worksheets/sheet1.xml"
    )


def many_pictures(parts: Parts) -> None:
    for number in range(5):
        parts[f"xl/media/image{number}.png"] = bytes(MEGABYTE)


@pytest.mark.parametrize(
    "change",
    [
        many_styles,
        row_of_comments,
        row_of_foreign_rows,
        sheet_elsewhere,
        short_cells,
        one_long_mark,
        behind_the_rows,
        two_million_empty_rows,
        number_of_a_row,
        blanks_between_rows,
        entities,
        empty_texts,
        long_texts,
        styles_as_a_sheet,
        texts_as_a_sheet,
        many_pictures,
    ],
)
def test_spreadsheet_that_takes_too_much_is_refused(
    change: Callable[[Parts], None],
) -> None:
    parts = workbook_parts()
    change(parts)
    data = packed(parts)
    assert len(data) < 200_000

    with pytest.raises(DefinitionError) as caught:
        addresses(data)

    assert str(caught.value) == (
        "readers.xlsx: this spreadsheet is too large to be read. "
        'Save it as "CSV UTF-8".'
    )


def test_workbook_that_lies_elsewhere_is_not_read() -> None:
    """What is measured would not be what is read."""
    parts = workbook_parts()
    parts[MANIFEST] = parts[MANIFEST].replace(b"/xl/workbook.xml", b"/xl/other.xml")
    parts["xl/other.xml"] = parts["xl/workbook.xml"]

    with pytest.raises(DefinitionError, match="this spreadsheet is damaged"):
        addresses(packed(parts))


def pages(parts: Parts) -> None:
    for name in ("xl/_rels/workbook.xml.rels", MANIFEST):
        parts[name] = parts[name].replace(b"worksheets/sheet1", b"pages/page1")
    parts["xl/pages/page1.xml"] = parts.pop(SHEET)


def picture(parts: Parts) -> None:
    parts["xl/media/image1.png"] = bytes(3 * MEGABYTE)


def notes_behind(parts: Parts) -> None:
    links = b'<hyperlink ref="A2" location="x"/>' * 30_000
    grow(parts, SHEET, b"<pageMargins", b"<hyperlinks>" + links + b"</hyperlinks>")


def lines_between(parts: Parts) -> None:
    parts[SHEET] = parts[SHEET].replace(b"<row", b"\r\n      <row")


@pytest.mark.parametrize("change", [pages, picture, notes_behind, lines_between])
def test_unusual_spreadsheet_is_read(change: Callable[[Parts], None]) -> None:
    parts = workbook_parts(rows=2_000)
    change(parts)

    assert addresses(packed(parts))[-1] == "reader1999@example.org"
