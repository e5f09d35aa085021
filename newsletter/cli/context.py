"""What commands share: the project they work in, plain and JSON output, progress."""

import functools
import json
import os
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from newsletter.workflow.project import Project
    from newsletter.workflow.report import Begin

#: Not printable, to Python; Persian, Arabic and Indic names are written with them.
_JOINERS = "\u200c\u200d"


def pass_project(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add ``--project DIR`` and hand the opened `Project` as first argument.

    A line on standard error says first what is left to do of each open dispatch, or
    that another copy of the newsletter is in charge.
    """
    return _passing(command, lambda project, _: tell_begin(project))


def pass_project_of_dispatch(command: Callable[..., Any]) -> Callable[..., Any]:
    """Do as `pass_project`, for a command that acts on the dispatch ``number``.

    It shows how that one stands by itself; only of others a line is said.
    """
    return _passing(command, _tell_of_others)


def pass_silent_project(command: Callable[..., Any]) -> Callable[..., Any]:
    """Do as `pass_project`, for a command that calls `tell_begin` itself."""
    return _passing(command, lambda _project, _arguments: None)


def _passing(
    command: Callable[..., Any],
    begin: Callable[["Project", dict[str, Any]], None],
) -> Callable[..., Any]:
    """Add ``--project DIR``, and call *begin* with project and arguments first."""

    @click.option(
        "--project",
        "folder",
        type=click.Path(path_type=Path, file_okay=False),
        default=None,
        help="Project folder; default: the nearest with a newsletter.toml.",
    )
    @functools.wraps(command)
    def wrapper(folder: Path | None, *args: Any, **kwargs: Any) -> Any:
        from newsletter.workflow.project import open_project

        project = open_project(folder or Path.cwd(), search=folder is None)
        begin(project, kwargs)
        return command(project, *args, **kwargs)

    return wrapper


def tell_begin(project: "Project") -> None:
    """Say what a command begins with."""
    from newsletter.workflow.report import read_begin

    begin = read_begin(project)
    tell_elsewhere(begin)
    tell_dispatches(begin)


def _tell_of_others(project: "Project", arguments: dict[str, Any]) -> None:
    from newsletter.workflow.report import read_begin

    begin = read_begin(project)
    number: int | None = arguments["number"]
    if number is None and len(begin.dispatches) == 1:
        # Without a number the only open one is meant.
        (number,) = begin.dispatches
    tell_elsewhere(begin)
    tell_dispatches(begin, besides=number)


def tell_elsewhere(begin: "Begin") -> None:
    """Say who is in charge, where that is another copy."""
    if begin.elsewhere:
        say(begin.elsewhere)


def tell_dispatches(begin: "Begin", *, besides: int | None = None) -> None:
    """Say what is left to do, *besides* the dispatch that is shown anyway."""
    for number, line in begin.dispatches.items():
        if number != besides:
            say(line)


def program() -> str:
    """Return how to type our name here: in a virtual environment it may need a path."""
    typed = Path(sys.argv[0])
    found = shutil.which("newsletter")
    if typed.name != "newsletter" or (
        found and typed.exists() and typed.samefile(found)
    ):
        return "newsletter"
    return str(typed.absolute())


def say(text: str = "") -> None:
    """Print a line for people: on standard error, so that output stays clean."""
    click.echo(text, err=True)


def printable(line: str) -> str:
    """Return a line by which whoever wrote some of it cannot control the terminal."""
    return "".join(
        letter
        if letter.isprintable() or letter in _JOINERS
        else "\N{REPLACEMENT CHARACTER}"
        for letter in line
    )


def print_json(value: Any) -> None:
    """Print one JSON object, the only thing on standard output under ``--json``."""
    click.echo(json.dumps(value, ensure_ascii=False, indent=2))


json_option = click.option(
    "--json", "as_json", is_flag=True, help="Print one JSON object on standard output."
)


where_option = click.option(
    "--where",
    metavar="EXPR",
    help='Only people like these: \'language == "nl" and "volunteer" in tags\'.',
)


def is_terminal() -> bool:
    """Whether somebody can be asked: standard input and error are a terminal."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def open_browser(url: str) -> None:
    """Show a page, if a browser would open beside us and not inside the terminal."""
    displays = ("DISPLAY", "WAYLAND_DISPLAY")
    is_seen = sys.platform != "linux" or any(map(os.environ.get, displays))
    if is_terminal() and is_seen:
        click.launch(url)


@contextmanager
def progress(label: str, total: int) -> Iterator[Callable[[int], None]]:
    """Show how far a long work is: a bar on a terminal, nothing elsewhere.

    Yields:
        A function that takes how many more are done.
    """
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(label, total=total)
        yield lambda done: bar.update(task, advance=done)


def print_rows(rows: Iterable[tuple[str, str]]) -> None:
    """Print label and value in two columns."""
    pairs = list(rows)
    width = max((len(label) for label, _ in pairs), default=0)
    for label, value in pairs:
        click.echo(f"{label:<{width}}  {value}".rstrip())
