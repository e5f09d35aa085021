"""What the mail programs named in the settings would not show as it was meant.

Only a template can bring it: raw HTML in an issue is refused. Each feature is told
once, at the lines of the project's own templates that write it. Forms of pictures have
a rule of their own, "image-format", on the page about pictures.
"""

from newsletter.checks.facts import Facts, found, template_place
from newsletter.checks.page import first_page
from newsletter.checks.places import joined, listed_lines
from newsletter.checks.template_places import find_uses
from newsletter.clients.consequences import Verdict, judge_usage
from newsletter.clients.ratings import Consequence
from newsletter.clients.usage import Use, read_usage
from newsletter.model.assembled import Assembled
from newsletter.model.finding import Finding
from newsletter.model.problem import Place

#: So much of a declaration is repeated in a message.
_MAX_SHOWN = 40

#: Told by "html-forbidden": what programs remove wherever it is.
_TOLD_BY_HTML = frozenset(
    {"html-audio", "html-form", "html-link", "html-object", "html-video"}
    | {
        f"html-input-{kind}"
        for kind in ("checkbox", "radio", "reset", "submit", "text")
    }
    | {"css-at-import"}
)


def check_clients(assembled: Assembled, facts: Facts) -> list[Finding]:
    """Report features that the named clients lack, where a reader would notice."""
    page = first_page(facts)
    if page is None or not facts.clients:
        return []
    return [
        _finding(verdict, template_place(assembled.issue, facts), facts)
        for verdict in judge_usage(read_usage(page.root), facts.clients)
        if verdict.feature not in _TOLD_BY_HTML
    ]


def _finding(verdict: Verdict, usual: Place, facts: Facts) -> Finding:
    places = find_uses(verdict.uses, facts.templates)
    is_broken = verdict.consequence is Consequence.BREAKS and verdict.is_certain
    rule = "client-breaks" if is_broken else "client-degrades"
    if verdict.feature.startswith("image-"):
        rule = "image-format"
    message = _message(verdict) + _elsewhere(places) + "."
    return found(rule, places[0] if places else usual, message, verdict.rating.advice)


def _message(verdict: Verdict) -> str:
    """Return what it is, where it fails, what is seen, and when that was tested."""
    what = verdict.rating.what + _shown(verdict.uses[0])
    unknown = "unknown" if verdict.is_certain else "perhaps unknown"
    clients = joined([lacking.shown for lacking in verdict.lacking])
    seen = verdict.rating.seen(verdict.consequence)
    months = sorted({m for lacking in verdict.lacking for m in lacking.months})
    tested = months[0] if len(months) == 1 else f"{months[0]} to {months[-1]}"
    return f"{what}, {unknown} to {clients}: {seen} (tested {tested})"


def _shown(use: Use) -> str:
    if use.shown.startswith("<"):
        return ""
    shown = use.shown
    if len(shown) > _MAX_SHOWN:
        shown = f"{shown[:_MAX_SHOWN].rstrip()}…"
    return f" ({shown})"


def _elsewhere(places: list[Place]) -> str:
    """Return where else it stands: ", also in line 9 and in templates/b.j2:4"."""
    if len(places) < 2:
        return ""
    first, *others = places
    lines = [place.line for place in others if place.file == first.file]
    elsewhere = [f"{p.file}:{p.line}" for p in others if p.file != first.file]
    if lines:
        elsewhere.insert(0, listed_lines(lines))
    return f", also in {joined(elsewhere)}"
