"""An address as written -> the address to ask, or a judgement that needs no asking.

Reads addresses as browsers do (WHATWG URL, sections 3 and 4), as far as a newsletter
meets them: international names, numbers in old notations, letters to be encoded.
"""

import re
import unicodedata
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv6Address
from urllib.parse import SplitResult, quote, unquote, urlsplit

from newsletter.addresses import domain_of, normalise_address
from newsletter.checks.links.reach import Network, refusal
from newsletter.model.link import Judgement, Verdict

_DEFAULT_PORTS = {"http": 80, "https": 443}
#: What browsers leave as it is in a path (WHATWG URL, section 1.3); "%" so that nothing
#: is encoded twice.
_PATH_SAFE = "%/:@!$&'()*+,;=~[]|"
_QUERY_SAFE = _PATH_SAFE + "?{}^`\\"
_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")
#: Below a registered name a hyphen may stand anywhere: blogs are called so.
_LOW_LABEL = re.compile(r"[a-z0-9_-]{1,63}")
#: Steps of a path that lead nowhere, and up (WHATWG URL, section 4.4).
_SAME_STEP = re.compile(r"\.|%2e", re.IGNORECASE)
_UP_STEP = re.compile(r"(?:\.|%2e){2}", re.IGNORECASE)
_NUMBER = re.compile(r"0[xX][0-9a-fA-F]*|[0-9]+")
#: Names that mean something else on every network (RFC 6761, RFC 6762, RFC 8375).
_LOCAL_SUFFIXES = (".localhost", ".local", ".internal", ".home.arpa", ".lan")

_PRIVATE = (
    "it leads into a private network or a single computer, where readers are not."
)


def clean_address(written: str, allowed: Sequence[Network] = ()) -> str | Judgement:
    """Return the address to ask, ASCII without fragment, or what is known already.

    Args:
        written: The complete address, as it stands in the issue or in a redirect.
        allowed: Private networks that may be asked all the same.
    """
    hidden = next((c for c in written if _is_unseen(c)), "")
    if hidden:
        return _invalid(f"the address holds an invisible character ({_code(hidden)}).")
    scheme, colon, rest = written.partition(":")
    match scheme.lower() if colon else "":
        case "http" | "https":
            return _clean_web(written, allowed)
        case "mailto":
            return _judge_mailto(rest)
        case "tel":
            return _judge_telephone(rest)
    return _invalid("the address does not begin with https://, mailto: or tel:.")


#: What stands before the domains in the question for a mail address.
_MAIL = "mailto:@"


def mail_question(written: str) -> str:
    """Return what to ask of a sound ``mailto:`` address: "mailto:@a.org,b.org".

    Empty where there is nobody to write to.
    """
    _, _, rest = written.partition(":")
    parts = _mail_addresses(rest)
    addresses = [one for part in parts for one in unquote(part).split(",") if one]
    domains = {
        domain_of(normalise_address(one, allow_smtputf8=True)) for one in addresses
    }
    return f"{_MAIL}{','.join(sorted(domains))}" if domains else ""


def asked_domains(question: str) -> tuple[str, ...]:
    """Return the domains of a `mail_question`; none of any other address."""
    if not question.startswith(_MAIL):
        return ()
    return tuple(question.removeprefix(_MAIL).split(","))


def shown_address(url: str) -> str:
    """Return *url* without a user name and password, for reports."""
    return re.sub(r"(?<=//)[^/?#]*@", "", url, count=1)


def hidden_character(url: str) -> str:
    """Return the code of an invisible character among the encoded ones, or empty.

    An editor's address is encoded when it is read. Such a character may be meant: pages
    are called so, and Persian needs U+200C. So it is a reason, and no verdict.
    """
    if url.isascii() and "%" not in url:
        return ""
    return next((_code(c) for c in unquote(url) if _is_unseen(c)), "")


def _is_unseen(character: str) -> bool:
    return unicodedata.category(character) in ("Cc", "Cf", "Zl", "Zp")


def _code(character: str) -> str:
    return f"U+{ord(character):04X}"


def _invalid(reason: str) -> Judgement:
    return Judgement(Verdict.INVALID, reason)


def _judge_mailto(rest: str) -> Judgement:
    """Judge ``a@b.org,c@d.org?subject=…&cc=…`` (RFC 6068) by its syntax."""
    for part in _mail_addresses(rest):
        if ";" in unquote(part):
            return _invalid("several mail addresses are divided by commas.")
        for address in unquote(part).split(","):
            try:
                normalise_address(address, allow_smtputf8=True)
            except ValueError as error:
                return _invalid(str(error))
    return Judgement(Verdict.OK)


def _mail_addresses(rest: str) -> list[str]:
    """Return who gets it, as written: each part one address, or several with commas."""
    to, _, fields = rest.partition("?")
    pairs = (field.partition("=") for field in fields.split("&"))
    others = [value for name, _, value in pairs if name.lower() in ("to", "cc", "bcc")]
    # Without an address it lets the reader choose whom to tell.
    return [part for part in (to, *others) if part or not fields]


#: RFC 3966: digits with marks between them, then parameters such as ";ext=12".
_TELEPHONE = re.compile(r"\+?[0-9().\- ]*(?:;[A-Za-z0-9-]+(?:=[^;]*)?)*")
#: No number is longer (ITU-T E.164), and 112 is as short as they get.
_LEAST_DIGITS, _MOST_DIGITS = 3, 15


