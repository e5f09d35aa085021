"""Words that ask the reader to click: "Zie hier", "klik hier", "read more" and others.

They count only where they stand as a call: alone as a sentence or as its last clause,
or, for verbs of clicking, at the beginning or end of one. "We zien hier dat …" is no
call, and a sentence that holds a link keeps its promise. All languages are looked for
in every issue: a paragraph in another language is not always marked as one.
"""

import re
from collections.abc import Iterable, Iterator

#: Stands for each character of a link or a code span: never part of a call.
MASK = "\ufffc"

#: A call wherever a sentence begins or ends with it: nobody writes them otherwise.
_CALLS = (
    # Dutch
    "klik hier|klikt u hier|klik dan hier|lees hier|bekijk hier|teken hier",
    "download hier|zie hier voor",
    # English
    "click here|tap here|see here for|read more here",
    # German
    "klicken sie hier|klick hier|klicke hier|hier klicken|lesen sie hier",
    # French
    "cliquez ici|clique ici|cliquer ici|voir ici pour",
    # Arabic
    "[اإ]ضغط هنا|[اإ]ضغطي هنا|[اإ]ضغطوا هنا|[اإ]نقر هنا|[اإ]نقري هنا|[اإ]نقروا هنا",
)

#: In each of these; looking for all of them at every letter takes fifty times as long.
_HERE = ("hier", "here", "ici", "هنا")

#: A call only alone, in brackets, or as the last clause of a sentence.
_WORDS = (
    "zie hier|lees meer|lees verder|meer lezen|meld je hier aan|meldt u hier aan",
    "hier aanmelden|aanmelden kan hier|inschrijven kan hier",
    "see here|read more|learn more|find out more|more here|read it here",
    "sign up here|register here|sign here",
    "siehe hier|mehr lesen|lesen sie mehr|weiterlesen|mehr erfahren|hier anmelden",
    "voir ici|lire la suite|lire plus|en savoir plus|inscrivez-vous ici",
    "[اإ]قر[أا] المزيد|[اإ]قر[أا]وا المزيد|لمعرفة المزيد|[اأ]نظر هنا",
    "سجل هنا|سجلوا هنا",
)

#: A call only with an arrow behind it; without one they head a paragraph as well.
_NOUNS = (
    "meer informatie|meer info|more information|more info|weitere informationen",
    "mehr infos|plus d['’]informations?|plus d['’]infos?|للمزيد|المزيد",
)

#: Words that point at a link nearby, wherever they stand. "Click on this link" is not
#: among them: those who warn of fraud write it.
_POINTERS = (
    "via deze link|via de volgende link|via onderstaande link|via de link hieronder",
    "via de onderstaande link|via de knop hieronder|via onderstaande knop",
    "via this link|through this link|using this link|via the link below",
    "through the link below|using the link below|with the button below",
    "über diesen link|unter diesem link|über den folgenden link|unter folgendem link",
    "über den link unten|über den button unten",
    "via ce lien|par ce lien|en suivant ce lien|via le lien ci-dessous",
    "عبر هذا الرابط|من خلال هذا الرابط|عبر الرابط التالي",
)

#: Calls to act that promise where to do so, when they are all that a paragraph says, or
#: are shouted. Names of the act alone ("Anmeldung") are not among them.
_ACTS = (
    # Dutch
    "(?:ik )?(?:onder)?teken (?:ook |nu |hier )?(?:de|deze|onze) petitie(?: nu| ook)?",
    "teken nu|doneer(?: nu)?|schrijf (?:je|u) (?:nu )?in|meldt u (?:nu )?aan",
    "meld (?:je|u) (?:nu |snel )?aan|ik meld me aan|word (?:nu )?(?:lid|donateur)",
    # English
    "(?:i )?sign (?:the|this|our) petition(?: now| here| today)?|sign now",
    "donate (?:now|here|today)|register (?:now|here|today)|sign up(?: now| here)?",
    # German
    "jetzt (?:unterschreiben|unterzeichnen|spenden|anmelden)|petition unterschreiben",
    "(?:ich )?unterschreiben? (?:sie )?(?:jetzt )?(?:die|diese|unsere) petition",
    "melden sie sich (?:jetzt )?an|melde dich (?:jetzt )?an|spenden sie jetzt",
    # French
    "(?:je )?sign(?:e|ez) (?:la|cette|notre) pétition|signez maintenant",
    "inscrivez-vous(?: maintenant)?|je m['’]inscris|faites un don(?: maintenant)?",
    # Arabic
    "وق[ّ]?عوا? (?:على )?العريضة|تبرعوا? الآن|سجلوا? الآن",
)


