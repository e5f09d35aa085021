"""Subject and preheader: the two lines by which a reader decides to open the mail."""

from collections.abc import Iterator

from newsletter.checks.facts import Facts, found
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


def check_subject(assembled: Assembled, facts: Facts) -> list[Finding]:
    """Report a subject that is empty, long or shouting, and a poor preheader.

    One that was not written at all is a problem of the definition, and told there.
    """
    issue, findings = assembled.issue, list[Finding]()
    subject, preheader = _words(issue.subject), _words(issue.preheader)
    if issue.subject:
        findings += _subject_findings(subject, _place(issue, "subject"))
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
        message = "the subject is empty."
        yield found("subject-empty", place, message, "Say in a few words what is new.")
    yield from _length_findings(len(subject), place)
    if subject.isupper() and sum(c.isalpha() for c in subject) >= _CAPITALS:
        yield found(
            "subject-capitals",
            place,
            "the subject is all in capitals, as in advertising.",
            "Write it as a sentence.",
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
            "Write words of which some are left without a personal field.",
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
