import asyncio
import gzip
import socket
import ssl
import time
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from typing import TYPE_CHECKING, Any

import pytest
import trustme

from newsletter.checks.links.observe import Manner, observe_links
from newsletter.model.link import Fault, Hop, Observation, Sightings

if TYPE_CHECKING:
    from tests.checks.links.conftest import Visit, Web

LOOPBACK = (ip_network("127.0.0.0/8"),)


def observe(*urls: str, **manner: Any) -> Sightings:
    usual: dict[str, Any] = {"allowed": LOOPBACK, "deadline_seconds": 5}
    asked = Manner(**usual | {"pause_seconds": 0} | manner)
    return asyncio.run(observe_links(urls, asked))


def look_at(url: str, **manner: Any) -> Observation:
    return observe(url, **manner).looks[url][-1]


# --- answers --------------------------------------------------------------------------


@pytest.mark.parametrize("status", [200, 204, 401, 403, 404, 410, 451, 500, 999])
def test_status_is_observed_as_it_came(web: "Web", status: int) -> None:
    site = web.site({"/page": web.answer(status)})
    url = f"{site.url}/page"
    assert look_at(url) == Observation(url, status=status)


def test_request_is_a_get_with_a_browsers_prefix_and_our_name(web: "Web") -> None:
    seen: dict[str, str] = {}

    def note(visit: "Visit") -> None:
        seen.update(visit.headers)
        visit.send(web.answer(200))

    site = web.site({"/": note})
    look_at(f"{site.url}/", contact="https://letters.example", version="1.2")
    agent = "mozilla/5.0 (compatible; newsletter/1.2; +https://letters.example)"
    assert seen["user-agent"] == agent
    assert "cookie" not in seen
    assert "authorization" not in seen


def test_wait_of_a_busy_site_is_observed(web: "Web") -> None:
    site = web.site({"/": web.answer(429, "Retry-After: 3600")})
    look = look_at(f"{site.url}/")
    assert (look.status, look.retry_after_seconds) == (429, 3600)


def test_wait_given_as_a_date_is_left_out(web: "Web") -> None:
    moment = "Wed, 21 Oct 2026 07:28:00 GMT"
    site = web.site({"/": web.answer(503, f"Retry-After: {moment}")})
    assert look_at(f"{site.url}/").retry_after_seconds is None


def test_each_address_is_asked_once(web: "Web") -> None:
    site = web.site({"/": web.answer(200)})
    observe(f"{site.url}/", f"{site.url}/")
    assert site.hits == ["/"]


def test_failure_is_looked_at_again_and_success_is_not(web: "Web") -> None:
    site = web.site({"/here": web.answer(200)})
    seen = observe(f"{site.url}/here", f"{site.url}/gone")
    assert sorted(site.hits) == ["/gone", "/gone", "/here"]
    statuses = [look.status for look in seen.looks[f"{site.url}/gone"]]
    assert statuses == [404, 404]


def test_long_wait_is_respected(web: "Web") -> None:
    site = web.site({"/": web.answer(429, "Retry-After: 86400")})
    observe(f"{site.url}/")
    assert site.hits == ["/"]


def test_short_wait_is_waited_for(web: "Web") -> None:
    times = []

    def note(visit: "Visit") -> None:
        times.append(time.monotonic())
        visit.send(web.answer(429, "Retry-After: 1"))

    site = web.site({"/": note})
    observe(f"{site.url}/")
    assert times[1] - times[0] >= 1


def test_one_site_gets_at_most_four_questions_at_once(web: "Web") -> None:
    def slowly(visit: "Visit") -> None:
        time.sleep(0.05)
        visit.send(web.answer(200))

    site = web.site({f"/{n}": slowly for n in range(12)})
    observe(*(f"{site.url}/{n}" for n in range(12)))
    assert len(site.hits) == 12
    assert site.most_at_once <= 4


def test_progress_is_told_for_each_address(web: "Web") -> None:
    site = web.site({"/a": web.answer(200), "/b": web.answer(200)})
    told = []
    urls = [f"{site.url}/a", f"{site.url}/b"]
    manner = Manner(allowed=LOOPBACK)
    asyncio.run(observe_links(urls, manner, on_look=lambda: told.append(1)))
    assert len(told) == 2


# --- redirects ------------------------------------------------------------------------


def test_redirects_are_followed_and_noted(web: "Web") -> None:
    site = web.site(
        {
            "/old": web.redirect("/middle", 301),
            "/middle": web.redirect("new?a=%2F", 302),
            "/new?a=%2F": web.answer(200),
        }
    )
    hops = (Hop(301, f"{site.url}/middle"), Hop(302, f"{site.url}/new?a=%2F"))
    url = f"{site.url}/old"
    assert look_at(url) == Observation(url, hops, status=200)


