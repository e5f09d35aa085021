"""Values of an imported file that cannot be used: their people are not lost."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from newsletter.model.settings import (
    FieldSettings,
    ListSettings,
    NewsletterSettings,
    Settings,
)
from newsletter.model.subscriber import SubscriptionStatus
from newsletter.store.omissions import ColumnOmissions
from newsletter.subscribers.admission import Verdict
from newsletter.workflow.import_rows import RowVerdict
from newsletter.workflow.imports import (
    ImportOrder,
    foreseeing,
    import_subscribers,
    order_import,
    plan_import,
)
from newsletter.workflow.project import Project
from newsletter.workflow.subscribers import show_subscriber

NOW = datetime(2023, 2, 14, 9, 30, tzinfo=UTC)
NO_DATE = '"soon", which is not a date like 2024-05-03'


@pytest.fixture
def project(tmp_path: Path) -> Project:
    settings = Settings(
        NewsletterSettings(name="Harbour", sender="letter@example.org"),
        lists={"main": ListSettings()},
        fields={
            "first_name": FieldSettings(),
            "since": FieldSettings(type="date"),
            "shoe": FieldSettings(type="number"),
        },
    )
    return Project(tmp_path, settings)


def order(
    project: Project,
    *lines: str,
    status: SubscriptionStatus = SubscriptionStatus.ACTIVE,
) -> ImportOrder:
    path = project.root / "readers.csv"
    path.write_text("\n".join(["email;first_name;Since;shoe", *lines]), "utf-8")
    return order_import(project, path, status=status)


def test_person_with_a_value_that_cannot_be_used_is_imported_without_it(
    project: Project,
) -> None:
    asked = order(project, "a@example.org;Anna;soon;38", "b@example.org;;31-12-2022;x")
    plan = plan_import(project, asked, now=NOW)
    report = import_subscribers(project, asked, now=NOW)
    assert report.counts == {Verdict.NEW: 2}
    assert (report.n_problems, report.n_incomplete) == (0, 2)
    assert report.omissions == (
        ColumnOmissions("shoe", 1, ((3, '"x", which is not a number'),)),
        ColumnOmissions("since", 1, ((2, NO_DATE),)),
    )
    assert (plan.omissions, plan.n_incomplete) == (report.omissions, 2)
    assert show_subscriber(project, "a@example.org").fields == {
        "first_name": "Anna",
        "shoe": "38",
    }
    assert show_subscriber(project, "b@example.org").fields == {"since": "2022-12-31"}


def test_value_that_cannot_be_used_empties_no_field(project: Project) -> None:
    asked = order(project, "a@example.org;Anna;2022-12-31;")
    import_subscribers(project, asked, now=NOW)
    asked = order(project, "a@example.org;Ana;soon;")
    assert import_subscribers(project, asked, now=NOW).counts == {Verdict.UPDATED: 1}
    assert show_subscriber(project, "a@example.org").fields == {
        "first_name": "Ana",
        "since": "2022-12-31",
    }


def test_values_of_a_row_that_repeats_another_are_not_told(project: Project) -> None:
    asked = order(project, "a@example.org;;;", "A@example.org;;soon;")
    report = plan_import(project, asked, now=NOW)
    assert (report.n_duplicates, report.n_incomplete) == (1, 0)
    assert report.omissions == ()


@pytest.mark.parametrize(
    "status", [SubscriptionStatus.UNSUBSCRIBED, SubscriptionStatus.BOUNCED]
)
def test_values_of_who_left_are_not_told(
    project: Project, status: SubscriptionStatus
) -> None:
    asked = order(project, "a@example.org;;soon;x", "a;;soon;x", status=status)
    report = import_subscribers(project, asked, now=NOW)
    assert report.counts == {Verdict.NEW: 1}
    assert (report.n_incomplete, report.omissions) == (0, ())
    assert [item.message for item in report.problems] == ["the address has no @."]


def test_dates_of_who_left_raise_no_question(project: Project) -> None:
    asked = order(
        project, "a@example.org;;03/04/2022;", status=SubscriptionStatus.UNSUBSCRIBED
    )
    assert plan_import(project, asked, now=NOW).warnings == ()


def test_values_of_many_rows_are_counted_and_the_first_five_told(
    project: Project,
) -> None:
    lines = [f"a{number}@example.org;;soon;" for number in range(2500)]
    report = plan_import(project, order(project, *lines, "z@example.org;;;x"), now=NOW)
    assert report.n_incomplete == 2501
    assert report.omissions == (
        ColumnOmissions("shoe", 1, ((2502, '"x", which is not a number'),)),
        ColumnOmissions("since", 2500, tuple((n, NO_DATE) for n in range(2, 7))),
    )


def test_rows_are_foreseen_with_what_is_left_out_of_them(project: Project) -> None:
    lines = [f"a{number}@example.org;;;" for number in range(1500)]
    asked = order(project, *lines, "b@example.org;;soon;x", "c@example.org;;;")
    with foreseeing(project, asked, now=NOW) as prospect:
        *_, before, row, after = prospect.rows()
    assert row == RowVerdict(
        1502,
        "new",
        'was not on the list; "shoe" holds "x", which is not a number, '
        "and is left out; "
        f'"Since" holds {NO_DATE}, and is left out',
    )
    assert before.reason == after.reason == "was not on the list"
