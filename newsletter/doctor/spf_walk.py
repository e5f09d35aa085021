"""Follow an SPF record through all that it includes. Pure.

In: a domain and the table of records. Out: what is to be asked still; what receivers
count (RFC 7208, section 4.6.4); what they conclude of an address (section 4.6, 5).
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum, auto
from ipaddress import ip_network

from newsletter.doctor.records import (
    Address,
    Question,
    Records,
    Said,
    address_questions,
    addresses_of,
    are_addresses_known,
    look,
    mail_hosts,
    question,
)
from newsletter.doctor.spf_record import ASKING, SpfRecord, Term, is_spf, parse_spf

#: Section 4.6.4.
MAX_LOOKUPS = 10
MAX_VOIDS = 2
_MAX_MAIL_HOSTS = 10


class SpfResult(StrEnum):
    """What a receiver concludes of an address (section 2.6)."""

    PASS = auto()
    FAIL = auto()
    SOFTFAIL = auto()
    NEUTRAL = auto()
    NONE = auto()
    PERMERROR = auto()
    #: It depends on the mail, or on an answer that did not come.
    UNSURE = auto()


_RESULTS = {
    "+": SpfResult.PASS,
    "-": SpfResult.FAIL,
    "~": SpfResult.SOFTFAIL,
    "?": SpfResult.NEUTRAL,
}


@dataclass(slots=True)
class Count:
    """What a record makes receivers do."""

    lookups: int = 0
    #: Names that were asked for nothing.
    voids: list[str] = field(default_factory=list)
    #: Sentences: why no receiver can use it.
    faults: list[str] = field(default_factory=list)
    #: Domains whose records are included, however deep.
    included: list[str] = field(default_factory=list)
    #: Names without an answer: nothing can be said of what is behind them.
    unanswered: list[str] = field(default_factory=list)
    uses_ptr: bool = False


def spf_records(domain: str, records: Records) -> list[SpfRecord]:
    """Return the records of SPF that *domain* has; more than one is a fault."""
    return [parse_spf(v) for v in look(records, "TXT", domain).values if is_spf(v)]


def spf_questions(domain: str, records: Records) -> Iterator[Question]:
    """Yield what is to be known about the record of *domain*."""
    waiting, seen = [domain], set[str]()
    while waiting:
        name = waiting.pop()
        if name in seen or len(seen) > 4 * MAX_LOOKUPS:
            continue
        seen.add(name)
        yield question("TXT", name)
        for record in spf_records(name, records)[:1]:
            for term in _asking_terms(record):
                yield from _term_questions(term, name, records)
                if term.name in ("include", "redirect") and not term.has_macro:
                    waiting.append(_target(term, name))


def count_lookups(domain: str, records: Records) -> Count:
    """Return what the whole of a record costs, as if nothing matched before."""
    count = Count()
    for record in spf_records(domain, records)[:1]:
        _count(record, domain, records, count, (domain,))
    return count


def evaluate_spf(
    domain: str, address: Address, records: Records, *, depth: int = 0
) -> SpfResult:
    """Return what a receiver concludes when *address* sends for *domain*."""
    if not look(records, "TXT", domain).is_known:
        return SpfResult.UNSURE
    found = spf_records(domain, records)
    if not found:
        return SpfResult.NONE
    if len(found) > 1 or found[0].faults or depth > MAX_LOOKUPS:
        return SpfResult.PERMERROR
    return _compare(found[0], domain, address, records, depth)


def _compare(
    record: SpfRecord, domain: str, address: Address, records: Records, depth: int
) -> SpfResult:
    is_unsure = False
    for term in record.mechanisms:
        match = _matches(term, domain, address, records, depth)
        if isinstance(match, SpfResult):
            return match
        if match:
            result = _RESULTS[term.qualifier]
            # A pass before it would have been a pass as well.
            is_sure = not is_unsure or result is SpfResult.PASS
            return result if is_sure else SpfResult.UNSURE
        is_unsure = is_unsure or match is None
    if is_unsure:
        return SpfResult.UNSURE
    if record.redirect is None:
        return SpfResult.NEUTRAL
    if record.redirect.has_macro:
        return SpfResult.UNSURE
    target = _target(record.redirect, domain)
    result = evaluate_spf(target, address, records, depth=depth + 1)
    return SpfResult.PERMERROR if result is SpfResult.NONE else result


def _matches(
    term: Term, domain: str, address: Address, records: Records, depth: int
) -> bool | SpfResult | None:
    """Return whether *term* matches; None: unknown; a result: it ends all."""
    if term.name == "all":
        return True
    if term.network is not None:
        return address in term.network
    if term.has_macro or term.name == "ptr":
        return None
    target = _target(term, domain)
    if term.name == "include":
        return _includes(target, address, records, depth)
    if term.name == "exists":
        answer = look(records, "A", target)
        return answer.said is Said.FOUND if answer.is_known else None
    hosts = [target]
    if term.name == "mx":
        answer = look(records, "MX", target)
        if not answer.is_known:
            return None
        hosts = [host for host in mail_hosts(answer) if host]
    return _is_at(term, hosts, address, records)


def _includes(
    target: str, address: Address, records: Records, depth: int
) -> bool | SpfResult | None:
    result = evaluate_spf(target, address, records, depth=depth + 1)
    if result is SpfResult.UNSURE:
        return None
    if result in (SpfResult.NONE, SpfResult.PERMERROR):
        return SpfResult.PERMERROR
    return result is SpfResult.PASS


def _is_at(
    term: Term, hosts: list[str], address: Address, records: Records
) -> bool | None:
    bits = term.bits4 if address.version == 4 else term.bits6
    network = ip_network(f"{address}/{bits}", strict=False)
    for host in hosts:
        if any(one in network for one in addresses_of(records, host)):
            return True
    known = all(are_addresses_known(records, host) for host in hosts)
    return False if known else None


def _term_questions(term: Term, domain: str, records: Records) -> Iterator[Question]:
    target = _target(term, domain)
    if term.has_macro or term.name == "ptr":
        return
    if term.name == "a":
        yield from address_questions(target)
    elif term.name == "exists":
        yield question("A", target)
    elif term.name == "mx":
        yield question("MX", target)
        for host in mail_hosts(look(records, "MX", target))[:_MAX_MAIL_HOSTS]:
            yield from address_questions(host) if host else ()


def _asking_terms(record: SpfRecord) -> list[Term]:
    """Return the terms for which receivers ask."""
    found = [term for term in record.mechanisms if term.name in ASKING]
    return [*found, record.redirect] if record.redirect else found


def _target(term: Term, domain: str) -> str:
    return (term.target or domain).lower().rstrip(".")


def _count(
    record: SpfRecord,
    domain: str,
    records: Records,
    count: Count,
    path: tuple[str, ...],
) -> None:
    for term in _asking_terms(record):
        count.lookups += 1
        if count.lookups > 4 * MAX_LOOKUPS:
            return
        count.uses_ptr = count.uses_ptr or term.name == "ptr"
        target = _target(term, domain)
        if term.has_macro or term.name == "ptr":
            continue
        if term.name in ("include", "redirect"):
            _count_included(term, target, records, count, path)
        else:
            _count_addresses(term, target, records, count)


def _count_included(
    term: Term, target: str, records: Records, count: Count, path: tuple[str, ...]
) -> None:
    answer = look(records, "TXT", target)
    if target in path:
        count.faults.append(f'"{term.text}" leads in a circle.')
    elif not answer.is_known:
        count.unanswered.append(target)
    else:
        found = spf_records(target, records)
        count.included.append(target)
        count.faults += _faults_of(term, found)
        if answer.said is not Said.FOUND:
            count.voids.append(target)
        if len(found) == 1:
            _count(found[0], target, records, count, (*path, target))


def _faults_of(term: Term, found: list[SpfRecord]) -> list[str]:
    if not found:
        return [f'"{term.text}": there is no SPF record at that domain.']
    if len(found) > 1:
        return [f'"{term.text}": there are {len(found)} SPF records at that domain.']
    return [f'behind "{term.text}", {fault}' for fault in found[0].faults]


def _count_addresses(term: Term, target: str, records: Records, count: Count) -> None:
    if term.name == "mx":
        answer = look(records, "MX", target)
        is_known, is_void = answer.is_known, answer.said is not Said.FOUND
        if len(answer.values) > _MAX_MAIL_HOSTS:
            count.faults.append(
                f'"{term.text}": the domain has more than {_MAX_MAIL_HOSTS} mail hosts.'
            )
    elif term.name == "exists":
        answer = look(records, "A", target)
        # That there is none is what "exists" is for, and it counts all the same.
        is_known, is_void = answer.is_known, answer.said is not Said.FOUND
    else:
        is_known = are_addresses_known(records, target)
        is_void = not addresses_of(records, target)
    if not is_known:
        count.unanswered.append(target)
    elif is_void:
        count.voids.append(target)