def test_circle_ends(web: "Web") -> None:
    site = web.site({"/a": web.redirect("/b"), "/b": web.redirect("/a")})
    look = look_at(f"{site.url}/a")
    assert (look.fault, len(look.hops)) == (Fault.TOO_MANY_REDIRECTS, 21)


def test_fifteen_redirects_arrive(web: "Web") -> None:
    steps = {f"/{n}": web.redirect(f"/{n + 1}") for n in range(15)}
    site = web.site({**steps, "/15": web.answer(200)})
    assert look_at(f"{site.url}/0").status == 200


def test_redirect_without_a_target_is_an_answer(web: "Web") -> None:
    site = web.site({"/": web.answer(302)})
    assert look_at(f"{site.url}/").status == 302


@pytest.mark.parametrize(
    "target",
    [
        "file:///etc/passwd",
        "javascript:alert(1)",
        "ftp://example.org/",
        "https://",
        "http://[::1",
    ],
)
def test_redirect_out_of_the_web_is_not_followed(web: "Web", target: str) -> None:
    site = web.site({"/": web.redirect(target)})
    assert look_at(f"{site.url}/").fault is Fault.BAD_REDIRECT


def test_cookie_comes_back_within_its_chain_only(web: "Web") -> None:
    cookies = []

    def wall(visit: "Visit") -> None:
        cookies.append(visit.headers.get("cookie"))
        again = web.redirect("/wall", 302, "Set-Cookie: seen=yes; Path=/")
        visit.send(web.answer(200) if cookies[-1] else again)

    def other(visit: "Visit") -> None:
        cookies.append(visit.headers.get("cookie"))
        visit.send(web.answer(200))

    site = web.site({"/wall": wall, "/other": other})
    assert look_at(f"{site.url}/wall").status == 200
    observe(f"{site.url}/wall", f"{site.url}/other")
    assert cookies.count("seen=yes") == 2
    assert cookies.count(None) == 3


def test_redirect_target_with_a_login_is_asked_without_it(web: "Web") -> None:
    seen = []

    def note(visit: "Visit") -> None:
        seen.append(visit.headers.get("authorization"))
        visit.send(web.answer(200))

    site = web.site({"/in": note})
    target = f"http://user:secret@127.0.0.1:{site.port}/in"
    site.answers["/"] = web.redirect(target)
    assert look_at(f"{site.url}/").status == 200
    assert seen == [None]


def test_target_in_bytes_that_are_no_utf8_is_followed(web: "Web") -> None:
    moved = b"HTTP/1.1 302 -\r\nLocation: /caf\xe9\r\nContent-Length: 0\r\n\r\n"
    site = web.site({"/": moved, "/caf%E9": web.answer(200)})
    assert look_at(f"{site.url}/").status == 200


# --- bodies and broken servers --------------------------------------------------------


def test_huge_page_is_cut_off(web: "Web") -> None:
    sent: list[int] = []

    def flood(visit: "Visit") -> None:
        visit.connection.sendall(
            b"HTTP/1.1 200 -\r\nContent-Length: 2000000000\r\n\r\n"
        )
        chunk = b"x" * 65536
        while len(sent) < 2000:
            visit.connection.sendall(chunk)
            sent.append(len(chunk))

    site = web.site({"/": flood})
    assert look_at(f"{site.url}/").status == 200
    # What fits into the buffers of two sockets on loopback, and not 125 MB.
    assert sum(sent) < 20_000_000


def test_bomb_is_not_unpacked(web: "Web") -> None:
    bomb = gzip.compress(b"\0" * 5_000_000)
    site = web.site({"/": web.answer(200, "Content-Encoding: gzip", body=bomb)})
    assert look_at(f"{site.url}/").status == 200


def test_compression_that_is_none_does_not_matter(web: "Web") -> None:
    broken = web.answer(200, "Content-Encoding: gzip", body=b"no gzip at all")
    site = web.site({"/": broken})
    assert look_at(f"{site.url}/").status == 200


def test_page_shorter_than_announced_counts_as_answered(web: "Web") -> None:
    short = b"HTTP/1.1 200 -\r\nContent-Length: 5000\r\n\r\nshort"
    site = web.site({"/": short})
    assert look_at(f"{site.url}/").status == 200


def test_page_that_never_ends_counts_as_answered(web: "Web") -> None:
    def drip(visit: "Visit") -> None:
        visit.connection.sendall(b"HTTP/1.1 200 -\r\nContent-Length: 90\r\n\r\n")
        for _ in range(80):
            visit.connection.sendall(b".")
            time.sleep(0.1)

    site = web.site({"/": drip})
    began = time.monotonic()
    assert look_at(f"{site.url}/").status == 200
    assert time.monotonic() - began < 5


