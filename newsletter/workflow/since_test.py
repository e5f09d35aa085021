"""When the mail of an issue was last tested, and what changed since."""

from dataclasses import dataclass
from datetime import datetime

from newsletter.model.message import CompiledMessage
from newsletter.store.contents import last_tested_at
from newsletter.store.database import open_database
from newsletter.workflow.changes import Changes
from newsletter.workflow.compose import Composition
from newsletter.workflow.differences import present_copy, tested_version
from newsletter.workflow.project import Project
from newsletter.workflow.redline import compare


@dataclass(frozen=True, slots=True)
class Tested:
    """The last test of an issue."""

    #: Aware.
    at: datetime
    #: What the mail says otherwise now; None: this very mail was tested.
    changes: Changes | None = None
    #: "the test of Tuesday 14 February 2023, 14:20"; empty where nothing changed.
    title: str = ""

    @property
    def summary(self) -> str:
        """``2 items changed since the test of …``; empty when this mail was tested."""
        if self.changes is None:
            return ""
        said = "something out of sight changed"
        if not self.changes.is_empty:
            said = self.changes.summary[:1].lower() + self.changes.summary[1:]
        return f"{said} since {self.title}"


def read_tested(
    project: Project, composition: Composition, compiled: CompiledMessage
) -> Tested | None:
    """Return the last test of an issue, None when there never was one.

    Args:
        project: The project.
        composition: The issue as it is now.
        compiled: Its mail.

    Raises:
        OperationError: The database cannot be read.
    """
    with (
        open_database(project.settings.database_url, root=project.root) as database,
        database.reading() as connection,
    ):
        at = last_tested_at(connection, compiled.content_hash)
    if at is not None:
        return Tested(at)
    version = tested_version(project, composition)
    present = present_copy(project, composition)
    if version is None or present is None:
        return None
    return Tested(version.at, compare(version.copy, present), version.title)
