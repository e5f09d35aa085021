"""Run by Alembic: applies revisions on the connection that `store.upgrade` opened."""

from alembic import context

from newsletter.store.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
    # SQLite's tables change inside a transaction too; Alembic assumes an older driver.
    transactional_ddl=True,
)
context.run_migrations()
