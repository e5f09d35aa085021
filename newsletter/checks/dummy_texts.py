"""Text that stands for another that is still to come. Pure.

Law: an error blocks the sending, so what may be a sentence of its own is none: "een nog
in te vullen plek", "un texte à venir sur les retraites", "TODO el mundo".
"""

import re
from collections.abc import Iterator, Sequence

from newsletter.checks.facts import Facts, found
from newsletter.checks.places import other_lines
from newsletter.checks.prose import find_words, prose_lines
from newsletter.model.finding import Finding
from newsletter.model.issue import Issue
from newsletter.model.problem import Place

#: In these very letters: "todo" is a word of several languages, and people sign "xxx".
_SIGNS = re.compile(r"(?<![\w-])(?:TODO(?! lists?\b)|FIXME|XXX+)(?![\w-])")
#: In these "TODO" in capitals means "all".
_ALL_IS_TODO = frozenset({"ca", "es", "gl", "pt"})

#: Ends a sentence, a bracket or the line; emphasis may stand before.
_END = r"(?=[*_]*\s*(?:[.!…)\]]|$))"
#: Before it nothing of the same sentence.
_ALONE = re.compile(r"(?:^|[:.!?–—|>*#-] |[(\[*_])$")
#: In lower case: looking for them in any case takes ten times as long.
_WORDS = re.compile(
    r"\b(?:lor[eu]m ipsum|placeholder text|your text here|insert text here"
    rf"|text to (?:come|follow){_END}|hier komt (?:nog )?tekst"
    rf"|tekst (?:volgt|komt)(?: nog)?{_END}|text (?:folgt|kommt)(?: noch)?{_END}"
    r"|blindtext|platzhaltertext|hier steht ihr text|نص تجريبي|النص هنا)\b"
)
_LONE_WORDS = re.compile(
    r"\b(?:nog (?:in te vullen|te schrijven|aan te (?:vullen|leveren))"
    r"|(?:tekst )?wordt nog aangevuld|tekst (?:ontbreekt|aanvullen)"
    r"|wird (?:noch )?ergänzt|noch (?:auszufüllen|zu ergänzen)|text fehlt(?: noch)?"
    r"|(?:texte )?à (?:venir|compléter)|faux[- ]texte|still to be written"
    rf"|يضاف لاحقا){_END}"
)
#: Of a place or a speaker "TBD" tells readers something; alone it stands for a text.
_ALL_THERE_IS = re.compile(r"TBD(?=[)\]]|\.?$)")
_IN_BRACKETS = re.compile(r"(?:^|^[*-] |[(\[])$")
#: "[insert date]", "[datum invullen]"; judgments have "[naam]" and "[plaats]".
_PROMPTS = re.compile(
    r"\[(?:[^][]{0,40}\b(?:invullen|invoegen|aanvullen|toevoegen|nakijken|einfügen"
    r"|ergänzen|einsetzen|ausfüllen)|(?:à (?:compléter|insérer|ajouter|vérifier)"
    r"|insert(?: the)?|fill in|please add|to be added)\b[^][]{0,40})\](?![\[({:])",
    re.IGNORECASE,
)


def dummy_findings(issue: Issue, facts: Facts) -> Iterator[Finding]:
    """Yield each text that stands for another, once with all its lines."""
    uses: dict[str, list[Place]] = {}
    for words, place in _dummies(issue, facts.source):
        uses.setdefault(words.casefold(), []).append(place)
    for words, places in uses.items():
        first = min(places)
        start = first.column - 1
        written = facts.source[first.line - 1][start : start + len(words)]
        also = other_lines([first, *sorted(places)])
        yield found(
            "dummy-text",
            first,
            f'"{written}" stands for a text that is still to come{also}.',
            "Write the text, or take the item out.",
        )


def _dummies(issue: Issue, source: Sequence[str]) -> Iterator[tuple[str, Place]]:
    prose = prose_lines(source)
    lowered = [line.lower() for line in prose]
    yield from find_words(_WORDS, lowered, issue.file)
    for words, place in find_words(_SIGNS, prose, issue.file):
        is_all = words == "TODO" and issue.language[:2].lower() in _ALL_IS_TODO
        if not is_all:
            yield words, place
    for pattern, lines, before in (
        (_LONE_WORDS, lowered, _ALONE),
        (_ALL_THERE_IS, prose, _IN_BRACKETS),
    ):
        for words, place in find_words(pattern, lines, issue.file):
            if before.search(prose[place.line - 1][: place.column - 1]):
                yield words, place
    for words, place in find_words(_PROMPTS, prose, issue.file):
        # The target of a link is blanked in the prose.
        behind = source[place.line - 1][place.column - 1 + len(words) :]
        if not behind.startswith("("):
            yield words, place
