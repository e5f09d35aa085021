"""What an import tells of values that it cannot use: each of a few, the sum of many."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from newsletter.store.omissions import ColumnOmissions
    from newsletter.subscribers.sheet import Sheet


def tell_omissions(
    sheet: "Sheet", omissions: "tuple[ColumnOmissions, ...]"
) -> Iterator[str]:
    """Give lines on the values of a file that cannot be used, and what to do."""
    file = sheet.file
    for column in omissions:
        header = sheet.columns.names[column.field]
        if column.count > len(column.first):
            number, told = column.first[0]
            yield (
                f'{file}: {column.count:,} rows count without "{header}"; '
                f"row {number}, the first, holds {told}."
            )
        else:
            for number, told in column.first:
                yield (
                    f'{file}:{number}: "{header}" holds {told}; '
                    "the row counts without it."
                )
        yield (
            f'{file}: mend "{header}" in the file, or leave the column out with '
            f'--map "-={header}".'
        )


def omissions_json(
    sheet: "Sheet", omissions: "tuple[ColumnOmissions, ...]"
) -> list[dict[str, Any]]:
    """Return what `--json` tells of them."""
    names = sheet.columns.names
    return [
        {
            "field": column.field,
            "column": names[column.field],
            "rows": column.count,
            "first": [
                {"row": number, "message": f'"{names[column.field]}" holds {told}.'}
                for number, told in column.first
            ],
        }
        for column in omissions
    ]
