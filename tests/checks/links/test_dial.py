import socket
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from itertools import cycle
from typing import TYPE_CHECKING, Any

import pytest
import trustme
from aiohttp.abc import AbstractResolver, ResolveResult

from newsletter.model.link import Fault

if TYPE_CHECKING:
    from tests.checks.links.conftest import Web

# --- names ----------------------------------------------------------------------------


def test_name_is_looked_up_and_asked(web: "Web") -> None:
    site = web.site({"/": web.answer(200)})
    names = web.names({"site.example": ["127.0.0.1"]})
    look = web.look_at(f"http://site.example:{site.port}/", resolver=names)
    assert look.status == 200


def test_system_looks_a_name_up_where_nothing_else_does(web: "Web") -> None:
    site = web.site({"/": web.answer(200)})
    # Both answers of the name have to be allowed, also where nobody listens on ::1.
    allowed = (ip_network("127.0.0.0/8"), ip_network("::1/128"))
    look = web.look_at(f"http://localhost:{site.port}/", allowed=allowed)
    assert look.status == 200


@pytest.mark.parametrize("name", ["typo.example", f"{'a' * 70}.example"])
def test_system_that_does_not_know_a_name_says_so(web: "Web", name: str) -> None:
    site = web.site({"/": web.answer(200)})
    bad = f"http://{name}/"
    seen = web.observe(f"{site.url}/", bad)
    assert [look.fault for look in seen.looks[bad]] == [Fault.NAME_UNKNOWN] * 2


def test_unknown_name_beside_a_known_one_is_unknown(web: "Web") -> None:
    site = web.site({"/": web.answer(200)})
    names = web.names({"site.example": ["127.0.0.1"]})
    good, bad = f"http://site.example:{site.port}/", "http://typo.example/"
    seen = web.observe(good, bad, resolver=names)
    assert seen.has_network
    assert [look.fault for look in seen.looks[bad]] == [Fault.NAME_UNKNOWN] * 2


def test_unsure_name_is_told_apart_from_an_unknown_one(web: "Web") -> None:
    site = web.site({"/": web.answer(200)})
    names = web.names(
        {"site.example": ["127.0.0.1"], "later.example": socket.EAI_AGAIN}
    )
    good, unsure = f"http://site.example:{site.port}/", "http://later.example/"
    seen = web.observe(good, unsure, resolver=names)
    assert [look.fault for look in seen.looks[unsure]] == [Fault.NAME_UNSURE] * 2


@pytest.mark.parametrize("error", [socket.EAI_NONAME, socket.EAI_AGAIN])
def test_no_name_found_at_all_means_no_network(web: "Web", error: int) -> None:
    names = web.names({"a.example": error, "b.example": error})
    seen = web.observe("http://a.example/", "http://b.example/", resolver=names)
    assert not seen.has_network
    # Nothing is asked a second time.
    assert names.asked == ["a.example", "b.example"]


def test_name_of_our_own_proves_that_the_others_are_unknown(web: "Web") -> None:
    names = web.names({"mail.example": ["93.184.216.34"]})
    seen = web.observe(
        "http://typo.example/", resolver=names, control_hosts=("mail.example",)
    )
    assert seen.has_network
    looks = seen.looks["http://typo.example/"]
    assert [look.fault for look in looks] == [Fault.NAME_UNKNOWN] * 2


def test_unknown_name_of_our_own_proves_nothing(web: "Web") -> None:
    seen = web.observe(
        "http://typo.example/",
        resolver=web.names({}),
        control_hosts=("mail.example",),
    )
    assert not seen.has_network


def test_look_ups_stop_when_none_works(web: "Web") -> None:
    hosts = [f"site-{n}.example" for n in range(200)]
    names = web.names(dict.fromkeys(hosts, socket.EAI_AGAIN))
    seen = web.observe(*(f"http://{host}/" for host in hosts), resolver=names)
    assert not seen.has_network
    assert len(names.asked) == 8


# --- addresses that must not be dialled -----------------------------------------------

#: 192.0.2.0/24 is nobody's, so nothing here is allowed; loopback stands for "private".
NOTHING = (ip_network("192.0.2.0/24"),)


def test_private_number_is_not_dialled(web: "Web") -> None:
    site = web.site({"/": web.answer(200)})
    look = web.look_at(f"{site.url}/", allowed=NOTHING)
    assert look.fault is Fault.PRIVATE_ADDRESS
    assert site.hits == []


