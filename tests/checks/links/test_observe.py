import asyncio
import gzip
import socket
import time
from dataclasses import replace
from ipaddress import ip_network
from typing import TYPE_CHECKING

import pytest

from newsletter.checks.links.judge import judge
from newsletter.checks.links.observe import Manner, observe_links
from newsletter.checks.links.plan import OwnPages
from newsletter.model.link import Fault, Hop, Observation, Verdict

if TYPE_CHECKING:
    from tests.checks.links.conftest import Visit, Web

LOOPBACK = (ip_network("127.0.0.0/8"),)

# --- answers --------------------------------------------------------------------------


@pytest.mark.parametrize("status", [200, 204, 401, 403, 404, 410, 451, 500, 999])
def test_status_is_observed_as_it_came(web: "Web", status: int) -> None:
    site = web.site({"/page": web.answer(status)})
    url = f"{site.url}/page"
    seen = web.look_at(url)
    assert replace(seen, page=None) == Observation(url, status=status)
    # Where a page decides, it is read: walls say "not found" to programs too.
    assert (seen.page is not None) == (status in (200, 204, 404, 410))


def test_request_is_a_get_with_a_browsers_prefix_and_our_name(web: "Web") -> None:
    seen: dict[str, str] = {}

    def note(visit: "Visit") -> None:
        seen.update(visit.headers)
        visit.send(web.answer(200))

    site = web.site({"/": note})
    web.look_at(f"{site.url}/", contact="https://letters.example", version="1.2")
    agent = "mozilla/5.0 (compatible; newsletter/1.2; +https://letters.example)"
    assert seen["user-agent"] == agent
    assert "cookie" not in seen
    assert "authorization" not in seen


def test_wait_of_a_busy_site_is_observed(web: "Web") -> None:
    site = web.site({"/": web.answer(429, "Retry-After: 3600")})
    look = web.look_at(f"{site.url}/")
    assert (look.status, look.retry_after_seconds) == (429, 3600)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        (["Retry-After: 120"], 120),
        (["Retry-After:  11 "], 11),
        # The clock of the server counts, as its answer shows it, not ours.
        (
            [
                "Retry-After: Wed, 21 Oct 2015 07:30:00 GMT",
                "Date: Wed, 21 Oct 2015 07:28:00 GMT",
            ],
            120,
        ),
        (["Retry-After: Wed, 21 Oct 2015 07:28:00 GMT"], 0),
        (["Retry-After: soon"], None),
        (["Retry-After: -5"], None),
        (["Retry-After: 99999999999999999999"], 1_000_000_000),
        (["Retry-After: Wed, 99 Oct 2015 07:28:00 GMT"], None),
        ([], None),
    ],
)
def test_wait_is_read_in_both_forms(
    web: "Web", headers: list[str], seconds: int | None
) -> None:
    site = web.site({"/": web.answer(503, *headers)})
    seen = web.observe(f"{site.url}/").looks[f"{site.url}/"][0]
    assert seen.retry_after_seconds == seconds


def test_wait_beside_an_answer_that_is_not_busy_is_nothing(web: "Web") -> None:
    site = web.site({"/": web.answer(200, "Retry-After: 3600")})
    assert web.look_at(f"{site.url}/").retry_after_seconds is None


def test_each_address_is_asked_once(web: "Web") -> None:
    site = web.site({"/": web.answer(200)})
    web.observe(f"{site.url}/", f"{site.url}/")
    assert site.hits == ["/"]


def test_failure_is_looked_at_again_and_success_is_not(web: "Web") -> None:
    site = web.site({"/here": web.answer(200)})
    seen = web.observe(f"{site.url}/here", f"{site.url}/gone")
    assert sorted(site.hits) == ["/gone", "/gone", "/here"]
    statuses = [look.status for look in seen.looks[f"{site.url}/gone"]]
    assert statuses == [404, 404]


def test_failure_is_looked_at_again_when_all_else_is_done(web: "Web") -> None:
    times: dict[str, list[float]] = {"/slow": [], "/gone": []}

    def slow(visit: "Visit") -> None:
        time.sleep(0.1)
        times["/slow"].append(time.monotonic())
        visit.send(web.answer(200))

    def gone(visit: "Visit") -> None:
        times["/gone"].append(time.monotonic())
        visit.send(web.answer(404))

    site = web.site({"/slow": slow, "/gone": gone})
    web.observe(f"{site.url}/gone", f"{site.url}/slow", pause_seconds=5)
    first, second = times["/gone"]
    assert times["/slow"][0] < second
    assert second - first < 5  # the site itself says that there is no such page


def test_site_with_a_fault_gets_time_to_come_back(web: "Web") -> None:
    times: list[float] = []

    def fail(visit: "Visit") -> None:
        times.append(time.monotonic())
        visit.send(web.answer(500))

    web.observe(f"{web.site({'/': fail}).url}/", pause_seconds=0.2)
    assert times[1] - times[0] >= 0.2


def test_long_wait_is_respected(web: "Web") -> None:
    site = web.site({"/": web.answer(429, "Retry-After: 86400")})
    web.observe(f"{site.url}/")
    assert site.hits == ["/"]


