from datetime import date

import pytest

from newsletter.assembly.links import collect_links, web_address
from newsletter.model.assembled import LinkUse
from newsletter.model.issue import (
    Block,
    Button,
    Divider,
    Event,
    Image,
    Issue,
    Item,
    Link,
    ListBlock,
    Note,
    Paragraph,
    Quote,
    Section,
    Strong,
    Subheading,
    Table,
    Text,
)
from newsletter.model.problem import Place


def place(line: int) -> Place:
    return Place("issue.md", line, 1)


def link(words: str, line: int, target: str = "https://example.org") -> Link:
    return Link((Text(words),), target, target, place(line))


def paragraph(*words: str, line: int = 1) -> Paragraph:
    return Paragraph(tuple(link(word, line) for word in words), place(line))


def issue(*blocks: Block, **parts: object) -> Issue:
    values: dict[str, object] = {"opening": blocks} | parts
    return Issue(
        "issue.md", "issue", (), (), date(2023, 5, 3), "nl", **values  # type: ignore[arg-type]
    )  # fmt: skip


def words(found: tuple[LinkUse, ...]) -> list[str]:
    return [use.words for use in found]


def test_links_of_an_issue_come_in_reading_order() -> None:
    lead = Item((link("2", 2),), (paragraph("3"),), place(2), is_lead=True)
    item = Item((link("6", 6),), (paragraph("7", "8"),), place(6))
    section = Section((link("4", 4),), (paragraph("5"),), (item,), place(4))
    found = collect_links(issue(paragraph("1"), leads=(lead,), sections=(section,)))
    assert words(found) == ["1", "2", "3", "4", "5", "6", "7", "8"]


def test_links_inside_blocks_are_found_in_reading_order() -> None:
    table = Table(((Text("a"),),), (((link("5", 1),),),), ("",), place(1))
    found = collect_links(
        issue(
            Quote((paragraph("1"),), place(1)),
            Note((paragraph("2"),), place(1)),
            ListBlock(((paragraph("3"),), (paragraph("4"),)), False, 1, place(1)),
            table,
            Divider(place(1)),
            Subheading((Strong((link("6", 1),)),), place(1)),
        )
    )
    assert words(found) == ["1", "2", "3", "4", "5", "6"]


def test_link_without_target_is_kept_with_its_place() -> None:
    promised = Paragraph((link("Zie hier", 9, target=""),), place(8))
    assert collect_links(issue(promised)) == (
        LinkUse("", "Zie hier", "text", place(9)),
    )


def test_button_without_target_is_kept_with_its_place() -> None:
    button = Button((Text("Teken"),), "", "", place(4))
    assert collect_links(issue(button)) == (LinkUse("", "Teken", "button", place(4)),)


def test_picture_is_a_link_only_with_a_target() -> None:
    plain = Image("a.jpg", "Een brug", "", place(1))
    linked = Image("a.jpg", "Een brug", "", place(2), target="https://example.org")
    assert collect_links(issue(plain, linked)) == (
        LinkUse("https://example.org", "Een brug", "image", place(2)),
    )


def test_event_has_the_links_for_reading_and_for_taking_part() -> None:
    event = Event(
        "Open dag",
        date(2023, 5, 9),
        None,
        place(3),
        link="https://example.org/day",
        online="https://meet.example.org",
    )
    assert collect_links(issue(event)) == (
        LinkUse("https://example.org/day", "Open dag", "event", place(3)),
        LinkUse("https://meet.example.org", "Open dag", "event", place(3)),
    )


@pytest.mark.parametrize("online", ["", "by telephone", "https://x.org and more"])
def test_web_address_of_words_is_empty(online: str) -> None:
    assert web_address(online) == ""
