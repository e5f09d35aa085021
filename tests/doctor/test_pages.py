from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from newsletter.doctor.certificate import Certificate
from newsletter.doctor.pages import (
    PageVisit,
    judge_pages,
    judge_without_pages,
    not_tried,
)
from newsletter.model.diagnosis import Diagnosis

Told = Callable[[list[Diagnosis]], list[str]]
NOW = datetime(2026, 11, 22, tzinfo=UTC)
URL = "https://news.bond.test"
GOOD = Certificate(
    ("news.bond.test",), NOW - timedelta(days=30), datetime(2027, 1, 20, tzinfo=UTC)
)
FINE = PageVisit(URL, status=200, date=NOW, certificate=GOOD)
ARRIVES = (
    f"ok: a one-click leaving at {URL} arrives in this database; looking at it changes "
    "nothing."
)


def test_pages_in_order_are_told_in_two_lines(told: Told) -> None:
    assert told(judge_pages(FINE, now=NOW)) == [
        ARRIVES,
        "ok: the certificate is good until 20 January 2027.",
    ]


def test_certificate_that_nobody_renewed_is_a_warning(told: Told) -> None:
    late = replace(GOOD, ends_at=NOW + timedelta(days=3))
    assert told(judge_pages(replace(FINE, certificate=late), now=NOW)) == [
        ARRIVES,
        f"warning: the certificate of {URL} ends on 25 November 2026, and was not "
        "renewed yet.",
    ]


def test_fault_is_told_as_the_probe_says_it(told: Told) -> None:
    visit = replace(FINE, fault="the pages answered with 404.", advice="Start them.")
    found = judge_pages(visit, now=NOW)
    assert told(found) == ["error: the pages answered with 404."]
    assert found[0].advice == "Start them."


def test_untrusted_certificate_says_why(told: Told) -> None:
    other = replace(GOOD, names=("www.host.test",))
    visit = PageVisit(URL, certificate=other, fault="no trust.", advice="none")
    assert told(judge_pages(visit, now=NOW)) == [
        f"error: {URL} cannot be trusted: its certificate is for www.host.test, "
        f"not for "
        "news.bond.test."
    ]


def test_look_that_counts_as_leaving_is_an_error(told: Told) -> None:
    found = judge_pages(replace(FINE, is_changed_by_get=True), now=NOW)
    assert told(found)[0] == (
        f"ok: a one-click leaving at {URL} arrives in this database."
    )
    assert told(found)[2] == (
        f"error: at {URL} looking at a leaving link already counts as leaving; "
        f"programs "
        "that look into mails would unsubscribe readers."
    )


@pytest.mark.parametrize(
    ("url", "is_told"),
    [("http://news.bond.test/brief", True), ("http://127.0.0.1:8025", False)],
)
def test_clear_text_is_an_error_beyond_this_computer(
    told: Told, url: str, is_told: bool
) -> None:
    found = judge_pages(PageVisit(url, status=200), now=NOW)
    errors = [one for one in found if one.severity.name == "ERROR"]
    assert bool(errors) is is_told
    if is_told:
        assert told(errors) == [
            f"error: {url} is not encrypted; mail programs show their button for "
            "leaving only with https (RFC 8058)."
        ]
        assert errors[0].advice.endswith(
            '    base_url = "https://news.bond.test/brief"'
        )


def test_without_pages_the_mailbox_is_named(told: Told) -> None:
    assert told(judge_without_pages("leave@bond.test")) == [
        "info: there is no base_url, so readers leave by a mail to leave@bond.test."
    ]


def test_pages_without_a_database_are_not_tried(told: Told) -> None:
    assert told([not_tried(URL)]) == [
        f"info: {URL} was not tried: that takes a database and keys in order."
    ]
