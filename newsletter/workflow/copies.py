"""The copies of an issue that are looked at before anybody gets one.

Law: who they are made for is said without an address or a name of anybody's.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from newsletter.addresses import address_key
from newsletter.checks.copies import read_copy
from newsletter.checks.fields import NO_VALUES
from newsletter.errors import RecipientError
from newsletter.messages.personalise import personalise
from newsletter.model.assembled import PERSONAL_URLS, Assembled
from newsletter.model.copy import Copy, Reader
from newsletter.model.issue import EMAIL_FIELD
from newsletter.model.message import CompiledMessage
from newsletter.model.settings import FieldSettings, Settings
from newsletter.workflow.letters import compile_issue
from newsletter.workflow.project import Project
from newsletter.workflow.sample import (
    SAMPLE_PREFERENCES_TOKEN,
    SAMPLE_RECIPIENT,
    SAMPLE_TOKEN,
    SAMPLE_TOKENS,
)

if TYPE_CHECKING:
    from newsletter.store.edges import Edge

#: Of whom nothing is known: what happens where every field is empty.
UNKNOWN_READER = Reader("a reader of whom nothing is known", SAMPLE_RECIPIENT)

#: Each copy costs a few milliseconds at every save; the least telling are left out.
_MOST_READERS = 8
#: A field of this name holds what language somebody reads: each of them counts.
_LANGUAGE_FIELD = "language"

#: For a newsletter without subscribers: as long as names get, with what is easily
#: spoilt on the way, and from right to left.
_MADE_UP: Mapping[str, Mapping[str, str]] = {
    "a made-up reader with a long name": {
        "text": "Maximiliana-Wilhelmina d’Étoile van Oudheusden-Zwijndrecht",
        "number": "1234567890",
        "date": "2099-12-31",
    },
    "a made-up reader whose name is written from right to left": {
        "text": "عبد الرحمن بن محمد الحسيني",
        "number": "1",
        "date": "2001-01-01",
    },
}
#: Who stood out when the database was last asked: the preview asks at every save, and a
#: million subscribers take a second.
_remembered: "dict[_Question, list[Edge]]" = {}

_MADE_UP_ADDRESS = "maximiliana-wilhelmina.van-oudheusden-zwijndrecht@mail.example.org"


@dataclass(frozen=True, slots=True)
class _Question:
    """What was asked, and of what database: time and size of its files change."""

    stamps: tuple[tuple[str, int, int], ...]
    lists: tuple[str, ...]
    used: tuple[str, ...]


def edge_readers(project: Project, assembled: Assembled) -> tuple[Reader, ...]:
    """Return whose copies are looked at: the most different ones, at most eight.

    First `UNKNOWN_READER`. The others are asked for only where the issue uses fields:
    subscribers of its lists or, while there are none, made-up people.

    Raises:
        OperationError: The database cannot be read.
    """
    used = used_fields(assembled)
    if not used:
        return (UNKNOWN_READER,)
    edges = _read_edges(project, assembled.issue.lists, used)
    others = [_reader(edge, used) for edge in edges]
    others = others or list(_made_up(project.settings.fields))
    distinct: dict[tuple[str, ...], Reader] = {}
    for reader in (UNKNOWN_READER, *others):
        distinct.setdefault(_difference(reader, used), reader)
    return tuple(distinct.values())[:_MOST_READERS]


def reader_of(project: Project, email: str) -> Reader | None:
    """Return the subscriber with this address as a reader, or None.

    Raises:
        OperationError: The database cannot be read.
    """
    from newsletter.store.database import exists, open_database
    from newsletter.store.people import find_by_key

    url, root = project.settings.database_url, project.root
    if not exists(url, root=root):
        return None
    with open_database(url, root=root) as database, database.reading() as connection:
        person = find_by_key(connection, address_key(email.strip()))
    if person is None:
        return None
    return Reader("one of your subscribers", person.email, person.fields)


def used_fields(assembled: Assembled) -> tuple[str, ...]:
    """Return the personal fields that stand in the mail, each once."""
    names = (slot.name for slot in assembled.slots if slot.name not in PERSONAL_URLS)
    return tuple(dict.fromkeys(names))


def make_copies(
    assembled: Assembled, settings: Settings, readers: Iterable[Reader]
) -> tuple[Copy, ...]:
    """Return the copy of each reader; none of their links leads anywhere.

    Dated at noon of the issue's own day, so that the same issue gives the same bytes. A
    reader whom no mail can be written to has none: the dispatch says so of each.

    Raises:
        DefinitionError: Sender, subject or another value cannot stand in a mail.
    """
    zone = ZoneInfo(settings.newsletter.time_zone)
    noon = datetime.combine(assembled.issue.date, time(12), tzinfo=zone)
    compiled = compile_issue(assembled, settings)
    return tuple(
        copy
        for reader in readers
        if (copy := _copy(compiled, reader, noon.astimezone(UTC))) is not None
    )


def _copy(compiled: CompiledMessage, reader: Reader, sent_at: datetime) -> Copy | None:
    try:
        message = personalise(
            compiled,
            email=reader.email,
            fields=reader.fields,
            unsubscribe_token=SAMPLE_TOKEN,
            message_token=SAMPLE_TOKEN,
            preferences_token=SAMPLE_PREFERENCES_TOKEN,
            sent_at=sent_at,
            smtputf8=True,
        )
    except RecipientError:
        return None
    return read_copy(reader, message.data, tokens=SAMPLE_TOKENS)


def _read_edges(
    project: Project, lists: tuple[str, ...], used: tuple[str, ...]
) -> "list[Edge]":
    # A third of a second to import, and most issues have no fields, or no readers yet.
    from newsletter.store.database import database_path, exists, open_database
    from newsletter.store.edges import find_edges, find_values

    url, root = project.settings.database_url, project.root
    if not exists(url, root=root):
        return []
    path = database_path(url, root=root)
    question = _Question(_stamps(path), lists, used)
    if question in _remembered:
        return _remembered[question]
    fields = [name for name in used if name != EMAIL_FIELD]
    with open_database(url, root=root) as database, database.reading() as connection:
        edges = find_edges(connection, lists, fields, odd_values=NO_VALUES)
        if _LANGUAGE_FIELD in fields:
            edges += find_values(connection, lists, _LANGUAGE_FIELD, most=_MOST_READERS)
    _remembered.clear()
    # As it was before: what is written meanwhile is asked for the next time.
    _remembered[question] = edges
    return edges


def _stamps(path: Path) -> tuple[tuple[str, int, int], ...]:
    """Return stamps of the database and of its write-ahead log, as far as there."""
    stamps = []
    for file in (path, path.with_name(f"{path.name}-wal")):
        try:
            status = file.stat()
        except OSError:
            continue
        if status.st_size:
            stamps.append((str(file), status.st_mtime_ns, status.st_size))
    return tuple(stamps)


def _reader(edge: "Edge", used: tuple[str, ...]) -> Reader:
    person = edge.subscriber
    who = _describe(edge, {**person.fields, EMAIL_FIELD: person.email}, used)
    return Reader(who, person.email, person.fields)


def _describe(edge: "Edge", values: Mapping[str, str], used: tuple[str, ...]) -> str:
    from newsletter.store.edges import EdgeKind

    match edge.kind:
        case EdgeKind.LONGEST if edge.field == EMAIL_FIELD:
            return f"the reader with the longest address, {_length(values, edge)}"
        case EdgeKind.LONGEST:
            return f"the reader with the longest {edge.field}, {_length(values, edge)}"
        case EdgeKind.EMPTIEST:
            missing = [name for name in used if not values.get(name)]
            return f"a reader without {' and '.join(missing)}"
        case EdgeKind.ODD:
            return f'a reader whose {edge.field} is "{values[edge.field]}"'
        case EdgeKind.VALUE:
            return f'a reader whose {edge.field} is "{values[edge.field]}"'


def _length(values: Mapping[str, str], edge: "Edge") -> str:
    return f"{len(values[edge.field])} characters"


def _difference(reader: Reader, used: tuple[str, ...]) -> tuple[str, ...]:
    """Return what sets a reader's copy apart: beside the header To, only fields do."""
    values = {**reader.fields, EMAIL_FIELD: reader.email}
    return tuple(values.get(name, "") for name in used)


def _made_up(fields: Mapping[str, FieldSettings]) -> Iterator[Reader]:
    for who, values in _MADE_UP.items():
        known = {name: values[field.type] for name, field in fields.items()}
        yield Reader(who, _MADE_UP_ADDRESS, known)
