"""How the recipients of a dispatch are listed: for people, as CSV, as JSON.

All of them take people one by one and keep none.
"""

import json
import os
import textwrap
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import click

from newsletter.errors import OperationError
from newsletter.workflow.people_table import csv_lines, instant_json, person_row

if TYPE_CHECKING:
    from newsletter.workflow.reached import Person

#: On a terminal nobody reads more; the rest is told by its number.
MOST_SHOWN = 50
_LEAST_WIDTH = 30


def unknown_json(person: "Person") -> dict[str, Any]:
    """Return the promised shape of one of ``unknown_recipients``."""
    return {
        "email": person.email,
        "message_id": person.message_id,
        "at": instant_json(person.at),
    }


def missed_words(languages: Mapping[str, int]) -> str:
    """Return ``12 people have nl-BE, 4 no language: they are not among them``."""
    (first, people), *others = (
        (language or "no language", people) for language, people in languages.items()
    )
    begin = "person has" if people == 1 else "people have"
    more = "".join(f", {people:,} {language}" for language, people in others)
    return f"{people:,} {begin} {first}{more}: they are not among them"


def print_json_with(
    head: dict[str, Any], lists: Mapping[str, Iterable[dict[str, Any]]]
) -> None:
    """Print one JSON object: *head*, and lists by their key that are never whole."""
    click.echo(json.dumps(head, ensure_ascii=False, indent=2)[:-2], nl=False)
    for key, rows in lists.items():
        click.echo(f',\n  "{key}": [', nl=False)
        divider = "\n"
        for row in rows:
            click.echo(f"{divider}    {json.dumps(row, ensure_ascii=False)}", nl=False)
            divider = ",\n"
        click.echo("\n  ]" if divider == ",\n" else "]", nl=False)
    click.echo("\n}")


def write_csv(file: IO[str], people: Iterable["Person"]) -> int:
    """Write a line for each, below a header; returns how many there were."""
    count = -1
    for line in csv_lines(people):
        file.write(line)
        count += 1
    return count


@contextmanager
def private_csv(path: Path) -> Iterator[IO[str]]:
    """Open a file that only its owner may read.

    Raises:
        OperationError: It cannot be written.
    """
    try:
        flags = os.O_CREAT | os.O_WRONLY | os.O_TRUNC
        with os.fdopen(os.open(path, flags, 0o600), "w", encoding="utf-8") as file:
            # One that was there keeps its mode, which may let others read it.
            path.chmod(0o600)
            yield file
    except OSError as error:
        raise OperationError(
            f"{path}: cannot write it: {error.strerror}.", "Choose another file."
        ) from error


def person_lines(
    people: Iterable["Person"], *, columns: int, most: int = MOST_SHOWN
) -> Iterator[str]:
    """Yield address, reason and advice of each, for a terminal *columns* wide."""
    room = max(columns - 4, _LEAST_WIDTH)
    is_headed = False
    for person in islice(people, most):
        if person.returned and not is_headed:
            # They come last.
            is_headed = True
            yield "Came back later:"
        yield person.email or "(forgotten)"
        found = person_row(person)
        words = f"{found['code'] or ''} {found['said']}".strip()
        said = f"It said: {words}" if words else ""
        for text in (person.reason.words, person.reason.advice, said):
            for line in textwrap.wrap(text, room, break_long_words=False):
                yield f"    {line}"
