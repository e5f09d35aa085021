"""Issue + settings -> Identity: in whose name an issue goes out."""

import re

from newsletter.addresses import domain_of, parse_mailbox
from newsletter.model.issue import Issue
from newsletter.model.message import Identity
from newsletter.model.settings import Settings

#: RFC 1035: a label of a domain name.
_MAX_LABEL = 63


def derive_identity(issue: Issue, settings: Settings) -> Identity:
    """Return who sends *issue*; the same for a test and for the dispatch.

    The List-Id hangs on the newsletter's own sender, never on that of one issue:
    readers sort their mail by it.

    Raises:
        ValueError: The newsletter's sender is no mailbox.
    """
    newsletter = settings.newsletter
    slug = issue.lists[0] if issue.lists else newsletter.list
    listed = settings.lists.get(slug)
    return Identity(
        sender=issue.sender or newsletter.sender,
        reply_to=issue.reply_to or newsletter.reply_to,
        list_id=f"{_label(slug)}.{domain_of(parse_mailbox(newsletter.sender).address)}",
        list_name=(listed.title if listed else "") or newsletter.name,
        base_url=newsletter.base_url,
        unsubscribe_address=newsletter.unsubscribe_address,
        feedback_parts=(issue.slug, slug),
        language=issue.language,
        providers=settings.hooks.providers,
    )


def _label(slug: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", slug.lower()).strip("-")[:_MAX_LABEL] or "list"
