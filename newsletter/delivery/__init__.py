"""Delivery + Message -> Outcome: who gets a message when, and what came of it."""
