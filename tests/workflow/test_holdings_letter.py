"""The letter to somebody who asks: in their words, not in ours."""

from datetime import UTC, date, datetime

import pytest

from newsletter.model.settings import (
    FieldSettings,
    ListSettings,
    NewsletterSettings,
    Settings,
)
from newsletter.model.subscriber import Subscriber
from newsletter.store.consent import ConsentEvent
from newsletter.store.holdings import Note
from newsletter.workflow.holdings import Holdings
from newsletter.workflow.holdings_letter import write_letter

AT = datetime(2026, 11, 4, 12, tzinfo=UTC)
SETTINGS = Settings(
    NewsletterSettings(name="Harbour", sender="letter@example.org", language="nl"),
    lists={"main": ListSettings(), "acties": ListSettings(title="Acties")},
    fields={
        "first_name": FieldSettings(title="Voornaam"),
        "since": FieldSettings(type="date", title="lid sinds"),
    },
)
DAAN = Subscriber(7, "daan@example.org", {"first_name": "Daan", "language": "nl-BE"})


def part(heading: str, **held: object) -> list[str]:
    """Return the lines below a heading of the letter."""
    language = str(held.pop("language", "en"))
    letter = write_letter(
        Holdings("daan@example.org", language, **held),  # type: ignore[arg-type]
        SETTINGS,
        today=AT.date(),
    )
    _, _, rest = letter.partition(f"{heading}\n")
    return rest.split("\n\n")[0].splitlines()


def event(kind: str, source: str, evidence: str = "", **more: str) -> ConsentEvent:
    return ConsentEvent("acties", kind, AT, source, evidence, **more)


def history(*events: ConsentEvent, language: str = "en") -> list[str]:
    headings = {
        "en": "How you came and went",
        "nl": "Hoe u zich in- en uitschreef",
        "ar": "كيف اشتركتم وألغيتم الاشتراك",
    }
    return part(headings[language], language=language, history=events)


@pytest.mark.parametrize(
    ("language", "heading", "lines"),
    [
        ("en", "What we know of you", "Voornaam: Daan|Language: Dutch (Belgium)"),
        ("nl", "Wat wij van u weten", "Voornaam: Daan|Taal: Nederlands (België)"),
        ("ar", "ما نعرفه عنكم", "Voornaam: Daan|اللغة: الهولندية (بلجيكا)"),
    ],
)
def test_letter_has_titles_of_fields_and_names_of_languages(
    language: str, heading: str, lines: str
) -> None:
    found = part(heading, language=language, subscriber=DAAN)
    assert found == [f"- {line}" for line in lines.split("|")]


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        (
            event("unsubscribed", "page"),
            "4 november 2026: uitgeschreven, Acties, op onze pagina’s",
        ),
        (
            event("unsubscribed", "one-click"),
            "4 november 2026: uitgeschreven, Acties, met de knop van uw mailprogramma",
        ),
        (
            event("unsubscribed", "mail", "dispatch 7"),
            "4 november 2026: uitgeschreven, Acties, per e-mail",
        ),
        (
            event("unsubscribed", "weg.csv"),
            "4 november 2026: uitgeschreven, Acties, volgens een lijst van ons",
        ),
        (
            event("undone", "command", "import of leden.csv undone"),
            "4 november 2026: een wijziging van ons teruggenomen, Acties",
        ),
        (
            event("imported", "leden.csv"),
            "4 november 2026: toegevoegd vanuit een lijst, Acties",
        ),
        (
            event("added", "command", "formulier van 3 mei"),
            "4 november 2026: door ons toegevoegd, Acties, formulier van 3 mei",
        ),
    ],
)
def test_history_in_the_letter_is_in_plain_words(
    told: ConsentEvent, expected: str
) -> None:
    assert " ".join(history(told, language="nl")).replace("   ", " ") == f"- {expected}"


def test_history_says_which_words_were_agreed_to() -> None:
    read = {"wording": "2026-11", "language": "nl"}
    confirmed = event("confirmed", "preferences", "asked on 2026-11-03", **read)
    assert history(confirmed) == [
        "- 4 November 2026: confirmed by you, Acties, in your settings, our words",
        "  of November 2026, in Dutch",
    ]
    assert history(confirmed, language="ar") == [
        "- 4 نوفمبر 2026: أكدتموه أنتم، Acties، في إعداداتكم، نصنا في نوفمبر",
        "  2026، باللغة الهولندية",
    ]


def test_what_was_known_before_an_import_was_not_asked_for_on_a_page() -> None:
    known = Note("before-import", AT, fields={"first_name": "Daan", "city": "Delft"})
    letter = write_letter(
        Holdings("daan@example.org", "nl", requests=(known,)),
        SETTINGS,
        today=date(2026, 11, 22),
    )
    assert "Gevraagd op onze pagina’s" not in letter
    assert (
        "Wat wij van u wisten voordat wij de laatste lijst toevoegden\n"
        "- 4 november 2026: Voornaam: Daan; City: Delft\n"
    ) in letter


def test_what_was_typed_on_a_page_has_titles_of_fields() -> None:
    asked = Note("asked-to-join", AT, fields={"first_name": "Daan"})
    assert part("Asked for on our pages", requests=(asked,)) == [
        "- 4 November 2026: asked to join, Voornaam: Daan"
    ]


def test_date_is_written_as_the_reader_writes_one() -> None:
    asked = Note("asked-to-join", AT, fields={"since": "2022-12-31"})
    assert part("Asked for on our pages", requests=(asked,)) == [
        "- 4 November 2026: asked to join, Lid sinds: 31 December 2022"
    ]


def test_letter_names_no_file_of_the_editors() -> None:
    files = ("leden.csv", "outbox/2026-11/daan.eml")
    assert part("Files that hold your address too", elsewhere=files) == [
        "- Files that we keep: lists of addresses, mails written as a trial, or",
        "  copies for safety.",
    ]


def test_letter_in_a_language_without_words_of_ours_is_english_throughout() -> None:
    letter = write_letter(Holdings("d@example.org", "sv"), SETTINGS, today=AT.date())
    assert letter.startswith("Harbour, 4 November 2026\nWhat we keep about you:")


def test_list_without_title_is_called_as_the_pages_call_it() -> None:
    (line,) = part(
        "How you came and went",
        history=(ConsentEvent("main", "added", AT, "command", ""),),
    )
    assert line == "- 4 November 2026: added by us, Harbour"
