"""The headings of a list of people: what its columns are, and what is not used."""

from collections.abc import Iterable, Sequence

from newsletter.addresses import mask_addresses
from newsletter.errors import DefinitionError, UsageError
from newsletter.model.problem import Place, Problem
from newsletter.subscribers.columns import (
    EMAIL,
    IGNORED,
    Columns,
    find_columns,
    find_header,
)
from newsletter.subscribers.sheet import Wanted
from newsletter.validation import suggest

#: So many headers are named in a sentence.
_MOST_NAMED = 10


def judge_header(header: Sequence[str], wanted: Wanted) -> Columns:
    """Return what the columns are, by the header that was found.

    Raises:
        UsageError: ``--map`` names a field or a column that is not there.
        DefinitionError: No column has addresses.
    """
    refuse_mapping(wanted)
    for name, title in wanted.mapping:
        if find_header(title, header) is None:
            raise _no_column(name, title, header)
    columns = find_columns(header, wanted.field_names, wanted.mapping)
    if columns is None:
        raise no_addresses(wanted.file)
    return columns


def refuse_mapping(wanted: Wanted) -> None:
    """Refuse a ``--map`` that gives a column to no field we know.

    Raises:
        UsageError: It does.
    """
    known = (EMAIL, *wanted.field_names, IGNORED)
    seen: set[str] = set()
    for name, title in wanted.mapping:
        if name not in known:
            advice = suggest(name, known) or (
                f"Declare it in newsletter.toml with [fields.{name}]."
                if name.isidentifier()
                else ""
            )
            raise UsageError(
                f'--map {name}={title}: there is no field "{name}".', advice
            )
        if name in seen:
            raise UsageError(f"--map {name}={title}: {name} was given a column before.")
        seen |= {name} - {IGNORED}


def no_addresses(file: str) -> DefinitionError:
    """Return what to say of a file without a column of addresses."""
    problem = Problem(
        Place(file, 1),
        "no column has addresses.",
        'Write "email" above theirs, or say what stands there: --map email="Contact"',
    )
    return DefinitionError([problem])


def tell_columns(columns: Columns, file: str) -> tuple[str, ...]:
    """Return sentences on the columns that are not used."""
    sentences = []
    unused = [name for name in columns.unused if name != columns.status]
    if unused:
        sentences.append(
            f"{file}: not used: {_named(unused)}. Declare them under [fields] "
            "in newsletter.toml to use them."
        )
    if columns.status:
        sentences.append(
            f'{file}: the column "{columns.status[:40]}" is not read: everybody in the '
            "file is taken for what --as says. Filter it in your spreadsheet, and "
            "import those who left first, with --as unsubscribed."
        )
    return tuple(sentences)


def _named(headers: Iterable[str]) -> str:
    # Where a header is missing, somebody's address may stand in its place.
    names = [f'"{mask_addresses(name)[:40]}"' for name in headers]
    more = len(names) - _MOST_NAMED
    shown = ", ".join(names[:_MOST_NAMED])
    return f"{shown} and {more} more" if more > 0 else shown


def _no_column(name: str, title: str, header: Sequence[str]) -> UsageError:
    names = [cell.strip() for cell in header if cell.strip()]
    advice = suggest(title, names)
    return UsageError(
        f'--map {name}={title}: there is no column "{title}".',
        f"{advice} There are: {_named(names)}.".strip(),
    )
