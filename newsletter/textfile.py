"""Read a text file that a person wrote, and say in their words why it cannot be read.

Does input; used for definitions and for settings. Every failure is a `DefinitionError`.
"""

import stat
from pathlib import Path

from newsletter.errors import DefinitionError
from newsletter.model.problem import Place, Problem

_BYTE_ORDER_MARK = "\ufeff"
_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")


def read_text(path: Path, *, file: str, limit_bytes: int) -> str:
    """Return the text of a UTF-8 file, without byte order mark.

    Args:
        path: Where it lies.
        file: The path as shown in problems.
        limit_bytes: More than this is refused before it is read.

    Raises:
        DefinitionError: With one problem, that says why it cannot be read.
    """
    try:
        data = _read_regular_file(path, file, limit_bytes)
    except FileNotFoundError as error:
        raise _refuse(file, "there is no such file.", "Check the name.") from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "its name is not possible"
        raise _refuse(
            file,
            f"this file cannot be read ({reason.lower()}).",
            "Check its name and who may read it.",
        ) from error
    return _decode(data, file).removeprefix(_BYTE_ORDER_MARK)


def _read_regular_file(path: Path, file: str, limit_bytes: int) -> bytes:
    mode = path.stat().st_mode
    if stat.S_ISDIR(mode):
        raise _refuse(file, "this is a folder.", "Name the file that lies in it.")
    if not stat.S_ISREG(mode):
        raise _refuse(file, "this is not an ordinary file.", "Save the text as a file.")
    with path.open("rb") as opened:
        data = opened.read(limit_bytes + 1)
    if len(data) > limit_bytes:
        raise _refuse(
            file,
            f"this file is larger than {_in_megabytes(limit_bytes)}.",
            "Text alone is never that large: keep pictures in files of their own.",
        )
    return data


def _in_megabytes(size_bytes: int) -> str:
    return f"{size_bytes / 1_000_000:g} MB"


def _decode(data: bytes, file: str) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        if data.startswith(_UTF16_MARKS):
            message = "this file is saved as UTF-16, not as UTF-8."
            raise _refuse(file, message, _SAVE_AS_UTF8) from error
        raise DefinitionError([_undecodable(data, error.start, file)]) from error


_SAVE_AS_UTF8 = "Save it again and choose UTF-8 as its encoding."


def _undecodable(data: bytes, start: int, file: str) -> Problem:
    before = data[:start].decode("utf-8").removeprefix(_BYTE_ORDER_MARK)
    before = before.replace("\r\n", "\n").replace("\r", "\n")
    line = before.count("\n") + 1
    column = len(before) - (before.rfind("\n") + 1) + 1
    return Problem(
        Place(file, line, column),
        f"this character is not UTF-8 (byte {data[start]:#04x}).",
        _SAVE_AS_UTF8,
    )


def _refuse(file: str, message: str, advice: str) -> DefinitionError:
    return DefinitionError([Problem(Place(file), message, advice)])
