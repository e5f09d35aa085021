from pathlib import Path

import pytest

from newsletter.checks.links.joins import find_breaks
from newsletter.model.link import BrokenAddress
from newsletter.model.problem import Place

FILE = "issues/2023-02.md"


def breaks(*lines: str) -> list[tuple[str, ...]]:
    return [broken.joins for broken in find_breaks(lines, FILE)]


@pytest.mark.parametrize(
    ("first", "second", "joins"),
    [
        (
            "See https://example.org/rights-and-good-",
            "employership-2023",
            (
                "https://example.org/rights-and-good-employership-2023",
                "https://example.org/rights-and-goodemployership-2023",
            ),
        ),
        (
            "https://example.org/2023-",
            "02-28 and so on",
            ("https://example.org/2023-02-28",),
        ),
        (
            "[the page](https://example.org/rights-",
            "first.html).",
            (
                "https://example.org/rights-first.html",
                "https://example.org/rightsfirst.html",
            ),
        ),
        (
            "https://example.org/events/",
            "kickoff-of-the-platform",
            ("https://example.org/events/kickoff-of-the-platform",),
        ),
        (
            "https://example.org/events",
            "/kickoff/platform, as said",
            ("https://example.org/events/kickoff/platform",),
        ),
        (
            "https://example.org/uitspraak?id=",
            "ECLI:NL:RBDHA:2023:1296",
            ("https://example.org/uitspraak?id=ECLI:NL:RBDHA:2023:1296",),
        ),
        (
            "https://example.org/uitspraak?id=1&",
            "part=2",
            ("https://example.org/uitspraak?id=1&part=2",),
        ),
        (
            "https://example.org/list?",
            "page=2",
            ("https://example.org/list?page=2",),
        ),
        (
            "https://example.org/report",
            ".pdf has it all",
            ("https://example.org/report.pdf",),
        ),
        (
            "https://example.org/report.",
            "pdf has it all",
            ("https://example.org/report.pdf",),
        ),
        ("https://www.example.", "org/a/b", ("https://www.example.org/a/b",)),
        (
            "https://example.org/caf%",
            "C3%A9",
            ("https://example.org/caf%C3%A9",),
        ),
        (
            "https://example.org/a_long_",
            "name",
            ("https://example.org/a_long_name",),
        ),
    ],
)
def test_address_broken_over_two_lines_is_found(
    first: str, second: str, joins: tuple[str, ...]
) -> None:
    assert breaks(first, second) == [joins]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("See https://example.org/rights", "and read it."),
        ("See https://example.org/rights/", "voor meer informatie."),
        ("See https://example.org/rights/", "Voor meer informatie."),
        ("Have you read https://example.org/rights?", "then write to us."),
        ("It is at https://example.org.", "en toen kwam de rest"),
        ("See https://example.org/rights", "2023 was a good year."),
        ("https://example.org/agenda", "2023-02-28 19:00"),
        ("https://example.org/agenda/", "28-02-2023"),
        ("https://example.org/agenda/", "19:00-20:30"),
        ("https://example.org/a-b", "up-to-date news of all"),
        ("https://example.org/a-b", "zus-en-broer die samen wonen"),
        ("[words](https://example.org/a-)", "employership-2023"),
        ("<https://example.org/a->", "employership-2023"),
        ("`https://example.org/a-`", "employership-2023"),
        ("https://example.org/a-", ""),
        ("https://example.org/a-", "- an entry"),
        ("https://example.org/a-", "1. an entry"),
        ("https://example.org/a-", "# Heading"),
        ("https://example.org/a-", "De vraag is"),
        ("link: https://example.org/a-", "where: Utrecht"),
        ("https://example.org/one-", "https://example.org/two"),
        ("https://example.org/a - ", "employership"),
        ("www.example.org/a-", "employership"),
        ("https://example.org/rights", "/"),
    ],
)
def test_complete_address_at_the_end_of_a_line_is_left_alone(
    first: str, second: str
) -> None:
    assert breaks(first, second) == []


def test_code_is_left_alone() -> None:
    lines = ("```", "https://example.org/good-", "employership", "```")
    assert breaks(*lines) == []


def test_address_that_stands_whole_elsewhere_is_found_by_that() -> None:
    lines = (
        "Read https://example.org/news/ri",
        "ghts today.",
        "",
        "[Again](https://example.org/news/rights).",
    )
    whole = "https://example.org/news/rights"
    assert find_breaks(lines, FILE) == (
        BrokenAddress(
            Place(FILE, 1, 6), "https://example.org/news/ri", "ghts", (whole,), whole
        ),
    )


def test_address_broken_in_a_published_issue_is_found(shared: Path) -> None:
    text = (shared / "real" / "source-2023-02.txt").read_text(encoding="utf-8")
    start = (
        "https://www.iss.nl/en/events/"
        "it-takes-two-tango-migrant-domestic-workers-rights-and-good"
    )
    kept = f"{start}-employership-2023-02-28"
    assert find_breaks(text.splitlines(), "source.txt") == (
        BrokenAddress(
            Place("source.txt", 11, 1),
            f"{start}-",
            "employership-2023-02-28",
            (kept, f"{start}employership-2023-02-28"),
            kept,
        ),
    )


@pytest.mark.parametrize("name", ["2023-02.md", "2023-03.md", "source-2023-03.txt"])
def test_published_issues_raise_no_other_alarm(shared: Path, name: str) -> None:
    text = (shared / "real" / name).read_text(encoding="utf-8")
    assert find_breaks(text.splitlines(), name) == ()
