"""The imitations there are, each under its name. Pure: HTML in, HTML and remarks out.

Law: an imitation never claims to be the program. Its note says from which facts of
which date it is made and what it cannot show.
"""

from collections.abc import Callable, Mapping

from newsletter.clients.dark import show_inverted, show_partly_inverted
from newsletter.clients.dark_rules import show_dark_rules
from newsletter.clients.gmail import show_in_gmail, show_in_gmail_app
from newsletter.clients.images_off import show_without_images
from newsletter.clients.imitated import Imitated, Imitation
from newsletter.clients.outlook import show_in_outlook
from newsletter.clients.support import FACTS_DATE

__all__ = ["IMITATIONS", "Imitated", "Imitation", "imitate"]

_ALL = (
    Imitation(
        "gmail",
        "Gmail",
        f"An imitation from caniemail data of {FACTS_DATE} and documented behaviour "
        "of Gmail in a browser: what it strips and where it clips. Not a picture of "
        "Gmail: its fonts, its dark mode and its apps may differ.",
        FACTS_DATE,
    ),
    Imitation(
        "gmail-imap",
        "Gmail app, other account",
        "An imitation of Gmail's app reading an account that is not Google's, from "
        f"caniemail data of {FACTS_DATE}: no style sheets and no background pictures. "
        "Not a picture of the app.",
        FACTS_DATE,
    ),
    Imitation(
        "outlook-classic",
        "Outlook classic",
        "A rough imitation of classic Outlook for Windows, from caniemail data of "
        f"{FACTS_DATE} and documented behaviour: what Word's engine leaves out, with "
        "conditional comments decided. Its layout cannot be repeated; not a picture of "
        "Outlook.",
        FACTS_DATE,
    ),
    Imitation(
        "dark-obey",
        "Dark, own colours",
        "The mail's own dark rules, as Apple Mail, Outlook.com and Samsung Email apply "
        f"them (caniemail, {FACTS_DATE}). Other programs show the mail light or choose "
        "dark colours themselves.",
        FACTS_DATE,
    ),
    Imitation(
        "dark-invert",
        "Forced dark, all colours",
        "The worst case: a program that turns every colour round and asks the mail "
        "nothing. No program publishes its way; this one follows Microsoft's "
        "open-source editor (roosterjs, read 2026-11).",
        "2026-11-21",
    ),
    Imitation(
        "dark-partial",
        "Forced dark, light parts",
        "A worst case of its kind: light grounds become dark and dark words light, the "
        "rest stays. No program publishes its way; the colours follow Microsoft's "
        "open-source editor (roosterjs, read 2026-11).",
        "2026-11-21",
    ),
    Imitation(
        "images-off",
        "Without pictures",
        "The mail while its pictures are not loaded: frames of their size, with their "
        "alternative text. Each program draws the frame in its own way.",
        FACTS_DATE,
    ),
)

#: Name -> imitation, in the order in which they are shown.
IMITATIONS: Mapping[str, Imitation] = {one.name: one for one in _ALL}

_TRANSFORMS: Mapping[str, Callable[[str, int | None], Imitated]] = {
    "gmail": show_in_gmail,
    "gmail-imap": show_in_gmail_app,
    "outlook-classic": lambda html, _: show_in_outlook(html),
    "dark-obey": lambda html, _: show_dark_rules(html),
    "dark-invert": lambda html, _: show_inverted(html),
    "dark-partial": lambda html, _: show_partly_inverted(html),
    "images-off": lambda html, _: show_without_images(html),
}


def imitate(name: str, html: str, *, html_bytes: int | None = None) -> Imitated:
    """Return what an imitation makes of a mail.

    Args:
        name: A key of `IMITATIONS`.
        html: The HTML part, decoded.
        html_bytes: Its size as it travels, encoded; None where it is not known, then
            that of the text itself counts.

    Raises:
        KeyError: There is no such imitation.
    """
    return _TRANSFORMS[name](html, html_bytes)
