"""Whether a spreadsheet (XLSX) would take more memory than any list of people.

openpyxl reads sheets row by row and texts one by one, but keeps what it does not know,
and reads all other parts as a whole: a style sheet takes thirty times its size. So each
row and text is measured as a parser meets it, and the others are weighed together.
"""

import zipfile
from typing import Any
from xml.parsers.expat import ParserCreate

_MEGABYTE = 1024 * 1024
#: What a workbook may become when it is unpacked: a million people have some 150 MB.
_MAX_UNPACKED = 400 * _MEGABYTE
#: The texts of all cells are kept in memory while it is read.
_MAX_TEXTS = 100 * _MEGABYTE
#: All other parts together, pictures too.
_MAX_OTHERS = 4 * _MEGABYTE
#: Of one row, and of what stands before or behind all of them: in memory at once.
_MAX_UNIT = 2 * _MEGABYTE
#: The same in elements: a sheet has 16,384 columns at the most.
_MAX_ELEMENTS = 100_000
#: Between rows, where nothing but line ends belongs; it is kept.
_MAX_LOOSE = 16 * _MEGABYTE
#: A sheet has 1,048,576 rows at the most.
_MAX_ROWS = 1_048_576
_MAX_SHARED = 3_000_000
_MAX_DEPTH = 50
_BLOCK = 64 * 1024

_NAMESPACE = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_MANIFEST, _WORKBOOK = "[Content_Types].xml", "xl/workbook.xml"
_RELATIONS = "xl/_rels/workbook.xml.rels"
#: Read as a whole by these names, whatever they are called elsewhere.
_FIXED = (
    *(_MANIFEST, _WORKBOOK, "xl/styles.xml", "xl/theme/theme1.xml"),
    *("docProps/core.xml", "docProps/custom.xml", "docProps/app.xml"),
)


def is_too_large(archive: zipfile.ZipFile) -> bool:
    """Tell whether a workbook would take more memory than any list of people.

    Raises:
        Exception: The archive, or a part of it, is damaged.
    """
    sizes: dict[str, int] = {}
    for part in archive.infolist():
        sizes[part.filename] = sizes.get(part.filename, 0) + part.file_size
    if sum(sizes.values()) > _MAX_UNPACKED:
        return True
    if max(sizes.get(_MANIFEST, 0), sizes.get(_RELATIONS, 0)) > _MAX_OTHERS:
        return True
    texts, sheets = _find_texts(archive), _find_sheets(archive)
    fixed = {name for name in sizes if name in _FIXED or name.endswith(".rels")}
    if texts & sheets or (texts | sheets) & fixed:
        return True
    others = sum(
        size for name, size in sizes.items() if name not in texts and name not in sheets
    )
    return (
        others > _MAX_OTHERS
        or sum(sizes.get(name, 0) for name in texts) > _MAX_TEXTS
        or any(_is_heavy(archive, name, "si", 2, _MAX_SHARED) for name in texts)
        or any(_is_heavy(archive, name, "row", 3, _MAX_ROWS) for name in sheets)
    )


def _find_texts(archive: zipfile.ZipFile) -> set[str]:
    """Return the part with the texts of cells, by the list of all parts.

    Raises:
        ValueError: The workbook itself is not where it belongs.
    """
    from openpyxl.packaging.manifest import Manifest
    from openpyxl.xml.functions import fromstring

    parts = Manifest.from_tree(fromstring(archive.read(_MANIFEST))).Override
    kinds = [(part.PartName.lstrip("/"), part.ContentType) for part in parts]
    if any(kind.endswith(".main+xml") and name != _WORKBOOK for name, kind in kinds):
        raise ValueError(f"another workbook than {_WORKBOOK}")
    named = {name for name, kind in kinds if kind.endswith(".sharedStrings+xml")}
    return named & set(archive.namelist())


def _find_sheets(archive: zipfile.ZipFile) -> set[str]:
    """Return the parts that are sheets and nothing else, wherever they lie."""
    from openpyxl.packaging.relationship import get_dependents

    sheets: set[str] = set()
    others: set[str] = set()
    for relation in get_dependents(archive, _RELATIONS):
        is_sheet = relation.Type.endswith("/worksheet")
        (sheets if is_sheet else others).add(relation.target)
    return (sheets - others) & set(archive.namelist())


class _HeavyError(Exception):
    """What is parsed is larger than it may be."""


class _Scale:
    """Counts what a parser meets between one row, or one text, and the next.

    Args:
        unit: Name of the element that is read, and then let go.
        depth: How deep those stand.
        most: How many there may be.
    """

    def __init__(self, unit: str, depth: int, most: int) -> None:
        self._unit = f"{_NAMESPACE} {unit}"
        self._depth_of_units = depth
        self._left = most
        self._most = most
        self._depth = 0
        self._elements = 0
        self._loose = 0
        #: Byte at which the present one began.
        self._begin = 0
        self._fed = 0
        self._parser = ParserCreate(namespace_separator=" ")
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._text
        # Entities grow when they are read; no spreadsheet has any.
        self._parser.StartDoctypeDeclHandler = self._refuse

    def feed(self, block: bytes) -> None:
        self._parser.Parse(block, False)
        self._fed += len(block)
        if self._fed - self._begin > _MAX_UNIT:
            raise _HeavyError

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        self._elements += 1
        if self._depth == self._depth_of_units and name == self._unit:
            self._left -= 1
            self._begin, self._elements = self._parser.CurrentByteIndex, 0
            self._parser.CharacterDataHandler = None
            # All rows before it are made up, were they not there.
            if self._left < 0 or int(attributes.get("r", "0")[:20]) > self._most:
                raise _HeavyError
        if self._elements > _MAX_ELEMENTS or self._depth > _MAX_DEPTH:
            raise _HeavyError

    def _end(self, _: str) -> None:
        if self._depth == self._depth_of_units:
            self._parser.CharacterDataHandler = self._text
        self._depth -= 1

    def _text(self, text: str) -> None:
        self._loose += len(text)
        if self._loose > _MAX_LOOSE:
            raise _HeavyError

    def _refuse(self, *_: Any) -> None:
        raise _HeavyError


def _is_heavy(
    archive: zipfile.ZipFile, name: str, unit: str, depth: int, most: int
) -> bool:
    scale = _Scale(unit, depth, most)
    try:
        with archive.open(name) as part:
            while block := part.read(_BLOCK):
                scale.feed(block)
    except _HeavyError:
        return True
    return False
