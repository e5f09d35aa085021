"""Issues as they lie after a dispatch: their files, and rows that say so."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from sqlalchemy import insert

from newsletter.model.assembled import AssembledImage, Editions
from newsletter.model.issue import Issue, Text
from newsletter.model.problem import Place
from newsletter.model.settings import NewsletterSettings, Settings
from newsletter.store.database import Database, open_database
from newsletter.store.instants import to_millis
from newsletter.store.tables import batches, contents, dispatches
from newsletter.workflow.project import Project
from newsletter.workflow.publish import publish_issue

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
PAGE = '<!doctype html><title>{}</title><p><a href="../">All issues</a></p>'


@dataclass(frozen=True)
class Archive:
    """A project, and its open database."""

    project: Project
    database: Database

    def publish(
        self,
        slug: str,
        *,
        day: date = date(2026, 5, 1),
        number: str = "",
        is_archived: bool = True,
    ) -> Path:
        """Write the files of an issue; return their folder."""
        issue = Issue(
            file=f"issues/{slug}.md",
            slug=slug,
            subject=(Text(f"The {slug} issue"),),
            preheader=(Text(f"What {slug} brought"),),
            date=day,
            language="en",
            number=number,
            is_archived=is_archived,
        )
        editions = Editions(PAGE.format(slug), {f"{slug}.ics": b"BEGIN\r\n"})
        place = Place(issue.file)
        boat = AssembledImage(
            "b.png", "boat-1.png", "b@x", "image/png", b"PNG", 1, 1, "A boat", place
        )
        return publish_issue(self.project, issue, editions, {"b.png": boat})

    def dispatch(
        self,
        slug: str,
        *,
        accepted: int = 1,
        at: datetime = NOON,
        starts_at: datetime | None = None,
    ) -> None:
        """Lay down a dispatch of ten recipients, so many of whom have their mail."""
        content = {
            "hash": f"{slug} {at.isoformat()}",
            "issue": slug,
            "subject": f"Subject of {slug}",
            "compiled": b"",
            "created_at": to_millis(at),
        }
        row = {
            "issue": slug,
            "content_hash": content["hash"],
            "lists": ["main"],
            "state": "done",
            "finished_at": to_millis(at),
            "total": 10,
            "created_at": to_millis(at),
            "starts_at": to_millis(starts_at) if starts_at else None,
            "waivers": {},
        }
        batch = {
            "first_seq": 1,
            "last_seq": 10,
            "state": "open",
            "n_pending": 10 - accepted,
            "n_accepted": accepted,
        }
        with self.database.writing() as connection:
            connection.execute(insert(contents), content)
            key = connection.scalar(insert(dispatches).returning(dispatches.c.id), row)
            connection.execute(insert(batches), {"dispatch_id": key, **batch})


@contextmanager
def open_archive(root: Path, base_url: str = "") -> Iterator[Archive]:
    newsletter = NewsletterSettings(
        "Letter", "letter@example.org", base_url=base_url, language="nl"
    )
    project = Project(root, Settings(newsletter))
    with open_database(project.settings.database_url, root=root) as database:
        yield Archive(project, database)
