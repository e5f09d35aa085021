"""Greetings of nobody, and other gaps that an empty personal field leaves. Pure."""

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain

from newsletter.checks.facts import found
from newsletter.model.copy import Copy
from newsletter.model.finding import Finding
from newsletter.model.issue import (
    EMAIL_FIELD,
    Button,
    Code,
    Emphasis,
    Field,
    Inline,
    Issue,
    LineBreak,
    Link,
    Paragraph,
    Strong,
    Subheading,
    Table,
    Text,
)
from newsletter.model.problem import Place
from newsletter.model.walk import walk_blocks

#: Greetings that need a name; "Hallo" and "Bonjour" may do without.
_NEEDY = (
    "dear|beste|geachte|lieve|liebe|lieber|liebe/r|sehr geehrte|sehr geehrter"
    "|cher|chère|chers|chères|cher/chère|عزيزي|عزيزتي|أعزائي|السيد|السيدة"
)
_NEEDS_NAME = re.compile(rf"\s*(?:{_NEEDY})\s*", re.IGNORECASE)
#: Typed by hand, and forgotten: "Beste ,", "Dear [name],", "Liebe …,".
_TYPED = re.compile(
    rf"[*_\s]*(?P<words>(?:{_NEEDY})[ \u00a0]+(?:\[[^][]{{1,30}}\]|«[^«»]{{1,30}}»"
    r"|#\w+#|\$\w+|\.{3,}|…|_{2,}|X{2,})?[,،])",
    re.IGNORECASE,
)
#: What never follows a blank. In French a blank before "!" and "?" is right.
_MARK = re.compile(r"[,،.](?![.\w])|[!?;:](?!\w)")
_FRENCH_MARK = re.compile(r"[,.](?![.\w])")
_SENTENCE_END = re.compile(r"(?<=[.!?؟])\s+(?=\S)")
#: So many words before a gap are repeated.
_MAX_WORDS = 4
_ADVICE = (
    "Give the field something to say where there is no name: "
    '{{ first_name or "reader" }}.'
)


def runs_with_fields(issue: Issue) -> list[list[Inline]]:
    """Return the words of each heading and block that holds a field."""
    return [run for run in _runs(issue) if any(isinstance(p, Field) for p in run)]


def empty_greetings(
    copy: Copy, runs: Iterable[Sequence[Inline]], language: str
) -> Iterator[Finding]:
    """Yield the gaps that empty fields leave in the copy of one reader."""
    is_french = language.lower().startswith("fr")
    for run in runs:
        for at, part in enumerate(run):
            if isinstance(part, Field) and not _value(part, copy):
                before = _said(run[:at], copy).rpartition("\n")[2]
                after = _said(run[at + 1 :], copy).partition("\n")[0]
                yield from _gap(part, before, after, is_french=is_french)


def typed_greetings(prose: Sequence[str], issue: Issue) -> Iterator[Finding]:
    """Yield greetings that were typed without a name."""
    for number, line in enumerate(prose, 1):
        match = _TYPED.match(line)
        if match:
            yield found(
                "greeting-empty",
                Place(issue.file, number, match.start("words") + 1),
                f'the greeting "{match["words"]}" names nobody.',
                "Write whom it greets.",
            )


def _gap(
    field: Field, before: str, after: str, *, is_french: bool
) -> Iterator[Finding]:
    """Yield a finding if *before* and *after* do not join without the field."""
    is_greeting = bool(_NEEDS_NAME.fullmatch(before))
    match = (_FRENCH_MARK if is_french else _MARK).match(after)
    mark = match[0] if match else after.strip()[:1] if is_greeting else ""
    is_apart = not before.strip() or before[-1].isspace()
    if is_greeting and (not after.strip() or mark in ("!", ",", "،", ":", ".")):
        words = f"{before.strip()} {mark}".strip()
        message = f'the greeting "{words}" names nobody.'
    elif match and is_apart:
        sentence = _SENTENCE_END.split(before)[-1]
        last = " ".join(sentence.split()[-_MAX_WORDS:])
        words = f"{last} {mark}".strip()
        message = f'where {field.name} is empty, "{words}" is left.'
    else:
        return
    yield found("greeting-empty", field.place, message, _ADVICE)


def _value(field: Field, copy: Copy) -> str:
    fields = copy.reader.fields
    known = copy.reader.email if field.name == EMAIL_FIELD else fields.get(field.name)
    return (known or field.fallback).strip()


def _said(parts: Iterable[Inline], copy: Copy) -> str:
    said = []
    for part in parts:
        match part:
            case Text(text) | Code(text):
                said.append(text)
            case LineBreak():
                said.append("\n")
            case Field():
                # Never shown: a finding names nobody.
                said.append("…" if _value(part, copy) else "")
            case _:
                pass
    return "".join(said)


def _runs(issue: Issue) -> Iterator[list[Inline]]:
    """Yield the words of each heading and block, bold words and links opened."""
    items = (*issue.leads, *(item for s in issue.sections for item in s.items))
    sections = (section.heading for section in issue.sections)
    headings = (item.heading for item in items)
    for content in chain(sections, headings, _contents(issue)):
        yield list(_leaves(content))


def _contents(issue: Issue) -> Iterator[Sequence[Inline]]:
    for block in walk_blocks(issue):
        match block:
            case Paragraph() | Subheading() | Button():
                yield block.content
            case Table():
                yield from chain(block.header, *block.rows)
            case _:
                pass


def _leaves(content: Iterable[Inline]) -> Iterator[Inline]:
    for part in content:
        if isinstance(part, Strong | Emphasis | Link):
            yield from _leaves(part.content)
        else:
            yield part
