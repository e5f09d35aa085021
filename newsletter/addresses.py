"""Mail addresses: what we accept, how two of them compare, how they are shown.

In: text as people type it. Out: the address as it goes into an envelope (domain in
ASCII and lower case), or a `ValueError` whose text is a sentence for who typed it.

Law: what comes out of here holds no space, no control character, no quote, no comment
and exactly one ``@``; so it can stand in a header or an SMTP command as it is. No
look-ups.
"""

import re
import unicodedata
from dataclasses import dataclass
from ipaddress import ip_address

#: RFC 5321, section 4.5.3.1: the path with its brackets is 256 octets at the most.
_MAX_ADDRESS = 254
_MAX_LOCAL = 64
#: So much of a domain is repeated in a message about it.
_MAX_SHOWN = 60

_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
#: RFC 5321 Dot-string @ Domain with a dot in it and a last label that is no number.
#: What has an A-label ("xn--") goes the long way, where it is decoded and judged.
_USUAL = re.compile(
    rf"(?=[^@]{{1,{_MAX_LOCAL}}}@)({_ATOM}(?:\.{_ATOM})*)"
    # Both cases are spelt out: IGNORECASE takes half as long again.
    rf"@(?!.*[xX][nN]--)((?:{_LABEL}\.)+(?=[A-Za-z])(?:{_LABEL}))",
    re.ASCII,
)
#: An address among other words, whatever stands around it.
_LOOKS_LIKE = re.compile(r"[^\s<>\"'(),;:@]+@[\w.-]+\w")
_BETWEEN_ADDRESSES = re.compile(r"[,;\s]")
_QUOTED_NAME = re.compile(r'"((?:[^"\\]|\\.)*)"')


@dataclass(frozen=True, slots=True)
class Mailbox:
    """An address, and the name that goes before it or nothing."""

    #: As people read it: without quotes or backslashes; may be empty.
    name: str
    address: str

    def __str__(self) -> str:
        """Return it as `parse_mailbox` reads it."""
        name = self.name
        if any(mark in name for mark in '"<@'):
            escaped = re.sub(r'(["\\])', r"\\\1", name)
            name = f'"{escaped}"'
        return f"{name} <{self.address}>" if name else self.address


def parse_mailbox(text: str) -> Mailbox:
    """Return the mailbox in ``Name <a@b>``, ``"Name" <a@b>`` or ``a@b``.

    Brackets, commas, colons and quotes inside a name are simply part of it. The part
    before the ``@`` may hold letters outside ASCII here; sending decides whether the
    server can take it.

    Raises:
        ValueError: With a sentence that says what is wrong.
    """
    text = text.strip()
    if not text.endswith(">"):
        return Mailbox("", normalise_address(text, allow_smtputf8=True))
    before, bracket, address = text[:-1].rpartition("<")
    if not bracket:
        raise ValueError('the "<" before the address is missing.')
    return Mailbox(
        _parse_name(before.strip()), normalise_address(address, allow_smtputf8=True)
    )


def normalise_address(text: str, *, allow_smtputf8: bool = False) -> str:
    """Return the address with its domain in ASCII and lower case; the rest stays.

    Args:
        text: One address; space around it is dropped.
        allow_smtputf8: Accept letters outside ASCII before the ``@``, which only some
            mail servers can take (RFC 6531).

    Raises:
        ValueError: With a sentence that says what is wrong.
    """
    address = text.strip()
    usual = _USUAL.fullmatch(address)
    if usual is not None and len(address) <= _MAX_ADDRESS:
        local, domain = usual.groups()
        return f"{local}@{domain.lower()}"
    local, domain = _split(address)
    _refuse_local(local, allow_smtputf8=allow_smtputf8)
    return _normalise_unusual(unicodedata.normalize("NFC", local), domain)


def address_key(address: str) -> str:
    """Return what is equal for two spellings of one address: case is ignored.

    No dots or plus parts are dropped: whether they matter is the provider's secret.
    """
    return address.lower() if address.isascii() else _fold(address)


def display_address(address: str) -> str:
    """Return *address* for people: a domain in A-labels is shown in its own letters."""
    local, _, domain = address.rpartition("@")
    if "xn--" not in domain.lower():
        return address
    import idna

    try:
        return f"{local}@{idna.decode(domain)}"
    except idna.IDNAError:
        return address


def mask(address: str) -> str:
    """Return *address* so that only who knows it sees whose it is: ``a***@b.org``."""
    local, _, domain = address.rpartition("@")
    return f"{local[:1]}***@{domain}"


def mask_addresses(text: str) -> str:
    """Return *text* with everything in it that looks like an address masked."""
    return _LOOKS_LIKE.sub(lambda match: mask(match[0]), text)


def domain_of(address: str) -> str:
    """Return the domain of a normalised address, in lower case."""
    return address.rpartition("@")[2].lower()


