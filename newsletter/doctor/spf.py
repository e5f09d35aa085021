"""SPF: may the mail server send for the domain of the envelope sender? Pure.

Source: RFC 7208. What a relay sends from is known only where its own address is in the
record, or where its provider publishes what to include.
"""

from collections.abc import Iterator
from functools import partial

from newsletter.doctor.records import (
    Address,
    Question,
    Records,
    Said,
    address_questions,
    addresses_of,
    look,
    zone_line,
)
from newsletter.doctor.relays import include_of_relay
from newsletter.doctor.sending import Sending
from newsletter.doctor.spf_record import SpfRecord, is_nearly_spf, is_spf
from newsletter.doctor.spf_walk import (
    MAX_LOOKUPS,
    MAX_VOIDS,
    Count,
    SpfResult,
    count_lookups,
    evaluate_spf,
    spf_questions,
    spf_records,
)
from newsletter.model.diagnosis import Diagnosis, Health, Subject

_diagnosis = partial(Diagnosis, Subject.SPF)


def plan_spf(sending: Sending, records: Records) -> Iterator[Question]:
    """Yield what `judge_spf` has to know."""
    yield from spf_questions(sending.envelope, records)
    for host in sending.hosts:
        yield from address_questions(host)


def judge_spf(sending: Sending, records: Records) -> list[Diagnosis]:
    """Return what is to be said of the SPF record of the envelope sender."""
    domain = sending.envelope
    answer = look(records, "TXT", domain)
    if not answer.is_known:
        return [_unanswered(domain, answer.said)]
    texts = [value for value in answer.values if is_spf(value)]
    if not texts:
        return [_missing(sending, answer.values)]
    if len(texts) > 1:
        return [_too_many(domain, texts)]
    (record,) = spf_records(domain, records)
    count = count_lookups(domain, records)
    faults = [*_record_faults(record, domain), *_count_faults(count, domain)]
    remarks = [*_remarks(record, count, domain), *_ending(record, domain)]
    if faults:
        return [*faults, *remarks]
    relays = _judge_relays(sending, record, records)
    return [_fine(record, count, domain), *remarks, *relays]


def with_include(text: str, domain: str) -> str:
    """Return a record that includes *domain* too, before the term that ends it."""
    words = text.split()
    place = next(
        (n for n, word in enumerate(words) if word.lower().lstrip("+~?-") == "all"),
        len(words),
    )
    return " ".join([*words[:place], f"include:{domain}", *words[place:]])


def _unanswered(domain: str, said: Said) -> Diagnosis:
    how = "failed" if said is Said.FAILED else "did not answer in time"
    return _diagnosis(
        Health.WARNING,
        f"the SPF record of {domain} could not be read: the name servers {how}.",
        "Run newsletter doctor again. If it stays so, tell whoever runs the DNS of "
        f"{domain}: receivers cannot read it either.",
    )


def _missing(sending: Sending, values: tuple[str, ...]) -> Diagnosis:
    domain = sending.envelope
    near = next((value for value in values if is_nearly_spf(value)), "")
    if near:
        return _diagnosis(
            Health.ERROR,
            f'{domain} has a TXT record "{near}", which nobody reads as SPF.',
            "It has to begin with v=spf1 and a space, without quotes of its own:\n"
            + zone_line(domain, "TXT", _mended(near)),
        )
    hosts = ", ".join(sending.hosts) or "your mail server"
    return _diagnosis(
        Health.WARNING,
        f"{domain} has no SPF record, so receivers cannot tell whether {hosts} may "
        "send for it.",
        f'Ask the provider of {hosts}: "What do we have to include in SPF?" Then ask '
        f"whoever runs the DNS of {domain} to add, for example:\n"
        + zone_line(domain, "TXT", _proposal(sending)),
    )


def _mended(near: str) -> str:
    words = near.strip(" \"'“”").split()
    return " ".join(["v=spf1", *words[1:]])


def _proposal(sending: Sending) -> str:
    includes = [include_of_relay(host) for host in sending.hosts]
    named = [f"include:{domain}" for domain in includes if domain]
    others = [] if named else [f"a:{host}" for host in sending.hosts]
    return " ".join(["v=spf1", *(named or others or ["mx"]), "~all"])


def _too_many(domain: str, texts: list[str]) -> Diagnosis:
    terms = [word for text in texts for word in text.split()[1:]]
    endings = [word for word in terms if word.lower().lstrip("+~?-") == "all"]
    kept = [word for word in dict.fromkeys(terms) if word not in endings]
    return _diagnosis(
        Health.ERROR,
        f"{domain} has {len(texts)} SPF records; receivers use none of them then.",
        "Keep one that holds what all of them say:\n"
        + zone_line(domain, "TXT", " ".join(["v=spf1", *kept, *(endings[:1])])),
    )


def _record_faults(record: SpfRecord, domain: str) -> list[Diagnosis]:
    return [
        _diagnosis(
            Health.ERROR,
            f"the SPF record of {domain} cannot be read by anybody: {fault}",
            "Ask whoever runs the DNS to correct this record:\n"
            + zone_line(domain, "TXT", record.text),
        )
        for fault in record.faults
    ]


