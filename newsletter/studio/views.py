"""The ways to look at a mail, in the order of the page.

A view is a line here; what it shows is made in `newsletter.studio.frames`.
"""

from dataclasses import dataclass
from typing import Literal

Kind = Literal["mail", "text", "reading", "source", "changes"]


@dataclass(frozen=True, slots=True)
class View:
    """One way to look at a mail."""

    #: In addresses.
    id: str
    #: On the page.
    label: str
    #: What it shows: a sentence, or empty where that is plain or an imitation says it.
    note: str
    kind: Kind = "mail"
    #: Name in `newsletter.clients.imitations`, or empty.
    imitation: str = ""
    #: Whether the dark colours of the mail can be looked at in it.
    can_be_dark: bool = False


@dataclass(frozen=True, slots=True)
class ViewGroup:
    """Views that belong together."""

    id: str
    title: str
    views: tuple[View, ...]


VIEW_GROUPS = (
    ViewGroup(
        "readers",
        "Readers",
        (
            View(
                "desktop",
                "Desktop",
                "",
                can_be_dark=True,
            ),
            View(
                "phone",
                "Phone",
                "On a screen of 360 pixels.",
                can_be_dark=True,
            ),
            View(
                "text",
                "Text only",
                "The text part: for who reads mail without HTML.",
                kind="text",
                can_be_dark=True,
            ),
            View(
                "images-off",
                "Without pictures",
                "Many programs load pictures only when asked.",
                imitation="images-off",
                can_be_dark=True,
            ),
            View(
                "reading",
                "Read aloud",
                "What a screen reader says, stop by stop. Each has its own words.",
                kind="reading",
            ),
        ),
    ),
    ViewGroup(
        "programs",
        "Mail programs, imitated",
        (
            View("gmail", "Gmail", "", imitation="gmail"),
            View("gmail-imap", "Gmail app, other account", "", imitation="gmail-imap"),
            View("outlook", "Outlook classic", "", imitation="outlook-classic"),
            View(
                "dark-partial", "Forced dark, light parts", "", imitation="dark-partial"
            ),
            View(
                "dark-invert", "Forced dark, all colours", "", imitation="dark-invert"
            ),
        ),
    ),
    ViewGroup(
        "behind",
        "Behind it",
        (
            View(
                "source",
                "Source and headers",
                "The mail as it travels. The reader's own address is left out.",
                kind="source",
            ),
            View(
                "previous",
                "Since the last issue",
                "What is other than in the issue before this one.",
                kind="changes",
            ),
            View(
                "tested",
                "Since the last test",
                "What is other than in the version that was last tested.",
                kind="changes",
            ),
        ),
    ),
)

VIEWS = {view.id: view for group in VIEW_GROUPS for view in group.views}

FIRST_VIEW = VIEWS["desktop"]
