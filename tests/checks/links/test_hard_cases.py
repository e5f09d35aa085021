"""The hard cases of link checking, from address to verdict, on loopback.

Law: no good link and no wall is called broken, and nothing private is dialled.
"""

import gzip
import json
import socket
import ssl
import subprocess
import sys
import time
import zlib
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from typing import TYPE_CHECKING, Any

import pytest
import trustme

from newsletter.checks.links.judge import judge
from newsletter.checks.links.plan import OwnPages, conclude_links, plan_links
from newsletter.model.assembled import LinkUse
from newsletter.model.link import Verdict
from newsletter.model.problem import Place

if TYPE_CHECKING:
    from tests.checks.links.conftest import Answer, Site, Visit, Web

OK, MOVED, SUSPECT = Verdict.OK, Verdict.MOVED, Verdict.SUSPECT
BLOCKED, BUSY, TIMEOUT = Verdict.BLOCKED, Verdict.RATE_LIMITED, Verdict.TIMEOUT
BROKEN, INVALID, UNSAFE = Verdict.BROKEN, Verdict.INVALID, Verdict.UNSAFE

#: Asked all the same; the stand-ins for private machines are elsewhere on loopback.
PUBLIC = (ip_network("127.0.0.1/32"),)
PRIVATE = "127.0.0.2"
ARTICLE = "<p>" + "Words of an article that goes on for a while. " * 20


@dataclass(frozen=True)
class Case:
    """An address as an editor writes it, and what may be made of it."""

    #: With {site}, {port} and {other} filled in.
    written: str
    verdict: Verdict
    #: What the site says to it, by path.
    answers: "Mapping[str, Answer]"
    #: What it may come to as well.
    or_else: Verdict | None = None


def html(body: str, *headers: str, status: int = 200) -> bytes:
    lines = [f"HTTP/1.1 {status} -", "Content-Type: text/html; charset=utf-8"]
    data = body.encode()
    lines += [*headers, f"Content-Length: {len(data)}", "Connection: close", "", ""]
    return "\r\n".join(lines).encode() + data


def to(target: str, status: int = 302, *headers: str) -> bytes:
    return html("moved", f"Location: {target}", *headers, status=status)


def titled(title: str, body: str = ARTICLE, *headers: str, status: int = 200) -> bytes:
    page = f"<!doctype html><title>{title}</title><body>{body}"
    return html(page, *headers, status=status)


FINE = titled("A page of its own", f'<h1>A page</h1><p id="part">{ARTICLE}')


def raw(*lines: str, body: bytes = b"") -> bytes:
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


def set_cookie_first(visit: "Visit") -> None:
    """Send a visitor round until the cookie comes back, as news sites do."""
    if "seen=1" in visit.headers.get("cookie", ""):
        visit.send(FINE)
    else:
        visit.send(to(visit.path, 302, "Set-Cookie: seen=1; Path=/"))


def want_no_link_in_the_agent(visit: "Visit") -> None:
    refused = "link" in visit.headers["user-agent"] or "range" in visit.headers
    visit.send(titled("Forbidden", "no", status=403) if refused else FINE)


def drip(visit: "Visit") -> None:
    visit.connection.sendall(raw("HTTP/1.1 200 -", "Content-Length: 3000"))
    for _ in range(60):
        visit.connection.sendall(b".")
        time.sleep(0.1)


def never_answer(visit: "Visit") -> None:
    del visit
    time.sleep(4)


def endless_pdf(visit: "Visit") -> None:
    head = raw("HTTP/1.1 200 -", "Content-Type: application/pdf")
    visit.connection.sendall(head)
    for _ in range(2000):
        visit.connection.sendall(b"%PDF" * 16384)


class Twice:
    """Answers one thing first and another afterwards."""

    def __init__(self, first: bytes, then: bytes) -> None:
        self._answers = [first, then]

    def __call__(self, visit: "Visit") -> None:
        visit.send(self._answers.pop(0) if len(self._answers) > 1 else self._answers[0])


BOMB = gzip.compress(b"<title>Big</title>" + b"\0" * 20_000_000)