def _count_faults(count: Count, domain: str) -> list[Diagnosis]:
    found = [
        _diagnosis(
            Health.ERROR,
            f"the SPF record of {domain} counts for nothing: {fault}",
            "Take that term out of the record, or ask its owner to mend it.",
        )
        for fault in dict.fromkeys(count.faults)
    ]
    if count.lookups > MAX_LOOKUPS:
        found.append(
            _diagnosis(
                Health.ERROR,
                f"the SPF record of {domain} needs {count.lookups} look-ups; receivers "
                f"give up after {MAX_LOOKUPS}.",
                "Take out what no longer sends mail for you, above all include: of "
                "services you left.",
            )
        )
    return found


def _fine(record: SpfRecord, count: Count, domain: str) -> Diagnosis:
    ending = f", ends in {record.all.text}" if record.all else ""
    return _diagnosis(
        Health.OK,
        f"{domain} has one record{ending}; {count.lookups} of {MAX_LOOKUPS} look-ups.",
    )


def _remarks(record: SpfRecord, count: Count, domain: str) -> Iterator[Diagnosis]:
    if len(count.voids) > MAX_VOIDS:
        names = ", ".join(dict.fromkeys(count.voids))
        yield _diagnosis(
            Health.ERROR,
            f"the SPF record of {domain} asks for names that are empty: {names}. "
            f"Receivers give up after {MAX_VOIDS} of them.",
            "Take those terms out of the record.",
        )
    elif count.voids:
        yield _diagnosis(
            Health.WARNING,
            f"the SPF record of {domain} asks for {', '.join(count.voids)}, where "
            "there is nothing.",
            f"Take that out of the record; with more than {MAX_VOIDS} such names it "
            "counts for nothing.",
        )
    for skipped in record.skipped:
        yield _diagnosis(
            Health.WARNING,
            f"receivers skip a part of the SPF record of {domain}: {skipped}",
            "Correct it, or take it out.",
        )
    if count.uses_ptr:
        yield _diagnosis(
            Health.WARNING,
            f'the SPF record of {domain} uses "ptr", which many receivers ignore.',
            "Name the servers instead, by ip4:, ip6: or include:.",
        )
    if count.unanswered:
        yield _diagnosis(
            Health.INFO,
            "not all of SPF could be read: no answer for "
            f"{', '.join(dict.fromkeys(count.unanswered))}.",
            "Run newsletter doctor again.",
        )


def _ending(record: SpfRecord, domain: str) -> list[Diagnosis]:
    if record.redirect is not None:
        return []
    ending = record.all
    if ending is None:
        return [
            _diagnosis(
                Health.WARNING,
                f"the SPF record of {domain} does not end in ~all or -all, so it says "
                "nothing against forgers.",
                "Write ~all at its end:\n"
                + zone_line(domain, "TXT", f"{record.text.strip()} ~all"),
            )
        ]
    if ending.qualifier not in "+?":
        return []
    ended = " ".join(
        "~all" if word == ending.text else word for word in record.text.split()
    )
    says = "lets the whole world send" if ending.qualifier == "+" else "says nothing"
    return [
        _diagnosis(
            Health.ERROR if ending.qualifier == "+" else Health.WARNING,
            f"the SPF record of {domain} ends in {ending.text}, which {says}.",
            f"End it in ~all:\n{zone_line(domain, 'TXT', ended)}",
        )
    ]


def _judge_relays(
    sending: Sending, record: SpfRecord, records: Records
) -> Iterator[Diagnosis]:
    for host in sending.hosts:
        found = addresses_of(records, host)
        if found and all(address.is_loopback for address in found):
            yield _own_machine(sending.envelope)
        else:
            yield _judge_relay(host, found, sending.envelope, record, records)


def _own_machine(domain: str) -> Diagnosis:
    return _diagnosis(
        Health.INFO,
        f"whether {domain} lets this computer send is not checkable from here.",
        "Send a test to a mailbox elsewhere, and look there for spf=pass in the header "
        "Authentication-Results.",
    )


def _judge_relay(
    host: str,
    found: tuple[Address, ...],
    domain: str,
    record: SpfRecord,
    records: Records,
) -> Diagnosis:
    results = [evaluate_spf(domain, address, records) for address in found]
    if results and all(result is SpfResult.PASS for result in results):
        return _diagnosis(Health.OK, f"{domain} lets {host} send for it.")
    include = include_of_relay(host)
    included = {name.lower() for name in count_lookups(domain, records).included}
    if include in included:
        return _diagnosis(
            Health.OK, f"{domain} includes {include}, the servers behind {host}."
        )
    if include:
        return _diagnosis(
            Health.WARNING,
            f"{domain} does not include {include}, the servers that {host} sends from.",
            f"Ask whoever runs the DNS of {domain} to change the record to:\n"
            + zone_line(domain, "TXT", with_include(record.text, include)),
        )
    return _diagnosis(
        Health.INFO,
        f"{host} itself is not in the SPF record of {domain}; whether the addresses it "
        "sends from are in it is not checkable from here.",
        "Send a test to a mailbox elsewhere, and look there for spf=pass in the header "
        f"Authentication-Results. If it says otherwise, ask the provider of {host}: "
        '"What do we have to include in SPF?"',
    )
