import pytest

from newsletter.subscribers.columns import Columns, find_columns


def test_columns_when_a_field_has_its_own_name_goes_before_a_synonym() -> None:
    header = ["Voornaam", "first_name", "email"]
    assert find_columns(header, ["first_name"]) == Columns(
        2,
        {"first_name": 1},
        ("Voornaam",),
        {"email": "email", "first_name": "first_name"},
    )


def test_columns_when_a_field_is_not_declared_leave_it_unused() -> None:
    found = find_columns(["email", "Voornaam"], [])
    assert found == Columns(0, {}, ("Voornaam",), {"email": "email"})


def test_columns_give_one_column_to_one_field() -> None:
    found = find_columns(["email", "Voornaam"], ["vorname", "first_name"])
    assert found is not None
    assert (found.email, found.fields) == (0, {"vorname": 1})


@pytest.mark.parametrize("header", [[], [""], ["naam", "plaats"], ["emails sent"]])
def test_columns_without_one_for_addresses_are_none(header: list[str]) -> None:
    assert find_columns(header, ["naam"]) is None


def test_columns_when_the_address_has_a_declared_name_serve_as_address() -> None:
    found = find_columns(["email", "adres"], ["adres"])
    assert found is not None
    assert (found.email, found.fields) == (0, {"adres": 1})


def test_columns_that_are_chosen_go_before_those_that_are_found() -> None:
    header = ["email", "E-mail privé", "Voornaam", "Roepnaam ", "Notes"]
    chosen = (("email", "e-mail prive"), ("first_name", "Roepnaam"), ("-", "notes"))
    assert find_columns(header, ["first_name"], chosen) == Columns(
        1,
        {"first_name": 3},
        ("email", "Voornaam"),
        {"email": "E-mail privé", "first_name": "Roepnaam"},
    )


def test_column_that_is_ignored_is_not_found_by_its_name() -> None:
    found = find_columns(["email", "Voornaam"], ["first_name"], (("-", "Voornaam"),))
    assert found == Columns(0, {}, (), {"email": "email"})


@pytest.mark.parametrize("header", ["Status", "Opt-in", "Désinscrit", "unsubscribed"])
def test_column_of_another_service_that_tells_who_left_is_known(header: str) -> None:
    found = find_columns(["email", "Town", header], [])
    assert found is not None
    assert found.status == header
