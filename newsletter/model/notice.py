"""Mails of ours to one person: asked for on a page, without any content of an issue."""

from dataclasses import dataclass
from enum import StrEnum


class NoticeKind(StrEnum):
    """What such a mail is for."""

    #: Confirm that you want to join. About a row of `joinings`.
    CONFIRM = "confirm"
    #: You are on these lists already; here is your page. About a row of `joinings`.
    PRESENT = "present"
    #: Confirm this new address, to which it goes. About a row of `address_changes`.
    CHANGE = "change"
    #: The link to leave, asked for without one. About nothing.
    LEAVE = "leave"
    #: Our mail goes elsewhere from now on; to the address of before. About a row of
    #: `address_changes`.
    MOVED = "moved"


#: About a row of `address_changes`, and to an address in it.
ABOUT_CHANGES = (NoticeKind.CHANGE, NoticeKind.MOVED)


@dataclass(frozen=True, slots=True)
class Notice:
    """A mail to be written and sent."""

    #: Row of `notices`.
    id: int
    kind: NoticeKind
    subscriber_id: int
    #: Where it goes: of the subscriber, or the new address, or that of before.
    email: str
    #: Of its words.
    language: str
    #: Row of the table that its kind names; 0: none.
    about_id: int = 0
    #: Slugs of the lists it is about.
    lists: tuple[str, ...] = ()
    #: Tries so far.
    attempts: int = 0
