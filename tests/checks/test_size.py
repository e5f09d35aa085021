from collections.abc import Callable
from dataclasses import replace

import pytest

from newsletter.checks.facts import Facts
from newsletter.checks.size import check_size
from newsletter.model.assembled import Assembled
from newsletter.model.copy import Copy, Reader
from newsletter.model.finding import Finding, Severity
from newsletter.model.problem import Place

Assemble = Callable[..., Assembled]
ADVICE = "Shorten it, or let items link to pages that tell the rest."


def sized(assemble: Assemble, facts: Facts, size: int | None) -> list[Finding]:
    return check_size(assemble(), replace(facts, html_bytes=size))


@pytest.mark.parametrize("size", [None, 0, 90 * 1024])
def test_short_mail_is_fine(assemble: Assemble, facts: Facts, size: int | None) -> None:
    assert sized(assemble, facts, size) == []


@pytest.mark.parametrize(
    ("size", "shown"), [(90 * 1024 + 1, "91 KB"), (102 * 1024, "102 KB")]
)
def test_long_mail_is_a_warning(
    assemble: Assemble, facts: Facts, size: int, shown: str
) -> None:
    message = f"the mail is {shown} long; from 102 KB on Gmail cuts its end off."
    place = Place("issues/2023-02.md")
    assert sized(assemble, facts, size) == [
        Finding("size-large", Severity.WARNING, place, message, ADVICE)
    ]


def test_clipped_mail_is_an_error(assemble: Assemble, facts: Facts) -> None:
    message = (
        "the mail is 120 KB long; Gmail shows the first 102 KB "
        "and hides the rest, with the link to unsubscribe."
    )
    place = Place("issues/2023-02.md")
    assert sized(assemble, facts, 120 * 1024) == [
        Finding("size-clip", Severity.ERROR, place, message, ADVICE)
    ]


@pytest.mark.parametrize(
    ("first", "second", "whose"),
    [
        (80, 120, "for the reader with the longest story, 9,000 characters: "),
        (100, 120, "for the reader with the longest story, 9,000 characters: "),
        (110, 120, ""),
        (120, 110, ""),
    ],
)
def test_size_of_the_largest_copy_counts(
    assemble: Assemble,
    facts: Facts,
    make_copy: Callable[..., Copy],
    first: int,
    second: int,
    whose: str,
) -> None:
    reader = Reader("the reader with the longest story, 9,000 characters", "b@x.org")
    copies = (
        replace(make_copy(), html_bytes=first * 1024),
        replace(make_copy(reader=reader), html_bytes=second * 1024),
    )
    known = replace(facts, copies=copies, html_bytes=120 * 1024)
    (finding,) = check_size(assemble(), known)
    assert finding.message.startswith(f"{whose}the mail is 120 KB long; Gmail shows")
