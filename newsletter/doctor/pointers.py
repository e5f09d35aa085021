"""Does the address that mail leaves from have a name, and the name that address? Pure.

Gmail and Yahoo want it of every sender (PTR, and the name leads back: "FCrDNS"). It is
ours to care for only where our own server hands mail to the readers' servers.
"""

from collections.abc import Iterator
from functools import partial

from newsletter.doctor.records import (
    Address,
    Question,
    Records,
    address_questions,
    addresses_of,
    are_addresses_known,
    look,
    mail_hosts,
    question,
)
from newsletter.doctor.sending import Sending
from newsletter.model.diagnosis import Diagnosis, Health, Subject

_diagnosis = partial(Diagnosis, Subject.SERVER)


def plan_pointers(sending: Sending, records: Records) -> Iterator[Question]:
    """Yield what `judge_pointers` has to know."""
    yield question("MX", sending.author)
    for host in sending.hosts:
        yield from address_questions(host)
    for address in _own_addresses(sending, records):
        yield _pointer(address)
        for name in look(records, *_pointer(address)).values:
            yield from address_questions(name)


def judge_pointers(sending: Sending, records: Records) -> list[Diagnosis]:
    """Return what is to be said where our own server sends."""
    found = [
        diagnosis
        for address in _own_addresses(sending, records)
        for diagnosis in _judge(address, records)
    ]
    if any(_is_here(host, records) for host in sending.hosts):
        found.append(
            _diagnosis(
                Health.INFO,
                "the mail server is this computer; if it sends to the readers' servers "
                "itself, its public address needs a name that leads back to it (PTR).",
                'Ask whoever gave you the address: "Please set the reverse name of our '
                'address to the name of our mail server."',
            )
        )
    return found


def _own_addresses(sending: Sending, records: Records) -> list[Address]:
    """Return public addresses of servers that are the MX of the sender too."""
    answer = look(records, "MX", sending.author)
    mail = {
        address
        for host in mail_hosts(answer)
        if host in sending.hosts
        for address in addresses_of(records, host)
    }
    return sorted((one for one in mail if one.is_global), key=str)


def _is_here(host: str, records: Records) -> bool:
    found = addresses_of(records, host)
    return host == "localhost" or any(address.is_loopback for address in found)


def _pointer(address: Address) -> Question:
    return question("PTR", address.reverse_pointer)


def _judge(address: Address, records: Records) -> Iterator[Diagnosis]:
    answer = look(records, *_pointer(address))
    advice = (
        f'Ask whoever gave you the address {address}: "Please set its reverse name to '
        'the name of our mail server, and let that name lead to the address."'
    )
    if not answer.is_known:
        return
    if not answer.values:
        yield _diagnosis(
            Health.WARNING,
            f"{address} has no reverse name (PTR); Gmail and others refuse mail from "
            "such an address.",
            advice,
        )
    elif any(address in addresses_of(records, name) for name in answer.values):
        yield _diagnosis(
            Health.OK,
            f"{address} is called {answer.values[0]}, which leads back to it.",
        )
    elif all(are_addresses_known(records, name) for name in answer.values):
        yield _diagnosis(
            Health.WARNING,
            f"{address} is called {answer.values[0]}, but that name does not lead back "
            "to it; Gmail and others refuse such mail.",
            advice,
        )
