"""Words all in capitals, and words known from advertising."""

import re
from collections.abc import Iterator, Sequence
from typing import Final

from newsletter.checks.facts import Facts, found
from newsletter.checks.languages import COMMON_WORDS
from newsletter.checks.passages import Said, all_said, place_of
from newsletter.checks.places import listed_lines
from newsletter.model.assembled import Assembled
from newsletter.model.finding import Finding
from newsletter.model.issue import Issue
from newsletter.model.problem import Place
from newsletter.model.words import plain_words

#: From so many words on a run of capitals is a sentence, …
_RUN_WORDS: Final = 3
#: … if it holds so many words that are common, or too long for abbreviations.
_LONG_WORDS: Final = 2
_LONG_WORD: Final = 7
#: A heading in capitals, or a word, has so many letters; an abbreviation has fewer.
_HEADING_LETTERS: Final = 10

#: Letters, and what ties them together: "SvJ&V", "O'BRIEN", "ANTI-RACISM".
_WORD = r"[^\W\d_]+(?:[&'’-][^\W\d_]+)*"
#: Words of capitals with nothing but blanks, figures or a colon between them: a comma
#: divides the names of a list.
_RUN = re.compile(rf"{_WORD}(?:[\s:\d]+{_WORD})*")
#: "1. BASIC RIGHTS", "A) RESIDENCE": typed numbers have a rule of their own.
_NUMBER = re.compile(r"(?:\d+|\w)[.)]\s+(?=\w)")
#: "ECLI:NL:RBDHA:2023:1296", "C-34/09", "V6.110": what courts and offices call things.
_REFERENCE = re.compile(r"[/:.]\S*\d|\d\S*[/:.]\S")

#: Whole phrases that hardly anybody writes but to sell. Kept short on purpose: what
#: filters make of single words is weak (SpamAssassin 4.0.1: "act now" 0.1, 2026-11).
_PHRASES: Final = (
    "act now",
    "click below",
    "dear friend",
    "limited time offer",
    "once in a lifetime",
    "risk free",
    "risk-free",
    "while supplies last",
    "you have won",
    "100% free",
    "100% gratis",
    "mis deze kans niet",
    "nu of nooit",
    "u hebt gewonnen",
    "u heeft gewonnen",
    "100% kostenlos",
    "garantiert kostenlos",
    "jetzt zugreifen",
    "nur für kurze zeit",
    "sie haben gewonnen",
    "100% gratuit",
    "cliquez vite",
    "offre limitée",
    "vous avez gagné",
    "اربح الآن",
    "عرض محدود",
)
_ANY_PHRASE = re.compile(
    r"(?<!\w)(?:"
    + "|".join(re.escape(p).replace(r"\ ", r"\s+") for p in _PHRASES)
    + r")(?!\w)"
)


def check_writing(assembled: Assembled, facts: Facts) -> list[Finding]:
    """Report words that shout, and words that sell."""
    said = list(all_said(assembled.issue))
    return [
        *_capitals_findings(said, facts.source),
        *_spam_findings(assembled.issue, said, facts.source),
    ]


def _capitals_findings(
    said: Sequence[Said], source: tuple[str, ...]
) -> Iterator[Finding]:
    shouted = [
        (words, place_of(words, passage.place, source))
        for passage in said
        for words in _shouted(passage)
    ]
    if not shouted:
        return
    shouted.sort(key=lambda pair: pair[1])
    words, place = shouted[0]
    others = sorted({at.line for _, at in shouted} - {place.line})
    also = f", and so are words in {listed_lines(others)}" if others else ""
    yield found(
        "capitals",
        place,
        f'"{words}" is all in capitals{also}; they are slow to read, '
        "and some screen readers spell them out.",
        f"Write it as a sentence: {_NUMBER.sub('', words).capitalize()}",
    )


def _shouted(passage: Said) -> Iterator[str]:
    """Yield the runs of capitals in a heading or a passage."""
    every = passage.words.split()
    words = " ".join(every)
    said = " ".join("\ufffc" if _REFERENCE.search(one) else one for one in every)
    if passage.is_heading and said.isupper():
        letters = sum(letter.isalpha() for letter in said)
        is_name = " " in said and not is_more_than_names(said.split())
        if letters >= _HEADING_LETTERS and not is_name:
            yield words
        return
    for run in _RUN.finditer(said):
        yield from _upper_runs(run[0].split())


def _upper_runs(words: list[str]) -> Iterator[str]:
    run: list[str] = []
    for word in [*words, ""]:
        if word.isupper():
            run.append(word)
            continue
        if len(run) >= _RUN_WORDS and is_more_than_names(run):
            yield " ".join(run)
        run = []


def is_more_than_names(words: Sequence[str]) -> bool:
    """Whether words in capitals are not just abbreviations side by side."""
    bare = [re.sub(r"\W", "", word) for word in words]
    common = sum(word.casefold() in COMMON_WORDS for word in bare if len(word) > 1)
    long = sum(len(word) >= _LONG_WORD for word in bare)
    longest = max(map(len, bare), default=0)
    return common + long >= _LONG_WORDS or longest >= _HEADING_LETTERS


def _spam_findings(
    issue: Issue, said: Sequence[Said], source: tuple[str, ...]
) -> Iterator[Finding]:
    front = [
        Said(plain_words(content), issue.places.get(key, Place(issue.file)))
        for key, content in (("subject", issue.subject), ("preheader", issue.preheader))
    ]
    told = set()
    for passage in (*front, *said):
        for match in _ANY_PHRASE.finditer(passage.words.lower()):
            words = " ".join(passage.words[slice(*match.span())].split())
            if words.casefold() not in told:
                told.add(words.casefold())
                yield found(
                    "spam-words",
                    place_of(words, passage.place, source),
                    f'"{words}" is what readers know from advertising.',
                    "Say plainly what you offer or ask.",
                )
