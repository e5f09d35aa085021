"""Where a redirect leads, read from its header as browsers read it. Pure."""

import re
import unicodedata
from urllib.parse import quote, urljoin

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):")
#: Schemes that browsers open themselves, or refuse. All others are a program's own.
_OF_BROWSERS = frozenset(
    ("http", "https", "file", "ftp", "javascript", "data", "vbscript", "blob", "about")
)


def target_of(base: str, location: str) -> str:
    """Return the complete address that a redirect names; it need not be a sound one.

    Args:
        base: The address that passed its visitor on.
        location: The header, as aiohttp gives it: bytes that are no UTF-8 are halves
            of characters, which nothing can print or store.
    """
    head, mark, rest = _divided(location)
    if not is_handed_on(head):
        # WHATWG URL, section 4.4: "\" is "/" in addresses of the web.
        head = head.replace("\\", "/")
    written = _written_out(f"{head}{mark}{rest}")
    try:
        return urljoin(base, written)
    except ValueError:
        return written


def is_handed_on(target: str) -> bool:
    """Whether an address is for another program than a browser: mail, an app."""
    scheme = _SCHEME.match(target)
    return scheme is not None and scheme[1].lower() not in _OF_BROWSERS


def _divided(location: str) -> tuple[str, str, str]:
    found = re.search(r"[?#]", location)
    if found is None:
        return location, "", ""
    return location[: found.start()], found[0], location[found.end() :]


def _written_out(target: str) -> str:
    """Return *target* with broken bytes and unseen characters written as "%E9".

    Persian words need U+200C, and what a site itself names is no slip of copying.
    """
    return "".join(
        quote(one, errors="surrogateescape") if _is_hidden(one) else one
        for one in target
    )


def _is_hidden(character: str) -> bool:
    return unicodedata.category(character) in ("Cf", "Cs", "Zl", "Zp")