def usual(name: str, answer: "Answer", verdict: Verdict = OK) -> Case:
    return Case(f"{{site}}/{name}", verdict, {f"/{name}": answer})


#: Good links: none may be called broken.
GOOD = [
    usual("plain", FINE),
    usual("empty", html("")),
    usual("no-content", raw("HTTP/1.1 204 -", "Connection: close")),
    usual("partial", titled("A part", status=206)),
    usual("old-protocol", raw("HTTP/1.0 200 OK", "", "hello")),
    usual("until-close", raw("HTTP/1.1 200 -", "Connection: close", body=b"hello")),
    usual(
        "chunked",
        raw("HTTP/1.1 200 -", "Transfer-Encoding: chunked")
        + b"5\r\nhello\r\n0\r\n\r\n",
    ),
    usual("bomb", raw("HTTP/1.1 200 -", "Content-Encoding: gzip", body=BOMB)),
    usual("endless.pdf", endless_pdf),
    usual("drip", drip),
    usual("bad-gzip", html("no gzip", "Content-Encoding: gzip")),
    usual("brotli", html("\x0b\x02", "Content-Encoding: br")),
    usual("many-headers", html("x", *(f"X-{n}: {'y' * 500}" for n in range(40)))),
    usual("cookie", set_cookie_first),
    usual("agent", want_no_link_in_the_agent),
    usual("about-404", titled("How to write a good 404 page")),
    usual("sale", titled("This domain is for sale: a story of the web")),
    usual("flaky", Twice(titled("Fault", status=500), FINE)),
    usual("flaky-404", Twice(titled("Gone", status=404), FINE)),
    Case("{site}/anchor#part", OK, {"/anchor": FINE}),
    Case("{site}/text#:~:text=a%20page", OK, {"/text": FINE}),
    Case("{site}/spa#/route", OK, {"/spa": FINE}),
    Case("{site}/old-name#x", OK, {"/old-name": html('<a name="x">x</a>')}),
    Case("{site}/doc.pdf#page=7", OK, {"/doc.pdf": html("%PDF-1.7")}),
    Case("{site}/caf\u00e9/\u0645", OK, {"/caf%C3%A9/%D9%85": FINE}),
    Case("{site}/with space", OK, {"/with%20space": FINE}),
    Case("{site}/a%2Fb", OK, {"/a%2Fb": FINE}),
    Case("{site}/q?a=b&c=%C3%A9+x", OK, {"/q?a=b&c=%C3%A9+x": FINE}),
    Case("{site}/(brackets),;", OK, {"/(brackets),;": FINE}),
    Case("http://b\u00fccher.test:{port}/", OK, {"/": FINE}),
    Case("HTTP://Good.Test:{port}/upper", OK, {"/upper": FINE}),
    Case("http://good.test.:{port}/dot", OK, {"/dot": FINE}),
    Case("http://my_site.test:{port}/under", OK, {"/under": FINE}),
    Case("{site}/302", OK, {"/302": to("/plain")}),
    Case("{site}/relative/x", OK, {"/relative/x": to("../plain")}),
    Case(
        "{site}/scheme-less", OK, {"/scheme-less": to("//www.good.test:{port}/plain")}
    ),
    Case("{site}/encoded", OK, {"/encoded": to("/a%2Fb")}),
    Case(
        "{site}/chain/0",
        OK,
        {f"/chain/{n}": to(f"/chain/{n + 1}") for n in range(15)} | {"/chain/15": FINE},
    ),
    Case("{site}/301", MOVED, {"/301": to("/new/place", 301), "/new/place": FINE}),
    Case("{site}/308", MOVED, {"/308": to("/new/place", 308)}),
    Case("{site}/301-302", MOVED, {"/301-302": to("/302", 301)}),
    Case("{site}/slash", OK, {"/slash": to("/slash/", 301), "/slash/": FINE}),
    Case("mailto:info@example.org?subject=x", OK, {}),
    Case("tel:+31201234567", OK, {}),
]

