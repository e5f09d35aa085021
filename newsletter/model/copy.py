"""One recipient's copy of an issue: the final bytes, and what they hold."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Reader:
    """Somebody whose copy is looked at before anybody gets one."""

    #: For people, without any address: "a reader of whom nothing is known", "the reader
    #: with the longest first_name".
    who: str
    email: str
    #: Fields that have a value, as in `Subscriber`.
    fields: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Part:
    """A leaf of the mail."""

    #: "text/plain", "text/html", "image/png", …; lower case.
    media_type: str
    #: "quoted-printable", "base64", "7bit", …; lower case.
    encoding: str
    #: Bytes as they travel, encoded.
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Copy:
    """A message taken apart, as a mail program would."""

    reader: Reader
    #: The message as it travels, CRLF line ends.
    data: bytes
    #: Name and unfolded, undecoded value of each header, in order.
    headers: tuple[tuple[str, str], ...]
    #: HTML part, decoded; LF line ends; empty when there is none.
    html: str
    #: Text part, decoded; LF line ends; empty when there is none.
    text: str
    #: Bytes of the HTML part as it travels.
    html_bytes: int
    parts: tuple[Part, ...]
    #: Tokens of this reader that stand in it, that for leaving first; nobody else may
    #: see them.
    tokens: tuple[str, ...] = ()

    def values(self, header: str) -> tuple[str, ...]:
        """Return the values of every header of this name, whatever its case."""
        name = header.casefold()
        return tuple(value for key, value in self.headers if key.casefold() == name)