def test_name_of_a_private_address_is_not_dialled(web: "Web") -> None:
    site = web.site({"/": web.answer(200)})
    names = web.names({"inside.example": ["127.0.0.1"]})
    url = f"http://inside.example:{site.port}/"
    look = web.look_at(url, allowed=NOTHING, resolver=names)
    assert look.fault is Fault.PRIVATE_ADDRESS
    assert site.hits == []


@pytest.mark.parametrize(
    "answers",
    [
        ["127.0.0.1", "127.0.0.9"],
        ["127.0.0.9", "127.0.0.1"],
    ],
)
def test_one_private_answer_of_a_name_spoils_it(web: "Web", answers: list[str]) -> None:
    """The allowed address stands for a public one, its neighbour for a private one."""
    site = web.site({"/": web.answer(200)})
    allowed = (ip_network("127.0.0.1/32"),)
    names = web.names({"mixed.example": answers})
    url = f"http://mixed.example:{site.port}/"
    look = web.look_at(url, allowed=allowed, resolver=names)
    assert look.fault is Fault.PRIVATE_ADDRESS
    assert site.hits == []


#: What a number can look like that leads where no reader is.
PRIVATE_HOSTS = (
    "127.0.0.9",
    "127.9",
    "2130706441",
    "0x7f.9",
    "0x7f000009",
    "0177.0.0.011",
    "017700000011",
    "１２７.0.0.9",
    "127。0。0。9",
    "%31%32%37.0.0.9",
    "0.0.0.0",  # noqa: S104 - nobody listens here
    "10.0.0.1",
    "172.16.0.1",
    "192.168.1.1",
    "100.64.0.1",
    "169.254.1.1",
    "169.254.169.254",
    "0xa9fea9fe",
    "100.100.100.200",
    "168.63.129.16",
    "224.0.0.1",
    "255.255.255.255",
    "[::]",
    "[::1]",
    "[::ffff:127.0.0.9]",
    "[::ffff:a9fe:a9fe]",
    "[::127.0.0.9]",
    "[64:ff9b::7f00:9]",
    "[64:ff9b::169.254.169.254]",
    "[64:ff9b:1::7f00:9]",
    "[2002:7f00:9::]",
    "[2001:0:7f00:9::]",
    "[fe80::1]",
    "[fc00::1]",
    "[fd00:ec2::254]",
    "[ff02::1]",
    "localhost",
    "printer.local",
    "wiki.internal",
)
#: Answers of a name server that mean the same.
PRIVATE_ANSWERS = (
    "127.0.0.9",
    "10.0.0.1",
    "172.31.255.255",
    "192.168.1.1",
    "100.127.255.254",
    "169.254.169.254",
    "168.63.129.16",
    "192.0.0.192",
    "0.0.0.0",  # noqa: S104 - nobody listens here
    "::1",
    "::ffff:10.0.0.1",
    "64:ff9b::a9fe:a9fe",
    "2002:7f00:9::",
    "fd00:ec2::254",
    "fe80::1",
    "ff02::1",
)


@pytest.mark.parametrize("host", PRIVATE_HOSTS)
def test_redirect_to_a_private_address_is_not_followed(web: "Web", host: str) -> None:
    site = web.site({})
    site.answers["/"] = web.redirect(f"http://{host}:{site.port}/secret")
    look = web.look_at(f"{site.url}/", allowed=(ip_network("127.0.0.1/32"),))
    assert look.fault is Fault.PRIVATE_ADDRESS
    assert site.hits == ["/"]


@pytest.mark.parametrize("private", PRIVATE_ANSWERS)
@pytest.mark.parametrize("order", [1, -1], ids=["public first", "private first"])
def test_redirect_to_a_name_with_one_private_answer_is_not_followed(
    web: "Web", private: str, order: int
) -> None:
    site = web.site({})
    site.answers["/"] = web.redirect(f"http://inside.example:{site.port}/secret")
    names = web.names({"inside.example": ["127.0.0.1", private][::order]})
    allowed = (ip_network("127.0.0.1/32"),)
    look = web.look_at(f"{site.url}/", allowed=allowed, resolver=names)
    assert look.fault is Fault.PRIVATE_ADDRESS
    assert site.hits == ["/"]


class _Turning(list[ResolveResult]):
    """Answers that are others each time they are looked at."""

    def __init__(self, *answers: list[ResolveResult]) -> None:
        super().__init__(answers[0])
        self._answers = cycle(answers)

    def __iter__(self) -> Iterator[ResolveResult]:
        return iter(next(self._answers))


