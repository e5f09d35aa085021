"""Events that are over when the issue reaches its readers."""

from datetime import date, datetime

from newsletter.checks.facts import Facts, found
from newsletter.model.assembled import Assembled
from newsletter.model.finding import Finding
from newsletter.model.issue import Event
from newsletter.model.walk import walk_blocks

_ADVICE = 'Correct its line "when: …", or take the event out.'


def check_events(assembled: Assembled, facts: Facts) -> list[Finding]:
    """Report events that ended before the date of the issue, or before now."""
    issued = assembled.issue.date
    findings = []
    for block in walk_blocks(assembled.issue):
        if isinstance(block, Event):
            finding = _event_finding(block, issued, facts.now)
            if finding is not None:
                findings.append(finding)
    return findings


def _event_finding(event: Event, issued: date, now: datetime) -> Finding | None:
    day = _last_day(event)
    name = f'"{event.title}"' if event.title else "this event"
    if day < issued:
        message = (
            f"{name} is over on {day.isoformat()}, "
            f"before the date of the issue, {issued.isoformat()}."
        )
        return found("event-before-issue", event.place, message, _ADVICE)
    if day < now.date():
        message = f"{name} was over on {day.isoformat()}, before today."
        return found("event-past", event.place, message, _ADVICE)
    if isinstance(event.end, datetime) and event.end <= now:
        # Of one without an end nobody can tell how long it lasts.
        message = f"{name} was over today at {event.end:%H:%M}."
        return found("event-past", event.place, message, _ADVICE)
    return None


def _last_day(event: Event) -> date:
    moment = event.end or event.start
    return moment.date() if isinstance(moment, datetime) else moment
