"""Instants as the tables hold them: milliseconds since 1970, UTC. Pure."""

from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


def to_millis(instant: datetime) -> int:
    """Return an aware instant as the tables hold it, cut to the millisecond.

    Raises:
        ValueError: *instant* has no time zone.
    """
    if instant.tzinfo is None:
        raise ValueError("an instant needs its time zone")
    return (instant - _EPOCH) // _MILLISECOND


def from_millis(millis: int) -> datetime:
    """Return the aware UTC instant of a table's integer."""
    return _EPOCH + millis * _MILLISECOND
