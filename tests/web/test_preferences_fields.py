"""The fields that readers fill in on their page of settings, seen by nobody there."""

import re
from urllib.parse import urlencode

import pytest

from .conftest import Answer, Site

NOTE = "Filled in, but not shown. Leave this empty to keep it."


def save(site: Site, reader: int, *fields: tuple[str, str]) -> Answer:
    form = urlencode([("do", "save"), *fields])
    return site.post_form(site.settings_link(reader), form.encode())


def inputs(page: str) -> dict[str, str]:
    """Return the inputs of fields: name -> its attributes."""
    return dict(re.findall(r'<input type="\w+" name="field-(\w+)"([^>]*)>', page))


def erasable(page: str) -> list[str]:
    return re.findall(r'<input type="checkbox" name="erase" value="(\w+)"', page)


def test_values_are_not_shown_to_whoever_got_the_link(open_site: Site) -> None:
    reader = open_site.add_reader("anna@example.org")
    open_site.give_fields(reader, first_name="Annelies", born="1961-05-30", number="7")
    page = open_site.ask("GET", open_site.settings_link(reader)).text
    assert "Annelies" not in page
    assert "1961" not in page
    assert inputs(page).keys() == {"first_name", "born", "interests"}
    assert all(" value=" not in rest for rest in inputs(page).values())
    assert page.count(NOTE) == 2
    assert 'aria-describedby="stored-first_name"' in inputs(page)["first_name"]
    assert "aria-describedby" in inputs(page)["interests"]
    assert erasable(page) == ["first_name", "born"]


def test_field_left_empty_stays_as_it_is(open_site: Site) -> None:
    reader = open_site.add_reader("ben@example.org")
    open_site.give_fields(reader, first_name="Example.org, " + "x" * 120)
    known = open_site.fields(reader)
    answer = save(
        open_site, reader, ("field-first_name", ""), ("field-born", ""), ("erase", "")
    )
    assert "There was nothing to change." in answer.text
    assert open_site.fields(reader) == known


def test_fields_that_are_asked_for_are_kept_and_others_are_not(open_site: Site) -> None:
    reader = open_site.add_reader("carla@example.org")
    open_site.give_fields(reader, number="7", born="2001-02-03")
    answer = save(
        open_site,
        reader,
        ("field-first_name", " Kees "),
        ("field-interests", "boats; Water, boats"),
        ("field-number", "8"),
        ("erase", "born"),
        ("erase", "number"),
    )
    assert "Your settings are saved." in answer.text
    assert "Kees" not in answer.text
    assert open_site.fields(reader) == {
        "first_name": "Kees",
        "interests": "boats, Water",
        "number": "7",
    }


def test_field_filled_in_anew_is_replaced_though_it_was_to_be_erased(
    open_site: Site,
) -> None:
    reader = open_site.add_reader("dirk@example.org")
    open_site.give_fields(reader, first_name="Dirk")
    save(open_site, reader, ("field-first_name", "Dirkje"), ("erase", "first_name"))
    assert open_site.fields(reader) == {"first_name": "Dirkje"}


@pytest.mark.parametrize("guess", ["Eva", "Ada"])
def test_guess_is_answered_alike_whether_it_is_right(
    open_site: Site, guess: str
) -> None:
    reader = open_site.add_reader(f"{guess.lower()}@example.org")
    open_site.give_fields(reader, first_name="Eva")
    answer = save(
        open_site,
        reader,
        ("was", "main"),
        ("list", "main"),
        ("field-first_name", guess),
    )
    assert "Your settings are saved." in answer.text


def test_field_that_cannot_be_kept_is_shown_again_with_a_reason(
    open_site: Site,
) -> None:
    reader = open_site.add_reader("fred@example.org", "main", "events")
    open_site.give_fields(reader, interests="boats")
    answer = save(
        open_site,
        reader,
        ("was", "main"),
        ("was", "events"),
        ("list", "events"),
        ("field-born", "yesterday"),
        ("field-first_name", '"><b>'),
        ("erase", "interests"),
    )
    assert "This is not saved yet. Please look at the marked places." in answer.text
    assert 'aria-describedby="problem-born" aria-invalid="true"' in answer.text
    assert 'value="yesterday"' in answer.text
    assert "<b>" not in answer.text
    assert 'value="interests" id="erase-interests" checked' in answer.text
    assert "boats" not in answer.text
    assert open_site.statuses(reader) == {"events": "active", "main": "active"}
    assert open_site.fields(reader) == {"interests": "boats"}
    # What was ticked when the page was first shown is still what it counts against.
    assert re.findall(r'name="was" value="(\w+)"', answer.text) == ["main", "events"]


def test_marked_places_are_one_press_away(open_site: Site) -> None:
    reader = open_site.add_reader("gina@example.org")
    page = save(open_site, reader, ("field-born", "x"), ("field-interests", "y" * 101))
    links = re.findall(r'<a href="#([\w-]+)">(.*?)</a>', page.text)
    assert links == [
        ("field-born", "<bdi>Born on</bdi>"),
        ("field-interests", "<bdi>Interests</bdi>"),
    ]
    assert all(f' id="{place}"' in page.text for place, _ in links)


def test_new_address_that_is_none_is_one_press_away(open_site: Site) -> None:
    reader = open_site.add_reader("hans@example.org")
    answer = open_site.post_form(
        open_site.settings_link(reader), b"do=address&email=hans+at+home"
    )
    assert '<a href="#email">New email address</a>' in answer.text
    assert (
        'id="email" value="hans at home" maxlength="254" dir="ltr" '
        'aria-describedby="hint-email problem-email" aria-invalid="true"'
    ) in answer.text
