"""Assembled issues made of values: nothing is parsed or rendered here."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from newsletter.checks.facts import Facts
from newsletter.model.assembled import UNSUBSCRIBE_URL, Assembled, Slot
from newsletter.model.issue import Block, Issue, Text
from newsletter.model.problem import Place

FILE = "issues/2023-02.md"
NOW = datetime(2023, 2, 14, 10, 0, tzinfo=ZoneInfo("Europe/Amsterdam"))
MARKER = "@@3fa9c1_0@@"


def issue_of(*blocks: Block, **changes: Any) -> Issue:
    issue = Issue(
        file=FILE,
        slug="2023-02",
        subject=(Text("A meeting, a card and four rulings"),),
        preheader=(Text("Meet us on 28 February, and what the judges said"),),
        date=date(2023, 2, 14),
        language="en",
        opening=blocks,
        places={"subject": Place(FILE, 2, 10), "preheader": Place(FILE, 3, 12)},
    )
    return replace(issue, **changes)


def assembled_of(issue: Issue, **changes: Any) -> Assembled:
    assembled = Assembled(
        issue=issue,
        subject="A meeting, a card and four rulings",
        html=f'<a href="{MARKER}">Unsubscribe</a>',
        text=f"Unsubscribe: <{MARKER}>\n",
        slots=(Slot(MARKER, UNSUBSCRIBE_URL),),
        links=(),
    )
    return replace(assembled, **changes)


@pytest.fixture
def assemble() -> Callable[..., Assembled]:
    """Return a function: blocks and changes of the issue -> assembled issue."""

    def make(*blocks: Block, **changes: Any) -> Assembled:
        return assembled_of(issue_of(*blocks, **changes))

    return make


@pytest.fixture
def facts() -> Facts:
    return Facts(now=NOW, postal_address="Main Street 1, Utrecht")
