"""The record of processing that European law asks of whoever keeps addresses. Pure.

In: settings. Out: Markdown, true for these very settings. What is stored, for how long
and who sees it are the sentences of the privacy page; what only a person can know is
left open, and marked so.

Source: Regulation (EU) 2016/679, Article 30(1).
"""

from collections.abc import Iterable, Iterator
from datetime import date

from newsletter.addresses import parse_mailbox
from newsletter.i18n import format_date
from newsletter.model.settings import Settings
from newsletter.workflow.privacy import Topic, describe_storage

#: What to look for: the program does not know it.
OPEN = "**To be filled in:**"

_PROVIDERS = {
    "ses": "Amazon SES",
    "mailgun": "Mailgun",
    "postmark": "Postmark",
    "sendgrid": "SendGrid",
}


def write_record(settings: Settings, *, today: date) -> str:
    """Return the record, in English, as Markdown."""
    return "\n".join(_lines(settings, today))


def _lines(settings: Settings, today: date) -> Iterator[str]:
    newsletter = settings.newsletter
    yield f"# Record of processing: {newsletter.name}"
    yield ""
    yield (
        "As Article 30(1) of the General Data Protection Regulation asks. Written by "
        f"newsletter on {format_date(today, 'en-GB', weekday=False)} from "
        "newsletter.toml; write it anew when settings change."
    )
    yield from _part("Controller", _controller(settings))
    yield from _part("Purpose and ground", _purpose(settings))
    yield from _part("Whose data", [_whose(settings)])
    yield from _part("What is kept, and for how long", _told(settings, Topic.STORED))
    yield from _part("What is not kept", _told(settings, Topic.NOT_STORED))
    yield from _part("Who sees it", [*_told(settings, Topic.SEEN), *_servers(settings)])
    yield from _part("Rights of the readers", _told(settings, Topic.RIGHTS))
    yield from _part("Protection", _protection(settings))
    yield ""


def _part(heading: str, sentences: Iterable[str]) -> Iterator[str]:
    yield ""
    yield f"## {heading}"
    yield ""
    yield from (f"- {sentence}" for sentence in sentences)


def _told(settings: Settings, topic: Topic) -> list[str]:
    """Return what the privacy page says on a topic, to the word."""
    return [
        statement.text("en")
        for statement in describe_storage(settings)
        if statement.topic is topic
    ]


def _controller(settings: Settings) -> Iterator[str]:
    newsletter = settings.newsletter
    contact = parse_mailbox(newsletter.reply_to or newsletter.sender)
    yield f"{contact.name or newsletter.name}, {contact.address}"
    if newsletter.address:
        yield " ".join(newsletter.address.split())
    else:
        yield f"{OPEN} postal address of the organisation."
    yield (
        f"{OPEN} who answers for it; a representative or data protection officer, if "
        "you must have one."
    )


def _purpose(settings: Settings) -> Iterator[str]:
    yield f"To send {settings.newsletter.name} to people who asked for it."
    yield (
        "Ground: consent (Article 6(1)(a)), given on the page and confirmed by mail, "
        "or vouched for by whoever imported a list; the history of each person says "
        "which."
    )


def _whose(settings: Settings) -> str:
    titles = ", ".join(one.title or slug for slug, one in settings.lists.items())
    return f"Readers of these lists: {titles}."


def _servers(settings: Settings) -> Iterator[str]:
    servers = [settings.server, *settings.spare_servers]
    hosts = ", ".join(dict.fromkeys(one.host for one in servers if one))
    yield (
        f"Mail server: {hosts}. {OPEN} who runs it, the contract with them, and "
        "whether it is outside of the European Union."
        if hosts
        else f"{OPEN} the mail server (newsletter.toml has no [server] yet)."
    )
    if settings.inbox is not None and settings.inbox.host:
        yield f"Mailbox for mail that comes back: {settings.inbox.host}."
    if settings.hooks.providers:
        names = ", ".join(_PROVIDERS[name] for name in settings.hooks.providers)
        yield f"What comes back is reported to the public pages by: {names}."


def _protection(settings: Settings) -> Iterator[str]:
    yield (
        "Database, keys and lists can be read by the owner of the folder alone. Log "
        "files name nobody."
    )
    servers = [one for one in (settings.server, *settings.spare_servers) if one]
    if servers and all(one.security != "none" for one in servers):
        yield "Mail goes to the mail server encrypted (TLS), or not at all."
    yield (
        "Who left is recognised by a keyed code; no import brings anybody back. "
        "Whoever asks is forgotten by newsletter subscribers forget."
    )
    yield (
        "Links in mails are signed, hold no personal data, and change nothing when a "
        "program opens them."
    )
    yield f"{OPEN} where backups are kept, for how long, and who can read them."
