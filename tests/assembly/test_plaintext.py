from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from newsletter.assembly.plaintext import render_text
from newsletter.assembly.wrapping import width_of, wrap
from newsletter.model.issue import Field, Issue
from newsletter.model.settings import Settings

LEAVE = "@@3fa9c1_9@@"

Read = Callable[..., Issue]


def marker(field: Field) -> str:
    return f"@@3fa9c1_{field.name}@@"


def text_of(issue: Issue, settings: Settings, **changes: Any) -> str:
    given: dict[str, Any] = {"unsubscribe_url": LEAVE, "view_url": None}
    return render_text(issue, settings, marker=marker, **(given | changes))


@pytest.fixture
def body_of(read_issue: Read, settings: Settings) -> Callable[..., str]:
    """Return the text of an issue between masthead and closing lines."""

    def body(definition: str, **keys: str) -> str:
        text = text_of(read_issue(definition, **keys), settings)
        _, between = text.split("mei 2023\n\n\n")
        return between.split("\n\n\n" + "-" * 72)[0]

    return body


WHOLE = """\
De Brug
Nummer 5 · woensdag 3 mei 2023


Dag @@3fa9c1_first_name@@,

Dit is het voorwoord, met een link [1].


EEN GROOT BERICHT [2]
=====================

Tekst van het bericht.


1. EEN SECTIE
=============

Een item
--------

Tekst van het item, met dezelfde link [1].

Wanneer: dinsdag 9 mei 2023, 19:00–20:30
Waar:    Utrecht
Meer informatie [3]

Doe mee [4]


2. NOG EEN
==========

Kort.


Links
-----
[1] https://example.org/een
[2] https://example.org/groot
[3] https://example.org/avond
[4] https://example.org/mee


------------------------------------------------------------------------

Wie wij zijn.

Wat wij doen.

Postbus 1
Utrecht

U ontvangt deze mail omdat u bent ingeschreven voor De Brug.
Uitschrijven: <@@3fa9c1_9@@>
Bekijk in de browser: <https://news.example.org/2023-05/>
"""

WHOLE_DEFINITION = """\
Dag {{ first_name or "lezer" }},

Dit is het voorwoord, met een [link](https://example.org/een).

# [Een groot bericht](https://example.org/groot)

Tekst van het bericht.

## Een sectie

### Een item

Tekst van het item, met dezelfde [link](https://example.org/een).

::: event
when: 2023-05-09 19:00-20:30
where: Utrecht
link: https://example.org/avond
:::

[Doe mee](https://example.org/mee){.button}

## Nog een

Kort.
"""


def test_text_of_a_short_issue_is_whole(read_issue: Read, settings: Settings) -> None:
    numbered = replace(
        settings, template=replace(settings.template, number_sections=True)
    )
    issue = read_issue(WHOLE_DEFINITION, number="5")
    no_calendar = text_of(issue, numbered).replace(
        f"<{LEAVE}>\n",
        f"<{LEAVE}>\nBekijk in de browser: <https://news.example.org/2023-05/>\n",
    )
    assert no_calendar == WHOLE


def test_text_with_a_page_links_to_page_and_calendar(
    read_issue: Read, settings: Settings
) -> None:
    page = "https://news.example.org/2023-05/"
    text = text_of(read_issue(WHOLE_DEFINITION), settings, view_url=page)
    assert "Zet in uw agenda [4]\n" in text
    assert f"[4] {page}een-item.ics\n" in text
    assert text.endswith(f"\nUitschrijven: <{LEAVE}>\nBekijk in de browser: <{page}>\n")


def test_text_without_a_way_to_leave_says_only_why_it_came(
    read_issue: Read, settings: Settings
) -> None:
    text = text_of(read_issue("Dag."), settings, unsubscribe_url=None)
    assert text.endswith(
        "U ontvangt deze mail omdat u bent ingeschreven voor De Brug.\n"
    )


def test_text_of_a_long_issue_has_the_addresses_below_each_section(
    body_of: Callable[..., str],
) -> None:
    words = "woorden " * 400
    body = body_of(
        f"## Een\n\n[Link](https://example.org/1) {words}\n\n"
        f"## Twee\n\n[Weer](https://example.org/1) {words}"
        "[nog](https://example.org/2)\n"
    )
    one, two = body.split("\n\n\n")
    assert one.endswith("\n\n[1] https://example.org/1")
    assert two.endswith("\n\n[1] https://example.org/1\n[2] https://example.org/2")


