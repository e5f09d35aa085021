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


#: Headers under which other services say who left. What they say there is not read.
_STATUS = frozenset(
    [
        "status",
        "subscriptionstatus",
        "subscribed",
        "unsubscribed",
        "optin",
        "optout",
        "optinstatus",
        "emailstatus",
        "memberstatus",
        "uitgeschreven",
        "afgemeld",
        "abgemeldet",
        "desinscrit",
        "statut",
    ]
)
#: In ``--map``, for a column that is to be left alone.
IGNORED = "-"
#: In ``--map``, for the column of addresses.
EMAIL = "email"


@dataclass(frozen=True, slots=True)
class Columns:
    """Where in a row things stand; counted from 0."""

    email: int
    #: Declared field -> column.
    fields: Mapping[str, int] = field(default_factory=dict)
    #: Headers of columns that are not used, but for those the editor knows of.
    unused: tuple[str, ...] = ()
    #: "email" and the fields -> header they were found under; empty: there is none.
    names: Mapping[str, str] = field(default_factory=dict)

    @property
    def status(self) -> str:
        """Header under which another service says who left, or empty."""
        return next((name for name in self.unused if fold_name(name) in _STATUS), "")


def find_columns(
    header: Sequence[str],
    fields: Iterable[str],
    chosen: Sequence[tuple[str, str]] = (),
) -> Columns | None:
    """Return what the columns under *header* are, or None without one for addresses.

    Args:
        header: First row of a file.
        fields: Names of the declared fields.
        chosen: What the editor said (``--map``): field, `EMAIL` or `IGNORED`, and the
            header of its column. They go before all that is found here; one that is
            not in this header counts for nothing.
    """
    names = [fold_name(cell) for cell in header]
    places = [(name, find_header(title, header)) for name, title in chosen]
    mapped = {name: place for name, place in places if place is not None}
    ignored = {place for name, place in places if name == IGNORED and place is not None}
    taken = {*mapped.values(), *ignored}
    email = mapped.get(EMAIL)
    for words in (_EMAIL, _EMAIL_PERHAPS):
        if email is None:
            email = _first(names, words, taken)
    if email is None:
        return None
    found: dict[str, int] = {}
    for name in fields:
        column = mapped.get(name)
        if column is None:
            column = _find_field(name, names, {email, *taken, *found.values()})
        if column is not None:
            found[name] = column
    used = {email, *found.values(), *ignored}
    unused = (cell.strip() for index, cell in enumerate(header) if index not in used)
    used_as = {EMAIL: email, **found}
    return Columns(
        email,
        found,
        tuple(cell for cell in unused if cell),
        {name: header[place].strip() for name, place in used_as.items()},
    )


def find_header(title: str, header: Sequence[str]) -> int | None:
    """Return the column under *title*, as written or but for case and signs."""
    for spelt in (str.strip, fold_name):
        wanted = spelt(title)
        for place, cell in enumerate(header):
            if wanted and spelt(cell) == wanted:
                return place
    return None


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
