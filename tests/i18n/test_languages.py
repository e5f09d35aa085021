import pytest

from newsletter.i18n import direction, language_name
from newsletter.i18n.languages import locale_of


@pytest.mark.parametrize(
    "language",
    ["ar", "ar-SY", "AR", "fa", "he", "ur", "ps", "ckb", "ku-Arab", "pa_Arab"],
)
def test_direction_of_a_right_to_left_language_is_rtl(language: str) -> None:
    assert direction(language) == "rtl"


@pytest.mark.parametrize(
    "language", ["nl", "en-US", "ti", "am", "ku", "tr", "ar-Latn", "az-Latn", "und"]
)
def test_direction_of_any_other_language_is_ltr(language: str) -> None:
    assert direction(language) == "ltr"


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        ("nl-BE", "nl_BE"),
        ("nl-SY", "nl"),
        ("en", "en_GB"),
        ("en-us", "en_US"),
        ("zh-Hant-TW", "zh_Hant_TW"),
        ("xx", "en_GB"),
        ("not a tag", "en_GB"),
        ("", "en_GB"),
    ],
)
def test_locale_of_a_tag_is_the_nearest_there_is(language: str, expected: str) -> None:
    assert str(locale_of(language)) == expected


@pytest.mark.parametrize(
    ("tag", "language", "expected"),
    [
        ("nl", "en", "Dutch"),
        ("nl-BE", "nl", "Nederlands (België)"),
        ("ar", "ar", "العربية"),
        ("xx", "nl", "xx"),
        ("not a tag", "nl", "not a tag"),
        ("", "nl", ""),
    ],
)
def test_language_is_called_as_another_one_calls_it(
    tag: str, language: str, expected: str
) -> None:
    assert language_name(tag, language) == expected
