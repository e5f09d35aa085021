from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from newsletter.errors import RefusedError, UsageError
from newsletter.model.settings import (
    FieldSettings,
    ListSettings,
    NewsletterSettings,
    Settings,
)
from newsletter.model.subscriber import Subscription, SubscriptionStatus
from newsletter.store.consent import ConsentEvent, Suppression
from newsletter.workflow.imports import import_subscribers, order_import
from newsletter.workflow.project import Project
from newsletter.workflow.subscribers import (
    Addition,
    Departure,
    Newcomer,
    Record,
    add_subscriber,
    list_subscribers,
    show_subscriber,
    unsubscribe_subscriber,
)

NOW = datetime(2023, 2, 14, 9, 30, tzinfo=UTC)
LATER = NOW + timedelta(days=30)
ANNA = "anna@example.org"


@pytest.fixture
def project(tmp_path: Path) -> Project:
    settings = Settings(
        NewsletterSettings(name="Harbour", sender="letter@example.org"),
        lists={"main": ListSettings(), "events": ListSettings()},
        fields={
            "first_name": FieldSettings(),
            "member_since": FieldSettings(type="date"),
        },
    )
    return Project(tmp_path, settings)


def add(
    project: Project,
    address: str = ANNA,
    *,
    list_slug: str | None = None,
    consent: str = "",
    **fields: str,
) -> Addition:
    newcomer = Newcomer(address, list_slug, fields, consent)
    return add_subscriber(project, newcomer, now=NOW)


def leave(
    project: Project, address: str = ANNA, list_slug: str | None = None
) -> Departure:
    return unsubscribe_subscriber(project, address, list_slug=list_slug, now=LATER)


def status(project: Project, list_slug: str = "main") -> SubscriptionStatus:
    ((_, subscription),) = list_subscribers(project, list_slug=list_slug)
    return subscription.status


def refusal(project: Project) -> str:
    with pytest.raises(RefusedError) as caught:
        add(project)
    return str(caught.value)


def test_add_of_a_new_person_keeps_address_fields_and_word(project: Project) -> None:
    addition = add(
        project, " Anna@EXAMPLE.org", consent="paper form, 3 May", first_name=" Anna "
    )
    assert addition is Addition.ADDED
    assert show_subscriber(project, ANNA) == Record(
        email="Anna@example.org",
        fields={"first_name": "Anna"},
        subscriptions=(Subscription("main", SubscriptionStatus.ACTIVE, NOW),),
        history=(ConsentEvent("main", "added", NOW, "command", "paper form, 3 May"),),
    )


def test_add_of_somebody_there_is_present_or_updated(project: Project) -> None:
    add(project, first_name="Anna")
    before = show_subscriber(project, ANNA)
    assert add(project) is Addition.PRESENT
    assert add(project, first_name="Anna") is Addition.PRESENT
    assert show_subscriber(project, ANNA) == before
    assert add(project, first_name="Ana") is Addition.UPDATED
    assert show_subscriber(project, ANNA).fields == {"first_name": "Ana"}


def test_add_of_somebody_who_left_needs_their_word(project: Project) -> None:
    add(project)
    leave(project)
    assert refusal(project) == (
        "this person has left the list main. "
        'Only their own word counts: add --consent "paper form, 3 May".'
    )
    assert status(project) is SubscriptionStatus.UNSUBSCRIBED
    assert add(project, consent="asked by phone, 1 June") is Addition.READMITTED
    record = show_subscriber(project, ANNA)
    assert status(project) is SubscriptionStatus.ACTIVE
    assert record.history[-1].evidence == "asked by phone, 1 June"


