"""All that is kept of one person, for that person: as data, and as a letter.

Law: what `forget` erases stands in it; a table that holds something of people is read
by both.
"""

from dataclasses import dataclass
from datetime import datetime

from newsletter.addresses import address_key, normalise_address
from newsletter.errors import RefusedError, UsageError
from newsletter.model.subscriber import LANGUAGE_FIELD, Subscriber, Subscription
from newsletter.store.consent import (
    ConsentEvent,
    Suppression,
    read_history,
    read_suppressions,
)
from newsletter.store.database import exists
from newsletter.store.holdings import (
    Note,
    SentIssue,
    read_created_at,
    read_issues_of,
    read_requests_of,
    read_returned_of,
)
from newsletter.store.people import find_by_key, read_subscriptions
from newsletter.tokens import address_hash
from newsletter.workflow.copies_elsewhere import find_files_with
from newsletter.workflow.desk import open_desk
from newsletter.workflow.project import Project

#: No subscriber has it: ids begin with 1.
_NOBODY = 0


@dataclass(frozen=True, slots=True)
class Holdings:
    """What is kept of an address."""

    #: As the database has it; as typed, where only a code of it is kept.
    email: str
    #: In which the letter is.
    language: str
    #: None: only the suppressions are left, or what is in files.
    subscriber: Subscriber | None = None
    since: datetime | None = None
    subscriptions: tuple[Subscription, ...] = ()
    suppressions: tuple[Suppression, ...] = ()
    history: tuple[ConsentEvent, ...] = ()
    issues: tuple[SentIssue, ...] = ()
    returned: tuple[Note, ...] = ()
    #: What was asked for on the public pages.
    requests: tuple[Note, ...] = ()
    #: Files that hold the address too, as the editor names them.
    elsewhere: tuple[str, ...] = ()


def read_holdings(project: Project, address: str) -> Holdings:
    """Return all that is kept of an address.

    Raises:
        UsageError: It is no address.
        RefusedError: Nothing is kept of it.
        OperationError: Database or keys cannot be used.
    """
    try:
        email = normalise_address(address)
    except ValueError as error:
        raise UsageError(str(error)) from error
    default = project.settings.newsletter.language
    found = Holdings(email, default, elsewhere=find_files_with(project, email))
    if exists(project.settings.database_url, root=project.root):
        found = _read(project, found)
    is_kept = found.subscriber or found.suppressions or found.requests
    if not is_kept and not found.elsewhere:
        raise RefusedError("nothing is kept of this address.")
    return found


def _read(project: Project, found: Holdings) -> Holdings:
    key = address_key(found.email)
    with (
        open_desk(project, writes=False) as desk,
        desk.database.reading() as connection,
    ):
        hashed = address_hash(desk.keyring, key)
        person = find_by_key(connection, key)
        number = person.id if person else _NOBODY
        language = person.fields.get(LANGUAGE_FIELD, "") if person else ""
        return Holdings(
            email=person.email if person else found.email,
            language=language or found.language,
            subscriber=person,
            since=read_created_at(connection, number),
            subscriptions=read_subscriptions(connection, number),
            suppressions=read_suppressions(connection, hashed),
            history=read_history(connection, number),
            issues=read_issues_of(connection, number),
            returned=read_returned_of(connection, number),
            requests=read_requests_of(connection, number, hashed),
            elsewhere=found.elsewhere,
        )
