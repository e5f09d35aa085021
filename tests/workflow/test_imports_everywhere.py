"""Who left or is dead, in a file for no list by name, is away from every list."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from newsletter.model.settings import ListSettings, NewsletterSettings, Settings
from newsletter.model.subscriber import SubscriptionStatus
from newsletter.store.consent import Word, suppress
from newsletter.store.import_undo import Retreat
from newsletter.subscribers.admission import Verdict
from newsletter.tokens import address_hash
from newsletter.workflow.desk import open_desk
from newsletter.workflow.import_undo import plan_undo, undo_import
from newsletter.workflow.imports import (
    ImportReport,
    foreseeing,
    import_subscribers,
    order_import,
    plan_import,
)
from newsletter.workflow.project import Project
from newsletter.workflow.subscribers import (
    Newcomer,
    add_subscriber,
    list_subscribers,
    show_subscriber,
    unsubscribe_subscriber,
)

NOW = datetime(2023, 2, 14, 9, 30, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
ACTIVE = SubscriptionStatus.ACTIVE
BOUNCED = SubscriptionStatus.BOUNCED
PENDING = SubscriptionStatus.PENDING
UNSUBSCRIBED = SubscriptionStatus.UNSUBSCRIBED
ANNA = "anna@example.org"


@pytest.fixture
def project(tmp_path: Path) -> Project:
    settings = Settings(
        NewsletterSettings(name="Harbour", sender="letter@example.org"),
        lists={"main": ListSettings(), "events": ListSettings()},
    )
    return Project(tmp_path, settings)


def bring_in(
    project: Project,
    *addresses: str,
    status: SubscriptionStatus = ACTIVE,
    list_slug: str | None = None,
    now: datetime = NOW,
) -> ImportReport:
    path = project.root / "readers.csv"
    path.write_text("\n".join(("email", *addresses)), "utf-8")
    order = order_import(project, path, list_slug=list_slug, status=status)
    told = plan_import(project, order, now=now)
    done = import_subscribers(project, order, now=now)
    assert (done.counts, done.mailable) == (told.counts, told.mailable)
    return done


def undo(project: Project) -> Retreat:
    told = plan_undo(project, now=LATER).retreat
    done = undo_import(project, now=LATER).retreat
    assert told == done
    return done


def standings(project: Project) -> set[tuple[str, str, str]]:
    return {
        (person.email.split("@")[0], one.list, one.status.name.lower())
        for person, one in list_subscribers(project)
    }


@pytest.mark.parametrize("status", [UNSUBSCRIBED, BOUNCED])
def test_who_is_away_without_a_list_comes_into_no_list_by_a_later_import(
    project: Project, status: SubscriptionStatus
) -> None:
    report = bring_in(project, ANNA, status=status)
    assert report.counts == {Verdict.NEW: 1}
    suppressions = show_subscriber(project, ANNA).suppressions
    assert [(item.scope, item.source) for item in suppressions] == [
        ("*", "readers.csv")
    ]
    for slug in ("main", "events"):
        assert bring_in(project, ANNA, list_slug=slug).mailable == 0


@pytest.mark.parametrize("status", [UNSUBSCRIBED, BOUNCED])
def test_who_is_away_without_a_list_leaves_every_list_and_counts_as_changed(
    project: Project, status: SubscriptionStatus
) -> None:
    word = status.name.lower()
    bring_in(project, ANNA, "bert@example.org", list_slug="events")
    bring_in(project, ANNA)
    report = bring_in(project, ANNA, "bert@example.org", status=status)
    assert (report.counts, report.mailable) == ({Verdict.CHANGED: 2}, 0)
    assert standings(project) == {
        ("anna", "main", word),
        ("anna", "events", word),
        ("bert", "events", word),
    }
    events = show_subscriber(project, ANNA).history[-2:]
    assert {(event.kind, event.list) for event in events} == {
        (word, "main"),
        (word, "events"),
    }


def test_who_left_the_default_list_alone_leaves_the_others_too(
    project: Project,
) -> None:
    bring_in(project, ANNA)
    bring_in(project, ANNA, list_slug="events")
    unsubscribe_subscriber(project, ANNA, list_slug="main", now=NOW)
    report = bring_in(project, ANNA, status=UNSUBSCRIBED)
    assert report.counts == {Verdict.CHANGED: 1}
    assert standings(project) == {
        ("anna", "main", "unsubscribed"),
        ("anna", "events", "unsubscribed"),
    }
    again = bring_in(project, ANNA, status=UNSUBSCRIBED)
    assert again.counts == {Verdict.PRESENT: 1}


def test_who_left_one_list_and_is_dead_on_another_stays_as_they_left(
    project: Project,
) -> None:
    bring_in(project, ANNA)
    bring_in(project, ANNA, list_slug="events")
    unsubscribe_subscriber(project, ANNA, list_slug="main", now=NOW)
    bring_in(project, ANNA, status=BOUNCED)
    assert standings(project) == {
        ("anna", "main", "unsubscribed"),
        ("anna", "events", "bounced"),
    }


def test_rows_of_leavers_without_a_list_are_told_of_every_list(
    project: Project,
) -> None:
    bring_in(project, ANNA, list_slug="events")
    path = project.root / "left.csv"
    path.write_text("email\nanna@example.org\nnew@example.org\n")
    order = order_import(project, path, status=UNSUBSCRIBED)
    with foreseeing(project, order, now=NOW) as prospect:
        assert prospect.report.mailable == 0
        assert [(row.verdict, row.reason) for row in prospect.rows()] == [
            ("changed", "is on a list, and gets no mail of any list any more"),
            ("new", "was on no list"),
        ]


def test_undo_of_leavers_without_a_list_gives_back_every_list(
    project: Project,
) -> None:
    bring_in(project, ANNA)
    bring_in(project, ANNA, list_slug="events", status=PENDING)
    before = standings(project)
    since = show_subscriber(project, ANNA).subscriptions
    bring_in(project, ANNA, "new@example.org", status=UNSUBSCRIBED, now=LATER)
    assert undo(project) == Retreat(removed=1, restored=1, mailed=0, changed=0)
    assert standings(project) == before
    record = show_subscriber(project, ANNA)
    assert (record.subscriptions, record.suppressions) == (since, ())
    undone = [event.list for event in record.history if event.kind == "undone"]
    assert sorted(undone) == ["events", "main"]
    bring_in(project, "new@example.org", list_slug="events")
    assert ("new", "events", "active") in standings(project)


def test_undo_of_leavers_takes_back_only_its_own_suppression(
    project: Project,
) -> None:
    unsubscribe_subscriber(project, "left@example.org", now=NOW)
    bring_in(project, ANNA)
    unsubscribe_subscriber(project, ANNA, list_slug="events", now=NOW)
    bring_in(project, ANNA, "left@example.org", status=UNSUBSCRIBED, now=LATER)
    undo(project)
    for email, scope in (("left@example.org", "*"), (ANNA, "events")):
        kept = show_subscriber(project, email).suppressions
        assert [(one.scope, one.source) for one in kept] == [(scope, "command")]


def test_undo_of_leavers_leaves_who_wants_no_mail_of_one_list_since(
    project: Project,
) -> None:
    for slug in ("main", "events"):
        bring_in(project, ANNA, list_slug=slug)
    bring_in(project, ANNA, status=UNSUBSCRIBED)
    with open_desk(project) as desk, desk.database.writing() as connection:
        hashes = [address_hash(desk.keyring, ANNA)]
        word = Word(LATER, "page")
        suppress(connection, hashes, scope="events", reason="unsubscribed", word=word)
    assert undo(project) == Retreat(removed=0, restored=0, mailed=0, changed=1)
    assert standings(project) == {
        ("anna", "main", "unsubscribed"),
        ("anna", "events", "unsubscribed"),
    }
    assert bring_in(project, ANNA, list_slug="main").mailable == 0


def test_who_was_imported_as_left_comes_back_to_one_list_by_their_own_word(
    project: Project,
) -> None:
    bring_in(project, ANNA, list_slug="events")
    bring_in(project, ANNA, status=UNSUBSCRIBED)
    newcomer = Newcomer(ANNA, "main", consent="paper form, 3 May")
    add_subscriber(project, newcomer, now=LATER)
    assert standings(project) == {
        ("anna", "main", "active"),
        ("anna", "events", "unsubscribed"),
    }
    suppressions = show_subscriber(project, ANNA).suppressions
    assert [item.scope for item in suppressions] == ["events"]


def test_who_is_away_from_a_named_list_is_away_from_that_list_only(
    project: Project,
) -> None:
    bring_in(project, ANNA, list_slug="events")
    report = bring_in(project, ANNA, status=UNSUBSCRIBED, list_slug="main")
    assert (report.counts, report.mailable) == ({Verdict.NEW: 1}, 0)
    assert standings(project) == {
        ("anna", "main", "unsubscribed"),
        ("anna", "events", "active"),
    }
