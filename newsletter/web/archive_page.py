"""The front page: every issue that was sent, newest first. Pure: issues in, HTML out.

Shown by `serve`, and written to a folder for any web host.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from newsletter.i18n import direction, format_date
from newsletter.model.archive import ArchivedIssue
from newsletter.web.feed import FEED_NAME, render_feed
from newsletter.web.page import Pages
from newsletter.workflow.publish import PAGE

#: Issues on one page: a year of a weekly newsletter.
ISSUES_PER_PAGE = 50


@dataclass(frozen=True, slots=True)
class _Leaf:
    """One page of the archive, and where the others are."""

    issues: Sequence[ArchivedIssue]
    #: Link to the page with newer ones, or empty.
    newer: str
    #: Link to the page with older ones, or empty.
    older: str


def count_pages(issues: Sequence[ArchivedIssue]) -> int:
    """Return over how many pages the issues go; one, where there is none."""
    return max(1, -(-len(issues) // ISSUES_PER_PAGE))


def render_archive(
    pages: Pages, issues: Sequence[ArchivedIssue], *, language: str, number: int = 1
) -> str:
    """Return a page of the archive as `serve` shows it.

    Args:
        pages: Of the newsletter.
        issues: All of them, newest first.
        language: Of the words.
        number: Of the page, 1 is the newest.
    """
    leaf = _Leaf(
        _issues_on(issues, number),
        newer=f"?page={number - 1}&lang={language}" if number > 1 else "",
        older=(
            f"?page={number + 1}&lang={language}"
            if number < count_pages(issues)
            else ""
        ),
    )
    return _render(pages, leaf, language, is_static=False)


def render_static_archive(
    pages: Pages, issues: Sequence[ArchivedIssue]
) -> Mapping[str, bytes]:
    """Return name -> content of what lies beside the folders of issues.

    Pages in the language of the newsletter, without a form; and the feed. To what only
    `serve` has a link leads where ``base_url`` says how it begins.
    """
    newsletter = pages.settings.newsletter
    last = count_pages(issues)
    names = [PAGE, *(f"page-{number}.html" for number in range(2, last + 1))]
    files = {}
    for at, name in enumerate(names):
        leaf = _Leaf(
            _issues_on(issues, at + 1),
            newer=names[at - 1] if at else "",
            older=names[at + 1] if at + 1 < last else "",
        )
        page = _render(pages, leaf, newsletter.language, is_static=True)
        files[name] = page.encode()
    if newsletter.base_url:
        files[FEED_NAME] = render_feed(newsletter, issues)
    return files


def _issues_on(issues: Sequence[ArchivedIssue], number: int) -> Sequence[ArchivedIssue]:
    return issues[(number - 1) * ISSUES_PER_PAGE : number * ISSUES_PER_PAGE]


def _render(pages: Pages, leaf: _Leaf, language: str, *, is_static: bool) -> str:
    return pages.render(
        "archive",
        language,
        issues=leaf.issues,
        newer=leaf.newer,
        older=leaf.older,
        is_static=is_static,
        join=_join_link(pages, language, is_static=is_static),
        # A folder opened from the disk shows its files, not its page.
        page_name=PAGE if is_static else "",
        feed=FEED_NAME if pages.settings.newsletter.base_url else "",
        policy=_policy_of_page(pages.content_policy),
        date_of=lambda issue: format_date(issue.date, language, weekday=False),
        direction_of=direction,
    )


def _join_link(pages: Pages, language: str, *, is_static: bool) -> str:
    """Return the way to subscribe, or nothing: only `serve` can take anybody in."""
    base = f"{pages.settings.newsletter.base_url}/" if is_static else ""
    is_there = pages.can_join and base != "/"
    return f"{base}join?lang={language}" if is_there else ""


def _policy_of_page(policy: str) -> str:
    """Return the policy as a page itself may state it: frames need a header."""
    return policy.replace("form-action 'self'", "form-action 'none'").replace(
        "; frame-ancestors 'none'", ""
    )
