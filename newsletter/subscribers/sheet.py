"""A list of people as a table that can be read: what is asked of it, what was found."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from newsletter.model.settings import FieldType
from newsletter.model.subscriber import LANGUAGE_FIELD
from newsletter.subscribers.columns import Columns
from newsletter.subscribers.dates import DateOrder

#: Cells of a row, or a sentence instead of those of one that has no shape.
Cells = Sequence[str] | str
#: Gives all rows with their numbers, the first one first, each time it is called.
NumberedCells = Callable[[], Iterator[tuple[int, Cells]]]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the project and the editor say of a file that is to be read."""

    #: Its name as the editor knows it.
    file: str
    #: Declared fields and their types.
    fields: Mapping[str, FieldType] = field(default_factory=dict)
    #: ``--map``: (field, "email" or "-", header), in the order given.
    mapping: tuple[tuple[str, str], ...] = ()
    #: ``--encoding``, ``--separator``, ``--sheet``; empty: find out.
    encoding: str = ""
    separator: str = ""
    sheet: str = ""
    #: ``--dates``: how dates are read that leave it open; None: with the day first.
    dates: DateOrder | None = None
    #: Everybody in it left or is not reached, the editor says.
    is_of_leavers: bool = False

    @property
    def field_names(self) -> tuple[str, ...]:
        """The declared fields, and the language."""
        return tuple(dict.fromkeys([*self.fields, LANGUAGE_FIELD]))


@dataclass(frozen=True, slots=True)
class Sheet:
    """A file that can be read, before its rows are."""

    #: As the editor knows it.
    file: str
    cells: NumberedCells = field(repr=False)
    columns: Columns
    #: Number of the first row with people.
    first_row: int
    #: Cells of the header; more in a row means that a value was torn apart.
    width: int
    #: Declared fields and their types.
    fields: Mapping[str, FieldType]
    #: "UTF-8", or empty for a file that says itself how it is written.
    encoding: str = ""
    #: The sign between its cells; empty: as for `encoding`.
    separator: str = ""
    #: What was recognised: "read as UTF-8, separated by semicolons".
    reading: str = ""
    #: Sentences on what was guessed and what is not used.
    warnings: tuple[str, ...] = ()
    #: Fields that are dates, with the year last -> how their column is read.
    dates: Mapping[str, DateOrder] = field(default_factory=dict)
    #: Whether an address makes a row, whatever is wrong with the rest: who left must
    #: not stay on a list because of a date of birth.
    is_address_enough: bool = False
