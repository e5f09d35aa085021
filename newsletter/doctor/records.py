"""What the name servers said, as a table of questions and answers. Pure.

Law: every judge in this package reads such a table and asks nobody. What should be
asked besides follows from what is in it already; so all asking is done in one place
(`dns.py`), side by side, within one deadline.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Literal, NamedTuple

Kind = Literal["A", "AAAA", "MX", "NS", "PTR", "TXT"]
Address = IPv4Address | IPv6Address

#: RFC 1035, section 3.3: the strings of one TXT record have at most 255 octets.
_MAX_STRING = 255
#: RFC 2606 and RFC 6761: nobody can own these.
_RESERVED = ("example", "invalid", "localhost", "test")
_EXAMPLES = ("example.com", "example.net", "example.org")


class Question(NamedTuple):
    """A name, in lower case and without its last dot, and the kind of record."""

    kind: Kind
    name: str


class Said(Enum):
    """What came back."""

    FOUND = "found"
    #: The name exists, but has no record of this kind.
    EMPTY = "empty"
    #: There is no such name (NXDOMAIN).
    MISSING = "missing"
    #: A name server answered with a fault of its own or of the domain (SERVFAIL).
    FAILED = "failed"
    #: Nobody answered in time, or there is nobody to ask.
    SILENT = "silent"


@dataclass(frozen=True, slots=True)
class Answer:
    """What a name server said; of TXT records each with its strings joined."""

    said: Said
    #: As in a zone file, without the last dot: "192.0.2.1", "10 mx.example.org".
    values: tuple[str, ...] = ()

    @property
    def is_known(self) -> bool:
        """Whether it says how things stand; a fault or silence does not."""
        return self.said not in (Said.FAILED, Said.SILENT)


Records = Mapping[Question, Answer]
#: Says what should be known, given what is.
Plan = Callable[[Records], Iterable[Question]]

_UNANSWERED = Answer(Said.SILENT)


def question(kind: Kind, name: str) -> Question:
    """Return a question with its name in the one form that records have."""
    return Question(kind, name.lower().rstrip("."))


def look(records: Records, kind: Kind, name: str) -> Answer:
    """Return what is known; silence where it was not asked."""
    return records.get(question(kind, name), _UNANSWERED)


def address_questions(host: str) -> tuple[Question, ...]:
    """Return what to ask for the addresses of *host*; nothing if it is one."""
    if read_address(host) is not None:
        return ()
    return question("A", host), question("AAAA", host)


def addresses_of(records: Records, host: str) -> tuple[Address, ...]:
    """Return the addresses of *host* that are known."""
    literal = read_address(host)
    if literal is not None:
        return (literal,)
    values = [v for one in address_questions(host) for v in look(records, *one).values]
    return tuple(found for found in map(read_address, values) if found is not None)


def are_addresses_known(records: Records, host: str) -> bool:
    """Tell whether both kinds of addresses of *host* were answered."""
    return all(look(records, *one).is_known for one in address_questions(host))


def mail_hosts(answer: Answer) -> tuple[str, ...]:
    """Return the hosts of MX records, the preferred one first; "" is the null MX."""
    pairs = (value.split(" ", 1) for value in answer.values)
    return tuple(host.rstrip(".") for _, host in sorted((int(n), h) for n, h in pairs))


def read_address(text: str) -> Address | None:
    """Return the IP address that *text* is, or None."""
    try:
        return ip_address(text)
    except ValueError:
        return None


def is_reserved(domain: str) -> bool:
    """Tell whether *domain* is one of those made for examples and tests."""
    last = domain.rpartition(".")[2]
    return last in _RESERVED or any(
        domain == one or domain.endswith(f".{one}") for one in _EXAMPLES
    )


def zone_line(name: str, kind: Kind, value: str) -> str:
    """Return a record as a line to copy, in the form that zone files have."""
    shown = _quoted(value) if kind == "TXT" else value
    return f"    {name}. IN {kind} {shown}"


def _quoted(text: str) -> str:
    parts = [text[n : n + _MAX_STRING] for n in range(0, len(text), _MAX_STRING)]
    return " ".join(f'"{part}"' for part in parts)
