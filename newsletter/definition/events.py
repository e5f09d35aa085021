"""Events: the lines between ``::: event`` and ``:::``."""

from collections.abc import Mapping

from markdown_it.token import Token

from newsletter.definition.fields import read_plain_words
from newsletter.definition.frontmatter import Pair, read_pairs
from newsletter.definition.links import resolve_target
from newsletter.definition.reading import Reading
from newsletter.definition.validate import (
    EventBody,
    keys_of,
    meant_keys,
    validate_event,
)
from newsletter.model.issue import Event


def read_event(token: Token, line: int, reading: Reading) -> Event | None:
    """Return the event that begins at *line*; None beside a problem, without date."""
    place = reading.start_of(line)
    lines = list(enumerate(token.content.split("\n"), line + 1))
    pairs = read_pairs(lines, reading, keys=keys_of(EventBody))
    body = validate_event(pairs, place, reading)
    title = _words("title", body.title, pairs, reading) or reading.item_title
    if not title and "title" not in meant_keys(pairs, EventBody):
        what = "this event has no title, and stands below no heading of an item."
        reading.refuse(place, what, 'Add a line "title: What it is called".')
    where = _words("where", body.where, pairs, reading)
    link = _address("link", body.link, pairs, reading)
    online = _read_online(body, pairs, reading)
    if body.when is None:
        return None
    start, end = body.when
    return Event(title, start, end, place, where, link, body.link, online)


def _words(key: str, value: str, pairs: Mapping[str, Pair], reading: Reading) -> str:
    if not value:
        return ""
    return read_plain_words(value, pairs[key].value_place, reading)


def _address(key: str, value: str, pairs: Mapping[str, Pair], reading: Reading) -> str:
    return resolve_target(value, pairs[key].value_place, reading) if value else ""


def _read_online(body: EventBody, pairs: Mapping[str, Pair], reading: Reading) -> str:
    """Return words, or a complete address where the value is one."""
    is_address = "://" in body.online and " " not in body.online
    read = _address if is_address else _words
    return read("online", body.online, pairs, reading)
