"""A newsletter on the web as its readers meet it: every page, every link of a mail."""

import hashlib
import http.client
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import Message
from pathlib import Path

import pytest

from newsletter.addresses import address_key
from newsletter.cli import run
from newsletter.model.subscriber import SubscriptionStatus
from newsletter.store.consent import Word, set_status
from newsletter.store.people import (
    Person,
    ensure_lists,
    find_by_key,
    insert_people,
    read_ids,
    read_subscriptions,
)
from newsletter.testing.smtp_server import SmtpServer
from newsletter.tokens import Purpose, address_hash, sign
from newsletter.web.app import public_app
from newsletter.workflow.desk import Desk, open_desk
from newsletter.workflow.hooks import open_hooks
from newsletter.workflow.notices import send_notices
from newsletter.workflow.project import Project, open_project
from newsletter.workflow.serve import Listener, open_listener, serving

SETTINGS = '''\
[newsletter]
name = "Harbour Letter"
sender = "Harbour Letter <letter@example.org>"
reply_to = "office@example.org"
address = "12 Harbour Lane, Utrecht"
language = "nl"
base_url = "https://letter.example.org"
hold_seconds = 0

[lists.main]
title = "Harbour Letter"
public = true

[lists.events]
title = "Events"
public = true

[lists.staff]
title = "Staff"

[fields.first_name]
type = "text"
title = "First name"
ask = true

[web]
trusted_hops = 1

[hooks.ses]
topic = "arn:aws:sns:eu-west-1:123456789012:letter"

[hooks.mailgun]
key = "env:HOOK_SECRET"

[hooks.postmark]
password = "env:HOOK_SECRET"

[hooks.sendgrid]
key = """
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEjJoM+sTBGfKWboszK8gccLnTn18E
ve/tOyv1KqUfGktdPJJhdg0VZWoK7K1BgNmbjSxvyITSS/tHfqNwNYu0JQ==
"""

[server]
host = "127.0.0.1"
port = {port}
security = "none"
'''

ISSUE = """\
---
subject: What is new
preheader: What is new this month, and how to answer us
date: 2026-03-01
---

Dear {{ first_name or "reader" }},

## News

### An item

A paragraph of text. Nothing more.
"""

SLUG = "2026-03"
READERS = ("anna", "bob", "carla", "dirk")


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Message
    data: bytes

    @property
    def text(self) -> str:
        return self.data.decode("utf-8", "replace")


@dataclass(frozen=True)
class Town:
    """A running site with readers, an issue that was sent, and its mail server."""

    project: Project
    desk: Desk
    listener: Listener
    server: SmtpServer

    # --- asking -----------------------------------------------------------------------

    def ask(
        self,
        method: str,
        path: str,
        body: bytes = b"",
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        host, port = self.listener.host, self.listener.port
        with closing(http.client.HTTPConnection(host, port, timeout=10)) as connection:
            connection.request(method, path, body or None, dict(headers or {}))
            with connection.getresponse() as answer:
                return Answer(answer.status, answer.headers, answer.read())

    def post(self, path: str, body: str = "", network: str = "192.0.2.7") -> Answer:
        kind = "application/x-www-form-urlencoded"
        headers = {"Content-Type": kind, "X-Forwarded-For": network}
        return self.ask("POST", path, body.encode(), headers)

    # --- people -----------------------------------------------------------------------

    def add(self, name: str) -> int:
        """Make somebody a reader of the main list; return the id."""
        address = f"{name}@example.org"
        key = address_key(address)
        person = Person(address, key, address_hash(self.desk.keyring, key))
        with self.desk.database.writing() as connection:
            lists = ensure_lists(connection, ("main", "events", "staff"))
            insert_people(connection, [person], now=datetime.now(UTC))
            reader = read_ids(connection, [key])[key]
            set_status(
                connection,
                [reader],
                list_id=lists["main"],
                status=SubscriptionStatus.ACTIVE,
                kind="imported",
                word=Word(datetime.now(UTC), "sample.csv"),
            )
        return reader

    def reader(self, name: str) -> int:
        with self.desk.database.reading() as connection:
            found = find_by_key(connection, address_key(f"{name}@example.org"))
        assert found is not None
        return found.id

    def statuses(self, name: str) -> dict[str, str]:
        """Return list -> standing, in lower case."""
        with self.desk.database.reading() as connection:
            found = read_subscriptions(connection, self.reader(name))
        return {item.list: item.status.name.lower() for item in found}

    def token(self, purpose: Purpose, *numbers: int) -> str:
        return sign(self.desk.keyring, purpose, *numbers)

    def form_token(self, seconds_ago: float = 60) -> str:
        """Return the hidden field of a form that was shown so long ago."""
        moment = datetime.now(UTC).timestamp() - seconds_ago
        return self.token(Purpose.FORM, int(moment * 1000))

    def send_notices(self) -> int:
        """Send the mails that were asked for on pages, as the worker does."""
        return send_notices(self.project, {}, now=datetime.now(UTC))

    # --- the database -----------------------------------------------------------------

    def state(self) -> str:
        """Return a hash of all that is stored."""
        with closing(sqlite3.connect(self.desk.database.path)) as connection:
            lines = "\n".join(connection.iterdump())
        return hashlib.sha256(lines.encode()).hexdigest()


def _ask_nobody(host: str, path: str) -> bytes:
    raise AssertionError(f"{host}{path} was asked for something.")


@contextmanager
def running_town(root: Path) -> Iterator[Town]:
    with ExitStack() as stack:
        server = stack.enter_context(SmtpServer())
        (root / "issues").mkdir()
        (root / "issues" / f"{SLUG}.md").write_text(ISSUE)
        (root / "newsletter.toml").write_text(SETTINGS.format(port=server.port))
        project = open_project(root, search=False)
        desk = stack.enter_context(open_desk(project))
        listener = open_listener("127.0.0.1", 0)
        hooks = open_hooks(project, {"HOOK_SECRET": "h" * 20}, fetch=_ask_nobody)
        stack.enter_context(serving(public_app(project, desk, hooks=hooks), listener))
        town = Town(project, desk, listener, server)
        for name in READERS:
            town.add(name)
        wishes = ["--confirm", str(len(READERS)), "--untested", "--skip-probe"]
        assert run(["build", SLUG, "--project", str(root)]) == 0
        assert run(["send", SLUG, *wishes, "--project", str(root)]) == 0
        yield town


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    with running_town(tmp_path_factory.mktemp("town")) as town:
        yield town
