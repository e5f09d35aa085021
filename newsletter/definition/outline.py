"""The shape of an issue: opening, leads, sections and their items.

In: blocks and headings in the order of the file. Law: a lead stands before the first
section and before any item; an item without section goes into one without heading.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from newsletter.definition.blocks import Heading, Part
from newsletter.definition.reading import Reading
from newsletter.model.issue import NO_ATTRIBUTES, Attributes, Block, Item, Section


@dataclass(frozen=True, slots=True)
class Outline:
    """The content of an issue."""

    opening: tuple[Block, ...]
    leads: tuple[Item, ...]
    sections: tuple[Section, ...]


@dataclass(slots=True)
class _Draft:
    """An item, or what a section has before its first item, while it is being read."""

    heading: Heading
    blocks: list[Block] = field(default_factory=list)
    items: list["_Draft"] = field(default_factory=list)

    def as_item(self) -> Item:
        head = self.heading
        is_lead = head.level == 1
        return Item(
            head.content, tuple(self.blocks), head.place, is_lead, head.attributes
        )

    def as_section(self) -> Section:
        head = self.heading
        has_own = head.level == 2
        attributes: Attributes = head.attributes if has_own else NO_ATTRIBUTES
        return Section(
            head.content if has_own else (),
            tuple(self.blocks),
            tuple(item.as_item() for item in self.items),
            head.place,
            attributes,
        )


def build_outline(parts: Iterable[Part], reading: Reading) -> Outline:
    """Return the parts in the shape of an issue."""
    opening: list[Block] = []
    leads: list[_Draft] = []
    sections: list[_Draft] = []
    blocks = opening
    for part in parts:
        if not isinstance(part, Heading):
            blocks.append(part)
            continue
        draft = _Draft(part)
        blocks = draft.blocks
        if part.level == 1:
            _judge_lead(part, sections, reading)
            leads.append(draft)
        elif part.level == 2:
            sections.append(draft)
        else:
            if not sections:
                sections.append(_Draft(part))
            sections[-1].items.append(draft)
    return Outline(
        tuple(opening),
        tuple(lead.as_item() for lead in leads),
        tuple(section.as_section() for section in sections),
    )


def _judge_lead(lead: Heading, sections: list[_Draft], reading: Reading) -> None:
    if not sections:
        return
    if any(section.heading.level == 2 for section in sections):
        what = 'a lead item ("#") can only stand before the first section ("##").'
        advice = 'Write "##" for a section or "###" for an item.'
    else:
        what = 'a lead item ("#") can only stand before the other items ("###").'
        advice = 'Move it up, or write "###".'
    reading.refuse(lead.place, what, advice)