#: What answers, and is not what was promised.
DOUBTFUL = [
    usual("soft-404", titled("Pagina niet gevonden | De site"), SUSPECT),
    usual("soft-404-ar", titled("الصفحة غير موجودة"), SUSPECT),
    usual("parked", html("<p>This domain is for sale.</p>"), SUSPECT),
    Case("{site}/deep/link/gone", SUSPECT, {"/deep/link/gone": to("/")}),
    Case("{site}/anchor#nowhere", SUSPECT, {"/anchor": FINE}),
    Case("{site}/to-404", SUSPECT, {"/to-404": to("/404.html"), "/404.html": FINE}),
]

#: Walls and limits: none may be called broken.
WALLS = [
    usual("403", titled("Forbidden", "x", status=403), BLOCKED),
    usual("405", titled("Not allowed", "x", status=405), BLOCKED),
    usual("406", titled("Not acceptable", "x", status=406), BLOCKED),
    usual("999", titled("", "x", status=999), BLOCKED),
    usual("401", titled("Log in", "x", status=401), BLOCKED),
    usual("451", titled("Withheld", "x", status=451), BLOCKED),
    usual("wall-200", titled("Just a moment...", "Checking"), BLOCKED),
    usual("wall-404", titled("Attention Required!", "x", status=404), BLOCKED),
    usual("wall-202", html("<script src='x.js'></script>", status=202), BLOCKED),
    usual("denied", titled("Access Denied", "Reference 18.x", status=200), BLOCKED),
    Case("{site}/members/a", BLOCKED, {"/members/a": to("/login?next=a")}),
    Case(
        "{site}/paper/a", BLOCKED, {"/paper/a": to("http://consent.test:{port}/?x=a")}
    ),
    Case(
        "http://busy.test:{port}/429-second",
        OK,
        {"/429-second": Twice(titled("", "", "Retry-After: 1", status=429), FINE)},
    ),
    Case(
        "http://rest.test:{port}/429-day",
        BUSY,
        {"/429-day": titled("", "", "Retry-After: 86400", status=429)},
    ),
    usual("malformed-header", raw("HTTP/1.1 200 -", "no colon here", ""), BLOCKED),
    # Whether the surplus comes with the answer or after it is chance.
    Case(
        "{site}/surplus",
        OK,
        {"/surplus": raw("HTTP/1.1 200 -", "Content-Length: 2", body=b"hello")},
        or_else=BLOCKED,
    ),
    usual("not-http", b"SSH-2.0-OpenSSH_9.6\r\n", BLOCKED),
    usual("nothing", b"", BLOCKED),
    usual("500", titled("Fault", "x", status=500), TIMEOUT),
    usual("503", titled("Fault", "x", status=503), TIMEOUT),
    Case("http://slow.test:{port}/silent", TIMEOUT, {"/silent": never_answer}),
    Case("http://unsure.test:{port}/", TIMEOUT, {}),
]

#: Surely no good: each must have a verdict that says so.
BAD = [
    usual("404", titled("Gone", "x", status=404), BROKEN),
    usual("410", titled("Gone", "x", status=410), BROKEN),
    usual("circle", to("/circle"), BROKEN),
    Case("{site}/301-404", BROKEN, {"/301-404": to("/404", 301)}),
    Case("http://nobody.test/", BROKEN, {}),
    Case("http://good.test:{closed}/", BROKEN, {}),
    Case("{site}/to-closed", BROKEN, {"/to-closed": to("http://good.test:{closed}/")}),
    Case("https://intranet/", INVALID, {}),
    Case("https://https://example.org", INVALID, {}),
    Case("https://exa\u200bmple.org/", INVALID, {}),
    Case("https://example..org/", INVALID, {}),
    Case("www.example.org", INVALID, {}),
    Case("mailto:info@example", INVALID, {}),
    Case("tel:call-us", INVALID, {}),
]

