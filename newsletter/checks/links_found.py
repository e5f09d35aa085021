"""Verdicts on links -> findings: what the editor should do about each."""

from collections.abc import Mapping
from urllib.parse import urlsplit

from newsletter.checks.facts import Facts, found
from newsletter.model.assembled import Assembled
from newsletter.model.finding import Finding
from newsletter.model.link import CheckedLink, Verdict
from newsletter.model.problem import Place

#: Longest address repeated in a message; the place leads to the whole of it.
_MAX_SHOWN = 70

#: Verdict -> rule and advice; what is not here needs no words.
_RULES: Mapping[Verdict, tuple[str, str]] = {
    Verdict.BROKEN: ("link-broken", "Find its new address, or take the link out."),
    Verdict.INVALID: ("link-invalid", "Copy the address again from the browser."),
    Verdict.UNSAFE: ("link-unsafe", "Find a public address, or take the link out."),
    Verdict.BLOCKED: ("link-blocked", "Open it yourself to see whether it works."),
    Verdict.RATE_LIMITED: ("link-rate-limited", "Check again in an hour."),
    Verdict.TIMEOUT: ("link-timeout", "Check again later, or open it yourself."),
}


def check_links_found(assembled: Assembled, facts: Facts) -> list[Finding]:
    """Report links that do not work, may not work, or have a new address."""
    findings = [_finding_of(link) for link in facts.links if _is_told(link, facts)]
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
    return verdict is Verdict.MOVED or verdict in _RULES


def _finding_of(link: CheckedLink) -> Finding:
    judgement, use = link.judgement, link.use
    message = f'"{use.words}" ({_short(use.url)}): {judgement.reason}'
    if judgement.verdict is Verdict.MOVED:
        advice = _moved_advice(use.url, judgement.new_url)
        return found("link-moved", use.place, message, advice)
    rule, advice = _RULES[judgement.verdict]
    return found(rule, use.place, message, advice)


def _moved_advice(old: str, new: str) -> str:
    if urlsplit(new).path in ("", "/") and urlsplit(old).path not in ("", "/"):
        return f"It now leads to a front page, {new}: look whether your page is there."
    return f"Write {new}."


def _short(url: str) -> str:
    return url if len(url) <= _MAX_SHOWN else f"{url[: _MAX_SHOWN - 1]}…"
