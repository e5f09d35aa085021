"""Pictures in the HTML of a copy: what a template can do wrong with them.

A picture of the issue comes with sizes and as JPEG, PNG or GIF, and its words are
judged by the model (`checks.images`), which knows their line.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Final
from urllib.parse import urlsplit

from lxml.html import HtmlElement

from newsletter.checks.css import addresses_in
from newsletter.checks.facts import Facts, found, template_place
from newsletter.checks.page import Page, first_page, seen_text
from newsletter.model.assembled import Assembled, AssembledImage
from newsletter.model.finding import Finding
from newsletter.model.problem import Place

#: HTML_IMAGE_ONLY_04 of SpamAssassin 4.0.1: a picture, and at most so many bytes of
#: words. In CJK or Arabic script so many bytes are fewer letters, and say as much.
_LEAST_WORDS: Final = 400

#: A line with more names than this is not read.
_MOST_NAMED: Final = 3

#: Pattern of what is looked for -> where it stands in the project's templates.
_Find = Callable[[str], Place]

#: What a style sheet fetches beside pictures; other rules tell of it.
_NO_PICTURES = re.compile(
    r"@import[^;]*;?|@font-face\s*\{[^}]*\}", re.IGNORECASE | re.DOTALL
)
_VML_SOURCE = re.compile(r"<v:\w+\s[^>]*?\bsrc=[\"']([^\"']+)", re.IGNORECASE)


def check_template_pictures(assembled: Assembled, facts: Facts) -> list[Finding]:
    """Report pictures that are fetched, unsized or wordless, or all there is."""
    page = first_page(facts)
    if page is None:
        return []
    images = [element for element in page.elements if element.tag == "img"]

    def place(pattern: str) -> Place:
        return template_place(assembled.issue, facts, pattern)

    return [
        *_wordless(images, assembled.images, place),
        *_remote(page, facts.base_url, place),
        *_unsized(images, place),
        *_alone(images, page, Place(assembled.issue.file)),
    ]


def _wordless(
    images: Sequence[HtmlElement], of_issue: Sequence[AssembledImage], place: _Find
) -> Iterator[Finding]:
    missing = [image for image in images if image.get("alt") is None]
    if missing:
        yield found(
            "alt-missing",
            place(r"<img(?![^>]*\balt=)"),
            f"the template shows {_named(missing)} without words for who does not see.",
            'Add alt="what it shows", or alt="" where it only decorates.',
        )
    links = [image for image in images if _is_wordless_link(image, of_issue)]
    if links:
        yield found(
            "alt-missing",
            place(r"<img[^>]*\balt=[\"']{2}"),
            f"the template links {_named(links)} and says nowhere where to.",
            'Write where the link leads: alt="Our web site".',
        )


def _is_wordless_link(image: HtmlElement, of_issue: Sequence[AssembledImage]) -> bool:
    link = next(image.iterancestors("a"), None)
    if link is None or image.get("alt") is None or _is_of_issue(image, of_issue):
        return False
    words = [seen_text(link), *(inner.get("alt", "") for inner in link.iter("img"))]
    return not "".join(words).strip() and not link.get("aria-label")


def _is_of_issue(image: HtmlElement, of_issue: Sequence[AssembledImage]) -> bool:
    source = image.get("src", "")
    return any(
        source == f"cid:{known.content_id}" or source.endswith(f"/{known.name}")
        for known in of_issue
    )


def _remote(page: Page, base_url: str, place: _Find) -> Iterator[Finding]:
    own = f"{base_url.rstrip('/')}/" if base_url else None
    hosts = [
        urlsplit(address).hostname or address
        for address in _addresses(page)
        if address.lower().startswith(("http://", "https://", "//"))
        and not (own and address.startswith(own))
    ]
    if hosts:
        yield found(
            "image-remote",
            place(re.escape(hosts[0])),
            f"the template fetches pictures from {_listed(dict.fromkeys(hosts))}, "
            "where they learn who reads the mail and when.",
            "Put them below your base_url, or make one the logo in newsletter.toml.",
        )


def _addresses(page: Page) -> Iterator[str]:
    """Yield the addresses from which mail programs fetch pictures."""
    for element in page.elements:
        if element.tag == "img":
            yield element.get("src", "").strip()
        yield element.get("background", "").strip()
    for style in page.styles:
        yield from addresses_in(_NO_PICTURES.sub("", style.css))
    for inline in page.inline_styles:
        yield from addresses_in(inline)
    for conditional in page.conditionals:
        yield from _VML_SOURCE.findall(conditional.content)


def _unsized(images: Sequence[HtmlElement], place: _Find) -> Iterator[Finding]:
    unsized = [i for i in images if not (i.get("width") and i.get("height"))]
    if unsized:
        yield found(
            "image-size",
            place(r"<img(?![^>]*\bwidth=)|<img(?![^>]*\bheight=)"),
            f"the template shows {_named(unsized)} without a size: Outlook shows "
            "pictures as large as their file, and the text jumps as they come.",
            'Add width="…" and height="…" in pixels, without "px".',
        )


def _alone(
    images: Sequence[HtmlElement], page: Page, place: Place
) -> Iterator[Finding]:
    words = len(page.text.encode())
    if images and words < _LEAST_WORDS:
        yield found(
            "image-only",
            place,
            f"beside its pictures the mail has only {len(page.text)} letters of text; "
            "spam filters count that against it, and without pictures it says little.",
            "Say in words what the picture says.",
        )


def _named(images: Sequence[HtmlElement]) -> str:
    """Return the pictures by their file names, each once."""
    sources = [image.get("src", "").rpartition("/")[2] for image in images]
    names = [f'"{source[:40]}"' if source else "one" for source in sources]
    return "the picture " + _listed(dict.fromkeys(names))


def _listed(names: dict[str, None]) -> str:
    shown = list(names)[:_MOST_NAMED]
    more = len(names) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more else "")
