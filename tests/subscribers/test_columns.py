import pytest

from newsletter.subscribers.columns import Columns, find_columns


def test_columns_when_a_field_has_its_own_name_goes_before_a_synonym() -> None:
    header = ["Voornaam", "first_name", "email"]
    assert find_columns(header, ["first_name"]) == Columns(
        2, {"first_name": 1}, ("Voornaam",)
    )


def test_columns_when_a_field_is_not_declared_leave_it_unused() -> None:
    assert find_columns(["email", "Voornaam"], []) == Columns(0, {}, ("Voornaam",))


def test_columns_give_one_column_to_one_field() -> None:
    found = find_columns(["email", "Voornaam"], ["vorname", "first_name"])
    assert found == Columns(0, {"vorname": 1})


@pytest.mark.parametrize("header", [[], [""], ["naam", "plaats"], ["emails sent"]])
def test_columns_without_one_for_addresses_are_none(header: list[str]) -> None:
    assert find_columns(header, ["naam"]) is None


def test_columns_when_the_address_has_a_declared_name_serve_as_address() -> None:
    assert find_columns(["email", "adres"], ["adres"]) == Columns(0, {"adres": 1})
