from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.errors import UsageError
from newsletter.model.segment import (
    AllOf,
    AnyOf,
    Comparator,
    Comparison,
    Kind,
    Membership,
    Not,
    Segment,
)
from newsletter.subscribers.segments import (
    MAX_CHARACTERS,
    MAX_DEPTH,
    parse_segment,
)

FIELDS: Any = {"city": "text", "age": "number", "since": "date", "tags": "list"}
LISTS = ("main", "events")
DUTCH = Comparison("language", Comparator.EQUAL, "nl", Kind.TEXT)
GROWN = Comparison("age", Comparator.AT_LEAST, "18", Kind.NUMBER)
HELPS = Membership("volunteer", "tags")


def read(text: str) -> Any:
    return parse_segment(text, FIELDS, lists=LISTS).condition


def refusal(text: str, fields: Any = None) -> str:
    with pytest.raises(UsageError) as caught:
        parse_segment(text, FIELDS if fields is None else fields, lists=LISTS)
    return str(caught.value)


def test_segment_keeps_the_words_it_was_written_in() -> None:
    found = parse_segment(' language == "nl"\n', FIELDS, time_zone="Europe/Amsterdam")
    assert found == Segment('language == "nl"', DUTCH, "Europe/Amsterdam")


@pytest.mark.parametrize(
    ("text", "condition"),
    [
        ('language=="nl"', DUTCH),
        ("language == 'nl'", DUTCH),
        ('language == "NL"', DUTCH),
        ("language == “nl”", DUTCH),
        ("language == „nl“", DUTCH),
        ("language == ‘ nl ’", DUTCH),
        ("age >= 18", GROWN),
        ('age >= "18"', GROWN),
        ("age < -1,5", Comparison("age", Comparator.LESS, "-1.5", Kind.NUMBER)),
        ('age == ""', Comparison("age", Comparator.EQUAL, "", Kind.TEXT)),
        ("city != 1012", Comparison("city", Comparator.UNEQUAL, "1012", Kind.TEXT)),
        (
            'since > "2024-05-03"',
            Comparison("since", Comparator.MORE, "2024-05-03", Kind.DATE),
        ),
        (
            'joined <= "2024-05-03"',
            Comparison("joined", Comparator.AT_MOST, "2024-05-03", Kind.DATE),
        ),
        (
            'domain == "@MÜNCHEN.de"',
            Comparison("domain", Comparator.EQUAL, "xn--mnchen-3ya.de", Kind.TEXT),
        ),
        ('"volunteer" in tags', HELPS),
        ('"volunteer" not in tags', Not(HELPS)),
        ('"events" in lists', Membership("events", "lists")),
        ("5 in tags", Membership("5", "tags")),
    ],
)
def test_comparison_is_read(text: str, condition: Any) -> None:
    assert read(text) == condition


