"""The columns of a list that hold dates: how day and month stand in each of them."""

from dataclasses import replace
from functools import lru_cache

from newsletter.subscribers.dates import (
    DateOrder,
    Sign,
    is_guess,
    order_of,
    sign_of,
)
from newsletter.subscribers.fields import clean_cell, clean_text
from newsletter.subscribers.sheet import Sheet

#: So many dates of a column are looked at once.
_REMEMBERED = 4096


def settle_dates(sheet: Sheet, told: DateOrder | None = None) -> Sheet:
    """Find out how the dates of a list are written, reading all of it where it has any.

    Args:
        sheet: The list.
        told: What the editor says (``--dates``); None: find out.
    """
    signs = _signs(sheet)
    found = {name: order_of(seen) for name, seen in signs.items()}
    orders = {name: told or order for name, order in found.items() if order}
    warnings = [
        _warn(sheet, name, order)
        for name, order in orders.items()
        if order is DateOrder.MIXED or (not told and is_guess(signs[name]))
    ]
    return replace(sheet, dates=orders, warnings=(*sheet.warnings, *warnings))


def _signs(sheet: Sheet) -> dict[str, Sign]:
    """Return what all the dates of each column say together."""
    places = {
        name: place
        for name, place in sheet.columns.fields.items()
        if sheet.fields.get(name) == "date"
    }
    if not places:
        return {}
    look = lru_cache(_REMEMBERED)(_look)
    signs = dict.fromkeys(places, Sign.NOTHING)
    for number, cells in sheet.cells():
        if isinstance(cells, str) or number < sheet.first_row:
            continue
        for name, place in places.items():
            if place < len(cells):
                signs[name] |= look(cells[place])
    return signs


def _look(cell: str) -> Sign:
    return sign_of(clean_text(clean_cell(cell)))


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
