"""Compose, check, preview and dispatch newsletters written as text files."""

__version__ = "0.1.0"
