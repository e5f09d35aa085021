"""The fields that readers may fill in themselves, as a form shows and sends them.

In: the fields of newsletter.toml with ``ask = true``, and what was typed.
Out: what the template draws, and what may be kept.
"""

from collections.abc import Container, Mapping
from dataclasses import dataclass, field

from newsletter.fieldnames import fold_name
from newsletter.model.settings import FieldSettings, FieldType, Settings
from newsletter.subscribers.typed import clean_typed
from newsletter.web.site import Form, text_of


def say(msgid: str) -> str:
    """Mark words that a template puts into the language of the page."""
    return msgid


#: What a browser offers to type it in.
_INPUTS: Mapping[FieldType, str] = {"date": "date"}
_HINTS: Mapping[FieldType, str] = {
    "number": say("A number"),
    "list": say("Several ones divided by commas"),
}
_PROBLEMS: Mapping[FieldType, str] = {
    "text": say("Please write less here."),
    "list": say("Please write less here."),
    "number": say("Please write a number, such as 12."),
    "date": say("Please write a date such as 2026-05-03."),
}


#: What browsers may fill in by themselves (WCAG 2.2, 1.3.5): a folded name -> token.
_AUTOCOMPLETE = {
    **dict.fromkeys(("firstname", "voornaam", "vorname", "prenom"), "given-name"),
    **dict.fromkeys(("lastname", "achternaam", "nachname", "nom"), "family-name"),
    **dict.fromkeys(("name", "naam", "fullname"), "name"),
    **dict.fromkeys(("organisation", "organization", "company"), "organization"),
    **dict.fromkeys(("town", "city", "plaats", "ort", "ville"), "address-level2"),
    **dict.fromkeys(("postcode", "zip", "plz"), "postal-code"),
    "country": "country-name",
    "phone": "tel",
}


@dataclass(frozen=True, slots=True)
class Entry:
    """One field of a form."""

    name: str
    #: What readers call it.
    title: str
    #: Type of the HTML input.
    kind: str
    value: str = ""
    #: Words in English, or empty.
    hint: str = ""
    problem: str = ""
    #: Whether we have something that is not shown.
    is_stored: bool = False
    #: Whether that is to be erased.
    is_erased: bool = False

    @property
    def autocomplete(self) -> str:
        """What a browser may know of the person who types, or empty."""
        return _AUTOCOMPLETE.get(fold_name(self.name), "")

    @property
    def described_by(self) -> str:
        """The ids of what a screen reader tells with it."""
        told = {"stored": self.is_stored, "hint": self.hint, "problem": self.problem}
        return " ".join(f"{kind}-{self.name}" for kind, text in told.items() if text)


@dataclass(frozen=True, slots=True)
class Typed:
    """What a form says of the fields."""

    #: Field -> value as it may be kept; empty where it was emptied.
    values: Mapping[str, str] = field(default_factory=dict)
    #: Field -> what was typed that cannot be kept.
    refused: Mapping[str, str] = field(default_factory=dict)


def asked_fields(settings: Settings) -> dict[str, FieldSettings]:
    """Return the fields that readers may fill in."""
    return {name: one for name, one in settings.fields.items() if one.is_asked}


def read_asked(settings: Settings, form: Form) -> Typed:
    """Return what a form says of the fields; those it does not name are not in it."""
    values: dict[str, str] = {}
    refused: dict[str, str] = {}
    for name, one in asked_fields(settings).items():
        if f"field-{name}" not in form:
            continue
        text = text_of(form, f"field-{name}")
        try:
            values[name] = clean_typed(text, one.type)
        except ValueError:
            refused[name] = text
    return Typed(values, refused)


def show_asked(
    settings: Settings,
    typed: Typed,
    *,
    stored: Container[str] = (),
    erased: Container[str] = (),
) -> list[Entry]:
    """Return the fields for the template.

    Args:
        settings: Which are asked for.
        typed: What stands in them: what this very visitor typed, and nothing else.
        stored: Fields that we know.
        erased: Those of them that are to be erased.
    """
    values = {**typed.values, **typed.refused}
    return [
        Entry(
            name,
            title=settings.field_title(name),
            kind=_INPUTS.get(one.type, "text"),
            value=values.get(name, ""),
            hint=_HINTS.get(one.type, ""),
            problem=_PROBLEMS[one.type] if name in typed.refused else "",
            is_stored=name in stored,
            is_erased=name in erased,
        )
        for name, one in asked_fields(settings).items()
    ]
