"""The rules a check can report, and how much each weighs, for settings and checks.

One rule, one severity: what is a warning at 90 KB and an error at 102 KB is two rules,
so that ``[checks]`` in newsletter.toml can weigh them apart. docs/checks.md explains
each.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from newsletter.model.finding import Severity

#: Rule under which problems of a definition are shown beside findings. It is not in
#: `RULES`: nobody can switch off or accept that an issue cannot be read.
DEFINITION = "definition"


@dataclass(frozen=True, slots=True)
class Rule:
    """What is promised about one rule."""

    severity: Severity
    #: True: no setting changes it, and nobody can accept it.
    is_fixed: bool = False


_INFO = Rule(Severity.INFO)
_WARNING = Rule(Severity.WARNING)
_ERROR = Rule(Severity.ERROR)

#: Rule id -> rule, in the order of docs/checks.md.
RULES: Mapping[str, Rule] = {
    "promised-link": _ERROR,
    "link-broken": _ERROR,
    "link-invalid": _ERROR,
    "link-unsafe": _ERROR,
    "link-moved": _INFO,
    "link-blocked": _WARNING,
    "link-rate-limited": _WARNING,
    "link-timeout": _WARNING,
    "links-unchecked": _WARNING,
    "size-clip": _ERROR,
    "size-large": _WARNING,
    "alt-missing": _ERROR,
    "alt-file-name": _WARNING,
    "subject-empty": _ERROR,
    "subject-refused": _ERROR,
    "subject-long": _WARNING,
    "subject-cut": _INFO,
    "subject-capitals": _WARNING,
    "preheader-missing": _WARNING,
    "preheader-repeats": _WARNING,
    "preheader-short": _INFO,
    "preheader-long": _INFO,
    "event-before-issue": _ERROR,
    "event-past": _WARNING,
    # A mail that nobody can leave must never go out, whatever the settings say.
    "unsubscribe-place": Rule(Severity.ERROR, is_fixed=True),
    "one-click": _WARNING,
    "one-click-local": _INFO,
    "postal-address": _WARNING,
}
