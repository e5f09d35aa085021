"""What a browser made of a mail -> findings: too pale, too small, too near, too wide.

Pure. Law: one finding for one cause, with the words where it was seen first and the
number of other places; the cause is mostly one line of a template.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

from newsletter.checks.facts import Facts, found, template_place
from newsletter.checks.whereabouts import Definition
from newsletter.clients import colours
from newsletter.model.assembled import Assembled
from newsletter.model.finding import Finding
from newsletter.model.problem import Place
from newsletter.model.rendered import Colour, Look, Rendering, SeenLink, SeenText

#: WCAG 2.2, 1.4.3: letters against ground, and the same for large letters.
_CONTRAST = 4.5
_CONTRAST_LARGE = 3.0
#: "Large": 18 points, or 14 points and bold; a point is 4/3 pixels.
_LARGE_PX = 24.0
_LARGE_BOLD_PX = 18.66
#: Letters nobody should have to read on a telephone.
_TINY_PX = 12.0
_SMALL_PX = 14.0
#: Smaller ones belong to `hidden-text`: they are not meant to be read.
_HIDDEN_PX = 2.0
#: Letters of a paragraph; what is shorter is a caption, a label or a signature.
_PARAGRAPH = 40
#: Distance of lines against the height of letters; WCAG 1.4.8 asks for 1.5.
_LINE_HEIGHT = 1.4
#: WCAG 2.2, 2.5.8, in pixels; links in sentences are exempt, and lonely ones.
_TARGET_PX = 24.0
#: Apple, Human Interface Guidelines: the smallest button.
_BUTTON_PX = 44.0
#: Of a measured length: painting rounds.
_ROUNDING = 0.5


def check_rendered(assembled: Assembled, facts: Facts) -> list[Finding]:
    """Report what a browser showed, if one was asked."""
    if not facts.renderings:
        return []
    spot = _Spot(assembled, facts)
    light = [one for one in facts.renderings if one.look is Look.LIGHT]
    texts = [text for one in light for text in one.texts]
    links = [link for one in light for link in one.links]
    return [
        *_contrast(texts, spot),
        *_contrast_in_the_dark(facts.renderings, spot),
        *_plain_links(links, spot),
        *_tiny_letters(texts, spot),
        *_small_letters(texts, spot),
        *_close_lines(texts, spot),
        *_small_targets(links, spot),
        *_small_buttons(links, spot),
        *_width(light, spot),
    ]


class _Spot:
    """Where findings are placed, and where they are put right."""

    def __init__(self, assembled: Assembled, facts: Facts) -> None:
        issue = assembled.issue
        self._definition = Definition(issue.file, facts.source)
        self._link_places = {use.url: use.place for use in reversed(assembled.links)}
        self._template = template_place(issue, facts)
        self.styles = facts.template_file or "the templates of this project"

    def is_written(self, words: str) -> bool:
        return self._definition.holds(words)

    def of_words(self, words: Iterable[str]) -> Place:
        places = (self._definition.place_of(one) for one in words)
        return next(filter(None, places), self._template)

    def of_links(self, links: Iterable[SeenLink]) -> Place:
        places = (self._link_places.get(link.href) for link in links)
        return next(filter(None, places), self._template)


def contrast(one: Colour, other: Colour) -> float:
    """Return the contrast of two colours: 1 to 21 (WCAG 2.2, contrast ratio)."""
    return colours.contrast(_of_parts(one), _of_parts(other))


def _of_parts(colour: Colour) -> colours.Colour:
    parts = (colour.red, colour.green, colour.blue)
    return colours.Colour(*(part / 255 for part in parts))


# --- colours --------------------------------------------------------------------------

_Pair = tuple[Colour, Colour, float]


def _contrast(texts: Sequence[SeenText], spot: _Spot) -> Iterator[Finding]:
    for (colour, ground, needed), words in _pale(texts).items():
        yield found(
            "contrast",
            spot.of_words(words),
            f"letters in {colour} on {ground} are hard to read: their contrast is "
            f"{_shown(contrast(colour, ground))} to 1, and {needed:g} is "
            f"needed{_seen_at(words)}.",
            f"Choose darker letters or a lighter ground in {spot.styles}.",
        )


def _contrast_in_the_dark(
    renderings: Sequence[Rendering], spot: _Spot
) -> Iterator[Finding]:
    """Report each pair of colours once, and no text that is pale in the light too."""
    light = [t for one in renderings if one.look is Look.LIGHT for t in one.texts]
    told = {word for words in _pale(light).values() for word in words}
    reasons = {
        Look.DARK: "in the dark",
        Look.INVERTED: "where a mail program turns all colours round",
    }
    for look, when in reasons.items():
        texts = [t for one in renderings if one.look is look for t in one.texts]
        fresh = [text for text in texts if text.words not in told]
        pale = _pale(fresh, is_forced=look is Look.INVERTED)
        for (colour, ground, needed), words in pale.items():
            told.update(words)
            yield found(
                "contrast-dark",
                spot.of_words(words),
                f"{when}, letters in {colour} on {ground} are hard to read: their "
                f"contrast is {_shown(contrast(colour, ground))} to 1, and "
                f"{needed:g} is needed{_seen_at(words)}.",
                f"Choose colours further apart in {spot.styles}, in the rules for "
                "the dark too.",
            )


def _pale(
    texts: Iterable[SeenText], *, is_forced: bool = False
) -> dict[_Pair, list[str]]:
    """Return colours with too little contrast, and the words they are seen at."""
    pale: defaultdict[_Pair, list[str]] = defaultdict(list)
    for text in texts:
        if text.ground is None or text.font_px <= _HIDDEN_PX:
            continue
        # Where a program chooses the colours itself nobody can design for each of
        # them: only what can hardly be read counts.
        is_lenient = is_forced or _is_large(text)
        needed = _CONTRAST_LARGE if is_lenient else _CONTRAST
        if contrast(text.colour, text.ground) < needed:
            pale[text.colour, text.ground, needed].append(text.words)
    return {pair: list(dict.fromkeys(words)) for pair, words in pale.items()}


def _is_large(text: SeenText) -> bool:
    return text.font_px >= (_LARGE_BOLD_PX if text.is_bold else _LARGE_PX)


def _shown(ratio: float) -> str:
    """Return a contrast rounded down: 4.49 is not 4.5."""
    return f"{int(ratio * 10) / 10:g}"


def _plain_links(links: Sequence[SeenLink], spot: _Spot) -> Iterator[Finding]:
    plain = _each_once(one for one in links if one.is_in_text and not one.is_marked)
    if plain:
        yield found(
            "link-distinct",
            spot.of_links(plain),
            "no line and no weight sets this link off from the words around it"
            f"{_seen_at([link.words for link in plain])}.",
            f"Underline links in {spot.styles}: not everybody sees their colour.",
        )


# --- sizes ----------------------------------------------------------------------------


def _tiny_letters(texts: Sequence[SeenText], spot: _Spot) -> Iterator[Finding]:
    tiny = [text for text in texts if _HIDDEN_PX < text.font_px < _TINY_PX]
    if tiny:
        words = _words_of(tiny)
        yield found(
            "font-tiny",
            spot.of_words(words),
            f"letters of {_range(t.font_px for t in tiny)} pixels are too small to "
            f"read{_seen_at(words)}.",
            f"Give them 14 pixels or more in {spot.styles}.",
        )


def _small_letters(texts: Sequence[SeenText], spot: _Spot) -> Iterator[Finding]:
    """Report paragraphs of the issue; labels and closing lines may be smaller."""
    small = [
        text
        for text in texts
        if _TINY_PX <= text.block_font_px < _SMALL_PX
        and _is_running(text)
        and spot.is_written(text.words)
    ]
    if small:
        words = _words_of(small)
        yield found(
            "font-small",
            spot.of_words(words),
            f"paragraphs in letters of {_range(t.block_font_px for t in small)} "
            f"pixels are small on a phone{_seen_at(words)}.",
            f"Give them 16 pixels, 14 at least, in {spot.styles}.",
        )


def _close_lines(texts: Sequence[SeenText], spot: _Spot) -> Iterator[Finding]:
    close = [
        text
        for text in texts
        if text.lines > 1
        and text.line_px + _ROUNDING < _LINE_HEIGHT * text.font_px
        and text.font_px >= _TINY_PX
        and _is_running(text)
    ]
    if close:
        words = _words_of(close)
        yield found(
            "line-height",
            spot.of_words(words),
            "lines stand close together: "
            f"{_range(t.line_px / t.font_px for t in close)} times the size of their "
            f"letters{_seen_at(words)}.",
            f"Write line-height: 1.5 in {spot.styles}.",
        )


def _is_running(text: SeenText) -> bool:
    return not text.is_heading and text.block_length >= _PARAGRAPH


def _small_targets(links: Sequence[SeenLink], spot: _Spot) -> Iterator[Finding]:
    small = _each_once(
        link
        for link in links
        if min(link.width_px, link.height_px) + _ROUNDING < _TARGET_PX
        and link.is_crowded
        and not link.is_in_text
    )
    if small:
        first = small[0]
        yield found(
            "tap-target",
            spot.of_links(small),
            f"this link is {first.width_px:.0f} by {first.height_px:.0f} pixels and "
            "close to another: a finger hits both"
            f"{_seen_at([link.words for link in small])}.",
            f"Give links 24 pixels of room in {spot.styles}, or a line of their own.",
        )


def _small_buttons(links: Sequence[SeenLink], spot: _Spot) -> Iterator[Finding]:
    small = _each_once(
        link
        for link in links
        if link.is_button and link.height_px + _ROUNDING < _BUTTON_PX
    )
    if small:
        yield found(
            "tap-target-small",
            spot.of_links(small),
            f"this button is {small[0].height_px:.0f} pixels high, and fingers need "
            f"{_BUTTON_PX:g}{_seen_at([link.words for link in small])}.",
            f"Give buttons more padding in {spot.styles}.",
        )


def _width(renderings: Sequence[Rendering], spot: _Spot) -> Iterator[Finding]:
    """Report the widest window that is too narrow: what fits 320 pixels fits 640."""
    too_wide = [one for one in renderings if one.page_width_px > one.width_px + 1]
    if not too_wide:
        return
    worst = max(too_wide, key=lambda one: (one.width_px, one.page_width_px))
    things = sorted(worst.wide, key=lambda thing: -thing.width_px)
    words = [thing.words for thing in things if thing.words]
    yield found(
        "width",
        spot.of_words(words),
        f"in a window of {worst.width_px} pixels one has to scroll sideways: the mail "
        f"is {worst.page_width_px} pixels wide{_seen_at(words)}.",
        "Make tables narrower and break long words, or give what is too wide "
        f"max-width: 100% in {spot.styles}.",
    )


# --- words ----------------------------------------------------------------------------


def _words_of(texts: Iterable[SeenText]) -> list[str]:
    return list(dict.fromkeys(text.words for text in texts))


def _each_once(links: Iterable[SeenLink]) -> list[SeenLink]:
    """Return each link once, whatever the number of windows it was seen in."""
    once = {(link.href, link.words): link for link in reversed(list(links))}
    return list(reversed(once.values()))


def _range(numbers: Iterable[float]) -> str:
    low, high = min(both := [round(n, 1) for n in numbers]), max(both)
    return f"{low:g}" if low == high else f"{low:g} to {high:g}"


#: Characters of a text shown in a finding.
_SAMPLE = 40


def _seen_at(words: Sequence[str]) -> str:
    """Return `` ("words of the first" and 3 more places)``; nothing without words."""
    if not words:
        return ""
    first, more = words[0], len(words) - 1
    if len(first) > _SAMPLE:
        first = f"{first[:_SAMPLE].rsplit(' ', 1)[0].rstrip()} …"
    places = "place" if more == 1 else "places"
    return f' ("{first}"' + (f" and {more} more {places})" if more else ")")
