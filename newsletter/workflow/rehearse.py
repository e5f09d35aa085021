"""Rehearse a dispatch: every mail as a file, nobody mailed, nothing recorded."""

import asyncio
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection

from newsletter.delivery.singly import hand_over
from newsletter.delivery.transports.folder import FolderTransport
from newsletter.model.message import Message
from newsletter.store.database import open_database
from newsletter.store.dispatches import read_recipients
from newsletter.store.keys import open_keyring
from newsletter.workflow.check import Progress
from newsletter.workflow.clearance import (
    Wish,
    check_before_sending,
    choose_lists,
    count_recipients_left,
)
from newsletter.workflow.compose import require_assembled
from newsletter.workflow.letters import open_seal, write_harmless
from newsletter.workflow.project import Project


def rehearse(
    project: Project,
    reference: str | None,
    wish: Wish,
    *,
    now: datetime,
    show_progress: Progress | None = None,
) -> list[Path]:
    """Write every mail of an issue to ``outbox/``; never a dispatch, nobody is mailed.

    The links in them change nothing.

    Raises:
        DefinitionError: The issue cannot be composed.
        RefusedError: It has error findings, as when it were sent.
        OperationError: Nobody to write to, or disk or database fail.
    """
    composition, compiled, _ = check_before_sending(
        project, reference, wish, now, show_progress
    )
    issue = require_assembled(composition).issue
    lists = choose_lists(project, wish.lists or issue.lists)
    folder = FolderTransport(project.root / "outbox", prefix=issue.slug)
    seal = open_seal(project)
    with open_database(project.settings.database_url, root=project.root) as database:
        count_recipients_left(database, issue.slug, lists, wish)
        keyring = open_keyring(database, root=project.root)
        folder.remove_earlier()

        def write_all(connection: Connection) -> Iterator[Message]:
            people = read_recipients(
                connection,
                issue=issue.slug,
                lists=lists,
                only=wish.only,
                where=wish.where,
            )
            for number, (email, fields) in enumerate(people):
                yield write_harmless(
                    compiled,
                    keyring,
                    email=email,
                    fields=fields,
                    number=number,
                    now=now,
                    seal=seal,
                )

        with database.reading() as connection:
            work = hand_over(write_all(connection), folder, on_ending=lambda *_: None)
            asyncio.run(work)
    return folder.written