@pytest.mark.parametrize(
    ("text", "condition"),
    [
        (
            'language == "nl" or age >= 18 and "volunteer" in tags',
            AnyOf((DUTCH, AllOf((GROWN, HELPS)))),
        ),
        (
            '(language == "nl" or age >= 18) and "volunteer" in tags',
            AllOf((AnyOf((DUTCH, GROWN)), HELPS)),
        ),
        ('not language == "nl" and age >= 18', AllOf((Not(DUTCH), GROWN))),
        ('NOT (language == "nl" AND age >= 18)', Not(AllOf((DUTCH, GROWN)))),
        (
            'language == "nl" or age >= 18 or "volunteer" in tags',
            AnyOf((DUTCH, GROWN, HELPS)),
        ),
        ("((age >= 18))", GROWN),
    ],
)
def test_or_binds_loosest_then_and_then_not(text: str, condition: Any) -> None:
    assert read(text) == condition


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "",
            "--where:1: a condition is missing here. Write "
            'language == "nl" and "volunteer" in tags',
        ),
        (
            'city == "Gent" and langauge == "nl"',
            '--where:20: there is no field "langauge". Did you mean "language"?',
        ),
        (
            'taal == "nl"',
            '--where:1: there is no field "taal". Did you mean "language"?',
        ),
        (
            'x == "nl"',
            '--where:1: there is no field "x". There are: city, age, since, tags, '
            "language, lists, domain, joined.",
        ),
        (
            "language == nl",
            '--where:13: "nl" needs quotation marks around it. Write language == "nl", '
            "and the whole condition between ' and '.",
        ),
        (
            "volunteer in tags",
            '--where:1: "volunteer" needs quotation marks around it. Write "volunteer" '
            "in tags, and the whole condition between ' and '.",
        ),
        (
            "since > 2020-01-01",
            '--where:9: "2020-01-01" needs quotation marks around it. Write since > '
            "\"2020-01-01\", and the whole condition between ' and '.",
        ),
        ('tags in "x"', '--where:1: the value comes first. Write "…" in tags'),
        ('tags == "x"', '--where:1: "tags" is a list of values. Write "x" in tags'),
        (
            '"x" in city',
            '--where:8: "city" holds one value, not a list. Write city == "x"',
        ),
        (
            '"event" in lists',
            '--where:1: there is no list "event". Did you mean "events"?',
        ),
        ('"x" in lists', '--where:1: there is no list "x". There are: main, events.'),
        (
            '"a, b" in tags',
            "--where:1: one entry of the list belongs here, without comma or "
            'semicolon. Ask for several by "and": "a" in tags and "b" in tags',
        ),
        (
            '"nl" == language',
            "--where:1: the name of the field comes first, the value after it. Write "
            'language == "nl"',
        ),
        (
            "18 < age",
            "--where:1: the name of the field comes first, the value after it. Write "
            'age > "18"',
        ),
        (
            '"x" tags',
            '--where:5: after "x" comes "in" or "not in", and the name of a field. '
            'Write "x" in tags',
        ),
        ('"x" in 5', '--where:8: after "in" comes the name of a field.'),
        ('language = "nl"', "--where:10: = is not known here. Write =="),
        ("age => 18", "--where:5: => is not known here. Write >="),
        ("age > 1 && age < 5", '--where:9: && is not known here. Write "and".'),
        ("!age > 1", '--where:1: ! is not known here. Write "not".'),
        ("age > 1 age < 5", '--where:9: "and" or "or" is missing before "age".'),
        (
            "age",
            '--where:4: a comparison is missing after "age". Write age == "…"',
        ),
        ("age >", '--where:6: a value is missing after >. Write age > "…"'),
        ('age > "many"', '--where:7: "age" is a number; "many" is none.'),
        ('age < ""', '--where:7: with "" only == and != can be asked.'),
        (
            'since > "3 May"',
            '--where:9: "since" is a date; "3 May" is none. Write it like '
            '"2024-05-03": since >= "2024-05-03"',
        ),
        (
            'language == "Klingon"',
            '--where:13: "Klingon" is not a language tag such as "nl" or "pt-BR".',
        ),
        (
            'language < "nl"',
            '--where:10: "language" is compared by == and != alone.',
        ),
        ('city == "Gent', '--where:9: the quotation mark " is not closed.'),
        ("(age > 1", "--where:1: this bracket is not closed."),
        ("age > 1)", "--where:8: this bracket was never opened."),
        (
            '(age > 1 city == "x")',
            '--where:10: "and" or "or" is missing before "city".',
        ),
        (
            "and age > 1",
            "--where:1: a condition cannot begin with and. Write "
            'language == "nl" and "volunteer" in tags',
        ),
        (
            f"city == '{'x' * 201}'",
            "--where:9: this value is longer than 200 characters.",
        ),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_place(text: str, message: str) -> None:
    assert refusal(text) == message


def test_field_of_the_name_of_something_else_is_refused() -> None:
    assert refusal('joined > "2024-05-03"', {"joined": "date"}) == (
        '--where:1: "joined" is a field of yours, and has a meaning of its own here as '
        "well. Give your field another name in newsletter.toml."
    )


def test_condition_may_be_long_but_not_too_long() -> None:
    part = "age > 1 or "
    text = part * (MAX_CHARACTERS // len(part) - 1) + "age > 1"
    assert len(read(text).parts) == MAX_CHARACTERS // len(part)
    assert refusal(text.ljust(MAX_CHARACTERS + 1)) == (
        "--where:1: the condition is longer than 1000 characters."
    )


@pytest.mark.parametrize("opening", ["(", "not "])
def test_condition_may_be_deep_but_not_too_deep(opening: str) -> None:
    closing = ")" if opening == "(" else ""
    assert read(opening * MAX_DEPTH + "age > 1" + closing * MAX_DEPTH)
    deeper = MAX_DEPTH + 1
    assert refusal(opening * deeper + "age > 1" + closing * deeper) == (
        f'--where:{deeper * len(opening) + 1}: brackets and "not" stand more than 20 '
        "deep here."
    )


_WORDS = ["language", "tags", "age", "city", "lists", "joined", "==", "<", "in", "not"]
_WORDS += [
    "and",
    "or",
    "(",
    ")",
    '"nl"',
    "'",
    '"',
    "“",
    "5",
    "2024-05-03",
    "'2024-05-03'",
]


@given(st.lists(st.sampled_from(_WORDS) | st.text(max_size=3), max_size=30))
def test_any_text_is_read_or_refused_with_a_place_in_it(words: list[str]) -> None:
    text = " ".join(words)[:MAX_CHARACTERS]
    try:
        read(text)
    except UsageError as error:
        place = error.message.split(":")
        assert place[0] == "--where"
        assert 1 <= int(place[1]) <= len(text) + 1
