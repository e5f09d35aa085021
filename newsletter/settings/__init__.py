"""newsletter.toml from its text to `model.settings`: shape, values, places. Pure."""
