"""Subject and preheader: the two lines by which a reader decides to open the mail."""

import re
from collections.abc import Iterator

from newsletter.checks.facts import Facts, found
from newsletter.checks.writing import is_more_than_names
from newsletter.model.assembled import Assembled
from newsletter.model.finding import Finding
from newsletter.model.issue import Field, Issue, Text
from newsletter.model.problem import Place

#: RFC 5322, section 2.1.1; Gmail refuses longer ones.
_SUBJECT_REFUSED = 998
#: One header line (RFC 5322, section 2.1.1).
_SUBJECT_LONG = 78
#: What most lists of mails show.
_SUBJECT_CUT = 60
#: So many letters in capitals are no abbreviation any more.
_CAPITALS = 8
_PREHEADER_SHORT = 30
_PREHEADER_LONG = 130
#: What mail programs write before an answer, or a mail that is handed on.
_REPLY = re.compile(
    r"(?:re|fwd?|aw|wg|antw|doorst|tr|رد)\s?(?:\[\d+\])?:(?!\S)", re.IGNORECASE
)
_SHOUTING = re.compile(r"!\s?!|[?!؟]{3}|؟؟")
#: What is left where a subject begins or ends with a field that is empty.
_LEFT_OVER = re.compile(r"[,،;:]")
_LEFT_AT_END = re.compile(r"[,،]\s*[?!.؟]?$")
#: Shown as pictures by default or with U+FE0F behind (UTS 51); a flag, a family or a
#: keycap is one.
_EMOJI_PART = (
    "(?:[\U0001f1e6-\U0001f1ff]{2}|[0-9#*]\ufe0f?\u20e3"
    "|(?:[\U0001f300-\U0001faff\u231a\u231b\u23e9-\u23ec\u23f0\u23f3\u25fd\u25fe"
    "\u2614\u2615\u2648-\u2653\u267f\u2693\u26a1\u26aa\u26ab\u26bd\u26be\u26c4"
    "\u26c5\u26ce\u26d4\u26ea\u26f2\u26f3\u26f5\u26fa\u26fd\u2705\u270a\u270b\u2728"
    "\u274c\u274e\u2753-\u2755\u2757\u2795-\u2797\u27b0\u2b1b\u2b1c\u2b50\u2b55]"
    "|[\u2190-\u2bff\u3030\u303d\u00a9\u00ae\u203c\u2049\u2122](?=\ufe0f))"
    "\ufe0f?[\U0001f3fb-\U0001f3ff]?)"
)
_EMOJI = re.compile(f"{_EMOJI_PART}(?:\u200d{_EMOJI_PART})*")


def check_subject(assembled: Assembled, facts: Facts) -> list[Finding]:
    """Report a subject that is empty, long or shouting, and a poor preheader.

    One that was not written at all is a problem of the definition, and told there.
    """
    issue, findings = assembled.issue, list[Finding]()
    subject, preheader = _words(issue.subject), _words(issue.preheader)
    if issue.subject:
        place = _place(issue, "subject")
        findings += _subject_findings(subject, place)
        findings += _repeated(subject, facts.previous, place)
    if issue.preheader:
        place = _place(issue, "preheader")
        findings += _preheader_findings(preheader, subject, place)
    return findings


def _words(content: tuple[Text | Field, ...]) -> str:
    """Return the words as a subscriber of whom nothing is known gets them."""
    parts = (part.text if isinstance(part, Text) else part.fallback for part in content)
    return "".join(parts).strip()


def _counted(length: int) -> str:
    return f"{length} character{'' if length == 1 else 's'}"


def _place(issue: Issue, key: str) -> Place:
    return issue.places.get(key, Place(issue.file))


