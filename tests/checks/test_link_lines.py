from collections.abc import Callable
from dataclasses import replace

import pytest

from newsletter.checks.facts import Facts
from newsletter.checks.link_lines import check_link_lines, whole_address
from newsletter.model.assembled import Assembled
from newsletter.model.finding import Finding
from newsletter.model.link import BrokenAddress, CheckedBreak, Judgement, Verdict
from newsletter.model.problem import Place
from newsletter.model.rules import RULES

Assemble = Callable[..., Assembled]
PLACE = Place("issues/2023-02.md", 14, 5)
FIRST = "https://site.example/good-"
KEPT = "https://site.example/good-news"
DROPPED = "https://site.example/goodnews"


def checked(
    first: Verdict | None = None,
    kept: Verdict | None = None,
    dropped: Verdict | None = None,
    *,
    whole: str = "",
) -> CheckedBreak:
    verdicts = {FIRST: first, KEPT: kept, DROPPED: dropped}
    judgements = {url: Judgement(v) for url, v in verdicts.items() if v is not None}
    address = BrokenAddress(PLACE, FIRST, "news", (KEPT, DROPPED), whole)
    return CheckedBreak(address, judgements)


@pytest.mark.parametrize(
    ("found", "advice", "proposed"),
    [
        (checked(), f"Write {KEPT} or {DROPPED} on one line.", ""),
        (
            checked(whole=KEPT),
            f"Write {KEPT}, as elsewhere in this issue.",
            KEPT,
        ),
        (
            checked(Verdict.BROKEN, Verdict.OK, Verdict.BROKEN),
            f"Write {KEPT} on one line: it answers.",
            KEPT,
        ),
        (
            checked(Verdict.BROKEN, Verdict.BLOCKED, Verdict.MOVED),
            f"Write {DROPPED} on one line: it answers.",
            DROPPED,
        ),
        (
            checked(Verdict.OK, Verdict.OK, Verdict.BROKEN),
            f"Write {KEPT} on one line: it answers.",
            KEPT,
        ),
        (
            checked(Verdict.BROKEN, Verdict.OK, Verdict.OK),
            f"Write {KEPT} or {DROPPED} on one line: both answer, so open them first.",
            "",
        ),
        (
            checked(Verdict.BROKEN, Verdict.BROKEN, Verdict.SUSPECT),
            f"Copy the address again; it may be {KEPT} or {DROPPED}, "
            "but neither of them answers.",
            "",
        ),
        (
            checked(Verdict.BROKEN, Verdict.BLOCKED, Verdict.TIMEOUT),
            f"Write {KEPT} or {DROPPED} on one line; open it first: "
            "no answer could be had.",
            "",
        ),
    ],
)
def test_address_broken_over_two_lines_is_reported(
    assemble: Assemble, facts: Facts, found: CheckedBreak, advice: str, proposed: str
) -> None:
    is_dead = found.judgements.get(FIRST) == Judgement(Verdict.BROKEN)
    rule = "link-broken" if is_dead else "link-line-broken"
    assert check_link_lines(assemble(), replace(facts, breaks=(found,))) == [
        Finding(
            rule,
            RULES[rule].severity,
            PLACE,
            f'an address is broken over two lines: "{FIRST}" goes on with "news".',
            advice,
        )
    ]
    assert whole_address(found) == proposed


def test_first_part_that_answers_alone_is_the_address(
    assemble: Assemble, facts: Facts
) -> None:
    alone = checked(Verdict.OK, Verdict.BROKEN, Verdict.BROKEN)
    assert check_link_lines(assemble(), replace(facts, breaks=(alone,))) == []
    assert whole_address(alone) == ""
