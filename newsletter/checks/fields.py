r"""Is everything filled in that was meant to be, for every reader?

Left-over marks are looked for in what readers see and where links lead, never in code,
nor where the editor wrote a brace on purpose (``\{``).
"""

import re
from collections.abc import Iterator

from newsletter.checks.each_copy import look_at_copies
from newsletter.checks.facts import Facts, found, template_place
from newsletter.checks.page import page_of
from newsletter.checks.prose import find_words, other_lines, prose_lines
from newsletter.model.assembled import Assembled
from newsletter.model.copy import Copy
from newsletter.model.finding import Finding
from newsletter.model.issue import Code, CodeBlock, Field, Issue, Text
from newsletter.model.problem import Place
from newsletter.model.walk import walk_blocks, walk_inlines

#: What programs write for "there is no value". In these very letters: Nan and Null are
#: names that people have.
NO_VALUES = ("None", "nan", "NaN", "null", "NULL", "undefined", "#N/A", "N/A")

#: Marks of this and of other programs: Jinja, Mailchimp, Salesforce, ActiveCampaign.
#: The stars around Mailchimp's are emphasis to Markdown, and lost in the HTML.
_MARKS = re.compile(
    r"\{\{[^{}]{0,80}\}\}|\{%[^{}%]{0,80}%\}"
    # The sign first and what is before it after: a mark is then looked for by its sign.
    r"|\|(?<=\*\|)[A-Z][A-Z0-9_:]{0,40}\|(?=\*)"
    r"|\|(?:[FL]?NAME|EMAIL|PHONE|ADDRESS|COMPANY|MERGE\d+|UNSUB|[A-Z]+:[A-Z0-9_]+)\|"
    r"|%%[A-Za-z_]\w{0,40}%%|\[\[ ?[A-Za-z_][\w ]{0,40}\]\]|@@[0-9a-f]{6}_\d+@@"
)

#: In these very letters: "todo" is a word of several languages, and people sign "xxx".
_DUMMY_SIGNS = re.compile(r"\b(?:TODO|FIXME|TBD|XXX+)\b")
#: In lower case: looking for them in any case takes ten times as long.
_DUMMY_WORDS = re.compile(
    r"\b(?:lorem ipsum|placeholder text|text to (?:come|follow)|your text here"
    r"|insert text here"
    r"|tekst (?:volgt|komt)(?: nog)?(?=\s*(?:[.!…)\]]|$))|hier komt (?:nog )?tekst"
    r"|nog in te vullen"
    r"|text (?:folgt|kommt)(?: noch)?(?=\s*(?:[.!…)\]]|$))|blindtext|platzhaltertext"
    r"|hier steht ihr text|texte à (?:venir|compléter)|faux[- ]texte"
    r"|نص تجريبي|النص هنا)\b"
)

_GREETINGS = (
    "dear|hello|hi|good morning"
    "|beste|geachte|hallo|dag|lieve|hoi|goedemorgen"
    "|liebe|lieber|liebe/r|sehr geehrte|sehr geehrter|guten tag|guten morgen"
    "|bonjour|cher|chère|chers|chères|cher/chère|salut"
    "|عزيزي|عزيزتي|أعزائي|مرحبا|مرحباً|أهلا|أهلاً|السيد|السيدة"
)
#: A greeting and then nobody. In French "Bonjour !" is right, so only commas count.
_EMPTY_GREETING = re.compile(
    rf"^[ \t>]*(?P<words>{_GREETINGS})[ \u00a0]+(?P<comma>[,،])",
    re.IGNORECASE | re.MULTILINE,
)


def check_fields(assembled: Assembled, facts: Facts) -> list[Finding]:
    """Report what is left of a field, stand-in text, and greetings without a name."""
    issue = assembled.issue
    prose = prose_lines(facts.source)
    meant = frozenset(_meant(issue))

    def look(copy: Copy) -> Iterator[Finding]:
        for mark in _marks(copy):
            if mark not in meant:
                yield _unfilled(mark, prose, issue, facts)
        yield from _non_values(copy, assembled)
        yield from _empty_greetings(copy, prose, issue)

    return [*look_at_copies(facts, look), *_dummies(prose, issue.file)]


