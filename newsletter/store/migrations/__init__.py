"""The Alembic tree: numbered, forward only, one transaction for all that is to do."""