def test_short_wait_is_waited_for(web: "Web") -> None:
    times = []

    def note(visit: "Visit") -> None:
        times.append(time.monotonic())
        visit.send(web.answer(429, "Retry-After: 1"))

    site = web.site({"/": note})
    web.observe(f"{site.url}/")
    assert times[1] - times[0] >= 1


def test_progress_is_told_when_an_address_is_done(web: "Web") -> None:
    """Not before its second look: the bar would stand at its end and wait."""
    site = web.site({"/good": web.answer(200)})
    told: list[list[str]] = []

    async def asked() -> None:
        await observe_links(
            [f"{site.url}/good", f"{site.url}/gone"],
            Manner(allowed=LOOPBACK, pause_seconds=0, gap_seconds=0.02),
            on_done=lambda: told.append(sorted(site.hits)),
        )

    asyncio.run(asked())
    assert told[0] in (["/good"], ["/gone", "/good"])
    assert told[1:] == [["/gone", "/gone", "/good"]]


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
    assert replace(web.look_at(url), page=None) == Observation(url, hops, status=200)


def test_circle_ends(web: "Web") -> None:
    site = web.site({"/a": web.redirect("/b"), "/b": web.redirect("/a")})
    look = web.look_at(f"{site.url}/a")
    assert (look.fault, len(look.hops)) == (Fault.TOO_MANY_REDIRECTS, 21)


def test_fifteen_redirects_arrive(web: "Web") -> None:
    steps = {f"/{n}": web.redirect(f"/{n + 1}") for n in range(15)}
    site = web.site({**steps, "/15": web.answer(200)})
    assert web.look_at(f"{site.url}/0").status == 200


def test_redirect_without_a_target_is_an_answer(web: "Web") -> None:
    site = web.site({"/": web.answer(302)})
    assert web.look_at(f"{site.url}/").status == 302


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
    assert web.look_at(f"{site.url}/").fault is Fault.BAD_REDIRECT


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
    assert web.look_at(f"{site.url}/wall").status == 200
    web.observe(f"{site.url}/wall", f"{site.url}/other")
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
    assert web.look_at(f"{site.url}/").status == 200
    assert seen == [None]


@pytest.mark.parametrize(
    "target",
    [
        "https://letters.example/u/token-of-anna",
        "HTTPS://Letters.Example/u/token-of-anna",
        "https://letters.example:443/u/token-of-anna",
        "https://someone@letters.example/u/token-of-anna",
        "https://letters.example/%75/token-of-anna",
        "http://letters.example/u/token-of-anna",
    ],
)
def test_redirect_to_an_address_of_one_reader_is_not_followed(
    web: "Web", target: str
) -> None:
    names = web.names({"letters.example": ["127.0.0.1"]})
    site = web.site({"/": web.redirect(target)})
    own = OwnPages("https://letters.example", "2023-02")
    look = web.look_at(f"{site.url}/", own=own, resolver=names)
    assert look.fault is Fault.PERSONAL_ADDRESS
    assert judge([look]).verdict is Verdict.UNSAFE
    assert names.asked == []
    # Nor is the token kept anywhere.
    assert "token-of-anna" not in repr(look)


def test_login_in_a_target_is_not_kept(web: "Web") -> None:
    site = web.site({"/": web.redirect("http://me:geheim@127.0.0.1:1/")})
    look = web.look_at(f"{site.url}/")
    assert look.hops == (Hop(302, "http://127.0.0.1:1/"),)


def test_target_in_bytes_that_are_no_utf8_is_followed(web: "Web") -> None:
    moved = b"HTTP/1.1 302 -\r\nLocation: /caf\xe9\r\nContent-Length: 0\r\n\r\n"
    site = web.site({"/": moved, "/caf%E9": web.answer(200)})
    look = web.look_at(f"{site.url}/")
    assert look.status == 200
    assert look.hops == (Hop(302, f"{site.url}/caf%E9"),)


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
    assert web.look_at(f"{site.url}/").status == 200
    # What fits into the buffers of two sockets on loopback, and not 125 MB.
    assert sum(sent) < 20_000_000


def test_bomb_is_not_unpacked(web: "Web") -> None:
    bomb = gzip.compress(b"\0" * 5_000_000)
    site = web.site({"/": web.answer(200, "Content-Encoding: gzip", body=bomb)})
    assert web.look_at(f"{site.url}/").status == 200


def test_page_is_read_unpacked(web: "Web") -> None:
    packed = gzip.compress(b"<title>Het besluit</title><p id=een>Tekst</p>")
    headers = ["Content-Encoding: gzip", "Content-Type: text/html; charset=utf-8"]
    site = web.site({"/": web.answer(200, *headers, body=packed)})
    page = web.look_at(f"{site.url}/").page
    assert page is not None
    assert (page.title, page.anchors, page.is_whole) == ("Het besluit", ("een",), True)
    assert page.media_type == "text/html"


def test_page_behind_redirects_is_that_of_the_last(web: "Web") -> None:
    site = web.site(
        {
            "/old": web.answer(301, "Location: /new", body=b"<title>Moved</title>"),
            "/new": web.answer(200, body=b"<title>Here</title>"),
        }
    )
    page = web.look_at(f"{site.url}/old").page
    assert page is not None
    assert page.title == "Here"


