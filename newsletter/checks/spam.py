"""A report of SpamAssassin -> a finding, where its content speaks against a mail. Pure.

`spamassassin` runs it, with `REPORT_TEMPLATE` as the form of the report.
"""

import re
from collections.abc import Iterator, Mapping

from newsletter.checks.facts import Facts, found
from newsletter.model.assembled import Assembled
from newsletter.model.finding import Finding
from newsletter.model.problem import Place
from newsletter.model.spam import SpamReport, SpamRule

#: Lines of a report, with SpamAssassin's own marks (Mail::SpamAssassin::Conf,
#: "TEMPLATE TAGS"). The names at the beginning are ours.
REPORT_TEMPLATE = (
    "==newsletter-score _SCORE_ version _VERSION_",
    "==newsletter-rules _TESTSSCORES(,)_",
    "==newsletter-words",
    "_SUMMARY_",
    "==newsletter-end",
)
_HEAD = re.compile(r"==newsletter-score (-?[\d.]+) version (\S+)")
_RULES = re.compile(r"^==newsletter-rules (.*)$", re.MULTILINE)
_RULE = re.compile(r"(\w+)=(-?[\d.]+)")
_WORDS = re.compile(r"==newsletter-words\n(.*?)\n==newsletter-end", re.DOTALL)
#: `` 2.7 MISSING_DATE           Missing Date: header``; longer ones go on below.
_LINE = re.compile(r"^ ?-?[\d.]+ (\w+)\s+(.*)$")
_KIND = re.compile(r"^(?:BODY|RAW|URI|META): ")

#: What a mail may have: its sum, and any one rule, of the built-in templates.
_MAX_SCORE = 0.0
_MAX_RULE = 0.5


def check_spam(assembled: Assembled, facts: Facts) -> list[Finding]:
    """Report points for the content, if SpamAssassin was asked."""
    report = facts.spam
    if report is None:
        return []
    heavy = [rule for rule in report.rules if rule.points > _MAX_RULE]
    if report.score <= _MAX_SCORE and not heavy:
        return []
    told = heavy or [rule for rule in report.rules if rule.points > 0.0]
    gravest_first = sorted(told, key=lambda rule: -rule.points)
    reasons = "; ".join(map(_reason, gravest_first))
    return [
        found(
            "spam-score",
            Place(assembled.issue.file),
            f"SpamAssassin {report.version} has this against the content: {reasons}. "
            f"It gives {report.score:g} points in all; above 0 they speak against the "
            "mail.",
            "Change what it names. It looked at the content alone, on this computer: "
            "where the mail will land depends on more than that.",
        )
    ]


def _reason(rule: SpamRule) -> str:
    words = rule.description or rule.name
    return f"{words} ({rule.name}, {rule.points:.1f})"


def read_report(output: str) -> SpamReport:
    """Return the last report in what SpamAssassin gave out.

    The mail stands before it, and may look like one.

    Raises:
        ValueError: There is none.
    """
    starts = [match.start() for match in _HEAD.finditer(output)]
    if not starts:
        raise ValueError("there is none")
    last = output[starts[-1] :]
    head, rules, words = _HEAD.match(last), _RULES.search(last), _WORDS.search(last)
    if head is None or rules is None or words is None:
        raise ValueError("it is cut off")
    described = dict(_descriptions(words[1]))
    return SpamReport(
        version=head[2],
        score=float(head[1]),
        rules=tuple(_rules(rules[1], described)),
    )


def _rules(listed: str, described: Mapping[str, str]) -> Iterator[SpamRule]:
    for name, points in _RULE.findall(listed):
        yield SpamRule(name, float(points), described.get(name, ""))


def _descriptions(summary: str) -> Iterator[tuple[str, str]]:
    """Yield the sentence of each rule, joined where it went on below."""
    name, words = "", ""
    for line in summary.split("\n"):
        match = _LINE.match(line)
        if match:
            yield name, words
            name, words = match[1], _KIND.sub("", match[2].strip())
        elif line.strip():
            words = f"{words} {line.strip()}"
    yield name, words
