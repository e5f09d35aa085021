"""The address a link leads to: complete, of an allowed scheme, spelt for the web.

Pure. In: the target as the editor wrote it. Out: a complete address, or empty beside a
problem; a target that was left out stays empty and is no problem.
"""

import re
from collections.abc import Callable
from urllib.parse import SplitResult, quote, urlsplit

from newsletter.addresses import ascii_host
from newsletter.definition.reading import Reading
from newsletter.model.problem import Place
from newsletter.validation import nearest, shown

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+-]*):(.*)", re.DOTALL)
#: A web address that needs no spelling (RFC 3986, without user name).
_USUAL = re.compile(
    r"https?://[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?(?::[0-9]{1,5})?"
    r"(?:[/?#][A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=%-]*)?"
)
#: What RFC 3986 lets stand as it is; a percent sign is taken for one that was meant.
_LITERAL = "._~:/?#[]@!$&'()*+,;=%-"
_HOST = re.compile(r"(?=.{1,253}\.?$)(?!-)[a-z0-9_-]+(?:\.[a-z0-9_-]+)*\.?", re.ASCII)
_MAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_TELEPHONE = re.compile(r"\+?[0-9().\- ]+(?:;[a-z0-9=;+-]*)?")

#: ``C:\\Users\\ines\\report.docx``, a network drive, or what a browser makes of them.
_OWN_FILE = re.compile(r"[A-Za-z]:[\\/]|\\\\|file:", re.IGNORECASE)

#: Schemes that are never a misspelt short link.
_REFUSED = frozenset(
    re.findall(
        r"\S+",
        "javascript vbscript data blob about view-source jar res chrome cid mid "
        "ftp sftp ws wss news nntp irc telnet ssh ldap sms geo intent market whatsapp",
    )
)


def resolve_target(written: str, place: Place, reading: Reading) -> str:
    """Return the complete address that *written* means."""
    written = written.strip()
    if not written:
        return ""
    if "{" in written or "}" in written:
        reading.refuse(
            place,
            f"an address holds curly brackets: {shown(written)}.",
            "No address is personal; write %7B and %7D for brackets that belong to it.",
        )
        return ""
    if _OWN_FILE.match(written):
        what = f"this is a file on your computer, not on the web: {shown(written)}."
        advice = "Readers do not have it: put it on a web site, and link to it there."
        reading.refuse(place, what, advice)
        return ""
    match = _SCHEME.fullmatch(written)
    if match is None:
        return _refuse_incomplete(written, place, reading)
    scheme, rest = match[1].lower(), match[2]
    short = _template_of(scheme, reading)
    if short is not None:
        return _expand(short, written, rest, place, reading)
    resolve = _RESOLVERS.get(scheme)
    if resolve is None:
        return _refuse_scheme(scheme, place, reading)
    return resolve(f"{scheme}:{rest}", place, reading)


def _template_of(scheme: str, reading: Reading) -> str | None:
    return reading.settings.shortlinks.get(scheme)


def _expand(
    template: str, written: str, rest: str, place: Place, reading: Reading
) -> str:
    if not rest.strip():
        what = f"the short link {shown(written)} has nothing after its colon."
        reading.refuse(place, what, "Write what it leads to after the colon.")
        return ""
    return template.replace("{}", quote(rest.strip(), safe=_LITERAL))


def _resolve_web(written: str, place: Place, reading: Reading) -> str:
    if _USUAL.fullmatch(written):
        return written
    try:
        parts = urlsplit(written)
        host = _ascii_host(parts)
    except ValueError:
        host = ""
    if not host:
        what = f"this address has no readable host: {shown(written)}."
        advice = 'Write the whole address, for example "https://example.org/page".'
        reading.refuse(place, what, advice)
        return ""
    user = f"{quote(parts.netloc.rpartition('@')[0], safe=_LITERAL)}@"
    port = f":{parts.port}" if parts.port is not None else ""
    netloc = f"{user if '@' in parts.netloc else ''}{host}{port}"
    spelt = parts._replace(
        netloc=netloc,
        path=quote(parts.path, safe=_LITERAL),
        query=quote(parts.query, safe=_LITERAL),
        fragment=quote(parts.fragment, safe=_LITERAL),
    )
    return spelt.geturl()


def _ascii_host(parts: SplitResult) -> str:
    """Return the host in ASCII, or nothing; ValueError for a bad port or host."""
    host = parts.hostname or ""
    _ = parts.port
    if ":" in host:
        return f"[{host}]"
    host = ascii_host(host)
    return host if _HOST.fullmatch(host) else ""


def _resolve_mail(written: str, place: Place, reading: Reading) -> str:
    address = written[len("mailto:") :].partition("?")[0]
    if not _MAIL.fullmatch(address):
        what = f"this is not a mail address: {shown(written)}."
        reading.refuse(place, what, 'Write it as "mailto:info@example.org".')
        return ""
    return quote(written, safe=_LITERAL)


def _resolve_telephone(written: str, place: Place, reading: Reading) -> str:
    number = written[len("tel:") :].strip()
    if not _TELEPHONE.fullmatch(number):
        what = f"this is not a telephone number: {shown(written)}."
        reading.refuse(place, what, 'Write it as "tel:+31201234567".')
        return ""
    return f"tel:{number.replace(' ', '')}"


_RESOLVERS: dict[str, Callable[[str, Place, Reading], str]] = {
    "http": _resolve_web,
    "https": _resolve_web,
    "mailto": _resolve_mail,
    "tel": _resolve_telephone,
}


def _refuse_incomplete(written: str, place: Place, reading: Reading) -> str:
    first = re.split(r"[/?#]", written)[0]
    if _MAIL.fullmatch(written):
        advice = f'Write "mailto:{written}".'
    elif "." in first.strip("."):
        advice = f'Write "https://{written}".'
    else:
        advice = 'Write the whole address, for example "https://example.org/page".'
    reading.refuse(place, f"this address is not complete: {shown(written)}.", advice)
    return ""


def _refuse_scheme(scheme: str, place: Place, reading: Reading) -> str:
    short_links = reading.settings.shortlinks
    near = nearest(scheme, [*short_links, "https", "http", "mailto"])
    if scheme in _REFUSED:
        what = f'an address cannot begin with "{scheme}:".'
        reading.refuse(place, what, "Use https:, http:, mailto: or tel:.")
    elif near:
        what = f'unknown short link "{scheme}:".'
        reading.refuse(place, what, f'Did you mean "{near}:"?')
    else:
        reading.refuse(
            place,
            f'unknown short link "{scheme}:".',
            "Declare it in newsletter.toml under [shortlinks], "
            'or write the whole address with "https://".',
        )
    return ""