@pytest.mark.parametrize(
    ("definition", "expected"),
    [
        ("**Vet** en _schuin_ en `code {x}`.", "*Vet* en _schuin_ en code {x}."),
        ("Een regel\\\nen nog een.", "Een regel\nen nog een."),
        ("- een\n- twee\n  - binnen\n", "- een\n- twee\n  - binnen"),
        ("9. negen\n10. tien", " 9. negen\n10. tien"),
        ("- een\n\n  meer\n- twee", "- een\n\n  meer\n\n- twee"),
        ("> Gezegd.\n>\n> En gedaan.", "> Gezegd.\n>\n> En gedaan."),
        ("::: note\nLet op.\n\nEcht.\n:::", "| Let op.\n|\n| Echt."),
        ("Voor\n\n---\n\nna", "Voor\n\n* * *\n\nna"),
        ("```\nx = 1\n\n  y = 2\n```", "    x = 1\n\n      y = 2"),
        ("## Sectie\n### Item\n#### Kop\nTekst", "Item\n----\n\nKop\nTekst"),
        ("[post@example.org](mailto:post@example.org)", "post@example.org"),
        ("[Mail Post@example.org](mailto:post@example.org)", "Mail Post@example.org"),
        ("[020 123 45 67](tel:+31201234567)", "020 123 45 67"),
        ("[bel 112](tel:112)", "bel 112"),
        ("[Bel ons](tel:+3120)", "Bel ons [1]\n\n\nLinks\n-----\n[1] +3120"),
        ("https://example.org/x", "https://example.org/x"),
        (
            "[Schrijf](mailto:post@example.org)",
            "Schrijf [1]\n\n\nLinks\n-----\n[1] post@example.org",
        ),
        ("[Zie hier]()", "Zie hier"),
        ("![Een deur](deur.jpg)", "[Een deur]"),
        ('![Een deur](deur.jpg "Open.")', "[Een deur]\nOpen."),
        ("Voor\n\n![](deur.jpg)", "Voor"),
        (
            "| Wat | Sinds |\n| :-- | --: |\n| Huis | 2006 |\n| Werk | 199 |",
            "Wat   Sinds\n----  -----\nHuis   2006\nWerk    199",
        ),
        (
            '| Wie | Wat |\n| --- | --- |\n| {{ first_name or "u" }} | x |',
            "Wie  Wat\n---  ---\n@@3fa9c1_first_name@@    x",
        ),
    ],
)
def test_text_of_a_block_reads_well(
    body_of: Callable[..., str], definition: str, expected: str
) -> None:
    assert body_of(definition).removeprefix("SECTIE\n======\n\n") == expected


def test_text_of_a_wide_table_has_each_cell_on_its_own_line(
    body_of: Callable[..., str],
) -> None:
    cell = "een lange cel " * 4
    body = body_of(f"| Wat | Waar |\n| --- | --- |\n| {cell}| {cell}|\n| a | b |")
    assert body == (
        "Wat: een lange cel een lange cel een lange cel een lange cel\n"
        "Waar: een lange cel een lange cel een lange cel een lange cel\n"
        "\n"
        "Wat: a\n"
        "Waar: b"
    )


def test_event_with_a_title_of_its_own_and_online_names_both(
    body_of: Callable[..., str],
) -> None:
    body = body_of(
        "::: event\ntitle: Avond\nwhen: 2023-05-09\nonline: https://meet.example.org/x\n:::"
    )
    assert body == (
        "Avond\nWanneer: dinsdag 9 mei 2023\nOnline:  [1]\n\n\n"
        "Links\n-----\n[1] https://meet.example.org/x"
    )


def test_event_online_in_words_shows_them(body_of: Callable[..., str]) -> None:
    body = body_of("::: event\ntitle: A\nwhen: 2023-05-09\nonline: via Jitsi\n:::")
    assert body.endswith("\nOnline:  via Jitsi")


def test_item_in_another_language_has_the_words_of_that_language(
    body_of: Callable[..., str],
) -> None:
    body = body_of(
        "## Nieuws\n\n{lang=en}\n### Evening\n\n::: event\nwhen: 2023-05-09 19:00\n"
        "where: Town hall\nlink: https://example.org/x\n:::\n"
    )
    assert (
        "When:  Tuesday 9 May 2023, 19:00\nWhere: Town hall\nMore information [1]"
        in body
    )


def test_right_to_left_text_is_untouched(body_of: Callable[..., str]) -> None:
    words = "هل لديك سؤال عن الإقامة أو العمل؟"
    assert body_of(f"{{lang=ar}}\n{words}") == words


def test_section_title_with_a_field_keeps_its_marker(
    body_of: Callable[..., str],
) -> None:
    body = body_of('## Voor {{ first_name or "u" }} en meer\n\nDag.')
    assert body.startswith("VOOR @@3fa9c1_first_name@@ EN MEER\n==============\n")


def test_section_title_with_code_and_emphasis_keeps_the_code(
    body_of: Callable[..., str],
) -> None:
    assert body_of("## Over _de_ `brug`\n\nDag.").startswith("OVER _DE_ brug\n")


def test_section_title_in_turkish_has_dotted_capitals(
    body_of: Callable[..., str],
) -> None:
    assert body_of("{lang=tr}\n## Bilgi\n\nX").startswith("BİLGİ\n")


@hypothesis_settings(max_examples=60, deadline=None)
@given(
    text=st.text(st.characters(codec="utf-8", exclude_categories=["C"]), max_size=300)
)
def test_no_line_ends_in_a_space_and_only_long_words_exceed_the_width(
    text: str,
) -> None:
    for line in wrap([text], 40):
        assert line == line.strip(" ")
        assert width_of(line) <= 40 or " " not in line
