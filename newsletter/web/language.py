"""In which language somebody reads a page.

In: a request, and what is known of the person. Out: a tag that we have words in. The
address decides (``?lang=nl``), then the person's own language, then what the browser
asks for, then the newsletter's, then English.
"""

from starlette.requests import Request

from newsletter.i18n import CATALOGUES
from newsletter.i18n.languages import primary_language

#: Language -> what its readers call it, in the order in which they are offered.
OWN_NAMES = {
    "en": "English",
    "nl": "Nederlands",
    "de": "Deutsch",
    "fr": "Français",
    "ar": "العربية",
}

#: More of a header is not read; browsers send some 60 characters.
_MOST_CHARACTERS = 500
_MOST_LANGUAGES = 20

#: Mark in the state of a request: its answer differs by Accept-Language.
VARIES = "varies_by_language"


def choose(request: Request, own: str = "", *, default: str = "en") -> str:
    """Return the language of a page.

    Args:
        request: Its address may name one; its header is asked last.
        own: Of the person whose page it is, a BCP 47 tag, or empty.
        default: Of the newsletter.
    """
    known = known_language(request.query_params.get("lang", "")) or known_language(own)
    if known:
        return known
    setattr(request.state, VARIES, True)
    wanted = request.headers.get("accept-language", "")
    return accepted_language(wanted) or known_language(default) or "en"


def known_language(tag: str) -> str:
    """Return the language of a tag if we have words in it, else nothing."""
    name = primary_language(tag)
    return name if name == "en" or name in CATALOGUES else ""


def accepted_language(header: str) -> str:
    """Return the language of ours that an Accept-Language header likes best, or empty.

    Source: RFC 9110, section 12.5.4; one that is liked equally comes first by place.
    """
    best, most = "", 0.0
    for item in header[:_MOST_CHARACTERS].split(",")[:_MOST_LANGUAGES]:
        tag, _, parameters = item.partition(";")
        language, quality = known_language(tag.strip()), _quality(parameters)
        if language and quality > most:
            best, most = language, quality
    return best


def _quality(parameters: str) -> float:
    name, _, value = parameters.replace(" ", "").partition("=")
    if name.lower() != "q":
        return 1.0
    try:
        quality = float(value)
    except ValueError:
        return 0.0
    return quality if 0 <= quality <= 1 else 0.0