@pytest.mark.parametrize(
    ("status", "sentence"),
    [
        (
            SubscriptionStatus.BOUNCED,
            "mail to this address came back; it is no longer on the list main.",
        ),
        (
            SubscriptionStatus.PENDING,
            "this person has asked to join the list main and has yet to confirm.",
        ),
    ],
)
def test_add_of_somebody_bounced_or_pending_needs_their_word(
    project: Project, status: SubscriptionStatus, sentence: str
) -> None:
    path = project.root / "readers.csv"
    path.write_text(ANNA)
    order = order_import(project, path, status=status)
    import_subscribers(project, order, now=NOW)
    assert refusal(project).startswith(sentence)
    assert add(project, consent="asked by phone") is Addition.READMITTED
    scopes = [item.scope for item in show_subscriber(project, ANNA).suppressions]
    assert "main" not in scopes
    assert "*" not in scopes


def test_add_of_an_address_that_left_before_it_was_ever_here_needs_their_word(
    project: Project,
) -> None:
    leave(project)
    assert refusal(project).startswith(
        "this person does not want mail of the list main."
    )
    assert add(project, consent="asked by phone") is Addition.READMITTED


def test_add_to_one_list_by_their_word_keeps_the_other_left(project: Project) -> None:
    add(project)
    add(project, list_slug="events")
    leave(project)
    add(project, consent="wants the letter, not the events")
    assert status(project, "events") is SubscriptionStatus.UNSUBSCRIBED
    assert show_subscriber(project, ANNA).suppressions == (
        Suppression("events", "unsubscribed", LATER, "command"),
    )


def test_unsubscribe_leaves_every_list_by_default(project: Project) -> None:
    add(project)
    add(project, list_slug="events")
    assert leave(project) == Departure(ANNA, ("events", "main"), is_known=True)
    assert leave(project) == Departure(ANNA, (), is_known=True)


def test_unsubscribe_from_one_list_stays_on_the_other(project: Project) -> None:
    add(project)
    add(project, list_slug="events")
    assert leave(project, list_slug="events").lists == ("events",)
    assert status(project, "main") is SubscriptionStatus.ACTIVE
    assert status(project, "events") is SubscriptionStatus.UNSUBSCRIBED


def test_unsubscribe_of_an_unknown_address_is_remembered_without_it(
    project: Project,
) -> None:
    assert leave(project) == Departure(ANNA, (), is_known=False)
    assert list(list_subscribers(project)) == []
    database = (project.root / "subscribers/newsletter.db").read_bytes()
    assert b"anna" not in database


def test_show_of_a_suppressed_address_tells_what_is_kept(project: Project) -> None:
    leave(project)
    assert show_subscriber(project, ANNA) == Record(
        ANNA, suppressions=(Suppression("*", "unsubscribed", LATER, "command"),)
    )


def test_show_of_an_unknown_address_says_so(project: Project) -> None:
    for _ in range(2):
        with pytest.raises(RefusedError, match="nothing is kept of this address"):
            show_subscriber(project, ANNA)
        add(project, "bert@example.org")


def test_list_in_a_new_project_is_empty_and_makes_nothing(project: Project) -> None:
    assert list(list_subscribers(project)) == []
    assert list(project.root.iterdir()) == []


def test_list_gives_those_of_a_status(project: Project) -> None:
    add(project)
    add(project, "bert@example.org")
    leave(project, "bert@example.org")
    left = list_subscribers(project, status=SubscriptionStatus.UNSUBSCRIBED)
    assert [person.email for person, _ in left] == ["bert@example.org"]


@pytest.mark.parametrize(
    ("newcomer", "message"),
    [
        (Newcomer("anna"), "the address has no @."),
        (
            Newcomer(ANNA, "press"),
            'there is no list "press". There are: main, events.',
        ),
        (
            Newcomer(ANNA, fields={"town": "Delft"}),
            'there is no field "town". '
            "Declare it in newsletter.toml with [fields.town].",
        ),
        (
            Newcomer(ANNA, fields={"member_since": "May"}),
            '"member_since" is not a date like 2024-05-03.',
        ),
    ],
)
def test_add_when_something_is_wrong_says_what_and_adds_nobody(
    project: Project, newcomer: Newcomer, message: str
) -> None:
    with pytest.raises(UsageError) as caught:
        add_subscriber(project, newcomer, now=NOW)
    assert str(caught.value) == message
    assert list(list_subscribers(project)) == []
