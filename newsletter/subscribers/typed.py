"""What strangers type into a field on a public page, before it may stand in a mail.

Law: what comes out names no address of a web page that a mail program would turn into
a link. Else anybody could write "Anna, win a prize at evil.example" into a first name,
and have us mail it in our name.
"""

import re

from newsletter.model.settings import FieldType
from newsletter.subscribers.fields import clean_value

#: Longer than the name of a person or of an organisation.
MOST_TYPED = 100

_SCHEME = re.compile(r"\w*:/*/|:\\+")
#: Mail programs make a link of "evil.example" too. Initials ("J.R.R. Tolkien") stay.
_DOT_INSIDE = re.compile(r"[.。．｡](?=[^\W\d_]{2})|(?<=\w)[。．｡](?=\w)")


def clean_typed(text: str, kind: FieldType) -> str:
    """Return what somebody typed, fit to be kept; empty where nothing is left.

    Args:
        text: As it came.
        kind: Of the field.

    Raises:
        ValueError: It is too long, or not of its kind.
    """
    # First of all: a mark that nobody sees may stand in the middle of an address.
    value = clean_value(text, kind)
    if kind in ("text", "list"):
        value = clean_value(_DOT_INSIDE.sub(". ", _SCHEME.sub(" ", value)), kind)
    if len(value) > MOST_TYPED:
        raise ValueError(f"is longer than {MOST_TYPED} characters.")
    return value
