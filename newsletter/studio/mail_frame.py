"""The mail as the frame of the preview shows it. Pure.

In: an assembled issue. Out: a page with sample values in the personal places, pictures
from our own address, links that open beside the preview. What the mail itself says is
not cleaned: the policy of the frame decides what of it can act, as in a mail program.
"""

import re
from collections.abc import Callable
from html import escape

from newsletter.model.assembled import UNSUBSCRIBE_URL, Assembled, AssembledImage

#: Under which a mail is shown: its own styles and pictures; nothing of it runs, nothing
#: is fetched, no form leaves. The page may measure the frame (allow-same-origin), which
#: is safe as long as scripts are not allowed, and they are refused twice: here by the
#: sandbox and by default-src.
FRAME_POLICY = (
    "default-src 'none'; img-src 'self' data:; style-src 'unsafe-inline'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'self'; "
    "sandbox allow-same-origin allow-popups allow-popups-to-escape-sandbox"
)

_HEAD = re.compile(r"<head\b[^>]*>", re.IGNORECASE)
_DARK = re.compile(r"\(\s*prefers-color-scheme\s*:\s*dark\s*\)", re.IGNORECASE)

#: A base without an address: it only sends links to a tab of their own.
_BASE = '<base target="_blank">'

_TEXT_PAGE = """<!doctype html>
<html lang="{language}">
<meta charset="utf-8">
<title>Plain text</title>
<style>
:root {{ color-scheme: light dark; }}
body {{ margin: 0; padding: 1.5rem; }}
pre {{
  margin: 0; font: 14px/1.5 ui-monospace, "DejaVu Sans Mono", Menlo, monospace;
  white-space: pre-wrap; overflow-wrap: anywhere;
}}
</style>
<pre dir="auto">{text}</pre>
</html>
"""


def frame_html(
    assembled: Assembled,
    *,
    picture_url: Callable[[AssembledImage], str],
    personal_url: str,
    forces_dark: bool = False,
) -> str:
    """Return the HTML part as a page for the frame.

    Args:
        assembled: The mail.
        picture_url: Picture -> address of ours.
        personal_url: Stands where each reader has a link of their own.
        forces_dark: Apply the dark rules always, for browsers that do not pass the
            colour scheme of a frame on to the page inside it.
    """
    html = _fill(assembled.html, assembled, personal_url, escape)
    for image in assembled.embedded:
        html = html.replace(f"cid:{image.content_id}", picture_url(image))
    if forces_dark:
        html = _DARK.sub("(min-width: 0)", html)
    head = _HEAD.search(html)
    at = head.end() if head else 0
    return html[:at] + _BASE + html[at:]


def frame_text(assembled: Assembled, *, personal_url: str) -> str:
    """Return the text part as a page for the frame."""
    text = _fill(assembled.text, assembled, personal_url, str)
    return _TEXT_PAGE.format(
        language=escape(assembled.issue.language), text=escape(text)
    )


def shown_subject(assembled: Assembled) -> str:
    """Return the subject with sample values."""
    return _fill(assembled.subject, assembled, "", str)


def _fill(
    text: str, assembled: Assembled, personal_url: str, quote: Callable[[str], str]
) -> str:
    """Put what a reader without any field gets into the personal places."""
    for slot in assembled.slots:
        value = personal_url if slot.name == UNSUBSCRIBE_URL else slot.fallback
        text = text.replace(slot.marker, quote(value))
    return text
