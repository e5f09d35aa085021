"""Can the reader see how to leave, and who writes?"""

import re
from collections.abc import Iterator

from newsletter.checks.facts import Facts, found
from newsletter.model.assembled import UNSUBSCRIBE_URL, Assembled
from newsletter.model.finding import Finding
from newsletter.model.problem import Place


def check_unsubscribe(assembled: Assembled, facts: Facts) -> list[Finding]:
    """Report a mail that cannot be left, or does not say where it comes from."""
    findings = list(_missing_places(assembled))
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


def _is_link(marker: str, html: str) -> bool:
    return bool(re.search(rf"href=[\"']?{re.escape(marker)}", html))
