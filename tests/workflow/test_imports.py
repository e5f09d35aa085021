import os
import resource
import subprocess
import threading
from datetime import UTC, datetime
from pathlib import Path
from tempfile import gettempdir

import pytest

from newsletter.errors import (
    DefinitionError,
    OperationError,
    RefusedError,
    UsageError,
)
from newsletter.model.settings import (
    FieldSettings,
    ListSettings,
    NewsletterSettings,
    Settings,
)
from newsletter.model.subscriber import SubscriptionStatus
from newsletter.store.handovers import note_handover
from newsletter.subscribers.admission import Verdict
from newsletter.workflow.desk import open_desk
from newsletter.workflow.imports import (
    ImportReport,
    foreseeing,
    import_subscribers,
    order_import,
    plan_import,
)
from newsletter.workflow.project import Project
from newsletter.workflow.subscribers import (
    list_subscribers,
    show_subscriber,
    unsubscribe_subscriber,
)

NOW = datetime(2023, 2, 14, 9, 30, tzinfo=UTC)
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
) -> ImportReport:
    path = project.root / "readers.csv"
    path.write_text(text, "utf-8")
    order = order_import(project, path, list_slug=list_slug, status=status)
    plan = plan_import(project, order, now=NOW)
    report = import_subscribers(project, order, now=NOW)
    # What was told is what was done.
    assert (plan.counts, plan.duplicates, plan.problems, plan.mailable) == (
        report.counts,
        report.duplicates,
        report.problems,
        report.mailable,
    )
    return report


def standings(project: Project, list_slug: str = "main") -> dict[str, str]:
    return {
        person.email.split("@")[0]: subscription.status.name.lower()
        for person, subscription in list_subscribers(project, list_slug=list_slug)
    }


def test_import_of_new_people_makes_them_active(project: Project) -> None:
    report = bring_in(project, "email,voornaam\nanna@example.org,Anna\n")
    assert report == ImportReport({Verdict.NEW: 1}, mailable=1, import_id=1)
    record = show_subscriber(project, "ANNA@example.org")
    assert (record.email, record.fields) == (
        "anna@example.org",
        {"first_name": "Anna"},
    )
    (event,) = record.history
    assert (event.kind, event.at, event.source) == ("imported", NOW, "readers.csv")


def test_import_of_the_same_file_again_changes_nothing(project: Project) -> None:
    text = "email,first_name\nanna@example.org,Anna\nbert@example.org,\n"
    bring_in(project, text)
    before = show_subscriber(project, "anna@example.org")
    report = bring_in(project, text)
    assert report.counts == {Verdict.PRESENT: 2}
    assert show_subscriber(project, "anna@example.org") == before


def test_import_of_new_names_adds_and_replaces_but_never_empties(
    project: Project,
) -> None:
    bring_in(project, "email,first_name\na@example.org,Ana\nb@example.org,Bert\n")
    report = bring_in(project, "email,first_name\na@example.org,Anna\nb@example.org,\n")
    assert report.counts == {Verdict.UPDATED: 1, Verdict.PRESENT: 1}
    assert show_subscriber(project, "a@example.org").fields == {"first_name": "Anna"}
    assert show_subscriber(project, "b@example.org").fields == {"first_name": "Bert"}


def test_import_reports_duplicates_and_bad_rows_and_brings_in_the_others(
    project: Project,
) -> None:
    report = bring_in(
        project,
        "email\nanna@example.org\nno address\nANNA@example.org\nb@example.org\n",
    )
    assert report.counts == {Verdict.NEW: 2}
    assert [(item.number, item.first) for item in report.duplicates] == [(4, 2)]
    assert [str(problem) for problem in report.problems] == [
        "readers.csv:3: the address has a space in it."
    ]