def is_loopback(host: str) -> bool:
    """Tell whether *host* names this very machine, without a look-up."""
    if host.lower().rstrip(".") == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def ascii_host(host: str) -> str:
    """Return the name of a host with letters outside ASCII in A-labels.

    Raises:
        ValueError: There can be no such name.
    """
    if host.isascii():
        return host
    import idna  # 10 ms, for a rare address

    # IDNAError is a UnicodeError, and so a ValueError.
    return idna.encode(host, uts46=True).decode("ascii")


def _fold(address: str) -> str:
    return unicodedata.normalize(
        "NFC", unicodedata.normalize("NFC", address).casefold()
    )


def _parse_name(written: str) -> str:
    quoted = _QUOTED_NAME.fullmatch(written)
    name = re.sub(r"\\(.)", r"\1", quoted[1]) if quoted else written
    if any(unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp") for c in name):
        raise ValueError("the name holds a control character.")
    if quoted is None and ("<" in name or "@" in name):
        raise ValueError("there is more than one address.")
    if quoted is None and name.count('"') % 2:
        raise ValueError("a quote in the name is not closed.")
    return unicodedata.normalize("NFC", name.strip())


def _split(address: str) -> tuple[str, str]:
    """Return local part and domain, or raise for what both parts may not hold."""
    if not address:
        raise ValueError("the address is empty.")
    if '"' in address:
        raise ValueError("an address with quotes is not supported.")
    if address.count("@") > 1:
        raise ValueError(_too_many(address))
    if "@" in address:
        _refuse_marks(address)
    if "(" in address or ")" in address:
        raise ValueError("an address with a comment in brackets is not supported.")
    for character in address:
        _refuse_character(character)
    local, at, domain = address.rpartition("@")
    if not at:
        raise ValueError("the address has no @.")
    if not domain:
        raise ValueError("there is nothing after the @.")
    return local, domain


def _too_many(address: str) -> str:
    """Return what to say of what has several @."""
    if "@@" in address:
        return 'the address has "@@" in it; write one @.'
    if _BETWEEN_ADDRESSES.search(address):
        return "there is more than one address."
    return "the address has more than one @."


def _refuse_marks(address: str) -> None:
    """Refuse what slips into an address that is typed or copied."""
    if address.lower().startswith("mailto:"):
        raise ValueError('write the address without "mailto:".')
    if address[-1] in ",;.":
        raise ValueError(f'the address ends with "{address[-1]}"; leave that out.')
    if "," in address.rpartition("@")[2]:
        raise ValueError("there is a comma after the @; write a dot.")
    for mark in ",;":
        if mark in address:
            raise ValueError(f'the address has "{mark}" in it.')


def _refuse_character(character: str) -> None:
    category = unicodedata.category(character)
    if category.startswith("Z"):
        raise ValueError("the address has a space in it.")
    if category in ("Cc", "Cf", "Cs", "Co", "Cn"):
        code = f"U+{ord(character):04X}"
        raise ValueError(f"the address holds an invisible character ({code}).")


def _refuse_local(local: str, *, allow_smtputf8: bool) -> None:
    if not local:
        raise ValueError("there is nothing before the @.")
    if len(local.encode()) > _MAX_LOCAL:
        raise ValueError(
            f"the part before the @ is longer than {_MAX_LOCAL} characters."
        )
    if local.startswith(".") or local.endswith(".") or ".." in local:
        raise ValueError("a dot in front of the @ stands where none may stand.")
    if not local.isascii() and not allow_smtputf8:
        raise ValueError("the part before the @ has letters that few servers can take.")
    wrong = re.search(r"[\x00-\x20()<>\[\]:;@\\,\"\x7f]", local)
    if wrong:
        raise ValueError(f"the part before the @ holds a {wrong[0]!r}.")


def _normalise_unusual(local: str, domain: str) -> str:
    """Return the address with a domain that is judged letter by letter (IDNA 2008)."""
    shown = domain if len(domain) <= _MAX_SHOWN else f"{domain[:_MAX_SHOWN]}…"
    if ".." in domain or domain.startswith("."):
        raise ValueError(f'a dot in the domain "{shown}" stands where none may stand.')
    if "." not in domain:
        raise ValueError(f'the domain "{shown}" has no dot.')
    if domain.rpartition(".")[2].isdecimal():
        raise ValueError(f'"{shown}" is a number, not the name of a domain.')
    if len(local) + 1 + len(domain) > _MAX_ADDRESS:
        raise ValueError(f"the address is longer than {_MAX_ADDRESS} characters.")
    # A tenth of a second to import, for a rare address.
    from email_validator import EmailNotValidError, validate_email

    try:
        valid = validate_email(
            f"{local}@{domain}",
            check_deliverability=False,
            globally_deliverable=False,
            strict=True,
        )
    except EmailNotValidError as error:
        raise ValueError(f'the domain "{shown}" is not valid.') from error
    return f"{local}@{valid.ascii_domain.lower()}"
