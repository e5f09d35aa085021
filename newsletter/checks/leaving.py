"""Can every reader leave: by a link they see, by the button of their mail program?"""

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from newsletter.addresses import is_loopback
from newsletter.checks.each_copy import look_at_copies
from newsletter.checks.facts import Facts, found, template_place
from newsletter.checks.page import PageLink, is_hidden, page_of
from newsletter.model.assembled import Assembled
from newsletter.model.copy import Copy
from newsletter.model.finding import Finding
from newsletter.model.problem import Place

#: RFC 8058, section 3.1: exactly this.
_POST = "List-Unsubscribe=One-Click"
_ITEM = re.compile(r"<([^<>]*)>")


def check_leaving(assembled: Assembled, facts: Facts) -> list[Finding]:
    """Report a mail that cannot be left, or not as easily as it should be."""
    footer = template_place(assembled.issue, facts)
    template = assembled.issue.template
    whole = Place(assembled.issue.file)
    return [
        *look_at_copies(facts, lambda copy: _missing_places(copy, footer, template)),
        *look_at_copies(facts, lambda copy: _header_faults(copy, facts, whole)),
        *_unsafe_pages(facts.base_url),
    ]


def _missing_places(copy: Copy, place: Place, template: str) -> Iterator[Finding]:
    advice = (
        "Put it back into the footer of the template "
        f'"{template}": <a href="{{{{ unsubscribe_url }}}}">Unsubscribe</a>.'
    )
    links = [link for link in page_of(copy.html).links if _leads_out(link.href, copy)]
    if not links:
        message = "the mail has no link to unsubscribe."
        yield found("unsubscribe-place", place, message, advice)
    elif not any(map(_is_seen, links)):
        message = "nobody sees the link to unsubscribe: it is hidden, or has no words."
        yield found("unsubscribe-place", place, message, advice)
    if not _leads_out(copy.text, copy):
        message = "the plain text of the mail has no link to unsubscribe."
        yield found("unsubscribe-place", place, message, advice)


def _leads_out(text: str, copy: Copy) -> bool:
    """Whether *text* holds the address by which this reader leaves."""
    return any(token in text for token in copy.tokens[:1])


def _is_seen(link: PageLink) -> bool:
    around = (link.element, *link.element.iterancestors())
    return bool(link.words) and not any(map(is_hidden, around))


def _header_faults(copy: Copy, facts: Facts, place: Place) -> Iterator[Finding]:
    for message in _said_wrongly(copy, has_pages=facts.base_url.startswith("https://")):
        yield found(
            "unsubscribe-header",
            place,
            f"{message} Mail programs then offer no button for leaving.",
            "This is a fault of newsletter: please report it with this line.",
        )


def _said_wrongly(copy: Copy, *, has_pages: bool) -> Iterator[str]:
    written = copy.values("List-Unsubscribe")
    if len(written) != 1:
        yield f"the mail has {len(written) or 'no'} List-Unsubscribe."
        return
    if "=?" in written[0]:
        yield "List-Unsubscribe is encoded."
        return
    ways = {urlsplit(url).scheme.lower() for url in _ITEM.findall(written[0])}
    if "mailto" not in ways:
        yield "List-Unsubscribe has no mailto address."
    if has_pages and "https" not in ways:
        yield "List-Unsubscribe has no https address."
    if has_pages and copy.values("List-Unsubscribe-Post") != (_POST,):
        yield f"List-Unsubscribe-Post does not say {_POST} once."


def _unsafe_pages(base_url: str) -> Iterator[Finding]:
    """Report pages without https: no mail program offers its own button for them.

    RFC 8058, section 3.1: one click is for https addresses alone.
    """
    if not base_url.startswith("http://"):
        return
    place = Place("newsletter.toml")
    if is_loopback(urlsplit(base_url).hostname or ""):
        yield found(
            "one-click-local",
            place,
            f"the pages of base_url, {base_url}, are on this computer alone: "
            "readers elsewhere cannot open them.",
            "Good for trying out; before sending, write the public address, "
            'which begins with "https://".',
        )
    else:
        yield found(
            "one-click",
            place,
            "base_url does not begin with https://: mail programs offer no button "
            "for leaving with one click.",
            'Let the pages be served with https, and write "https://…".',
        )