def test_name_that_turns_private_between_look_and_dial_is_not_dialled(
    web: "Web",
) -> None:
    """DNS rebinding: public when it is checked, private when it is dialled."""
    site = web.site({"/": web.answer(200)})

    class Rebinding(AbstractResolver):
        async def resolve(
            self, host: str, port: int = 0, family: Any = socket.AF_INET
        ) -> list[ResolveResult]:
            names = web.names({"a": ["127.0.0.1"], "b": ["127.0.0.9"]})
            public, private = [await names.resolve(one, port) for one in "ab"]
            return _Turning(public, private)

        async def close(self) -> None:
            pass

    url = f"http://rebinding.example:{site.port}/"
    allowed = (ip_network("127.0.0.1/32"),)
    look = web.look_at(url, allowed=allowed, resolver=Rebinding())
    assert look.fault is Fault.PRIVATE_ADDRESS
    assert site.hits == []


@pytest.mark.parametrize("address", ["169.254.169.254", "::ffff:169.254.169.254"])
def test_name_of_a_metadata_address_is_refused_whatever_is_allowed(
    web: "Web", address: str
) -> None:
    names = web.names({"meta.example": [address]})
    allowed = (ip_network("0.0.0.0/0"), ip_network("::/0"))
    look = web.look_at("http://meta.example/", allowed=allowed, resolver=names)
    assert look.fault is Fault.PRIVATE_ADDRESS


def test_metadata_address_is_refused_even_where_its_network_is_allowed(
    web: "Web",
) -> None:
    allowed = (ip_network("169.254.0.0/16"),)
    look = web.look_at("http://169.254.169.254/", allowed=allowed)
    assert look.fault is Fault.PRIVATE_ADDRESS


def test_unusual_port_of_a_public_name_is_not_dialled(web: "Web") -> None:
    names = web.names({"site.example": ["93.184.216.34"]})
    look = web.look_at("http://site.example:25/", resolver=names)
    assert look.fault is Fault.UNUSUAL_PORT


def test_proxy_of_the_environment_is_not_used(
    web: "Web", monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy = web.site({})
    site = web.site({"/": web.answer(200)})
    monkeypatch.setenv("HTTP_PROXY", proxy.url)
    monkeypatch.setenv("http_proxy", proxy.url)
    assert web.look_at(f"{site.url}/").status == 200
    assert proxy.hits == []


# --- certificates ---------------------------------------------------------------------

AUTHORITY = trustme.CA()


def certified(web: "Web", certificate: trustme.LeafCert) -> tuple[str, ssl.SSLContext]:
    """Start a site with a certificate; return its address and who trusts our CA."""
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(server)
    trust = ssl.create_default_context()
    AUTHORITY.configure_trust(trust)
    site = web.site({"/": web.answer(200)}, server)
    return f"https://127.0.0.1:{site.port}/", trust


def test_valid_certificate_is_fine(web: "Web") -> None:
    url, trust = certified(web, AUTHORITY.issue_cert("127.0.0.1"))
    assert web.look_at(url, trust=trust).status == 200


def test_expired_certificate_is_noted(web: "Web") -> None:
    past = datetime.now(UTC) - timedelta(days=1)
    certificate = AUTHORITY.issue_cert(
        "127.0.0.1", not_before=past - timedelta(days=9), not_after=past
    )
    url, trust = certified(web, certificate)
    assert web.look_at(url, trust=trust).fault is Fault.CERTIFICATE_EXPIRED


def test_certificate_of_another_address_is_noted(web: "Web") -> None:
    url, trust = certified(web, AUTHORITY.issue_cert("127.0.0.2"))
    assert web.look_at(url, trust=trust).fault is Fault.CERTIFICATE_NAME


def test_certificate_of_another_name_is_noted(web: "Web") -> None:
    url, trust = certified(web, AUTHORITY.issue_cert("other.example"))
    names = web.names({"site.example": ["127.0.0.1"]})
    named = url.replace("127.0.0.1", "site.example")
    look = web.look_at(named, trust=trust, resolver=names)
    assert look.fault is Fault.CERTIFICATE_NAME


def test_certificate_of_an_unknown_authority_proves_nothing(web: "Web") -> None:
    url, _ = certified(web, AUTHORITY.issue_cert("127.0.0.1"))
    stranger = ssl.create_default_context()
    assert web.look_at(url, trust=stranger).fault is Fault.CERTIFICATE_UNSURE


def test_web_page_without_tls_behind_https_is_noted(web: "Web") -> None:
    site = web.site({"/": web.answer(200)})
    look = web.look_at(f"https://127.0.0.1:{site.port}/")
    assert look.fault is Fault.PROTOCOL
