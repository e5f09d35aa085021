"""The text of one SPF record -> its terms, and what is wrong with it. Pure.

Source: RFC 7208, sections 4.6 (terms) and 12 (grammar). One term that cannot be read
makes the whole record void for every receiver ("permerror"); an unknown modifier is
skipped without a word, which is where slips such as ``include=`` hide.
"""

import re
from dataclasses import dataclass
from difflib import get_close_matches
from ipaddress import IPv4Network, IPv6Network, ip_network

Network = IPv4Network | IPv6Network

#: These make receivers ask, at most ten times in all (section 4.6.4).
ASKING = ("include", "a", "mx", "ptr", "exists", "redirect")
_MECHANISMS = ("all", "include", "a", "mx", "ptr", "ip4", "ip6", "exists")
_MODIFIER = re.compile(r"([A-Za-z][\w.-]*)=(.*)", re.ASCII)
_MECHANISM = re.compile(
    r"([+~?-]?)([A-Za-z][A-Za-z0-9]*)(?::([^/]*))?(?:/(\d{1,3}))?(?://(\d{1,3}))?"
)
_WITH_MACRO = re.compile(r"([+~?-]?)(include|a|mx|ptr|exists):(.*%.*)", re.IGNORECASE)
_MACRO = re.compile(
    r"(?:%\{[slodiphcrtv]\d*r?[.\-+,/_=]*\}|%[%_-]|[^%])+", re.IGNORECASE
)
_DOMAIN = re.compile(
    r"(?:[A-Za-z0-9_](?:[A-Za-z0-9_-]*[A-Za-z0-9_])?\.)+"
    r"(?=[A-Za-z0-9-]*[A-Za-z])[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?\.?"
)
#: What word processors and web pages make of "-" and of straight quotes.
_TYPESET = re.compile("[–—−“”„‘’\xa0]")


@dataclass(frozen=True, slots=True)
class Term:
    """A mechanism, or the modifier ``redirect``."""

    #: As written.
    text: str
    name: str
    #: "+", "-", "~" or "?".
    qualifier: str = "+"
    #: Domain named by it; empty: the domain of the record.
    target: str = ""
    #: Of ``ip4`` and ``ip6``.
    network: Network | None = None
    #: Bits of an address that count, of ``a`` and ``mx``.
    bits4: int = 32
    bits6: int = 128

    @property
    def has_macro(self) -> bool:
        """Whether its domain depends on the mail, so that nobody can ask for it now."""
        return "%" in self.target


@dataclass(frozen=True, slots=True)
class SpfRecord:
    """A record; with *faults* it counts for nothing."""

    text: str
    #: In their order, without what cannot be read.
    terms: tuple[Term, ...] = ()
    #: Sentences: why no receiver can use it.
    faults: tuple[str, ...] = ()
    #: Sentences: what receivers skip.
    skipped: tuple[str, ...] = ()

    @property
    def all(self) -> Term | None:
        """Return the term that ends it, for whoever matched nothing before."""
        return next((term for term in self.terms if term.name == "all"), None)

    @property
    def redirect(self) -> Term | None:
        """Return the redirection, which ``all`` makes void (section 6.1)."""
        found = (term for term in self.terms if term.name == "redirect")
        return None if self.all else next(found, None)

    @property
    def mechanisms(self) -> tuple[Term, ...]:
        """Return what is compared, up to ``all``."""
        found: list[Term] = []
        for term in self.terms:
            if term.name != "redirect":
                found.append(term)
            if term.name == "all":
                break
        return tuple(found)


def is_spf(text: str) -> bool:
    """Tell whether a TXT record is one of SPF (section 4.5)."""
    return re.match(r"v=spf1(?: |$)", text, re.IGNORECASE) is not None


def is_nearly_spf(text: str) -> bool:
    """Tell whether a TXT record was surely meant as one, but is none."""
    words = re.match(r"[\s\"'“”]*(?:v\s*[=:]\s*)?spf\s*1?\b", text, re.IGNORECASE)
    return words is not None and not is_spf(text)


def parse_spf(text: str) -> SpfRecord:
    """Return the terms of a record for which `is_spf` holds."""
    terms: list[Term] = []
    faults: list[str] = []
    skipped: list[str] = []
    for number, word in enumerate(text.split()[1:], start=1):
        found = _read_term(word)
        if isinstance(found, Term):
            terms.append(found)
        elif found:
            faults.append(f'term {number}, "{word}": {found}')
        else:
            skipped += _remark(number, word)
    if [term.name for term in terms].count("redirect") > 1:
        faults.append("redirect= stands in it twice.")
    return SpfRecord(
        text, tuple(terms), tuple(faults), (*skipped, *_after_all(text, terms))
    )


