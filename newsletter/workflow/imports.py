"""Bring a list of people in from a file: say what would happen, then do it.

Law: telling and doing judge by the same rules; doing is one transaction, judged again
inside it, so that whoever leaves between the two stays away.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path

from sqlalchemy import Connection

from newsletter.errors import DefinitionError, UsageError
from newsletter.model.problem import Place, Problem
from newsletter.model.subscriber import Standing, SubscriptionStatus
from newsletter.store.audience import EVERY_LIST, count_audience
from newsletter.store.consent import Word, set_status, suppress
from newsletter.store.database import exists
from newsletter.store.people import (
    LOOK_UP_SIZE,
    Person,
    ensure_lists,
    insert_people,
    read_ids,
    read_standings,
    update_fields,
)
from newsletter.store.surroundings import warn_of_list, warn_of_surroundings
from newsletter.subscribers.admission import (
    SETS_STATUS,
    Verdict,
    judge_import,
    merge_fields,
)
from newsletter.subscribers.csv import Duplicate, Row, Sheet, open_sheet, read_rows
from newsletter.subscribers.text import MAX_BYTES
from newsletter.tokens import Keyring, address_hash
from newsletter.workflow.project import Project
from newsletter.workflow.unsubscribe import open_desk

#: What an import may say of everybody in it -> the word in their history.
_KINDS: Mapping[SubscriptionStatus, str] = {
    SubscriptionStatus.ACTIVE: "imported",
    SubscriptionStatus.PENDING: "imported",
    SubscriptionStatus.UNSUBSCRIBED: "unsubscribed",
    SubscriptionStatus.BOUNCED: "bounced",
}


@dataclass(frozen=True, slots=True)
class ImportOrder:
    """A file that can be read, and what is to become of the people in it."""

    sheet: Sheet
    path: Path
    #: Slug of the list they join or leave.
    list: str
    #: What the editor says they are.
    status: SubscriptionStatus


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What an import does, or would do."""

    #: Rows by what becomes of them; none of them zero.
    counts: Mapping[Verdict, int]
    #: Rows whose address stands in an earlier row.
    duplicates: tuple[Duplicate, ...]
    #: Rows that cannot be imported.
    problems: tuple[Problem, ...]
    #: How many people of the list get mail, now or (when it was only told) still.
    mailable: int
    #: What the editor should know of the file, and of where the project lies.
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Judged:
    """One row with everything to be done about it."""

    person: Person
    standing: Standing
    verdict: Verdict


def order_import(
    project: Project,
    path: Path,
    *,
    list_slug: str | None = None,
    status: SubscriptionStatus = SubscriptionStatus.ACTIVE,
) -> ImportOrder:
    """Read the file of an import.

    Args:
        project: The project.
        path: The file.
        list_slug: A list of the project; None means its default list.
        status: What the editor says everybody in the file is.

    Raises:
        DefinitionError: It cannot be read as a list.
        UsageError: There is no such list.
    """
    types = {name: field.type for name, field in project.settings.fields.items()}
    data = _read_file(path, project.shown(path))
    sheet = open_sheet(data, file=project.shown(path), fields=types)
    return ImportOrder(sheet, path, choose_list(project, list_slug), status)


def plan_import(project: Project, order: ImportOrder) -> ImportReport:
    """Say what `import_subscribers` would do; change nothing, make nothing.

    Raises:
        OperationError: Database or keys cannot be used.
    """
    if not exists(project.settings.database_url, root=project.root):
        return _tell_newcomers(project, order)
    with open_desk(project) as desk, desk.database.reading() as connection:
        rows = _Rows(order.sheet)
        counts: Counter[Verdict] = Counter()
        for chunk in rows.in_chunks():
            judged = _judge(connection, desk.keyring, order, chunk)
            counts.update(item.verdict for item in judged)
        warnings = _whereabouts(project, order) + desk.database.warnings
        return _report(connection, order, rows, counts, warnings)


def import_subscribers(
    project: Project, order: ImportOrder, *, now: datetime
) -> ImportReport:
    """Bring everybody of a file in; bad rows are left out and reported.

    Raises:
        OperationError: Database or keys cannot be used; nobody was imported then.
    """
    with open_desk(project) as desk, desk.database.writing() as connection:
        word = Word(now, Path(order.sheet.file).name)
        list_id = ensure_lists(connection, project.settings.lists)[order.list]
        rows = _Rows(order.sheet)
        counts: Counter[Verdict] = Counter()
        for chunk in rows.in_chunks():
            judged = _judge(connection, desk.keyring, order, chunk)
            _write(connection, order, list_id, judged, word)
            counts.update(item.verdict for item in judged)
        warnings = _whereabouts(project, order) + desk.database.warnings
        return _report(connection, order, rows, counts, warnings)


