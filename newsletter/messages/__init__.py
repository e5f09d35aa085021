"""Assembled + subscriber -> bytes: compiled once, joined for each recipient."""