@pytest.mark.parametrize("wanted", [ACTIVE, PENDING])
def test_import_never_revives_anybody(
    project: Project, wanted: SubscriptionStatus
) -> None:
    bring_in(project, "left@example.org\n")
    bring_in(project, "bounced@example.org\n", status=BOUNCED)
    bring_in(project, "pending@example.org\n", status=PENDING)
    unsubscribe_subscriber(project, "left@example.org", now=NOW)
    unsubscribe_subscriber(project, "never-here@example.org", now=NOW)
    before = standings(project)
    bring_in(
        project,
        "left@example.org\nbounced@example.org\npending@example.org\n"
        "never-here@example.org\n",
        status=wanted,
    )
    assert standings(project) == before
    assert before == {
        "left": "unsubscribed",
        "bounced": "bounced",
        "pending": "pending",
    }


def test_import_counts_who_stays_away(project: Project) -> None:
    bring_in(project, "left@example.org\nhere@example.org\n")
    bring_in(project, "bounced@example.org\n", status=BOUNCED)
    bring_in(project, "pending@example.org\n", status=PENDING)
    unsubscribe_subscriber(project, "left@example.org", now=NOW)
    report = bring_in(
        project,
        "left@example.org\nhere@example.org\nbounced@example.org\n"
        "pending@example.org\nnew@example.org\n",
    )
    assert report.counts == {
        Verdict.STAYS_UNSUBSCRIBED: 1,
        Verdict.PRESENT: 1,
        Verdict.STAYS_BOUNCED: 1,
        Verdict.STAYS_PENDING: 1,
        Verdict.NEW: 1,
    }
    assert report.mailable == 2


def test_import_as_unsubscribed_lets_people_leave_this_list_only(
    project: Project,
) -> None:
    bring_in(project, "anna@example.org\n")
    bring_in(project, "anna@example.org\n", list_slug="events")
    report = bring_in(
        project, "anna@example.org\nnew@example.org\n", status=UNSUBSCRIBED
    )
    assert report.counts == {Verdict.CHANGED: 1, Verdict.NEW: 1}
    assert standings(project) == {"anna": "unsubscribed", "new": "unsubscribed"}
    assert standings(project, "events") == {"anna": "active"}
    assert report.mailable == 0
    assert bring_in(project, "new@example.org\n").counts == {
        Verdict.STAYS_UNSUBSCRIBED: 1
    }


@pytest.mark.parametrize("status", [UNSUBSCRIBED, BOUNCED])
@pytest.mark.parametrize(
    "row",
    [
        "anna@example.org,not a language",
        f"anna@example.org,{'x' * 300}",
        "anna@example.org,nl,a comma too many",
    ],
)
def test_import_of_who_left_takes_them_whatever_else_is_wrong_in_their_row(
    project: Project, status: SubscriptionStatus, row: str
) -> None:
    bring_in(project, "anna@example.org\n")
    report = bring_in(project, f"email,language\n{row}\n", status=status)
    assert (report.n_problems, report.mailable) == (0, 0)
    assert show_subscriber(project, "anna@example.org").suppressions


def test_import_as_bounced_keeps_an_address_from_every_list(project: Project) -> None:
    bring_in(project, "anna@example.org\n")
    report = bring_in(project, "anna@example.org\n", status=BOUNCED)
    assert (report.counts, report.mailable) == ({Verdict.CHANGED: 1}, 0)
    again = bring_in(project, "anna@example.org\n", list_slug="events")
    assert again.counts == {Verdict.STAYS_BOUNCED: 1}


def test_import_into_a_second_list_joins_the_same_person(project: Project) -> None:
    bring_in(project, "email,first_name\nanna@example.org,Anna\n")
    report = bring_in(project, "anna@example.org\n", list_slug="events")
    assert report.counts == {Verdict.NEW: 1}
    record = show_subscriber(project, "anna@example.org")
    assert [item.list for item in record.subscriptions] == ["events", "main"]
    assert record.fields == {"first_name": "Anna"}


def test_import_of_several_chunks_loses_nobody(project: Project) -> None:
    """Chunks of 1,000; a duplicate of the first stands in the last."""
    addresses = [f"reader{n}@example.org" for n in range(2500)] + [
        "READER1@example.org"
    ]
    report = bring_in(project, "\n".join(addresses))
    assert (report.counts, len(report.duplicates)) == ({Verdict.NEW: 2500}, 1)
    assert len(standings(project)) == 2500


