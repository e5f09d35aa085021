from collections.abc import Callable
from dataclasses import replace

import pytest

from newsletter.checks.facts import Facts
from newsletter.checks.spam import check_spam, read_report
from newsletter.model.assembled import Assembled
from newsletter.model.finding import Severity
from newsletter.model.problem import Place
from newsletter.model.spam import SpamReport, SpamRule

#: As SpamAssassin 4.0.1 wrote it on 2026-11-21, behind the mail.
REPORT = """\
the last line of the mail
==newsletter-score 2.3 version 4.0.1
==newsletter-rules HTML_MESSAGE=0.001,MAILING_LIST_MULTI=-1,MISSING_DATE=2.739
==newsletter-words
 2.7 MISSING_DATE           Missing Date: header
 0.0 HTML_MESSAGE           BODY: HTML included in message
-1.0 MAILING_LIST_MULTI     Multiple indicators imply a widely-seen list
                            manager

==newsletter-end

"""
RULES = (
    SpamRule("HTML_MESSAGE", 0.001, "HTML included in message"),
    SpamRule(
        "MAILING_LIST_MULTI",
        -1.0,
        "Multiple indicators imply a widely-seen list manager",
    ),
    SpamRule("MISSING_DATE", 2.739, "Missing Date: header"),
)

Assemble = Callable[..., Assembled]


def test_report_is_read_with_the_sentence_of_each_rule() -> None:
    assert read_report(REPORT) == SpamReport("4.0.1", 2.3, RULES)


def test_report_that_stands_in_the_mail_is_not_believed() -> None:
    forged = REPORT.replace("2.3 version", "-9.9 version")
    assert read_report(forged + REPORT).score == 2.3


@pytest.mark.parametrize(
    ("output", "words"),
    [
        ("", "there is none"),
        (REPORT[: REPORT.index("==newsletter-end")], "it is cut off"),
    ],
)
def test_output_without_a_report_is_refused(output: str, words: str) -> None:
    with pytest.raises(ValueError, match=f"^{words}$"):
        read_report(output)


def test_nobody_asked_is_silent(assemble: Assemble, facts: Facts) -> None:
    assert check_spam(assemble(), facts) == []


def test_points_are_told_in_words_gravest_first(
    assemble: Assemble, facts: Facts
) -> None:
    rules = (SpamRule("LOCAL_RULE", 0.6), *RULES)
    known = replace(facts, spam=SpamReport("4.0.1", 2.3, rules))
    (finding,) = check_spam(assemble(), known)
    assert (finding.rule, finding.severity) == ("spam-score", Severity.WARNING)
    assert finding.place == Place("issues/2023-02.md")
    assert finding.message == (
        "SpamAssassin 4.0.1 has this against the content: Missing Date: header "
        "(MISSING_DATE, 2.7); LOCAL_RULE (LOCAL_RULE, 0.6). It gives 2.3 points in "
        "all; above 0 they speak against the mail."
    )
    assert finding.advice == (
        "Change what it names. It looked at the content alone, on this computer: where "
        "the mail will land depends on more than that."
    )


def test_many_light_rules_are_all_told(assemble: Assemble, facts: Facts) -> None:
    rules = tuple(SpamRule(f"R{n}", 0.4) for n in range(3))
    known = replace(facts, spam=SpamReport("4.0.1", 1.2, rules))
    (finding,) = check_spam(assemble(), known)
    assert finding.message.count("0.4") == 3


def test_heavy_rule_is_told_though_others_outweigh_it(
    assemble: Assemble, facts: Facts
) -> None:
    rules = (SpamRule("HEAVY", 0.6, "Heavy"), SpamRule("LIST", -1.0, "A list"))
    known = replace(facts, spam=SpamReport("4.0.1", -0.4, rules))
    (finding,) = check_spam(assemble(), known)
    assert "content: Heavy (HEAVY, 0.6). It gives -0.4 points" in finding.message


def test_good_mail_is_silent(assemble: Assemble, facts: Facts) -> None:
    report = SpamReport("4.0.1", 0.0, (SpamRule("LIGHT", 0.5), *RULES[:2]))
    assert check_spam(assemble(), replace(facts, spam=report)) == []
