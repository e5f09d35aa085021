"""The tables, in SQLAlchemy Core, for SQLite and PostgreSQL alike.

Instants are integers: milliseconds since 1970, UTC. States are the small integers of
the enums in `newsletter.model`. Migrations in `migrations/` bring a database to this
shape; a test compares the two. A change here needs a revision of its own.
"""

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    String,
    Table,
    Text,
    text,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(column_0_label)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

#: Autoincrement needs INTEGER on SQLite; PostgreSQL gets BIGINT.
_Id = BigInteger().with_variant(Integer, "sqlite")

subscribers = Table(
    "subscribers",
    metadata,
    Column("id", _Id, primary_key=True),
    #: As given, domain in ASCII.
    Column("email", String, nullable=False),
    #: `addresses.address_key`: what makes two spellings one person.
    Column("email_key", String, nullable=False, unique=True),
    #: `tokens.address_hash` of it: lets SQL look into `suppressions`.
    Column("address_hash", LargeBinary, nullable=False),
    Column("fields", JSON, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    #: The import they came by, or that set their fields, so that it can be undone;
    #: negative: their fields were set by somebody else since.
    Column("import_id", Integer),
    Index(
        "ix_subscribers_import",
        "import_id",
        sqlite_where=text("import_id IS NOT NULL"),
        postgresql_where=text("import_id IS NOT NULL"),
    ),
    sqlite_autoincrement=True,
)

lists = Table(
    "lists",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("slug", String, nullable=False, unique=True),
    sqlite_autoincrement=True,
)

subscriptions = Table(
    "subscriptions",
    metadata,
    Column("list_id", Integer, ForeignKey("lists.id"), primary_key=True),
    Column(
        "subscriber_id", _Id, ForeignKey("subscribers.id"), primary_key=True, index=True
    ),
    #: `SubscriptionStatus`.
    Column("status", SmallInteger, nullable=False),
    Column("changed_at", BigInteger, nullable=False),
)

#: Append only: how each person came and went, in whose word.
consent_events = Table(
    "consent_events",
    metadata,
    Column("id", _Id, primary_key=True),
    Column(
        "subscriber_id", _Id, ForeignKey("subscribers.id"), nullable=False, index=True
    ),
    Column("list_id", Integer, ForeignKey("lists.id"), nullable=False),
    #: `ConsentKind`.
    Column("kind", String, nullable=False),
    Column("at", BigInteger, nullable=False),
    #: Where it came from: a file name, "one-click", "page", "command".
    Column("source", String, nullable=False),
    #: What was said, for example "paper form, 3 May".
    Column("evidence", Text, nullable=False, server_default=""),
    #: Which words of a page they were shown, and in which language.
    Column("wording", String, nullable=False, server_default=""),
    Column("language", String, nullable=False, server_default=""),
)

#: Who must never be mailed. Outlives the subscriber, so it holds no address.
suppressions = Table(
    "suppressions",
    metadata,
    #: Keyed hash of the address (`tokens.address_hash`).
    Column("address_hash", LargeBinary, primary_key=True),
    #: List slug, or "*" for every list.
    Column("scope", String, primary_key=True),
    #: `SuppressionReason`.
    Column("reason", String, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("source", String, nullable=False),
    #: The import that brought it, so that it can be undone.
    Column("import_id", Integer),
)

#: Each file that was imported; what an undo needs is kept of the last one alone.
imports = Table(
    "imports",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("at", BigInteger, nullable=False),
    #: Name of the file, without its folder.
    Column("file", String, nullable=False),
    #: Which people who were on no list are put on.
    Column("list_id", Integer, ForeignKey("lists.id"), nullable=False),
    #: Whether it set their status on every list they were on, not on this one alone.
    Column("is_everywhere", SmallInteger, nullable=False, server_default="0"),
    #: `SubscriptionStatus` that the editor said everybody in it has.
    Column("status", SmallInteger, nullable=False),
    #: `Verdict` -> rows.
    Column("counts", JSON, nullable=False),
    Column("undone_at", BigInteger),
    sqlite_autoincrement=True,
)

#: How those stood before the last import whom it found there already; erased when it
#: can be undone no more.
import_changes = Table(
    "import_changes",
    metadata,
    Column("import_id", Integer, ForeignKey("imports.id"), primary_key=True),
    Column("subscriber_id", _Id, ForeignKey("subscribers.id"), primary_key=True),
    Column("list_id", Integer, ForeignKey("lists.id"), primary_key=True),
    Column("fields", JSON, nullable=False),
    #: `SubscriptionStatus` on the list; null: was not on it.
    Column("status", SmallInteger),
    Column("changed_at", BigInteger),
    #: What the import gave them; null: it left the status alone.
    Column("new_status", SmallInteger),
)

#: Who asked to join on the public page, until it is confirmed or forgotten. A row for
#: each time it was asked, whoever asked: so each takes as long.
joinings = Table(
    "joinings",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("address_hash", LargeBinary, nullable=False, index=True),
    #: Null where nothing came of it: blocked, known, or asked too often.
    Column("subscriber_id", _Id, ForeignKey("subscribers.id"), index=True),
    #: Slugs.
    Column("lists", JSON, nullable=False),
    #: What was typed; theirs only once it is confirmed.
    Column("fields", JSON, nullable=False),
    Column("wording", String, nullable=False),
    Column("language", String, nullable=False),
    #: Path of the page.
    Column("source", String, nullable=False),
    Column("at", BigInteger, nullable=False, index=True),
    Column("confirmed_at", BigInteger),
    sqlite_autoincrement=True,
)

#: New addresses that were asked for on the page of preferences.
address_changes = Table(
    "address_changes",
    metadata,
    Column("id", _Id, primary_key=True),
    Column(
        "subscriber_id", _Id, ForeignKey("subscribers.id"), nullable=False, index=True
    ),
    Column("email", String, nullable=False),
    Column("email_key", String, nullable=False),
    Column("address_hash", LargeBinary, nullable=False),
    Column("language", String, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("confirmed_at", BigInteger),
    #: The address of before, as long as it is yet to be told; its hash, with the row.
    Column("old_email", String),
    Column("old_hash", LargeBinary),
    sqlite_autoincrement=True,
)

#: Mails of ours to one person each: confirm, change of address, a link that was asked
#: for. The worker sends them; as for a dispatch the intent is written first.
notices = Table(
    "notices",
    metadata,
    Column("id", _Id, primary_key=True),
    #: `NoticeKind`.
    Column("kind", String, nullable=False),
    Column(
        "subscriber_id", _Id, ForeignKey("subscribers.id"), nullable=False, index=True
    ),
    #: Row of `joinings` or `address_changes` that its links are about, by its kind.
    Column("about_id", BigInteger),
    #: Of the words.
    Column("language", String, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    #: `DeliveryState`.
    Column("state", SmallInteger, nullable=False, server_default="0"),
    Column("attempts", SmallInteger, nullable=False, server_default="0"),
    #: Last change of state.
    Column("at", BigInteger),
    #: When a deferred one is tried again.
    Column("next_at", BigInteger),
    Column("reply_code", SmallInteger),
    Column("reply_text", Text),
    Index(
        "ix_notices_open",
        "next_at",
        sqlite_where=text("state IN (0, 1, 3)"),
        postgresql_where=text("state IN (0, 1, 3)"),
    ),
    sqlite_autoincrement=True,
)

#: How often an address was written to without its word: against sign-up bombing. Holds
#: no address; outlives the subscriber.
courtesy_marks = Table(
    "courtesy_marks",
    metadata,
    Column("address_hash", LargeBinary, primary_key=True),
    #: `NoticeKind`.
    Column("kind", String, primary_key=True),
    Column("last_at", BigInteger, nullable=False),
    #: Mails since they last confirmed anything.
    Column("used", SmallInteger, nullable=False),
)

#: Mails that came back or were written to us: each counts once. Holds no text of theirs
#: but a short diagnostic, addresses masked.
returned_mails = Table(
    "returned_mails",
    metadata,
    Column("id", _Id, primary_key=True),
    #: `inbound.Reading.key`: the same mail has the same, whichever way it is read.
    Column("key", LargeBinary, nullable=False, unique=True),
    Column("at", BigInteger, nullable=False),
    #: "imap", "maildir", "mbox", "stdin", "smtp" or the name of a provider.
    Column("source", String, nullable=False),
    #: `MailKind`.
    Column("kind", String, nullable=False),
    #: `BounceClass`, or null.
    Column("class", String, key="bounce_class"),
    #: No foreign keys: they outlive what they are about. Null: no token of ours.
    Column("dispatch_id", Integer),
    Column("subscriber_id", BigInteger),
    #: Enhanced code, or empty.
    Column("status", String, nullable=False, server_default=""),
    #: At most 200 characters, one line, addresses masked.
    Column("diagnostic", Text, nullable=False, server_default=""),
    #: `Decision`; null: there was nothing to decide.
    Column("decision", String),
    Index("ix_returned_mails_person", "subscriber_id", "at"),
    Index("ix_returned_mails_dispatch", "dispatch_id", "kind"),
    Index(
        "ix_returned_mails_decision",
        "decision",
        "dispatch_id",
        sqlite_where=text("decision IS NOT NULL"),
        postgresql_where=text("decision IS NOT NULL"),
    ),
    sqlite_autoincrement=True,
)

#: How far each mailbox was read.
inbox_marks = Table(
    "inbox_marks",
    metadata,
    #: ``imap:user@host/folder``.
    Column("source", String, primary_key=True),
    #: ``UIDVALIDITY:last UID``.
    Column("mark", String, nullable=False),
    Column("at", BigInteger, nullable=False),
)

#: What is done now and then, and when it was done last: "retention", "inbox".
chores = Table(
    "chores",
    metadata,
    Column("name", String, primary_key=True),
    Column("done_at", BigInteger, nullable=False),
)

#: That this database was handed over to another computer: it sends nothing any more.
#: Written after the copy was made, so the copy knows nothing of it.
handovers = Table(
    "handovers",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("at", BigInteger, nullable=False),
    #: Name of the backup file.
    Column("file", String, nullable=False),
)

#: Which keys of subscribers/secret.key this database relies on: with another key every
#: suppression and every unsubscribe link would be void.
secret_keys = Table(
    "secret_keys",
    metadata,
    #: Key id in the file.
    Column("id", Integer, primary_key=True, autoincrement=False),
    #: Tells keys apart and does not give them away.
    Column("fingerprint", LargeBinary, nullable=False),
)

#: Compiled messages, frozen: what was tested and what is dispatched, byte for byte.
contents = Table(
    "contents",
    metadata,
    #: Hex SHA-256 over compiled segments, subject, sender and images.
    Column("hash", String, primary_key=True),
    Column("issue", String, nullable=False),
    Column("subject", Text, nullable=False),
    #: `messages.compile.dump_compiled`.
    Column("compiled", LargeBinary, nullable=False),
    Column("created_at", BigInteger, nullable=False),
)

#: Which content was seen by the editor as a real mail.
test_mails = Table(
    "test_mails",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("issue", String, nullable=False, index=True),
    Column("content_hash", String, nullable=False, index=True),
    Column("at", BigInteger, nullable=False),
    Column("recipients", Integer, nullable=False),
)

dispatches = Table(
    "dispatches",
    metadata,
    Column("id", Integer, primary_key=True),
    #: Slug of the issue.
    Column("issue", String, nullable=False, index=True),
    Column("content_hash", String, ForeignKey("contents.hash"), nullable=False),
    #: List slugs it went to.
    Column("lists", JSON, nullable=False),
    #: `DispatchState`.
    Column("state", String, nullable=False),
    #: Why it is in that state, for people.
    Column("reason", Text, nullable=False, server_default=""),
    Column("next_at", BigInteger),
    Column("total", Integer, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("finished_at", BigInteger),
    #: What the editor waived, for the record: untested, skip_probe, accepted findings.
    Column("waivers", JSON, nullable=False),
    #: Of the confirmation it came of: one confirmation, one dispatch.
    Column("token", String),
    #: Who of an earlier one was meant: "reached:12", "missed:12"; null: everybody.
    Column("only", String),
    #: Who of the lists was meant (``--where``), as written; null: everybody.
    Column("segment", Text),
    #: When it was to start; null: at once.
    Column("starts_at", BigInteger),
    #: So many first; the batches of all others are held until the editor goes on.
    Column("canary", Integer, nullable=False, server_default="0"),
    #: Process that stays with it while it waits, or null.
    Column("owner", String),
    #: Binds recipients to content: `snapshots.hash_recipients`. Null: made before.
    #: Empty: erased by retention; goes on no more.
    Column("recipients_hash", String),
    Index("uq_dispatches_token", "token", unique=True),
    sqlite_autoincrement=True,
)

#: Ranges of deliveries: the unit that one process works on, with counters, so that a
#: status never counts deliveries.
batches = Table(
    "batches",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("dispatch_id", Integer, ForeignKey("dispatches.id"), nullable=False),
    Column("first_seq", Integer, nullable=False),
    Column("last_seq", Integer, nullable=False),
    #: "open", "done", or "held": behind a canary.
    Column("state", String, nullable=False),
    #: Raised by each claim; an intent under an older epoch is denied.
    Column("epoch", Integer, nullable=False, server_default="0"),
    #: Process that works on it, or null.
    Column("owner", String),
    Column("n_pending", Integer, nullable=False),
    Column("n_attempting", Integer, nullable=False, server_default="0"),
    Column("n_accepted", Integer, nullable=False, server_default="0"),
    Column("n_deferred", Integer, nullable=False, server_default="0"),
    Column("n_refused", Integer, nullable=False, server_default="0"),
    Column("n_unknown", Integer, nullable=False, server_default="0"),
    Column("n_skipped", Integer, nullable=False, server_default="0"),
    #: A key of ``[lanes]``; empty: everybody else.
    Column("lane", String, nullable=False, server_default=""),
    #: When the first of its deferred ones is due, as of the last release.
    Column("next_at", BigInteger),
    Index("ix_batches_dispatch_state", "dispatch_id", "state", "lane", "id"),
)

deliveries = Table(
    "deliveries",
    metadata,
    Column("dispatch_id", Integer, ForeignKey("dispatches.id"), primary_key=True),
    Column("seq", Integer, primary_key=True),
    #: No foreign key: the record outlives a forgotten subscriber.
    Column("subscriber_id", _Id, nullable=False),
    Column("email", String, nullable=False),
    Column("fields", JSON, nullable=False),
    #: `DeliveryState`.
    Column("state", SmallInteger, nullable=False, server_default="0"),
    Column("attempts", SmallInteger, nullable=False, server_default="0"),
    #: Epoch of the batch under which the last attempt was made.
    Column("epoch", Integer, nullable=False, server_default="0"),
    #: Last change of state.
    Column("at", BigInteger),
    #: When a deferred delivery is tried again.
    Column("next_at", BigInteger),
    #: When the server first said "later": counts towards giving up.
    Column("deferred_since", BigInteger),
    Column("reply_code", SmallInteger),
    Column("reply_text", Text),
    Index("uq_deliveries_subscriber", "dispatch_id", "subscriber_id", unique=True),
    Index(
        "ix_deliveries_deferred",
        "dispatch_id",
        "next_at",
        sqlite_where=text("state = 3"),
        postgresql_where=text("state = 3"),
    ),
    sqlite_with_rowid=False,
)

#: What the limits of the server remember, so that they hold over restarts.
rate_limits = Table(
    "rate_limits",
    metadata,
    #: Of the pace, or of one part of a longer window (`delivery.limits`).
    Column("key", String, primary_key=True),
    #: The next free moment of the pace, or the start of the part.
    Column("arrival_at", BigInteger, nullable=False),
    #: Messages of that part.
    Column("used", Integer, nullable=False, server_default="0"),
)

#: Each `newsletter worker` that is at work, and when it last said so.
workers = Table(
    "workers",
    metadata,
    #: Host and process.
    Column("owner", String, primary_key=True),
    Column("seen_at", BigInteger, nullable=False),
)

#: Probe tokens that came back through the public address.
probes = Table(
    "probes",
    metadata,
    Column("nonce", String, primary_key=True),
    Column("received_at", BigInteger, nullable=False),
)

#: Findings an editor accepted, with the reason; bound to the words of the line.
accepted_findings = Table(
    "accepted_findings",
    metadata,
    Column("issue", String, primary_key=True),
    Column("rule", String, primary_key=True),
    #: Hex SHA-256 of the line as it read when accepted.
    Column("line_hash", String, primary_key=True),
    Column("reason", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
)

#: What was last seen of the addresses in issues: facts, so that changed rules judge
#: them anew. Addresses that are one reader's own never come here.
link_observations = Table(
    "link_observations",
    metadata,
    #: Hex SHA-256 of the address and of the private networks that were open: addresses
    #: may be longer than PostgreSQL takes into an index (2.7 KB).
    Column("key", String, primary_key=True),
    Column("address", Text, nullable=False),
    Column("seen_at", BigInteger, nullable=False),
    #: One or two `Observation`s, oldest first.
    Column("looks", JSON, nullable=False),
)

#: Append only, for a year: how each address was judged at each check.
link_verdicts = Table(
    "link_verdicts",
    metadata,
    #: As in `link_observations`.
    Column("key", String, primary_key=True),
    Column("at", BigInteger, primary_key=True, autoincrement=False),
    #: `Verdict`.
    Column("verdict", String, nullable=False),
)

#: Links that an editor looked at herself, whatever issue they stand in.
confirmed_links = Table(
    "confirmed_links",
    metadata,
    #: Hex SHA-256 of the address, place in the page included.
    Column("key", String, primary_key=True),
    #: `Verdict` that she knows better; another one is not covered.
    Column("verdict", String, primary_key=True),
    Column("address", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
)
