"""Real questions to a name server on loopback, by UDP and TCP."""

import asyncio
import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

import pytest
from dns.asyncresolver import Resolver
from dns.nameserver import Do53Nameserver

from newsletter.doctor.dns import MAX_QUESTIONS, asker, gather_records, system_resolver
from newsletter.doctor.records import (
    Answer,
    Kind,
    Question,
    Records,
    Said,
    mail_hosts,
    question,
)

if TYPE_CHECKING:
    from tests.doctor.conftest import NameServer, Zone

Serve = Callable[["Zone"], "NameServer"]
LONG = "v=DKIM1; k=rsa; p=" + "A" * 1200
ZONE = {
    "bond.test MX": ["20 b.bond.test", "10 a.bond.test"],
    "bond.test TXT": ["v=spf1 -all", "other"],
    "null.test MX": ["0 "],
    "a.bond.test A": ["192.0.2.1"],
    "a.bond.test AAAA": ["2001:db8::1"],
    "long.test TXT": [LONG],
    "broken.test TXT": "FAILED",
    "silent.test TXT": "SILENT",
    "1.2.0.192.in-addr.arpa PTR": ["a.bond.test"],
}


@pytest.mark.parametrize(
    ("kind", "name", "said", "values"),
    [
        ("MX", "bond.test", Said.FOUND, {"20 b.bond.test", "10 a.bond.test"}),
        ("TXT", "Bond.Test.", Said.FOUND, {"v=spf1 -all", "other"}),
        ("A", "a.bond.test", Said.FOUND, {"192.0.2.1"}),
        ("AAAA", "a.bond.test", Said.FOUND, {"2001:db8::1"}),
        ("PTR", "1.2.0.192.in-addr.arpa", Said.FOUND, {"a.bond.test"}),
        ("MX", "null.test", Said.FOUND, {"0 ."}),
        ("A", "bond.test", Said.EMPTY, set()),
        ("A", "nowhere.test", Said.MISSING, set()),
        ("TXT", "broken.test", Said.FAILED, set()),
        ("TXT", "a..test", Said.FAILED, set()),
        ("TXT", f"{'x' * 70}.test", Said.FAILED, set()),
    ],
)
def test_answer_is_told_apart(
    serve_zone: Serve, kind: Kind, name: str, said: Said, values: set[str]
) -> None:
    ask = asker(serve_zone(ZONE).resolver())
    answer = asyncio.run(ask(question(kind, name)))
    assert (answer.said, set(answer.values)) == (said, values)


def test_long_record_that_udp_cuts_off_comes_by_tcp(serve_zone: Serve) -> None:
    server = serve_zone(ZONE)
    answer = asyncio.run(asker(server.resolver())(question("TXT", "long.test")))
    assert answer == Answer(Said.FOUND, (LONG,))
    assert server.asked == [("long.test", "TXT")] * 2


def test_server_that_says_nothing_is_silent(
    serve_zone: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("newsletter.doctor.dns.QUESTION_SECONDS", 0.3)
    ask = asker(serve_zone(ZONE).resolver())
    answer = asyncio.run(ask(question("TXT", "silent.test")))
    assert answer == Answer(Said.SILENT)


def test_nobody_to_ask_is_silent() -> None:
    # The tests have no name servers.
    assert system_resolver() is None
    assert asyncio.run(asker(None)(question("NS", ""))) == Answer(Said.SILENT)


def test_server_that_is_not_there_is_silent(
    serve_zone: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("newsletter.doctor.dns.QUESTION_SECONDS", 1.0)
    server = serve_zone(ZONE)
    resolver = server.resolver()
    server.__exit__()
    answer = asyncio.run(asker(resolver)(question("MX", "bond.test")))
    assert answer == Answer(Said.SILENT)


def test_plan_follows_what_was_answered(serve_zone: Serve) -> None:
    server = serve_zone(ZONE)

    def plan(records: Records) -> Iterable[Question]:
        yield question("MX", "bond.test")
        for answer in list(records.values()):
            for host in (
                mail_hosts(answer) if answer.values[:1] != ("192.0.2.1",) else ()
            ):
                yield question("A", host)

    records = asyncio.run(gather_records(asker(server.resolver()), plan, seconds=5))
    assert {one.name: answer.said for one, answer in records.items()} == {
        "bond.test": Said.FOUND,
        "a.bond.test": Said.FOUND,
        "b.bond.test": Said.MISSING,
    }
    assert sorted(server.asked) == [
        ("a.bond.test", "A"),
        ("b.bond.test", "A"),
        ("bond.test", "MX"),
    ]


def test_deadline_ends_the_asking_with_what_there_is(serve_zone: Serve) -> None:
    ask = asker(serve_zone(ZONE).resolver())
    wanted = [question("TXT", "silent.test"), question("MX", "bond.test")]
    began = time.monotonic()
    records = asyncio.run(gather_records(ask, lambda _: wanted, seconds=0.3))
    assert time.monotonic() - began < 2
    assert list(records) == [question("MX", "bond.test")]


def test_table_without_end_is_cut_off() -> None:
    async def ask(_: Question) -> Answer:
        return Answer(Said.FOUND)

    def plan(records: Records) -> Iterable[Question]:
        return (question("A", f"n{n}.test") for n in range(len(records) + 50))

    records = asyncio.run(gather_records(ask, plan, seconds=5))
    assert len(records) == MAX_QUESTIONS


def test_second_name_server_is_asked_when_the_first_is_silent(
    serve_zone: Serve,
) -> None:
    silent, good = serve_zone({"bond.test MX": "SILENT"}), serve_zone(ZONE)
    resolver = Resolver(configure=False)
    resolver.nameservers = [Do53Nameserver(*one.place) for one in (silent, good)]
    resolver.timeout = 0.2
    answer = asyncio.run(asker(resolver)(question("MX", "bond.test")))
    assert answer.said is Said.FOUND
