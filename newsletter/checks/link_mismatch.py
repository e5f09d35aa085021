"""Words of a link that are an address, and not the one they lead to."""

import re
from collections.abc import Iterator
from urllib.parse import unquote, urlsplit

from newsletter.addresses import ascii_host
from newsletter.checks.facts import Facts, found
from newsletter.checks.links.domains import host_of, registered_domain
from newsletter.checks.places import shown_url
from newsletter.model.assembled import Assembled, LinkUse
from newsletter.model.finding import Finding

_HOST = r"(?:[\w-]{1,63}\.){1,8}[^\W\d_]{2,24}"
#: An address among other words: only what cannot be anything else.
_WHOLE = re.compile(rf"(?:https?://|www\.)(?:{_HOST})(?::\d+)?(?:[/?#]\S*)?", re.I)
#: All the words of a link: a name is enough.
_NAME = re.compile(rf"{_HOST}(?:[/?#]\S*)?", re.IGNORECASE)
_MAIL = re.compile(rf"[^\s@<>()]+@({_HOST})", re.IGNORECASE)
#: Endings of file names and of abbreviations; "rapport.pdf" is no site.
_NO_ENDING = frozenset(
    {
        *("pdf", "doc", "docx", "odt", "rtf", "txt", "md", "xls", "xlsx", "csv", "ods"),
        *("ppt", "pptx", "html", "htm", "php", "asp", "aspx", "js", "py", "css", "xml"),
        *(
            "jpg",
            "jpeg",
            "png",
            "gif",
            "svg",
            "webp",
            "mp3",
            "mp4",
            "zip",
            "ics",
            "eml",
        ),
        *("odp", "epub", "mov", "heic", "tif", "tiff", "gz", "tar", "xz", "exe", "apk"),
        *("json", "bv", "nv", "ev", "net"),
    }
)
#: "J.P.Jansen": initials, and no blank behind them.
_PERSON = re.compile(r"(?:[^\W\d_]\.){1,4}[^\W\d_][a-zß-ÿ]+(?:-[^\W\d_][a-zß-ÿ]+)?")
_TRAILING = ".,;:!?)»”\"'"
_CUT = re.compile(r"…|\.{3}")


def check_link_mismatch(assembled: Assembled, facts: Facts) -> list[Finding]:
    """Report links whose words are another address than the one they lead to."""
    del facts
    return [
        _finding(said, use)
        for use in assembled.links
        if use.url and use.kind in ("text", "heading", "button")
        for said in _other_addresses(use)
    ]


def _finding(said: str, use: LinkUse) -> Finding:
    if "@" not in said and _owner(_said_host(said)) == _owner(host_of(use.url)):
        # Short addresses for print, "town.nl/east", are often passed on by the site.
        return found(
            "link-mismatch-page",
            use.place,
            f'the words "{shown_url(said)}" name one page, and the link leads to '
            f"another of the same site: {shown_url(use.url)}.",
            "Look whether both are meant, or write what is found there as words.",
        )
    return found(
        "link-mismatch",
        use.place,
        f'the words "{shown_url(said)}" are one address, and the link leads to '
        f"another: {shown_url(use.url)}.",
        "Write what is found there as words, or make both the same address.",
    )


def _other_addresses(use: LinkUse) -> Iterator[str]:
    """Yield the first address in the words of a link that is not its target."""
    words = use.words.strip().strip("<>()«»“”\"'").rstrip(_TRAILING)
    words = words.removeprefix("mailto:")  # of "<mailto:…>"
    if mail := _MAIL.search(words):
        if not _is_mail_target(mail[0], use.url):
            yield mail[0]
    elif (web := _web_address(words)) and not _is_same_page(web, use.url):
        yield web


def _web_address(words: str) -> str:
    if match := _WHOLE.search(words):
        return match[0].rstrip(_TRAILING)
    is_person = _PERSON.fullmatch(words) and words.title() == words
    if is_person or not _NAME.fullmatch(words):
        return ""
    host = re.split(r"[/?#]", words)[0]
    is_name = host.rpartition(".")[2].lower() not in _NO_ENDING
    return words if is_name or "/" in words else ""


def _is_mail_target(said: str, target: str) -> bool:
    """Whether a link with a mail address as words leads there, or to its site."""
    scheme, _, rest = target.partition(":")
    if scheme.lower() == "mailto":
        written = unquote(rest.partition("?")[0]).lower().split(",")
        return said.lower() in [address.strip() for address in written]
    domain = said.rpartition("@")[2]
    return _owner(domain) == _owner(host_of(target))


def _is_same_page(said: str, target: str) -> bool:
    """Whether words show the address a link leads to, in full or cut short."""
    if target.lower().startswith("mailto:"):
        domain = unquote(target.partition("?")[0]).rpartition("@")[2]
        return _owner(_said_host(said)) == _owner(domain)
    if _owner(_said_host(said)) != _owner(host_of(target)):
        return False
    shown, real = _path(said), _path(target)
    pieces = _CUT.split(shown)
    if len(pieces) > 1:
        return real.startswith(pieces[0]) and real.endswith(pieces[-1])
    return real == shown or real.startswith((f"{shown}/", f"{shown}?", f"{shown}#"))


def _owner(host: str) -> str:
    try:
        return registered_domain(ascii_host(host.lower()))
    except ValueError:
        return host


def _said_host(said: str) -> str:
    return host_of(said if "://" in said else f"https://{said}")


def _path(address: str) -> str:
    """Return what stands behind the host, for comparison: no slash at its end."""
    whole = address if "://" in address else f"https://{address}"
    try:
        parts = urlsplit(whole)
    except ValueError:
        return ""
    tail = "".join(
        (
            parts.path.rstrip("/"),
            f"?{parts.query}" if parts.query else "",
            f"#{parts.fragment}" if parts.fragment else "",
        )
    )
    return unquote(tail).lower()
