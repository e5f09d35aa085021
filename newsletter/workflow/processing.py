"""The record of processing that European law asks of whoever keeps addresses. Pure.

In: settings, which files others can read. Out: Markdown, true for these very settings,
in the language of the newsletter or another one. What is stored, for how long and who
sees it are the sentences of the privacy page; what only a person can know is left open,
and marked so.

Source: Regulation (EU) 2016/679, Article 30(1).
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date

from newsletter.addresses import parse_mailbox
from newsletter.i18n import Words, format_date, join_words, page_words
from newsletter.model.settings import Settings
from newsletter.workflow.privacy import Statement, Topic, describe_storage

_PROVIDERS = {
    "ses": "Amazon SES",
    "mailgun": "Mailgun",
    "postmark": "Postmark",
    "sendgrid": "SendGrid",
}
#: More files than these are told by their folders.
_MOST_FILES = 10


def write_record(
    settings: Settings,
    *,
    today: date,
    language: str,
    exposed: Sequence[str] | None = (),
) -> str:
    """Return the record, as Markdown.

    Args:
        settings: What it is about.
        today: Of the writing.
        language: One without a catalogue gives English.
        exposed: Files that other users of the computer can read; None: nobody can tell.
    """
    return "\n".join(_Record(settings, page_words(language), exposed).lines(today))


class _Record:
    def __init__(
        self, settings: Settings, words: Words, exposed: Sequence[str] | None
    ) -> None:
        self._settings = settings
        self._words = words
        self._exposed = exposed

    def lines(self, today: date) -> Iterator[str]:
        words = self._words
        day = format_date(today, words.language, weekday=False)
        name = self._settings.newsletter.name
        yield f"# {words.text('Record of processing: {name}', name=name)}"
        yield ""
        yield words.text(
            "As Article 30(1) of the General Data Protection Regulation asks. Written "
            "by newsletter on {date} from newsletter.toml; write it anew when settings "
            "change.",
            date=day,
        )
        told = {
            topic: [one.text(words.language) for one in described]
            for topic, described in self._described().items()
        }
        kept, not_kept = told[Topic.STORED], told[Topic.NOT_STORED]
        seen = [*told[Topic.SEEN], *self._servers()]
        yield from _part(words.text("Controller"), self._controller())
        yield from _part(words.text("Purpose and ground"), self._purpose())
        yield from _part(words.text("Whose data"), [self._whose()])
        yield from _part(words.text("What is kept, and for how long"), kept)
        yield from _part(words.text("What is not kept"), not_kept)
        yield from _part(words.text("Who sees it"), seen)
        yield from _part(words.text("Rights of the readers"), told[Topic.RIGHTS])
        yield from _part(words.text("Protection"), self._protection())
        yield ""

    def _described(self) -> dict[Topic, list[Statement]]:
        """Return what the privacy page says, to the word."""
        statements = describe_storage(self._settings)
        return {
            topic: [one for one in statements if one.topic is topic] for topic in Topic
        }

    def _open(self, what: str) -> str:
        """Return what the program does not know, marked so."""
        words = self._words
        return f"**{words.text('To be filled in:')}** {what}"

    def _controller(self) -> Iterator[str]:
        words, newsletter = self._words, self._settings.newsletter
        contact = parse_mailbox(newsletter.reply_to or newsletter.sender)
        yield f"{contact.name or newsletter.name}, {contact.address}"
        if newsletter.address:
            yield " ".join(newsletter.address.split())
        else:
            yield self._open(words.text("postal address of the organisation."))
        yield self._open(
            words.text(
                "who answers for it; a representative or data protection officer, if "
                "you must have one."
            )
        )

    def _purpose(self) -> Iterator[str]:
        words, name = self._words, self._settings.newsletter.name
        yield words.text("To send {name} to people who asked for it.", name=name)
        yield words.text(
            "Ground: consent (Article 6(1)(a)), given on the page and confirmed by "
            "mail, or vouched for by whoever imported a list; the history of each "
            "person says which."
        )

    def _whose(self) -> str:
        words, settings = self._words, self._settings
        titles = dict.fromkeys(map(settings.list_title, settings.lists))
        lists = join_words(list(titles), words.language)
        return words.text("Readers of these lists: {lists}.", lists=lists)

    def _servers(self) -> Iterator[str]:
        words, settings = self._words, self._settings
        servers = [settings.server, *settings.spare_servers]
        hosts = ", ".join(dict.fromkeys(one.host for one in servers if one))
        if hosts:
            contract = words.text(
                "who runs it, the contract with them, and whether it is outside of the "
                "European Union."
            )
            named = words.text("Mail server: {hosts}.", hosts=hosts)
            yield f"{named} {self._open(contract)}"
        else:
            yield self._open(
                words.text("the mail server (newsletter.toml has no [server] yet).")
            )
        if settings.inbox is not None and settings.inbox.host:
            yield words.text(
                "Mailbox for mail that comes back: {host}.", host=settings.inbox.host
            )
        if settings.hooks.providers:
            names = ", ".join(_PROVIDERS[name] for name in settings.hooks.providers)
            yield words.text(
                "What comes back is reported to the public pages by: {names}.",
                names=names,
            )

    def _protection(self) -> Iterator[str]:
        words, settings = self._words, self._settings
        yield self._access()
        yield words.text("Log files name nobody.")
        servers = [one for one in (settings.server, *settings.spare_servers) if one]
        if servers and all(one.security != "none" for one in servers):
            yield words.text(
                "Mail goes to the mail server encrypted (TLS), or not at all."
            )
        yield words.text(
            "Who left is recognised by a keyed code; no import brings anybody back. "
            "Whoever asks is forgotten by newsletter subscribers forget."
        )
        yield words.text(
            "Links in mails are signed, hold no personal data, and change nothing when "
            "a program opens them."
        )
        yield self._open(
            words.text("where backups are kept, for how long, and who can read them.")
        )

    def _access(self) -> str:
        words, exposed = self._words, self._exposed
        if exposed is None:
            return self._open(
                words.text("who on this computer can read database, keys and lists.")
            )
        if not exposed:
            return words.text(
                "Database, keys and lists can be read by the owner of the folder alone."
            )
        files = ", ".join(_by_folder(exposed))
        return words.text(
            "Other users of the computer can read these files: {files}.", files=files
        )


def _by_folder(files: Sequence[str]) -> list[str]:
    if len(files) <= _MOST_FILES:
        return list(files)
    folders = (file.rpartition("/") for file in files)
    return list(dict.fromkeys(f"{one}/" if one else name for one, _, name in folders))


def _part(heading: str, sentences: Iterable[str]) -> Iterator[str]:
    yield ""
    yield f"## {heading}"
    yield ""
    yield from (f"- {sentence}" for sentence in sentences)
