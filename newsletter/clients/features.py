"""Which features of the support table a declaration, selector or element uses. Pure."""

from collections.abc import Iterator, Mapping
from functools import cache, lru_cache
from pathlib import PurePosixPath
from urllib.parse import urlsplit

from newsletter.clients.css import AtRule, Declaration
from newsletter.clients.support import features

#: Properties whose feature has another name than theirs.
_PROPERTIES: Mapping[str, str] = {
    **dict.fromkeys(("block-size", "inline-size"), "css-block-inline-size"),
    **dict.fromkeys(("border-inline", "border-block"), "css-border-inline-block"),
    **dict.fromkeys(("bottom", "left", "right", "top"), "css-left-right-top-bottom"),
    **dict.fromkeys(("column-gap", "row-gap", "grid-gap"), "css-gap"),
    **dict.fromkeys(("columns", "column-width"), "css-column-count"),
    "column-rule": "css-column-layout-properties",
    "column-fill": "css-column-layout-properties",
    "column-span": "css-column-layout-properties",
    **{
        f"{space}-{axis}": f"css-{space}-inline-block"
        for space in ("margin", "padding")
        for axis in ("inline", "block")
    },
    **{
        f"{space}-{axis}-{edge}": f"css-{space}-{axis}-start-end"
        for space in ("margin", "padding")
        for axis in ("inline", "block")
        for edge in ("start", "end")
    },
    "mask": "css-mask-image",
    **{
        f"border-{side}-radius": "css-border-radius"
        for side in ("top-left", "top-right", "bottom-left", "bottom-right")
    },
    **{
        f"border-{side}-radius": "css-border-radius-logical"
        for side in ("start-start", "start-end", "end-start", "end-end")
    },
}

_FUNCTIONS: Mapping[str, str] = {
    "calc": "css-unit-calc",
    "clamp": "css-function-clamp",
    "max": "css-function-max",
    "min": "css-function-min",
    "light-dark": "css-function-light-dark",
    "linear-gradient": "css-linear-gradient",
    "repeating-linear-gradient": "css-linear-gradient",
    "radial-gradient": "css-radial-gradient",
    "repeating-radial-gradient": "css-radial-gradient",
    "conic-gradient": "css-conic-gradient",
    "repeating-conic-gradient": "css-conic-gradient",
    "rgb": "css-rgb",
    "rgba": "css-rgba",
    "var": "css-variables",
    **dict.fromkeys(("lch", "oklch", "lab", "oklab"), "css-modern-color"),
}

_DISPLAYS: Mapping[str, str] = {
    "flex": "css-display-flex",
    "inline-flex": "css-display-flex",
    "grid": "css-display-grid",
    "inline-grid": "css-display-grid",
    "none": "css-display-none",
}

_MEDIA: Mapping[str, str] = {
    "device-pixel-ratio": "css-at-media-device-pixel-ratio",
    "hover": "css-at-media-hover",
    "orientation": "css-at-media-orientation",
    "prefers-color-scheme": "css-at-media-prefers-color-scheme",
    "prefers-reduced-motion": "css-at-media-prefers-reduced-motion",
}

_FORMATS: Mapping[str, str] = {
    "apng": "image-apng",
    "avif": "image-avif",
    "bmp": "image-bmp",
    "gif": "image-gif",
    "heic": "image-heif",
    "heif": "image-heif",
    "ico": "image-ico",
    "jpeg": "image-jpg",
    "jpg": "image-jpg",
    "mp4": "image-mp4",
    "png": "image-png",
    "svg": "image-svg",
    "svg+xml": "image-svg",
    "tif": "image-tiff",
    "tiff": "image-tiff",
    "webp": "image-webp",
}

#: Elements and attributes whose feature has another name than theirs.
_ELEMENTS: Mapping[str, str] = {
    **dict.fromkeys(("h1", "h2", "h3", "h4", "h5", "h6"), "html-h1-h6"),
    **dict.fromkeys(("ul", "ol", "dl"), "html-lists"),
    **dict.fromkeys(
        (
            *("article", "aside", "details", "figcaption", "figure", "footer"),
            *("header", "main", "mark", "nav", "section", "summary", "time"),
        ),
        "html-semantics",
    ),
    "map": "html-image-maps",
    "b": "html-strong",
    "source": "html-picture",
}
_ATTRIBUTES: Mapping[str, str] = {
    "inert": "css-inert-attribute",
    "loading": "html-loading-attribute",
    "sizes": "html-srcset",
}
#: Attributes that say nothing about support.
_PLAIN = frozenset({"class", "id", "style", "href", "src", "alt", "title", "type"})


