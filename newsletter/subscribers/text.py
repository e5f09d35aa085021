"""The text of a list file: from bytes of unknown origin to characters.

Spreadsheets save lists as UTF-8 with or without a mark, as "Unicode text" (UTF-16) or
in the code page of the computer, and do not say which.

Law: a file is read in blocks, and never whole in memory.
"""

import codecs
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from io import TextIOWrapper
from typing import BinaryIO, TextIO

from newsletter.errors import DefinitionError, UsageError
from newsletter.model.problem import Place, Problem

#: A list of a million people with names has about 60 MB.
MAX_BYTES = 200 * 1024 * 1024
_BLOCK = 1024 * 1024

#: Opens a file for reading, from its beginning, each time it is called.
Source = Callable[[], BinaryIO]

_SAVE_AS = 'Open it in your spreadsheet and save it as "CSV UTF-8".'
_SAVE_AS_EITHER = (
    'Open it in your spreadsheet and save it as "CSV UTF-8", or as .xlsx, which is '
    'read with: pip install "newsletter[xlsx]".'
)
#: First bytes, in lower case -> what such a file is, and what to do with it.
_OTHER_FILES = (
    # A sound .xlsx never comes here.
    (b"pk\x03\x04", "a damaged spreadsheet or a zip archive", _SAVE_AS_EITHER),
    (b"\xd0\xcf\x11\xe0", "an old spreadsheet, not a CSV file", _SAVE_AS_EITHER),
    (b"%pdf", "a PDF, not a CSV file", _SAVE_AS),
    (b"{\\rtf", "a text document, not a CSV file", _SAVE_AS),
    (b"begin:vcard", "an address book, not a CSV file", _SAVE_AS),
    # Some programs give their pages names that end in .xls.
    (b"<html", "a web page, not a CSV file", _SAVE_AS),
    (b"<!doctype", "a web page, not a CSV file", _SAVE_AS),
    (b"<?xml", "an XML file, not a CSV file", _SAVE_AS),
)
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
#: Our name of an encoding -> as people read it.
_SHOWN = {
    "utf-8": "UTF-8",
    "utf-8-sig": "UTF-8",
    "utf-16": "UTF-16",
    "utf-16-le": "UTF-16",
    "utf-16-be": "UTF-16",
    "cp1252": "Windows text (cp1252)",
}


@dataclass(frozen=True, slots=True)
class Letters:
    """How the letters of a file are written as bytes."""

    #: Name of a codec of Python.
    codec: str
    #: Nothing said so; letters with accents may be wrong.
    is_guess: bool = False

    def __str__(self) -> str:
        """Return its name as people read it."""
        return _SHOWN.get(self.codec, self.codec)


def recognise_letters(source: Source, *, file: str, wanted: str = "") -> Letters:
    """Find out how a list file is written, reading it once from end to end.

    Args:
        source: The file.
        file: Its name as the editor knows it.
        wanted: What the editor says it is (``--encoding``); empty: find out.

    Raises:
        DefinitionError: It is too large, empty, or no text.
        UsageError: There is no encoding of that name.
    """
    if wanted:
        letters = Letters(_known_codec(wanted))
        advice = f"It is not {wanted}; leave --encoding out to have it found."
        return _tried(letters, source, file, advice)
    with source() as opened:
        start = opened.read(4096)
    for first_bytes, kind, advice in _OTHER_FILES:
        if start.lstrip().lower().startswith(first_bytes):
            raise _refusal(file, f"this is {kind}.", advice)
    codec = _codec_by_its_mark(start)
    if codec:
        return _tried(Letters(codec), source, file, _SAVE_AS)
    if _is_readable(source, "utf-8", file):
        return Letters("utf-8")
    return _tried(Letters("cp1252", is_guess=True), source, file, _SAVE_AS)


def open_text(source: Source, letters: Letters) -> TextIO:
    """Open a file that `recognise_letters` has read; line ends stay as they are."""
    return TextIOWrapper(source(), encoding=letters.codec, newline="")


def unreadable(file: str) -> DefinitionError:
    """Return what to say of a file that is no text after all."""
    return _refusal(file, "this is not a text file.", _SAVE_AS)


def _known_codec(wanted: str) -> str:
    """Return Python's name of an encoding.

    Raises:
        UsageError: There is none, or it is no encoding of text.
    """
    try:
        # "rot13" and the like are codecs too, and refuse bytes.
        b"".decode(wanted)
        name = codecs.lookup(wanted).name
        codecs.getincrementaldecoder(name)
    except (LookupError, ValueError) as error:
        raise UsageError(
            f'--encoding: there is no encoding "{wanted[:40]}".',
            "Use for example utf-8, utf-16, cp1252 or mac-roman.",
        ) from error
    # With or without a mark at its beginning.
    return "utf-8-sig" if name == "utf-8" else name


def _codec_by_its_mark(start: bytes) -> str:
    for mark, codec in _MARKS:
        if start.startswith(mark):
            return codec
    if start[:2].count(0) == 1:
        # UTF-16 without its mark: the first character is a Latin one.
        return "utf-16-be" if start[0] == 0 else "utf-16-le"
    return ""


def _tried(letters: Letters, source: Source, file: str, advice: str) -> Letters:
    if not _is_readable(source, letters.codec, file):
        raise _refusal(file, "this is not a text file.", advice)
    return letters


def _is_readable(source: Source, codec: str, file: str) -> bool:
    """Tell whether all of a file is text in *codec*.

    Raises:
        DefinitionError: It is empty, too large, or holds what no text does.
    """
    decoder = codecs.getincrementaldecoder(codec)()
    has_text = False
    try:
        for block in _blocks(source, file):
            text = decoder.decode(block)
            if "\0" in text:
                raise unreadable(file)
            has_text = has_text or bool(text.strip())
        decoder.decode(b"", final=True)
    except UnicodeError:
        return False
    if not has_text:
        raise _refusal(file, "this file is empty.", "Is it the right one?")
    return True


def _blocks(source: Source, file: str) -> Iterator[bytes]:
    size = 0
    with source() as opened:
        while block := opened.read(_BLOCK):
            size += len(block)
            if size > MAX_BYTES:
                limit = MAX_BYTES // 1024**2
                message = f"this file is larger than {limit} MB."
                raise _refusal(file, message, "Divide it.")
            yield block


def _refusal(file: str, message: str, advice: str) -> DefinitionError:
    return DefinitionError([Problem(Place(file), message, advice)])
