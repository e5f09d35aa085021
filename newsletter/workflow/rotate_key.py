"""Another key signs the links of new mails; links of an old one stop working.

Law: nothing is sent meanwhile, so that it is known to the second which key signed what.
The key of those who left stays for good: of their addresses only a code is kept, which
could not be made anew.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from newsletter.errors import RefusedError
from newsletter.store.database import Database, exists, open_database
from newsletter.store.handovers import refuse_handed_over
from newsletter.store.key_file import read_keyring
from newsletter.store.key_rotation import add_key, retire_key
from newsletter.store.keys import open_keyring
from newsletter.store.sender_lock import lock_path, sender_lock
from newsletter.tokens import Keyring
from newsletter.workflow.leftovers import clear_leftovers
from newsletter.workflow.project import Project
from newsletter.workflow.status import recover_left_behind


@dataclass(frozen=True, slots=True)
class LinkKeys:
    """The keys by which links are believed."""

    #: Signs the links of new mails.
    signs: int
    #: Key id -> when it began to sign; None: in the beginning, or nobody noted it.
    since: Mapping[int, datetime | None]


@dataclass(frozen=True, slots=True)
class Retirement:
    """Which mails a key signed, whose links stop working with it."""

    number: int
    #: None: all of before, whose links work by no other key either.
    since: datetime | None
    #: None: nobody noted it, or the clock was ahead when this key began to sign.
    until: datetime | None


def rotate_key(project: Project, *, clock: Callable[[], datetime]) -> LinkKeys:
    """Let a new key sign from now on; links in earlier mails work as before.

    Args:
        project: The project.
        clock: The present, aware; asked when nobody sends any more.

    Raises:
        RefusedError: There are no keys yet, the newsletter was handed over, or too many
            keys were used.
        OperationError: Something is sending, or database or keys cannot be used.
    """
    clear_leftovers(project)
    with _standing_still(project) as database:
        recover_left_behind(database)
        return _describe(add_key(database, root=project.root, now=clock()))


def plan_retirement(project: Project, number: int) -> Retirement:
    """Say what retiring a key does.

    Raises:
        RefusedError: There is no such key, or it signs.
        OperationError: Database or keys cannot be used.
    """
    _refuse_without_database(project)
    url, root = project.settings.database_url, project.root
    with open_database(url, root=root) as database:
        keyring = open_keyring(database, root=root)
    # A retirement that was killed halfway can be done again.
    numbers = sorted(read_keyring(root, may_create=False).keys)
    if number not in numbers:
        listed = ", ".join(map(str, numbers))
        raise RefusedError(f"there is no key {number}. The keys are: {listed}")
    if number == keyring.current:
        raise RefusedError(
            f"key {number} signs the links of new mails.",
            "Let another one sign first: newsletter db rotate-key",
        )
    since = keyring.since.get(number) if number > min(numbers) else None
    later = [at for one, at in keyring.since.items() if one > number]
    until = min(later, default=None)
    if since and until and since > until:
        return Retirement(number, None, None)
    return Retirement(number, since, until)


def retire(project: Project, number: int) -> LinkKeys:
    """Believe no link any more that a key signed; nobody can undo it.

    Raises:
        RefusedError: As `plan_retirement`; or the newsletter was handed over.
        OperationError: Something is sending, or database or keys cannot be used.
    """
    clear_leftovers(project)
    with _standing_still(project) as database:
        plan_retirement(project, number)
        return _describe(retire_key(database, number, root=project.root))


@contextmanager
def _standing_still(project: Project) -> Iterator[Database]:
    _refuse_without_database(project)
    url, root = project.settings.database_url, project.root
    with (
        open_database(url, root=root) as database,
        sender_lock(lock_path(database.path)),
    ):
        with database.reading() as connection:
            refuse_handed_over(connection)
        yield database


def _refuse_without_database(project: Project) -> None:
    if not exists(project.settings.database_url, root=project.root):
        raise RefusedError("there is no database yet, and so no key.")


def _describe(keyring: Keyring) -> LinkKeys:
    return LinkKeys(
        keyring.current, {one: keyring.since.get(one) for one in sorted(keyring.keys)}
    )
