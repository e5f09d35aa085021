"""People as values: rows of a file, and what an import may do with somebody. Pure."""
