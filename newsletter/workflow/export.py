"""The people of a list as rows for a spreadsheet; `subscribers import` reads them back.

Law: rows come one by one and none is kept. Unless it is asked for, no cell is one that
a spreadsheet would compute: an address or a name may begin with ``=``.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from newsletter.model.segment import Segment
from newsletter.model.subscriber import LANGUAGE_FIELD, SubscriptionStatus
from newsletter.subscribers.fields import guard_cell
from newsletter.workflow.people_table import instant_json
from newsletter.workflow.project import Project
from newsletter.workflow.subscribers import list_subscribers


@dataclass(frozen=True, slots=True)
class Selection:
    """Who is exported."""

    #: Slug; None: every list.
    list: str | None = None
    status: SubscriptionStatus | None = None
    where: Segment | None = None
    #: Cells just as they are, for programs.
    is_raw: bool = False


def export_rows(project: Project, selection: Selection) -> Iterator[list[str]]:
    """Give the header, and a row for each person and list, oldest first.

    Raises:
        UsageError: There is no such list.
        OperationError: The database cannot be used.
    """
    people = list_subscribers(
        project,
        list_slug=selection.list,
        status=selection.status,
        where=selection.where,
    )
    names = [name for name in project.settings.fields if name != LANGUAGE_FIELD]
    names.append(LANGUAGE_FIELD)
    guarded = str if selection.is_raw else guard_cell

    def rows() -> Iterator[list[str]]:
        yield ["email", "list", "status", "since", *names]
        for person, standing in people:
            cells = [
                person.email,
                standing.list,
                standing.status.name.lower(),
                instant_json(standing.changed_at) or "",
                *(person.fields.get(name, "") for name in names),
            ]
            yield [guarded(cell) for cell in cells]

    return rows()
