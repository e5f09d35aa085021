"""Mails that came back or were written to us: bytes in, what happened out. Pure."""
