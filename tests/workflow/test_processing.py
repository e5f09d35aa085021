from datetime import date
from typing import Any

import pytest

from newsletter.model.settings import (
    FieldSettings,
    HooksSettings,
    InboxSettings,
    ListSettings,
    NewsletterSettings,
    RetentionSettings,
    ServerSettings,
    Settings,
)
from newsletter.workflow.privacy import describe_storage
from newsletter.workflow.processing import write_record

OPEN = "**To be filled in:**"
TODAY = date(2026, 11, 22)
SMALL = Settings(
    newsletter=NewsletterSettings(
        name="Harbour", language="nl", sender="Harbour <letter@example.org>"
    )
)
FULL = Settings(
    newsletter=NewsletterSettings(
        name="Harbour",
        language="nl",
        sender="Harbour <letter@example.org>",
        reply_to="Office <office@example.org>",
        address="Harbour Foundation,\n12 Lane, Utrecht",
        base_url="https://news.example.org",
    ),
    lists={"main": ListSettings(title="The letter"), "events": ListSettings()},
    fields={"city": FieldSettings(title="City")},
    server=ServerSettings("smtp.example.org", 465),
    spare_servers=(ServerSettings("smtp.example.net", 465),),
    inbox=InboxSettings(host="imap.example.org"),
    hooks=HooksSettings(mailgun_key="env:KEY", sendgrid_key="x"),
    retention=RetentionSettings(deliveries=99),
)


def record(settings: Settings, **more: Any) -> str:
    return write_record(settings, today=TODAY, **{"language": "en", **more})


@pytest.mark.parametrize("language", ["en", "nl", "de", "fr", "ar"])
@pytest.mark.parametrize("settings", [SMALL, FULL], ids=["small", "full"])
def test_record_has_every_sentence_of_the_privacy_page(
    settings: Settings, language: str
) -> None:
    text = record(settings, language=language)
    for statement in describe_storage(settings):
        assert f"- {statement.text(language)}\n" in text


def test_record_of_a_dutch_newsletter_is_dutch() -> None:
    text = record(FULL, language="nl")
    assert text.startswith(
        "# Register van verwerkingsactiviteiten: Harbour\n\n"
        "Zoals artikel 30, lid 1, van de Algemene verordening "
        "gegevensbescherming (AVG) vraagt. Geschreven door newsletter op 22 november "
        "2026 uit newsletter.toml; schrijf het opnieuw als instellingen wijzigen.\n\n"
        "## Verwerkingsverantwoordelijke\n"
    )
    assert "- Lezers van deze lijsten: The letter en events.\n" in text
    assert "**In te vullen:** wie ervoor verantwoordelijk is;" in text


def test_record_in_a_language_without_words_is_english() -> None:
    assert record(FULL, language="sv") == record(FULL)


@pytest.mark.parametrize(
    ("exposed", "sentence"),
    [
        (
            (),
            "Database, keys and lists can be read by the owner of the folder alone.",
        ),
        (
            ("acties.csv", "leden.csv"),
            "Other users of the computer can read these files: acties.csv, leden.csv.",
        ),
        (
            ("leden.csv", *(f"outbox/{n}.eml" for n in range(10))),
            "Other users of the computer can read these files: leden.csv, outbox/.",
        ),
        (
            None,
            f"{OPEN} who on this computer can read database, keys and lists.",
        ),
    ],
)
def test_record_says_who_can_read_the_lists(
    exposed: tuple[str, ...] | None, sentence: str
) -> None:
    text = record(SMALL, exposed=exposed)
    assert f"## Protection\n\n- {sentence}\n- Log files name nobody.\n" in text


def test_record_has_the_parts_that_the_law_names() -> None:
    lines = record(FULL).splitlines()
    assert [line for line in lines if line.startswith("#")] == [
        "# Record of processing: Harbour",
        "## Controller",
        "## Purpose and ground",
        "## Whose data",
        "## What is kept, and for how long",
        "## What is not kept",
        "## Who sees it",
        "## Rights of the readers",
        "## Protection",
    ]


def test_record_names_who_and_where_from_the_settings() -> None:
    text = record(FULL)
    assert "Written by newsletter on 22 November 2026 from newsletter.toml" in text
    for sentence in (
        "- Office, office@example.org",
        "- Harbour Foundation, 12 Lane, Utrecht",
        "- Readers of these lists: The letter and events.",
        f"- Mail server: smtp.example.org, smtp.example.net. {OPEN} who runs it,",
        "- Mailbox for mail that comes back: imap.example.org.",
    ):
        assert sentence in text


def test_record_marks_what_the_settings_do_not_say() -> None:
    text = record(SMALL)
    assert f"- {OPEN} postal address of the organisation." in text
    assert f"- {OPEN} the mail server (newsletter.toml has no [server] yet)." in text


def test_record_names_who_reports_what_came_back() -> None:
    said = "- What comes back is reported to the public pages by: Mailgun, SendGrid.\n"
    assert said in record(FULL)
    assert "is reported to" not in record(SMALL)
