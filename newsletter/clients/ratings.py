"""What becomes of a mail where a feature is missing: one entry for each feature. Pure.

`RATINGS` holds what a reader would notice, `HARMLESS` the rest with the reason. The
words follow one another in a sentence: "a grid does not work in GMX: its parts …".
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum


class Consequence(IntEnum):
    """What a reader has of it; the gravest is the greatest."""

    HARMLESS = 0
    #: Plainer, and all there.
    DEGRADES = 1
    #: Lost, unreadable or twice there.
    BREAKS = 2


@dataclass(frozen=True, slots=True)
class Rating:
    """What is known of one feature, in words for an editor."""

    #: What it is: "a grid".
    what: str
    #: What to do instead: whole sentences.
    advice: str
    #: What the reader sees where content is lost, or nothing where that cannot be.
    breaks: str = ""
    #: What the reader sees where the mail is only plainer.
    degrades: str = ""

    @property
    def usual(self) -> Consequence:
        """What it comes to unless its surroundings say otherwise."""
        return Consequence.DEGRADES if self.degrades else Consequence.BREAKS

    def seen(self, consequence: Consequence) -> str:
        """Return what the reader sees."""
        return self.breaks if consequence is Consequence.BREAKS else self.degrades


_COLUMNS = "Build it of <mj-column>s or of table cells, which every program knows."
_GROUND = "Give the same element a background-color on which its words can be read."
_PICTURE = "Use a PNG, JPEG or GIF picture."
_LOSES_COLOUR = "the colour is missing, and its words can hardly be read"
_PLAIN_COLOUR = "the colour is missing"
_COLOUR_ADVICE = "Write the colour as #rrggbb."
_STILL = "nothing moves"
_FINE = "That is fine for decoration; nothing should depend on it."
_NO_PICTURE = "the picture is missing; only its alternative text is left"
_NO_ORNAMENT = "the picture is missing"
_LENGTHS = "Write the length in pixels."
_NO_LENGTH = "the length is left out, so letters or parts have another size"


def _colour(what: str, advice: str = _COLOUR_ADVICE) -> Rating:
    return Rating(what, advice, _LOSES_COLOUR, _PLAIN_COLOUR)


def _gradient(what: str) -> Rating:
    lost = "the gradient is missing, and its words can hardly be read"
    return Rating(what, _GROUND, lost, "the gradient is missing")


def _format(name: str, advice: str = _PICTURE) -> Rating:
    return Rating(f"a picture in {name}", advice, _NO_PICTURE, _NO_ORNAMENT)


def _ornament(what: str, seen: str) -> Rating:
    return Rating(what, _FINE, degrades=seen)


def _length(unit: str) -> Rating:
    return Rating(f"a length in {unit}", _LENGTHS, degrades=_NO_LENGTH)


def _side(what: str, instead: str) -> Rating:
    advice = f"Write {instead}."
    return Rating(what, advice, degrades="it is left out, as if it were not there")


def _field(what: str) -> Rating:
    advice = "Link to a page with the form instead."
    return Rating(what, advice, "it is missing, or can be seen and not used")


def _which(selector: str) -> Rating:
    advice = "Give those elements a class, and write its style in the .css.j2 file."
    return Rating(f"the selector {selector}", advice, degrades="its styles are missing")


_BESIDE = "what should stand side by side stands one below the other"

RATINGS: Mapping[str, Rating] = {
    # layout
    "css-display-grid": Rating("a grid", _COLUMNS, _BESIDE),
    "css-display-flex": Rating("a flexible row", _COLUMNS, _BESIDE),
    "css-position": Rating(
        "a part that is placed by its position",
        "Let it stand in the text, or make it part of the picture.",
        "it stands where it is written, not on top of the rest",
        "it is not moved",
    ),
    "css-float": Rating("a floating part", _COLUMNS, degrades=_BESIDE),
    "css-column-count": _ornament("text in columns", "the text stands in one column"),
    "css-writing-mode": _ornament("upright writing", "the words stand in usual lines"),
    "css-transform": Rating(
        "a turned or moved part",
        "Make it part of a picture if that matters.",
        degrades="it stands straight, where it is written",
    ),
    "css-at-media": Rating(
        "showing one of two versions by the width of the screen",
        "Write one version that fits both.",
        "both versions are shown, one below the other",
    ),
    "css-visibility": Rating(
        "hiding by visibility",
        "Leave it out of the mail, or use display: none.",
        "what should be hidden is shown",
    ),
    "html-hidden": Rating(
        "the attribute hidden",
        "Leave it out of the mail, or use display: none.",
        "what should be hidden is shown",
    ),
    # colours and grounds
    "css-background-image": Rating(
        "a background picture",
        _GROUND,
        "the picture is missing, and the words on it can hardly be read",
        "the picture is missing",
    ),
    "css-linear-gradient": _gradient("a gradient"),
    "css-radial-gradient": _gradient("a round gradient"),
    "css-conic-gradient": _gradient("a conic gradient"),
    "css-variables": Rating(
        "a variable",
        "Write the value itself: a template can hold it in a variable of Jinja.",
        "the value is missing, and words can hardly be read",
        "the value is missing",
    ),
    "css-modern-color": _colour("a colour as lab() or lch()"),
    "css-function-light-dark": _colour("a colour as light-dark()"),
    "css-rgba": _colour("a colour as rgba()"),
    # pictures and what moves
    "image-svg": _format("SVG"),
    "image-base64": _format(
        "the text of the mail itself (base64)", "Write the address of a picture file."
    ),
    "image-webp": _format("WebP"),
    "image-avif": _format("AVIF"),
    "image-heif": _format("HEIC"),
    "image-tiff": _format("TIFF"),
    "image-ico": _format("ICO"),
    "image-bmp": _format("BMP"),
    "image-hdr": _format("HDR"),
    "image-mp4": _format("MP4"),
    "image-apng": _ornament("a moving PNG", "its first picture is shown"),
    "html-svg": Rating(
        "a drawing in the HTML (SVG)",
        _PICTURE,
        "the drawing is missing",
        "the drawing is missing",
    ),
    "html-video": Rating(
        "a film",
        "Show a picture that links to the film on a page.",
        "the film is missing, and nothing stands in its place",
    ),
    "html-audio": Rating(
        "a sound",
        "Link to the sound on a page.",
        "the sound is missing, and nothing stands in its place",
    ),
    "html-object": Rating("an embedded object", _PICTURE, "it is missing"),
    "html-image-maps": Rating(
        "a picture with several links in it",
        "Cut it into pictures with a link each, or write the links below it.",
        "its links cannot be followed",
    ),
    "css-animation": Rating(
        "an animation",
        "What is shown first must hold all there is to say.",
        "it never appears, for only the animation would show it",
        _STILL,
    ),
    "css-at-keyframes": _ornament("the steps of an animation", _STILL),
    "css-transition": _ornament("a smooth change", "it changes at once or not at all"),
    "css-object-fit": Rating(
        "cutting a picture to its frame",
        "Cut the picture itself.",
        degrades="the picture is stretched or squeezed",
    ),
    "css-aspect-ratio": Rating(
        "a fixed shape",
        "Write width and height.",
        degrades="it is as high as what it holds",
    ),
    # ornament
    "css-border-radius": _ornament("round corners", "the corners are square"),
    "css-border-radius-logical": _ornament("round corners", "the corners are square"),
    "css-border-image": _ornament("a border of pictures", "the border is plain"),
    "css-box-shadow": _ornament("a shadow", "there is no shadow"),
    "css-text-shadow": _ornament("shadowed letters", "the letters have no shadow"),
    "css-filter": _ornament("a filter", "it looks as it is without"),
    "css-backdrop-filter": _ornament("a filter of the ground", "it looks as without"),
    "css-mix-blend-mode": _ornament("blended colours", "the colours do not blend"),
    "css-background-blend-mode": _ornament("blended grounds", "they do not blend"),
    "css-clip-path": _ornament("a cut shape", "it is a rectangle"),
    "css-mask-image": _ornament("a mask", "it is a rectangle"),
    "css-opacity": _ornament("see-through parts", "they are solid"),
    "css-list-style-image": _ornament("pictures as bullets", "the bullets are plain"),
    "css-at-font-face": _ornament(
        "a font of your own", "words are set in the next font of the list"
    ),
    # selectors and style sheets
    "html-style": Rating(
        "a style sheet that stays in the mail",
        "Write these styles in the .css.j2 file of the template: from there they "
        "become style attributes.",
        degrades="its styles are missing",
    ),
    "html-link": Rating(
        "a style sheet that is fetched",
        "Write the styles in the .css.j2 file of the template.",
        degrades="its styles are missing",
    ),
    "css-at-import": Rating(
        "a style sheet that is fetched",
        "Write the styles in the .css.j2 file of the template.",
        degrades="its styles are missing",
    ),
    "css-nesting": Rating(
        "rules inside rules",
        "Write them one after the other.",
        degrades="the inner rules are missing",
    ),
    "css-pseudo-class-hover": _ornament(
        "a change under the mouse", "nothing changes there"
    ),
    "css-pseudo-class-active": _ornament(
        "a change at a click", "nothing changes there"
    ),
    "css-pseudo-element-after": Rating(
        "words or ornament written by ::after",
        "Write the words in the template itself.",
        "these words are missing",
        "the ornament is missing",
    ),
    "css-pseudo-element-before": Rating(
        "words or ornament written by ::before",
        "Write the words in the template itself.",
        "these words are missing",
        "the ornament is missing",
    ),
    "css-pseudo-element-first-letter": _ornament(
        "a first letter of its own", "it looks like the others"
    ),
    "css-pseudo-class-checked": Rating(
        "parts that open at a click",
        "Show all of it, or link to a page.",
        degrades="they stay as they are at first",
    ),
    **{
        f"css-pseudo-class-{name}": _which(f":{name}")
        for name in (
            *("first-child", "last-child", "only-child", "nth-child", "nth-last-child"),
            *("first-of-type", "last-of-type", "only-of-type", "nth-of-type"),
            *("nth-last-of-type", "has", "not", "lang"),
        )
    },
    # lengths and sides
    **{f"css-unit-{u}": _length(u) for u in ("rem", "vw", "vh", "vmin", "vmax", "ch")},
    "css-unit-calc": _length("calc()"),
    "css-function-min": _length("min()"),
    "css-function-max": _length("max()"),
    "css-function-clamp": _length("clamp()"),
    "css-margin-inline-block": _side("a logical margin", "margin-left or margin-right"),
    "css-margin-inline-start-end": _side(
        "a logical margin", "margin-left or margin-right"
    ),
    "css-margin-block-start-end": _side(
        "a logical margin", "margin-top or margin-bottom"
    ),
    "css-padding-inline-block": _side(
        "a logical padding", "padding-left or padding-right"
    ),
    "css-padding-inline-start-end": _side(
        "a logical padding", "padding-left or padding-right"
    ),
    "css-padding-block-start-end": _side(
        "a logical padding", "padding-top or padding-bottom"
    ),
    "css-border-inline-block": _side("a logical border", "border-left or border-top"),
    "css-border-inline-block-individual": _side(
        "a logical border", "border-left or border-top"
    ),
    "css-border-inline-block-longhand": _side(
        "a logical border", "border-left or border-top"
    ),
    "css-block-inline-size": _side("a logical size", "width or height"),
    "css-inline-size": _side("a logical size", "width or height"),
    # what can be filled in or opened
    "html-form": _field("a form"),
    "html-select": _field("a field to choose from"),
    "html-textarea": _field("a field to write in"),
    **{f"html-input-{k}": _field("a field") for k in ("checkbox", "radio", "text")},
    **{f"html-input-{k}": _field("a button of a form") for k in ("reset", "submit")},
    **{f"html-button-{k}": _field("a button of a form") for k in ("reset", "submit")},
    "html-dialog": Rating(
        "a dialog", "Write it in the mail.", "it is missing, or always shown"
    ),
    "html-popover": Rating(
        "a part that pops up", "Write it in the mail.", "it is always shown"
    ),
    "html-marquee": _ornament("moving words", "the words stand still"),
    "html-meter": _ornament("a gauge", "the gauge is missing"),
    "html-progress": _ornament("a progress bar", "the bar is missing"),
    "html-anchor-links": Rating(
        "a link to a place in the mail",
        "Keep the mail short enough to do without.",
        degrades="a click does nothing",
    ),
}

_BY_REASON: Mapping[str, tuple[str, ...]] = {
    # Where the layout itself is missing, that is told.
    "told with the grid, the row or the place it belongs to": (
        *("css-align-items", "css-flex-direction", "css-flex-wrap", "css-gap"),
        *("css-grid-template", "css-inset", "css-justify-content"),
        *("css-left-right-top-bottom", "css-z-index", "css-shape-margin"),
        *("css-shape-outside", "css-clear", "css-column-layout-properties"),
    ),
    "told with the background, picture or mask it belongs to": (
        *("css-background", "css-background-clip", "css-background-origin"),
        *("css-background-position", "css-background-repeat", "css-background-size"),
        *("css-object-position", "html-background", "css-background-color"),
        *("css-rgb", "image-gif", "image-jpg", "image-png"),
    ),
    "asks first whether the program knows it": (
        *("css-at-media-device-pixel-ratio", "css-at-media-hover", "css-at-supports"),
        *("css-at-media-orientation", "css-at-media-prefers-color-scheme"),
        *("css-at-media-prefers-reduced-motion", "css-color-scheme"),
        *("html-meta-color-scheme", "html-picture", "html-srcset"),
        "html-loading-attribute",
    ),
    "a space or a size differs a little, and all words are there": (
        *("css-border", "css-border-collapse", "css-border-spacing", "css-box-sizing"),
        *("css-height", "css-width", "css-line-height", "css-letter-spacing"),
        *("css-margin", "css-padding", "css-max-height", "css-max-width"),
        *("css-min-height", "css-min-width", "css-max-block-size"),
        *("css-max-inline-size", "css-min-block-size", "css-min-inline-size"),
        *("css-intrinsic-size", "css-table-layout", "css-overflow", "css-word-spacing"),
        *("css-text-indent", "css-tab-size", "html-height", "html-width"),
        *("html-cellpadding", "html-cellspacing", "css-orphans", "css-widows"),
        *("css-empty-cells", "css-caption-side", "css-scroll-snap", "css-resize"),
    ),
    "lines break at other places": (
        *("css-hyphens", "css-hyphenate-character", "css-hyphenate-limit-chars"),
        *("css-overflow-wrap", "css-word-break", "css-word-wrap", "css-white-space"),
        *("css-white-space-collapse", "css-text-wrap", "css-text-overflow", "html-wbr"),
        *("css-text-justify", "css-text-align-last"),
    ),
    "letters look a little different": (
        *("css-font", "css-font-kerning", "css-font-size", "css-font-size-adjust"),
        *("css-font-stretch", "css-font-weight", "css-sytem-ui", "css-text-transform"),
        *("css-text-decoration", "css-text-decoration-color"),
        *("css-text-decoration-line", "css-text-decoration-skip-ink"),
        *("css-text-decoration-style", "css-text-decoration-thickness"),
        *("css-text-underline-offset", "css-text-underline-position"),
        *("css-text-emphasis", "css-text-emphasis-position", "css-text-orientation"),
        *("css-list-style", "css-list-style-position", "css-list-style-type"),
        *("css-outline", "css-outline-offset", "css-accent-color", "css-cursor"),
        *("html-abbr", "html-acronym", "html-dfn", "html-del", "html-strike"),
        *("html-small", "html-code", "html-pre", "html-ruby", "html-rp", "html-rt"),
        *("css-pseudo-element-first-line", "css-pseudo-element-marker"),
    ),
    # The sides are given by align and text-align too, in all built-in templates.
    "direction and sides are said more than once": (
        *("css-direction", "css-text-align", "css-vertical-align", "html-align"),
        *("html-valign", "html-dir", "html-bdi", "css-display"),
    ),
    "for who listens or looks it up; nothing can be done where it is dropped": (
        *("html-aria-describedby", "html-aria-hidden", "html-aria-label"),
        *("html-aria-labelledby", "html-aria-live", "html-lang", "html-role"),
        *("html-semantics", "html-address", "html-blockquote", "html-h1-h6"),
    ),
    "known to every program that counts, or replaced by it without loss": (
        *("html-base", "html-body", "html-div", "html-doctype", "html-hr", "html-img"),
        *("html-lists", "html-mailto-links", "html-p", "html-span", "html-strong"),
        *("html-table", "html-target", "html-required", "html-input-hidden"),
        *("css-comments", "css-important", "css-display-none", "css-unit-initial"),
        *("css-unit-cm", "css-unit-em", "css-unit-ex", "css-unit-in", "css-unit-mm"),
        *("css-unit-pc", "css-unit-percent", "css-unit-pt", "css-unit-px"),
    ),
    "a matter of the mouse or the keyboard": (
        *("css-pseudo-class-default", "css-pseudo-class-focus", "css-user-select"),
        *("css-pseudo-class-focus-visible", "css-pseudo-class-focus-within"),
        *("css-pseudo-class-link", "css-pseudo-class-target"),
        *("css-pseudo-class-visited", "css-pseudo-element-placeholder"),
        "css-inert-attribute",
    ),
    "selectors: a rule that is not inlined is told as a style sheet": (
        *("css-selector-adjacent-sibling", "css-selector-attribute"),
        *("css-selector-chaining", "css-selector-child", "css-selector-class"),
        *("css-selector-descendant", "css-selector-general-sibling"),
        *("css-selector-grouping", "css-selector-id", "css-selector-type"),
        "css-selector-universal",
    ),
}

#: Feature -> why nobody misses it.
HARMLESS: Mapping[str, str] = {
    feature: reason for reason, names in _BY_REASON.items() for feature in names
}
