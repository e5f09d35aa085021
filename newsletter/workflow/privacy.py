"""What is stored of readers, for how long, and who sees it: the true account.

In: settings. Out: sentences for the privacy page and for the record of processing. Each
of them is proven by a test that looks into the database (tests/web/test_privacy.py):
whoever changes what is stored changes it here.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from newsletter.addresses import parse_mailbox
from newsletter.i18n import format_duration, join_words, page_words
from newsletter.model.settings import Settings
from newsletter.model.subscriber import LANGUAGE_FIELD
from newsletter.store.imports import UNDO_WITHIN

#: How long the tally of requests is kept in memory (`web.flood`).
_TALLY = timedelta(hours=1)


class Topic(StrEnum):
    """What a statement is about."""

    STORED = "stored"
    NOT_STORED = "not stored"
    SEEN = "seen"
    RIGHTS = "rights"


@dataclass(frozen=True, slots=True)
class Statement:
    """One sentence, in English until `text` puts it into another language."""

    msgid: str
    #: Name of a place -> text, length of time or several names.
    values: Mapping[str, str | timedelta | tuple[str, ...]]
    topic: Topic = Topic.STORED

    def text(self, language: str) -> str:
        """Return the sentence in a language, or in English."""
        words = page_words(language)
        shown = {
            name: _show(value, words.language) for name, value in self.values.items()
        }
        return words.text(self.msgid, **shown)


def describe_storage(settings: Settings) -> tuple[Statement, ...]:
    """Return what is really so with these settings, in the order of the topics."""
    return (
        *_stored(settings),
        *_erased(settings),
        *_not_stored(settings),
        *_seen(),
        *_rights(settings),
    )


def _stored(settings: Settings) -> list[Statement]:
    names = tuple(
        settings.field_title(name) for name in settings.fields if name != LANGUAGE_FIELD
    )
    known = [
        Statement(
            "Besides your address, we keep what we know of you for the mail: {fields}.",
            {"fields": names},
        )
    ]
    return [
        Statement(
            "We keep your email address, the language you read, and which lists you "
            "are on.",
            {},
        ),
        *(known if names else []),
        Statement(
            "We keep when and how you joined or left. If you subscribed on our pages, "
            "also which words you agreed to, and in which language; if we added you, "
            "the name of the file, or what we noted. It shows why you receive our "
            "mail.",
            {},
        ),
        Statement(
            "When you leave, we keep your address and that you left, so that nobody "
            "adds you again by mistake. If you want that erased too, write to us: "
            "then only a code remains, which holds no address.",
            {},
        ),
        Statement(
            "When you change your address, we write to the old one that you did, once. "
            "After that only a code of it is left, which holds no address: it keeps "
            "others from adding it again.",
            {},
        ),
    ]


def _erased(settings: Settings) -> list[Statement]:
    kept = settings.retention
    return [
        _requests(kept.pending),
        _deliveries(kept.deliveries),
        _returned(kept.bounces),
        Statement(
            "If you write to us by mail, your letter stays in our mailbox, outside of "
            "our database, until we delete it.",
            {},
        ),
        Statement(
            "When we add people from a file, we keep what that changed for {time}, so "
            "that we can take it back.",
            {"time": UNDO_WITHIN},
        ),
        Statement(
            "There may be copies of all this for safety, and files of addresses from "
            "which people were added. What is erased can still stand in those until "
            "they are deleted.",
            {},
        ),
    ]


def _requests(days: int) -> Statement:
    if not days:
        return Statement(
            "If you ask to join, ask for your link or give a new address on these "
            "pages, we keep that, and which mails we sent about it, until you ask us "
            "to erase it.",
            {},
        )
    return Statement(
        "If you ask to join, ask for your link or give a new address on these pages, "
        "we keep that, and which mails we sent about it, for {time}. If you have not "
        "confirmed by then, only a code is left for a year, which holds no address: it "
        "keeps others from filling your mailbox with our questions. If you told us "
        "that it was not you, it stays.",
        {"time": timedelta(days=days)},
    )


def _deliveries(days: int) -> Statement:
    if not days:
        return Statement(
            "For each issue we keep that it was sent to you, with your address and "
            "what the mail server answered.",
            {},
        )
    return Statement(
        "For each issue we keep that it was sent to you, with your address and what "
        "the mail server answered. {time} after an issue has been sent, the address "
        "and the answer are erased from this.",
        {"time": timedelta(days=days)},
    )


def _returned(days: int) -> Statement:
    if not days:
        return Statement(
            "If a mail to you comes back, we keep that, and a short note why. We do "
            "not keep the mail itself in our database.",
            {},
        )
    return Statement(
        "If a mail to you comes back, we keep that, and a short note why, for {time}. "
        "We do not keep the mail itself in our database.",
        {"time": timedelta(days=days)},
    )


def _not_stored(settings: Settings) -> list[Statement]:
    fetched = [
        Statement(
            "The pictures in our mails are fetched from our own web server when you "
            "look at them. This program does not note who does.",
            {},
            Topic.NOT_STORED,
        )
    ]
    return [
        Statement(
            "We do not record whether you open a mail or which links you follow. Our "
            "mails hold no hidden pictures, and their links lead straight to where "
            "they say. Only the links to your settings and to unsubscribe are yours "
            "alone.",
            {},
            Topic.NOT_STORED,
        ),
        *(fetched if settings.template.images == "hosted" else []),
        Statement(
            "These pages set no cookies, run no scripts and load nothing from "
            "elsewhere.",
            {},
            Topic.NOT_STORED,
        ),
        Statement(
            "We do not store from which internet address you come. Against abuse, "
            "forms that are sent are counted in memory for {time}, under a code.",
            {"time": _TALLY},
            Topic.NOT_STORED,
        ),
    ]


def _seen() -> list[Statement]:
    return [
        Statement(
            "Those who make this newsletter see this data, and those who run the "
            "computer it is on.",
            {},
            Topic.SEEN,
        ),
        Statement(
            "Our mail server and that of your mail provider see your address and our "
            "mails, as with every mail. This program passes it on to nobody else.",
            {},
            Topic.SEEN,
        ),
    ]


def _rights(settings: Settings) -> list[Statement]:
    newsletter = settings.newsletter
    contact = parse_mailbox(newsletter.reply_to or newsletter.sender).address
    with_pages = [
        Statement(
            "With the link to your settings, in each of our mails, you can change "
            "what you receive, your language and your address, or unsubscribe at "
            "once.",
            {},
            Topic.RIGHTS,
        )
    ]
    return [
        *(with_pages if newsletter.base_url else []),
        Statement(
            "You may see all we keep about you, have it corrected or erased, object "
            "to it, or take it with you. Write to {contact}.",
            {"contact": contact},
            Topic.RIGHTS,
        ),
        Statement(
            "You may also complain to the data protection authority of your country.",
            {},
            Topic.RIGHTS,
        ),
    ]


def _show(value: str | timedelta | tuple[str, ...], language: str) -> str:
    if isinstance(value, timedelta):
        return format_duration(value, language)
    if isinstance(value, str):
        return value
    return join_words(value, language)
