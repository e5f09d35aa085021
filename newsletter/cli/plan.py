"""What `newsletter send` would do, shown before the number of recipients is typed."""

import sys
from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from newsletter.cli.context import say
from newsletter.cli.findings import count_of
from newsletter.cli.folding import fold
from newsletter.cli.people import missed_words
from newsletter.workflow.standing import show_clock

if TYPE_CHECKING:
    from newsletter.model.finding import Finding
    from newsletter.model.settings import NewsletterSettings
    from newsletter.workflow.forecast import Forecast
    from newsletter.workflow.plan import Plan

#: Where values begin.
_MARGIN = 10
#: Beyond this nobody sits and waits.
_SOON_SECONDS = 120

#: Standing on the lists -> as an editor would say it.
_LEFT_OUT = {
    "suppressed": "not to be mailed any more",
    "pending": "not confirmed yet",
}
#: Waivers as they are recorded -> as they are shown; accepted findings and the test
#: have lines of their own.
_WAIVERS = {
    "skip_probe": "the public pages were not tried (--skip-probe)",
}
_LEAVES_EVERY_LIST = (
    "who unsubscribes by this mail leaves every list, as its link can name three at "
    "most"
)
_SECURITY = {"tls": "TLS", "starttls": "STARTTLS", "none": "not encrypted"}


def show_plan(plan: "Plan", newsletter: "NewsletterSettings") -> None:
    """Show what will happen if the number is confirmed, on standard error.

    Args:
        plan: From `plan_send`.
        newsletter: Its time zone is the one of all times; its hold is told.
    """
    for label, value in plan_rows(plan, newsletter):
        for line in fold(value, sys.stderr, margin=_MARGIN):
            say(f"{label:<{_MARGIN}}{line}")
            label = ""


def plan_rows(
    plan: "Plan", newsletter: "NewsletterSettings"
) -> Iterator[tuple[str, str]]:
    """Yield label and value of each line."""
    zone = ZoneInfo(newsletter.time_zone)
    yield "Issue:", plan.issue
    yield "Subject:", plan.subject
    yield "From:", plan.sender
    if plan.reply_to:
        yield "Reply to:", plan.reply_to
    yield from _people(plan)
    page = f"{plan.web_page}, for everybody" if plan.web_page else "none"
    yield "Web page:", page
    yield "Tested:", _tested(plan, zone)
    if plan.warnings:
        yield "Check:", _warned(plan)
    for finding in plan.accepted:
        yield "Accepted:", _accepted(finding)
    for waiver in plan.waivers:
        if waiver in _WAIVERS:
            yield "Waived:", _WAIVERS[waiver]
    server = plan.server
    yield "Server:", f"{server.host}:{server.port}, {_SECURITY[server.security]}"
    for other in plan.others:
        left = count_of(other.unfinished, "mail")
        yield "Others:", f"dispatch {other.id} of {other.issue} has {left} to go"
    yield "Start:", _start(plan, newsletter)
    yield "Time:", _time(plan.forecast, zone, is_now=plan.starts_at is None)


def _people(plan: "Plan") -> Iterator[tuple[str, str]]:
    from newsletter.i18n import join_words

    lists = join_words(plan.lists, "en")
    if plan.left_out:
        yield "To:", f"{plan.recipients} of the {plan.people} people on {lists}"
        reasons = (
            f"{people} {_LEFT_OUT.get(why, why)}"
            for why, people in plan.left_out.items()
        )
        yield "Left out:", ", ".join(reasons)
    else:
        yield "To:", f"{count_of(plan.recipients, 'recipient')} of {lists}"
    if plan.by_list:
        yield "Lists:", _by_list(plan)
    if plan.leaves_every_list:
        yield "Leaving:", _LEAVES_EVERY_LIST
    if plan.where:
        yield "Where:", plan.where
    if plan.missed_languages:
        yield "Note:", missed_words(plan.missed_languages)
    if plan.only is not None:
        reach, number = plan.only.reach, plan.only.dispatch_id
        yield "Only:", f"those whom dispatch {number} {reach}"
    if plan.canary:
        first = count_of(plan.canary, "recipient")
        yield "First:", f"{first} alone; then it pauses until newsletter resume"


