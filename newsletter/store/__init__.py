"""The database: tables, queries, migrations. Everything here does input and output."""
