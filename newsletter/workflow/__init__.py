"""The use cases, one a file: the only place where stages meet."""
