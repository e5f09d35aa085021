"""What an import did is taken back; what people said themselves since is not."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from newsletter.errors import RefusedError
from newsletter.model.settings import (
    FieldSettings,
    ListSettings,
    NewsletterSettings,
    Settings,
)
from newsletter.model.subscriber import SubscriptionStatus
from newsletter.store.consent import Word, suppress
from newsletter.store.import_undo import Retreat
from newsletter.store.people import find_by_key
from newsletter.store.tables import contents, deliveries, dispatches
from newsletter.tokens import address_hash
from newsletter.workflow.desk import open_desk
from newsletter.workflow.forget import forget_subscriber
from newsletter.workflow.import_undo import plan_undo, undo_import
from newsletter.workflow.imports import (
    import_subscribers,
    order_import,
    plan_import,
)
from newsletter.workflow.project import Project
from newsletter.workflow.subscribers import (
    Newcomer,
    Record,
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


@pytest.fixture
def project(tmp_path: Path) -> Project:
    settings = Settings(
        NewsletterSettings(name="Harbour", sender="letter@example.org"),
        lists={"main": ListSettings(), "events": ListSettings()},
        fields={"first_name": FieldSettings()},
    )
    return Project(tmp_path, settings)


def bring_in(
    project: Project,
    text: str,
    *,
    status: SubscriptionStatus = ACTIVE,
    list_slug: str = "main",
    now: datetime = NOW,
) -> None:
    path = project.root / "readers.csv"
    path.write_text(text, "utf-8")
    order = order_import(project, path, list_slug=list_slug, status=status)
    import_subscribers(project, order, now=now)


def undo(project: Project) -> Retreat:
    told = plan_undo(project, now=LATER).retreat
    done = undo_import(project, now=LATER).retreat
    assert told == done
    return done


def standings(project: Project, list_slug: str = "main") -> dict[str, str]:
    return {
        person.email.split("@")[0]: subscription.status.name.lower()
        for person, subscription in list_subscribers(project, list_slug=list_slug)
    }


def stand_in_a_dispatch(project: Project, email: str) -> None:
    """Write the row of a dispatch that freezes this recipient."""
    at = int(LATER.timestamp() * 1000)
    with open_desk(project) as desk, desk.database.writing() as connection:
        person = find_by_key(connection, email)
        assert person is not None
        connection.execute(
            contents.insert().values(
                hash="00", issue="2023-02", subject="x", compiled=b"", created_at=at
            )
        )
        connection.execute(
            dispatches.insert().values(
                id=1,
                issue="2023-02",
                content_hash="00",
                lists=["main"],
                state="done",
                total=1,
                created_at=at,
                waivers={},
            )
        )
        connection.execute(
            deliveries.insert().values(
                dispatch_id=1, seq=1, subscriber_id=person.id, email=email, fields={}
            )
        )


def test_undo_of_newcomers_leaves_nothing_of_them(project: Project) -> None:
    bring_in(project, "old@example.org\n")
    bring_in(project, "email,first_name\nanna@example.org,Anna\nb@example.org,\n")
    assert undo(project) == Retreat(removed=2, restored=0, mailed=0, changed=0)
    assert standings(project) == {"old": "active"}
    with pytest.raises(RefusedError, match=r"nothing is kept of this address\."):
        show_subscriber(project, "anna@example.org")


def test_undo_gives_back_fields_and_standing_of_who_was_there(project: Project) -> None:
    bring_in(project, "email,first_name\nanna@example.org,Anna\nb@example.org,Bert\n")
    bring_in(project, "email,first_name\nanna@example.org,Mistake\n", now=LATER)
    assert undo(project) == Retreat(removed=0, restored=1, mailed=0, changed=0)
    record = show_subscriber(project, "anna@example.org")
    assert record.fields == {"first_name": "Anna"}
    assert [event.kind for event in record.history] == ["imported"]


def test_undo_of_leavers_lets_them_get_mail_again(project: Project) -> None:
    bring_in(project, "anna@example.org\n")
    before = show_subscriber(project, "anna@example.org")
    bring_in(project, "anna@example.org\nnew@example.org\n", status=UNSUBSCRIBED)
    assert undo(project) == Retreat(removed=1, restored=1, mailed=0, changed=0)
    after = show_subscriber(project, "anna@example.org")
    assert (after.subscriptions, after.suppressions) == (before.subscriptions, ())
    assert [(event.kind, event.evidence) for event in after.history] == [
        ("imported", ""),
        ("unsubscribed", ""),
        ("undone", "import of readers.csv undone"),
    ]
    bring_in(project, "new@example.org\n")
    assert standings(project) == {"anna": "active", "new": "active"}


def test_undo_takes_somebody_off_the_second_list_only(project: Project) -> None:
    bring_in(project, "email,first_name\nanna@example.org,Anna\n")
    bring_in(
        project,
        "email,first_name\nanna@example.org,Ann\n",
        list_slug="events",
        now=LATER,
    )
    assert undo(project) == Retreat(removed=0, restored=1, mailed=0, changed=0)
    assert (standings(project), standings(project, "events")) == (
        {"anna": "active"},
        {},
    )
    record = show_subscriber(project, "anna@example.org")
    assert record.fields == {"first_name": "Anna"}


def leave(project: Project) -> None:
    unsubscribe_subscriber(project, "anna@example.org", now=LATER)


def come_back(project: Project) -> None:
    newcomer = Newcomer("anna@example.org", consent="by phone")
    add_subscriber(project, newcomer, now=LATER)


def join_another_list(project: Project) -> None:
    add_subscriber(project, Newcomer("anna@example.org", list="events"), now=LATER)


def tell_a_name(project: Project) -> None:
    newcomer = Newcomer("anna@example.org", fields={"first_name": "Anna"})
    add_subscriber(project, newcomer, now=LATER)


def complain(project: Project) -> None:
    with open_desk(project) as desk, desk.database.writing() as connection:
        hashes = [address_hash(desk.keyring, "anna@example.org")]
        word = Word(LATER, "imap")
        suppress(connection, hashes, scope="*", reason="complained", word=word)


@pytest.mark.parametrize("change", [leave, join_another_list, tell_a_name])
def test_undo_leaves_newcomers_who_changed_since(
    project: Project, change: Callable[[Project], None]
) -> None:
    bring_in(project, "anna@example.org\n")
    change(project)
    before = show_subscriber(project, "anna@example.org")
    assert undo(project) == Retreat(removed=0, restored=0, mailed=0, changed=1)
    assert show_subscriber(project, "anna@example.org") == before


@pytest.mark.parametrize("change", [leave, complain])
@pytest.mark.parametrize("status", [UNSUBSCRIBED, BOUNCED])
def test_undo_never_revives_who_said_no_since(
    project: Project, change: Callable[[Project], None], status: SubscriptionStatus
) -> None:
    """Also where the import had said so before them, and theirs changed nothing."""
    bring_in(project, "anna@example.org\n")
    bring_in(project, "anna@example.org\n", status=status)
    change(project)
    undo(project)
    assert standings(project)["anna"] != "active"
    bring_in(project, "anna@example.org\n")
    assert standings(project)["anna"] != "active"


def test_undo_keeps_the_word_of_a_newcomer_who_left(project: Project) -> None:
    bring_in(project, "anna@example.org\n", status=UNSUBSCRIBED)
    leave(project)
    undo(project)
    bring_in(project, "anna@example.org\n", now=LATER)
    assert standings(project).get("anna", "unsubscribed") == "unsubscribed"


def test_undo_after_somebody_came_back_leaves_them(project: Project) -> None:
    bring_in(project, "anna@example.org\n")
    bring_in(project, "anna@example.org\n", status=UNSUBSCRIBED)
    come_back(project)
    assert undo(project).changed == 1
    assert standings(project) == {"anna": "active"}


def test_undo_leaves_who_was_mailed_since(project: Project) -> None:
    bring_in(project, "anna@example.org\nbert@example.org\n")
    stand_in_a_dispatch(project, "anna@example.org")
    assert undo(project) == Retreat(removed=1, restored=0, mailed=1, changed=0)
    assert standings(project) == {"anna": "active"}


def test_undo_touches_no_suppression_that_was_there_before(project: Project) -> None:
    unsubscribe_subscriber(project, "anna@example.org", now=NOW)
    bring_in(project, "anna@example.org\nnew@example.org\n", status=BOUNCED)
    undo(project)
    record: Record = show_subscriber(project, "anna@example.org")
    assert [(item.scope, item.source) for item in record.suppressions] == [
        ("*", "command")
    ]
    bring_in(project, "anna@example.org\nnew@example.org\n")
    assert standings(project) == {"new": "active"}


def test_undo_is_done_once(project: Project) -> None:
    bring_in(project, "old@example.org\n")
    bring_in(project, "anna@example.org\n")
    undo(project)
    with pytest.raises(RefusedError) as caught:
        undo_import(project, now=LATER)
    assert str(caught.value) == (
        "the last import, readers.csv, was undone on 2023-02-14 10:30 UTC. Those "
        "before it cannot be undone any more; take out who came by it, one by one: "
        "newsletter subscribers forget ADDRESS --completely. Import with --as "
        "unsubscribed only who is never to come back."
    )
    assert standings(project) == {"old": "active"}


def test_undo_after_two_weeks_is_refused_whether_or_not_all_is_erased_by_then(
    project: Project,
) -> None:
    bring_in(project, "email,first_name\nanna@example.org,Anna\n")
    bring_in(project, "email,first_name\nanna@example.org,Mistake\n")
    late = NOW + timedelta(days=14, minutes=1)
    with pytest.raises(RefusedError) as caught:
        plan_undo(project, now=late)
    assert str(caught.value) == (
        "the last import, readers.csv, is more than 14 days old: how people stood "
        "before it is not kept any longer. Take out who came by it, one by one: "
        "newsletter subscribers forget ADDRESS --completely. Import with --as "
        "unsubscribed only who is never to come back."
    )
    with pytest.raises(RefusedError, match="more than 14 days old"):
        undo_import(project, now=late)
    assert standings(project) == {"anna": "active"}


def test_undo_where_nothing_was_imported_says_so(project: Project) -> None:
    with pytest.raises(RefusedError, match=r"nothing was imported so far\."):
        plan_undo(project, now=LATER)
    assert list(project.root.iterdir()) == []
    add_subscriber(project, Newcomer("anna@example.org"), now=NOW)
    with pytest.raises(RefusedError, match=r"nothing was imported so far\."):
        undo_import(project, now=LATER)


def test_import_that_ends_the_time_of_undoing_another_says_so_before(
    project: Project,
) -> None:
    path = project.root / "readers.csv"
    path.write_text("anna@example.org\n")
    order = order_import(project, path)
    assert plan_import(project, order, now=NOW).warnings == ()
    import_subscribers(project, order, now=NOW)
    assert plan_import(project, order, now=LATER).warnings == (
        "readers.csv, imported on 2023-02-14 09:30 UTC, can be undone until you import "
        "again: newsletter subscribers import --undo",
    )
    late = NOW + timedelta(days=14, minutes=1)
    assert plan_import(project, order, now=late).warnings == ()
    undo(project)
    assert plan_import(project, order, now=LATER).warnings == ()


def test_import_after_one_that_undoing_would_not_change_says_nothing(
    project: Project,
) -> None:
    bring_in(project, "anna@example.org\n")
    stand_in_a_dispatch(project, "anna@example.org")
    order = order_import(project, project.root / "readers.csv")
    assert plan_import(project, order, now=LATER).warnings == ()


def test_remedy_where_nothing_can_be_undone_lets_people_be_imported_later(
    project: Project,
) -> None:
    bring_in(project, "anna@example.org\n")
    forget_subscriber(project, "anna@example.org", is_completely=True, now=LATER)
    assert standings(project) == {}
    bring_in(project, "anna@example.org\n", now=LATER)
    assert standings(project) == {"anna": "active"}
