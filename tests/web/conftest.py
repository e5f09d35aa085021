"""The public pages as they run: a real server on loopback over a real database."""

import http.client
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.message import Message
from pathlib import Path

import pytest

from newsletter.addresses import address_key
from newsletter.model.notice import Notice
from newsletter.model.settings import (
    FieldSettings,
    ListSettings,
    NewsletterSettings,
    ServerSettings,
    Settings,
)
from newsletter.model.subscriber import SubscriptionStatus
from newsletter.store.consent import (
    Word,
    read_history,
    read_suppressions,
    set_status,
)
from newsletter.store.notices import read_due
from newsletter.store.people import (
    Person,
    ensure_lists,
    find_by_id,
    insert_people,
    read_ids,
    read_subscriptions,
    update_fields,
)
from newsletter.tokens import Purpose, address_hash, sign
from newsletter.web.app import public_app
from newsletter.workflow.desk import Desk, open_desk
from newsletter.workflow.project import Project
from newsletter.workflow.serve import Listener, open_listener, serving

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Message
    text: str


@dataclass(frozen=True)
class Site:
    """A running public site, and what stands behind it."""

    project: Project
    desk: Desk
    listener: Listener

    def ask(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        *,
        seconds: float = 5,
    ) -> Answer:
        where = self.listener.host, self.listener.port
        with closing(http.client.HTTPConnection(*where, timeout=seconds)) as connection:
            connection.request(method, path, body, dict(headers or {}))
            with connection.getresponse() as answer:
                return Answer(answer.status, answer.headers, answer.read().decode())

    def post_form(self, path: str, body: bytes) -> Answer:
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        return self.ask("POST", path, body, kind)

    def add_reader(self, email: str, *lists: str) -> int:
        """Subscribe somebody to *lists* (default: main); return the id."""
        key = address_key(email)
        person = Person(email, key, address_hash(self.desk.keyring, key))
        with self.desk.database.writing() as connection:
            ids = ensure_lists(connection, ("main", "events", "board"))
            insert_people(connection, [person], now=NOW)
            reader = read_ids(connection, [key])[key]
            for slug in lists or ("main",):
                set_status(
                    connection,
                    [reader],
                    list_id=ids[slug],
                    status=SubscriptionStatus.ACTIVE,
                    kind="imported",
                    word=Word(NOW, "sample.csv"),
                )
        return reader

    def link(self, reader: int, list_slug: str = "main") -> str:
        """Return the path of a reader's own leaving link."""
        with self.desk.database.writing() as connection:
            list_id = ensure_lists(connection, (list_slug,))[list_slug]
        return f"/u/{sign(self.desk.keyring, Purpose.UNSUBSCRIBE, reader, list_id)}"

    def settings_link(self, reader: int) -> str:
        """Return the path of a reader's own page of settings."""
        return f"/p/{sign(self.desk.keyring, Purpose.PREFERENCES, reader)}"

    def fields(self, reader: int) -> Mapping[str, str]:
        with self.desk.database.reading() as connection:
            person = find_by_id(connection, reader)
        assert person is not None
        return person.fields

    def give_fields(self, reader: int, **fields: str) -> None:
        with self.desk.database.writing() as connection:
            update_fields(connection, {reader: fields})

    def history(self, reader: int) -> list[tuple[str, str, str]]:
        """Return list, kind and source of each event, oldest first."""
        with self.desk.database.reading() as connection:
            events = read_history(connection, reader)
        return [(event.list, event.kind, event.source) for event in events]

    def suppressed(self, email: str) -> list[tuple[str, str]]:
        """Return scope and reason of each suppression of an address."""
        hashed = address_hash(self.desk.keyring, address_key(email))
        with self.desk.database.reading() as connection:
            found = read_suppressions(connection, hashed)
        return [(one.scope, one.reason) for one in found]

    def notices(self) -> list[Notice]:
        """Return the mails that wait to be sent, oldest first."""
        with self.desk.database.reading() as connection:
            return list(read_due(connection, now=NOW, most=1000))

    def statuses(self, reader: int) -> dict[str, str]:
        """Return list -> standing, in lower case."""
        with self.desk.database.reading() as connection:
            found = read_subscriptions(connection, reader)
        return {item.list: item.status.name.lower() for item in found}


def make_settings(**newsletter: str) -> Settings:
    named = {
        "name": "Harbour Letter",
        "sender": "Harbour Letter <letter@example.org>",
        "reply_to": "office@example.org",
        **newsletter,
    }
    return Settings(
        newsletter=NewsletterSettings(**named),  # type: ignore[arg-type]
        lists={"main": ListSettings(), "events": ListSettings(title="Events")},
    )


def open_settings(**newsletter: str) -> Settings:
    """Return settings of who has public lists, asks for fields and may write mails."""
    settings = make_settings(base_url="https://news.example.org", **newsletter)
    return replace(
        settings,
        lists={
            "main": ListSettings(is_public=True),
            "events": ListSettings(
                title="Events", description="Once a month", is_public=True
            ),
            "board": ListSettings(title="Board"),
        },
        fields={
            "first_name": FieldSettings(title="First name", is_asked=True),
            "born": FieldSettings("date", title="Born on", is_asked=True),
            "interests": FieldSettings("list", title="Interests", is_asked=True),
            "number": FieldSettings(),
        },
        server=ServerSettings("localhost", 25, security="none"),
    )


@contextmanager
def running_site(root: Path, settings: Settings | None = None) -> Iterator[Site]:
    project = Project(root, settings or make_settings())
    listener = open_listener("127.0.0.1", 0)
    with open_desk(project) as desk:
        app = public_app(project, desk, now=lambda: NOW)
        with serving(app, listener):
            yield Site(project, desk, listener)


@pytest.fixture(scope="module")
def open_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A site of `open_settings`."""
    with running_site(tmp_path_factory.mktemp("open"), open_settings()) as site:
        yield site


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with running_site(tmp_path_factory.mktemp("project")) as site:
        yield site
