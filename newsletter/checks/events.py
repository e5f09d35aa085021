"""Events that are over when readers get the issue, or were left from the last one."""

from collections.abc import Iterator
from datetime import date, datetime

from newsletter.checks.facts import Facts, found
from newsletter.model.assembled import Assembled
from newsletter.model.finding import Finding
from newsletter.model.issue import NO_DATE, Event, Issue, Paragraph
from newsletter.model.walk import blocks_within, walk_blocks
from newsletter.model.words import plain_words

_ADVICE = 'Correct its line "when: …", or take the event out.'


def check_events(assembled: Assembled, facts: Facts) -> list[Finding]:
    """Report events that are over, and those that stood in the last issue."""
    issued = assembled.issue.date
    findings = []
    for block in walk_blocks(assembled.issue):
        if isinstance(block, Event):
            finding = _event_finding(block, issued, facts.now)
            if finding is not None:
                findings.append(finding)
    return [*findings, *_repeated_findings(assembled.issue, facts)]


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


def _repeated_findings(issue: Issue, facts: Facts) -> Iterator[Finding]:
    """Report events that came along when the issue was begun as a copy of the last.

    One that is still to come may be told of again; with other words around it, or a
    word such as "reminder" in its title, it is no leftover.
    """
    if facts.previous is None:
        return
    last = facts.previous
    told = {_key(event, around) for event, around in _events(last)}
    name = f"of {last.date.isoformat()}" if last.date != NO_DATE else last.slug
    for event, around in _events(issue):
        is_over = _event_finding(event, issue.date, facts.now) is not None
        if not is_over and _key(event, around) in told:
            title = f'"{event.title}"' if event.title else "this event"
            yield found(
                "event-repeated",
                event.place,
                f"{title} stands here word for word as in the issue {name}.",
                "Take it out if it was left from the copy; "
                "if it is a reminder, say so in its text.",
            )


def _events(issue: Issue) -> Iterator[tuple[Event, str]]:
    """Yield each event with the words of the item around it."""
    items = (*issue.leads, *(i for section in issue.sections for i in section.items))
    parts = (
        ("", issue.opening),
        *((plain_words(s.heading), s.blocks) for s in issue.sections),
        *((plain_words(item.heading), item.blocks) for item in items),
    )
    for heading, blocks in parts:
        said = (plain_words(b.content) for b in blocks if isinstance(b, Paragraph))
        around = " ".join((heading, *said))
        for block in blocks_within(blocks):
            if isinstance(block, Event):
                yield block, around


def _key(event: Event, around: str) -> tuple[object, ...]:
    return (event.title.casefold(), event.start, event.end, event.where, around)
