"""Addresses that the definition breaks over two lines, as a PDF leaves them."""

from newsletter.checks.facts import Facts, found
from newsletter.checks.places import shown_url
from newsletter.model.assembled import Assembled
from newsletter.model.finding import Finding
from newsletter.model.link import CheckedBreak, Judgement, Verdict

_ANSWERS = frozenset({Verdict.OK, Verdict.MOVED})
_GONE = frozenset({Verdict.BROKEN, Verdict.INVALID, Verdict.UNSAFE, Verdict.SUSPECT})


def check_link_lines(assembled: Assembled, facts: Facts) -> list[Finding]:
    """Report addresses that are broken over two lines, and what the whole may be."""
    del assembled
    return [_finding_of(checked) for checked in facts.breaks if not _is_whole(checked)]


def whole_address(checked: CheckedBreak) -> str:
    """Return the one whole address that a broken one must be, or empty.

    It stands elsewhere in the same text, or it is the only one that answers.
    """
    address = checked.address
    if address.whole:
        return address.whole
    answering = _answering(checked)
    return answering[0] if len(answering) == 1 and not _is_whole(checked) else ""


def _is_whole(checked: CheckedBreak) -> bool:
    """Whether the first part turned out to be all of the address."""
    address = checked.address
    if address.whole or _answering(checked):
        return False
    first = checked.judgements.get(address.first)
    return first is not None and first.verdict in _ANSWERS


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
    return found("link-line-broken", address.place, message, _advice(checked))


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
