"""The rules a check can report, and how much each weighs, for settings and checks.

One rule, one severity: what is a warning at 90 KB and an error at 102 KB is two rules,
so that ``[checks]`` in newsletter.toml can weigh them apart. Each group has a module in
`newsletter.checks` and a page in docs/checks/, with a heading for each of its rules.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from newsletter.model.finding import Severity

#: Rule under which problems of a definition are shown beside findings. It is not in
#: `RULES`: nobody can switch off or accept that an issue cannot be read.
DEFINITION = "definition"


@dataclass(frozen=True, slots=True)
class Rule:
    """What is promised about one rule."""

    severity: Severity
    #: Page below docs/checks/ that explains it, without its suffix.
    group: str
    #: Standard, guideline, measurement or client behaviour it rests on.
    source: str
    #: True: no setting changes it, and nobody can accept it.
    is_fixed: bool = False

    @property
    def page(self) -> str:
        """The page of the documentation, from the root of the project."""
        return f"docs/checks/{self.group}.md"


def _info(group: str, source: str) -> Rule:
    return Rule(Severity.INFO, group, source)


def _warning(group: str, source: str) -> Rule:
    return Rule(Severity.WARNING, group, source)


def _error(group: str, source: str, *, is_fixed: bool = False) -> Rule:
    return Rule(Severity.ERROR, group, source, is_fixed)


_OWN = "the newsletter's own promise"
_EMC = "Email Markup Consortium, accessibility report 2026"
_SPAM = "SpamAssassin 4.0.1, measured 2026-11"
_RSPAMD = "rspamd 3.4, measured 2026-11"

#: Rule id -> rule, group by group, in the order of the pages.
RULES: Mapping[str, Rule] = {
    # links: those of the issue
    "promised-link": _error("links", _OWN),
    "link-broken": _error("links", "RFC 9110, 15.5.5 and 15.5.11; RFC 1034"),
    "link-invalid": _error("links", "WHATWG URL, section 4"),
    "link-unsafe": _error("links", "RFC 6890; RFC 5280, section 6"),
    "link-suspect": _warning("links", "soft 404, parked domain: heuristics of ours"),
    "link-moved": _info("links", "RFC 9110, 15.4.2 and 15.4.9"),
    "link-blocked": _warning("links", "RFC 9110, 15.5.4; bot walls"),
    "link-rate-limited": _warning("links", "RFC 6585, section 4"),
    "link-timeout": _warning("links", "RFC 9110, 15.6"),
    "links-unchecked": _warning("links", _OWN),
    "link-line-broken": _warning("links", "addresses copied from PDF"),
    "link-mismatch": _error(
        "links", "rspamd PHISHING +2.07; SpamAssassin URI mismatch"
    ),
    "link-mismatch-page": _warning("links", _OWN),
    "link-scheme": _error("links", "WHATWG URL; security of mail programs"),
    "link-http": _warning("links", "browsers mark http pages as not secure"),
    "link-ip": _warning("links", "SpamAssassin +0.2, measured 2026-11"),
    "link-shortener": _warning("links", "block lists of link shorteners"),
    "link-homograph": _warning("links", "UTS 39, section 5.1"),
    "link-words": _warning("links", "WCAG 2.4.4; " + _EMC),
    "link-words-shared": _warning("links", "WCAG 2.4.4"),
    "link-twice": _info("links", _OWN),
    "token-leak": _error("links", "privacy: a personal address in others' logs"),
    # subject and preheader
    "subject-empty": _error("subject", "RFC 5322, section 3.6.5"),
    "subject-refused": _error("subject", "Gmail: 998 characters; RFC 5322, 2.1.1"),
    "subject-long": _warning("subject", "RFC 5322, section 2.1.1"),
    "subject-cut": _info("subject", "what lists of mails show"),
    "subject-capitals": _warning("subject", _RSPAMD + ": +1.57"),
    "subject-punctuation": _warning(
        "subject", "CAN-SPAM, deceptive subjects; " + _RSPAMD
    ),
    "subject-emoji": _info("subject", "screen readers read their names aloud"),
    "subject-repeated": _warning("subject", "issues begun as a copy of the last"),
    "preheader-missing": _warning("subject", "what lists of mails show"),
    "preheader-repeats": _warning("subject", "what lists of mails show"),
    "preheader-short": _info("subject", "what lists of mails show"),
    "preheader-long": _info("subject", "what lists of mails show"),
    # sender: who writes
    "sender-missing": _error("sender", "RFC 5322, section 3.6.2", is_fixed=True),
    "sender-name": _warning("sender", "Outlook and Gmail sender guidelines"),
    "sender-noreply": _warning("sender", "Outlook and Gmail sender guidelines"),
    "sender-example": _error("sender", "RFC 2606: nobody's domains"),
    "sender-freemail": _warning("sender", "RFC 9989; Gmail: no From gmail.com"),
    "sender-unaligned": _warning("sender", "RFC 9989, alignment"),
    "postal-address": _warning("sender", "CAN-SPAM, section 5(a)(5)"),
    # leaving
    # A mail that nobody can leave must never go out, whatever the settings say.
    "unsubscribe-place": _error(
        "leaving", "Gmail and Yahoo sender rules; GDPR, Art. 21", is_fixed=True
    ),
    "unsubscribe-header": _error("leaving", "RFC 2369; RFC 8058; RFC 2047, section 5"),
    "one-click": _warning("leaving", "RFC 8058, section 3.1"),
    "one-click-local": _info("leaving", "RFC 8058, section 3.1"),
    # archive: the page on the web
    "public-page": _error("archive", "a page cannot be taken back: feeds keep it"),
    # headers: the mail as it travels
    "header-repeated": _error("headers", "RFC 5322, section 3.6"),
    "header-encoding": _error("headers", "RFC 2047, section 5"),
    "line-length": _error("headers", "RFC 5322, section 2.1.1"),
    "dkim-cover": _error("headers", "RFC 8058, section 4"),
    "base64-text": _info("headers", _RSPAMD + ": +1.1"),
    "message-refused": _error("headers", "RFC 1870; servers commonly take 10 MB"),
    # fields: what is filled in for each reader
    "field-unfilled": _error("fields", _OWN, is_fixed=True),
    "dummy-text": _error("fields", _OWN),
    "greeting-empty": _error("fields", _OWN),
    # text: the plain text part
    "text-missing": _error("text", "RFC 2046, 5.1.4; " + _SPAM),
    "text-stub": _error("text", _SPAM + ": MPART_ALT_DIFF +2.2"),
    "text-differs": _warning("text", _RSPAMD + ": R_PARTS_DIFFER +0.94"),
    "text-links": _warning("text", "same links for readers of plain text"),
    # size
    "size-clip": _error("size", "Gmail clips at 102 KB (email-bugs#56)"),
    "size-large": _warning("size", "Gmail clips at 102 KB (email-bugs#56)"),
    # images
    "alt-missing": _error("images", "WCAG 1.1.1; " + _EMC),
    "alt-file-name": _warning("images", "WCAG 1.1.1"),
    "image-heavy": _warning("images", "readers on phones"),
    "images-heavy": _warning("images", "readers on phones"),
    "image-remote": _warning("images", "privacy: fetched pictures tell who reads"),
    "image-size": _warning(
        "images", "Outlook shows pictures without sizes at full size"
    ),
    "image-format": _warning("images", "caniemail, 2026-06-29"),
    "image-only": _error("images", _SPAM + ": HTML_IMAGE_ONLY +5.1"),
    "image-motion": _warning("images", "WCAG 2.2.2"),
    # events
    "event-before-issue": _error("events", _OWN),
    "event-past": _warning("events", _OWN),
    "event-repeated": _warning("events", "issues begun as a copy of the last"),
    # html: what mail programs take out
    "html-forbidden": _error("html", "caniemail, 2026-06-29; Gmail, Yahoo"),
    "style-gmail": _warning("html", "email-bugs#21, #90; caniemail, 2026-06-29"),
    "hidden-text": _warning("html", _SPAM + ": FONT_INVIS +1.0"),
    # clients
    "client-breaks": _warning("clients", "caniemail, 2026-06-29"),
    "client-degrades": _info("clients", "caniemail, 2026-06-29"),
    # accessibility
    "language-missing": _error("accessibility", "WCAG 3.1.1; " + _EMC),
    "language-unmarked": _warning("accessibility", "WCAG 3.1.2"),
    "title-missing": _warning("accessibility", "WCAG 2.4.2"),
    "table-role": _error("accessibility", "WCAG 1.3.1; " + _EMC),
    "heading-missing": _warning("accessibility", "axe: page-has-heading-one"),
    "heading-skipped": _warning("accessibility", "axe: heading-order"),
    "text-justified": _info("accessibility", "WCAG 1.4.8"),
    # writing: what comes along from a word processor
    "typed-bullets": _warning("writing", "text pasted from Word or PDF"),
    "typed-numbers": _warning("writing", "text pasted from Word or PDF"),
    "list-renumbered": _error("writing", "CommonMark 0.31, section 5.3"),
    "markup-left": _warning("writing", "CommonMark 0.31; text pasted from Word"),
    "address-unlinked": _warning("writing", "CommonMark 0.31, section 6.5"),
    "hyphen-left": _warning("writing", "text copied from PDF"),
    "item-empty": _warning("writing", _OWN),
    "structure-missing": _warning("writing", "WCAG 2.4.10"),
    "capitals": _info("writing", "WCAG 3.1; screen readers spell them out"),
    "spam-words": _info("writing", "weak: " + _SPAM),
    # rendered: seen in Chromium, with `check --rendered`
    "contrast": _error("rendered", "WCAG 1.4.3"),
    "contrast-dark": _warning("rendered", "WCAG 1.4.3"),
    "link-distinct": _warning("rendered", "WCAG 1.4.1"),
    "font-tiny": _error("rendered", "below 12 px"),
    "font-small": _warning("rendered", "body text below 14 px"),
    "line-height": _warning("rendered", "WCAG 1.4.8: lines 1.5 apart"),
    "tap-target": _error("rendered", "WCAG 2.5.8: 24 px"),
    "tap-target-small": _warning("rendered", "Apple: 44 px for buttons"),
    "width": _warning("rendered", "WCAG 1.4.10"),
    # spam: SpamAssassin, with `check --spam`
    "spam-score": _warning("spam", _SPAM),
}
