"""Bring a list of people in from a file: say what would happen, then do it.

Law: telling and doing judge by the same rules; doing is one transaction, judged again
inside it, so that whoever leaves between the two stays away. Rows come one by one: a
file of a million people needs no more memory than one of a thousand.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import Connection

from newsletter.errors import UsageError
from newsletter.model.problem import Place, Problem
from newsletter.model.subscriber import ConsentKind, Standing, SubscriptionStatus
from newsletter.store.arrivals import (
    Judged,
    Known,
    count_duplicates,
    count_mailable_arrivals,
    count_people,
    count_setbacks,
    gather,
    gathering,
    mark_judged,
    nowhere,
    read_duplicates,
    read_known,
    read_setbacks,
)
from newsletter.store.audience import EVERY_LIST, count_audience
from newsletter.store.consent import Word
from newsletter.store.database import Database, exists
from newsletter.store.handovers import refuse_handed_over
from newsletter.store.imports import Bringing, bring_in, note_import
from newsletter.store.omissions import (
    ColumnOmissions,
    count_incomplete,
    sum_omissions,
)
from newsletter.store.people import ensure_lists, read_list_ids
from newsletter.store.sqlite import fold_wal
from newsletter.store.surroundings import warn_of_list, warn_of_surroundings
from newsletter.subscribers.admission import (
    SETS_STATUS,
    Verdict,
    judge_import,
    merge_fields,
)
from newsletter.subscribers.date_columns import settle_dates
from newsletter.subscribers.sheet import Sheet, Wanted
from newsletter.tokens import Keyring
from newsletter.workflow.desk import open_desk
from newsletter.workflow.import_files import open_sheet
from newsletter.workflow.import_rows import Aim, RowVerdict, judge_rows, rows_to_gather
from newsletter.workflow.import_undo import tell_what_ends
from newsletter.workflow.project import Project

#: So many bad rows, and so many duplicates, are kept whole; the others are counted.
MOST_KEPT = 1000
#: What an import may say of everybody in it -> the word in their history.
_KINDS: Mapping[SubscriptionStatus, ConsentKind] = {
    SubscriptionStatus.ACTIVE: ConsentKind.IMPORTED,
    SubscriptionStatus.PENDING: ConsentKind.IMPORTED,
    SubscriptionStatus.UNSUBSCRIBED: ConsentKind.UNSUBSCRIBED,
    SubscriptionStatus.BOUNCED: ConsentKind.BOUNCED,
}
#: Whoever is said to be this gets no mail: nothing but the address counts.
_AWAY = (SubscriptionStatus.UNSUBSCRIBED, SubscriptionStatus.BOUNCED)
#: Without a database nobody is suppressed, and no hash is kept.
_NO_KEY = Keyring({1: bytes(32)}, current=1)


@dataclass(frozen=True, slots=True)
class ImportOrder:
    """A file that can be read, and what is to become of the people in it."""

    sheet: Sheet
    path: Path
    #: Slug of the list they join or leave.
    list: str
    #: What the editor says they are.
    status: SubscriptionStatus
    #: They are so on every list, as no list was named.
    is_everywhere: bool = False


class Duplicate(NamedTuple):
    """A row whose address stands in an earlier row too."""

    number: int
    #: The row that counts.
    first: int


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What an import does, or would do."""

    #: Rows by what becomes of them; none of them zero.
    counts: Mapping[Verdict, int]
    #: The first `MOST_KEPT` rows whose address stands in an earlier row.
    duplicates: tuple[Duplicate, ...] = ()
    #: The first `MOST_KEPT` rows that cannot be imported.
    problems: tuple[Problem, ...] = ()
    #: How many people of the list, or of any where it is about every list, get mail
    #: now, or would get it when it was only told.
    mailable: int = 0
    #: What the editor should know of the file, and of where the project lies.
    warnings: tuple[str, ...] = ()
    #: How many there are of both in all.
    n_duplicates: int = 0
    n_problems: int = 0
    #: Values that could not be used, by their column; their people are imported.
    omissions: tuple[ColumnOmissions, ...] = ()
    #: How many people lack one.
    n_incomplete: int = 0
    #: By which it can be undone; None: it was only told.
    import_id: int | None = None


@dataclass(frozen=True, slots=True)
class Prospect:
    """What an import would do."""

    report: ImportReport
    #: Gives a verdict for each row, in their order, while the prospect is open.
    rows: Callable[[], Iterator[RowVerdict]]


