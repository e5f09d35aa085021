"""The recipients of a dispatch as rows: for CSV files, JSON and pages. Pure.

Law: rows come one by one, and hold nothing that a spreadsheet would compute.
"""

import csv
import io
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from newsletter.workflow.reached import Person

#: Columns of the CSV file. `subscribers import` knows the first one.
COLUMNS = (
    "email",
    "reason",
    "what_to_do",
    "state",
    "code",
    "said",
    "at",
    "message_id",
    "returned",
)


def person_row(person: "Person") -> dict[str, Any]:
    """Return the promised shape of one of ``not_reached``."""
    reply = person.reply
    # Of a mail that came back not all systems tell a code.
    is_said = reply is not None and (reply.code > 0 or person.returned is not None)
    said = f"{reply.enhanced} {reply.text}".strip() if reply and is_said else ""
    return {
        "email": person.email,
        "state": person.state.name.lower(),
        "reason": person.reason.words,
        "advice": person.reason.advice,
        "code": (reply.code or None) if reply and is_said else None,
        "said": said,
        "at": instant_json(person.at),
        "message_id": person.message_id or None,
    }


def came_back_row(person: "Person") -> dict[str, Any]:
    """Return the promised shape of one of ``came_back``."""
    row = person_row(person)
    kept = ("reason", "advice", "code", "said", "at")
    shown = {name: row[name] for name in kept}
    return {"email": person.email, "class": person.returned, **shown}


def instant_json(instant: datetime | None) -> str | None:
    """Return an instant as ISO 8601, UTC, to the second."""
    return None if instant is None else instant.strftime("%Y-%m-%dT%H:%M:%SZ")


def csv_lines(people: Iterable["Person"]) -> Iterator[str]:
    """Yield the header, and a line for each; each ends with a line feed.

    UTF-8 is to be written without a mark at the beginning: scripts would take it for a
    part of the first column's name. Excel reads such a file as it should as long as all
    is ASCII, and it is: our words, what servers say, and nearly every address.
    """
    yield ",".join(COLUMNS) + "\n"
    for person in people:
        found = person_row(person)
        found["what_to_do"] = found["advice"]
        found["returned"] = person.returned
        line = io.StringIO()
        csv.writer(line, lineterminator="\n").writerow(
            [_cell(found[column]) for column in COLUMNS]
        )
        yield line.getvalue()


def _cell(value: Any) -> str:
    """Return a cell that no spreadsheet computes; `subscribers import` undoes it."""
    text = "" if value is None else str(value)
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text
