from datetime import date

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
from newsletter.workflow.processing import OPEN, write_record

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


@pytest.mark.parametrize("settings", [SMALL, FULL], ids=["small", "full"])
def test_record_has_every_sentence_of_the_privacy_page_in_english(
    settings: Settings,
) -> None:
    record = write_record(settings, today=TODAY)
    for statement in describe_storage(settings):
        assert f"- {statement.text('en')}\n" in record


def test_record_has_the_parts_that_the_law_names() -> None:
    lines = write_record(FULL, today=TODAY).splitlines()
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
    record = write_record(FULL, today=TODAY)
    assert "Written by newsletter on 22 November 2026 from newsletter.toml" in record
    for sentence in (
        "- Office, office@example.org",
        "- Harbour Foundation, 12 Lane, Utrecht",
        "- Readers of these lists: The letter, events.",
        f"- Mail server: smtp.example.org, smtp.example.net. {OPEN} who runs it,",
        "- Mailbox for mail that comes back: imap.example.org.",
    ):
        assert sentence in record


def test_record_marks_what_the_settings_do_not_say() -> None:
    record = write_record(SMALL, today=TODAY)
    assert f"- {OPEN} postal address of the organisation." in record
    assert f"- {OPEN} the mail server (newsletter.toml has no [server] yet)." in record


def test_record_names_who_reports_what_came_back() -> None:
    said = "- What comes back is reported to the public pages by: Mailgun, SendGrid.\n"
    assert said in write_record(FULL, today=TODAY)
    assert "is reported to" not in write_record(SMALL, today=TODAY)
