"""Verdicts on links -> findings: what the editor should do about each."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from newsletter.checks.facts import Facts, found
from newsletter.checks.link_addresses import is_shortened
from newsletter.checks.link_lines import is_broken
from newsletter.checks.links.domains import host_of, is_front_page
from newsletter.checks.places import named_lines, shown_url
from newsletter.model.assembled import Assembled
from newsletter.model.finding import Finding
from newsletter.model.issue import NO_DATE, Issue
from newsletter.model.link import CheckedLink, History, Verdict
from newsletter.model.problem import Place


@dataclass(frozen=True, slots=True)
class _Words:
    rule: str
    advice: str
    #: How it is called in "…in 3 checks since 2 March 2026".
    called: str = "so"


#: What is not here needs no words.
_WORDS: Mapping[Verdict, _Words] = {
    Verdict.BROKEN: _Words(
        "link-broken", "Find its new address, or take the link out.", "broken"
    ),
    Verdict.INVALID: _Words("link-invalid", "Copy the address again from the browser."),
    Verdict.UNSAFE: _Words(
        "link-unsafe", "Find a public address, or take the link out."
    ),
    Verdict.SUSPECT: _Words(
        "link-suspect", "Open it, and write the address of the page you mean."
    ),
    Verdict.BLOCKED: _Words(
        "link-blocked", "Open it yourself to see whether it works."
    ),
    Verdict.RATE_LIMITED: _Words("link-rate-limited", "Check again in an hour."),
    Verdict.TIMEOUT: _Words("link-timeout", "Check again later, or open it yourself."),
    Verdict.MOVED: _Words("link-moved", "Write {new}."),
}


#: Addresses that are not in any browser.
_OTHER_ADVICE: Mapping[tuple[str, Verdict], str] = {
    ("mailto", Verdict.BROKEN): "Ask how the address is written, or take it out.",
    ("mailto", Verdict.INVALID): "Write it like mailto:name@example.org.",
    ("tel", Verdict.INVALID): "Write it like tel:+31201234567.",
}


def check_links_found(assembled: Assembled, facts: Facts) -> list[Finding]:
    """Report links that do not work, may not work, or have a new address."""
    broken_off = {one.address.place for one in facts.breaks if is_broken(one)}
    told = [
        link
        for link in facts.links
        if _is_told(link, facts) and link.use.place not in broken_off
    ]
    findings = [
        _finding_of(links, assembled.issue, facts) for links in _same_cause(told)
    ]
    if not facts.has_network:
        findings.append(
            found(
                "links-unchecked",
                Place(assembled.issue.file),
                "links were not checked: this computer has no network.",
                "Check again when it has, or use --offline to leave them out.",
            )
        )
    return findings


def _is_told(link: CheckedLink, facts: Facts) -> bool:
    verdict = link.judgement.verdict
    if verdict is Verdict.TIMEOUT and not facts.has_network:
        return False  # one finding says it for all
    if verdict is Verdict.MOVED and is_shortened(link.use.url):
        return False  # `link-shortener` says where it leads
    return verdict in _WORDS


def _same_cause(links: Iterable[CheckedLink]) -> list[list[CheckedLink]]:
    """Return the uses of each address, or of a site at rest, by the first of them."""
    groups: dict[str, list[CheckedLink]] = {}
    for link in links:
        rests = link.judgement.verdict is Verdict.RATE_LIMITED
        cause = host_of(link.use.url) if rests else link.use.url
        groups.setdefault(cause, []).append(link)
    return list(groups.values())


def _finding_of(links: list[CheckedLink], issue: Issue, facts: Facts) -> Finding:
    link = links[0]
    words = _WORDS[link.judgement.verdict]
    reason = _with_history(link.judgement.reason, words.called, link.history, facts)
    lines = named_lines(each.use.place for each in links)
    what = f'"{link.use.words}" ({shown_url(link.use.url)}): {reason}'
    if len({each.use.url for each in links}) > 1:
        what = f"{len(links)} links could not be looked at ({lines}): {reason}"
    elif len({each.use.place for each in links}) > 1:
        what = f"{what} The address stands on {lines}."
    return found(words.rule, link.use.place, what, _advice(link, words, issue))


def _with_history(
    reason: str, called: str, history: History | None, facts: Facts
) -> str:
    """Return the reason, and how long it has been so where it was seen before."""
    is_news = history is not None and history.verdict is not Verdict.MOVED
    if history is None or history.checks < 2 or not is_news:
        return reason
    since = history.since.astimezone(facts.now.tzinfo)
    day = f"{since.day} {since:%B %Y}"
    return (
        f"{reason.removesuffix('.')}; {called} in {history.checks} checks since {day}."
    )


def _advice(link: CheckedLink, words: _Words, issue: Issue) -> str:
    url, new = link.use.url, link.judgement.new_url
    scheme = url.partition(":")[0].lower()
    if (scheme, link.judgement.verdict) in _OTHER_ADVICE:
        return _OTHER_ADVICE[scheme, link.judgement.verdict]
    if link.judgement.verdict is Verdict.BROKEN and issue.date != NO_DATE:
        return f"{words.advice} An archive may have it: {archived(url, issue)}"
    if new and is_front_page(new) and not is_front_page(url):
        return f"It now leads to a front page, {new}: look whether your page is there."
    return words.advice.format(new=new)


def archived(url: str, issue: Issue) -> str:
    """Return where the Internet Archive shows the copy nearest to the issue's date.

    Nothing is asked: the address is complete by itself, and leads to the nearest copy
    there is (Internet Archive, "Wayback Machine APIs").
    """
    return f"https://web.archive.org/web/{issue.date:%Y%m%d}/{url}"
