"""Domains of mail addresses, asked of a name server on loopback."""

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import suppress
from typing import TYPE_CHECKING

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset
import pytest

from newsletter.checks.links.mail_domains import NameServer, ask_mail_domain
from newsletter.checks.links.plan import OwnPages, conclude_links, plan_links
from newsletter.model.assembled import LinkUse
from newsletter.model.link import CheckedLink, Fault, Judgement, Verdict
from newsletter.model.problem import Place

if TYPE_CHECKING:
    from tests.checks.links.conftest import Web

#: Name and kind -> the record. A name that stands nowhere does not exist; "silent" gets
#: no answer, and "failing" a fault of the server.
ZONE = {
    ("mail.test", "MX"): "10 mx.mail.test.",
    ("two.test", "MX"): "0 mx.two.test.",
    ("old.test", "A"): "192.0.2.7",
    ("six.test", "AAAA"): "2001:db8::7",
    ("null.test", "MX"): "0 .",
    ("empty.test", "TXT"): '"nothing here"',
    ("odd.test", "A"): "192.0.2.8",
}
#: Says "no such name" of every kind of record it does not know.
STRICT = ("odd.test",)


class Zone:
    """A name server; counts what it is asked."""

    def __init__(self) -> None:
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.asked: list[tuple[str, str]] = []

    @property
    def place(self) -> NameServer:
        host, port = self.socket.getsockname()
        return str(host), int(port)

    def run(self) -> None:
        with suppress(OSError):
            while True:
                data, sender = self.socket.recvfrom(4096)
                if not data:  # shut down
                    return
                answer = self._answer(dns.message.from_wire(data))
                if answer is not None:
                    self.socket.sendto(answer.to_wire(), sender)

    def _answer(self, query: dns.message.Message) -> dns.message.Message | None:
        question = query.question[0]
        name = question.name.to_text(omit_final_dot=True)
        kind = dns.rdatatype.to_text(question.rdtype)
        self.asked.append((name, kind))
        if name == "silent.test":
            return None
        answer = dns.message.make_response(query)
        answer.flags |= dns.flags.RA
        if name == "failing.test":
            answer.set_rcode(dns.rcode.SERVFAIL)
        elif (name, kind) in ZONE:
            record = dns.rrset.from_text(f"{name}.", 60, "IN", kind, ZONE[name, kind])
            answer.answer.append(record)
        elif name in STRICT or not any(name == known for known, _ in ZONE):
            answer.set_rcode(dns.rcode.NXDOMAIN)
        return answer


@pytest.fixture
def zone() -> Iterator[Zone]:
    zone = Zone()
    thread = threading.Thread(target=zone.run, daemon=True)
    thread.start()
    yield zone
    # Wakes the thread that waits for a question.
    with suppress(OSError):
        zone.socket.shutdown(socket.SHUT_RDWR)
    zone.socket.close()
    thread.join()


@pytest.mark.parametrize(
    ("domain", "fault"),
    [
        ("mail.test", None),
        # Without MX mail goes to the host of that name.
        ("old.test", None),
        ("six.test", None),
        ("odd.test", None),
        ("nowhere.test", Fault.NO_MAIL_DOMAIN),
        ("null.test", Fault.NO_MAIL),
        ("empty.test", Fault.NO_MAIL),
        ("failing.test", Fault.NAME_UNSURE),
    ],
)
def test_domain_is_doubted_only_where_its_name_server_says_so(
    zone: Zone, domain: str, fault: Fault | None
) -> None:
    assert asyncio.run(ask_mail_domain(domain, [zone.place])) is fault


def test_silent_name_server_says_nothing(
    zone: Zone, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("newsletter.checks.links.mail_domains._SECONDS", 0.2)
    asked = ask_mail_domain("silent.test", [zone.place])
    assert asyncio.run(asked) is Fault.NAME_UNSURE


def test_computer_without_name_servers_finds_nothing_out() -> None:
    assert asyncio.run(ask_mail_domain("mail.test")) is Fault.NAME_UNSURE


def check(web: "Web", zone: Zone, *urls: str) -> list[CheckedLink]:
    uses = [LinkUse(u, "w", "text", Place("x.md", n, 1)) for n, u in enumerate(urls)]
    plan = plan_links(uses, OwnPages())
    seen = web.observe(*plan.asked.values(), name_servers=[zone.place])
    return list(conclude_links(uses, plan, seen))


def test_mail_address_of_a_domain_that_is_not_there_is_broken(
    web: "Web", zone: Zone
) -> None:
    urls = ("mailto:info@nowhere.test?subject=Hi", "mailto:info@mail.test")
    link, _ = check(web, zone, *urls)
    assert link.judgement == Judgement(
        Verdict.BROKEN, 'there is no domain called "nowhere.test", so no mail arrives.'
    )
    assert zone.asked.count(("nowhere.test", "MX")) == 2


def test_names_that_are_not_found_prove_no_network(web: "Web", zone: Zone) -> None:
    """Some routers say "no such name" while they have no connection themselves."""
    [link] = check(web, zone, "mailto:info@nowhere.test")
    assert link.judgement == Judgement(Verdict.OK)


def test_mail_address_of_a_domain_that_takes_no_mail_is_broken(
    web: "Web", zone: Zone
) -> None:
    [link] = check(web, zone, "mailto:info@null.test")
    assert link.judgement == Judgement(Verdict.BROKEN, "null.test takes no mail.")


def test_mail_address_that_cannot_be_told_is_fine_as_it_is_written(
    web: "Web", zone: Zone
) -> None:
    [link] = check(web, zone, "mailto:info@failing.test")
    assert link.judgement == Judgement(Verdict.OK)


def test_all_readers_of_one_address_are_looked_at(web: "Web", zone: Zone) -> None:
    urls = ("mailto:a@mail.test,b@two.test", "mailto:a@mail.test?cc=b@nowhere.test")
    good, bad = check(web, zone, *urls)
    assert good.judgement == Judgement(Verdict.OK)
    assert bad.judgement.verdict is Verdict.BROKEN
    assert bad.judgement.reason == (
        'there is no domain called "mail.test or nowhere.test", so no mail arrives.'
    )


def test_domain_of_many_addresses_is_asked_once(web: "Web", zone: Zone) -> None:
    check(web, zone, "mailto:a@mail.test", "mailto:b@MAIL.test", "mailto:?subject=x")
    assert zone.asked == [("mail.test", "MX")]