def order_import(
    project: Project,
    path: Path,
    *,
    list_slug: str | None = None,
    status: SubscriptionStatus = SubscriptionStatus.ACTIVE,
    wanted: Wanted | None = None,
) -> ImportOrder:
    """Look at the file of an import: how it is written, what its columns are.

    Args:
        project: The project.
        path: The file.
        list_slug: A list of the project; None means its default list, and every list
            for those who left or bounced.
        status: What the editor says everybody in the file is.
        wanted: How the editor says the file is written; its name and the fields of
            the project are filled in here.

    Raises:
        DefinitionError: It cannot be read as a list.
        UsageError: There is no such list, column, encoding or separator.
        OperationError: It is a spreadsheet, and the package for it is not there.
    """
    slug = choose_list(project, list_slug)
    types = {name: field.type for name, field in project.settings.fields.items()}
    shown = project.shown(path)
    is_away = status in _AWAY
    asked = replace(
        wanted or Wanted(""), file=shown, fields=types, is_of_leavers=is_away
    )
    sheet = replace(open_sheet(path, asked), is_address_enough=is_away)
    if not is_away:
        sheet = settle_dates(sheet, asked.dates)
    is_everywhere = list_slug is None and is_away
    return ImportOrder(sheet, path, slug, status, is_everywhere)


def plan_import(project: Project, order: ImportOrder, *, now: datetime) -> ImportReport:
    """Say what `import_subscribers` would do; change nothing, make nothing.

    Raises:
        OperationError: Database or keys cannot be used.
    """
    with foreseeing(project, order, now=now) as prospect:
        return prospect.report


@contextmanager
def foreseeing(
    project: Project, order: ImportOrder, *, now: datetime
) -> Iterator[Prospect]:
    """Say what `import_subscribers` would do, row by row, while the block runs.

    Raises:
        OperationError: Database or keys cannot be used.
    """
    with (
        _looking(project) as (database, keyring),
        gathering(database, writes=False) as connection,
    ):
        gather(connection, rows_to_gather(order.sheet, keyring))
        aim = Aim(order.list, order.status)
        with connection.begin():
            list_id = read_list_ids(connection).get(order.list, 0)
            seen_on = None if order.is_everywhere else list_id
            counts = _count_verdicts(connection, order, seen_on, lambda _: None)
            report = _report(connection, order, counts)
            yield Prospect(
                replace(
                    report,
                    mailable=_foresee_mailable(connection, project, order, counts),
                    warnings=_warnings(project, order)
                    + database.warnings
                    + tell_what_ends(connection, project, now=now),
                ),
                partial(
                    judge_rows, connection, aim, seen_on, order.sheet.columns.names
                ),
            )


def import_subscribers(
    project: Project, order: ImportOrder, *, now: datetime
) -> ImportReport:
    """Bring everybody of a file in; bad rows are left out and reported.

    The public pages wait while it is written: about ten seconds for a million people.

    Raises:
        OperationError: Database or keys cannot be used; nobody was imported then.
        RefusedError: The newsletter was handed over to another computer.
    """
    word = Word(now, Path(order.sheet.file).name)
    with open_desk(project) as desk:
        with gathering(desk.database, writes=True) as connection:
            gather(connection, rows_to_gather(order.sheet, desk.keyring))
            with connection.begin():
                # Gathering takes a while: meanwhile it may have gone elsewhere.
                refuse_handed_over(connection)
                list_id = ensure_lists(connection, project.settings.lists)[order.list]
                mark = partial(mark_judged, connection)
                seen_on = None if order.is_everywhere else list_id
                counts = _count_verdicts(connection, order, seen_on, mark)
                import_id = note_import(
                    connection,
                    list_id=list_id,
                    is_everywhere=order.is_everywhere,
                    status=order.status,
                    counts={verdict.value: n for verdict, n in counts.items()},
                    word=word,
                )
                bring_in(connection, _bringing(order, import_id, list_id, word))
                report = _report(connection, order, counts)
            fold_wal(connection)
        # Its connection is closed, and the memory of that is free to be used again.
        with desk.database.reading() as reader:
            mailable = _count_mailable(reader, project, order)
        return replace(
            report,
            mailable=mailable,
            warnings=_warnings(project, order) + desk.database.warnings,
            import_id=import_id,
        )


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


