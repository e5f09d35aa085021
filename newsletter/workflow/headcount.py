"""How many people a condition means, before anything is done with them."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlalchemy import ColumnElement, true

from newsletter.model.segment import BUILT_IN, Segment, fields_in
from newsletter.store.audience import is_mailable
from newsletter.store.database import exists, open_database
from newsletter.store.segments import (
    count_missed_languages,
    count_people,
    is_in,
    lacks,
)
from newsletter.workflow.imports import choose_list
from newsletter.workflow.project import Project


@dataclass(frozen=True, slots=True)
class Headcount:
    """How many people, and who of them gets mail."""

    #: Everybody who is meant, whatever their standing.
    people: int = 0
    #: Who of them gets mail of any of the lists.
    mailable: int = 0
    #: List -> who of them gets its mail.
    by_list: Mapping[str, int] = field(default_factory=dict)
    #: Field of the condition -> people who get mail, meant or not, of whom nothing is
    #: known there.
    without: Mapping[str, int] = field(default_factory=dict)
    #: Languages that the condition leaves out although it asks for them without region,
    #: or empty for none -> people who get mail.
    missed_languages: Mapping[str, int] = field(default_factory=dict)


def count_subscribers(
    project: Project, *, list_slug: str | None = None, where: Segment | None = None
) -> Headcount:
    """Count the people of one list, or of all, whom *where* means.

    Raises:
        UsageError: There is no such list.
        OperationError: The database cannot be used.
    """
    slugs = (choose_list(project, list_slug),) if list_slug else _all_lists(project)
    url = project.settings.database_url
    if not exists(url, root=project.root):
        return Headcount(by_list=dict.fromkeys(slugs, 0))
    meant = true() if where is None else is_in(where)
    gets_mail = is_mailable(slugs)
    with (
        open_database(url, root=project.root) as database,
        database.reading() as connection,
    ):

        def count(condition: ColumnElement[bool]) -> int:
            within = list_slug and slugs[0]
            return count_people(connection, list_slug=within, where=condition)

        return Headcount(
            people=count(meant),
            mailable=count(gets_mail & meant),
            by_list={slug: count(is_mailable([slug]) & meant) for slug in slugs},
            without={name: count(gets_mail & lacks(name)) for name in _asked(where)},
            missed_languages=count_missed_languages(connection, slugs, where),
        )


def _all_lists(project: Project) -> tuple[str, ...]:
    return tuple(project.settings.lists)


def _asked(where: Segment | None) -> tuple[str, ...]:
    """Return the fields that a condition asks for, each once."""
    asked = () if where is None else dict.fromkeys(fields_in(where.condition))
    return tuple(name for name in asked if name not in BUILT_IN)
