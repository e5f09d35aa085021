"""Returns that call addresses dead, weighed together before anybody is mailed no more.

A relay whose account ran out, or a mail system that lost its directory, answers for an
hour that it knows nobody.

Law: what is improbable all at once takes nobody off; it is held until the editor says
what it was.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from newsletter.model.returned import Decision
from newsletter.store.database import Database
from newsletter.store.hard_returns import (
    HardReturn,
    Held,
    HeldReturn,
    Place,
    apply_returns,
    count_hard,
    count_to_domain,
    decide,
    dispatches_with_open,
    is_believed,
    read_applied,
    read_held,
    read_held_returns,
    read_open,
    read_places,
)
from newsletter.workflow.desk import open_desk
from newsletter.workflow.project import Project

#: Fewer may all be dead, such as those of a small office that closed. As in `refusals`.
MANY = 10
#: More than one in five of a dispatch are too many. Mail services stop who has 5 to 10
#: in a hundred; a list that nobody wrote to for years has 10 to 15.
PART = 5
#: So many mails that left one after another, in all or to one domain: when `MANY` of
#: them came back a fault began there. Where one in ten is dead by chance it happens in
#: one of 100,000 rows; an hour's fault is seen in a dispatch of days.
NEAR = 20
#: Rows in one transaction: other writers wait for it.
_AT_ONCE = 200


@dataclass(frozen=True, slots=True)
class Weighed:
    """What became of returns, by their `Reading.key`."""

    held: frozenset[bytes] = frozenset()
    applied: frozenset[bytes] = frozenset()

    def __or__(self, other: "Weighed") -> "Weighed":
        return Weighed(self.held | other.held, self.applied | other.applied)


def weigh_returns(database: Database, *, now: datetime) -> Weighed:
    """Weigh what was noted, and mail those no more who are believed to be gone.

    In small transactions; also what an earlier look left open.

    Raises:
        OperationError: The database cannot be used; what was decided stays.
    """
    weighed = Weighed()
    with database.reading() as connection:
        found = dispatches_with_open(connection)
    for dispatch_id in found:
        with database.writing() as connection:
            held, believed = _weigh(connection, dispatch_id)
            _hold(connection, held)
        weighed |= Weighed(held=_keys(held))
        for start in range(0, len(believed), _AT_ONCE):
            part = believed[start : start + _AT_ONCE]
            with database.writing() as connection:
                weighed |= _apply(connection, part, now)
    return weighed


def weigh_at_once(connection: Connection, *, now: datetime) -> Weighed:
    """Do as `weigh_returns`, in the caller's transaction; many are left to the next."""
    weighed = Weighed()
    for dispatch_id in dispatches_with_open(connection):
        held, believed = _weigh(connection, dispatch_id)
        _hold(connection, held)
        weighed |= Weighed(held=_keys(held))
        weighed |= _apply(connection, believed[:_AT_ONCE], now)
    return weighed


def try_to_weigh(connection: Connection) -> Weighed:
    """Tell what `weigh_returns` would do, for who undoes the transaction then."""
    weighed = Weighed()
    for dispatch_id in dispatches_with_open(connection):
        held, believed = _weigh(connection, dispatch_id)
        weighed |= Weighed(held=_keys(held), applied=_keys(believed))
    return weighed


def _hold(connection: Connection, held: Sequence[HardReturn]) -> None:
    ids = [one.id for one in held]
    decide(connection, ids, Decision.OPEN, Decision.HELD)


def _apply(
    connection: Connection, believed: Sequence[HardReturn], now: datetime
) -> Weighed:
    ids = [one.id for one in believed]
    done = apply_returns(connection, ids, Decision.OPEN, Decision.APPLIED, now=now)
    return Weighed(applied=_keys(one for one in believed if one.id in done))


def _keys(returns: Iterable[HardReturn]) -> frozenset[bytes]:
    return frozenset(one.key for one in returns)


# --- what is too much to believe ------------------------------------------------------


def _weigh(
    connection: Connection, dispatch_id: int
) -> tuple[list[HardReturn], list[HardReturn]]:
    """Return which of the open returns are too many at once, and which are not."""
    opened = read_open(connection, dispatch_id)
    people, left_us = count_hard(connection, dispatch_id)
    if not opened or people < MANY or is_believed(connection, dispatch_id):
        return [], opened
    if people * PART > left_us:
        return opened, []
    held = _find_held(connection, dispatch_id, opened)
    return (
        [one for one in opened if one.seq in held],
        [one for one in opened if one.seq not in held],
    )


