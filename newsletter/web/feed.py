"""The Atom feed of the archive (RFC 4287). Pure: issues in, XML out.

Nothing in it is personal: the same bytes for everybody. It needs ``base_url``, as the
links and names in a feed are whole addresses.
"""

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from xml.etree import ElementTree

from newsletter.model.archive import ArchivedIssue
from newsletter.model.settings import NewsletterSettings

FEED_NAME = "feed.xml"
MEDIA_TYPE = "application/atom+xml"

#: A reader who looks once a month still meets every issue of a weekly newsletter.
_MOST_ENTRIES = 20

_ATOM = "http://www.w3.org/2005/Atom"

#: What XML 1.0 cannot hold (section 2.2), not even as a reference.
_NO_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

#: A feed must say when it changed, also one without an entry.
_BEFORE_ANY = datetime(1970, 1, 1, tzinfo=UTC)


def render_feed(
    newsletter: NewsletterSettings, issues: Sequence[ArchivedIssue]
) -> bytes:
    """Return the feed of the newest issues.

    Args:
        newsletter: With ``base_url``.
        issues: Newest first.
    """
    home = f"{newsletter.base_url}/"
    shown = issues[:_MOST_ENTRIES]
    changed = max((issue.updated_at for issue in shown), default=_BEFORE_ANY)
    feed = ElementTree.Element("feed", _marks(newsletter.language) | {"xmlns": _ATOM})
    _add(feed, "id", home)
    _add(feed, "title", newsletter.name)
    _add(feed, "updated", _instant(changed))
    _add(feed, "link", rel="self", type=MEDIA_TYPE, href=f"{home}{FEED_NAME}")
    _add(feed, "link", rel="alternate", type="text/html", href=home)
    _add(_add(feed, "author"), "name", newsletter.name)
    for issue in shown:
        _add_entry(feed, issue, f"{home}{issue.slug}/")
    ElementTree.indent(feed, "")
    data: bytes = ElementTree.tostring(feed, "utf-8", xml_declaration=True)
    return data + b"\n"


def _add_entry(feed: ElementTree.Element, issue: ArchivedIssue, address: str) -> None:
    entry = ElementTree.SubElement(feed, "entry", _marks(issue.language))
    _add(entry, "id", address)
    _add(entry, "title", issue.title)
    _add(entry, "published", _instant(issue.sent_at))
    _add(entry, "updated", _instant(issue.updated_at))
    _add(
        entry,
        "link",
        rel="alternate",
        type="text/html",
        hreflang=issue.language,
        href=address,
    )
    if issue.summary:
        _add(entry, "summary", issue.summary)


def _add(
    parent: ElementTree.Element, name: str, text: str = "", **marks: str
) -> ElementTree.Element:
    child = ElementTree.SubElement(parent, name, marks)
    child.text = _NO_XML.sub("", text) or None
    return child


def _marks(language: str) -> dict[str, str]:
    return {"xml:lang": language}


def _instant(moment: datetime) -> str:
    """Return an instant as RFC 3339 writes it."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
