"""In which language is a text? Told only where there can be hardly a doubt. Pure.

Languages are told by their commonest words, scripts by their letters. Law: of a short
text, a mixed one or one in a language not known here, nothing is said.
"""

import re
from collections import Counter
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

#: Words that make up 30 to 50 % of any text in a language, and few of other texts.
#: Shares measured on the two real issues, the example and the docs, 2026-11.
_WORDS: Final = {
    "nl": "de het een en van ik je dat die in is niet te met op aan voor er zijn naar "
    "wat ook als maar om bij hebben heeft wordt worden door over uit dan nog wel geen "
    "hij zij ze we wij u uw hun kan moet deze dit zich al omdat daar waar tot meer",
    "en": "the of and to a in that is was for it with as his on be at by had not are "
    "but from or have an they which you were all we can has there been if would their "
    "this who what when our its how than them out about your more no will also",
    "de": "der die und in den von zu das mit sich des auf für ist im dem nicht ein "
    "eine als auch es an werden aus er hat dass sie nach wird bei einer um am sind "
    "noch wie einem über einen so zum war haben nur oder aber vor zur bis durch man",
    "fr": "de la le et les des en un du une que est pour qui dans a par plus pas au "
    "sur ne se ce il sont la avec ou son aux cette ont mais être comme nous sa elle "
    "ses leur vous était tout fait deux même ils sans peut entre ces leurs où si notre",
}
_COMMON: Final = {tag: frozenset(words.split()) for tag, words in _WORDS.items()}
#: All of them together.
COMMON_WORDS: Final = frozenset().union(*_COMMON.values())

#: The tag to propose, unless other letters say more -> words in its script.
_SCRIPTS: Final = {
    "ar": re.compile(r"[\u0621-\u06ff\u0750-\u077f]{2,}"),
    "he": re.compile(r"[\u05d0-\u05ea]{2,}"),
    "ru": re.compile(r"[\u0400-\u04ff]{2,}"),
    "el": re.compile(r"[\u0370-\u03ff\u1f00-\u1fff]{2,}"),
}
#: Letters that a language of a script has and the one in `_SCRIPTS` has not.
_OWN_LETTERS: Final = (
    ("uk", re.compile(r"[іїєґІЇЄҐ]")),
    ("ur", re.compile(r"[ٹڈڑے]")),
    ("fa", re.compile(r"[پچژگ]")),
)
#: Languages written in each script, as far as a newsletter is likely to meet them.
_WRITTEN_IN: Final = {
    "ar": frozenset(
        {"ar", "az", "ckb", "fa", "ku", "pa", "prs", "ps", "sd", "ug", "ur"}
    ),
    "he": frozenset({"he", "iw", "yi"}),
    "ru": frozenset({"be", "bg", "kk", "ky", "mk", "mn", "ru", "sr", "tg", "tt", "uk"}),
    "el": frozenset({"el", "grc"}),
}
_OTHER_SCRIPTS: Final = frozenset().union(*_WRITTEN_IN.values())
_NAMES: Final = {
    "ar": "Arabic",
    "de": "German",
    "el": "Greek",
    "en": "English",
    "fa": "Persian",
    "fr": "French",
    "he": "Hebrew",
    "nl": "Dutch",
    "ru": "Russian",
    "uk": "Ukrainian",
    "ur": "Urdu",
}

#: Below so many words chance decides.
_LEAST_WORDS: Final = 25
#: A script is no matter of chance; but a name or a slogan is not a text.
_LEAST_IN_SCRIPT: Final = 6
#: So much of a text are common words of its language at the least; running text has 30
#: to 50 %, a list of names and places 5.
_LEAST_SHARE: Final = 0.25
#: And so many times as much as of the language it claims to be in.
_MARGIN: Final = 2.0

_WORD = re.compile(r"[^\W\d_]+")


@dataclass(frozen=True, slots=True)
class Told:
    """What a text is written in."""

    #: BCP 47 tag to write.
    tag: str
    name: str


def language_name(tag: str) -> str:
    """Return the English name of a language, or its tag."""
    return _NAMES.get(tag.lower().split("-")[0], tag)


# At a save one item of an issue differs, and all others are asked for again.
@lru_cache(maxsize=1024)
def foreign_language(text: str, declared: str) -> Told | None:
    """Return the language of a text, if it is surely not the one it claims to be in.

    Args:
        text: Words as a reader sees them.
        declared: BCP 47 tag it stands under.
    """
    own = declared.lower().split("-")[0]
    words = [word.casefold() for word in _WORD.findall(text)]
    script = _script_of(text, len(words))
    if script:
        # Serbian and others are written in two scripts, and the tag may say which.
        return None if own in _WRITTEN_IN[script] else _told(_within(script, text))
    return _by_words(words, own)


def _script_of(text: str, words: int) -> str:
    for script, letters in _SCRIPTS.items():
        count = len(letters.findall(text))
        if count >= _LEAST_IN_SCRIPT and count > words * 0.6:
            return script
    return ""


def _within(script: str, text: str) -> str:
    for tag, letters in _OWN_LETTERS:
        if tag in _WRITTEN_IN[script] and letters.search(text):
            return tag
    return script


def _by_words(words: list[str], own: str) -> Told | None:
    if len(words) < _LEAST_WORDS:
        return None
    shares = Counter(
        {tag: sum(word in known for word in words) for tag, known in _COMMON.items()}
    )
    ((best, most),) = shares.most_common(1)
    if best == own or most < _LEAST_SHARE * len(words):
        return None
    if best != "en" and own not in _COMMON and own not in _OTHER_SCRIPTS:
        # Danish shares words with German, Afrikaans with Dutch, Catalan with French.
        return None
    return _told(best) if most >= _MARGIN * shares.get(own, 0) else None


def _told(tag: str) -> Told:
    return Told(tag, _NAMES[tag])
