"""A style sheet -> the style attributes of the HTML that mail programs obey.

The settings are measured ones (premailer 3.10): its defaults drop the doctype and
``!important``, fetch style sheets, and copy the compiler's own reset onto every cell.
"""

import logging
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from premailer import Premailer

_IGNORED = 'data-premailer="ignore"'

#: Attributes that premailer would write beside the style, where MJML has set its own.
_BASIC_ATTRIBUTES = ["width", "height", "align", "valign", "bgcolor"]


def inline_css(html: str, css: str) -> str:
    """Return *html* with *css* in style attributes; its own styles stay."""
    # Styles in the document are responsive ones: they must not become attributes.
    marked = html.replace("<style", f"<style {_IGNORED}")
    inliner = _inliner()(
        css_text=css,
        keep_style_tags=True,
        disable_leftover_css=True,
        strip_important=False,
        remove_classes=False,
        allow_network=False,
        disable_validation=True,
        cssutils_logging_level=logging.CRITICAL,
        align_floating_images=False,
        preserve_internal_links=True,
        disable_basic_attributes=_BASIC_ATTRIBUTES,
        method="html",
    )
    inlined: str = inliner.transform(marked, pretty_print=False)
    # It leaves the mark inside Outlook's comments and on styles with a media attribute.
    return inlined.replace(f"<style {_IGNORED}", "<style")


@cache
def _inliner() -> type["Premailer"]:
    """Return premailer's class, keeping the rules of a style sheet it has once read.

    Writing out the rules again took 2 of 4 ms for an issue of ten items.
    """
    from premailer import Premailer  # 375 ms, for who needs it

    kept: dict[str, Any] = {}

    class Inliner(Premailer):  # type: ignore[misc] # it has no types
        def _parse_style_rules(self, css_body: str, ruleset_index: int) -> Any:
            found = kept.get(css_body)
            if found is None:
                found = super()._parse_style_rules(css_body, ruleset_index)
                kept.clear()  # one theme at a time
                kept[css_body] = found
            rules, leftover = found
            return list(rules), list(leftover)

    return Inliner
