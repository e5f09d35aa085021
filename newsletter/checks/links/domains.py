"""Names of sites: which belong to one owner. Pure, no look-ups.

There is no list of public suffixes here (300 KB that age); the rule below knows the
usual second levels. It errs towards calling two sites one, which keeps checks silent.
"""

import re
from urllib.parse import urlsplit

#: Second levels under which names are registered (``bbc.co.uk``, ``oba.org.ua``).
_SECOND_LEVELS = frozenset(
    re.findall(
        r"\w+",
        "ac co com edu gob gouv gov govt gv mil ne net nhs nom or org police sch",
    )
)
#: Hosts where each subdomain is somebody else's (public suffix list, private part).
_SHARED = (
    "blogspot.com",
    "github.io",
    "gitlab.io",
    "netlify.app",
    "pages.dev",
    "vercel.app",
    "weebly.com",
    "wixsite.com",
    "wordpress.com",
)


def host_of(url: str) -> str:
    """Return the host in lower case, or empty where there is none to read."""
    try:
        return (urlsplit(url).hostname or "").rstrip(".")
    except ValueError:
        return ""


def registered_domain(host: str) -> str:
    """Return the part of a host that somebody registered: ``example.org``."""
    labels = host.lower().rstrip(".").split(".")
    is_shared = host.lower().endswith(tuple(f".{name}" for name in _SHARED))
    is_second_level = (
        len(labels) > 2 and len(labels[-1]) == 2 and labels[-2] in _SECOND_LEVELS
    )
    return ".".join(labels[-3 if is_shared or is_second_level else -2 :])


def is_front_page(url: str) -> bool:
    """Whether *url* is where a site begins: no path, or only that of a language."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    if parts.fragment or _asks_for_something(parts.query):
        return False
    steps = [step for step in parts.path.lower().split("/") if step]
    if steps and steps[-1].partition(".")[0] in ("index", "default", "home"):
        steps.pop()
    return not steps or (len(steps) == 1 and _is_language(steps[0]))


def _is_language(step: str) -> bool:
    """Whether it is like "nl" or "en-gb"."""
    head, _, tail = step.replace("_", "-").partition("-")
    return len(head) == 2 and head.isalpha() and (not tail or len(tail) == 2)


#: Parameters that say where a visitor came from, never what is asked for.
_ORIGINS = ("utm_", "fbclid", "gclid", "mc_", "ref", "lang", "hl", "source")


def _asks_for_something(query: str) -> bool:
    names = [pair.partition("=")[0].lower() for pair in query.split("&") if pair]
    return any(not name.startswith(_ORIGINS) for name in names)
