"""Values of the front matter."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from newsletter.model.issue import NO_DATE, Text

ReadAny = Callable[[str], Any]

_REQUIRED = {"subject": "S", "preheader": "P", "date": "2023-02-14"}


def _head(**keys: str) -> str:
    lines = [f"{key}: {value}" for key, value in (_REQUIRED | keys).items()]
    return "\n".join(["---", *lines, "---", "", "Dag"])


@pytest.mark.parametrize(
    ("key", "value", "attribute", "expected"),
    [
        ("language", "pt-br", "language", "pt-BR"),
        ("language", "zh-hant-tw", "language", "zh-Hant-TW"),
        ("number", '"2"', "number", "2"),
        ("number", "2 bis", "number", "2 bis"),
        ("template", "letter", "template", "letter"),
        ("lists", "main, donors, main", "lists", ("main", "donors")),
        ("from", "LOS <a@EXAMPLE.org>", "sender", "LOS <a@example.org>"),
        ("reply_to", "a@example.org", "reply_to", "a@example.org"),
        ("slug", "Bijzonder-nummer", "slug", "Bijzonder-nummer"),
        ("archive", "no", "is_archived", False),
        ("archive", "Yes", "is_archived", True),
        ("archive", "yes", "says_archive", True),
        ("archive", "no", "says_archive", True),
        ("archive", "", "says_archive", False),
        ("number", "2", "says_archive", False),
    ],
)
def test_key_of_the_front_matter_becomes_a_value(
    read_file: ReadAny, key: str, value: str, attribute: str, expected: object
) -> None:
    read = read_file(_head(**{key: value}))
    assert read.problems == []
    assert getattr(read.issue, attribute) == expected


def test_keys_left_out_or_empty_have_the_defaults_of_the_settings(
    read_file: ReadAny,
) -> None:
    issue = read_file(_head(language="", lists="", template="")).issue
    assert (issue.language, issue.lists, issue.template) == (
        "nl",
        ("main",),
        "bulletin",
    )
    assert (issue.slug, issue.number, issue.sender, issue.is_archived) == (
        "x",
        "",
        "",
        True,
    )


def test_required_keys_are_read(read_file: ReadAny) -> None:
    issue = read_file(_head()).issue
    assert issue.subject == (Text("S"),)
    assert issue.preheader == (Text("P"),)
    assert issue.date == date(2023, 2, 14)
    assert [(k, p.line, p.column) for k, p in issue.places.items()] == [
        ("subject", 2, 1),
        ("preheader", 3, 1),
        ("date", 4, 1),
    ]


@pytest.mark.parametrize(
    ("key", "value", "problem"),
    [
        (
            "langage",
            "nl",
            'x.md:5:1: unknown key "langage". Did you mean "language"?',
        ),
        (
            "kleur",
            "nl",
            'x.md:5:1: unknown key "kleur". Known keys are: subject, preheader, '
            "date, language, number, template, lists, from, reply_to, slug, archive.",
        ),
        ("Taal", "nl", 'x.md:5:1: unknown key "Taal". Did you mean "language"?'),
        (
            "archive",
            "nee",
            'x.md:5:10: "archive" must be yes or no, not "nee". Write "no".',
        ),
        ("Langage", "", 'x.md:5:1: unknown key "Langage". Did you mean "language"?'),
        (
            "date",
            "14-02-2023",
            'x.md:4:7: "date" cannot be read as a date: "14-02-2023". '
            'Write year, month and day, for example "2025-04-02".',
        ),
        (
            "date",
            "2023-02-30",
            'x.md:4:7: "date" names a day that does not exist: 2023-02-30. '
            "Check month and day.",
        ),
        (
            "date",
            "0001-01-01",
            'x.md:4:7: "date" names a year that cannot be meant: 0001-01-01. '
            "Check the year.",
        ),
        (
            "subject",
            "",
            'x.md:2:10: "subject" is empty. '
            'Write it as "subject: What readers see in their inbox".',
        ),
        (
            "preheader",
            '""',
            'x.md:3:13: "preheader" is empty. '
            'Write it as "preheader: What stands beside the subject".',
        ),
        ("date", "", 'x.md:4:7: "date" is empty. Write it as "date: 2025-04-02".'),
        (
            "language",
            "dutch",
            'x.md:5:11: "language" must be a language tag such as "nl" or "pt-BR", '
            'not "dutch".',
        ),
        (
            "lists",
            "main, donor",
            'x.md:5:8: "lists" names an unknown list "donor". Did you mean "donors"?',
        ),
        (
            "lists",
            "xyz",
            'x.md:5:8: "lists" names an unknown list "xyz". '
            "Lists of newsletter.toml are: main, donors.",
        ),
        *(
            (
                "lists",
                written,
                'x.md:5:8: "lists" stands in brackets. '
                f'Write the lists without brackets: "lists: {meant}".',
            )
            for written, meant in (
                ("[main, donors]", "main, donors"),
                ("['donors', \"main\"]", "donors, main"),
                ("[donors", "donors"),
                ("[ ]", "main"),
            )
        ),
        (
            "from",
            "iemand",
            'x.md:5:7: "from" cannot be "iemand": the address has no @. '
            'Write it as "Name <news@example.org>" or "news@example.org".',
        ),
        (
            "slug",
            "../x",
            'x.md:5:7: "slug" must be made of letters a to z, digits and single '
            'hyphens, not "../x".',
        ),
        (
            "slug",
            "join",
            'x.md:5:7: "slug" cannot be "join": a public page of ours is there.',
        ),
        (
            "template",
            "a b",
            'x.md:5:11: "template" must be made of letters a to z, digits and single '
            'hyphens, not "a b".',
        ),
        (
            "archive",
            "misschien",
            'x.md:5:10: "archive" must be yes or no, not "misschien".',
        ),
    ],
)
def test_wrong_front_matter_is_explained(
    read_file: ReadAny, key: str, value: str, problem: str
) -> None:
    assert read_file(_head(**{key: value})).problems == [problem]


def test_required_keys_left_out_are_named(read_file: ReadAny) -> None:
    assert read_file("---\nlanguage: nl\n---\nDag").problems == [
        'x.md:1:1: the first lines hold no date. Add a line "date: 2025-04-02".',
        "x.md:1:1: the first lines hold no preheader. Add a line "
        '"preheader: What stands beside the subject".',
        "x.md:1:1: the first lines hold no subject. Add a line "
        '"subject: What readers see in their inbox".',
    ]


def test_misspelt_required_key_is_told_once(read_file: ReadAny) -> None:
    text = "---\nsubjct: S\npreheader: P\ndate: 2023-02-14\n---\nDag"
    assert read_file(text).problems == [
        'x.md:2:1: unknown key "subjct". Did you mean "subject"?'
    ]


def test_wrong_value_leaves_an_issue_with_the_default(read_file: ReadAny) -> None:
    issue = read_file(_head(language="dutch", archive="x", number="4")).issue
    assert (issue.language, issue.is_archived, issue.number) == ("nl", True, "4")


def test_without_a_date_there_is_an_issue_of_no_day(read_file: ReadAny) -> None:
    assert read_file(_head(date="morgen")).issue.date == NO_DATE


def test_long_wrong_value_is_cut_in_the_message(read_file: ReadAny) -> None:
    (problem,) = read_file(_head(archive="x" * 500)).problems
    assert problem == f'x.md:5:10: "archive" must be yes or no, not "{"x" * 60}…".'


def test_key_in_another_language_stands_for_the_missing_one(read_file: ReadAny) -> None:
    text = "---\nonderwerp: S\npreheader: P\ndatum: 2023-02-14\n---\n\nDag\n"
    assert read_file(text).problems == [
        'x.md:2:1: unknown key "onderwerp". Did you mean "subject"?',
        'x.md:4:1: unknown key "datum". Did you mean "date"?',
    ]
