from collections.abc import Callable
from dataclasses import replace
from datetime import date

import pytest

from newsletter.checks.facts import Facts
from newsletter.checks.promised_links import check_promised_links
from newsletter.model.assembled import Assembled, LinkKind, LinkUse
from newsletter.model.finding import Finding, Severity
from newsletter.model.issue import (
    Block,
    Button,
    Code,
    Event,
    Field,
    LineBreak,
    Link,
    ListBlock,
    Note,
    Paragraph,
    Quote,
    Strong,
    Subheading,
    Table,
    Text,
)
from newsletter.model.problem import Place

FILE = "issues/2023-02.md"
Assemble = Callable[..., Assembled]


def at(line: int, column: int = 1) -> Place:
    return Place(FILE, line, column)


def paragraph(*words: str, line: int = 1) -> Paragraph:
    return Paragraph(tuple(Text(word) for word in words), at(line))


def places(
    assembled: Assembled, facts: Facts, source: str = ""
) -> list[tuple[int, int]]:
    known = replace(facts, source=tuple(source.splitlines()))
    findings = check_promised_links(assembled, known)
    return [(finding.place.line, finding.place.column) for finding in findings]


@pytest.mark.parametrize(
    ("kind", "shown"),
    [
        ("text", "link"),
        ("heading", "link"),
        ("button", "button"),
        ("image", "link of the picture"),
        ("event", "link of the event"),
    ],
)
def test_link_without_an_address_is_an_error(
    assemble: Assemble, facts: Facts, kind: LinkKind, shown: str
) -> None:
    use = LinkUse("", "Ik teken", kind, at(17, 3))
    assembled = replace(assemble(), links=(use,))
    assert check_promised_links(assembled, facts) == [
        Finding(
            "promised-link",
            Severity.ERROR,
            at(17, 3),
            f'the {shown} "Ik teken" has no address.',
            "Write it between the round brackets: [Ik teken](https://…).",
        )
    ]


def test_link_with_an_address_is_fine(assemble: Assemble, facts: Facts) -> None:
    use = LinkUse("https://example.org/", "Ik teken", "button", at(17))
    assembled = replace(assemble(), links=(use,))
    assert check_promised_links(assembled, facts) == []


def test_call_outside_a_link_is_an_error(assemble: Assemble, facts: Facts) -> None:
    assembled = assemble(paragraph("Een besluit. Zie hier."))
    known = replace(facts, source=("Een besluit. Zie hier.",))
    assert check_promised_links(assembled, known) == [
        Finding(
            "promised-link",
            Severity.ERROR,
            at(1, 14),
            '"Zie hier" promises a link, and there is none.',
            "Write [Zie hier](https://…), or take the words out.",
        )
    ]


@pytest.mark.parametrize(
    "words",
    [
        "Inschrijven kan via deze link.",
        "Meld je aan via onderstaande link",
        "You can join through this link until Friday.",
        "Anmelden können Sie sich über diesen Link.",
        "Inscrivez-vous en suivant ce lien.",
        "يمكنكم التسجيل عبر هذا الرابط.",
    ],
)
def test_words_that_point_at_no_link_are_an_error(
    words: str, assemble: Assemble, facts: Facts
) -> None:
    blocks = (paragraph(words), paragraph("There is soup."), paragraph("And bread."))
    (finding,) = check_promised_links(assemble(*blocks), facts)
    assert finding.message.endswith(" promises a link, and there is none.")


@pytest.mark.parametrize(
    "after",
    [
        Button((Text("Join"),), "https://a.test", "https://a.test", at(3)),
        Paragraph((Link((Text("a.test"),), "https://a.test", "", at(3)),), at(3)),
        Event("Soup", date(2023, 3, 1), None, at(3), link="https://a.test"),
    ],
)
def test_words_that_point_at_a_link_below_are_fine(
    after: Block, assemble: Assemble, facts: Facts
) -> None:
    blocks = (paragraph("Inschrijven kan via deze link."), after)
    assert check_promised_links(assemble(*blocks), facts) == []


def test_call_in_a_link_is_fine(assemble: Assemble, facts: Facts) -> None:
    link = Link((Text("Zie hier"),), "https://a.example", "https://a.example", at(1))
    block = Paragraph((Text("Een besluit. "), link, Text(".")), at(1))
    assert check_promised_links(assemble(block), facts) == []


def test_call_with_a_link_on_one_word_is_fine(assemble: Assemble, facts: Facts) -> None:
    link = Link((Text("hier"),), "https://a.example", "https://a.example", at(1))
    block = Paragraph((Text("Klik "), link), at(1))
    assert check_promised_links(assemble(block), facts) == []


def test_call_in_code_is_fine(assemble: Assemble, facts: Facts) -> None:
    block = Paragraph((Code("Klik hier"),), at(1))
    assert check_promised_links(assemble(block), facts) == []


@pytest.mark.parametrize(
    "block",
    [
        ListBlock(((paragraph("Lees meer"),),), False, 1, at(1)),
        Quote((paragraph("Lees meer"),), at(1)),
        Note((paragraph("Lees meer"),), at(1)),
        Note((Quote((paragraph("Lees meer"),), at(1)),), at(1)),
        Table(((Text("Rechter"),),), (((Text("Lees meer"),),),), ("",), at(1)),
        Paragraph((Strong((Text("Lees meer"),)),), at(1)),
        Paragraph((Text("Een besluit"), LineBreak(), Text("Lees meer")), at(1)),
        Paragraph((Field("name", "Lezer", at(1)), Text(", lees meer")), at(1)),
    ],
    ids=["list", "quote", "note", "nested", "table", "bold", "break", "field"],
)
def test_call_is_found_in(block: Block, assemble: Assemble, facts: Facts) -> None:
    assert len(check_promised_links(assemble(block), facts)) == 1


