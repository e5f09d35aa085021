"""The mail as the frame of the preview shows it. Pure.

In: the HTML part of somebody's copy, or an imitation of it. Out: a page with pictures
from our own address, links that open beside the preview, and an explanation where that
reader has a link of their own. What the mail itself says is not cleaned: the policy of
the frame decides what of it can act, as in a mail program.
"""

import re
from collections.abc import Iterable, Mapping

#: Under which a mail is shown: its own styles and pictures; nothing of it runs, nothing
#: is fetched, no form leaves. The page may measure the frame (allow-same-origin), which
#: is safe as long as scripts are not allowed, and they are refused twice: here by the
#: sandbox and by default-src.
_SANDBOX = "sandbox allow-same-origin allow-popups allow-popups-to-escape-sandbox"
_FRAME_RULES = "base-uri 'none'; form-action 'none'; frame-ancestors 'self'; "
FRAME_POLICY = (
    "default-src 'none'; img-src 'self' data:; style-src 'unsafe-inline'; "
    f"{_FRAME_RULES}{_SANDBOX}"
)

#: For pages of ours that show a mail in other ways: as text, read aloud, its source.
OWN_FRAME_POLICY = f"default-src 'none'; style-src 'self'; {_FRAME_RULES}{_SANDBOX}"

_HEAD = re.compile(r"<head\b[^>]*>", re.IGNORECASE)

#: Not every browser passes the colour scheme of a frame on to the page inside it.
_DARK = re.compile(r"\(\s*prefers-color-scheme\s*:\s*dark\s*\)", re.IGNORECASE)
_NEVER = "(max-width: 0)"

#: The address of the page is nobody's business: a mail could ask that its links tell it
#: to who is behind them, link by link or for all. Of the names of a tag nothing can be
#: written in another way; of the values of a meta tag it can, so only known ones stay.
_REFERRER = re.compile(r"([\s\"'/])(referrerpolicy)(?=[\s=/>])", re.IGNORECASE)
_META = re.compile(
    r"""<meta(?!\s+name="(?:color-scheme|supported-color-schemes|viewport)"\s+"""
    r"""content="[\w\s,.=-]*"\s*/?>)""",
    re.IGNORECASE,
)

#: A base without an address: it only sends links to a tab of their own.
_BASE = '<base target="_blank">'


def frame_html(
    html: str,
    *,
    tokens: Iterable[str],
    pictures: Mapping[str, str],
    personal_url: str,
) -> str:
    """Return an HTML part as a page for the frame.

    Dark rules are out of force, whatever the browser prefers: to see them is asked for,
    and the imitation of it has put them in force already. No link tells where it was
    followed from.

    Args:
        html: As a mail program gets it, or an imitation makes it.
        tokens: Of the reader; an address with one of them is personal.
        pictures: Address in the mail -> address of ours.
        personal_url: Stands where a link is personal.
    """
    for token in tokens:
        personal = rf"""(\bhref\s*=\s*)(["'])[^"']*{re.escape(token)}[^"']*\2"""
        html = re.sub(personal, rf"\g<1>\g<2>{personal_url}\g<2>", html)
    for address, ours in pictures.items():
        html = html.replace(address, ours)
    html = _DARK.sub(_NEVER, html)
    html = _META.sub("<link", _REFERRER.sub(r"\g<1>data-\g<2>", html))
    head = _HEAD.search(html)
    at = head.end() if head else 0
    return html[:at] + _BASE + html[at:]