#: Where no reader should be sent, and nothing of ours may dial.
FORBIDDEN = [
    Case("http://127.0.0.2:{private}/", UNSAFE, {}),
    Case("http://2130706434:{private}/", UNSAFE, {}),
    Case("http://0x7f.0.0.2:{private}/", UNSAFE, {}),
    Case("http://[::ffff:127.0.0.2]:{private}/", UNSAFE, {}),
    Case("http://private.test:{private}/", UNSAFE, {}),
    Case("http://mixed.test:{private}/", UNSAFE, {}),
    Case("http://metadata.test/latest/", UNSAFE, {}),
    Case("http://169.254.169.254/latest/", UNSAFE, {}),
    Case("http://localhost:{private}/", UNSAFE, {}),
    Case("http://me:secret@good.test:{port}/plain", UNSAFE, {}),
    Case("https://letters.test/u/abc", UNSAFE, {}),
    *(
        Case(f"{{site}}/go/{n}", UNSAFE, {f"/go/{n}": to(target)})
        for n, target in enumerate(
            (
                "http://127.0.0.2:{private}/",
                "http://private.test:{private}/",
                "http://mixed.test:{private}/",
                "http://169.254.169.254/latest/meta-data/",
                "http://metadata.test/latest/meta-data/",
                "http://2130706434:{private}/",
                "http://[::ffff:7f00:2]:{private}/",
                "//private.test:{private}/",
                "file:///etc/passwd",
                "javascript:alert(1)",
                "ftp://good.test/",
            )
        )
    ),
]

CASES = [*GOOD, *DOUBTFUL, *WALLS, *BAD, *FORBIDDEN]
HOSTS = (
    *("good.test", "www.good.test", "xn--bcher-kva.test", "good.test.", "my_site.test"),
    *("consent.test", "busy.test", "rest.test", "slow.test"),
)
OWN = OwnPages("https://letters.test", "2023-02")


@dataclass
class Round:
    """All cases, asked once."""

    verdicts: dict[str, Verdict]
    site: "Site"
    #: Calls that the stand-in for a private machine got.
    private_calls: int


def ask(cases: list[Case], web: "Web") -> Round:
    site = web.site({})
    with (
        socket.create_server((PRIVATE, 0)) as private,
        socket.create_server(("127.0.0.1", 0)) as closed,
    ):
        private.setblocking(False)
        ports = {
            "port": site.port,
            "private": private.getsockname()[1],
            "closed": closed.getsockname()[1],
        }
        closed.close()
        for case in cases:
            site.answers |= {p: _filled(a, ports) for p, a in case.answers.items()}
        where = ports | {"site": f"http://good.test:{site.port}"}
        uses = {
            case.written.format(**where): LinkUse(
                case.written.format(**where), "words", "text", Place("x.md", 1, n)
            )
            for n, case in enumerate(cases, 1)
        }
        plan = plan_links(uses.values(), OWN, allowed=PUBLIC)
        names: dict[str, Any] = {host: ["127.0.0.1"] for host in HOSTS}
        names |= {
            "private.test": [PRIVATE],
            "mixed.test": ["127.0.0.1", PRIVATE],
            "metadata.test": ["169.254.169.254"],
            "unsure.test": socket.EAI_AGAIN,
        }
        seen = web.observe(
            *plan.asked.values(),
            allowed=PUBLIC,
            own=OWN,
            resolver=web.names(names),
            deadline_seconds=3,
        )
        judged = conclude_links(uses.values(), plan, seen)
        calls = _calls(private)
    verdicts = {
        case.written: link.judgement.verdict
        for case, link in zip(cases, judged, strict=True)
    }
    return Round(verdicts, site, calls)


def _filled(answer: "Answer", ports: dict[str, int]) -> "Answer":
    if isinstance(answer, bytes):
        for name, port in ports.items():
            answer = answer.replace(f"{{{name}}}".encode(), str(port).encode())
    return answer


def _calls(listener: socket.socket) -> int:
    calls = 0
    with suppress(BlockingIOError):
        while True:
            listener.accept()[0].close()
            calls += 1
    return calls