def _after_all(text: str, terms: list[Term]) -> list[str]:
    names = [term.name for term in terms]
    if "all" not in names:
        return []
    late = [term.text for term in terms[names.index("all") + 1 :]]
    redirects = [term.text for term in terms if term.name == "redirect"]
    lost = list(dict.fromkeys([*late, *redirects]))
    return [f'{", ".join(lost)} counts for nothing beside "all".'] if lost else []


def _read_term(word: str) -> Term | str:
    """Return a term, why it is none, or "" for a modifier that is skipped."""
    if _TYPESET.search(word):
        return (
            "it has a dash or quote of a word processor; write plain - and no quotes."
        )
    modifier = _MODIFIER.fullmatch(word)
    if modifier is not None:
        return _read_modifier(word, modifier[1].lower(), modifier[2])
    with_macro = _WITH_MACRO.fullmatch(word)
    if with_macro is not None:
        return _read_macro(word, *with_macro.groups())
    name = re.split("[:/]", word.lstrip("+~?-"), maxsplit=1)[0].lower()
    if name not in _MECHANISMS:
        return _unknown(word)
    if name in ("ip4", "ip6"):
        return _read_network(word, name)
    found = _MECHANISM.fullmatch(word)
    if found is None:
        return f'"{word.partition(":")[2] or word}" is no domain.'
    return _read_mechanism(word, name, found)


def _read_modifier(word: str, name: str, target: str) -> Term | str:
    if name != "redirect":
        return ""
    if "%" not in target and not _DOMAIN.fullmatch(target):
        return f'"{target}" is no domain.'
    return Term(word, "redirect", target=target)


def _read_macro(word: str, qualifier: str, name: str, target: str) -> Term | str:
    if not _MACRO.fullmatch(target):
        return "its %-sign stands for nothing."
    return Term(word, name.lower(), qualifier or "+", target)


def _read_mechanism(word: str, name: str, found: re.Match[str]) -> Term | str:
    qualifier, target = found[1] or "+", found[3]
    has_bits = found[4] is not None or found[5] is not None
    if name == "all" and (target is not None or has_bits):
        return '"all" takes nothing behind it.'
    if has_bits and name not in ("a", "mx"):
        return f'"{name}" takes no /{found[4] or found[5]}.'
    if name in ("include", "exists") and not target:
        return f'it needs a domain: "{name}:example.org".'
    if target is not None and not _DOMAIN.fullmatch(target):
        return f'"{target}" is no domain.'
    bits4, bits6 = int(found[4] or 32), int(found[5] or 128)
    if bits4 > 32 or bits6 > 128:
        return "an address does not have so many bits."
    return Term(word, name, qualifier, target or "", bits4=bits4, bits6=bits6)


def _read_network(word: str, name: str) -> Term | str:
    _, colon, written = word.partition(":")
    try:
        network = ip_network(written, strict=False)
    except ValueError:
        network = None
    version = 4 if name == "ip4" else 6
    if not colon or network is None or "%" in written or not _has_plain_bits(written):
        return f'"{written}" is no IPv{version} address or network.'
    if network.version != version:
        return f"this is an address of IPv{network.version}; write ip{network.version}:"
    qualifier = word[0] if word[0] in "+-~?" else "+"
    return Term(word, name, qualifier, network=network)


def _has_plain_bits(written: str) -> bool:
    # Python takes "10.0.0.0/255.0.0.0" too, SPF does not.
    _, slash, bits = written.partition("/")
    return not slash or bits.isdecimal()


def _unknown(word: str) -> str:
    name = re.split(r"[:/=]", word.lstrip("+~?-"), maxsplit=1)[0].lower()
    if word.strip("\"'") != word:
        return "leave out the quotes inside the record."
    if word.endswith((";", ",")):
        return f'leave out the "{word[-1]}"; only spaces divide terms.'
    near = {"ip": "ip4", "ipv4": "ip4", "ipv6": "ip6", "incl": "include"}.get(name)
    near = near or next(iter(get_close_matches(name, _MECHANISMS, 1)), "")
    if near and near != name:
        return f'there is no "{name}"; did you mean "{near}"?'
    return "SPF knows no such term."


def _remark(number: int, word: str) -> list[str]:
    name, _, target = word.partition("=")
    if name.lower().lstrip("+~?-") not in _MECHANISMS:
        return []
    return [f'term {number}, "{word}": write "{name}:{target}" with a colon.']
