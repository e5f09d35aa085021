"""Frozen mails, and which of them the editor has seen as a real mail."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, func, insert, select

from newsletter.store.dialect import insert_missing
from newsletter.store.instants import from_millis, to_millis
from newsletter.store.tables import contents, dispatches, test_mails


@dataclass(frozen=True, slots=True)
class Content:
    """A compiled mail as it is kept: the same hash is the same mail, for ever."""

    #: `CompiledMessage.content_hash`.
    hash: str
    #: Slug of the issue.
    issue: str
    #: As somebody without any field gets it; for lists and reports.
    subject: str
    #: `messages.compile.dump_compiled`.
    compiled: bytes


def save_content(connection: Connection, content: Content, *, now: datetime) -> None:
    """Keep a compiled mail; one that is there already stays as it is."""
    row: Mapping[str, object] = {
        "hash": content.hash,
        "issue": content.issue,
        "subject": content.subject,
        "compiled": content.compiled,
        "created_at": to_millis(now),
    }
    insert_missing(connection, contents, [row])


def load_content(connection: Connection, content_hash: str) -> Content | None:
    """Return the mail with this hash, or None."""
    row = connection.execute(
        select(contents).where(contents.c.hash == content_hash)
    ).first()
    if row is None:
        return None
    return Content(row.hash, row.issue, row.subject, row.compiled)


def read_subject(connection: Connection, content_hash: str) -> str:
    """Return the subject of the mail with this hash, empty when it is not there."""
    subject: str | None = connection.scalar(
        select(contents.c.subject).where(contents.c.hash == content_hash)
    )
    return subject or ""


def record_test(
    connection: Connection,
    *,
    issue: str,
    content_hash: str,
    recipients: int,
    now: datetime,
) -> None:
    """Note that *recipients* addresses were sent this content as a test."""
    connection.execute(
        insert(test_mails).values(
            issue=issue,
            content_hash=content_hash,
            at=to_millis(now),
            recipients=recipients,
        )
    )


def last_tested_at(connection: Connection, content_hash: str) -> datetime | None:
    """Return when exactly this content was last seen as a test, or None."""
    at = connection.scalar(
        select(func.max(test_mails.c.at)).where(
            test_mails.c.content_hash == content_hash
        )
    )
    return None if at is None else from_millis(at)


def load_last_tested(
    connection: Connection, issue: str
) -> tuple[Content, datetime] | None:
    """Return the content that was the last test of an issue, and when; or None."""
    row = connection.execute(
        select(contents, test_mails.c.at)
        .join(test_mails, test_mails.c.content_hash == contents.c.hash)
        .where(test_mails.c.issue == issue)
        .order_by(test_mails.c.at.desc(), test_mails.c.id.desc())
        .limit(1)
    ).first()
    if row is None:
        return None
    return Content(row.hash, row.issue, row.subject, row.compiled), from_millis(row.at)


def drop_superseded(connection: Connection, issue: str, *, kept: str) -> None:
    """Forget the mails of an issue that were no more than tests, but for one.

    With its pictures a mail may take megabytes, and an issue is tested many times. That
    they were tested stays known.

    Args:
        connection: Of a writer.
        issue: Slug.
        kept: Hash of the content to keep.
    """
    connection.execute(
        delete(contents).where(
            contents.c.issue == issue,
            contents.c.hash != kept,
            contents.c.hash.not_in(select(dispatches.c.content_hash)),
        )
    )
