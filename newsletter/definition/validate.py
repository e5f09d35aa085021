"""What stands in front matter and events is checked here, value by value.

In: pairs of text. Out: typed values; a value that cannot be used is a problem, and its
default takes its place, so that the rest of the issue can be shown.
"""

from collections.abc import Mapping
from datetime import date
from functools import cache
from typing import Annotated, Any, TypeVar
from zoneinfo import ZoneInfo

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
)

from newsletter.definition.frontmatter import FrontMatter, Pair
from newsletter.definition.keywords import meant_answer, meant_key
from newsletter.definition.reading import Reading
from newsletter.definition.times import Moment, parse_date, parse_when
from newsletter.model.problem import Place
from newsletter.model.settings import Settings
from newsletter.validation import (
    IssueSlug,
    LanguageTag,
    MailboxText,
    Refusal,
    Slug,
    refusals_of,
    refuse,
    shown,
    suggest,
)

#: A field is called `date` too.
_Day = date

_YES_OR_NO = {"yes": True, "true": True, "no": False, "false": False}


def _read_yes_or_no(text: str) -> bool:
    if text.lower() not in _YES_OR_NO:
        answer = meant_answer(text)
        advice = f'Write "{answer}".' if answer else ""
        raise refuse(f"must be yes or no, not {shown(text)}.", advice)
    return _YES_OR_NO[text.lower()]


def _read_lists(text: str, info: ValidationInfo) -> tuple[str, ...]:
    declared = _settings_of(info).lists
    if "[" in text or "]" in text:
        bare = filter(None, (name.strip(" []'\"") for name in text.split(",")))
        meant = ", ".join(bare) or next(iter(declared))
        advice = f"Write the lists without brackets: {shown(f'lists: {meant}')}."
        raise refuse("stands in brackets.", advice)
    names = tuple(dict.fromkeys(n.strip() for n in text.split(",") if n.strip()))
    for name in names:
        if name not in declared:
            advice = suggest(name, declared) or (
                f"Lists of newsletter.toml are: {', '.join(declared)}."
            )
            raise refuse(f"names an unknown list {shown(name)}.", advice)
    return names


def _read_when(text: str, info: ValidationInfo) -> tuple[Moment, Moment | None]:
    return parse_when(text, ZoneInfo(_settings_of(info).newsletter.time_zone))


def _settings_of(info: ValidationInfo) -> Settings:
    settings = info.context
    assert isinstance(settings, Settings)  # noqa: S101 - every call here gives it
    return settings


class Head(BaseModel):
    """The keys of the front matter; whatever may be left out has a default."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    subject: str = ""
    preheader: str = ""
    date: Annotated[_Day | None, BeforeValidator(parse_date)] = None
    language: LanguageTag = ""
    number: str = ""
    template: Slug = ""
    lists: Annotated[tuple[str, ...], BeforeValidator(_read_lists)] = ()
    sender: MailboxText = Field("", alias="from")
    reply_to: MailboxText = ""
    slug: IssueSlug = ""
    archive: Annotated[bool, BeforeValidator(_read_yes_or_no)] = True


class EventBody(BaseModel):
    """The keys of an event."""

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)

    title: str = ""
    when: Annotated[Any, AfterValidator(_read_when)] = None
    where: str = ""
    link: str = ""
    online: str = ""


#: Key -> a line that shows how it is written. Whoever leaves it out is told.
_REQUIRED = {
    "subject": "subject: What readers see in their inbox",
    "preheader": "preheader: What stands beside the subject",
    "date": "date: 2025-04-02",
}

_Model = TypeVar("_Model", Head, EventBody)


@cache
def keys_of(model: type[BaseModel]) -> tuple[str, ...]:
    """Return the keys an editor may write."""
    return tuple(f.alias or name for name, f in model.model_fields.items())


def validate_head(front: FrontMatter, reading: Reading) -> Head:
    """Return the front matter as typed values."""
    misspelt = meant_keys(front.pairs, Head)
    for key, example in _REQUIRED.items():
        pair = front.pairs.get(key)
        if pair is None and key in misspelt:
            continue
        if pair is None:
            what = f"the first lines hold no {key}."
            reading.refuse(front.place, what, f'Add a line "{example}".')
        elif not pair.value:
            what = f'"{key}" is empty.'
            reading.refuse(pair.value_place, what, f'Write it as "{example}".')
    return _validate(Head, front.pairs, reading)


def validate_event(
    pairs: Mapping[str, Pair], place: Place, reading: Reading
) -> EventBody:
    """Return the body of an event that begins at *place* as typed values."""
    when = pairs.get("when")
    if when is None and "when" in meant_keys(pairs, EventBody):
        return _validate(EventBody, pairs, reading)
    if when is None or not when.value:
        reading.refuse(
            when.value_place if when else place,
            "this event has no date.",
            'Add a line "when: 2025-04-02 19:00".',
        )
    return _validate(EventBody, pairs, reading)


def _validate(
    model: type[_Model], pairs: Mapping[str, Pair], reading: Reading
) -> _Model:
    # An empty value says no more than a missing line.
    values = {key: pair.value for key, pair in pairs.items() if pair.value}
    for key in _unknown(pairs, model):
        meant = meant_key(key, keys_of(model))
        advice = (
            f'Did you mean "{meant}"?'
            if meant
            else f"Known keys are: {', '.join(keys_of(model))}."
        )
        reading.refuse(pairs[key].place, f'unknown key "{key}".', advice)
        values.pop(key, None)
    while True:
        try:
            return model.model_validate(values, context=reading.settings)
        except ValidationError as error:
            for refusal in refusals_of(error):
                _refuse_value(refusal, pairs, reading)
                del values[str(refusal.path[0])]


def _refuse_value(
    refusal: Refusal, pairs: Mapping[str, Pair], reading: Reading
) -> None:
    key = str(refusal.path[0])
    message = refusal.sentence(f'"{key}"')
    reading.refuse(pairs[key].value_place, message, refusal.advice)


def _unknown(pairs: Mapping[str, Pair], model: type[BaseModel]) -> list[str]:
    return [key for key in pairs if key not in keys_of(model)]


def meant_keys(pairs: Mapping[str, Pair], model: type[BaseModel]) -> set[str]:
    """Return the keys that unknown ones were surely meant to be."""
    return {meant_key(key, keys_of(model)) for key in _unknown(pairs, model)}
