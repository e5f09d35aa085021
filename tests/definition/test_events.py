"""Events in an issue."""

from collections.abc import Callable
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from newsletter.model.issue import Event
from newsletter.model.problem import Place

ReadAny = Callable[[str], Any]


def _event(read: ReadAny, body: str) -> Event:
    result = read(f"### Kop\n\n::: event\n{body}\n:::\n")
    assert result.problems == []
    (section,) = result.issue.sections
    (event,) = section.items[0].blocks
    assert isinstance(event, Event)
    return event


def test_event_is_read_whole(read: ReadAny) -> None:
    zone = ZoneInfo("Europe/Amsterdam")
    assert _event(
        read,
        "title: Kickoff: deel 1\nwhen: 2023-02-15 16:00-18:30\n"
        "where: Oxfam Novib, Mauritskade 9\nlink: ecli:ECLI:NL:1\n"
        "online: https://example.org/zoom",
    ) == Event(
        title="Kickoff: deel 1",
        start=datetime(2023, 2, 15, 16, tzinfo=zone),
        end=datetime(2023, 2, 15, 18, 30, tzinfo=zone),
        place=Place("x.md", 9, 1),
        where="Oxfam Novib, Mauritskade 9",
        link="https://deeplink.example/uitspraak?id=ECLI:NL:1",
        link_written="ecli:ECLI:NL:1",
        online="https://example.org/zoom",
    )


def test_title_of_an_event_is_the_plain_heading_of_its_item(read: ReadAny) -> None:
    body = "### [Een *avond*](https://example.org/) voor {{ city }}\n\n::: event\n"
    issue = read(f"{body}when: 2023-02-15\n:::\n").issue
    assert issue.sections[0].items[0].blocks[0].title == "Een avond voor u"


def test_event_in_a_note_has_the_title_of_the_item_too(read: ReadAny) -> None:
    result = read("# Kop\n\n::: note\n::: event\nwhen: 2023-02-15\n:::\n:::\n")
    assert result.problems == []
    assert result.issue.leads[0].blocks[0].blocks[0].title == "Kop"


def test_words_of_an_event_may_hold_a_literal_brace(read: ReadAny) -> None:
    assert _event(
        read, r"when: 2023-02-15\nwhere: zaal \{3\}".replace(r"\n", "\n")
    ).where == ("zaal {3}")


def test_online_may_be_words(read: ReadAny) -> None:
    assert _event(read, "when: 2023-02-15\nonline: bel ons: 12").online == "bel ons: 12"


_NO_TITLE = (
    "x.md:7:1: this event has no title, and stands below no heading of an item. "
    'Add a line "title: What it is called".'
)


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        (
            "::: event\ntitle: T\nwhere: Den Haag\n:::",
            ['x.md:7:1: this event has no date. Add a line "when: 2025-04-02 19:00".'],
        ),
        (
            "::: event\ntitle: T\nwhen:\n:::",
            ['x.md:9:6: this event has no date. Add a line "when: 2025-04-02 19:00".'],
        ),
        ("::: event\nwhen: 2023-02-15\n:::", [_NO_TITLE]),
        (
            "## Sectie\n\n::: event\ntitle:\nwhen: 2023-02-15\n:::",
            [_NO_TITLE.replace(":7:", ":9:")],
        ),
        (
            "::: event\ntitle: T\nwhen: 2023-02-15 25:00\n:::",
            [
                'x.md:9:7: "when" names a time that does not exist: 25:00. '
                "Write hours from 00 to 23 and minutes from 00 to 59."
            ],
        ),
        (
            "::: event\ntitle: T\nwhen: 2023-02-15 19:00-18:00\n:::",
            [
                "x.md:9:7: this event ends before it starts. After midnight the end "
                'needs its own date: "2025-04-02 22:00 - 2025-04-03 01:00".'
            ],
        ),
        (
            "::: event\ntitle: T\nwhen: 2023-02-15\nwhere\nwhre: x\n:::",
            [
                "x.md:10:1: this line does not begin with a key and a colon. "
                'Write it as "key: value" on one line.',
                'x.md:11:1: unknown key "whre". Did you mean "where"?',
            ],
        ),
        (
            "::: event\ntitle: T\nwhen: 2023-02-15\nkleur: rood\n:::",
            [
                'x.md:10:1: unknown key "kleur". '
                "Known keys are: title, when, where, link, online."
            ],
        ),
        (
            "::: event\ntitle: T {{ first_name or 'u' }}\nwhen: 2023-02-15\n"
            "where: {zaal}\n:::",
            [
                "x.md:8:10: a personal field cannot stand here. Use it in text, "
                "headings, words of links, subject or preheader.",
                'x.md:10:8: these curly brackets are left over: "{zaal}". Write a '
                r'field as {{ first_name or "reader" }}, or \{ for a curly bracket '
                "that readers should see.",
            ],
        ),
        (
            "::: event\ntitle: T\nwhen: x\nlink: javascript:alert(1)\n:::",
            [
                'x.md:9:7: "when" cannot be read: "x". Write it as "2025-04-02 19:00", '
                '"2025-04-02 19:00-21:30" or "2025-04-02 - 2025-04-04".',
                'x.md:10:7: an address cannot begin with "javascript:". '
                "Use https:, http:, mailto: or tel:.",
            ],
        ),
    ],
)
def test_wrong_event_is_explained(
    read: ReadAny, text: str, problems: list[str]
) -> None:
    assert read(f"{text}\n").problems == problems


def test_event_in_a_quote_tells_columns_of_the_file(read: ReadAny) -> None:
    assert read("> ::: event\n> title: T\n> when: x\n> :::\n").problems == [
        'x.md:9:9: "when" cannot be read: "x". Write it as "2025-04-02 19:00", '
        '"2025-04-02 19:00-21:30" or "2025-04-02 - 2025-04-04".'
    ]


def test_event_that_is_not_closed_leaves_the_rest_of_the_issue(read: ReadAny) -> None:
    result = read(
        "::: event\ntitle: T\nwhen: 2023-02-15\n\nTekst.\n\n"
        "::: event\ntitle: U\nwhen: 2023-02-16\n:::\n"
    )
    assert result.problems == [
        'x.md:7:1: "::: event" is not closed. Write a line ":::" below its last line.'
    ]
    kinds = [type(block).__name__ for block in result.issue.opening]
    assert kinds == ["Event", "Paragraph", "Event"]


def test_event_with_keys_in_another_language_is_explained(read: ReadAny) -> None:
    body = "::: event\ntitel: Avond\nwanneer: 2023-02-14\nwaar: Hier\n:::\n"
    assert read(body).problems == [
        'x.md:8:1: unknown key "titel". Did you mean "title"?',
        'x.md:9:1: unknown key "wanneer". Did you mean "when"?',
        'x.md:10:1: unknown key "waar". Did you mean "where"?',
    ]