def test_hard_cases_are_judged_and_nothing_private_is_dialled(web: "Web") -> None:
    """One run for all: they are asked side by side, as the links of an issue are."""
    found = ask(CASES, web)
    wrong = {
        case.written: found.verdicts[case.written].value
        for case in CASES
        if found.verdicts[case.written] not in (case.verdict, case.or_else)
    }
    assert len(CASES) >= 100
    assert wrong == {}
    assert found.private_calls == 0
    called_broken = [
        case.written
        for case in (*GOOD, *WALLS)
        if found.verdicts[case.written] in (BROKEN, INVALID, UNSAFE)
    ]
    assert called_broken == []


def test_one_site_never_gets_more_than_four_questions_at_once(web: "Web") -> None:
    # Counted before the answer leaves: who got it may ask on while we still write.
    at_once, most = [], []

    def slowly(visit: "Visit") -> None:
        at_once.append(visit)
        most.append(len(at_once))
        time.sleep(0.03)
        at_once.pop()
        visit.send(FINE)

    cases = [Case(f"{{site}}/{n}", OK, {f"/{n}": slowly}) for n in range(40)]
    found = ask(cases, web)
    assert set(found.verdicts.values()) == {OK}
    assert max(most) <= 4


@pytest.mark.parametrize(
    ("make", "verdict"),
    [
        (lambda ca: ca.issue_cert("good.test"), OK),
        (
            lambda ca: ca.issue_cert(
                "good.test", not_after=datetime.now(UTC) - timedelta(days=1)
            ),
            UNSAFE,
        ),
        (lambda ca: ca.issue_cert("other.test"), UNSAFE),
        (lambda ca: trustme.CA().issue_cert("good.test"), BLOCKED),
    ],
    ids=["good", "out of date", "another name", "unknown authority"],
)
def test_certificates_are_judged(
    web: "Web", make: Callable[[trustme.CA], trustme.LeafCert], verdict: Verdict
) -> None:
    authority = trustme.CA()
    served = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    make(authority).configure_cert(served)
    trust = ssl.create_default_context()
    authority.configure_trust(trust)
    site = web.site({"/": FINE}, served)
    url = f"https://good.test:{site.port}/"
    names = web.names({"good.test": ["127.0.0.1"]})
    plan = plan_links([LinkUse(url, "w", "text", Place("x.md", 1, 1))], OWN)
    seen = web.observe(url, trust=trust, resolver=names)
    assert plan.asked == {url: url}
    assert judge(seen.looks[url]).verdict is verdict


MEMORY = r"""
import asyncio, json, re, sys
from pathlib import Path
from ipaddress import ip_network
from newsletter.checks.links.observe import Manner, observe_links

manner = Manner(allowed=(ip_network("127.0.0.1/32"),), gap_seconds=0, pause_seconds=0)
seen = asyncio.run(observe_links(json.load(sys.stdin), manner))
statuses = [looks[-1].status for looks in seen.looks.values()]
# Not ru_maxrss: it begins with what the process had that started this one.
highest = re.search(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text())[1]
print(json.dumps([int(highest), statuses]))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="Linux has VmHWM")
def test_bomb_and_endless_pages_cost_little_memory(web: "Web") -> None:
    """A bomb of 512 MB and fifty pages without end: 60 MB, of which Python has 45."""
    packer = zlib.compressobj(wbits=31)
    block = b"\0" * 4_000_000
    bomb = b"".join([*(packer.compress(block) for _ in range(128)), packer.flush()])
    head = raw("HTTP/1.1 200 -", "Content-Type: text/html", "Content-Encoding: gzip")
    answers: dict[str, Answer] = {f"/bomb/{n}": head + bomb for n in range(10)}
    answers |= {f"/pdf/{n}": endless_pdf for n in range(40)}
    site = web.site(answers)
    urls = [f"{site.url}{path}" for path in answers]
    done = subprocess.run(
        [sys.executable, "-c", MEMORY],
        input=json.dumps(urls),
        capture_output=True,
        text=True,
        check=True,
    )
    kilobytes, statuses = json.loads(done.stdout)
    assert statuses == [200] * len(urls)
    assert kilobytes / 1024 <= 60
