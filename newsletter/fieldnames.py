"""What people call the things we know of a reader, in nl, en, de and fr.

Pure. Shared by the import of lists (a column "Voornaam" is the field ``first_name``)
and by the advice about a field that is written so in an issue.
"""

import unicodedata
from collections.abc import Iterable

#: Words that mean the same field as any other of their row.
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


def fold_name(written: str) -> str:
    """Return a name without what people vary: case, accents, spaces, hyphens."""
    decomposed = unicodedata.normalize("NFKD", written.casefold())
    return "".join(character for character in decomposed if character.isalnum())


def names_alike(name: str) -> frozenset[str]:
    """Return the folded words that mean the same field as *name*, itself included."""
    own = fold_name(name)
    same = next((row for row in _SAME_FIELD if own in row), frozenset())
    return same | {own}


def same_field(name: str, declared: Iterable[str]) -> str:
    """Return the declared field that *name* means in another language, or nothing."""
    alike = names_alike(name)
    return next((field for field in declared if fold_name(field) in alike), "")
