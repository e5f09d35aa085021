"""The plain text part: for who reads without pictures, and for filters that compare.

The text is made from the issue and not from the HTML, so what differs is nearly always
something that a template of the project says and the text cannot know.
"""

import re
from collections import Counter
from collections.abc import Collection, Iterator

from newsletter.checks.facts import Facts, found, template_place
from newsletter.checks.page import Page, page_of
from newsletter.model.assembled import Assembled
from newsletter.model.copy import Copy
from newsletter.model.finding import Finding
from newsletter.model.problem import Place

#: So many words at least: of a shorter mail nothing can be told from its words.
_ENOUGH_WORDS = 50
#: A text of less than a quarter of the words is no letter but a word about one.
_STUB_SHARE = 0.25
#: rspamd's R_PARTS_DIFFER begins where half of the words differ; a little before that.
_SHARED_WORDS = 0.6
#: So many addresses are named in a message.
_MAX_NAMED = 3

_URL = re.compile(r"\b(?:https?://|mailto:|tel:)[^\s<>]+")
_WORD = re.compile(r"[^\W\d_]+")
_CHECKED = ("http://", "https://")
_ADVICE = (
    "The text says what the issue says. Write into the issue what readers should get, "
    "instead of into the template."
)


def check_text_part(assembled: Assembled, facts: Facts) -> list[Finding]:
    """Report a plain text that is missing, a stub, or not what the HTML says."""
    place = template_place(assembled.issue, facts)
    # Fields add the same words to both parts: of other copies there is nothing to tell.
    first = facts.copies[:1]
    # A footer of one's own may leave out the page on which the issue is shown.
    own = f"{facts.base_url.rstrip('/')}/{assembled.issue.slug}/"
    return [told for copy in first for told in _look(copy, place, own)]


def _look(copy: Copy, place: Place, own_page: str) -> Iterator[Finding]:
    if not copy.text.strip():
        message = "the mail has no plain text."
        advice = "This is a fault of newsletter: please report it with this line."
        yield found("text-missing", place, message, advice)
        return
    page = page_of(copy.html)
    html, text = _html_words(page), Counter(_words(copy.text))
    if html.total() >= _ENOUGH_WORDS:
        yield from _differences(html, text, place)
    yield from _links(page, copy, place, own_page)


def _differences(
    html: Counter[str], text: Counter[str], place: Place
) -> Iterator[Finding]:
    shared = (html & text).total() / max(html.total(), text.total())
    if text.total() < html.total() * _STUB_SHARE:
        message = f"the plain text has {text.total()} of about {html.total()} words."
        yield found("text-stub", place, message, _ADVICE)
    elif shared < _SHARED_WORDS:
        message = f"HTML and plain text of the mail share {shared:.0%} of their words."
        yield found("text-differs", place, message, _ADVICE)


def _links(page: Page, copy: Copy, place: Place, own_page: str) -> Iterator[Finding]:
    """Yield the addresses that only one of the two parts has.

    Those of the reader are left out: `unsubscribe-place` and `token-leak` tell of them.
    """
    text = copy.text

    def counts(url: str) -> bool:
        return url.startswith(_CHECKED) and not any(t in url for t in copy.tokens)

    linked = {link.href for link in page.links if counts(link.href)}
    written = {url for url in _URL.findall(text) if counts(url)}
    # Looking through the whole text is for the few that are written in another way.
    only_html = [u for u in sorted(linked - written) if u not in text]
    others = sorted(written - {own_page})
    only_text = [url for url in others if not _is_linked(url, linked, page)]
    for urls, here, there in (
        (only_html, "HTML", "plain text"),
        (only_text, "plain text", "HTML"),
    ):
        if urls:
            yield found(
                "text-links",
                place,
                f"{_named(urls)}: in the {here} of the mail, not in its {there}.",
                _ADVICE,
            )


def _is_linked(url: str, linked: Collection[str], page: Page) -> bool:
    # A full stop or a bracket behind an address may be part of it or not.
    bare = url.rstrip(".,;:!?)]}'\"")
    if url in linked or bare in linked:
        return True
    return any(href.startswith(bare) for href in linked) or bare in page.text


def _named(urls: list[str]) -> str:
    more = len(urls) - _MAX_NAMED
    return ", ".join(urls[:_MAX_NAMED]) + (f" and {more} more" if more > 0 else "")


def _html_words(page: Page) -> Counter[str]:
    """Return the words of a page, those of pictures included."""
    pictures = (e.get("alt", "") for e in page.elements if e.tag == "img")
    return Counter(_words(" ".join((page.text, *pictures))))


def _words(text: str) -> Iterator[str]:
    # Headings are in capitals in the text.
    return iter(_WORD.findall(_URL.sub(" ", text).casefold()))
