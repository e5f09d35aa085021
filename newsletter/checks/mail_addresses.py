"""Addresses in the final HTML: what the template brings along. Looks at copies.

Law: what is personal leads to nobody but ourselves.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from urllib.parse import quote, unquote

from newsletter.checks.css import addresses_in
from newsletter.checks.facts import Facts, found, template_place
from newsletter.checks.links.domains import host_of
from newsletter.checks.page import Page, first_page, page_of
from newsletter.checks.places import shown_url
from newsletter.model.assembled import Assembled
from newsletter.model.copy import Copy
from newsletter.model.finding import Finding

#: Schemes that no mail program follows, or that only malice uses.
_REFUSED = re.compile(r"(?:javascript|data|vbscript|file|blob|about):", re.IGNORECASE)
#: Browsers drop these inside a scheme (WHATWG URL, section 4.4).
_DROPPED = re.compile(r"[\x00-\x20\x7f]+")
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*:", re.IGNORECASE)
_PLACE = re.compile(r"#[^#\s]+")

_ATTRIBUTES = frozenset(
    ("href", "src", "srcset", "background", "action", "poster", "data")
)
_TEXT_URL = re.compile(r"https?://[^\s<>\"']+", re.IGNORECASE)


def check_mail_addresses(assembled: Assembled, facts: Facts) -> list[Finding]:
    """Report addresses that mail programs refuse, and personal ones that leave us."""
    place = template_place(assembled.issue, facts)
    page = first_page(facts)
    refused = _refused_links(page) if page is not None else ()
    findings = [
        found(
            "link-scheme",
            place,
            f'the link "{words}" leads nowhere from a mail: "{shown_url(href)}".',
            "Write a whole address, beginning with https://, mailto: or tel:.",
        )
        for href, words in refused
    ]
    seen = [list(_addresses(copy)) for copy in facts.copies]
    leaks = (
        leak for number in range(len(seen)) for leak in _leaks(number, seen, facts)
    )
    for address in dict.fromkeys(leaks):
        findings.append(
            found(
                "token-leak",
                place,
                f"each reader's own token or address is sent to {address}.",
                "Take the personal part out of that address in the template: "
                "whoever gets it can tell who reads, or take readers off the list.",
            )
        )
    return findings


def _refused_links(page: Page) -> Iterable[tuple[str, str]]:
    links = {link.href: link for link in reversed(page.links)}
    return [(href, link.words) for href, link in links.items() if _is_refused(href)]


def _is_refused(href: str) -> bool:
    bare = _DROPPED.sub("", href)
    if _REFUSED.match(bare):
        return True
    return not _SCHEME.match(bare) and not _PLACE.fullmatch(bare)


def _leaks(
    number: int, seen: Sequence[Sequence[tuple[str, bool]]], facts: Facts
) -> Iterator[str]:
    """Yield to whom something of one reader is sent, as it can be shown.

    Args:
        number: Whose copy it is.
        seen: The addresses in each copy.
        facts: Know what is ours.
    """
    copy = facts.copies[number]
    tokens, own = _forms(copy.tokens), _forms((copy.reader.email,))
    others = [seen[at] for at in range(len(seen)) if at != number]
    for address, is_fetched in seen[number]:
        if not any(secret in address for secret in tokens):
            # Whoever is written about may be a reader too: what all get is no secret.
            is_personal = any(secret in address for secret in own)
            if not is_personal or any((address, is_fetched) in all_ for all_ in others):
                continue
        if is_fetched:
            yield f"{host_of(address) or 'somebody'} as soon as a picture is shown"
        elif not _is_ours(address, copy, facts):
            yield host_of(address) or shown_url(address.partition("?")[0])


def _forms(secrets: Iterable[str]) -> set[str]:
    """Return secrets as they may stand in an address."""
    known = [secret for secret in secrets if secret]
    return {form for text in known for form in (text, quote(text, safe=""))}


def _addresses(copy: Copy) -> Iterator[tuple[str, bool]]:
    """Yield each address of a copy, and whether it is asked without a click."""
    page = page_of(copy.html)
    for element in page.elements:
        for name, value in element.items():
            if name in _ATTRIBUTES:
                yield value, name != "href" or element.tag == "link"
    for css in (*page.inline_styles, *(style.css for style in page.styles)):
        for url in addresses_in(css):
            yield url, True
    for url in _TEXT_URL.findall(copy.text):
        yield url, False


def _is_ours(address: str, copy: Copy, facts: Facts) -> bool:
    if address.lower().startswith("mailto:"):
        return _is_our_mailbox(address, copy, facts)
    base = facts.base_url.rstrip("/").lower()
    return bool(base) and address.lower().startswith(f"{base}/")


def _is_our_mailbox(address: str, copy: Copy, facts: Facts) -> bool:
    """Whether a mail goes to the domain of the sender, or where leaving goes."""
    to = unquote(address[len("mailto:") :].partition("?")[0]).lower()
    places = " ".join((*copy.values("From"), *copy.values("List-Unsubscribe")))
    ours = {d.lower() for d in re.findall(r"@([\w.-]+\w)", f"{places} {facts.sender}")}
    return to.rpartition("@")[2] in ours
