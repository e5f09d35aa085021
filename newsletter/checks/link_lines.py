"""Addresses that the definition breaks over two lines, as a PDF leaves them."""

from newsletter.checks.facts import Facts, found
from newsletter.checks.places import shown_url
from newsletter.model.assembled import Assembled
from newsletter.model.finding import Finding
from newsletter.model.link import CheckedBreak, Judgement, Verdict

_ANSWERS = frozenset({Verdict.OK, Verdict.MOVED})
_ERRORS = frozenset({Verdict.BROKEN, Verdict.INVALID, Verdict.UNSAFE})
_GONE = _ERRORS | {Verdict.SUSPECT}


def check_link_lines(assembled: Assembled, facts: Facts) -> list[Finding]:
    """Report addresses that are broken over two lines, and what the whole may be."""
    del assembled
    return [_finding_of(checked) for checked in facts.breaks if is_broken(checked)]


def is_broken(checked: CheckedBreak) -> bool:
    """Whether more belongs to the first part.

    It does not where that part answers by itself, and nothing longer does.
    """
    address = checked.address
    if address.whole or _answering(checked):
        return True
    return _verdict(checked.judgements.get(address.first)) not in _ANSWERS


def whole_address(checked: CheckedBreak) -> str:
    """Return the one whole address that a broken one must be, or empty.

    It stands elsewhere in the same text, or it is the only one that answers.
    """
    address = checked.address
    if address.whole:
        return address.whole
    answering = _answering(checked)
    return answering[0] if len(answering) == 1 else ""


def _answering(checked: CheckedBreak) -> list[str]:
    joins = checked.address.joins
    return [j for j in joins if _verdict(checked.judgements.get(j)) in _ANSWERS]


def _verdict(judgement: Judgement | None) -> Verdict | None:
    return judgement.verdict if judgement else None


def _finding_of(checked: CheckedBreak) -> Finding:
    address = checked.address
    message = (
        f'an address is broken over two lines: "{shown_url(address.first)}" '
        f'goes on with "{shown_url(address.rest)}".'
    )
    # Readers get the first part: where that leads nowhere, it must not go out.
    first = _verdict(checked.judgements.get(address.first))
    rule = "link-broken" if first in _ERRORS else "link-line-broken"
    return found(rule, address.place, message, _advice(checked))


def _advice(checked: CheckedBreak) -> str:
    address = checked.address
    if address.whole:
        return f"Write {address.whole}, as elsewhere in this issue."
    answering = _answering(checked)
    choice = " or ".join(answering or address.joins)
    if len(answering) == 1:
        return f"Write {choice} on one line: it answers."
    if answering:
        return f"Write {choice} on one line: both answer, so open them first."
    seen = [_verdict(checked.judgements.get(join)) for join in address.joins]
    if all(verdict in _GONE for verdict in seen):
        none = "neither of them answers" if len(seen) > 1 else "it does not answer"
        return f"Copy the address again; it may be {choice}, but {none}."
    if any(seen):
        return f"Write {choice} on one line; open it first: no answer could be had."
    return f"Write {choice} on one line."
