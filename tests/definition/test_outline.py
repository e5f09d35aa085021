"""The shape of an issue."""

from collections.abc import Callable
from typing import Any

from newsletter.model.issue import Item, Paragraph, Section, Text
from newsletter.model.problem import Place

ReadAny = Callable[[str], Any]


def _words(blocks: tuple[Paragraph, ...]) -> list[str]:
    return ["".join(t.text for t in b.content if isinstance(t, Text)) for b in blocks]


def test_issue_has_opening_leads_sections_and_items(read: ReadAny) -> None:
    result = read(
        "Dag\n\n# Lead\n\nl\n\n# Tweede lead\n\n## Een\n\nvooraf\n\n"
        "### A\n\na\n\n### B\n\n## Twee\n"
    )
    assert result.problems == []
    issue = result.issue
    assert _words(issue.opening) == ["Dag"]
    assert [(lead.heading, lead.is_lead) for lead in issue.leads] == [
        ((Text("Lead"),), True),
        ((Text("Tweede lead"),), True),
    ]
    one, two = issue.sections
    assert (one.heading, _words(one.blocks)) == ((Text("Een"),), ["vooraf"])
    assert [item.heading for item in one.items] == [(Text("A"),), (Text("B"),)]
    assert two == Section((Text("Twee"),), (), (), Place("x.md", 25, 1))


def test_items_without_section_stand_in_one_without_heading(read: ReadAny) -> None:
    result = read("### A\n\na\n\n### B\n\n## Een\n\n### C\n")
    assert result.problems == []
    first, second = result.issue.sections
    assert (first.heading, first.place) == ((), Place("x.md", 7, 1))
    assert [len(first.items), len(second.items)] == [2, 1]
    assert isinstance(first.items[0], Item)
    assert not first.items[0].is_lead


def test_lead_after_the_first_section_is_a_problem(read: ReadAny) -> None:
    result = read("## Een\n\n# Lead\n\nTekst\n")
    assert result.problems == [
        'x.md:9:1: a lead item ("#") can only stand before the first section ("##"). '
        'Write "##" for a section or "###" for an item.'
    ]
    assert _words(result.issue.leads[0].blocks) == ["Tekst"]


def test_lead_after_an_item_is_a_problem(read: ReadAny) -> None:
    assert read("### A\n\n# Lead\n").problems == [
        'x.md:9:1: a lead item ("#") can only stand before the other items ("###"). '
        'Move it up, or write "###".'
    ]
