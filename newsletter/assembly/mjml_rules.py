"""What MJML and HTML a template may hold: mrml itself accepts anything, silently.

Tables of tags, where they may stand, and their attributes: those that mrml 6 (of
mjml-python 1.4) really renders, compared with mjml 4.18 one by one. What loads anything
remote, needs a script or is ignored by mrml is left out on purpose.
"""

from collections.abc import Mapping


def _attributes(*groups: str) -> frozenset[str]:
    return frozenset(" ".join(groups).split())


_ANY = "css-class mj-class"
_PADDING = "padding padding-top padding-right padding-bottom padding-left"
_BORDER = "border border-top border-right border-bottom border-left border-radius"
_INNER_BORDER = (
    "inner-border inner-border-top inner-border-right inner-border-bottom "
    "inner-border-left inner-background-color"
)
_FONT = (
    "color font-family font-size font-style font-weight letter-spacing line-height "
    "text-decoration text-transform"
)
_BACKGROUND = "background-color"
_SECTION = "direction full-width text-align text-padding"

#: Attributes of each MJML tag.
MJML_ATTRIBUTES: Mapping[str, frozenset[str]] = {
    "mjml": _attributes("lang dir"),
    "mj-head": frozenset(),
    "mj-title": frozenset(),
    "mj-preview": frozenset(),
    "mj-breakpoint": _attributes("width"),
    "mj-style": frozenset(),
    "mj-raw": frozenset(),
    "mj-attributes": frozenset(),
    "mj-body": _attributes("css-class width", _BACKGROUND),
    "mj-wrapper": _attributes(_ANY, _PADDING, _BORDER, _BACKGROUND, _SECTION),
    "mj-section": _attributes(_ANY, _PADDING, _BORDER, _BACKGROUND, _SECTION),
    "mj-group": _attributes(_ANY, _BACKGROUND, "direction vertical-align width"),
    "mj-column": _attributes(
        _ANY,
        _PADDING,
        _BORDER,
        _INNER_BORDER,
        _BACKGROUND,
        "direction vertical-align width",
    ),
    "mj-text": _attributes(
        _ANY, _PADDING, _FONT, "align height container-background-color"
    ),
    "mj-image": _attributes(
        _ANY,
        _PADDING,
        "align alt border border-radius container-background-color "
        "fluid-on-mobile height href name rel src srcset target title usemap width",
    ),
    "mj-button": _attributes(
        _ANY,
        _PADDING,
        _FONT,
        _BORDER,
        _BACKGROUND,
        "align container-background-color height href inner-padding name rel target "
        "text-align vertical-align width",
    ),
    "mj-divider": _attributes(
        _ANY,
        _PADDING,
        "align border-color border-style border-width container-background-color width",
    ),
    "mj-spacer": _attributes(_ANY, _PADDING, "container-background-color height"),
    "mj-table": _attributes(
        _ANY,
        _PADDING,
        _FONT,
        "align border cellpadding cellspacing container-background-color "
        "table-layout width",
    ),
}

#: Inside mj-attributes: defaults for all tags, and named groups of them.
DEFAULTS_ATTRIBUTES: Mapping[str, frozenset[str]] = {
    "mj-all": frozenset().union(*MJML_ATTRIBUTES.values()),
    "mj-class": frozenset({"name"}).union(*MJML_ATTRIBUTES.values()),
}

#: Where each MJML tag may stand; those not named here only inside mj-column.
MJML_PARENTS: Mapping[str, frozenset[str]] = {
    "mjml": frozenset(),
    "mj-head": _attributes("mjml"),
    "mj-body": _attributes("mjml"),
    "mj-title": _attributes("mj-head"),
    "mj-preview": _attributes("mj-head"),
    "mj-breakpoint": _attributes("mj-head"),
    "mj-style": _attributes("mj-head"),
    "mj-attributes": _attributes("mj-head"),
    "mj-raw": _attributes("mj-head mj-body mj-wrapper mj-section mj-group mj-column"),
    "mj-wrapper": _attributes("mj-body"),
    "mj-section": _attributes("mj-body mj-wrapper"),
    "mj-group": _attributes("mj-section"),
    "mj-column": _attributes("mj-section mj-group"),
}
CONTENT_PARENTS = frozenset({"mj-column"})

#: Tags whose content is HTML; everything else holds MJML tags only.
HTML_HOLDERS = _attributes("mj-text mj-raw mj-button mj-table")

#: HTML that mail programs show; no script, no form, no frame, no remote style sheet.
HTML_TAGS = _attributes(
    "a abbr b blockquote br caption center cite code col colgroup dd del dfn div dl dt",
    "em h1 h2 h3 h4 h5 h6 hr i img ins kbd li mark meta ol p pre q s samp small span",
    "strong sub sup table tbody td tfoot th thead time tr u ul var wbr bdi bdo",
)
