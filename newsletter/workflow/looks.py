"""The copies of an issue as other programs on this computer see them, when asked.

A browser shows what a mail looks like, SpamAssassin what its content is taken for. Both
take seconds and need to be installed, so a check asks them only where it is told to.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from newsletter.checks.browser.chromium import Pictures, View, measure
from newsletter.checks.spamassassin import score_mail
from newsletter.clients.imitations import imitate
from newsletter.model.assembled import Assembled
from newsletter.model.copy import Copy
from newsletter.model.rendered import Look, Rendering
from newsletter.model.spam import SpamReport

#: The narrowest window that WCAG 1.4.10 asks for, and the widest mail of ours.
_NARROW_PX = 320
_WIDE_PX = 640


@dataclass(frozen=True, slots=True)
class Programs:
    """Which programs to ask."""

    #: Chromium, for what a mail looks like.
    browser: bool = False
    #: SpamAssassin, for what its content is taken for.
    spam_filter: bool = False


#: What a check asks unless it is told to.
NO_PROGRAMS = Programs()


def score_copies(copies: Sequence[Copy]) -> SpamReport | None:
    """Return what SpamAssassin says of the first copy; the others hardly differ.

    Raises:
        OperationError: It is not installed, or does not work.
    """
    return score_mail(copies[0].data) if copies else None


def render_copies(
    assembled: Assembled, copies: Sequence[Copy]
) -> tuple[Rendering, ...]:
    """Return what the installed Chromium makes of the copies; some two seconds.

    Raises:
        OperationError: playwright or Chromium is missing, or does not work.
    """
    views = tuple(views_of(copies))
    return measure(views, pictures_of(assembled)) if views else ()


def pictures_of(assembled: Assembled) -> Pictures:
    """Return the pictures of a mail under the names that it has for them."""
    return {
        name: (image.media_type, image.data)
        for image in (*assembled.images, *assembled.embedded)
        for name in (image.content_id, image.name)
    }


def views_of(copies: Sequence[Copy]) -> Iterator[View]:
    """Yield how the copies are looked at.

    The first in every way; the others, which differ in what is filled in, where it is
    narrow.
    """
    if not copies:
        return
    first, *others = dict.fromkeys(copy.html for copy in copies)
    yield View(first, _NARROW_PX)
    yield View(first, _WIDE_PX)
    yield View(first, _WIDE_PX, Look.DARK)
    yield View(imitate("dark-invert", first).html, _WIDE_PX, Look.INVERTED)
    for html in others:
        yield View(html, _NARROW_PX)
