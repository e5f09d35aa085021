"""Is what goes to private lists shown to everybody on the web, without a word?"""

from collections.abc import Sequence

from newsletter.checks.facts import Facts, found
from newsletter.model.assembled import Assembled
from newsletter.model.finding import Finding
from newsletter.model.issue import Issue
from newsletter.model.problem import Place

SAY_ARCHIVE = (
    'Write "archive: no" to keep it off the web, or "archive: yes" if everybody may '
    "read it."
)


def check_public_page(assembled: Assembled, facts: Facts) -> list[Finding]:
    """Report an internal letter that would be on the web because nobody said no."""
    issue = assembled.issue
    if not is_page_unasked(
        issue, issue.lists, base_url=facts.base_url, public=facts.public_lists
    ):
        return []
    return [
        found(
            "public-page",
            issue.places.get("lists", Place(issue.file, 1, 1)),
            "no list of this issue is public, but everybody could read it on its web "
            "page.",
            SAY_ARCHIVE,
        )
    ]


def is_page_unasked(
    issue: Issue, lists: Sequence[str], *, base_url: str, public: Sequence[str]
) -> bool:
    """Whether an issue gets a page though its readers are no public list.

    Where no list is public at all, that says nothing of who may read an issue.

    Args:
        issue: Says whether it has a page, or nothing of it.
        lists: Slugs of those who get it.
        base_url: Of the public pages, or empty.
        public: Slugs of all lists that anybody may join.
    """
    if issue.says_archive or not issue.web_folder(base_url):
        return False
    return bool(public) and set(public).isdisjoint(lists)
