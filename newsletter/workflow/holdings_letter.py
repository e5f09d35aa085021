"""What is kept of somebody, as a letter in their language. Pure.

In: `Holdings`, settings, the day. Out: plain text, ready to be mailed by the editor.
"""

import textwrap
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from zoneinfo import ZoneInfo

from newsletter.i18n import Words, format_date, page_words
from newsletter.model.delivery import DeliveryState
from newsletter.model.settings import Settings
from newsletter.model.subscriber import (
    LANGUAGE_FIELD,
    ConsentKind,
    SubscriptionStatus,
    SuppressionReason,
)
from newsletter.store.audience import EVERY_LIST
from newsletter.store.consent import ConsentEvent
from newsletter.workflow.holdings import Holdings
from newsletter.workflow.privacy import describe_storage

_WIDTH = 72
#: Source of what the editor typed: "added by us" says it.
_OURS = "command"


def write_letter(holdings: Holdings, settings: Settings, *, today: date) -> str:
    """Return the letter."""
    return _Letter(holdings, settings).write(today)


class _Letter:
    def __init__(self, holdings: Holdings, settings: Settings) -> None:
        self._held = holdings
        self._settings = settings
        self._words: Words = page_words(holdings.language)
        self._zone = ZoneInfo(settings.newsletter.time_zone)

    def write(self, today: date) -> str:
        words, name = self._words, self._settings.newsletter.name
        head = [
            f"{name}, {format_date(today, self._held.language, weekday=False)}",
            words.text("What we keep about you: {email}", email=self._held.email),
        ]
        parts = [
            "\n".join(head),
            *self._part(words.text("What we know of you"), self._fields()),
            *self._part(words.text("Your lists"), self._lists()),
            *self._part(words.text("How you came and went"), self._history()),
            *self._part(words.text("Issues that were for you"), self._issues()),
            *self._part(words.text("Mails that came back to us"), self._returned()),
            *self._part(words.text("Asked for on our pages"), self._requests()),
            *self._part(words.text("Not to be written to"), self._suppressions()),
            *self._part(
                words.text("Files that hold your address too"),
                iter(self._held.elsewhere),
            ),
            *self._part(words.text("What we keep, and your rights"), self._rights()),
        ]
        return "\n\n".join(parts) + "\n"

    def _part(self, heading: str, lines: Iterator[str]) -> list[str]:
        """Return a heading with its lines; nothing where there is none."""
        items = [
            textwrap.fill(
                line,
                _WIDTH,
                initial_indent="- ",
                subsequent_indent="  ",
                break_long_words=False,
                break_on_hyphens=False,
            )
            for line in lines
        ]
        return ["\n".join([heading, *items])] if items else []

    def _fields(self) -> Iterator[str]:
        person = self._held.subscriber
        for name, value in (person.fields if person else {}).items():
            if name == LANGUAGE_FIELD:
                yield self._words.text("Language: {language}", language=value)
                continue
            yield f"{self._settings.field_title(name)}: {value}"

    def _lists(self) -> Iterator[str]:
        words = self._words
        states = {
            SubscriptionStatus.PENDING: words.text("asked for, not confirmed"),
            SubscriptionStatus.ACTIVE: words.text("you are on it"),
            SubscriptionStatus.UNSUBSCRIBED: words.text("you left it"),
            SubscriptionStatus.BOUNCED: words.text("mails came back"),
        }
        for one in self._held.subscriptions:
            when = self._day(one.changed_at)
            yield f"{self._list(one.list)}: {states[one.status]}, {when}"

    def _history(self) -> Iterator[str]:
        for event in self._held.history:
            source = "" if event.source == _OURS else event.source
            told = (self._event(event), self._list(event.list), source)
            more = (event.evidence, event.wording)
            yield f"{self._day(event.at)}: {', '.join(filter(None, told + more))}"

    def _event(self, event: ConsentEvent) -> str:
        words = self._words
        kinds: Mapping[str, str] = {
            ConsentKind.IMPORTED: words.text("added from a list"),
            ConsentKind.ADDED: words.text("added by us"),
            ConsentKind.ASKED: words.text("asked to join"),
            ConsentKind.CONFIRMED: words.text("confirmed by you"),
            ConsentKind.UNSUBSCRIBED: words.text("unsubscribed"),
            ConsentKind.UNDONE: words.text("unsubscribing taken back"),
            ConsentKind.BOUNCED: words.text("mails came back"),
            ConsentKind.COMPLAINED: words.text("reported as spam"),
            ConsentKind.BLOCKED: words.text("asked never to be written to"),
            ConsentKind.CHANGED_ADDRESS: words.text("new address"),
        }
        return kinds.get(event.kind, event.kind)

    def _issues(self) -> Iterator[str]:
        words = self._words
        states = {
            DeliveryState.ACCEPTED: words.text("sent"),
            DeliveryState.REFUSED: words.text("refused by the mail server"),
            DeliveryState.UNKNOWN: words.text("perhaps sent"),
            DeliveryState.SKIPPED: words.text("not sent"),
        }
        waiting = words.text("still to be sent")
        for one in self._held.issues:
            yield f"{self._day(one.at)}: {one.issue}, {states.get(one.state, waiting)}"

    def _returned(self) -> Iterator[str]:
        words = self._words
        kinds = {
            "bounce": words.text("mails came back"),
            "complaint": words.text("reported as spam"),
            "unsubscribe": words.text("unsubscribed"),
        }
        other = words.text("an answer")
        for note in self._held.returned:
            told = (kinds.get(note.kind, other), note.about)
            yield f"{self._day(note.at)}: {', '.join(filter(None, told))}"

    def _requests(self) -> Iterator[str]:
        words = self._words
        kinds = {
            "asked-to-join": words.text("asked to join"),
            "asked-for-link": words.text("asked for the link to unsubscribe"),
            "asked-for-address": words.text("asked for a new address"),
            "before-import": words.text("before the last import"),
        }
        mail = words.text("we wrote to you because of it")
        for note in self._held.requests:
            about = note.about if note.kind in kinds else ""
            told = (kinds.get(note.kind, mail), about)
            yield f"{self._day(note.at)}: {', '.join(filter(None, told))}"

    def _suppressions(self) -> Iterator[str]:
        words = self._words
        reasons: Mapping[str, str] = {
            SuppressionReason.UNSUBSCRIBED: words.text("unsubscribed"),
            SuppressionReason.BOUNCED: words.text("mails came back"),
            SuppressionReason.COMPLAINED: words.text("reported as spam"),
            SuppressionReason.BLOCKED: words.text("asked never to be written to"),
            SuppressionReason.FORGOTTEN: words.text("erased at your wish"),
            SuppressionReason.MOVED: words.text("you took another address"),
        }
        everything = words.text("all lists")
        for one in self._held.suppressions:
            scope = everything if one.scope == EVERY_LIST else self._list(one.scope)
            reason = reasons.get(one.reason, one.reason)
            yield f"{self._day(one.at)}: {scope}, {reason}"

    def _rights(self) -> Iterator[str]:
        for statement in describe_storage(self._settings):
            yield statement.text(self._held.language)

    def _list(self, slug: str) -> str:
        known = self._settings.lists.get(slug)
        return (known.title if known else "") or slug

    def _day(self, moment: datetime) -> str:
        local = moment.astimezone(self._zone).date()
        return format_date(local, self._held.language, weekday=False)
