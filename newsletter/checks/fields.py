r"""Is everything filled in that was meant to be, for every reader?

Left-over marks are looked for in what readers see and where links lead, never in code,
nor where the editor wrote a brace on purpose (``\{``).
"""

import re
from collections.abc import Iterator

from newsletter.checks.dummy_texts import dummy_findings
from newsletter.checks.each_copy import look_at_copies
from newsletter.checks.facts import Facts, found, template_place
from newsletter.checks.greetings import (
    empty_greetings,
    runs_with_fields,
    typed_greetings,
)
from newsletter.checks.page import page_of
from newsletter.checks.places import other_lines
from newsletter.checks.prose import find_words, prose_lines
from newsletter.model.assembled import Assembled
from newsletter.model.copy import Copy
from newsletter.model.finding import Finding
from newsletter.model.issue import (
    Code,
    CodeBlock,
    Event,
    Field,
    Image,
    Inline,
    Issue,
    LineBreak,
    Text,
)
from newsletter.model.problem import Place
from newsletter.model.walk import walk_blocks, walk_inlines

#: What programs write for "there is no value". In these very letters: Nan and Null are
#: names that people have.
NO_VALUES = ("None", "nan", "NaN", "null", "NULL", "undefined", "#N/A", "N/A")

#: What fields are called, to tell "[[first_name]]" from a page of a wiki.
_FIELD_NAMES = (
    r"(?i:(?:(?:first|last|full|user|voor|achter|vor|nach|pr[ée])?[ _-]?"
    r"(?:name|naam|nom)|e-?mail(?:[ _-]?adres{1,2}e?)?|salutation|aanhef|anrede"
    r"|company|unsubscribe(?:_?link|_?url)?|(?:data|var):[^\]]{1,60}|\w+_\w+))"
)
#: Marks of this and of other programs: Jinja, Mailchimp, Salesforce, ActiveCampaign,
#: Mailgun, Mailjet. Mailchimp's stars are emphasis to Markdown, and lost in the HTML.
_MARKS = re.compile(
    r"\{\{[^{}]{0,80}\}\}|\{%[^{}%]{0,80}%\}"
    # Each begins with its sign, and what stands before is looked at after: like this
    # the signs are searched for, and nothing is tried at other letters.
    r"|\|(?<=\*\|)[A-Z][A-Z0-9_:]{0,40}\|(?=\*)"
    r"|\|(?:[FL]?NAME|EMAIL|PHONE|ADDRESS|COMPANY|MERGE\d+|UNSUB|[A-Z]+:[A-Z0-9_]+)\|"
    r"|%%[A-Za-z_]\w{0,40}%%|%recipient(?:\.\w+)?%"
    r"|%(?:(?:FIRST|LAST|FULL|VOOR|ACHTER|VOR|NACH)_?NAA?ME?|EMAIL|UNSUBSCRIBELINK)%"
    rf"|\[\[ ?{_FIELD_NAMES} ?\]\]|@@[0-9a-f]{{6}}_\d+@@"
)
#: Where the plain text goes on in the next line of a quotation, a note or a list.
_LINE_END = re.compile(r"\n[\s>|]*")


def check_fields(assembled: Assembled, facts: Facts) -> list[Finding]:
    """Report what is left of a field, stand-in text, and greetings without a name."""
    issue = assembled.issue
    prose = prose_lines(facts.source)
    runs = runs_with_fields(issue)

    def look(copy: Copy) -> Iterator[Finding]:
        # Most issues have no mark at all, meant or not.
        if marks := _marks(copy):
            meant = frozenset(_meant(issue))
            for mark in marks:
                if mark not in meant and not _is_escaped(mark, facts.source):
                    yield _unfilled(mark, prose, assembled, facts)
        yield from _non_values(copy, assembled)
        yield from empty_greetings(copy, runs, issue.language)

    return [
        *look_at_copies(facts, look),
        *typed_greetings(prose, issue),
        *dummy_findings(issue, facts),
    ]


def _marks(copy: Copy) -> list[str]:
    """Return the left-over marks in subject, text and HTML, each once."""
    page = page_of(copy.html)
    links = (link.href for link in page.links)
    text = _LINE_END.sub(" ", copy.text)
    texts = (*copy.values("Subject"), text, page.text, *links)
    return list(dict.fromkeys(mark for text in texts for mark in _marks_in(text)))


def _marks_in(text: str) -> Iterator[str]:
    return (" ".join(match[0].split()) for match in _MARKS.finditer(text))


def _meant(issue: Issue) -> Iterator[str]:
    r"""Yield the marks that an editor wrote on purpose: in code, or with ``\{``.

    A brace without a backslash is a field, or a problem of the definition. A mark may
    begin in one code span and end in the next: "from `{{` to `}}`".
    """
    words, coded = "", list[bool]()
    for part in walk_inlines(issue):
        said = _words(part)
        words += said
        coded += [isinstance(part, Code)] * len(said)
    for match in _MARKS.finditer(words):
        if match[0][0] == "{" or any(coded[slice(*match.span())]):
            yield " ".join(match[0].split())
    for block in walk_blocks(issue):
        match block:
            case CodeBlock(text):
                yield from _marks_in(text)
            case Image():
                yield from _braced(f"{block.alt} {block.caption}")
            case Event():
                yield from _braced(f"{block.title} {block.where} {block.online}")
            case _:
                pass


def _words(part: Inline) -> str:
    match part:
        case Text(text) | Code(text):
            return text
        case LineBreak():
            return " "
        case Field():
            return part.fallback
        case _:  # what it holds comes behind it
            return ""


def _braced(text: str) -> Iterator[str]:
    return (mark for mark in _marks_in(text) if mark.startswith("{"))


def _is_escaped(mark: str, source: tuple[str, ...]) -> bool:
    r"""Whether the editor wrote a mark with a backslash: ``\[[name]]``."""
    signs = "".join(rf"\\*{re.escape(sign)}" for sign in mark)
    written = re.compile(rf"(?:\\\*)?{signs}")
    lines = (line for line in source if "\\" in line)
    return any("\\" in match[0] for line in lines for match in written.finditer(line))


def _unfilled(
    mark: str, prose: list[str], assembled: Assembled, facts: Facts
) -> Finding:
    issue = assembled.issue
    message = f'"{mark}" is still in the mail: nobody fills it in'
    pattern = re.compile(re.escape(mark))
    places = [
        *(place for _, place in find_words(pattern, prose, issue.file)),
        *(use.place for use in assembled.links if mark in use.url),
    ]
    # A caption stands behind the address of its picture, which is no prose.
    captions = find_words(pattern, facts.source, issue.file)
    places = places or [place for _, place in captions]
    if places:
        return found(
            "field-unfilled",
            places[0],
            f"{message}{other_lines(places)}.",
            'Write a field of this newsletter, such as {{ first_name or "reader" }}, '
            "or take it out. To show it to readers as it is, put it between backticks.",
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