def _any_of(phrases: Iterable[str]) -> str:
    """Return alternatives, longest first, with any run of blanks between words."""
    flat = [phrase for group in phrases for phrase in group.split("|")]
    flat.sort(key=len, reverse=True)
    return _one_of(flat)


def _one_of(patterns: Iterable[str]) -> str:
    words = "|".join(pattern.replace(" ", r"\s+") for pattern in patterns)
    return rf"(?P<words>{words})"


#: What may stand around a call. Quotation marks may not: who quotes it does not say it.
_BEFORE = r"[\s>»›→(\[•–—-]*"
_AFTER = r"[\s.!…<>»›→←)\]–—-]*"
_AT_START = re.compile(rf"{_BEFORE}{_any_of(_CALLS)}(?!\w)", re.IGNORECASE)
_AT_END = re.compile(rf"(?<![\w\"“„«'‘]){_any_of(_CALLS)}{_AFTER}$", re.IGNORECASE)
_ALONE = re.compile(rf"{_BEFORE}{_any_of(_WORDS)}{_AFTER}", re.IGNORECASE)
_IN_BRACKETS = re.compile(rf"\({_any_of(_WORDS)}\)", re.IGNORECASE)
_WITH_ARROW = re.compile(rf"{_BEFORE}{_any_of(_NOUNS)}\s*[»›>→←]+\s*", re.IGNORECASE)
_POINTER = re.compile(rf"(?<!\w){_any_of(_POINTERS)}(?!\w)", re.IGNORECASE)
_ACT_ALONE = re.compile(rf"{_BEFORE}{_one_of(_ACTS)}{_AFTER}", re.IGNORECASE)
_ACT = re.compile(rf"{_BEFORE}{_one_of(_ACTS)}(?!\w)", re.IGNORECASE)

_SENTENCE = re.compile(r"[^\n]*?(?:[.!?؟…](?=[\s)\]»”\"]|$)[)\]»”\"]*|\n|$)")
#: What parts the last clause from the ones before.
_CLAUSE_ENDS = ",;،؛:–—"


def find_calls(masked: str) -> Iterator[tuple[int, int]]:
    """Yield start and end of each call in the words of one block.

    Args:
        masked: The words, lines of their own divided by LF; links and code are `MASK`.
    """
    for sentence in _SENTENCE.finditer(masked):
        call = _call_in(sentence[0])
        if call is not None:
            start, end = call.span("words")
            yield sentence.start() + start, sentence.start() + end


def find_pointers(masked: str) -> Iterator[tuple[int, int]]:
    """Yield start and end of words such as "via deze link", which point at one nearby.

    Args:
        masked: As for `find_calls`.
    """
    return (match.span("words") for match in _POINTER.finditer(masked))


def find_acts(masked: str) -> Iterator[tuple[int, int]]:
    """Yield start and end of calls such as "Sign the petition", alone or in capitals.

    Args:
        masked: As for `find_calls`.
    """
    alone = _ACT_ALONE.fullmatch(masked)
    if alone is not None:
        yield alone.span("words")
        return
    for sentence in _SENTENCE.finditer(masked):
        act = _ACT.match(sentence[0]) if sentence[0].isupper() else None
        if act is not None:
            start, end = act.span("words")
            yield sentence.start() + start, sentence.start() + end


def _call_in(sentence: str) -> re.Match[str] | None:
    # What a colon announces comes after it: a list, a button, an event.
    if MASK in sentence or sentence.rstrip().endswith(":"):
        return None
    lowered = sentence.lower()
    says_here = any(word in lowered for word in _HERE)
    last_clause = max(map(sentence.rfind, _CLAUSE_ENDS)) + 1
    return (
        (says_here and (_AT_START.match(sentence) or _AT_END.search(sentence)))
        or _ALONE.fullmatch(sentence, last_clause)
        or _IN_BRACKETS.search(sentence)
        or _WITH_ARROW.fullmatch(sentence)
    )
