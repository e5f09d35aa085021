from dataclasses import replace
from datetime import date

from newsletter.messages.identity import derive_identity
from newsletter.model.issue import Issue
from newsletter.model.message import Identity
from newsletter.model.settings import (
    HooksSettings,
    ListSettings,
    NewsletterSettings,
    Settings,
)

ISSUE = Issue("issues/2023-02.md", "2023-02", (), (), date(2023, 2, 14), "nl")
SETTINGS = Settings(
    NewsletterSettings(
        "LOS Nieuwsbrief",
        "Steunpunt <post@example.org>",
        reply_to="antwoord@example.org",
        base_url="https://news.example.org",
        unsubscribe_address="uit@example.org",
    ),
    lists={"main": ListSettings(), "pers_lijst": ListSettings("Voor de pers")},
)


def test_derive_identity_from_settings_alone() -> None:
    assert derive_identity(ISSUE, SETTINGS) == Identity(
        sender="Steunpunt <post@example.org>",
        reply_to="antwoord@example.org",
        list_id="main.example.org",
        list_name="LOS Nieuwsbrief",
        base_url="https://news.example.org",
        unsubscribe_address="uit@example.org",
        feedback_parts=("2023-02", "main"),
        language="nl",
    )


def test_derive_identity_knows_who_reports_what_comes_back() -> None:
    hooks = HooksSettings(ses_topic="arn", postmark_password="env:X")
    identity = derive_identity(ISSUE, replace(SETTINGS, hooks=hooks))
    assert identity.providers == ("ses", "postmark")


def test_derive_identity_of_an_issue_with_its_own_sender_keeps_the_list_id() -> None:
    issue = replace(ISSUE, sender="Gast <gast@example.net>", reply_to="x@example.net")
    identity = derive_identity(issue, SETTINGS)
    assert identity.sender == "Gast <gast@example.net>"
    assert identity.reply_to == "x@example.net"
    assert identity.list_id == "main.example.org"


def test_derive_identity_of_another_list_has_its_title_and_label() -> None:
    identity = derive_identity(replace(ISSUE, lists=("pers_lijst", "main")), SETTINGS)
    assert identity.list_id == "pers-lijst.example.org"
    assert identity.list_name == "Voor de pers"


def test_derive_identity_without_lists_takes_the_default_one() -> None:
    assert derive_identity(replace(ISSUE, lists=()), SETTINGS).list_id == (
        "main.example.org"
    )
