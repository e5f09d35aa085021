"""The page of dispatches: the newest one, its people, earlier ones. It only reads.

In: a project folder. Out: a page that needs no script, and a CSV file. Addresses of
readers stand here: all of it is behind the gate, and no browser keeps any of it.
"""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from newsletter.errors import NewsletterError
from newsletter.model.delivery import DeliveryState
from newsletter.model.dispatch import Dispatch
from newsletter.studio.answers import PAGE_POLICY, PRIVATE, html_answer
from newsletter.studio.dispatch_view import (
    ReasonGroup,
    dealt_with,
    group_by_reason,
    lead,
    mood,
    segments,
    spoken,
    title,
)
from newsletter.workflow.care import find_care
from newsletter.workflow.peek import peek_overview, peeking_at_people
from newsletter.workflow.people_table import csv_lines
from newsletter.workflow.project import Project, open_project
from newsletter.workflow.reached import NOT_REACHED, Person
from newsletter.workflow.schedule import show_start
from newsletter.workflow.standing import moments, next_steps, numbers
from newsletter.workflow.status import Overview

#: On a page nobody reads more; the CSV file has all.
_MOST_PEOPLE = 200
#: Two years of a monthly letter.
_MOST_EARLIER = 24
#: What the page lists under their reasons; of who was not tried yet a number says all.
_EXPLAINED = (DeliveryState.REFUSED, DeliveryState.DEFERRED, DeliveryState.SKIPPED)
_LISTS = {
    "not-reached": NOT_REACHED,
    "unknown": frozenset({DeliveryState.UNKNOWN}),
    "everybody": frozenset(DeliveryState),
}


@dataclass(frozen=True, slots=True)
class Dispatches:
    """The handlers of the page."""

    #: The project folder; its settings are read anew, as they may have changed.
    root: Path

    async def page(self, request: Request) -> Response:
        """Show a dispatch, without a number the newest."""
        html = await asyncio.to_thread(self._page, _number(request))
        return html_answer(html, PAGE_POLICY)

    async def people(self, request: Request) -> Response:
        """Give the recipients as a CSV file, one by one."""
        which = request.query_params.get("who", "not-reached")
        if which not in _LISTS:
            raise HTTPException(404)
        found = await asyncio.to_thread(self._find, _number(request))
        if found is None:
            raise HTTPException(404)
        project, overview = found
        name = f"dispatch-{overview.dispatch.id}-{which}.csv"
        headers = {**PRIVATE, "Content-Disposition": f'attachment; filename="{name}"'}
        return StreamingResponse(
            _csv(project, overview.dispatch, which),
            headers=headers,
            media_type="text/csv; charset=utf-8",
        )

    def look(self) -> object:
        """Return what is another value whenever the page would be another page."""
        try:
            found = self._find(None)
        except NewsletterError as error:
            return str(error)
        if found is None:
            return None
        overview = found[1]
        # A rate that falls by itself is no news.
        return overview.dispatch, tuple(overview.earlier)

    def _find(self, number: int | None) -> tuple[Project, Overview] | None:
        project = open_project(self.root, search=False)
        overview = peek_overview(project, number, most_earlier=_MOST_EARLIER)
        return None if overview is None else (project, overview)

    def _page(self, number: int | None) -> str:
        try:
            found = self._find(number)
        except NewsletterError as error:
            return _render(fault=str(error))
        if found is None and number is not None:
            raise HTTPException(404)
        return _render(**_values(*found)) if found else _render()


def _number(request: Request) -> int | None:
    """Return the number that was asked for.

    Raises:
        HTTPException: It is none.
    """
    text = request.query_params.get("number", "")
    if not text:
        return None
    if not text.isascii() or not text.isdecimal() or len(text) > 9:
        raise HTTPException(404)
    return int(text)


def _values(project: Project, overview: Overview) -> dict[str, Any]:
    dispatch, now = overview.dispatch, datetime.now(UTC)
    zone = project.settings.newsletter.time_zone
    # What these commands would print stands on the page itself.
    lists = f"newsletter status {dispatch.id}"
    shown = (f"{lists} --unknown", f"{lists} --not-reached")
    steps = next_steps(dispatch, find_care(project, dispatch))
    return {
        "overview": overview,
        "dispatch": dispatch,
        "title": title(dispatch),
        "mood": mood(dispatch),
        "lead": lead(overview, now=now, time_zone=zone),
        "spoken": spoken(dispatch),
        "dealt_with": dealt_with(dispatch),
        "segments": list(segments(dispatch)),
        "numbers": list(numbers(dispatch)),
        "steps": [one for one in steps if one.command not in shown],
        "moments": [
            (name, show_start(at, zone)) for name, at in moments(dispatch, now=now)
        ],
        "groups": _groups(project, dispatch),
        "explained": sum(dispatch.counts[state] for state in _EXPLAINED),
        "unknown": _unknown(project, dispatch),
        "most": _MOST_PEOPLE,
    }


def _groups(project: Project, dispatch: Dispatch) -> list[ReasonGroup]:
    if not any(dispatch.counts[state] for state in _EXPLAINED):
        return []
    with peeking_at_people(project, dispatch, _EXPLAINED) as people:
        return group_by_reason(people, most=_MOST_PEOPLE)


def _unknown(project: Project, dispatch: Dispatch) -> list[Person]:
    if not dispatch.counts[DeliveryState.UNKNOWN]:
        return []
    with peeking_at_people(project, dispatch, _LISTS["unknown"]) as people:
        return [person for person, _ in zip(people, range(_MOST_PEOPLE), strict=False)]


def _csv(project: Project, dispatch: Dispatch, which: str) -> Iterator[str]:
    with peeking_at_people(project, dispatch, _LISTS[which]) as people:
        yield from csv_lines(people)


def _render(**values: Any) -> str:
    template = _environment().get_template("dispatches.html.j2")
    return template.render({"fault": "", "dispatch": None} | values)


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("newsletter.studio", "pages"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
