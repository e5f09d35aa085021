"""The columns of a list that hold dates: how day and month stand in each of them."""

from dataclasses import replace

from newsletter.subscribers.dates import (
    DateOrder,
    Sign,
    is_guess,
    order_of,
    sign_of,
)
from newsletter.subscribers.fields import clean_cell, clean_text
from newsletter.subscribers.sheet import Sheet

#: So many dates of a column are remembered: all days of a lifetime.
_REMEMBERED = 36_500
#: No date is longer, with its time and space around it.
_LONGEST = 60


def settle_dates(sheet: Sheet, told: DateOrder | None = None) -> Sheet:
    """Find out how the dates of a list are written, reading all of it where it has any.

    Args:
        sheet: The list.
        told: What the editor says (``--dates``); None: find out.
    """
    signs = _signs(sheet)
    found = {name: order_of(seen, told) for name, seen in signs.items()}
    orders = {name: order for name, order in found.items() if order}
    warnings = [
        _warn(sheet, name, order)
        for name, order in orders.items()
        if order is DateOrder.MIXED or (not told and is_guess(signs[name]))
    ]
    return replace(sheet, dates=orders, warnings=(*sheet.warnings, *warnings))


def _signs(sheet: Sheet) -> dict[str, Sign]:
    """Return what all the dates of each column say together."""
    columns = [
        (name, place, _Glance())
        for name, place in sheet.columns.fields.items()
        if sheet.fields.get(name) == "date"
    ]
    if not columns:
        return {}
    for number, cells in sheet.cells():
        if isinstance(cells, str) or number < sheet.first_row:
            continue
        for _, place, glance in columns:
            if place < len(cells) and cells[place] not in glance.seen:
                glance.at(cells[place])
    return {name: glance.signs for name, _, glance in columns}


class _Glance:
    """What the dates of one column said so far, each of them looked at once."""

    def __init__(self) -> None:
        self.seen: set[str] = set()
        self.signs = Sign.NOTHING

    def at(self, cell: str) -> None:
        if len(cell) > _LONGEST:
            return
        if len(self.seen) == _REMEMBERED:
            self.seen.clear()
        self.seen.add(cell)
        self.signs |= sign_of(clean_text(clean_cell(cell)))


def _warn(sheet: Sheet, name: str, order: DateOrder) -> str:
    """Return what to say of a column that leaves its order open."""
    header = sheet.columns.names[name]
    if order is DateOrder.MIXED:
        return (
            f'{sheet.file}: in "{header}" some dates have the day first, others the '
            "month; what may be either is not used. Say how to read it: --dates "
            f"{DateOrder.DAY_FIRST}, or {DateOrder.MONTH_FIRST}."
        )
    return (
        f'{sheet.file}: the dates in "{header}" may have the day or the month first; '
        f"they are read as {order}. If that is wrong: --dates {DateOrder.MONTH_FIRST}."
    )