def _find_held(
    connection: Connection, dispatch_id: int, opened: Sequence[HardReturn]
) -> set[int]:
    """Return the places of a dispatch where too many stand near one another.

    Each mail that comes by itself is weighed by itself: only what it may be too many
    with is read.
    """
    returns = read_places(
        connection,
        dispatch_id,
        first=opened[0].seq - NEAR,
        last=opened[-1].seq + NEAR,
    )
    places = find_rows(returns, lambda first, last: last - first < NEAR)
    for domain, group in _by_domain(returns):

        def is_near(first: int, last: int, domain: str = domain) -> bool:
            between = count_to_domain(
                connection, dispatch_id, domain, first=first, last=last, most=NEAR + 1
            )
            return between <= NEAR

        places |= find_rows(group, is_near)
    return places


def find_rows(
    returns: Sequence[Place], is_near: Callable[[int, int], bool]
) -> set[int]:
    """Return the places of returns that stand among too many others.

    Args:
        returns: In order.
        is_near: Whether two places are so near to one another that `MANY` are too many.
    """
    places = sorted({one.seq for one in returns})
    opened = {one.seq for one in returns if one.is_open}
    found: set[int] = set()
    for first in range(len(places) - MANY + 1):
        row = places[first : first + MANY]
        # What was decided is not asked about again.
        if not opened.isdisjoint(row) and is_near(row[0], row[-1]):
            found.update(row)
    return found


def _by_domain(
    returns: Iterable[Place],
) -> Iterator[tuple[str, list[Place]]]:
    groups: dict[str, list[Place]] = defaultdict(list)
    for one in returns:
        groups[one.domain].append(one)
    # Where addresses were erased nobody knows the domain.
    yield from ((name, group) for name, group in groups.items() if name)


# --- for the editor -------------------------------------------------------------------


def held_returns(project: Project) -> list[Held]:
    """Return the dispatches of which returns wait for the editor, oldest first.

    Raises:
        OperationError: The database cannot be read.
    """
    with (
        open_desk(project, writes=False) as desk,
        desk.database.reading() as connection,
    ):
        return read_held(connection)


def settle_held(
    project: Project,
    decision: Decision,
    *,
    now: datetime,
    dry_run: bool = False,
    tell: Callable[[HeldReturn, bool], None],
) -> None:
    """Believe or drop all returns that are held.

    Once some are believed, later ones of the same dispatch are so too. Who drops them
    says that there was a fault: what came of it still counts when later ones do.

    Args:
        project: The project.
        decision: `BELIEVED` or `DROPPED`.
        now: Aware.
        dry_run: Tell, and change nothing.
        tell: Given each, and whether its reader is mailed no more.

    Raises:
        RefusedError: The newsletter was handed over.
        OperationError: The database failed; what was told is done.
    """
    last = 0
    with open_desk(project, writes=not dry_run) as desk:
        while True:
            with desk.database.reading() as connection:
                part = read_held_returns(connection, after=last, most=_AT_ONCE)
            if not part:
                return
            ids = [one.id for one in part]
            applied = set(ids) if decision is Decision.BELIEVED else set()
            if not dry_run:
                with desk.database.writing() as connection:
                    if decision is Decision.BELIEVED:
                        applied = apply_returns(
                            connection, ids, Decision.HELD, decision, now=now
                        )
                    else:
                        decide(connection, ids, Decision.HELD, decision)
            for one in part:
                tell(one, one.id in applied)
            last = ids[-1]


def taken_off_before(project: Project, dispatch_ids: Iterable[int]) -> list[str]:
    """Return who was taken off by returns of these dispatches, and still is.

    Raises:
        OperationError: The database cannot be read.
    """
    with (
        open_desk(project, writes=False) as desk,
        desk.database.reading() as connection,
    ):
        return [email for it in dispatch_ids for email in read_applied(connection, it)]


def held_words(held: Held) -> str:
    """Return what is held of a dispatch as sentences, with what to type."""
    mails = "mail is" if held.count == 1 else "mails are"
    before = ""
    if held.applied:
        readers = "reader was" if held.applied == 1 else "readers were"
        before = f" {held.applied} {readers} taken off before that was seen."
    return (
        f"Dispatch {held.dispatch_id}: {held.count} returned {mails} held back. They "
        "say that addresses are dead, but so many at once may be the fault of a mail "
        f"system.{before} See whose, and what was said: newsletter inbox --apply-held "
        "--dry-run. If it is true: newsletter inbox --apply-held. If it was a fault: "
        "newsletter inbox --drop-held"
    )
