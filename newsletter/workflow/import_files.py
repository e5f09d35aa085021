"""The file of an import, before its rows are read."""

from functools import partial
from pathlib import Path
from typing import BinaryIO

from newsletter.errors import DefinitionError, UsageError
from newsletter.model.problem import Place, Problem
from newsletter.subscribers.csv import open_csv
from newsletter.subscribers.sheet import Sheet, Wanted
from newsletter.subscribers.xlsx import is_workbook, open_workbook


def open_sheet(path: Path, wanted: Wanted) -> Sheet:
    """Look at a list file: how it is written, what its columns are.

    Raises:
        DefinitionError: It cannot be read as a list.
        UsageError: What the editor says of it cannot be.
        OperationError: It is a spreadsheet, and the package for it is not there.
    """
    source = partial(_open_file, path, wanted.file)
    if is_workbook(source):
        if wanted.encoding or wanted.separator:
            raise UsageError(
                f"{wanted.file} is a spreadsheet: --encoding and --separator are for "
                "CSV files."
            )
        return open_workbook(source, wanted)
    if wanted.sheet:
        raise UsageError(f"{wanted.file} is no spreadsheet: it has no --sheet.")
    return open_csv(source, wanted)


def _open_file(path: Path, shown: str) -> BinaryIO:
    """Open the file of an import, again and again.

    Raises:
        DefinitionError: It cannot be read.
    """
    try:
        # What comes through a pipe can be read only once.
        if path.exists() and not (path.is_file() or path.is_dir()):
            raise _unreadable(shown, "it is no file", "Save the list as a file first.")
        return path.open("rb")
    except OSError as error:
        advice = "Check its name, and that you may read it."
        raise _unreadable(shown, str(error.strerror), advice) from error


def _unreadable(shown: str, reason: str, advice: str) -> DefinitionError:
    message = f"this file cannot be read: {reason}."
    return DefinitionError([Problem(Place(shown), message, advice)])