def _judge_telephone(rest: str) -> Judgement:
    number = unquote(rest)
    digits = sum(c.isdigit() for c in number.partition(";")[0])
    if not _TELEPHONE.fullmatch(number) or digits < _LEAST_DIGITS:
        return _invalid("this is not a telephone number.")
    if digits > _MOST_DIGITS:
        return _invalid(f"no telephone number has {digits} digits.")
    if number.startswith("+") and "(0)" in number:
        return _invalid('the "(0)" is dialled too: leave it out after a country code.')
    return Judgement(Verdict.OK)


def _clean_web(written: str, allowed: Sequence[Network]) -> str | Judgement:
    try:
        parts = urlsplit(written)
        port = parts.port
    except ValueError:
        return _invalid("the part after https:// cannot be read as the name of a site.")
    if not parts.hostname:
        return _invalid("there is no name of a site after https://.")
    if "@" in parts.netloc:
        reason = "it holds a user name or a password, which every reader would get."
        return Judgement(Verdict.UNSAFE, reason)
    if parts.hostname in _DEFAULT_PORTS:
        return _invalid("the address begins with https:// twice.")
    host = _clean_host(parts.hostname, allowed)
    if isinstance(host, Judgement):
        return host
    return _joined(parts, host, port)


def _joined(parts: SplitResult, host: str, port: int | None) -> str:
    # surrogateescape: a redirect may name its target in bytes that are no UTF-8.
    path = _walked(parts.path)
    path = quote(path, safe=_PATH_SAFE, errors="surrogateescape")
    query = quote(parts.query, safe=_QUERY_SAFE, errors="surrogateescape")
    is_usual = port is None or port == _DEFAULT_PORTS[parts.scheme]
    place = host if is_usual else f"{host}:{port}"
    return f"{parts.scheme}://{place}{path}" + (f"?{query}" if query else "")


def _walked(path: str) -> str:
    """Return a path without the steps that lead nowhere or up, as browsers ask it."""
    kept: list[str] = []
    *steps, last = path.removeprefix("/").split("/")
    for step in steps:
        if _UP_STEP.fullmatch(step):
            del kept[-1:]
        elif not _SAME_STEP.fullmatch(step):
            kept.append(step)
    if _UP_STEP.fullmatch(last):
        del kept[-1:]
    is_step = _UP_STEP.fullmatch(last) or _SAME_STEP.fullmatch(last)
    return "/".join(["", *kept, "" if is_step else last])


def _clean_host(host: str, allowed: Sequence[Network]) -> str | Judgement:
    if ":" in host:
        return _clean_v6(host, allowed)
    name = _ascii_name(unquote(host))
    if name is None or len(name) > 253:
        return _invalid(f'"{host}" cannot be the name of a site.')
    bare = name.removesuffix(".")
    labels = bare.split(".")
    if _NUMBER.fullmatch(labels[-1]):
        return _clean_v4(labels, allowed)
    low, registered = labels[:-2], labels[-2:]
    if not (
        all(map(_LOW_LABEL.fullmatch, low)) and all(map(_LABEL.fullmatch, registered))
    ):
        return _invalid(f'"{host}" cannot be the name of a site.')
    if bare == "localhost" or bare.endswith(_LOCAL_SUFFIXES):
        return Judgement(Verdict.UNSAFE, _PRIVATE)
    if len(labels) == 1:
        return _invalid(f'"{host}" has no dot, so it is not the name of a public site.')
    return name


def _ascii_name(host: str) -> str | None:
    """Return the name as it is looked up (UTS 46), or None where there is none."""
    if host.isascii():
        return host.lower()
    # 20 ms of tables, for the rare name with letters outside ASCII.
    import idna

    try:
        return idna.encode(host, uts46=True).decode()
    except idna.IDNAError:
        pass
    try:
        # Names with pictures are outside IDNA 2008, yet browsers go there.
        return host.encode("idna").decode().lower()
    except UnicodeError:
        return None


def _clean_v4(labels: list[str], allowed: Sequence[Network]) -> str | Judgement:
    """Read a number in any notation a browser takes: 1.2.3.4, 0x7f.1, 2130706433."""
    try:
        numbers = [_number(label) for label in labels]
        *first, last = numbers
        if len(numbers) > 4 or any(n > 255 for n in first):
            raise ValueError
        value = last + sum(n << (24 - 8 * i) for i, n in enumerate(first))
        if last >= 256 ** (5 - len(numbers)):
            raise ValueError
        address = str(IPv4Address(value))
    except ValueError:
        return _invalid(f'"{".".join(labels)}" cannot be the name of a site.')
    return _public_or_unsafe(address, address, allowed)


def _number(label: str) -> int:
    """Return the value of one part of an old address notation.

    Source: WHATWG URL, "IPv4 number parser".
    """
    if label[:2].lower() == "0x":
        return int(label[2:] or "0", 16)
    if len(label) > 1 and label.startswith("0"):
        return int(label, 8)
    return int(label)


def _clean_v6(host: str, allowed: Sequence[Network]) -> str | Judgement:
    try:
        address = str(IPv6Address(host))
    except ValueError:
        return _invalid(f'"{host}" cannot be the name of a site.')
    return _public_or_unsafe(address, f"[{address}]", allowed)


def _public_or_unsafe(
    address: str, host: str, allowed: Sequence[Network]
) -> str | Judgement:
    # Whether the port is a usual one is asked when it is dialled.
    if refusal(address, 443, allowed) is not None:
        return Judgement(Verdict.UNSAFE, _PRIVATE)
    return host
