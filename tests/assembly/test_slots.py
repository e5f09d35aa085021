import re

from newsletter.assembly.slots import SlotMarker
from newsletter.model.assembled import UNSUBSCRIBE_URL, Slot
from newsletter.model.issue import Field
from newsletter.model.problem import Place


def field(name: str, fallback: str) -> Field:
    return Field(name, fallback, Place("issue.md", 1, 1))


def test_field_when_used_twice_has_one_marker() -> None:
    marker = SlotMarker("words")
    assert marker.field(field("name", "you")) == marker.field(field("name", "you"))
    assert len(marker.slots) == 1


def test_field_when_fallback_differs_has_its_own_marker() -> None:
    marker = SlotMarker("words")
    assert marker.field(field("name", "you")) != marker.field(field("name", "all"))


def test_slots_say_name_and_fallback_in_order_of_use() -> None:
    marker = SlotMarker("words")
    leave = marker.unsubscribe_url()
    name = marker.field(field("name", "you"))
    assert marker.slots == (Slot(leave, UNSUBSCRIBE_URL, ""), Slot(name, "name", "you"))


def test_slot_of_a_date_says_in_which_language_it_is_shown() -> None:
    marker = SlotMarker("words", language="nl", dates=["since"])
    marker.field(field("since", "kort"))
    marker.field(field("name", "you"))
    assert [slot.date_language for slot in marker.slots] == ["nl", ""]


def test_markers_are_made_of_characters_that_survive_everything() -> None:
    assert re.fullmatch(r"@@[0-9a-z]+_\d+@@", SlotMarker("words").unsubscribe_url())


def test_markers_of_the_same_text_are_the_same() -> None:
    first, second = SlotMarker("words"), SlotMarker("words")
    assert first.unsubscribe_url() == second.unsubscribe_url()


def test_marker_that_the_text_itself_would_lead_to_is_another() -> None:
    """A text found by trying: its own first marker stands in it."""
    marker = SlotMarker("@@abcdef_ 398494").unsubscribe_url()
    assert not marker.startswith("@@abcdef_")
