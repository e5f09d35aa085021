"""Forget one person, and name what the program cannot erase by itself."""

from dataclasses import dataclass
from datetime import datetime

from newsletter.addresses import address_key, normalise_address
from newsletter.errors import RefusedError, UsageError
from newsletter.store.consent import read_suppressions
from newsletter.store.forget import (
    Erased,
    forget_address,
    forget_mailed,
    forget_person,
    read_addresses,
)
from newsletter.store.movers import find_movers
from newsletter.store.people import find_by_key
from newsletter.tokens import address_hash
from newsletter.workflow.copies_elsewhere import find_files_with
from newsletter.workflow.desk import open_desk
from newsletter.workflow.leftovers import clear_leftovers
from newsletter.workflow.project import Project
from newsletter.workflow.unread import forget_letters


@dataclass(frozen=True, slots=True)
class Forgotten:
    """What was done about an address."""

    email: str
    #: Deliveries whose address and fields are gone.
    deliveries: int
    #: False: nobody had it.
    was_known: bool
    #: Present addresses of those who had it before: they are not forgotten.
    moved_to: tuple[str, ...] = ()
    #: Files of the project that still hold it, or an address they had before.
    files: tuple[str, ...] = ()
    #: False: another command uses the database, and its log still holds old pages.
    is_overwritten: bool = True


def forget_subscriber(
    project: Project, address: str, *, is_completely: bool = False, now: datetime
) -> Forgotten:
    """Erase all that is kept of an address, but that it is never to be mailed.

    Who had it before, and moved to another one, goes on there.

    Args:
        project: The project.
        address: As typed.
        is_completely: Erase that too: any import may bring it back.
        now: Aware.

    Raises:
        UsageError: It is no address.
        RefusedError: Nothing is kept of it that could be forgotten completely, or the
            newsletter was handed over.
        OperationError: Database or keys cannot be used.
    """
    try:
        email = normalise_address(address)
    except ValueError as error:
        raise UsageError(str(error)) from error
    key = address_key(email)
    clear_leftovers(project)
    with open_desk(project) as desk:
        hashed = address_hash(desk.keyring, key)
        with desk.database.erasing() as connection:
            known = find_by_key(connection, key)
            mailed = forget_mailed(connection, key, now=now)
            movers = find_movers(connection, key, hashed, mailed=mailed)
            is_kept = known or mailed or movers
            if is_completely and not (is_kept or read_suppressions(connection, hashed)):
                # Leaving the transaction like this undoes all of it.
                raise RefusedError("nothing is kept of this address.")
            emails, erased = frozenset({email}), Erased()
            if known is not None:
                emails |= read_addresses(connection, known.id)
                mailed = [one for one in mailed if one != known.id]
                erased = forget_person(connection, known.id, now=now)
            forget_address(connection, hashed, is_completely=is_completely, now=now)
        is_overwritten = desk.database.rewrite()
    forget_letters(project, emails)
    return Forgotten(
        email=email,
        deliveries=erased.deliveries + len(mailed),
        was_known=bool(is_kept),
        moved_to=tuple(mover.email for mover in movers),
        files=find_files_with(project, *emails),
        is_overwritten=is_overwritten,
    )