def test_silent_server_meets_the_deadline(web: "Web") -> None:
    site = web.site({"/": lambda visit: time.sleep(1)})
    began = time.monotonic()
    assert look_at(f"{site.url}/", deadline_seconds=0.2).fault is Fault.TIMEOUT
    assert time.monotonic() - began < 1


def test_deadline_covers_all_redirects(web: "Web") -> None:
    def slowly(visit: "Visit") -> None:
        time.sleep(0.15)
        visit.send(web.redirect("/again"))

    site = web.site({"/": slowly, "/again": slowly})
    look = look_at(f"{site.url}/", deadline_seconds=0.5)
    assert look.fault is Fault.TIMEOUT
    assert 0 < len(look.hops) < 5


def test_waiting_for_a_busy_site_costs_no_deadline(web: "Web") -> None:
    def slowly(visit: "Visit") -> None:
        time.sleep(0.2)
        visit.send(web.answer(200))

    site = web.site({f"/{n}": slowly for n in range(16)})
    seen = observe(*(f"{site.url}/{n}" for n in range(16)), deadline_seconds=0.6)
    assert {looks[0].status for looks in seen.looks.values()} == {200}


@pytest.mark.parametrize(
    "said",
    [b"", b"SSH-2.0-OpenSSH_9.6\r\n", b"HTTP/1.1 two hundred\r\n\r\n"],
    ids=["nothing", "no web server", "no status"],
)
def test_what_is_no_answer_of_a_web_server_is_noted(web: "Web", said: bytes) -> None:
    site = web.site({"/": said})
    assert look_at(f"{site.url}/").fault is Fault.PROTOCOL


def test_closed_port_refuses() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    assert look_at(f"http://127.0.0.1:{port}/").fault is Fault.REFUSED


# --- names ----------------------------------------------------------------------------


def test_name_is_looked_up_and_asked(web: "Web") -> None:
    site = web.site({"/": web.answer(200)})
    names = web.names({"site.example": ["127.0.0.1"]})
    look = look_at(f"http://site.example:{site.port}/", resolver=names)
    assert look.status == 200


def test_unknown_name_beside_a_known_one_is_unknown(web: "Web") -> None:
    site = web.site({"/": web.answer(200)})
    names = web.names({"site.example": ["127.0.0.1"]})
    good, bad = f"http://site.example:{site.port}/", "http://typo.example/"
    seen = observe(good, bad, resolver=names)
    assert seen.has_network
    assert [look.fault for look in seen.looks[bad]] == [Fault.NAME_UNKNOWN] * 2


def test_unsure_name_is_told_apart_from_an_unknown_one(web: "Web") -> None:
    site = web.site({"/": web.answer(200)})
    names = web.names(
        {"site.example": ["127.0.0.1"], "later.example": socket.EAI_AGAIN}
    )
    good, unsure = f"http://site.example:{site.port}/", "http://later.example/"
    seen = observe(good, unsure, resolver=names)
    assert [look.fault for look in seen.looks[unsure]] == [Fault.NAME_UNSURE] * 2


@pytest.mark.parametrize("error", [socket.EAI_NONAME, socket.EAI_AGAIN])
def test_no_name_found_at_all_means_no_network(web: "Web", error: int) -> None:
    names = web.names({"a.example": error, "b.example": error})
    seen = observe("http://a.example/", "http://b.example/", resolver=names)
    assert not seen.has_network
    # Nothing is asked a second time.
    assert names.asked == ["a.example", "b.example"]


def test_name_of_our_own_proves_that_the_others_are_unknown(web: "Web") -> None:
    names = web.names({"mail.example": ["93.184.216.34"]})
    seen = observe(
        "http://typo.example/", resolver=names, control_hosts=("mail.example",)
    )
    assert seen.has_network
    looks = seen.looks["http://typo.example/"]
    assert [look.fault for look in looks] == [Fault.NAME_UNKNOWN] * 2


def test_unknown_name_of_our_own_proves_nothing(web: "Web") -> None:
    seen = observe(
        "http://typo.example/",
        resolver=web.names({}),
        control_hosts=("mail.example",),
    )
    assert not seen.has_network


def test_look_ups_stop_when_none_works(web: "Web") -> None:
    hosts = [f"site-{n}.example" for n in range(200)]
    names = web.names(dict.fromkeys(hosts, socket.EAI_AGAIN))
    seen = observe(*(f"http://{host}/" for host in hosts), resolver=names)
    assert not seen.has_network
    assert len(names.asked) == 8


