"""The headings of a list: where they stand, what its columns are, what is not used."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

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
from newsletter.subscribers.sheet import Cells, Wanted
from newsletter.validation import suggest

#: So many headers are named in a sentence.
_MOST_NAMED = 10
#: Titles and dates above the headings take no more rows than this.
_LAST_ROW = 10
#: Between the cells of rows that stand between quotes as a whole.
_SEPARATORS = ",;\t|"


class Headings(NamedTuple):
    """The row that names the columns, or the first one of a list without."""

    number: int
    #: None where it has no shape.
    cells: Sequence[str]
    #: The first rows of the list, from the first one on.
    sample: Sequence[tuple[int, Cells]]

    @property
    def is_first(self) -> bool:
        """Whether nothing stands above it."""
        return next(n for n, row in self.sample if is_filled(row)) == self.number


def find_headings(sample: Sequence[tuple[int, Cells]], wanted: Wanted) -> Headings:
    """Return the headings among the first rows of a list.

    They are in its first row, or below some rows of one cell: a title, a date.
    """
    filled = [(number, row) for number, row in sample if is_filled(row)]
    for number, row in filled:
        if number > _LAST_ROW or isinstance(row, str):
            break
        if names_addresses(row, wanted):
            return Headings(number, row, sample)
        if sum(bool(cell.strip()) for cell in row) > 1 or "@" in "".join(row):
            break
    number, first = filled[0] if filled else (1, [])
    return Headings(number, [] if isinstance(first, str) else first, sample)


def is_filled(cells: Cells) -> bool:
    """Tell whether anything stands in a row."""
    return isinstance(cells, str) or any(map(str.strip, cells))


def names_addresses(row: Sequence[str], wanted: Wanted) -> bool:
    """Tell whether a row has the heading of a column of addresses."""
    return find_columns(row, (), wanted.mapping) is not None


def judge_headings(headings: Headings, wanted: Wanted) -> Columns:
    """Return what the columns are.

    Raises:
        UsageError: ``--map`` names a field or a column that is not there.
        DefinitionError: No column has addresses.
    """
    refuse_mapping(wanted)
    if not headings.cells:
        raise no_addresses(wanted, headings.sample)
    for name, title in wanted.mapping:
        if find_header(title, headings.cells) is None:
            raise _no_column(name, title, headings.cells)
    columns = find_columns(headings.cells, wanted.field_names, wanted.mapping)
    if columns is None:
        raise no_addresses(wanted, headings.sample)
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


def no_addresses(
    wanted: Wanted, sample: Sequence[tuple[int, Cells]] = ()
) -> DefinitionError:
    """Return what to say of a file without a column of addresses.

    Args:
        wanted: What is said of it.
        sample: Its first rows.
    """
    advice = (
        'Write "email" above theirs, or say what stands there: --map email="Contact"'
    )
    rows = [(number, row) for number, row in sample if not isinstance(row, str)]
    below = [number for number, row in rows if names_addresses(row, wanted)]
    if below:
        advice = f"Row {below[0]} looks like the headings: remove what stands above it."
    elif not wanted.separator and any(_is_one_cell(row, wanted) for _, row in rows):
        advice = (
            "Each row is one cell as a whole: remove the quotes around it, or divide "
            'it in your spreadsheet ("Text to columns") and save the list again.'
        )
    problem = Problem(Place(wanted.file, 1), "no column has addresses.", advice)
    return DefinitionError([problem])


def tell_headings(
    headings: Headings, columns: Columns, wanted: Wanted
) -> tuple[str, ...]:
    """Return sentences on what stands above the headings, and on unused columns."""
    file = wanted.file
    sentences = []
    if not headings.is_first:
        sentences.append(
            f"{file}: the headings were found in row {headings.number}; what stands "
            "above them is not read."
        )
    unused = [name for name in columns.unused if name != columns.status]
    if unused:
        sentences.append(
            f"{file}: not used: {_named(unused)}. Declare them under [fields] "
            "in newsletter.toml to use them."
        )
    if columns.status:
        sentences.append(
            f'{file}: the column "{columns.status[:40]}" is not read: everybody in the '
            "file is taken for what --as says. Filter it in your spreadsheet"
            + (
                " if that is not so."
                if wanted.is_of_leavers
                else ", and import those who left first, with --as unsubscribed."
            )
        )
    return tuple(sentences)


def _is_one_cell(row: Sequence[str], wanted: Wanted) -> bool:
    """Tell whether a row would be headings, were it not one cell as a whole."""
    filled = [cell for cell in row if cell.strip()]
    return len(filled) == 1 and any(
        sign in filled[0] and names_addresses(filled[0].split(sign), wanted)
        for sign in _SEPARATORS
    )


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