def choose_list(project: Project, slug: str | None) -> str:
    """Return the list that *slug* means; None means the default list.

    Raises:
        UsageError: There is no such list.
    """
    chosen = slug or project.settings.newsletter.list
    if chosen not in project.settings.lists:
        names = ", ".join(project.settings.lists)
        raise UsageError(f'there is no list "{chosen}".', f"There are: {names}.")
    return chosen


class _Rows:
    """The rows of a sheet in chunks; what is wrong with the others is gathered."""

    def __init__(self, sheet: Sheet) -> None:
        self._sheet = sheet
        self.duplicates: list[Duplicate] = []
        self.problems: list[Problem] = []

    def in_chunks(self) -> Iterator[list[Row]]:
        rows = self._good()
        while chunk := list(islice(rows, LOOK_UP_SIZE)):
            yield chunk

    def _good(self) -> Iterator[Row]:
        for row in read_rows(self._sheet):
            match row:
                case Row():
                    yield row
                case Duplicate():
                    self.duplicates.append(row)
                case Problem():
                    self.problems.append(row)


def _read_file(path: Path, shown: str) -> bytes:
    try:
        with path.open("rb") as file:
            # One byte more than may be read tells that the file is too large.
            return file.read(MAX_BYTES + 1)
    except OSError as error:
        problem = Problem(
            Place(shown),
            f"this file cannot be read: {error.strerror}.",
            "Check its name, and that you may read it.",
        )
        raise DefinitionError([problem]) from error


def _tell_newcomers(project: Project, order: ImportOrder) -> ImportReport:
    """Report for a project without a database: everybody is new."""
    rows = _Rows(order.sheet)
    counts = Counter({Verdict.NEW: sum(len(chunk) for chunk in rows.in_chunks())})
    return ImportReport(
        counts=+counts,
        duplicates=tuple(rows.duplicates),
        problems=tuple(rows.problems),
        mailable=0,
        warnings=order.sheet.warnings + _whereabouts(project, order),
    )


def _whereabouts(project: Project, order: ImportOrder) -> tuple[str, ...]:
    """Warn of where project and file lie; of the same file once."""
    warnings = (
        *warn_of_surroundings(project.root),
        *warn_of_list(project.root, order.path, shown=order.sheet.file),
    )
    return tuple(dict.fromkeys(warnings))


def _report(
    connection: Connection,
    order: ImportOrder,
    rows: _Rows,
    counts: Mapping[Verdict, int],
    warnings: tuple[str, ...],
) -> ImportReport:
    return ImportReport(
        counts=dict(counts),
        duplicates=tuple(rows.duplicates),
        problems=tuple(rows.problems),
        mailable=count_audience(connection, [order.list]).recipients,
        warnings=order.sheet.warnings + warnings,
    )


def _judge(
    connection: Connection, keyring: Keyring, order: ImportOrder, rows: Iterable[Row]
) -> list[_Judged]:
    people = [
        Person(row.email, row.key, address_hash(keyring, row.key), row.fields)
        for row in rows
    ]
    standings = read_standings(connection, people, order.list)
    unknown = Standing()
    judged = []
    for person in people:
        standing = standings.get(person.key, unknown)
        verdict = judge_import(standing, order.status, person.fields)
        judged.append(_Judged(person, standing, verdict))
    return judged


def _write(
    connection: Connection,
    order: ImportOrder,
    list_id: int,
    judged: Sequence[_Judged],
    word: Word,
) -> None:
    arriving = [item for item in judged if item.verdict in SETS_STATUS]
    newcomers = [item.person for item in arriving if not item.standing.subscriber_id]
    insert_people(connection, newcomers, now=word.at)
    _write_fields(connection, judged)
    ids = read_ids(connection, [item.person.key for item in arriving])
    set_status(
        connection,
        ids.values(),
        list_id=list_id,
        status=order.status,
        kind=_KINDS[order.status],
        word=word,
    )
    _suppress(connection, order, judged, word)


def _write_fields(connection: Connection, judged: Iterable[_Judged]) -> None:
    """Add what the rows know of people who are there already and stay or join."""
    updated = {
        item.standing.subscriber_id: merge_fields(item.standing, item.person.fields)
        for item in judged
        if item.standing.subscriber_id is not None
        and item.verdict in (Verdict.UPDATED, Verdict.NEW)
    }
    update_fields(connection, updated)


def _suppress(
    connection: Connection,
    order: ImportOrder,
    judged: Iterable[_Judged],
    word: Word,
) -> None:
    """Keep away for good whom the file says to have left, or not to be reached."""
    if order.status not in (
        SubscriptionStatus.UNSUBSCRIBED,
        SubscriptionStatus.BOUNCED,
    ):
        return
    has_left = order.status is SubscriptionStatus.UNSUBSCRIBED
    suppress(
        connection,
        [item.person.hash for item in judged],
        # Who leaves, leaves a list; a dead address is dead for all of them.
        scope=order.list if has_left else EVERY_LIST,
        reason=_KINDS[order.status],
        word=word,
    )
