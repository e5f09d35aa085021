"""The first tables: people, lists, dispatches and what belongs to them."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Create them, each after those it refers to."""
    _create_accepted_findings()
    _create_contents()
    _create_lists()
    _create_probes()
    _create_rate_limits()
    _create_secret_keys()
    _create_subscribers()
    _create_suppressions()
    _create_test_mails()
    _create_consent_events()
    _create_dispatches()
    _create_subscriptions()
    _create_batches()
    _create_deliveries()


def _create_accepted_findings() -> None:
    op.create_table(
        "accepted_findings",
        sa.Column("issue", sa.String(), nullable=False),
        sa.Column("rule", sa.String(), nullable=False),
        sa.Column("line_hash", sa.String(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint(
            "issue", "rule", "line_hash", name=op.f("pk_accepted_findings")
        ),
    )


def _create_contents() -> None:
    op.create_table(
        "contents",
        sa.Column("hash", sa.String(), nullable=False),
        sa.Column("issue", sa.String(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("compiled", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("hash", name=op.f("pk_contents")),
    )


def _create_lists() -> None:
    op.create_table(
        "lists",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("slug", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lists")),
        sa.UniqueConstraint("slug", name=op.f("uq_lists_slug")),
    )


def _create_probes() -> None:
    op.create_table(
        "probes",
        sa.Column("nonce", sa.String(), nullable=False),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("nonce", name=op.f("pk_probes")),
    )


def _create_rate_limits() -> None:
    op.create_table(
        "rate_limits",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("arrival_at", sa.BigInteger(), nullable=False),
        sa.Column("used", sa.Integer(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_rate_limits")),
    )


def _create_secret_keys() -> None:
    op.create_table(
        "secret_keys",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("fingerprint", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_secret_keys")),
    )


def _create_subscribers() -> None:
    op.create_table(
        "subscribers",
        sa.Column("id", _ID, nullable=False),
        sa.Column("email", sa.String(), nullable=False),
        sa.Column("email_key", sa.String(), nullable=False),
        sa.Column("address_hash", sa.LargeBinary(), nullable=False),
        sa.Column("fields", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_subscribers")),
        sa.UniqueConstraint("email_key", name=op.f("uq_subscribers_email_key")),
        sqlite_autoincrement=True,
    )


def _create_suppressions() -> None:
    op.create_table(
        "suppressions",
        sa.Column("address_hash", sa.LargeBinary(), nullable=False),
        sa.Column("scope", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("address_hash", "scope", name=op.f("pk_suppressions")),
    )


def _create_test_mails() -> None:
    op.create_table(
        "test_mails",
        sa.Column("id", _ID, nullable=False),
        sa.Column("issue", sa.String(), nullable=False),
        sa.Column("content_hash", sa.String(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("recipients", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_test_mails")),
    )
    op.create_index(
        op.f("ix_test_mails_content_hash"), "test_mails", ["content_hash"], unique=False
    )
    op.create_index(op.f("ix_test_mails_issue"), "test_mails", ["issue"], unique=False)


def _create_consent_events() -> None:
    op.create_table(
        "consent_events",
        sa.Column("id", _ID, nullable=False),
        sa.Column("subscriber_id", _ID, nullable=False),
        sa.Column("list_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("evidence", sa.Text(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(
            ["list_id"], ["lists.id"], name=op.f("fk_consent_events_list_id_lists")
        ),
        sa.ForeignKeyConstraint(
            ["subscriber_id"],
            ["subscribers.id"],
            name=op.f("fk_consent_events_subscriber_id_subscribers"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consent_events")),
    )
    op.create_index(
        op.f("ix_consent_events_subscriber_id"),
        "consent_events",
        ["subscriber_id"],
        unique=False,
    )


def _create_dispatches() -> None:
    op.create_table(
        "dispatches",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("issue", sa.String(), nullable=False),
        sa.Column("content_hash", sa.String(), nullable=False),
        sa.Column("lists", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("next_at", sa.BigInteger(), nullable=True),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("finished_at", sa.BigInteger(), nullable=True),
        sa.Column("waivers", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["content_hash"],
            ["contents.hash"],
            name=op.f("fk_dispatches_content_hash_contents"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dispatches")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_dispatches_issue"), "dispatches", ["issue"], unique=False)


def _create_subscriptions() -> None:
    op.create_table(
        "subscriptions",
        sa.Column("list_id", sa.Integer(), nullable=False),
        sa.Column("subscriber_id", _ID, nullable=False),
        sa.Column("status", sa.SmallInteger(), nullable=False),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["list_id"], ["lists.id"], name=op.f("fk_subscriptions_list_id_lists")
        ),
        sa.ForeignKeyConstraint(
            ["subscriber_id"],
            ["subscribers.id"],
            name=op.f("fk_subscriptions_subscriber_id_subscribers"),
        ),
        sa.PrimaryKeyConstraint(
            "list_id", "subscriber_id", name=op.f("pk_subscriptions")
        ),
    )
    op.create_index(
        op.f("ix_subscriptions_subscriber_id"),
        "subscriptions",
        ["subscriber_id"],
        unique=False,
    )


def _create_batches() -> None:
    op.create_table(
        "batches",
        sa.Column("id", _ID, nullable=False),
        sa.Column("dispatch_id", sa.Integer(), nullable=False),
        sa.Column("first_seq", sa.Integer(), nullable=False),
        sa.Column("last_seq", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("epoch", sa.Integer(), server_default="0", nullable=False),
        sa.Column("owner", sa.String(), nullable=True),
        sa.Column("n_pending", sa.Integer(), nullable=False),
        sa.Column("n_attempting", sa.Integer(), server_default="0", nullable=False),
        sa.Column("n_accepted", sa.Integer(), server_default="0", nullable=False),
        sa.Column("n_deferred", sa.Integer(), server_default="0", nullable=False),
        sa.Column("n_refused", sa.Integer(), server_default="0", nullable=False),
        sa.Column("n_unknown", sa.Integer(), server_default="0", nullable=False),
        sa.Column("n_skipped", sa.Integer(), server_default="0", nullable=False),
        sa.ForeignKeyConstraint(
            ["dispatch_id"],
            ["dispatches.id"],
            name=op.f("fk_batches_dispatch_id_dispatches"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_batches")),
    )
    op.create_index(
        "ix_batches_dispatch_state",
        "batches",
        ["dispatch_id", "state", "id"],
        unique=False,
    )


def _create_deliveries() -> None:
    op.create_table(
        "deliveries",
        sa.Column("dispatch_id", sa.Integer(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("subscriber_id", _ID, nullable=False),
        sa.Column("email", sa.String(), nullable=False),
        sa.Column("fields", sa.JSON(), nullable=False),
        sa.Column("state", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("attempts", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("epoch", sa.Integer(), server_default="0", nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=True),
        sa.Column("next_at", sa.BigInteger(), nullable=True),
        sa.Column("deferred_since", sa.BigInteger(), nullable=True),
        sa.Column("reply_code", sa.SmallInteger(), nullable=True),
        sa.Column("reply_text", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["dispatch_id"],
            ["dispatches.id"],
            name=op.f("fk_deliveries_dispatch_id_dispatches"),
        ),
        sa.PrimaryKeyConstraint("dispatch_id", "seq", name=op.f("pk_deliveries")),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "ix_deliveries_deferred",
        "deliveries",
        ["dispatch_id", "next_at"],
        unique=False,
        sqlite_where=sa.text("state = 3"),
        postgresql_where=sa.text("state = 3"),
    )
    op.create_index(
        "uq_deliveries_subscriber",
        "deliveries",
        ["dispatch_id", "subscriber_id"],
        unique=True,
    )