def test_page_in_an_unknown_coding_is_not_read(web: "Web") -> None:
    site = web.site({"/": web.answer(200, "Content-Encoding: br", body=b"\x0b\x02")})
    look = web.look_at(f"{site.url}/")
    assert (look.status, look.page) == (200, None)


def test_page_of_an_error_is_not_read(web: "Web") -> None:
    site = web.site({"/": web.answer(403, body=b"<title>Wall</title>")})
    assert web.look_at(f"{site.url}/").page is None


def test_compression_that_is_none_does_not_matter(web: "Web") -> None:
    broken = web.answer(200, "Content-Encoding: gzip", body=b"no gzip at all")
    site = web.site({"/": broken})
    assert web.look_at(f"{site.url}/").status == 200


def test_page_shorter_than_announced_counts_as_answered(web: "Web") -> None:
    short = b"HTTP/1.1 200 -\r\nContent-Length: 5000\r\n\r\nshort"
    site = web.site({"/": short})
    assert web.look_at(f"{site.url}/").status == 200


@pytest.mark.parametrize(
    "sent",
    [
        b"Transfer-Encoding: chunked\r\n\r\n5\r\nhel",
        b"Content-Encoding: gzip\r\nContent-Length: 3\r\n\r\n\x1f\x8b\x08",
    ],
    ids=["chunk cut off", "gzip cut off"],
)
def test_page_that_breaks_off_counts_as_answered(web: "Web", sent: bytes) -> None:
    site = web.site({"/": b"HTTP/1.1 200 -\r\n" + sent})
    look = web.look_at(f"{site.url}/")
    assert look.status == 200
    assert look.page is not None
    assert not look.page.is_whole


@pytest.mark.parametrize(
    "said",
    [
        b"HTTP/1.1 200 -\r\nContent-Length: 5\r\n\r\nhello and more",
        b"HTTP/1.1 200 -\r\nno colon here\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 200 -\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
        b"HTTP/1.1 200 -\r\nTransfer-Encoding: chunked\r\n\r\nfive\r\nhello\r\n",
        b"HTTP/1.1 200 -\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhello\r\n0\r\n\r\n",
    ],
    ids=[
        "more than announced",
        "header that is none",
        "two lengths",
        "chunk without a size",
        "chunk that is too long",
    ],
)
def test_answer_against_the_rules_is_no_proof_of_anything(
    web: "Web", said: bytes
) -> None:
    """Browsers show such pages: it may be good, and is never called broken."""
    site = web.site({"/": said})
    url = f"{site.url}/"
    verdict = judge(web.observe(url).looks[url]).verdict
    assert verdict in (Verdict.OK, Verdict.SUSPECT, Verdict.BLOCKED)


def test_page_that_never_ends_counts_as_answered(web: "Web") -> None:
    def drip(visit: "Visit") -> None:
        visit.connection.sendall(b"HTTP/1.1 200 -\r\nContent-Length: 90\r\n\r\n")
        for _ in range(80):
            visit.connection.sendall(b".")
            time.sleep(0.1)

    site = web.site({"/": drip})
    began = time.monotonic()
    assert web.look_at(f"{site.url}/").status == 200
    assert time.monotonic() - began < 5


def test_silent_server_meets_the_deadline(web: "Web") -> None:
    site = web.site({"/": lambda visit: time.sleep(1)})
    began = time.monotonic()
    assert web.look_at(f"{site.url}/", deadline_seconds=0.2).fault is Fault.TIMEOUT
    assert time.monotonic() - began < 1


def test_deadline_covers_all_redirects(web: "Web") -> None:
    def slowly(visit: "Visit") -> None:
        time.sleep(0.15)
        visit.send(web.redirect("/again"))

    site = web.site({"/": slowly, "/again": slowly})
    look = web.look_at(f"{site.url}/", deadline_seconds=0.5)
    assert look.fault is Fault.TIMEOUT
    assert 0 < len(look.hops) < 5


def test_waiting_for_a_busy_site_costs_no_deadline(web: "Web") -> None:
    def slowly(visit: "Visit") -> None:
        time.sleep(0.2)
        visit.send(web.answer(200))

    site = web.site({f"/{n}": slowly for n in range(16)})
    seen = web.observe(*(f"{site.url}/{n}" for n in range(16)), deadline_seconds=0.6)
    assert {looks[0].status for looks in seen.looks.values()} == {200}


@pytest.mark.parametrize(
    "said",
    [b"", b"SSH-2.0-OpenSSH_9.6\r\n", b"HTTP/1.1 two hundred\r\n\r\n"],
    ids=["nothing", "no web server", "no status"],
)
def test_what_is_no_answer_of_a_web_server_is_noted(web: "Web", said: bytes) -> None:
    site = web.site({"/": said})
    assert web.look_at(f"{site.url}/").fault is Fault.PROTOCOL


def test_closed_port_refuses(web: "Web") -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    assert web.look_at(f"http://127.0.0.1:{port}/").fault is Fault.REFUSED
