"""The copies of several readers -> findings, each said once and of whom it is true."""

from collections.abc import Callable, Iterable
from dataclasses import replace

from newsletter.checks.facts import Facts
from newsletter.model.copy import Copy
from newsletter.model.finding import Finding


def look_at_copies(
    facts: Facts, look: Callable[[Copy], Iterable[Finding]]
) -> list[Finding]:
    """Return what *look* finds in the copies.

    What is true of the first copy, that of a reader of whom nothing is known, needs no
    name. What is not begins with the first reader of whom it is.

    Args:
        facts: With the copies.
        look: What one copy has, said as of every copy.
    """
    found: dict[Finding, Finding] = {}
    for number, copy in enumerate(facts.copies):
        for finding in look(copy):
            said = finding if number == 0 else _of(finding, copy)
            found.setdefault(finding, said)
    return list(found.values())


def _of(finding: Finding, copy: Copy) -> Finding:
    return replace(finding, message=f"for {copy.reader.who}: {finding.message}")
