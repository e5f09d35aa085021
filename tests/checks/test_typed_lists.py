from collections.abc import Callable
from dataclasses import replace

import pytest

from newsletter.checks.facts import Facts
from newsletter.checks.typed_lists import check_typed_lists
from newsletter.model.assembled import Assembled
from newsletter.model.finding import Finding, Severity
from newsletter.model.problem import Place

Write = Callable[[str], tuple[Assembled, Facts]]
FILE = "issues/2023-02.md"


def check(write: Write, text: str) -> list[Finding]:
    return check_typed_lists(*write(text))


def test_typed_bullets_are_told_once_with_their_lines(write: Write) -> None:
    text = "We have:\n\n• beds\n• a kitchen\n\nAnd also\n\n· a garden\n"
    assert check(write, text) == [
        Finding(
            "typed-bullets",
            Severity.WARNING,
            Place(FILE, 8, 1),
            'lines 8, 9 and 13 begin with a typed "•": this is no list, '
            "and its lines run together.",
            'Begin each line with "- " instead, with an empty line before the first.',
        )
    ]


@pytest.mark.parametrize(
    "text",
    [
        "We have:\n– beds\n– a kitchen\n",
        "We have\n\n— beds\n\n— a kitchen\n",
        "o beds\no a kitchen\n",
        "We have:\n*beds\n*a kitchen\n",
        "-beds\n-a kitchen\n",
        "▪ beds\n",
        "> ‣ beds\n",
        "✅ beds\n✅ a kitchen\n",
        "We have:\n➔ beds\n➔ a kitchen\n",
    ],
)
def test_other_typed_bullets_are_told(write: Write, text: str) -> None:
    assert [finding.rule for finding in check(write, text)] == ["typed-bullets"]


@pytest.mark.parametrize(
    "text",
    [
        "- beds\n- a kitchen\n",
        "* beds\n* a kitchen\n",
        "1. beds\n2. a kitchen\n",
        "Rights of all who live\n– as it takes two – to tango\n",
        "On the one hand we say\n– as ever –\n\nthat it is\n– so we hear – late.\n",
        "— Anna, volunteer\n",
        "Come to Utrecht\n· Arnhem · Nijmegen\n",
        "o my, that is a lot\n",
        "It was -5 outside\n-6 the day after\n",
        "```\n• code\n• code\n```\n",
        "— Are you coming?\n\n— I am.\n\n— « Good. »\n",
        "→ [beds](https://example.org/a)\n\n→ [food](https://example.org/b)\n",
        "☐ I come\\\n☐ I do not come\n",
        "It snowed.\\\n— Shall we go?\\\n— We shall.\n",
    ],
)
def test_real_lists_and_dashes_in_a_sentence_are_fine(write: Write, text: str) -> None:
    assert check(write, text) == []


def test_numbered_sections_are_told_with_what_numbers_them(write: Write) -> None:
    text = "## 1. BASIC RIGHTS\n\nOne.\n\n## 2. RESIDENCE\n\nTwo.\n"
    assert check(write, text) == [
        Finding(
            "typed-numbers",
            Severity.WARNING,
            Place(FILE, 6, 1),
            "the headings in lines 6 and 10 carry numbers typed by hand, "
            "which are wrong after the next change.",
            "Take them out; number_sections = true in newsletter.toml puts them there.",
        )
    ]


@pytest.mark.parametrize(
    "text",
    [
        "## I. Rights\n\nOne.\n\n## II. Residence\n\nTwo.\n",
        "## A\n\n### 1) One\n\nText.\n\n### 2) Two\n\nText.\n",
        "(1) beds\n\n(2) a kitchen\n",
        "a) beds\nb) a kitchen\n",
        "1.beds\n2.a kitchen\n",
    ],
)
def test_other_typed_numbers_are_told(write: Write, text: str) -> None:
    assert [finding.rule for finding in check(write, text)] == ["typed-numbers"]


@pytest.mark.parametrize(
    "text",
    [
        "## 1. Mai: Tag der Arbeit\n\nText.\n\n## 3. Oktober\n\nText.\n",
        "## V. is who she was\n\nText.\n",
        "## 2023 in numbers\n\nText.\n\n## 2024 in numbers\n\nText.\n",
        "The law says\n(2) that nobody may be sent away.\n",
        "See a) above\nand c) below.\n",
        "1. beds\n2. a kitchen\n3. a garden\n",
        "1. We wrote to the minister, and we ask you to write to her as well.\n",
        "> (1) beds\n>\n> (2) a kitchen\n",
        "(1) Everyone has the right to a bed.\n\n(2) Nobody may be\nsent away.\n",
        "a) You cook on Mondays.\\\nb) You cook on Fridays.\n",
        "1. one\n1. two\n1. three\n",
        "1. one\n2. two\n2. three\n",
        "3. three\n\n4. four\n",
        "- 3. dec: supper\n- 10. mrt: dinner\n",
    ],
)
def test_dates_names_and_real_numbers_are_fine(write: Write, text: str) -> None:
    assert check(write, text) == []


def test_lines_set_apart_are_not_said_to_run_together(write: Write) -> None:
    (bullets,) = check(write, "• beds\n\n• a kitchen\n")
    (numbers,) = check(write, "1.beds\\\n2.a kitchen\n")
    assert bullets.message == 'lines 6 and 8 begin with a typed "•": this is no list.'
    assert (
        numbers.message == "lines 6 and 7 begin with a typed number: this is no list."
    )


@pytest.mark.parametrize(
    "text",
    [
        "### 1. Advent\n\nA.\n\n### 2. Advent\n\nB.\n\n### 3. Advent\n\nC.\n",
        "### 1. Herren: 3:1\n\nA.\n\n### 2. Herren\n\nB.\n\n### 1. Damen\n\nC.\n",
        "### 3. Mai: Altpapier\n\nA.\n\n### 4. Mai\n\nB.\n",
        "24. Dezember, 16 Uhr\n\nA.\n\n25. Dezember, 10 Uhr\n",
    ],
)
def test_ordinals_and_dates_with_a_dot_are_fine(write: Write, text: str) -> None:
    assembled, facts = write(text)
    german = replace(assembled, issue=replace(assembled.issue, language="de-AT"))
    assert check_typed_lists(german, facts) == []


def test_numbered_headings_are_told_in_german_too(write: Write) -> None:
    assembled, facts = write("## 1. Neues\n\nA.\n\n## 2. Termine\n\nB.\n")
    german = replace(assembled, issue=replace(assembled.issue, language="de"))
    assert [f.rule for f in check_typed_lists(german, facts)] == ["typed-numbers"]


def test_headings_that_became_lists_of_one_are_told(write: Write) -> None:
    text = "1. BASIC RIGHTS\n\nText.\n\n2. RESIDENCE\n\nText\n3. WHAT TO DO\n"
    assert check(write, text) == [
        Finding(
            "typed-numbers",
            Severity.WARNING,
            Place(FILE, 6, 1),
            "lines 6, 10 and 13 are numbered lists of one entry, "
            "and read like a heading.",
            "Write a heading: ## Basic rights",
        )
    ]


def test_without_source_lines_nothing_is_guessed(write: Write) -> None:
    assembled, facts = write("• beds\n• a kitchen\n")
    assert check_typed_lists(assembled, replace(facts, source=())) == []
