"""What Gmail left out of a mail, counted and told. Pure."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from newsletter.clients.remarks import counted, listed


@dataclass(slots=True)
class Losses:
    """What was left out so far; the transforms count here."""

    #: Why style blocks go, each reason the end of a sentence.
    blocks: Counter[str] = field(default_factory=Counter)
    selectors: int = 0
    page_rules: int = 0
    at_rules: list[str] = field(default_factory=list)
    declarations: list[str] = field(default_factory=list)
    attributes: int = 0
    pictures: int = 0
    grounds: int = 0
    elements: list[str] = field(default_factory=list)


def block_remarks(blocks: Counter[str]) -> Iterator[str]:
    """Yield a sentence for each reason to drop style blocks."""
    for reason, number in blocks.items():
        yield counted(
            number,
            f"style block is left out: {reason}.",
            f"style blocks are left out: {reason}.",
        )


def part_remarks(losses: Losses) -> Iterator[str]:
    """Yield what a reader sees of the parts left out; some are empty."""
    yield counted(
        losses.pictures,
        "picture is not shown: Gmail shows neither SVG nor pictures inside the HTML.",
        "pictures are not shown: Gmail shows neither SVG nor pictures inside the HTML.",
    )
    yield counted(
        losses.grounds,
        "background picture is left out.",
        "background pictures are left out.",
    )
    yield counted(
        len(losses.elements),
        f"element is left out: {listed(losses.elements)}.",
        f"elements are left out: {listed(losses.elements)}.",
    )


def part_details(losses: Losses) -> Iterator[str]:
    """Yield what was left out of the style, by its names; some are empty."""
    yield counted(
        losses.page_rules,
        "rule for the page itself finds nothing: the body becomes a div.",
        "rules for the page itself find nothing: the body becomes a div.",
    )
    yield counted(
        len(losses.at_rules),
        f"block of rules is left out: {listed(losses.at_rules)}.",
        f"blocks of rules are left out: {listed(losses.at_rules)}.",
    )
    yield counted(
        losses.selectors, "selector is not known.", "selectors are not known."
    )
    yield counted(
        losses.attributes,
        "style attribute is dropped for a colour written with spaces.",
        "style attributes are dropped for a colour written with spaces.",
    )
    yield counted(
        len(losses.declarations),
        f"declaration is left out: {listed(losses.declarations)}.",
        f"declarations are left out: {listed(losses.declarations)}.",
    )