@contextmanager
def _looking(project: Project) -> Iterator[tuple[Database, Keyring]]:
    """Open database and keys to look only; an empty one for a project without."""
    if not exists(project.settings.database_url, root=project.root):
        with nowhere() as database:
            yield database, _NO_KEY
        return
    with open_desk(project, writes=False) as desk:
        yield desk.database, desk.keyring


def _count_verdicts(
    connection: Connection,
    order: ImportOrder,
    list_id: int | None,
    mark: Callable[[Sequence[Judged]], None],
) -> dict[Verdict, int]:
    """Judge all rows, and hand to *mark* what becomes of those that are known."""
    counts: Counter[Verdict] = Counter()
    for chunk in read_known(connection, order.list, list_id):
        judged = [(row, _judge(order, row)) for row in chunk]
        counts.update(verdict for _, verdict in judged)
        mark([_judged(row, verdict) for row, verdict in judged])
    stranger = judge_import(Standing(), order.status, {})
    counts[stranger] += count_people(connection) - counts.total()
    return dict(+counts)


def _judge(order: ImportOrder, row: Known) -> Verdict:
    return judge_import(row.standing, order.status, row.fields)


def _judged(row: Known, verdict: Verdict) -> Judged:
    """Say what is written of a known row; of who left, nothing more is kept."""
    standing = row.standing
    is_there = standing.subscriber_id is not None
    adds_fields = is_there and verdict in (Verdict.UPDATED, Verdict.NEW)
    merged = merge_fields(standing, row.fields) if adds_fields else standing.fields
    return Judged(
        row.number,
        standing.subscriber_id,
        verdict in SETS_STATUS,
        merged if merged != standing.fields else None,
    )


def _count_mailable(
    connection: Connection, project: Project, order: ImportOrder
) -> int:
    """Return how many people get the mail of the lists that an import is about."""
    return count_audience(connection, _lists_of(project, order)).recipients


def _foresee_mailable(
    connection: Connection,
    project: Project,
    order: ImportOrder,
    counts: Mapping[Verdict, int],
) -> int:
    """Return how many people would get it after the import."""
    now = _count_mailable(connection, project, order)
    if order.status in _AWAY:
        return now - count_mailable_arrivals(connection, _lists_of(project, order))
    if order.status is SubscriptionStatus.ACTIVE:
        return now + counts.get(Verdict.NEW, 0)
    return now


def _lists_of(project: Project, order: ImportOrder) -> list[str]:
    return list(project.settings.lists) if order.is_everywhere else [order.list]


def _bringing(order: ImportOrder, import_id: int, list_id: int, word: Word) -> Bringing:
    # Who leaves, leaves the list that was named; a dead address is dead for all.
    scopes = {
        SubscriptionStatus.UNSUBSCRIBED: (
            EVERY_LIST if order.is_everywhere else order.list
        ),
        SubscriptionStatus.BOUNCED: EVERY_LIST,
    }
    return Bringing(
        import_id=import_id,
        list_id=list_id,
        status=order.status,
        kind=_KINDS[order.status],
        word=word,
        suppressed_scope=scopes.get(order.status, ""),
        is_everywhere=order.is_everywhere,
    )


def _report(
    connection: Connection, order: ImportOrder, counts: Mapping[Verdict, int]
) -> ImportReport:
    """Report on the rows; those that are left out are no longer than needed here."""
    return ImportReport(
        counts=counts,
        duplicates=tuple(
            Duplicate(*row) for row in read_duplicates(connection, most=MOST_KEPT)
        ),
        problems=tuple(
            Problem(Place(order.sheet.file, number), message)
            for number, message in read_setbacks(connection, most=MOST_KEPT)
        ),
        n_duplicates=count_duplicates(connection),
        n_problems=count_setbacks(connection),
        omissions=sum_omissions(connection),
        n_incomplete=count_incomplete(connection),
    )


def _warnings(project: Project, order: ImportOrder) -> tuple[str, ...]:
    """Warn of what was guessed, and of where project and file lie; of a file once."""
    warnings = (
        *order.sheet.warnings,
        *warn_of_surroundings(project.root),
        *warn_of_list(project.root, order.path, shown=order.sheet.file),
    )
    return tuple(dict.fromkeys(warnings))
