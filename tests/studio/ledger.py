"""A real ledger with dispatches in any state, for pages that show them."""

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import insert, select, update

from newsletter.messages.compile import dump_compiled
from newsletter.model.delivery import DeliveryState, DispatchState
from newsletter.store.contents import Content, save_content
from newsletter.store.database import Database, open_database
from newsletter.store.dispatch_records import counter
from newsletter.store.instants import to_millis
from newsletter.store.keys import open_keyring
from newsletter.store.tables import batches, deliveries, dispatches
from newsletter.workflow.compose import compose_issue, require_assembled
from newsletter.workflow.letters import compile_issue, message_id
from newsletter.workflow.project import find_issue, open_project

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
SETTINGS = """\
[newsletter]
name = "Doorways"
sender = "Doorways <letter@example.org>"
address = "12 Harbour Lane, Utrecht"
"""
URL = "sqlite:///subscribers/newsletter.db"
ISSUE = """\
---
subject: Hello
preheader: What is new
date: 2026-03-01
---

Dear reader,
"""

Told = tuple[DeliveryState, int | None, str]


@dataclass
class Ledger:
    """A project's database, and a way to put dispatches into it."""

    root: Path
    database: Database

    def __post_init__(self) -> None:
        project = open_project(self.root, search=False)
        composition = compose_issue(project, find_issue(project, "2026-03"))
        self.compiled = compile_issue(require_assembled(composition), project.settings)
        self.keyring = open_keyring(self.database, root=self.root)

    def dispatch(
        self,
        people: Mapping[str, Told],
        *,
        state: DispatchState = DispatchState.DONE,
        reason: str = "",
        issue: str = "2026-03",
        owner: str | None = None,
    ) -> None:
        """Add a dispatch whose recipients are where *people* says."""
        code = self.compiled.content_hash
        content = Content(code, issue, "Hello", dump_compiled(self.compiled))
        with self.database.writing() as connection:
            save_content(connection, content, now=NOW)
            made = insert(dispatches).values(
                issue=issue,
                content_hash=code,
                lists=["main"],
                state=state,
                owner=owner,
                reason=reason,
                total=len(people),
                created_at=to_millis(NOW),
                waivers=[],
            )
            number = connection.execute(made.returning(dispatches.c.id)).scalar_one()
            rows = [
                {
                    "dispatch_id": number,
                    "seq": seq,
                    "subscriber_id": seq,
                    "email": f"{name}@example.org",
                    "fields": {},
                    "state": where,
                    "at": to_millis(NOW),
                    "reply_code": said,
                    "reply_text": words or None,
                }
                for seq, (name, (where, said, words)) in enumerate(people.items(), 1)
            ]
            connection.execute(insert(deliveries), rows)
            places = [where for where, _, _ in people.values()]
            counts = {counter(one).name: places.count(one) for one in DeliveryState}
            connection.execute(
                insert(batches).values(
                    dispatch_id=number,
                    first_seq=1,
                    last_seq=len(people),
                    state="open",
                    **counts,
                )
            )

    def move(
        self, seqs: Iterable[int], to: DeliveryState, state: DispatchState
    ) -> None:
        """Bring pending ones of the first dispatch to a state, as a sender would."""
        wanted = list(seqs)
        with self.database.writing() as connection:
            connection.execute(
                update(deliveries).where(deliveries.c.seq.in_(wanted)).values(state=to)
            )
            pending = counter(DeliveryState.PENDING)
            connection.execute(
                update(batches).values(
                    {
                        pending: pending - len(wanted),
                        counter(to): counter(to) + len(wanted),
                    }
                )
            )
            connection.execute(update(dispatches).values(state=state, reason=""))

    def message_ids(self, *names: str) -> list[str]:
        """Return what the log of a mail server knows these people's mails by."""
        with self.database.reading() as connection:
            found = connection.execute(
                select(deliveries.c.subscriber_id).where(
                    deliveries.c.email.in_([f"{name}@example.org" for name in names])
                )
            ).scalars()
            return [message_id(self.compiled, self.keyring, 1, one) for one in found]

    def rows(self) -> str:
        """Return all that a reader of the page could have changed."""
        with self.database.reading() as connection:
            tables: list[Any] = [dispatches, batches, deliveries]
            found = [list(map(tuple, connection.execute(select(t)))) for t in tables]
        return json.dumps(found, default=str)


def make_project(root: Path) -> Path:
    """Make a project with an issue and an empty database; returns its folder."""
    (root / "newsletter.toml").write_text(SETTINGS)
    (root / "issues").mkdir()
    (root / "issues" / "2026-03.md").write_text(ISSUE)
    with open_database(URL, root=root) as database:
        open_keyring(database, root=root)
    return root


@contextmanager
def opened_ledger(root: Path) -> Iterator[Ledger]:
    """Give the ledger of a project."""
    with open_database(URL, root=root) as database:
        yield Ledger(root, database)
