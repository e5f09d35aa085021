"""The text of a list file: from bytes of unknown origin to characters.

Spreadsheets save lists as UTF-8 with or without a mark, as "Unicode text" (UTF-16) or
in the code page of the computer, and do not say which.
"""

import codecs

from newsletter.errors import DefinitionError
from newsletter.model.problem import Place, Problem

#: A list of a million people with names has about 60 MB.
MAX_BYTES = 200 * 1024 * 1024

_SAVE_AS = 'Open it in your spreadsheet and save it as "CSV UTF-8".'
#: First bytes -> what such a file is.
_OTHER_FILES = (
    (b"PK\x03\x04", "a spreadsheet or a zip archive"),
    (b"\xd0\xcf\x11\xe0", "an old spreadsheet"),
    (b"%PDF", "a PDF"),
    (b"{\\rtf", "a text document"),
    (b"BEGIN:VCARD", "an address book"),
)
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def decode_list(data: bytes, *, file: str) -> tuple[str, tuple[str, ...]]:
    """Return the text of a list file, and sentences on what was guessed.

    Args:
        data: The whole file.
        file: Its name as the editor knows it.

    Raises:
        DefinitionError: It is too large, empty, or no text.
    """
    if len(data) > MAX_BYTES:
        limit = MAX_BYTES // 1024**2
        raise _refusal(file, f"this file is larger than {limit} MB.", "Divide it.")
    for start, kind in _OTHER_FILES:
        if data.startswith(start):
            raise _refusal(file, f"this is {kind}, not a CSV file.", _SAVE_AS)
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return _decode(data, encoding, file), ()
    if data[:2].count(0) == 1:
        # UTF-16 without its mark: the first character is a Latin one.
        return _decode(data, "utf-16-be" if data[0] == 0 else "utf-16-le", file), ()
    if _is_utf8(data):
        return _decode(data, "utf-8", file), ()
    guess = (
        f"{file} is not UTF-8; it was read as Windows text (cp1252). "
        "Look whether letters with accents are right."
    )
    return _decode(data, "cp1252", file), (guess,)


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _decode(data: bytes, encoding: str, file: str) -> str:
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        raise _refusal(file, "this is not a text file.", _SAVE_AS) from error
    if "\0" in text:
        raise _refusal(file, "this is not a text file.", _SAVE_AS)
    if not text.strip():
        raise _refusal(file, "this file is empty.", "Is it the right one?")
    return text


def _refusal(file: str, message: str, advice: str) -> DefinitionError:
    return DefinitionError([Problem(Place(file), message, advice)])