def test_import_while_somebody_leaves_does_not_bring_them_back(
    project: Project,
) -> None:
    """Between the question and the answer of the editor a reader leaves."""
    bring_in(project, "anna@example.org\n")
    path = project.root / "readers.csv"
    path.write_text("email,first_name\nanna@example.org,Anna\n")
    order = order_import(project, path)
    assert plan_import(project, order, now=NOW).counts == {Verdict.UPDATED: 1}
    unsubscribe_subscriber(project, "anna@example.org", now=NOW)
    report = import_subscribers(project, order, now=NOW)
    assert report.counts == {Verdict.STAYS_UNSUBSCRIBED: 1}
    assert show_subscriber(project, "anna@example.org").fields == {}


def test_import_of_two_files_at_once_loses_nobody(project: Project) -> None:
    bring_in(project, "first@example.org\n")
    orders = []
    for name in ("a", "b"):
        path = project.root / f"{name}.csv"
        path.write_text("\n".join(f"{name}{n}@example.org" for n in range(500)))
        orders.append(order_import(project, path))
    threads = [
        threading.Thread(
            target=import_subscribers, args=(project, order), kwargs={"now": NOW}
        )
        for order in orders
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(standings(project)) == 1001


def test_plan_in_a_new_project_makes_nothing(project: Project) -> None:
    path = project.root / "readers.csv"
    path.write_text("anna@example.org\nanna\n")
    report = plan_import(project, order_import(project, path), now=NOW)
    assert (report.counts, len(report.problems)) == ({Verdict.NEW: 1}, 1)
    assert list(project.root.iterdir()) == [path]


def test_import_when_the_key_is_gone_imports_nobody(project: Project) -> None:
    bring_in(project, "anna@example.org\n")
    (project.root / "subscribers/secret.key").unlink()
    order = order_import(project, project.root / "readers.csv")
    with pytest.raises(OperationError, match=r"secret\.key is missing"):
        import_subscribers(project, order, now=NOW)
    assert standings(project) == {"anna": "active"}


def test_import_into_an_unknown_list_names_the_lists(project: Project) -> None:
    path = project.root / "readers.csv"
    path.write_text("anna@example.org\n")
    with pytest.raises(UsageError) as caught:
        order_import(project, path, list_slug="press")
    assert str(caught.value) == ('there is no list "press". There are: main, events.')


def test_import_of_a_file_that_is_not_there_says_so(project: Project) -> None:
    with pytest.raises(DefinitionError) as caught:
        order_import(project, project.root / "readers.csv")
    assert str(caught.value) == (
        "readers.csv: this file cannot be read: No such file or directory. "
        "Check its name, and that you may read it."
    )


def test_import_warns_of_the_file_and_of_where_the_project_lies(
    tmp_path: Path, project: Project
) -> None:
    root = tmp_path / "Dropbox" / "letter"
    root.mkdir(parents=True)
    path = root / "readers.csv"
    path.write_text("email,phone\nanna@example.org,1\n")
    moved = Project(root, project.settings)
    order = order_import(moved, path)
    expected = (
        'readers.csv: not used: "phone". '
        "Declare them under [fields] in newsletter.toml to use them.",
        "the project lies in a folder of Dropbox, which copies the addresses of "
        "your readers to other computers and may damage the database. "
        "Move the project out of it.",
    )
    assert plan_import(moved, order, now=NOW).warnings == expected
    assert import_subscribers(moved, order, now=NOW).warnings == expected
    assert plan_import(moved, order, now=NOW).warnings[:-1] == expected


def test_import_warns_once_of_a_file_that_git_tracks(project: Project) -> None:
    subprocess.run(["git", "init", "-q", project.root], check=True)  # noqa: S607
    (project.root / "subscribers").mkdir()
    for name in ("leden.csv", "subscribers/readers.csv"):
        path = project.root / name
        path.write_text("anna@example.org\n")
        git = ["git", "add", "-f", name]
        subprocess.run(git, cwd=project.root, check=True)
        report = plan_import(project, order_import(project, path), now=NOW)
        (warning,) = [text for text in report.warnings if text.startswith(name)]
        assert warning.startswith(f"{name} is tracked by git: ")


def test_import_keeps_the_first_thousand_bad_rows_and_counts_all(
    project: Project,
) -> None:
    text = "email\n" + "no address\n" * 1200 + "anna@example.org\n" * 1300
    report = bring_in(project, text)
    assert (len(report.problems), report.n_problems) == (1000, 1200)
    assert (len(report.duplicates), report.n_duplicates) == (1000, 1299)
    assert report.counts == {Verdict.NEW: 1}


def test_rows_are_foreseen_in_their_order_each_with_its_reason(
    project: Project,
) -> None:
    """More than a chunk of each kind, mixed."""
    lines = ["email"]
    for number in range(1100):
        lines += [f"reader{number}@example.org", "no address", "READER0@example.org"]
    path = project.root / "readers.csv"
    path.write_text("\n".join(lines))
    with foreseeing(project, order_import(project, path), now=NOW) as prospect:
        rows = list(prospect.rows())
    assert [row.number for row in rows] == list(range(2, 3302))
    assert [row.verdict for row in rows[:3]] == ["new", "bad", "duplicate"]
    assert [row.verdict for row in rows[-3:]] == ["new", "bad", "duplicate"]
    assert rows[-1].reason == "the same address as in row 2"


def test_dry_run_writes_nothing_to_a_database(project: Project) -> None:
    bring_in(project, "left@example.org\n")
    database = project.root / "subscribers" / "newsletter.db"
    before = database.read_bytes()
    path = project.root / "more.csv"
    path.write_text("left@example.org\nnew@example.org\n")
    report = plan_import(project, order_import(project, path), now=NOW)
    assert report.counts == {Verdict.PRESENT: 1, Verdict.NEW: 1}
    assert database.read_bytes() == before


def test_import_of_a_spreadsheet_is_as_that_of_a_csv_file(project: Project) -> None:
    openpyxl = pytest.importorskip("openpyxl", reason="the extra xlsx is not installed")
    book = openpyxl.Workbook()
    book.active.append(["E-mail", "Voornaam"])
    book.active.append(["anna@example.org", "Anna"])
    path = project.root / "readers.xlsx"
    book.save(path)
    report = import_subscribers(project, order_import(project, path), now=NOW)
    assert report.counts == {Verdict.NEW: 1}
    record = show_subscriber(project, "anna@example.org")
    assert record.fields == {"first_name": "Anna"}
    assert record.history[0].source == "readers.xlsx"


def test_import_through_a_pipe_is_refused(project: Project) -> None:
    path = project.root / "pipe"
    os.mkfifo(path)
    with pytest.raises(DefinitionError) as caught:
        order_import(project, path)
    assert str(caught.value) == (
        "pipe: this file cannot be read: it is no file. Save the list as a file first."
    )


def test_import_after_a_hand_over_is_refused_a_dry_run_is_not(
    project: Project,
) -> None:
    bring_in(project, "anna@example.org\n")
    with open_desk(project) as desk, desk.database.writing() as connection:
        note_handover(connection, file="harbour.tar", now=NOW)
    path = project.root / "readers.csv"
    path.write_text("bert@example.org\n")
    order = order_import(project, path)
    assert plan_import(project, order, now=NOW).counts == {Verdict.NEW: 1}
    with pytest.raises(RefusedError, match="handed over to another computer"):
        import_subscribers(project, order, now=NOW)
    assert standings(project) == {"anna": "active"}


def test_import_without_room_for_its_rows_imports_nobody(project: Project) -> None:
    bring_in(project, "anna@example.org\n")
    path = project.root / "readers.csv"
    path.write_text("\n".join(f"reader{n}@example.org" for n in range(30_000)))
    order = order_import(project, path)
    usual = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (500_000, usual[1]))
    try:
        with pytest.raises(OperationError) as caught:
            import_subscribers(project, order, now=NOW)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, usual)
    assert str(caught.value).startswith(
        "the rows of the file cannot be kept while they are looked at: "
    )
    assert caught.value.advice == f"Nobody was imported. Make room in {gettempdir()}."
    assert standings(project) == {"anna": "active"}
