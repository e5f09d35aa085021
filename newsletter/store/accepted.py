"""Findings that the editor accepted, with the reason.

An acceptance is bound to the words of its line: it moves with the line, and ends
with the first change of its words.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select

from newsletter.store.dialect import insert_or_update
from newsletter.store.instants import from_millis, to_millis
from newsletter.store.tables import accepted_findings


@dataclass(frozen=True, slots=True)
class Accepted:
    """Why something was accepted, and when."""

    reason: str
    #: Aware, UTC.
    at: datetime


def accept_finding(
    connection: Connection,
    *,
    issue: str,
    rule: str,
    line_hash: str,
    reason: str,
    now: datetime,
) -> None:
    """Keep an acceptance; a later one of the same line replaces its reason."""
    row = {
        "issue": issue,
        "rule": rule,
        "line_hash": line_hash,
        "reason": reason,
        "at": to_millis(now),
    }
    insert_or_update(connection, accepted_findings, [row])


def read_accepted(
    connection: Connection, issue: str
) -> Mapping[tuple[str, str], Accepted]:
    """Return the acceptances of an issue, by rule and hash of the line."""
    rows = connection.execute(
        select(accepted_findings).where(accepted_findings.c.issue == issue)
    )
    return {
        (row.rule, row.line_hash): Accepted(row.reason, from_millis(row.at))
        for row in rows
    }
