"""A notice -> its message: a short mail of ours, asked for on a page.

In: what it is for, the links in it, in whose name. Out: the exact bytes for the wire.

Law: it holds the name of the newsletter and our own words, and nothing else. Nothing
that anybody typed stands in it, so that nobody can have us mail their words to others;
and nothing of an issue, so that it is never advertising. No List-* headers: it is no
mail of a list.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from html import escape

from newsletter.addresses import normalise_address
from newsletter.i18n import Words, direction, page_words
from newsletter.messages.headers import (
    date_header,
    mailbox_header,
    token_header,
    unstructured_header,
)
from newsletter.messages.letterhead import Sender, read_sender, tag_for
from newsletter.messages.parts import write_plain_body
from newsletter.messages.wire_form import require_wire_form
from newsletter.model.message import Identity, Message
from newsletter.model.notice import Notice, NoticeKind
from newsletter.model.settings import NewsletterSettings


@dataclass(frozen=True, slots=True)
class NoticeLinks:
    """Where the links of a notice lead; those that its kind does not have are empty."""

    #: Confirm: joining, or a new address.
    confirm: str = ""
    #: It was somebody else.
    not_me: str = ""
    #: One's own settings.
    preferences: str = ""
    leave: str = ""
    #: The address that people answer from; `write_notice` knows it by itself.
    write_to: str = ""


@dataclass(frozen=True, slots=True)
class _Link:
    label: str
    url: str
    #: What the mail is for.
    is_main: bool = False


@dataclass(frozen=True, slots=True)
class _Draft:
    subject: str
    #: Paragraphs and links, from top to bottom.
    content: tuple[str | _Link, ...]


def write_notice(
    notice: Notice,
    newsletter: NewsletterSettings,
    links: NoticeLinks,
    *,
    message_token: str,
    sent_at: datetime,
    envelope_sender: str = "",
    providers: tuple[str, ...] = (),
) -> Message:
    """Return the mail of a notice.

    Args:
        notice: What it is for, to whom, in which language.
        newsletter: In whose name.
        links: As its kind wants them.
        message_token: From `tokens.sign`; left-hand side of the Message-ID.
        sent_at: Aware.
        envelope_sender: Address for returned mail; empty: that of the sender.
        providers: As in `Identity`.

    Raises:
        ValueError: Address, sender or name cannot stand in a mail.
    """
    said = page_words(notice.language)
    sender = read_sender(
        Identity(newsletter.sender, list_id="", reply_to=newsletter.reply_to)
    )
    links = replace(links, write_to=(sender.reply_to or sender.mailbox).address)
    draft = _DRAFTS[notice.kind](said, newsletter.name, links)
    address = normalise_address(notice.email, allow_smtputf8=True)
    signature = tuple(
        line.strip()
        for line in (newsletter.name, *newsletter.address.splitlines())
        if line.strip()
    )
    data = b"".join(
        (
            *_headers(sender, address, draft.subject, sent_at),
            f"Message-ID: <{message_token}@{sender.domain}>\r\n".encode("ascii"),
            # RFC 3834, section 5: whoever answers by program stays silent.
            token_header("Auto-Submitted", "auto-generated"),
            token_header("Content-Language", said.language),
            *_tags(providers, message_token),
            token_header("MIME-Version", "1.0"),
            write_plain_body(_text(draft, signature), _html(draft, signature, said)),
        )
    )
    require_wire_form([data], (), ())
    return Message(
        data=data,
        envelope_sender=envelope_sender or sender.mailbox.address,
        envelope_recipient=address,
        message_id=f"<{message_token}@{sender.domain}>",
        needs_smtputf8=not address.isascii(),
    )


def _tags(providers: tuple[str, ...], message_token: str) -> list[bytes]:
    pieces = tag_for(providers, message_token.encode("ascii"))
    return [piece for piece in pieces if isinstance(piece, bytes)]


def _headers(
    sender: Sender, address: str, subject: str, sent_at: datetime
) -> tuple[bytes, ...]:
    return (
        mailbox_header("From", sender.mailbox),
        f"To: <{address}>\r\n".encode(),
        mailbox_header("Reply-To", sender.reply_to) if sender.reply_to else b"",
        unstructured_header("Subject", subject),
        date_header(sent_at),
    )


# --- what is said ---------------------------------------------------------------------


def _confirm(words: Words, name: str, links: NoticeLinks) -> _Draft:
    return _Draft(
        words.text("Please confirm: {name}", name=name),
        (
            words.text(
                "Somebody, probably you, asked that {name} be sent to this address.",
                name=name,
            ),
            words.text("Was it you? Then open this page and confirm it there:"),
            _Link(words.text("Confirm"), links.confirm, is_main=True),
            words.text(
                "Was it not you? Then you need not do anything: without your "
                "confirmation you will not receive {name}.",
                name=name,
            ),
            words.text("If you never want to be asked again, tell us here:"),
            _Link(words.text("It was not me"), links.not_me),
        ),
    )


def _present(words: Words, name: str, links: NoticeLinks) -> _Draft:
    return _Draft(
        words.text("You receive it already: {name}", name=name),
        (
            words.text(
                "Somebody, probably you, asked that {name} be sent to this address.",
                name=name,
            ),
            words.text("You are subscribed already, so nothing has changed."),
            words.text("Here you see and change what you receive:"),
            _Link(words.text("Your settings"), links.preferences, is_main=True),
            words.text("Do you not want to receive {name} any more?", name=name),
            _Link(words.text("Unsubscribe"), links.leave),
        ),
    )


def _change(words: Words, name: str, links: NoticeLinks) -> _Draft:
    return _Draft(
        words.text("Please confirm your new address: {name}", name=name),
        (
            words.text(
                "Somebody, probably you, asked that {name} be sent to this address "
                "instead of another one.",
                name=name,
            ),
            words.text("Was it you? Then open this page and confirm it there:"),
            _Link(words.text("Confirm"), links.confirm, is_main=True),
            words.text("Was it not you? Then you need not do anything."),
        ),
    )


def _leave(words: Words, name: str, links: NoticeLinks) -> _Draft:
    return _Draft(
        words.text("Your link to unsubscribe: {name}", name=name),
        (
            words.text(
                "Somebody, probably you, asked how to unsubscribe from {name}.",
                name=name,
            ),
            _Link(words.text("Unsubscribe"), links.leave, is_main=True),
            words.text("Here you see and change what you receive:"),
            _Link(words.text("Your settings"), links.preferences),
            words.text("Was it not you? Then you need not do anything."),
        ),
    )


def _moved(words: Words, name: str, links: NoticeLinks) -> _Draft:
    return _Draft(
        words.text("Your address was changed: {name}", name=name),
        (
            words.text(
                "From now on {name} goes to another address, no longer to this one. "
                "Somebody, probably you, asked for that.",
                name=name,
            ),
            words.text("Was it you? Then you need not do anything."),
            words.text(
                "Was it not you? Then please write to us: {contact}",
                contact=links.write_to,
            ),
        ),
    )


_DRAFTS: Mapping[NoticeKind, Callable[[Words, str, NoticeLinks], _Draft]] = {
    NoticeKind.CONFIRM: _confirm,
    NoticeKind.PRESENT: _present,
    NoticeKind.CHANGE: _change,
    NoticeKind.LEAVE: _leave,
    NoticeKind.MOVED: _moved,
}


# --- how it looks ---------------------------------------------------------------------

#: Follows what the reader's program does in the dark: no colour of ours.
_SHEET_STYLE = (
    "max-width:36em;margin:0 auto;padding:24px 16px;"
    "font-family:Helvetica,Arial,sans-serif;font-size:16px;line-height:1.5;"
    "word-break:break-word"
)
_MAIN_STYLE = (
    "display:inline-block;padding:10px 22px;border:2px solid currentColor;"
    "border-radius:4px;color:inherit;font-weight:bold;text-decoration:none"
)


def _text(draft: _Draft, signature: tuple[str, ...]) -> str:
    blocks = [
        f"{part.label}:\n{part.url}" if isinstance(part, _Link) else part
        for part in draft.content
    ]
    return "\n\n".join([*blocks, "\n".join(signature)]) + "\n"


def _html(draft: _Draft, signature: tuple[str, ...], words: Words) -> str:
    blocks = "\n".join(f"<p>{_shown(part)}</p>" for part in draft.content)
    closing = "<br>\n".join(map(escape, signature))
    tongue = f'lang="{words.language}" dir="{direction(words.language)}"'
    return (
        "<!doctype html>\n"
        f"<html {tongue}>\n<head>\n"
        '<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n'
        f"<title>{escape(draft.subject)}</title>\n</head>\n"
        '<body style="margin:0">\n'
        # Gmail keeps neither the attributes of html nor those of body.
        f'<div {tongue} style="{_SHEET_STYLE}">\n'
        f"{blocks}\n<p>{closing}</p>\n</div>\n</body>\n</html>\n"
    )


def _shown(part: str | _Link) -> str:
    if isinstance(part, str):
        return escape(part)
    style = f' style="{_MAIN_STYLE}"' if part.is_main else ""
    return f'<a href="{escape(part.url)}"{style}>{escape(part.label)}</a>'