# --- addresses that must not be dialled -----------------------------------------------

#: 192.0.2.0/24 is nobody's, so nothing here is allowed; loopback stands for "private".
NOTHING = (ip_network("192.0.2.0/24"),)


def test_private_number_is_not_dialled(web: "Web") -> None:
    site = web.site({"/": web.answer(200)})
    look = look_at(f"{site.url}/", allowed=NOTHING)
    assert look.fault is Fault.PRIVATE_ADDRESS
    assert site.hits == []


def test_name_of_a_private_address_is_not_dialled(web: "Web") -> None:
    site = web.site({"/": web.answer(200)})
    names = web.names({"inside.example": ["127.0.0.1"]})
    url = f"http://inside.example:{site.port}/"
    look = look_at(url, allowed=NOTHING, resolver=names)
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
    look = look_at(url, allowed=allowed, resolver=names)
    assert look.fault is Fault.PRIVATE_ADDRESS
    assert site.hits == []


@pytest.mark.parametrize(
    "host",
    ["127.0.0.9", "2130706441", "0x7f.9", "[::ffff:127.0.0.9]", "localhost"],
)
def test_redirect_to_a_private_address_is_not_followed(web: "Web", host: str) -> None:
    site = web.site({})
    site.answers["/"] = web.redirect(f"http://{host}:{site.port}/secret")
    look = look_at(f"{site.url}/", allowed=(ip_network("127.0.0.1/32"),))
    assert look.fault is Fault.PRIVATE_ADDRESS
    assert site.hits == ["/"]


def test_redirect_to_the_name_of_a_private_address_is_not_followed(web: "Web") -> None:
    site = web.site({})
    site.answers["/"] = web.redirect(f"http://inside.example:{site.port}/secret")
    names = web.names({"inside.example": ["127.0.0.9"]})
    allowed = (ip_network("127.0.0.1/32"),)
    look = look_at(f"{site.url}/", allowed=allowed, resolver=names)
    assert look.fault is Fault.PRIVATE_ADDRESS
    assert site.hits == ["/"]


def test_metadata_address_is_refused_even_where_its_network_is_allowed() -> None:
    allowed = (ip_network("169.254.0.0/16"),)
    look = look_at("http://169.254.169.254/", allowed=allowed)
    assert look.fault is Fault.PRIVATE_ADDRESS


def test_unusual_port_of_a_public_name_is_not_dialled(web: "Web") -> None:
    names = web.names({"site.example": ["93.184.216.34"]})
    look = look_at("http://site.example:25/", resolver=names)
    assert look.fault is Fault.UNUSUAL_PORT


def test_proxy_of_the_environment_is_not_used(
    web: "Web", monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy = web.site({})
    site = web.site({"/": web.answer(200)})
    monkeypatch.setenv("HTTP_PROXY", proxy.url)
    monkeypatch.setenv("http_proxy", proxy.url)
    assert look_at(f"{site.url}/").status == 200
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
    assert look_at(url, trust=trust).status == 200


def test_expired_certificate_is_noted(web: "Web") -> None:
    past = datetime.now(UTC) - timedelta(days=1)
    certificate = AUTHORITY.issue_cert(
        "127.0.0.1", not_before=past - timedelta(days=9), not_after=past
    )
    url, trust = certified(web, certificate)
    assert look_at(url, trust=trust).fault is Fault.CERTIFICATE_EXPIRED


def test_certificate_of_another_address_is_noted(web: "Web") -> None:
    url, trust = certified(web, AUTHORITY.issue_cert("127.0.0.2"))
    assert look_at(url, trust=trust).fault is Fault.CERTIFICATE_NAME


def test_certificate_of_another_name_is_noted(web: "Web") -> None:
    url, trust = certified(web, AUTHORITY.issue_cert("other.example"))
    names = web.names({"site.example": ["127.0.0.1"]})
    named = url.replace("127.0.0.1", "site.example")
    look = look_at(named, trust=trust, resolver=names)
    assert look.fault is Fault.CERTIFICATE_NAME


def test_certificate_of_an_unknown_authority_proves_nothing(web: "Web") -> None:
    url, _ = certified(web, AUTHORITY.issue_cert("127.0.0.1"))
    stranger = ssl.create_default_context()
    assert look_at(url, trust=stranger).fault is Fault.CERTIFICATE_UNSURE


def test_web_page_without_tls_behind_https_is_noted(web: "Web") -> None:
    site = web.site({"/": web.answer(200)})
    look = look_at(f"https://127.0.0.1:{site.port}/")
    assert look.fault is Fault.PROTOCOL
