"""Can the reader see how to leave, and who writes?"""

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from newsletter.addresses import is_loopback
from newsletter.checks.facts import Facts, found
from newsletter.model.assembled import UNSUBSCRIBE_URL, Assembled
from newsletter.model.finding import Finding
from newsletter.model.problem import Place


def check_unsubscribe(assembled: Assembled, facts: Facts) -> list[Finding]:
    """Report a mail that cannot be left, or does not say where it comes from."""
    findings = [*_missing_places(assembled), *_unsafe_pages(facts.base_url)]
    if not facts.postal_address.strip():
        findings.append(
            found(
                "postal-address",
                Place("newsletter.toml"),
                "the footer has no postal address.",
                'Add a line "address = …" below [newsletter]: '
                "many countries ask for it by law, and readers trust who has one.",
            )
        )
    return findings


def _missing_places(assembled: Assembled) -> Iterator[Finding]:
    markers = [s.marker for s in assembled.slots if s.name == UNSUBSCRIBE_URL]
    place = Place(assembled.issue.file)
    template = assembled.issue.template
    if not any(_is_link(marker, assembled.html) for marker in markers):
        yield found(
            "unsubscribe-place",
            place,
            "the mail has no link to unsubscribe.",
            f'Put it back into the footer of the template "{template}".',
        )
    if not any(marker in assembled.text for marker in markers):
        yield found(
            "unsubscribe-place",
            place,
            "the plain text of the mail has no link to unsubscribe.",
            f'Put it back into the footer of the template "{template}".',
        )


def _unsafe_pages(base_url: str) -> Iterator[Finding]:
    """Report pages without https: no mail program offers its own button for them.

    RFC 8058, section 3.1: one click is for https addresses alone.
    """
    if not base_url.startswith("http://"):
        return
    place = Place("newsletter.toml")
    if is_loopback(urlsplit(base_url).hostname or ""):
        yield found(
            "one-click-local",
            place,
            f"the pages of base_url, {base_url}, are on this computer alone: "
            "readers elsewhere cannot open them.",
            "Good for trying out; before sending, write the public address, "
            'which begins with "https://".',
        )
    else:
        yield found(
            "one-click",
            place,
            "base_url does not begin with https://: mail programs offer no button "
            "for leaving with one click.",
            'Let the pages be served with https, and write "https://…".',
        )


def _is_link(marker: str, html: str) -> bool:
    return bool(re.search(rf"href=[\"']?{re.escape(marker)}", html))
