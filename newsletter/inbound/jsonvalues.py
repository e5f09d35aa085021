"""JSON from outside -> plain values: what is missing, or odd, is empty. Pure."""

import json
from typing import Any

#: No event is longer (`web.hooks`).
_MAX_TEXT = 1_000_000


def parse_json(data: bytes | str) -> Any:
    """Return what *data* says, None for what is no JSON; never raises."""
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        return None


def table(values: Any, name: str) -> dict[str, Any]:
    """Return the object of that name."""
    found = values.get(name) if isinstance(values, dict) else None
    return found if isinstance(found, dict) else {}


def rows(values: Any, name: str) -> list[dict[str, Any]]:
    """Return the objects in the list of that name."""
    return objects(values.get(name)) if isinstance(values, dict) else []


def objects(values: Any) -> list[dict[str, Any]]:
    """Return the objects in a list."""
    if not isinstance(values, list):
        return []
    return [row for row in values if isinstance(row, dict)]


def text(values: Any, name: str) -> str:
    """Return the text or the whole number of that name.

    JSON may hold halves of surrogate pairs, which no database takes.
    """
    found = values.get(name) if isinstance(values, dict) else None
    if isinstance(found, int) and not isinstance(found, bool):
        found = f"{found:d}" if abs(found) < 10**18 else ""
    if not isinstance(found, str):
        return ""
    return found[:_MAX_TEXT].encode("utf-8", "replace").decode()
