"""Which column of a list file is what, by the words people put above it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from newsletter.fieldnames import fold_name, names_alike

#: Headers that can only mean a mail address, in nl, en, de and fr.
_EMAIL = frozenset(
    [
        "email",
        "mail",
        "mailadres",
        "emailadres",
        "mailaddress",
        "emailaddress",
        "mailadresse",
        "emailadresse",
        "adressemail",
        "adresseemail",
        "adresseelectronique",
        "courriel",
        "courrierelectronique",
        "mel",
        "epost",
        "email1",
        "email1value",
        "emailaddress1",
    ]
)
#: Headers that may also mean a street; used where nothing better is there.
_EMAIL_PERHAPS = frozenset(["adres", "address", "adresse"])


@dataclass(frozen=True, slots=True)
class Columns:
    """Where in a row things stand; counted from 0."""

    email: int
    #: Declared field -> column.
    fields: Mapping[str, int] = field(default_factory=dict)
    #: Headers of columns that are not used.
    unused: tuple[str, ...] = ()


def find_columns(header: Sequence[str], fields: Iterable[str]) -> Columns | None:
    """Return what the columns under *header* are, or None without one for addresses.

    Args:
        header: First row of a file.
        fields: Names of the declared fields.
    """
    names = [fold_name(cell) for cell in header]
    email = _first(names, _EMAIL)
    if email is None:
        email = _first(names, _EMAIL_PERHAPS)
    if email is None:
        return None
    found: dict[str, int] = {}
    for field_name in fields:
        column = _find_field(field_name, names, {email, *found.values()})
        if column is not None:
            found[field_name] = column
    used = {email, *found.values()}
    unused = (cell.strip() for index, cell in enumerate(header) if index not in used)
    return Columns(email, found, tuple(cell for cell in unused if cell))


def _find_field(name: str, names: Sequence[str], taken: set[int]) -> int | None:
    for words in (frozenset({fold_name(name)}), names_alike(name)):
        column = _first(names, words, taken)
        if column is not None:
            return column
    return None


def _first(
    names: Sequence[str], words: frozenset[str], taken: Iterable[int] = ()
) -> int | None:
    return next(
        (i for i, name in enumerate(names) if name in words and i not in taken), None
    )