@cache
def property_feature(name: str) -> str:
    """Return the feature of a property, or nothing; "border-top" has border's."""
    if name.startswith("--"):
        return "css-variables"
    if name.startswith(("-", "mso-")):
        return ""
    known = _known()
    while name:
        feature = _PROPERTIES.get(name, f"css-{name}")
        if feature in known:
            return feature
        name = name.rpartition("-")[0]
    return ""


def declaration_features(declaration: Declaration) -> frozenset[str]:
    """Return what a declaration uses: property, value, functions, units, pictures."""
    return frozenset(filter(None, _declaration_features(declaration)))


def _declaration_features(declaration: Declaration) -> Iterator[str]:
    name, words = declaration.property, declaration.words
    if name == "display":
        yield from (_DISPLAYS.get(word, "css-display") for word in words)
    elif name == "flex-direction":
        yield "css-flex-direction" if "column" in str(words) else ""
    elif name == "flex-wrap":
        yield "css-flex-wrap" if words & {"wrap", "wrap-reverse"} else ""
    elif name != "background-image":  # it may hold a gradient
        yield property_feature(name)
    known = _known()
    for unit in declaration.units:
        yield f"css-unit-{unit}" if f"css-unit-{unit}" in known else ""
    yield from (_FUNCTIONS.get(function, "") for function in declaration.functions)
    yield "css-important" if declaration.is_important else ""
    yield "css-unit-initial" if "initial" in words else ""
    if name in ("background", "background-image") and declaration.addresses:
        yield "css-background-image"
    for address in declaration.addresses:
        yield from picture_features(address)


def at_rule_features(rule: AtRule) -> Iterator[str]:
    """Yield what an at-rule uses, with the questions of a media query."""
    name = f"css-at-{rule.keyword}"
    if name in _known():
        yield name
    if rule.keyword == "media":
        yield from (f for word, f in _MEDIA.items() if word in rule.prelude)


def pseudo_features(name: str) -> Iterator[str]:
    """Yield the feature of ``:hover`` or ``::before``, named without colons."""
    for kind in ("class", "element"):
        if f"css-pseudo-{kind}-{name}" in _known():
            yield f"css-pseudo-{kind}-{name}"


def picture_features(address: str) -> Iterator[str]:
    """Yield what the address of a picture tells: its format, and if it is inline."""
    if address.startswith("data:"):
        yield "image-base64"
        kind = address[5:40].partition(";")[0].rpartition("/")[2]
    else:
        kind = PurePosixPath(urlsplit(address).path).suffix[1:]
    if kind.lower() in _FORMATS:
        yield _FORMATS[kind.lower()]


@lru_cache(maxsize=2048)
def element_features(tag: str, kind: str, attributes: tuple[str, ...]) -> list[str]:
    """Return what an element uses by its name and those of its attributes.

    Args:
        tag: Its name.
        kind: Its type; of a ``meta`` its name.
        attributes: The names of its attributes.
    """
    if tag in ("input", "button"):
        usual = "text" if tag == "input" else "submit"
        names = [f"html-{tag}-{kind or usual}"]
    elif tag == "meta":
        names = [f"html-meta-{kind}"]
    else:
        names = [_ELEMENTS.get(tag, f"html-{tag}")]
    names += (_ATTRIBUTES.get(a, f"html-{a}") for a in attributes if a not in _PLAIN)
    return [name for name in dict.fromkeys(names) if name in _known()]


def link_features(address: str) -> Iterator[str]:
    """Yield what the address of a link uses."""
    if len(address) > 1 and address.startswith("#"):
        yield "html-anchor-links"
    elif address[:7].lower() == "mailto:":
        yield "html-mailto-links"


@cache
def _known() -> frozenset[str]:
    return frozenset(features())