def _by_list(plan: "Plan") -> str:
    """Return ``30 of main, 12 of events; 12 on both``: how the number came about."""
    told = ", ".join(f"{people} of {slug}" for slug, people in plan.by_list.items())
    twice = sum(plan.by_list.values()) - plan.recipients
    if not twice:
        return told
    # Of more than two, the sums do not say who is on how many.
    several = "some on several of them" if len(plan.by_list) > 2 else f"{twice} on both"
    return f"{told}; {several}"


def _tested(plan: "Plan", zone: ZoneInfo) -> str:
    if plan.tested is None:
        return "never; it goes out unseen (--untested)"
    if plan.tested.changes is None:
        return f"this very mail, {_moment(plan.tested.at, zone)}"
    return f"not as it is now (--untested): {plan.tested.summary}"


def _warned(plan: "Plan") -> str:
    """Return ``3 warnings, among them: links were not checked; …``."""
    number = len(plan.warnings)
    told, them = count_of(number, "warning"), "it" if number == 1 else "them"
    if any(finding.rule == "links-unchecked" for finding in plan.warnings):
        among = "" if number == 1 else ", among them"
        told = f"{told}{among}: links were not checked"
    return f"{told}; newsletter check {plan.issue} shows {them}"


def _accepted(finding: "Finding") -> str:
    day = f" on {finding.accepted_on}" if finding.accepted_on else ""
    return f"{finding.rule} in {finding.place}{day}: {finding.accepted}"


def _start(plan: "Plan", newsletter: "NewsletterSettings") -> str:
    from newsletter.workflow.schedule import show_start

    if plan.starts_at is not None:
        start = show_start(plan.starts_at, newsletter.time_zone)
        return f"{start}, with mail and readers as they are now"
    if not newsletter.hold_seconds or not sys.stdin.isatty():
        return "as soon as the number is confirmed"
    hold = _duration(newsletter.hold_seconds)
    return f"{hold} after the number is confirmed; until then Ctrl-C undoes it all"


def _time(forecast: "Forecast", zone: ZoneInfo, *, is_now: bool) -> str:
    """Return ``300 an hour: about 4 h 20, until 18:20; leave the computer on``."""
    seconds = forecast.seconds
    if seconds is None or forecast.ends_at is None:
        return "as fast as the mail server takes it"
    until = show_clock(forecast.ends_at, zone.key, now=forecast.begins_at)
    limits = " and ".join(_limit(limit) for limit in forecast.limits)
    lane = f"{forecast.lane}, " if forecast.lane else ""
    used = f" ({forecast.used:,} used already)" if forecast.used else ""
    told = f"{lane}{limits}{used}: about {_duration(seconds)}, until {until}"
    text = _slowed(forecast, zone, told if limits else f"about {_duration(seconds)}")
    if seconds < _SOON_SECONDS:
        return text
    return f"{text}; leave the computer on{'' if is_now else ' then'}"


def _slowed(forecast: "Forecast", zone: ZoneInfo, text: str) -> str:
    """Return ``about 12 s: the mail server asked us to go slower at 14:05``."""
    if forecast.slowed_at is None:
        return text
    at = show_clock(forecast.slowed_at, zone.key, now=forecast.begins_at)
    joint = "; " if forecast.limits else ": "
    return f"{text}{joint}the mail server asked us to go slower at {at}"


def _limit(limit: tuple[int, int]) -> str:
    """Return ``300 an hour``."""
    units = {1: "a second", 60: "a minute", 3600: "an hour", 86400: "a day"}
    messages, seconds = limit
    return f"{messages} {units.get(seconds) or f'in {_duration(seconds)}'}"


def _duration(seconds: int) -> str:
    from newsletter.delivery.schedule import show_duration

    return show_duration(seconds)


def _moment(at: datetime, zone: ZoneInfo) -> str:
    """Return ``Tuesday 1 December 2026, 09:00``."""
    there = at.astimezone(zone)
    return f"{there:%A} {there.day} {there:%B %Y}, {there:%H:%M}"
