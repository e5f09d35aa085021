"""The settings of a newsletter (newsletter.toml) as the stages receive them.

`config.py` reads and validates the file; docs/settings.md documents every key.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Security = Literal["tls", "starttls", "none"]
ImageMode = Literal["embedded", "hosted"]
FieldType = Literal["text", "number", "date", "list"]
DkimAlgorithm = Literal["rsa", "ed25519"]
RuleLevel = Literal["error", "warning", "info", "off"]

#: What readers of a European association commonly use.
DEFAULT_CLIENTS = (
    "gmail",
    "outlook",
    "outlook-classic",
    "apple-mail",
    "yahoo",
    "samsung",
    "thunderbird",
    "proton",
    "gmx",
)


@dataclass(frozen=True, slots=True)
class NewsletterSettings:
    """``[newsletter]``: who sends it, and in whose name."""

    name: str
    #: ``Name <address>`` or an address.
    sender: str
    #: BCP 47 tag of issues that name none.
    language: str = "en"
    #: IANA name; events are in it.
    time_zone: str = "UTC"
    reply_to: str = ""
    #: Postal address for the footer.
    address: str = ""
    #: Closing lines of every issue: paragraphs divided by an empty line.
    about: str = ""
    #: Public address of `newsletter serve`, without a closing slash, or empty.
    base_url: str = ""
    #: Default list.
    list: str = "main"
    #: Mailbox for unsubscribe mails; empty means the reply-to or sender address.
    unsubscribe_address: str = ""
    #: Envelope sender, ``news+{token}@example.org``; empty: the sender's own address.
    bounce_address: str = ""
    #: Seconds `send` holds on a terminal before the first mail leaves.
    hold_seconds: int = 120


@dataclass(frozen=True, slots=True)
class Theme:
    """``[template]``: which template, and how it looks."""

    #: "bulletin", "letter" or a template of the project.
    name: str = "bulletin"
    number_sections: bool = False
    #: Ink of masthead and headings, ``#rrggbb``.
    colour: str = "#1f2a37"
    #: Links, buttons, rules; ``#rrggbb``.
    accent: str = "#0b5cad"
    #: A CSS font stack of fonts readers have.
    font: str = "Helvetica, Arial, sans-serif"
    #: Image file in the project folder, or empty.
    logo: str = ""
    #: Width of the mail in pixels, 480 to 640.
    width: int = 600
    images: ImageMode = "embedded"

    @property
    def logo_source(self) -> str:
        """Return the key of the logo among the pictures, or empty.

        The slash sets it apart: an issue's own "logo.png" counts from its folder.
        """
        return f"/{self.logo}" if self.logo else ""


@dataclass(frozen=True, slots=True)
class ListSettings:
    """``[lists.NAME]``."""

    title: str = ""
    description: str = ""
    is_public: bool = False


@dataclass(frozen=True, slots=True)
class FieldSettings:
    """``[fields.NAME]``: something known of a subscriber that an issue may use."""

    type: FieldType = "text"
    #: None: every use in an issue needs a fallback of its own.
    fallback: str | None = None
    #: What readers call it; empty: its name.
    title: str = ""
    #: Readers may give it when they join, and change it.
    is_asked: bool = False


@dataclass(frozen=True, slots=True)
class ServerSettings:
    """``[server]``: the SMTP server that takes the mail."""

    host: str
    port: int
    user: str = ""
    security: Security = "tls"
    #: "env:NAME", "keyring" or "file:PATH"; never the password itself. Empty with a
    #: user: what `newsletter login` stored.
    password: str = ""
    #: Permits security "none" to another machine than this one (never with a password).
    allow_clear_text: bool = False
    connections: int = 4
    messages_per_connection: int = 100
    #: How many mails a connection may have on their way at a time; more than one only
    #: where the server takes them by BDAT (RFC 3030).
    window: int = 1
    #: (messages, seconds): at most so many messages in so many seconds.
    limits: tuple[tuple[int, int], ...] = ()
    #: Seconds to wait for a reply (the reply to the final dot has ten minutes).
    timeout_seconds: int = 60


@dataclass(frozen=True, slots=True)
class LaneSettings:
    """``[lanes.NAME]``: recipients who are sent to with connections of their own."""

    #: Lower-case A-labels: "gmail.com", or ".example.org" for all below it too.
    domains: tuple[str, ...]
    connections: int = 2
    #: Of the server's, unless given.
    messages_per_connection: int | None = None
    #: Besides those of the server: (messages, seconds).
    limits: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class DkimSettings:
    """``[dkim]``, or one of several ``[[dkim]]``: we sign, not the relay."""

    domain: str
    selector: str
    #: File of the private key (PEM); a relative path counts from the project folder.
    key: str
    #: As ``k=`` of the DNS record; the hash is always SHA-256 (RFC 8301).
    algorithm: DkimAlgorithm = "rsa"


@dataclass(frozen=True, slots=True)
class InboxSettings:
    """``[inbox]``: the mailbox that returned mail and answers come to."""

    #: IMAP server; empty: `maildir` is read.
    host: str = ""
    port: int = 993
    user: str = ""
    security: Security = "tls"
    #: As in `ServerSettings`.
    password: str = ""
    folder: str = "INBOX"
    #: Folder that mails go to which no person has to read; empty: they stay, marked as
    #: read.
    done: str = ""
    #: Folder in the file system; a relative path counts from the project folder.
    maildir: str = ""
    #: How often the worker looks; 0: never.
    minutes: int = 5


@dataclass(frozen=True, slots=True)
class HooksSettings:
    """``[hooks.…]``: what the provider of the mail server reports to our pages."""

    #: Topic of Amazon's notification service; empty: none.
    ses_topic: str = ""
    #: Where the key is that Mailgun signs by: "env:NAME", "file:PATH"; empty: none.
    mailgun_key: str = ""
    #: Likewise, the password that Postmark sends along.
    postmark_password: str = ""
    #: SendGrid's public key itself, base64 of DER; empty: none.
    sendgrid_key: str = ""

    @property
    def providers(self) -> tuple[str, ...]:
        """Those who report, by the last part of the path that they post to."""
        given = {
            "ses": self.ses_topic,
            "mailgun": self.mailgun_key,
            "postmark": self.postmark_password,
            "sendgrid": self.sendgrid_key,
        }
        return tuple(name for name, value in given.items() if value)


@dataclass(frozen=True, slots=True)
class WebSettings:
    """``[web]``: the public pages."""

    #: Port of `newsletter serve`.
    port: int = 8025
    #: Reverse proxies before us whose ``X-Forwarded-For`` is believed; 0: none.
    trusted_hops: int = 0
    #: So many confirmation mails an hour at the most, whoever asks; 0: nobody joins.
    joins_per_hour: int = 100
    #: Paragraphs of the editor's on the privacy page, divided by an empty line.
    privacy: str = ""


@dataclass(frozen=True, slots=True)
class RetentionSettings:
    """``[retention]``: days after which things are erased; 0: never."""

    #: Addresses, fields and replies in deliveries of dispatches that are over.
    deliveries: int = 30
    #: What is known of returned mails.
    bounces: int = 180
    #: Who asked to join and did not confirm.
    pending: int = 14


@dataclass(frozen=True, slots=True)
class Settings:
    """All of newsletter.toml."""

    newsletter: NewsletterSettings
    template: Theme = field(default_factory=Theme)
    #: Scheme -> address with ``{}`` for the rest.
    shortlinks: Mapping[str, str] = field(default_factory=dict)
    #: Slug -> list; always holds the default list.
    lists: Mapping[str, ListSettings] = field(
        default_factory=lambda: {"main": ListSettings()}
    )
    fields: Mapping[str, FieldSettings] = field(default_factory=dict)
    #: None: `test` and `send` can only rehearse.
    server: ServerSettings | None = None
    #: Used in turn when the first one cannot be: the others of several ``[[server]]``.
    spare_servers: tuple[ServerSettings, ...] = ()
    lanes: Mapping[str, LaneSettings] = field(default_factory=dict)
    #: Each signs every mail; empty: the relay signs.
    dkim: tuple[DkimSettings, ...] = ()
    #: SQLAlchemy address; a relative SQLite path counts from the project folder.
    database_url: str = "sqlite:///subscribers/newsletter.db"
    #: Rule id -> severity that replaces its own.
    checks: Mapping[str, RuleLevel] = field(default_factory=dict)
    #: Addresses `newsletter test` writes to by default, at most ten.
    test_to: tuple[str, ...] = ()
    web: WebSettings = field(default_factory=WebSettings)
    #: None: returned mail is read only where `newsletter inbox` is told from where.
    inbox: InboxSettings | None = None
    hooks: HooksSettings = field(default_factory=HooksSettings)
    retention: RetentionSettings = field(default_factory=RetentionSettings)
    #: Mail programs that count, as `newsletter.clients.names` has them.
    clients: tuple[str, ...] = DEFAULT_CLIENTS

    @property
    def public_lists(self) -> tuple[str, ...]:
        """The slugs of the lists that anybody may join."""
        return tuple(slug for slug, one in self.lists.items() if one.is_public)

    def field_title(self, name: str) -> str:
        """Return what readers call a field, declared or not."""
        known = self.fields.get(name)
        return (known.title if known else "") or name.replace("_", " ")

    def list_title(self, slug: str) -> str:
        """Return what a list is called where there are several, else the newsletter.

        Args:
            slug: ``"*"``, like one that is gone, means the whole newsletter.
        """
        if slug not in self.lists or len(self.lists) == 1:
            return self.newsletter.name
        is_default = slug == self.newsletter.list
        return self.lists[slug].title or (self.newsletter.name if is_default else slug)
