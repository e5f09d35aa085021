"""What the checks need to know beside the assembled issue, and how they report."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from newsletter.model.copy import Copy
from newsletter.model.finding import Finding
from newsletter.model.issue import Issue
from newsletter.model.link import CheckedBreak, CheckedLink
from newsletter.model.problem import Place
from newsletter.model.rendered import Rendering
from newsletter.model.rules import RULES
from newsletter.model.settings import RuleLevel
from newsletter.model.spam import SpamReport


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known at the time of the check."""

    #: The present, in the time zone of the newsletter.
    now: datetime
    #: Lines of the definition, without line ends: to point at words.
    source: tuple[str, ...] = ()
    #: Where the definition has problems, which are told already.
    problems: frozenset[Place] = frozenset()
    #: Public address of the newsletter's pages, or empty.
    base_url: str = ""
    #: Slugs of the lists that anybody may join.
    public_lists: tuple[str, ...] = ()
    #: Postal address in the footer, or empty.
    postal_address: str = ""
    #: The copies of edge recipients: first that of a reader of whom nothing is known,
    #: then those with the longest values, the fewest, …; empty when there is no mail.
    copies: tuple[Copy, ...] = ()
    #: Bytes of the HTML part of the largest copy as it travels, encoded; None when
    #: there is no mail yet.
    html_bytes: int | None = None
    #: ``Name <address>`` in newsletter.toml.
    sender: str = ""
    #: Where answers go as newsletter.toml has it, or empty.
    reply_to: str = ""
    #: Mail server, or empty while there is none.
    server_host: str = ""
    #: User name at the mail server, or empty.
    server_user: str = ""
    #: The project's own template of this issue as shown to the editor, or empty when
    #: a built-in one is used.
    template_file: str = ""
    #: Each of the project's own templates: path as shown to the editor -> its text.
    templates: Mapping[str, str] = field(default_factory=dict)
    #: The issue before this one, or None.
    previous: Issue | None = None
    #: Mail programs that count, as `newsletter.clients` names them.
    clients: tuple[str, ...] = ()
    #: Links with what was found; those that were not looked at are left out.
    links: tuple[CheckedLink, ...] = ()
    #: Addresses that the definition breaks over two lines.
    breaks: tuple[CheckedBreak, ...] = ()
    #: False: links were to be asked, and nothing at all could be reached.
    has_network: bool = True
    #: What a browser made of the copies; empty when none was asked.
    renderings: tuple[Rendering, ...] = ()
    #: What SpamAssassin said of the first copy; None when it was not asked.
    spam: SpamReport | None = None
    #: Rule id -> severity that replaces its own.
    levels: Mapping[str, RuleLevel] = field(default_factory=dict)


def found(rule: str, place: Place, message: str, advice: str) -> Finding:
    """Return a finding with the severity its rule has in `RULES`."""
    return Finding(rule, RULES[rule].severity, place, message, advice)


def template_place(issue: Issue, facts: Facts, pattern: str = "") -> Place:
    """Return where to show what only a template can have brought into the mail.

    Args:
        issue: Shown when no template of the project can be blamed.
        facts: Know the project's own templates.
        pattern: Regular expression of what is looked for in them, upper or lower case.
    """
    if pattern:
        wanted = re.compile(pattern, re.IGNORECASE)
        for file, text in facts.templates.items():
            match = wanted.search(text)
            if match:
                line_start = text.rfind("\n", 0, match.start()) + 1
                line = text.count("\n", 0, match.start()) + 1
                return Place(file, line, match.start() - line_start + 1)
    return Place(facts.template_file or issue.file)
