from newsletter.fieldnames import fold_name, names_alike, same_field


def test_name_is_folded_without_case_accents_and_signs() -> None:
    assert fold_name("Prénom (officiel)") == "prenomofficiel"


def test_name_is_alike_itself_when_no_row_has_it() -> None:
    assert names_alike("Shoe size") == {"shoesize"}


def test_same_field_is_found_across_languages() -> None:
    assert same_field("Vorname", ["city", "first_name"]) == "first_name"


def test_same_field_is_nothing_when_none_is_declared() -> None:
    assert same_field("voornaam", ["city"]) == ""
