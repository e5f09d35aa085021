"""What the named mail programs make of a mail, each feature once. Pure.

What a use comes to where its feature is missing, `surroundings` says; here it is asked
where that is. Only "no" in a test counts as missing. An old test, or none, promises
nothing either: what would break the mail is then told as a doubt, with the date.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from newsletter.clients.names import CLIENTS
from newsletter.clients.ratings import RATINGS, Consequence, Rating
from newsletter.clients.support import Support, Test, support_of
from newsletter.clients.surroundings import consequence_of, sheet_uses
from newsletter.clients.usage import Audience, Usage, Use

#: The program that lays out with Word, and alone reads conditional comments.
OUTLOOK_CLASSIC = "outlook/windows"

#: A test from before this month is told as old.
OLD_BEFORE = "2022-01"


@dataclass(frozen=True, slots=True)
class Lacking:
    """A client in which a feature is missing, on all its platforms or some."""

    #: "GMX", or "GMX (Android, iPhone)".
    shown: str
    #: Months of the tests, oldest first.
    months: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What becomes of one feature of the mail."""

    feature: str
    consequence: Consequence
    rating: Rating
    #: The uses it is true of, in order of place.
    uses: tuple[Use, ...]
    #: Where it is missing, or may be.
    lacking: tuple[Lacking, ...]
    #: False: no test says no, but one is old, found it only in part, or was not made.
    is_certain: bool = True


def judge_usage(usage: Usage, clients: Iterable[str]) -> tuple[Verdict, ...]:
    """Return what a reader would notice in the clients named, gravest first.

    Args:
        usage: What the mail uses.
        clients: Names from `CLIENTS`; others are passed over.
    """
    named = [name for name in clients if name in CLIENTS]
    by_feature: dict[str, list[tuple[Consequence, Use]]] = {}
    for use in (*usage.uses, *sheet_uses(usage.sheets)):
        consequence = consequence_of(use)
        if consequence is not Consequence.HARMLESS:
            by_feature.setdefault(use.feature, []).append((consequence, use))
    verdicts = (_judge(f, rated, named) for f, rated in by_feature.items())
    kept = [verdict for verdict in verdicts if verdict is not None]
    return tuple(sorted(kept, key=lambda verdict: -verdict.consequence))


def _judge(
    feature: str, rated: Sequence[tuple[Consequence, Use]], clients: Sequence[str]
) -> Verdict | None:
    """Return the verdict of the gravest uses, or None where nobody misses it."""
    worst = max(consequence for consequence, _ in rated)
    uses = tuple(use for consequence, use in rated if consequence is worst)
    audiences = {use.audience for use in uses}
    tests = support_of(feature)
    lacking = _lacking(tests, clients, audiences, _is_missing)
    is_certain = bool(lacking)
    # Who wrote another version for classic Outlook knows what the feature asks for.
    if not lacking and worst is Consequence.BREAKS and Audience.ALL in audiences:
        lacking = _lacking(tests, clients, audiences, _is_doubtful)
    if not lacking:
        return None
    return Verdict(feature, worst, RATINGS[feature], uses, lacking, is_certain)


def _is_missing(test: Test) -> bool:
    return test.support is Support.NO


def _is_doubtful(test: Test) -> bool:
    return test.support is not Support.YES or test.month < OLD_BEFORE


def _lacking(
    tests: Mapping[str, Test],
    clients: Sequence[str],
    audiences: set[Audience],
    is_meant: Callable[[Test], bool],
) -> tuple[Lacking, ...]:
    """Return the clients with programs of which a predicate holds."""
    found = []
    for name in clients:
        client = CLIENTS[name]
        tested = [p for p in client.programs if p in tests and _reads(p, audiences)]
        meant = [program for program in tested if is_meant(tests[program])]
        if meant:
            months = tuple(sorted({tests[program].month for program in meant}))
            where = ", ".join(client.programs[program] for program in meant)
            is_all = len(meant) == len(tested)
            found.append(
                Lacking(client.title if is_all else f"{client.title} ({where})", months)
            )
    return tuple(found)


def _reads(program: str, audiences: set[Audience]) -> bool:
    """Whether a program reads what is meant for any of these."""
    own = Audience.OUTLOOK if program == OUTLOOK_CLASSIC else Audience.OTHERS
    return bool(audiences & {Audience.ALL, own})
