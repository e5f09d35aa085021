import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from newsletter.addresses import address_key
from newsletter.cli import run
from newsletter.model.delivery import DeliveryState
from newsletter.model.dispatch import Dispatch
from newsletter.model.subscriber import SubscriptionStatus
from newsletter.store.consent import Word, set_status, unsubscribe
from newsletter.store.database import Database, open_database
from newsletter.store.dispatch_records import load_dispatch, read_records
from newsletter.store.keys import open_keyring
from newsletter.store.people import (
    Person,
    ensure_lists,
    find_by_key,
    insert_people,
    read_ids,
)
from newsletter.tokens import address_hash
from newsletter.workflow.project import Project, open_project

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)

SETTINGS = """\
[newsletter]
name = "Doorways"
sender = "Doorways <letter@example.org>"
address = "12 Harbour Lane, Utrecht"
hold_seconds = 30

[lists.main]
[lists.events]

[fields.first_name]
type = "text"
"""

ISSUE = """\
---
subject: Hello {{ first_name or "reader" }}
preheader: What is new this month, and how to answer us
date: 2026-03-01
---

Dear {{ first_name or "reader" }},

## News

### An item

A paragraph of text. Nothing more.
"""

COMMAND = [sys.executable, "-c", "from newsletter.cli import main; main()"]


class Post:
    """A project with subscribers, and the commands an editor types in it."""

    def __init__(self, root: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.root = root
        self.capsys = capsys
        #: Output of the last command.
        self.out = self.err = ""
        (root / "issues").mkdir()
        self.write_issue()
        self.use_no_server()

    @property
    def project(self) -> Project:
        return open_project(self.root, search=False)

    def write_issue(self, text: str = ISSUE, name: str = "2026-03") -> None:
        (self.root / "issues" / f"{name}.md").write_text(text)

    def use_no_server(self) -> None:
        (self.root / "newsletter.toml").write_text(SETTINGS)

    def use_server(self, port: int, **settings: object) -> None:
        values = {"security": "none", "connections": 1, "timeout_seconds": 5}
        lines = [
            f"{key} = {json.dumps(value)}" for key, value in (values | settings).items()
        ]
        server = "\n".join(["[server]", 'host = "127.0.0.1"', f"port = {port}", *lines])
        (self.root / "newsletter.toml").write_text(f"{SETTINGS}\n{server}\n")

    # --- commands ---------------------------------------------------------------------

    def run(self, *arguments: str) -> int:
        """Run a command in this process; keeps what it printed."""
        self.capsys.readouterr()
        code = run([*arguments, "--project", str(self.root)])
        self.out, self.err = self.capsys.readouterr()
        return code

    def send(self, count: int, *more: str) -> int:
        """Send what was not tested to so many people; returns the exit code."""
        return self.run("send", "--confirm", str(count), "--untested", *more)

    def json(self, *arguments: str) -> dict[str, Any]:
        """Run a command with --json and return its one object."""
        self.run(*arguments, "--json")
        found: dict[str, Any] = json.loads(self.out)
        return found

    def start(self, *arguments: str, **options: Any) -> "subprocess.Popen[bytes]":
        """Run a command in a process of its own."""
        return subprocess.Popen(
            [*COMMAND, *arguments, "--project", str(self.root)],
            stdin=options.pop("stdin", subprocess.DEVNULL),
            stdout=options.pop("stdout", subprocess.PIPE),
            stderr=options.pop("stderr", subprocess.PIPE),
            cwd=self.root,
            env=_environment() | {"TERM": "dumb"} | options.pop("environment", {}),
            **options,
        )

    @contextmanager
    def running(
        self, *arguments: str, **options: Any
    ) -> Iterator["subprocess.Popen[bytes]"]:
        """Run a command that would go on for long; whatever comes, it ends here."""
        with self.start(*arguments, **options) as process:
            try:
                yield process
            finally:
                process.kill()

    # --- people -----------------------------------------------------------------------

    @contextmanager
    def database(self) -> Iterator[Database]:
        with open_database(
            self.project.settings.database_url, root=self.root
        ) as opened:
            yield opened

    def add(self, *names: str, lists: tuple[str, ...] = ("main",)) -> None:
        """Make everybody a subscriber, ``name@example.org``."""
        with self.database() as database:
            keyring = open_keyring(database, root=self.root)
            keys = {name: address_key(f"{name}@example.org") for name in names}
            people = [
                Person(key, key, address_hash(keyring, key), {"first_name": name})
                for name, key in keys.items()
            ]
            with database.writing() as connection:
                insert_people(connection, people, now=NOW)
                ids = read_ids(connection, list(keys.values()))
                for slug, number in ensure_lists(connection, lists).items():
                    if slug in lists:
                        set_status(
                            connection,
                            list(ids.values()),
                            list_id=number,
                            status=SubscriptionStatus.ACTIVE,
                            kind="imported",
                            word=Word(NOW, "test"),
                        )

    def leave(self, name: str) -> None:
        """Let somebody unsubscribe, as the page and one-click do."""
        with self.database() as database, database.writing() as connection:
            person = find_by_key(connection, f"{name}@example.org")
            assert person is not None
            word = Word(datetime.now(UTC), "one-click")
            unsubscribe(connection, person.id, scope="*", word=word)

    # --- the ledger -------------------------------------------------------------------

    def dispatch(self, number: int = 1) -> Dispatch:
        with self.database() as database, database.reading() as connection:
            found = load_dispatch(connection, number)
        assert sum(found.counts.values()) == found.total
        return found

    def states(self, number: int = 1) -> dict[str, str]:
        """Return name -> state of everybody in a dispatch."""
        with self.database() as database, database.reading() as connection:
            return {
                record.email.partition("@")[0]: record.state.name.lower()
                for record in read_records(connection, number, list(DeliveryState))
            }


def _environment() -> dict[str, str]:
    """Return ours without the width of a terminal, which pytest's workers write in."""
    widths = ("COLUMNS", "LINES")
    return {key: value for key, value in os.environ.items() if key not in widths}


@pytest.fixture
def post(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Post:
    root = tmp_path / "letter"
    root.mkdir()
    return Post(root, capsys)
