"""Assembled issue and facts -> findings: what a reader would stumble over.

Each check is a function of the same shape in a module of its own; to add one, write it
and name it in `CHECKS`, its rules in `newsletter.model.rules` and in docs/checks/. No
I/O but in `links/` (`observe` and what it calls), `browser/chromium.py` and
`spamassassin.py`, which no check calls: facts come in as arguments.
"""

from collections.abc import Callable
from dataclasses import replace

from newsletter.checks.accessibility import check_accessibility
from newsletter.checks.clients import check_clients
from newsletter.checks.events import check_events
from newsletter.checks.facts import Facts
from newsletter.checks.fields import check_fields
from newsletter.checks.headers import check_headers
from newsletter.checks.html import check_html
from newsletter.checks.images import check_images
from newsletter.checks.language_marks import check_language_marks
from newsletter.checks.leaving import check_leaving
from newsletter.checks.link_addresses import check_link_addresses
from newsletter.checks.link_lines import check_link_lines
from newsletter.checks.link_mismatch import check_link_mismatch
from newsletter.checks.link_words import check_link_words
from newsletter.checks.links_found import check_links_found
from newsletter.checks.list_numbers import check_list_numbers
from newsletter.checks.mail_addresses import check_mail_addresses
from newsletter.checks.pasted import check_pasted
from newsletter.checks.promised_links import check_promised_links
from newsletter.checks.public_page import check_public_page
from newsletter.checks.rendered import check_rendered
from newsletter.checks.sender import check_sender
from newsletter.checks.size import check_size
from newsletter.checks.spam import check_spam
from newsletter.checks.structure import check_structure
from newsletter.checks.subject import check_subject
from newsletter.checks.template_pictures import check_template_pictures
from newsletter.checks.text_part import check_text_part
from newsletter.checks.typed_lists import check_typed_lists
from newsletter.checks.writing import check_writing
from newsletter.model.assembled import Assembled
from newsletter.model.finding import Finding, Severity
from newsletter.model.rules import RULES

__all__ = ["CHECKS", "Check", "Facts", "run_checks"]

Check = Callable[[Assembled, Facts], list[Finding]]

CHECKS: tuple[Check, ...] = (
    check_subject,
    check_promised_links,
    check_links_found,
    check_link_lines,
    check_link_mismatch,
    check_link_addresses,
    check_link_words,
    check_mail_addresses,
    check_images,
    check_template_pictures,
    check_events,
    check_writing,
    check_pasted,
    check_structure,
    check_typed_lists,
    check_list_numbers,
    check_language_marks,
    check_html,
    check_accessibility,
    check_size,
    check_fields,
    check_sender,
    check_leaving,
    check_public_page,
    check_text_part,
    check_headers,
    check_rendered,
    check_spam,
    check_clients,
)


def run_checks(assembled: Assembled, facts: Facts) -> list[Finding]:
    """Return what all checks report, weighed as the settings say, in reading order.

    Findings about the issue as a whole come last.
    """
    reported = [finding for check in CHECKS for finding in check(assembled, facts)]
    weighed = [w for finding in reported if (w := _weigh(finding, facts)) is not None]
    return sorted(weighed, key=_reading_order)


def _weigh(finding: Finding, facts: Facts) -> Finding | None:
    level = facts.levels.get(finding.rule)
    if level is None or RULES[finding.rule].is_fixed:
        return finding
    if level == "off":
        return None
    return replace(finding, severity=Severity[level.upper()])


def _reading_order(finding: Finding) -> tuple[bool, int, int]:
    place = finding.place
    return (place.line == 0, place.line, place.column)