def _subject_findings(subject: str, place: Place) -> Iterator[Finding]:
    if not subject:
        message = "for some readers the subject is empty."
        advice = "Write some words beside the personal field: what is new."
        yield found("subject-empty", place, message, advice)
    yield from _length_findings(len(subject), place)
    letters = sum(character.isalpha() for character in subject)
    if (
        subject.isupper()
        and letters >= _CAPITALS
        and is_more_than_names(subject.split())
    ):
        yield found(
            "subject-capitals",
            place,
            "the subject is all in capitals, as in advertising.",
            "Write it as a sentence.",
        )
    yield from _punctuation_findings(subject, place)
    yield from _emoji_findings(subject, place)


def _punctuation_findings(subject: str, place: Place) -> Iterator[Finding]:
    reply, shouting = _REPLY.match(subject), _SHOUTING.search(subject)
    if reply:
        yield found(
            "subject-punctuation",
            place,
            f'the subject begins with "{reply[0]}" as if it were an answer.',
            "Take it out: readers feel misled, and filters know the trick.",
        )
    if shouting:
        yield found(
            "subject-punctuation",
            place,
            f'the subject has "{shouting[0]}", as in advertising.',
            "One mark is enough.",
        )
    begins, ends = _LEFT_OVER.match(subject), _LEFT_AT_END.search(subject)
    for left, where in ((begins, "begins"), (ends, "ends")):
        if left is None:
            continue
        yield found(
            "subject-punctuation",
            place,
            f'for some readers the subject {where} with "{left[0]}".',
            "Give the field there something to say where nothing is known: "
            '{{ first_name or "reader" }}.',
        )


def _emoji_findings(subject: str, place: Place) -> Iterator[Finding]:
    emoji = _EMOJI.findall(subject)
    words = _EMOJI.sub("", subject)
    if emoji and not any(character.isalnum() for character in words):
        message = "the subject has no words, only emoji."
        advice = "Say it in words: readers who hear their mail get long names read out."
        yield found("subject-emoji", place, message, advice)
    elif len(emoji) > 1:
        message = f"the subject has {len(emoji)} emoji."
        advice = (
            "Keep one: to readers who hear their mail each is read out by its name."
        )
        yield found("subject-emoji", place, message, advice)


def _repeated(subject: str, previous: Issue | None, place: Place) -> Iterator[Finding]:
    if previous is None or not subject:
        return
    if " ".join(_words(previous.subject).casefold().split()) == " ".join(
        subject.casefold().split()
    ):
        yield found(
            "subject-repeated",
            place,
            f"the subject is that of the issue before, {previous.file}.",
            "Say what is new in this one.",
        )


def _length_findings(length: int, place: Place) -> Iterator[Finding]:
    said = f"the subject has {_counted(length)};"
    advice = "Put what matters first, and leave out what can be left out."
    if length > _SUBJECT_REFUSED:
        message = f"{said} mail servers refuse more than {_SUBJECT_REFUSED}."
        yield found("subject-refused", place, message, advice)
    elif length > _SUBJECT_LONG:
        message = f"{said} beyond {_SUBJECT_LONG} hardly anybody sees them."
        yield found("subject-long", place, message, advice)
    elif length > _SUBJECT_CUT:
        message = f"{said} many lists of mails show the first {_SUBJECT_CUT}."
        yield found("subject-cut", place, message, advice)


def _preheader_findings(
    preheader: str, subject: str, place: Place
) -> Iterator[Finding]:
    length = len(preheader)
    if not preheader:
        yield found(
            "preheader-missing",
            place,
            "for some readers the preheader is empty: "
            "mail programs show the first words they find.",
            "Write some words beside the personal field.",
        )
    elif preheader.casefold() == subject.casefold():
        yield found(
            "preheader-repeats",
            place,
            "the preheader says what the subject says.",
            "Let it go on where the subject ends.",
        )
    elif length < _PREHEADER_SHORT:
        message = f"the preheader has {_counted(length)}; there is room for about 100."
        advice = "Say one thing more."
        yield found("preheader-short", place, message, advice)
    elif length > _PREHEADER_LONG:
        message = (
            f"the preheader has {_counted(length)}; "
            f"mail programs show {_PREHEADER_LONG} at the most."
        )
        yield found("preheader-long", place, message, "Shorten it.")
