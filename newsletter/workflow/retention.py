"""Erase what is older than ``[retention]`` lets it be; the worker does it once a day.

Law: dispatches that are not over, and what is younger, stay as they are. It is done in
small pieces, and whoever else writes goes first: a dispatch under way does not feel it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from newsletter.model.settings import RetentionSettings
from newsletter.store.database import Database, exists, open_database
from newsletter.store.imports import UNDO_WITHIN
from newsletter.store.notices import MARKS_COUNT_FOR
from newsletter.store.retention import (
    erase_answers,
    erase_changes,
    erase_deliveries,
    erase_import_changes,
    erase_joinings,
    erase_marks,
    erase_notices,
    erase_probes,
    erase_reasons,
    erase_returned,
    erase_unconfirmed,
    find_over,
    find_reasons,
)
from newsletter.workflow.project import Project
from newsletter.workflow.unread import erase_letters

#: Rows erased in one transaction: a few milliseconds.
_AT_ONCE = 500
#: Nobody waits longer for a probe (`store.probes`).
_PROBES_KEPT = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Erased:
    """What was erased, by its number."""

    #: Dispatches whose addresses are gone.
    dispatches: int = 0
    #: Mails that came back.
    returned: int = 0
    #: Times somebody asked to join, or for a new address.
    requests: int = 0
    #: People who never confirmed.
    people: int = 0
    #: Mails of ours that were asked for on a page.
    notices: int = 0
    #: People whose fields and standing of before an import were kept, to undo it.
    changes: int = 0
    #: Times a mail server's words stood in a history, or were its answer to us.
    words: int = 0
    #: Mails that people wrote to a pipe.
    letters: int = 0

    @property
    def total(self) -> int:
        """How many there were in all."""
        return (
            self.dispatches
            + self.returned
            + self.requests
            + self.people
            + self.notices
            + self.changes
            + self.words
            + self.letters
        )


def erase_outdated(
    project: Project, *, now: datetime, is_over: Callable[[], bool] = lambda: False
) -> Erased:
    """Erase what is too old; a setting of 0 keeps it for good.

    Args:
        project: The project.
        now: Aware.
        is_over: Whether to leave the rest for the next time.

    Raises:
        OperationError: The database cannot be used; what was erased until then is.
    """
    url, root = project.settings.database_url, project.root
    if not exists(url, root=root):
        return Erased()
    with open_database(url, root=root) as database:
        erased = _Eraser(database, root, now, is_over).erase(project.settings.retention)
        if erased.total:
            database.empty_wal()
        return erased


class _Eraser:
    def __init__(
        self, database: Database, root: Path, now: datetime, is_over: Callable[[], bool]
    ) -> None:
        self._database = database
        self._root = root
        self._now = now
        self._is_over = is_over

    def erase(self, kept: RetentionSettings) -> Erased:
        self._all_of(erase_probes, _PROBES_KEPT)
        pending = timedelta(days=kept.pending)
        erased = Erased(
            dispatches=self._dispatches(timedelta(days=kept.deliveries)),
            returned=self._all_of(erase_returned, timedelta(days=kept.bounces)),
            notices=self._all_of(erase_notices, pending),
            requests=self._all_of(erase_joinings, pending)
            + self._all_of(erase_changes, pending),
            # After what they asked: who asked lately is still wanted.
            people=self._all_of(erase_unconfirmed, pending),
            changes=self._all_of(erase_import_changes, UNDO_WITHIN),
            # After deliveries and returned mails: these say what is still kept.
            words=self._answers() + self._reasons(),
            letters=self._letters(timedelta(days=kept.bounces)),
        )
        self._all_of(erase_marks, MARKS_COUNT_FOR)
        return erased

    def _dispatches(self, age: timedelta) -> int:
        if not age:
            return 0
        with self._database.reading() as connection:
            over = find_over(connection, before=self._now - age)
        return sum(map(self._erase_dispatch, over))

    def _erase_dispatch(self, dispatch_id: int) -> bool:
        """Erase the deliveries of a dispatch; False: the rest must wait."""
        last: int | None = 0
        while last is not None:
            if self._is_over():
                return False
            with self._database.erasing() as connection:
                last = erase_deliveries(
                    connection, dispatch_id, after=last, most=_AT_ONCE
                )
        return True

    def _letters(self, age: timedelta) -> int:
        return erase_letters(self._root, before=self._now - age) if age else 0

    def _answers(self) -> int:
        """Erase the answers of our mail server with the deliveries they were about."""
        erased, found = 0, _AT_ONCE
        while found == _AT_ONCE and not self._is_over():
            with self._database.erasing() as connection:
                found = erase_answers(connection, most=_AT_ONCE)
            erased += found
        return erased

    def _reasons(self) -> int:
        """Erase from histories what is kept of no returned mail any more."""
        erased = last = 0
        while not self._is_over():
            with self._database.reading() as connection:
                found = find_reasons(connection, after=last, most=_AT_ONCE)
            if not found:
                break
            with self._database.erasing() as connection:
                erase_reasons(connection, found)
            erased, last = erased + len(found), found[-1][0]
        return erased

    def _all_of(self, erase: Callable[..., int], age: timedelta) -> int:
        """Call *erase* until nothing is left for it; return how many there were."""
        erased, found = 0, _AT_ONCE
        while age and found == _AT_ONCE and not self._is_over():
            with self._database.erasing() as connection:
                found = erase(connection, before=self._now - age, most=_AT_ONCE)
            erased += found
        return erased
