"""The tables of newsletter.toml; docs/settings.md has a heading for each key.

An empty text says no more than a missing line: the default holds.
"""

from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationInfo,
    model_validator,
)

from newsletter.addresses import is_loopback
from newsletter.model.settings import (
    DEFAULT_CLIENTS,
    DkimAlgorithm,
    FieldType,
    ImageMode,
    RuleLevel,
    Security,
    Theme,
)
from newsletter.settings.values import (
    BaseUrl,
    BounceAddress,
    ClientName,
    Colour,
    DatabaseUrl,
    Domain,
    Domains,
    FieldName,
    FontStack,
    GivenLine,
    Host,
    KeyFile,
    LaneName,
    LeavingAddress,
    Limit,
    Line,
    LinkPattern,
    PasswordSource,
    ProjectFile,
    Prose,
    PublicKey,
    RuleName,
    Scheme,
    SecretSource,
    Selector,
    TimeZone,
    Topic,
)
from newsletter.validation import Address, LanguageTag, MailboxText, Slug, refuse

#: Any port of TCP.
Port = Annotated[int, Field(ge=1, le=65535)]

_THEME = Theme()

#: At most so many addresses get a test: what needs more is a dispatch.
_MAX_TEST_ADDRESSES = 10


class Table(BaseModel):
    """A table: unknown keys are refused, ``"5"`` is no number."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    @model_validator(mode="before")
    @classmethod
    def _drop_empty_texts(cls, values: Any) -> Any:
        if not isinstance(values, dict):
            return values
        fields = cls.model_fields.items()
        optional = {name for name, f in fields if isinstance(f.default, str)}
        return {k: v for k, v in values.items() if v != "" or k not in optional}


class NewsletterTable(Table):
    """``[newsletter]``."""

    name: GivenLine
    sender: MailboxText
    language: LanguageTag = "en"
    time_zone: TimeZone = "UTC"
    reply_to: MailboxText = ""
    address: Prose = ""
    about: Prose = ""
    base_url: BaseUrl = ""
    list: Slug = "main"
    unsubscribe_address: LeavingAddress = ""
    bounce_address: BounceAddress = ""
    hold_seconds: Annotated[int, Field(ge=0, le=3600)] = 120


class TemplateTable(Table):
    """``[template]``."""

    name: Slug = _THEME.name
    number_sections: bool = False
    colour: Colour = _THEME.colour
    accent: Colour = _THEME.accent
    font: FontStack = _THEME.font
    logo: ProjectFile = ""
    width: Annotated[int, Field(ge=480, le=640)] = _THEME.width
    images: ImageMode = "embedded"


class ListTable(Table):
    """``[lists.NAME]``."""

    title: Line = ""
    description: Prose = ""
    public: bool = False


class FieldTable(Table):
    """``[fields.NAME]``."""

    type: FieldType = "text"
    #: An empty text is a fallback too: nothing stands there then.
    fallback: Line | None = None
    title: Line = ""
    ask: bool = False


def _as_list(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


def _as_tables(value: Any) -> Any:
    """Return ``[server]`` as if it had been written ``[[server]]``."""
    return value if isinstance(value, list) else [value]


def _judge_security(security: Security | None, info: ValidationInfo) -> Security | None:
    """Refuse clear text to another machine, unless it is asked for in so many words."""
    given = info.data
    if security != "none" or given.get("allow_clear_text") or not given.get("host"):
        return security
    if not is_loopback(given["host"]):
        raise refuse(
            'can be "none" only for a server on this computer.',
            'Use "tls" or "starttls"; allow_clear_text = true would send every letter '
            "readable for who listens."
            if "allow_clear_text" in given
            else 'Use "tls" or "starttls".',
        )
    return security


def _judge_password(password: str, info: ValidationInfo) -> str:
    if password and not info.data.get("user"):
        raise refuse("needs a user beside it.", 'Add a line user = "…".')
    if password and info.data.get("security") == "none":
        raise refuse(
            'cannot be used with security = "none": it would travel readable.',
            'Use security = "tls" or "starttls".',
        )
    return password


class ServerTable(Table):
    """``[server]``; a check of one key looks at the keys above it."""

    host: Host
    port: Port | None = None
    user: Line = ""
    allow_clear_text: bool = False
    security: Annotated[Security | None, AfterValidator(_judge_security)] = None
    password: Annotated[PasswordSource, AfterValidator(_judge_password)] = ""
    connections: Annotated[int, Field(ge=1, le=50)] = 4
    messages_per_connection: Annotated[int, Field(ge=1, le=10_000)] = 100
    window: Annotated[int, Field(ge=1, le=8)] = 1
    limits: list[Limit] = []
    timeout_seconds: Annotated[int, Field(ge=1, le=600)] = 60


class LaneTable(Table):
    """``[lanes.NAME]``."""

    domains: Annotated[list[Domains], Field(min_length=1), BeforeValidator(_as_list)]
    connections: Annotated[int, Field(ge=1, le=50)] = 2
    messages_per_connection: Annotated[int | None, Field(ge=1, le=10_000)] = None
    limits: list[Limit] = []


class DkimTable(Table):
    """``[dkim]``."""

    domain: Domain
    selector: Selector
    key: KeyFile
    algorithm: DkimAlgorithm = "rsa"


class DatabaseTable(Table):
    """``[database]``."""

    url: DatabaseUrl = "sqlite:///subscribers/newsletter.db"


def _once_each(values: list[str]) -> list[str]:
    return list(dict.fromkeys(values))


class ChecksTable(Table):
    """``[checks]``: the clients, and every other key is a rule."""

    clients: Annotated[
        list[ClientName], BeforeValidator(_as_list), AfterValidator(_once_each)
    ] = list(DEFAULT_CLIENTS)
    rules: dict[RuleName, RuleLevel] = {}

    @model_validator(mode="before")
    @classmethod
    def _gather_rules(cls, values: Any) -> Any:
        if not isinstance(values, dict):
            return values
        rules = {key: value for key, value in values.items() if key != "clients"}
        named = {"clients": values["clients"]} if "clients" in values else {}
        return named | {"rules": rules}


class TestTable(Table):
    """``[test]``."""

    #: Its name is no test's.
    __test__ = False

    to: Annotated[
        list[Address], Field(max_length=_MAX_TEST_ADDRESSES), BeforeValidator(_as_list)
    ] = []


class InboxTable(Table):
    """``[inbox]``; a check of one key looks at the keys above it."""

    host: Host = ""
    port: Port | None = None
    user: Line = ""
    security: Annotated[Security, AfterValidator(_judge_security)] = "tls"
    password: Annotated[PasswordSource, AfterValidator(_judge_password)] = ""
    folder: Line = "INBOX"
    done: Line = ""
    maildir: Line = ""
    minutes: Annotated[int, Field(ge=0, le=1440)] = 5


class SesTable(Table):
    """``[hooks.ses]``."""

    topic: Topic


class MailgunTable(Table):
    """``[hooks.mailgun]``."""

    key: SecretSource


class PostmarkTable(Table):
    """``[hooks.postmark]``."""

    password: SecretSource


class SendgridTable(Table):
    """``[hooks.sendgrid]``."""

    key: PublicKey


class HooksTable(Table):
    """``[hooks.…]``: a table for each provider."""

    ses: SesTable | None = None
    mailgun: MailgunTable | None = None
    postmark: PostmarkTable | None = None
    sendgrid: SendgridTable | None = None


class WebTable(Table):
    """``[web]``."""

    port: Port = 8025
    trusted_hops: Annotated[int, Field(ge=0, le=5)] = 0
    joins_per_hour: Annotated[int, Field(ge=0, le=100_000)] = 100
    privacy: Prose = ""


#: Ten years; what is to be kept longer is kept for good.
_Days = Annotated[int, Field(ge=0, le=3650)]


class RetentionTable(Table):
    """``[retention]``."""

    deliveries: _Days = 30
    bounces: _Days = 180
    pending: _Days = 14


class File(Table):
    """The whole file: one table for each part."""

    newsletter: NewsletterTable
    template: TemplateTable = TemplateTable()
    shortlinks: dict[Scheme, LinkPattern] = {}
    lists: dict[Slug, ListTable] = {}
    fields: dict[FieldName, FieldTable] = {}
    server: Annotated[list[ServerTable], BeforeValidator(_as_tables)] = []
    lanes: dict[LaneName, LaneTable] = {}
    dkim: Annotated[list[DkimTable], BeforeValidator(_as_tables)] = []
    database: DatabaseTable = DatabaseTable()
    checks: ChecksTable = ChecksTable()
    test: TestTable = TestTable()
    inbox: InboxTable | None = None
    hooks: HooksTable = HooksTable()
    web: WebTable = WebTable()
    retention: RetentionTable = RetentionTable()


#: Tables whose keys are fixed; "*" stands for a name of the editor's.
TABLES: dict[tuple[str, ...], type[Table]] = {
    (): File,
    ("newsletter",): NewsletterTable,
    ("template",): TemplateTable,
    ("lists", "*"): ListTable,
    ("fields", "*"): FieldTable,
    ("server",): ServerTable,
    ("lanes", "*"): LaneTable,
    ("dkim",): DkimTable,
    ("database",): DatabaseTable,
    ("test",): TestTable,
    ("inbox",): InboxTable,
    ("hooks", "ses"): SesTable,
    ("hooks", "mailgun"): MailgunTable,
    ("hooks", "postmark"): PostmarkTable,
    ("hooks", "sendgrid"): SendgridTable,
    ("web",): WebTable,
    ("retention",): RetentionTable,
}
