import pytest

from newsletter.i18n import join_words


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        ("nl", "Nieuws, Agenda en Bestuur"),
        ("en", "Nieuws, Agenda and Bestuur"),
        ("de-AT", "Nieuws, Agenda und Bestuur"),
        ("fr", "Nieuws, Agenda et Bestuur"),
        ("ar", "Nieuws وAgenda وBestuur"),
        ("xx", "Nieuws, Agenda and Bestuur"),
    ],
)
def test_words_are_joined_as_the_language_joins_them(
    language: str, expected: str
) -> None:
    assert join_words(("Nieuws", "Agenda", "Bestuur"), language) == expected


@pytest.mark.parametrize(("words", "expected"), [((), ""), (("Nieuws",), "Nieuws")])
def test_one_word_or_none_is_joined_to_nothing(
    words: tuple[str, ...], expected: str
) -> None:
    assert join_words(words, "nl") == expected
