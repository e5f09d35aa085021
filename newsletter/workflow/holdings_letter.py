"""What is kept of somebody, as a letter in their language. Pure.

In: `Holdings`, settings, the day. Out: plain text, ready to be mailed by the editor.
"""

import textwrap
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from zoneinfo import ZoneInfo

from newsletter.i18n import Words, date_in_words, format_date, language_name, page_words
from newsletter.i18n.languages import primary_language
from newsletter.model.delivery import DeliveryState
from newsletter.model.settings import Settings
from newsletter.model.subscriber import (
    LANGUAGE_FIELD,
    SubscriptionStatus,
    SuppressionReason,
)
from newsletter.store.audience import EVERY_LIST
from newsletter.store.holdings import BEFORE_IMPORT, Note
from newsletter.workflow.history_words import (
    tell_event,
    tell_note,
    tell_way,
    tell_wording,
)
from newsletter.workflow.holdings import Holdings
from newsletter.workflow.privacy import describe_storage

_WIDTH = 72
#: What stands between the parts of a line, where it is not a comma.
_COMMAS = {"ar": "، "}


def write_letter(holdings: Holdings, settings: Settings, *, today: date) -> str:
    """Return the letter."""
    return _Letter(holdings, settings).write(today)


class _Letter:
    def __init__(self, holdings: Holdings, settings: Settings) -> None:
        self._held = holdings
        self._settings = settings
        self._words: Words = page_words(holdings.language)
        # One that we have no words in would be in its dates alone.
        is_ours = primary_language(holdings.language) == self._words.language
        self._language = holdings.language if is_ours else self._words.language
        self._zone = ZoneInfo(settings.newsletter.time_zone)

    def write(self, today: date) -> str:
        words, name = self._words, self._settings.newsletter.name
        head = [
            f"{name}, {format_date(today, self._language, weekday=False)}",
            words.text("What we keep about you: {email}", email=self._held.email),
        ]
        parts = [
            "\n".join(head),
            *self._part(words.text("What we know of you"), self._fields()),
            *self._part(
                words.text("What we knew of you before our last list was added"),
                self._before_import(),
            ),
            *self._part(words.text("Your lists"), self._lists()),
            *self._part(words.text("How you came and went"), self._history()),
            *self._part(words.text("Issues that were for you"), self._issues()),
            *self._part(words.text("Mails that came back to us"), self._returned()),
            *self._part(words.text("Asked for on our pages"), self._requests()),
            *self._part(words.text("Not to be written to"), self._suppressions()),
            *self._part(words.text("Files that hold your address too"), self._files()),
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
            if value:
                yield self._field(name, value)

    def _field(self, name: str, value: str) -> str:
        if name == LANGUAGE_FIELD:
            words, known = self._words, language_name(value, self._language)
            return words.text("Language: {language}", language=known)
        field, title = self._settings.fields.get(name), self._settings.field_title(name)
        if field is not None and field.type == "date":
            value = date_in_words(value, self._language)
        return f"{title[:1].upper()}{title[1:]}: {value}"

    def _typed(self, note: Note) -> str:
        known = [self._field(*item) for item in note.fields.items() if item[1]]
        return "; ".join(known) or note.about

    def _before_import(self) -> Iterator[str]:
        words = self._words
        for note in self._held.requests:
            if note.kind == BEFORE_IMPORT:
                known = self._typed(note) or words.text("your address alone")
                yield f"{self._day(note.at)}: {known}"

    def _lists(self) -> Iterator[str]:
        words = self._words
        states = {
            SubscriptionStatus.PENDING: words.text("asked for, not confirmed"),
            SubscriptionStatus.ACTIVE: words.text("you are on it"),
            SubscriptionStatus.UNSUBSCRIBED: words.text("you left it"),
            SubscriptionStatus.BOUNCED: words.text("mails came back"),
        }
        for one in self._held.subscriptions:
            title = self._settings.list_title(one.list)
            told = self._comma.join([states[one.status], self._day(one.changed_at)])
            yield f"{title}: {told}"

    def _history(self) -> Iterator[str]:
        for event in self._held.history:
            yield self._line(
                event.at,
                tell_event(event, self._words),
                self._settings.list_title(event.list),
                tell_way(event, self._words),
                tell_note(event),
                tell_wording(event, self._words, self._language),
            )

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
            yield self._line(one.at, one.issue, states.get(one.state, waiting))

    def _returned(self) -> Iterator[str]:
        words = self._words
        kinds = {
            "bounce": words.text("mails came back"),
            "complaint": words.text("reported as spam"),
            "unsubscribe": words.text("unsubscribed"),
        }
        other = words.text("an answer")
        for note in self._held.returned:
            yield self._line(note.at, kinds.get(note.kind, other), note.about)

    def _requests(self) -> Iterator[str]:
        words = self._words
        kinds = {
            "asked-to-join": words.text("asked to join"),
            "asked-for-link": words.text("asked for the link to unsubscribe"),
            "asked-for-address": words.text("asked for a new address"),
        }
        mail = words.text("we wrote to you because of it")
        for note in self._held.requests:
            if note.kind != BEFORE_IMPORT:
                about = self._typed(note) if note.kind in kinds else ""
                yield self._line(note.at, kinds.get(note.kind, mail), about)

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
            title = self._settings.list_title(one.scope)
            scope = everything if one.scope == EVERY_LIST else title
            yield self._line(one.at, scope, reasons.get(one.reason, one.reason))

    def _files(self) -> Iterator[str]:
        words = self._words
        if self._held.elsewhere:
            yield words.text(
                "Files that we keep: lists of addresses, mails written as a trial, "
                "or copies for safety."
            )

    def _rights(self) -> Iterator[str]:
        for statement in describe_storage(self._settings):
            yield statement.text(self._language)

    @property
    def _comma(self) -> str:
        return _COMMAS.get(self._words.language, ", ")

    def _line(self, at: datetime, *parts: str) -> str:
        return f"{self._day(at)}: {self._comma.join(filter(None, parts))}"

    def _day(self, moment: datetime) -> str:
        local = moment.astimezone(self._zone).date()
        return format_date(local, self._language, weekday=False)
