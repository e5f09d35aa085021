"""What a check found: of one issue, and of all of them. Values."""

from dataclasses import dataclass, field

from newsletter.model.copy import Copy
from newsletter.model.finding import Finding, Severity
from newsletter.model.link import CheckedBreak, CheckedLink
from newsletter.model.spam import SpamReport
from newsletter.workflow.links import Tally


@dataclass(frozen=True, slots=True)
class CheckReport:
    """What was found in one issue."""

    #: Slug of the issue.
    issue: str
    #: The definition, as shown to the editor.
    file: str
    #: Gravest first, each group in reading order; definition problems among them.
    findings: tuple[Finding, ...]
    #: Links in reading order; those that were not looked at are left out.
    links: tuple[CheckedLink, ...] = ()
    #: Addresses that are broken over two lines.
    breaks: tuple[CheckedBreak, ...] = ()
    #: How many links were left out because nobody was to be asked.
    unasked_links: int = 0
    #: How many addresses were asked, and how many remembered.
    tally: Tally = field(default_factory=Tally)
    #: Why nothing was remembered, or empty.
    trouble: str = ""
    #: Lines of the definition.
    lines: tuple[str, ...] = ()
    #: Bytes of the HTML part as it travels; None when there is no mail.
    html_bytes: int | None = None
    #: The copies that were looked at, as `Facts.copies`.
    copies: tuple[Copy, ...] = ()
    #: What SpamAssassin said of the first copy; None when it was not asked.
    spam: SpamReport | None = None

    @property
    def blocking(self) -> tuple[Finding, ...]:
        """What keeps the issue from being sent."""
        return tuple(finding for finding in self.findings if finding.is_blocking)

    def passes(self, *, strict: bool = False) -> bool:
        """Whether nothing is left to put right; *strict* counts warnings too."""
        least = Severity.WARNING if strict else Severity.ERROR
        return not any(f.severity >= least and not f.accepted for f in self.findings)


@dataclass(frozen=True, slots=True)
class ArchiveReport:
    """What was found in all issues."""

    #: In the order of their names.
    issues: tuple[CheckReport, ...]
    #: Of all addresses, each counted once.
    tally: Tally

    @property
    def trouble(self) -> str:
        """Why nothing was remembered, or empty."""
        return next((one.trouble for one in self.issues if one.trouble), "")

    def passes(self, *, strict: bool = False) -> bool:
        """Whether every issue does."""
        return all(report.passes(strict=strict) for report in self.issues)
