from newsletter.checks.whereabouts import Definition
from newsletter.model.problem import Place

LINES = (
    "---",
    "subject: A boat",
    "---",
    "",
    "A boat came in,  and",
    "then  another.",
    "",
    "  - It left again. It left.",
)


def test_words_are_found_below_the_front_matter() -> None:
    definition = Definition("a.md", LINES)
    assert definition.place_of("A boat came") == Place("a.md", 5, 1)
    assert definition.place_of("It left again.") == Place("a.md", 8, 5)


def test_words_that_go_on_in_the_next_line_are_found() -> None:
    definition = Definition("a.md", LINES)
    assert definition.place_of("came in, and then another.") == Place("a.md", 5, 8)


def test_words_that_stand_twice_or_nowhere_have_no_place() -> None:
    definition = Definition("a.md", LINES)
    assert definition.place_of("It left") is None
    assert definition.place_of("A ship") is None
    assert definition.holds("It left")
    assert not definition.holds("A ship")


def test_words_are_found_again_by_their_beginning() -> None:
    definition = Definition("a.md", ("x" * 40 + "[1](url)",))
    assert definition.place_of("x" * 40 + " and more") == Place("a.md", 1, 1)


def test_definition_without_front_matter_is_all_text() -> None:
    assert Definition("a.md", ("A boat", "---")).place_of("A boat") == Place(
        "a.md", 1, 1
    )
