"""`newsletter doctor`."""

import os
import shutil
import sys
import textwrap
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import TYPE_CHECKING

import click

from newsletter.cli.context import json_option, pass_project, print_json, say
from newsletter.cli.findings import count_of
from newsletter.model.diagnosis import Diagnosis, Health

if TYPE_CHECKING:
    from newsletter.workflow.project import Project

_COLOURS = {
    Health.OK: "green",
    Health.INFO: "blue",
    Health.WARNING: "yellow",
    Health.ERROR: "red",
}
_WIDTH = max(len(health.name) for health in Health)
_INDENT = " " * (_WIDTH + 4)
#: Narrower columns of words are no easier to read than long lines.
_LEAST_COLUMNS = 60


@click.command("doctor")
@click.option("--offline", is_flag=True, help="Look at this computer alone.")
@click.option("--strict", is_flag=True, help="Count warnings as errors.")
@click.option(
    "--make-dkim-key",
    "selector",
    metavar="SELECTOR",
    help="Make a key to sign with, and show its DNS record; look at nothing.",
)
@json_option
@pass_project
def command(
    project: "Project",
    offline: bool,
    strict: bool,
    selector: str | None,
    as_json: bool,
) -> int:
    """Look whether everything is in order for mails to arrive; send nothing.

    Mail server, login, SPF, DKIM, DMARC, mailboxes, public pages and this computer;
    each with what to do. Exit code 0: no errors; 1: something is to be put right.
    """
    if selector is not None:
        return _make_key(project, selector, as_json=as_json)
    from newsletter.workflow.doctor import Examination, examine

    if not offline and sys.stderr.isatty():
        say("Asking name servers, mail server and public pages; at most 15 seconds.")
    found = examine(Examination(project, os.environ, is_offline=offline))
    if as_json:
        print_json(doctor_json(found))
    else:
        _show(found)
    worst = max(diagnosis.severity for diagnosis in found)
    return 1 if worst >= (Health.WARNING if strict else Health.ERROR) else 0


def doctor_json(found: Iterable[Diagnosis]) -> dict[str, object]:
    """Return the promised shape of ``doctor --json``."""
    diagnoses = [
        {
            "subject": one.subject.value,
            "severity": one.severity.name.lower(),
            "message": one.message,
            "advice": one.advice,
        }
        for one in found
    ]
    errors = sum(one["severity"] == "error" for one in diagnoses)
    return {"errors": errors, "diagnoses": diagnoses}


def diagnosis_lines(
    found: Iterable[Diagnosis], *, columns: int | None = None
) -> Iterator[str]:
    """Yield diagnoses as lines, those of one subject below its name.

    Args:
        found: In order of subject.
        columns: Width of the terminal; None leaves lines whole.
    """
    for subject, group in groupby(found, key=lambda one: one.subject):
        yield click.style(f"{subject[:1].upper()}{subject[1:]}", bold=True)
        for one in group:
            yield from _lines_of(one, columns)
        yield ""


def _lines_of(one: Diagnosis, columns: int | None) -> Iterator[str]:
    name = one.severity.name.lower()
    label = click.style(f"{name:<{_WIDTH}}", fg=_COLOURS[one.severity])
    first, *others = _wrapped(one.message, columns)
    yield f"  {label}  {first}"
    for line in others:
        yield f"{_INDENT}{line}"
    for text in one.advice.splitlines():
        for line in _wrapped(text, columns):
            yield f"{_INDENT}{line}"


def _wrapped(text: str, columns: int | None) -> list[str]:
    # What is to be copied stays in one piece.
    if columns is None or text.startswith("    "):
        return [text]
    width = max(columns, _LEAST_COLUMNS) - len(_INDENT)
    return textwrap.wrap(text, width, break_on_hyphens=False, break_long_words=False)


def _show(found: Iterable[Diagnosis]) -> None:
    found = tuple(found)
    columns = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
    for line in diagnosis_lines(found, columns=columns):
        click.echo(line)
    click.echo(_closing(found))


def _closing(found: Iterable[Diagnosis]) -> str:
    counts = Counter(one.severity for one in found)
    grave = [
        count_of(counts[health], health.name.lower())
        for health in (Health.ERROR, Health.WARNING)
        if counts[health]
    ]
    return f"{', '.join(grave)}." if grave else "Nothing to put right."


def _make_key(project: "Project", selector: str, *, as_json: bool) -> int:
    from newsletter.workflow.dkim_keys import make_key
    from newsletter.workflow.doctor import key_line

    key = make_key(project, selector)
    if as_json:
        print_json(
            {
                "file": project.shown(key.path),
                "dns_name": key.dns_name,
                "dns_value": key.dns_value,
                "settings": key.settings_lines,
            }
        )
        return 0
    click.echo(f"Made {project.shown(key.path)}; keep a copy in a safe place.\n")
    click.echo(f"Ask whoever runs the DNS to add:\n\n{key_line(key)}\n")
    if key.settings_lines:
        lines = textwrap.indent(key.settings_lines, "    ")
        click.echo(f"When it is there, add to newsletter.toml:\n\n{lines}\n")
    click.echo("Then look whether the two fit: newsletter doctor")
    return 0
