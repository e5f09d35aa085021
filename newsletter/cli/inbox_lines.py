"""What became of each mail that came back, a line for each."""

from typing import TYPE_CHECKING

from newsletter.cli.held_returns import said_words
from newsletter.model.returned import FOR_PEOPLE, BounceClass, MailKind
from newsletter.workflow.unread import UNREAD_FOLDER

if TYPE_CHECKING:
    from newsletter.workflow.returned_mail import Handled


def mail_line(one: "Handled", *, is_dry: bool = False) -> str:
    """Return what became of a mail.

    Args:
        one: The mail.
        is_dry: Nothing was done: say what would be.
    """
    who = one.recipient or "Somebody"
    if one.is_fault:
        return (
            f"The mail {one.source} could not be read, by a fault of the program. "
            f"{_stays(one, is_dry=is_dry)} {one.advice}"
        )
    if one.is_test:
        return f"A test mail: {_kind_words(one)}. Nothing to do."
    if one.kind is MailKind.UNSUBSCRIBE:
        return f"{who} {_LEFT[is_dry]} by mail." if one.is_applied else _GONE
    if one.kind is MailKind.COMPLAINT:
        return _complaint_line(one, who, is_dry=is_dry)
    if one.kind is MailKind.BOUNCE:
        return _bounce_line(one, who, is_dry=is_dry)
    if one.kind is MailKind.AUTO_REPLY:
        end = "Nothing to do." if one.is_ours else _stays(one)
        return f"{who}: an automatic answer. {end}"
    subject = f": “{one.subject}”" if one.subject else ""
    if one.kind is MailKind.ASKS_TO_LEAVE:
        if one.advice:
            return f"{who} asks to leave{subject}. If so: {one.advice}"
        kept = f" {_stays(one, is_dry=is_dry)}" if one.source == _PIPE else ""
        return (
            f"{who} asks to leave{subject}, and has no mail of yours under this "
            f"address. Answer them, and ask which one it is.{kept}"
        )
    stays = _stays(one, is_dry=is_dry)
    if one.kind is MailKind.REPLY:
        return f"{who} wrote to you{subject}. {stays}"
    sender = f" from {one.recipient}" if one.recipient else ""
    return f"A mail{sender} for you to read{subject}. {stays}"


#: What was done; and what would be, in a dry run.
_LEFT = ("has left", "would leave")
_GETS_NONE = ("gets no mail", "would get no mail")
_NO_MAIL = ("No mail goes there any more.", "No mail would go there any more.")
_HELD = ("Held back; nothing was changed.", "It would be held back.")
_COUNTED = ("Counted; nothing was changed.", "It would be counted.")
_PAUSED = ("is paused", "would be paused")
_KEPT = ("The mail is kept", "It would be kept")
#: `Handled.source` of what comes by a pipe.
_PIPE = "stdin"
_GONE = "Somebody left by mail who is no subscriber any more. Nothing to do."


def _kind_words(one: "Handled") -> str:
    words = {
        MailKind.BOUNCE: f"it came back{_said(one)}",
        MailKind.COMPLAINT: "it was called spam",
        MailKind.UNSUBSCRIBE: "its link to leave was tried",
        MailKind.AUTO_REPLY: "an automatic answer",
    }
    return words.get(one.kind, "an answer, which stays unread")


def _complaint_line(one: "Handled", who: str, *, is_dry: bool) -> str:
    if one.is_applied:
        return f"{who} called it spam, and {_GETS_NONE[is_dry]} any more."
    if one.is_ours:
        return f"{who} called an old mail spam. Nothing was changed."
    return _unproved(one, "was called spam")


def _bounce_line(one: "Handled", who: str, *, is_dry: bool) -> str:
    said = _said(one)
    if not one.is_ours:
        return _unproved(one, f"came back{said}")
    if one.is_applied and one.bounce_class is BounceClass.HARD:
        return f"{who}: the address is dead{said}. {_NO_MAIL[is_dry]}"
    if one.is_held:
        return (
            f"{who}: called dead{said}, as too many others are at once. {_HELD[is_dry]}"
        )
    if one.is_applied:
        return f"{who}: nothing has arrived for two weeks{said}. {_NO_MAIL[is_dry]}"
    if one.paused:
        return (
            f"{who}: blocked by the receiving side{said}. Dispatch {one.paused} "
            f"{_PAUSED[is_dry]}: too many came back so. See: newsletter doctor"
        )
    words = _UNAPPLIED[one.bounce_class or BounceClass.SOFT]
    return f"{who}: {words.format(said, counted=_COUNTED[is_dry])}"


#: What bounces without an effect on anybody say; {} is what the server said.
_UNAPPLIED = {
    BounceClass.HARD: "a mail to an earlier address, or an old one, came back{}. "
    "Nothing was changed.",
    BounceClass.SOFT: "the mail did not arrive this time{}. {counted}",
    BounceClass.BLOCKED: "blocked by the receiving side{}. That is not the reader's "
    "matter; nothing was changed.",
    BounceClass.DELAY: "not there yet{}; the mail server goes on trying. Nothing to "
    "do.",
}


def _unproved(one: "Handled", what: str) -> str:
    to = f" to {one.recipient}" if one.recipient else ""
    advice = f" If you believe it: {one.advice}" if one.advice else ""
    return (
        f"A mail{to} {what}, but nothing proves that it is one of yours. Nothing was "
        f"changed. {_stays(one)}{advice}"
    )


def _stays(one: "Handled", *, is_dry: bool = False) -> str:
    """Return where a mail is that was not settled."""
    if one.source != _PIPE:
        return "It stays unread."
    if one.kind in FOR_PEOPLE:
        return f"{_KEPT[is_dry]} in {UNREAD_FOLDER}."
    return "A pipe keeps what people wrote alone: this mail is gone."


def _said(one: "Handled") -> str:
    return said_words(one.reason)
