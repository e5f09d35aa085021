"""A project folder with a mail server, many subscribers, and a mail of a given size."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from uuid import uuid4

from sample_issue import ROOT, SETTINGS, assemble_text, write_issue

from newsletter.assembly.loaders import Templates
from newsletter.messages.compile import dump_compiled
from newsletter.model.dispatch import Dispatch, Order
from newsletter.model.message import CompiledMessage
from newsletter.model.subscriber import SubscriptionStatus
from newsletter.store.contents import Content, save_content
from newsletter.store.database import Database, open_database
from newsletter.store.dispatches import create_dispatch
from newsletter.store.keys import open_keyring
from newsletter.store.people import ensure_lists
from newsletter.tokens import Keyring, address_hash
from newsletter.workflow.letters import compile_issue

#: What one statement takes in.
_ROWS = 5000
_NAMES = ("Anna", "Björn", "Chantal", "Dirk-Jan", "Eva", "O'Brien", "مريم", "")

_HEAD = """\
[newsletter]
name = "Nieuwsbrief"
sender = "Steunpunt <post@example.org>"
language = "nl"
time_zone = "Europe/Amsterdam"
reply_to = "redactie@example.org"
address = "Steunpunt, Havenlaan 12, 3511 AB Utrecht"
about = "Deze brief verschijnt maandelijks."

[fields.first_name]
type = "text"
"""


def write_settings(
    folder: Path, server: Mapping[str, object], dkim: Mapping[str, object] | None = None
) -> None:
    """Write the newsletter.toml of a project."""
    parts = [_HEAD, _table("server", {"host": "127.0.0.1"} | dict(server))]
    parts += [_table("dkim", dkim)] if dkim else []
    (folder / "newsletter.toml").write_text("\n".join(parts), encoding="utf-8")


def _table(name: str, values: Mapping[str, object]) -> str:
    lines = [f"{key} = {json.dumps(value)}\n" for key, value in values.items()]
    return f"[{name}]\n{''.join(lines)}"


def add_people(folder: Path, count: int) -> None:
    """Make *count* people subscribers of the main list; about 10 s for a million."""
    url = "sqlite:///subscribers/newsletter.db"
    with open_database(url, root=folder) as database:
        keyring = open_keyring(database, root=folder)
        with database.writing() as connection:
            main = ensure_lists(connection, ["main"])["main"]
            people = _people(keyring, count)
            while rows := list(islice(people, _ROWS)):
                connection.exec_driver_sql(
                    "INSERT INTO subscribers "
                    "(email, email_key, address_hash, fields, created_at) "
                    "VALUES (?, ?, ?, ?, 0)",
                    rows,
                )
            connection.exec_driver_sql(
                "INSERT INTO subscriptions (list_id, subscriber_id, status, changed_at)"
                " SELECT ?, id, ?, 0 FROM subscribers",
                (main, int(SubscriptionStatus.ACTIVE)),
            )


def _people(keyring: Keyring, count: int) -> Iterator[tuple[str, str, bytes, str]]:
    for number in range(1, count + 1):
        address = f"reader{number}@example.org"
        name = json.dumps({"first_name": _NAMES[number % len(_NAMES)]})
        yield address, address, address_hash(keyring, address), name


def compile_mail(size_bytes: int) -> CompiledMessage:
    """Return a personal mail of at least so many bytes, in steps of about 4 KB."""
    templates, items = Templates.of_project(ROOT), 1
    settings = replace(SETTINGS, newsletter=replace(SETTINGS.newsletter, base_url=""))
    while True:
        assembled = assemble_text(write_issue(items), templates)
        compiled = compile_issue(assembled, settings)
        if sum(map(len, compiled.pieces)) >= size_bytes:
            return compiled
        items += 1


def freeze(
    database: Database, compiled: CompiledMessage, *, lists: Sequence[str] = ("main",)
) -> Dispatch:
    """Make a dispatch of *compiled* to everybody, as `send` does when confirmed."""
    now = datetime.now(UTC)
    # An issue that nobody has yet.
    issue = f"issue-{uuid4().hex}"
    content = Content(
        compiled.content_hash, issue, compiled.subject_text, dump_compiled(compiled)
    )
    order = Order(issue, content.hash, tuple(lists), token=uuid4().hex)
    with database.writing() as connection:
        save_content(connection, content, now=now)
        return create_dispatch(connection, order, now=now)