def _marks(copy: Copy) -> list[str]:
    """Return the left-over marks in subject, text and HTML, each once."""
    page = page_of(copy.html)
    links = (link.href for link in page.links)
    texts = (*copy.values("Subject"), copy.text, page.text, *links)
    marks = (match[0] for text in texts for match in _MARKS.finditer(text))
    return list(dict.fromkeys(marks))


def _meant(issue: Issue) -> Iterator[str]:
    r"""Yield the marks that an editor wrote on purpose: as code, or with ``\{``.

    A brace without a backslash is a field, or a problem of the definition.
    """
    for part in walk_inlines(issue):
        match part:
            case Code(text):
                yield from (match[0] for match in _MARKS.finditer(text))
            case Text(text):
                yield from (m[0] for m in _MARKS.finditer(text) if m[0][0] == "{")
            case _:
                pass
    for block in walk_blocks(issue):
        if isinstance(block, CodeBlock):
            yield from (match[0] for match in _MARKS.finditer(block.text))


def _unfilled(mark: str, prose: list[str], issue: Issue, facts: Facts) -> Finding:
    message = f'"{mark}" is still in the mail: nobody fills it in'
    pattern = re.compile(re.escape(mark))
    places = [place for _, place in find_words(pattern, prose, issue.file)]
    if places:
        return found(
            "field-unfilled",
            places[0],
            f"{message}{other_lines(places)}.",
            'Write a field of this newsletter, such as {{ first_name or "reader" }}, '
            "or take it out.",
        )
    return found(
        "field-unfilled",
        template_place(issue, facts),
        f"{message}.",
        'It does not stand in the issue: look for it in "about" and "address" of '
        "newsletter.toml, and in the template.",
    )


def _non_values(copy: Copy, assembled: Assembled) -> Iterator[Finding]:
    for slot in assembled.slots:
        value = copy.reader.fields.get(slot.name, "")
        if value in NO_VALUES:
            yield found(
                "field-unfilled",
                _field_place(slot.name, assembled.issue),
                f'"{value}" stands where a value of {slot.name} belongs.',
                "Import the list again with an empty cell where nothing is known.",
            )


def _field_place(name: str, issue: Issue) -> Place:
    fields = (part for part in walk_inlines(issue) if isinstance(part, Field))
    return next((f.place for f in fields if f.name == name), Place(issue.file))


def _dummies(prose: list[str], file: str) -> Iterator[Finding]:
    lowered = [line.lower() for line in prose]
    uses: dict[str, list[Place]] = {}
    for lines, pattern in ((prose, _DUMMY_SIGNS), (lowered, _DUMMY_WORDS)):
        for words, place in find_words(pattern, lines, file):
            uses.setdefault(words, []).append(place)
    for words, places in uses.items():
        first = places[0]
        start = first.column - 1
        written = prose[first.line - 1][start : start + len(words)]
        also = other_lines(places)
        yield found(
            "dummy-text",
            first,
            f'"{written}" stands for a text that is still to come{also}.',
            "Write the text, or take the item out.",
        )


def _empty_greetings(copy: Copy, prose: list[str], issue: Issue) -> Iterator[Finding]:
    for match in _EMPTY_GREETING.finditer(copy.text):
        words = match["words"]
        yield found(
            "greeting-empty",
            _greeting_place(words, prose, issue),
            f'the greeting "{words} {match["comma"]}" names nobody.',
            "Give the field something to say where there is no name: "
            '{{ first_name or "reader" }}.',
        )


def _greeting_place(words: str, prose: list[str], issue: Issue) -> Place:
    """Return where the greeting is written: before a field, or before a comma."""
    pattern = re.compile(rf"{re.escape(words)}\s*(?=\{{\{{|[,،])")
    places = [place for _, place in find_words(pattern, prose, issue.file)]
    return next(iter(places), Place(issue.file))
