"""Which column of a list file is what, by the words people put above it."""

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

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
#: Headers that mean the same field as any other of their row.
_SAME_FIELD = tuple(
    frozenset(row.split())
    for row in (
        "firstname givenname voornaam roepnaam vorname prenom",
        "lastname surname familyname achternaam nachname familienname nomdefamille",
        "name fullname naam volledigenaam nom nomcomplet",
        "organisation organization organisatie organisationname verein association "
        "company bedrijf firma societe",
        "language taal sprache langue",
        "town city plaats woonplaats ort stadt ville",
    )
)


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
    names = [fold_header(cell) for cell in header]
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


def fold_header(cell: str) -> str:
    """Return a header without what people vary: case, accents, spaces, hyphens."""
    decomposed = unicodedata.normalize("NFKD", cell.casefold())
    return "".join(character for character in decomposed if character.isalnum())


def _find_field(name: str, names: Sequence[str], taken: set[int]) -> int | None:
    own = fold_header(name)
    same = next((row for row in _SAME_FIELD if own in row), frozenset())
    for words in (frozenset({own}), same):
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
