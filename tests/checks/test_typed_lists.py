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
    ],
)
def test_dates_names_and_real_numbers_are_fine(write: Write, text: str) -> None:
    assert check(write, text) == []


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
