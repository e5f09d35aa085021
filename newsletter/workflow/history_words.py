"""How somebody came and went, in the words of a letter to them. Pure.

In: an event of their history, words in their language. Out: what happened, by which
way, and what they agreed to. What only the editor understands, as names of files and
what mail servers say, is in the data beside the letter.
"""

from collections.abc import Mapping
from datetime import date

from newsletter.i18n import Words, format_month, language_name
from newsletter.model.subscriber import ConsentKind
from newsletter.store.consent import ConsentEvent

#: Source of what the editor typed.
_OURS = "command"
#: On the public pages: one of them, or that of a mail which somebody did not ask for.
_PAGES = ("page", "/join", "not-me")


def tell_event(event: ConsentEvent, words: Words) -> str:
    """Return what happened."""
    if event.kind == ConsentKind.UNDONE and event.source == _OURS:
        return words.text("a change of ours taken back")
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


def tell_way(event: ConsentEvent, words: Words) -> str:
    """Return by which way it happened; empty where the event says it already."""
    ways = {
        **dict.fromkeys(_PAGES, words.text("on our pages")),
        "preferences": words.text("in your settings"),
        "one-click": words.text("by the button of your mail program"),
        "mail": words.text("by email"),
        _OURS: words.text("entered by us"),
    }
    if event.kind == ConsentKind.UNSUBSCRIBED:
        # What is none of these is the name of a file.
        return ways.get(event.source, words.text("as a list of ours says"))
    return "" if event.source == _OURS else ways.get(event.source, "")


def tell_wording(event: ConsentEvent, words: Words, language: str) -> str:
    """Return which words of ours they read, and in which language, or nothing.

    Args:
        event: Of their history.
        words: In the language of the letter.
        language: The tag of it, for names of months and languages.
    """
    if not event.wording:
        return ""
    return words.text(
        "our words of {month}, in {language}",
        month=format_month(date.fromisoformat(f"{event.wording}-01"), language),
        language=language_name(event.language or language, language),
    )


def tell_note(event: ConsentEvent) -> str:
    """Return what the editor noted of it: what they said or wrote, as it was typed."""
    return event.evidence if event.kind == ConsentKind.ADDED else ""