def test_heading_is_no_call(assemble: Assemble, facts: Facts) -> None:
    block = Subheading((Text("Lees meer"),), at(1))
    assert check_promised_links(assemble(block), facts) == []


def test_place_is_that_of_the_words_in_a_later_line(
    assemble: Assemble, facts: Facts
) -> None:
    block = paragraph("Een regel. En nog een. Zie hier.", line=3)
    source = "## Kop\n\nEen regel.\nEn nog een. Zie hier.\n\nZie hier."
    assert places(assemble(block), facts, source) == [(4, 13)]


def test_second_call_of_a_block_has_its_own_place(
    assemble: Assemble, facts: Facts
) -> None:
    link = Link((Text("Zie hier"),), "https://a.example", "", at(1))
    block = Paragraph(
        (Text("Een. Zie hier. Twee. "), link, Text(". Drie. Zie hier.")), at(1)
    )
    source = "Een. Zie hier.\nTwee. [Zie hier](https://a.example). Drie. Zie hier."
    assert places(assemble(block), facts, source) == [(1, 6), (2, 44)]


def test_words_in_an_address_are_not_counted(assemble: Assemble, facts: Facts) -> None:
    link = Link((Text("Kijk"),), "https://a.example/weiterlesen", "", at(1))
    block = Paragraph((link, Text(". Weiterlesen")), at(1))
    source = "[Kijk](https://a.example/Weiterlesen). Weiterlesen"
    assert places(assemble(block), facts, source) == [(1, 40)]


def test_words_broken_over_two_lines_are_placed_at_the_first(
    assemble: Assemble, facts: Facts
) -> None:
    block = Quote((Paragraph((Text("Een besluit. Zie hier."),), at(1, 3)),), at(1))
    assert places(assemble(block), facts, "> Een besluit. Zie\n> hier.") == [(1, 16)]


def test_words_with_emphasis_inside_are_placed(
    assemble: Assemble, facts: Facts
) -> None:
    block = Paragraph((Text("Nu. "), Strong((Text("Zie"),)), Text(" hier.")), at(1))
    assert places(assemble(block), facts, "Nu. **Zie** hier.") == [(1, 7)]


def test_words_not_found_in_the_source_have_the_place_of_their_block(
    assemble: Assemble, facts: Facts
) -> None:
    block = paragraph("Zie hier.", line=2)
    assert places(assemble(block), facts, "x\nZie&nbsp;hier.") == [(2, 1)]
    assert places(assemble(block), facts) == [(2, 1)]


@pytest.mark.parametrize(
    "words",
    [
        "Ik teken de petitie",
        "Teken de petitie!",
        "→ Meld u aan",
        "Doneer nu",
        "Sign the petition.",
        "Donate now",
        "Jetzt unterschreiben",
        "Je signe la pétition",
        "وقعوا على العريضة",
        "They live here. IK TEKEN DE PETITIE TOELATINGSBELEID",
        "They live here. I SIGN THE PETITION",
    ],
)
def test_call_to_act_without_a_link_is_an_error(
    words: str, assemble: Assemble, facts: Facts
) -> None:
    blocks = [paragraph("Text."), paragraph(words, line=3), paragraph("More.", line=5)]
    findings = check_promised_links(assemble(*blocks), facts)
    assert [(f.rule, f.place.line) for f in findings] == [("promised-link", 3)]


@pytest.mark.parametrize(
    "words",
    [
        "Sign the petition with your friends on Saturday.",
        "Many people want to sign the petition",
        "Meld u aan: bij de balie",
        'She said: "Sign the petition"',
        "THEY WANT TO SIGN THE PETITION",
        "Donate blood",
        "Anmeldung",
    ],
)
def test_act_that_is_told_of_is_no_call(
    words: str, assemble: Assemble, facts: Facts
) -> None:
    assert check_promised_links(assemble(paragraph(words)), facts) == []


@pytest.mark.parametrize("number", [0, 1, 2])
@pytest.mark.parametrize(
    "answer",
    [
        Paragraph((Link((Text("here"),), "https://a.test", "", at(1)),), at(1)),
        Button((Text("Sign"),), "https://a.test", "", at(1)),
        paragraph("Call 020 123 45 67."),
        paragraph("NL91 ABNA 0417 1643 00"),
        paragraph("Write to post@court.test."),
    ],
)
def test_call_to_act_is_answered_by_what_is_near(
    answer: Block, number: int, assemble: Assemble, facts: Facts
) -> None:
    call = paragraph("Sign the petition", line=3)
    blocks: list[Block] = [call, paragraph("Text.", line=5)]
    blocks.insert(number, answer)
    assert check_promised_links(assemble(*blocks), facts) == []


def test_call_to_act_below_a_heading_that_is_a_link_is_fine(
    write: Callable[..., tuple[Assembled, Facts]],
) -> None:
    text = "### [A petition](https://a.test/b)\n\nText.\n\nSign the petition.\n"
    assert check_promised_links(*write(text)) == []
