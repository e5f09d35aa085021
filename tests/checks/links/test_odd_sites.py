"""Odd servers, redirects, headers, letters and addresses, by a second author.

Each row is what a real site does or an editor writes. Law: what works in a browser is
never called broken, invalid or unsafe, and what does not work there is never called ok.
"""

import gzip
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_network
from typing import TYPE_CHECKING, Any

import pytest

from newsletter.checks.links.plan import OwnPages, conclude_links, plan_links
from newsletter.model.assembled import LinkUse
from newsletter.model.link import Verdict
from newsletter.model.problem import Place

if TYPE_CHECKING:
    from tests.checks.links.conftest import Answer, Site, Visit, Web

OK, MOVED, SUSPECT = Verdict.OK, Verdict.MOVED, Verdict.SUSPECT
BLOCKED, BUSY, TIMEOUT = Verdict.BLOCKED, Verdict.RATE_LIMITED, Verdict.TIMEOUT
BROKEN, INVALID, UNSAFE = Verdict.BROKEN, Verdict.INVALID, Verdict.UNSAFE

PUBLIC = (ip_network("127.0.0.1/32"),)
ARTICLE = "<p>" + "Words of an article that goes on for a while. " * 20


@dataclass(frozen=True)
class Odd:
    """What a site does, and what may be made of it."""

    what: str
    verdict: Verdict
    #: Path -> answer; the first path is the link unless *written* says otherwise.
    answers: "Mapping[str, Answer]"
    #: With {site} and {port} filled in.
    written: str = ""
    #: Further verdicts that are as true.
    or_else: tuple[Verdict, ...] = ()


def odd(
    what: str,
    verdict: Verdict,
    path: str,
    answer: "Answer",
    *,
    more: "Mapping[str, Answer] | None" = None,
    written: str = "",
    or_else: tuple[Verdict, ...] = (),
) -> Odd:
    return Odd(what, verdict, {path: answer, **(more or {})}, written, or_else)


def unasked(
    what: str, verdict: Verdict, written: str, or_else: tuple[Verdict, ...] = ()
) -> Odd:
    return Odd(what, verdict, {}, written, or_else)


def raw(*lines: str | bytes, body: bytes = b"") -> bytes:
    """Return lines as they are sent, letters outside ASCII as UTF-8."""
    encoded = [one.encode() if isinstance(one, str) else one for one in lines]
    return b"\r\n".join([*encoded, b"", b""]) + body


def page(
    body: str | bytes, *headers: str | bytes, status: str = "200 OK", kind: str = ""
) -> bytes:
    data = body.encode() if isinstance(body, str) else body
    kind = kind or "text/html; charset=utf-8"
    return raw(
        f"HTTP/1.1 {status}",
        f"Content-Type: {kind}",
        f"Content-Length: {len(data)}",
        "Connection: close",
        *headers,
        body=data,
    )


def to(location: str | bytes, status: int = 302, *headers: str) -> bytes:
    target = location.encode() if isinstance(location, str) else location
    return page("moved", b"Location: " + target, *headers, status=f"{status} Moved")


FINE = page(f"<title>A page</title><h1>A page</h1>{ARTICLE}")
GONE = page("<title>Not here</title>no", status="404 Not Found")


def want_cookie(name: str, sent: str, wanted: str) -> "Answer":
    """Return an answer that sends visitors round until its cookie comes back whole."""

    def answer(visit: "Visit") -> None:
        if wanted in visit.headers.get("cookie", ""):
            visit.send(FINE)
        else:
            visit.send(to(f"/{name}", 302, f"Set-Cookie: {sent}"))

    return answer


def dripped_head(visit: "Visit") -> None:
    for letter in b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi":
        visit.send(bytes([letter]))


def reset_in_the_body(visit: "Visit") -> None:
    visit.send(raw("HTTP/1.1 200 OK", "Content-Length: 9000", body=b"<p>Half a"))
    visit.connection.setsockopt(1, 13, b"\1\0\0\0\0\0\0\0")  # SO_LINGER 0: a reset


TABS = f'<a href="#tab2">Two</a>{ARTICLE}<script src="/tabs.js"></script>'
SCRIPT_ONLY = "<!doctype html><title>App</title><script>location='/#/x'</script>"
DEEP = "<div>" * 400 + '<p id="deep">Down here.</p>' + "</div>" * 400
PERSIAN = "/\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645"  # with U+200C

SERVERS = [
    odd(
        "hints before the answer",
        OK,
        "/a",
        raw("HTTP/1.1 103 Early Hints", "Link: </x.css>; rel=preload") + FINE,
    ),
    odd("continue before the answer", OK, "/b", raw("HTTP/1.1 100 Continue") + FINE),
    odd(
        "no words behind the status",
        OK,
        "/c",
        raw("HTTP/1.1 200", "Content-Length: 2", body=b"hi"),
    ),
    odd(
        "lines end in LF alone",
        OK,
        "/d",
        b"HTTP/1.1 200 OK\nContent-Length: 2\n\nhi",
        or_else=(BLOCKED,),
    ),
    odd(
        "a header goes on in the next line",
        OK,
        "/e",
        page(ARTICLE, "X-Old: one\r\n two"),
        or_else=(BLOCKED,),
    ),
    odd(
        "same length twice",
        OK,
        "/f",
        raw("HTTP/1.1 200 OK", "Content-Length: 2", "Content-Length: 2", body=b"hi"),
        or_else=(BLOCKED,),
    ),
    odd(
        "length and chunks",
        OK,
        "/g",
        raw(
            "HTTP/1.1 200 OK",
            "Content-Length: 5",
            "Transfer-Encoding: chunked",
            body=b"2\r\nhi\r\n0\r\n\r\n",
        ),
        or_else=(BLOCKED,),
    ),
    odd(
        "chunks with remarks",
        OK,
        "/h",
        raw(
            "HTTP/1.1 200 OK",
            "Transfer-Encoding: chunked",
            body=b"2;x=y\r\nhi\r\n0\r\nT: x\r\n\r\n",
        ),
    ),
    odd(
        "broken chunks",
        OK,
        "/i",
        raw("HTTP/1.1 200 OK", "Transfer-Encoding: chunked", body=b"zz\r\nhi"),
        or_else=(BLOCKED,),
    ),
    odd("answers like a radio", BLOCKED, "/j", b"ICY 200 OK\r\n\r\n", or_else=(OK,)),
    odd("a body without a head", BLOCKED, "/k", b"<html>HTTP/0.9</html>"),
    odd(
        "letters in a header that are no UTF-8",
        OK,
        "/l",
        page(ARTICLE, b"X-Town: K\xf6ln"),
    ),
    odd("a header of 20 KB", OK, "/m", page(ARTICLE, f"X-Policy: {'y' * 20_000}")),
    odd(
        "headers of 300 KB",
        BLOCKED,
        "/n",
        page(ARTICLE, *(f"X-{n}: {'y' * 60_000}" for n in range(5))),
        or_else=(OK,),
    ),
    odd("head that comes letter by letter", OK, "/o", dripped_head),
    odd(
        "connection reset in the body", OK, "/p", reset_in_the_body, or_else=(BLOCKED,)
    ),
    odd("answer of another version", OK, "/q", FINE.replace(b"HTTP/1.1", b"HTTP/1.0")),
    odd(
        "reset content",
        OK,
        "/r",
        raw("HTTP/1.1 205 Reset Content", "Connection: close"),
    ),
    odd(
        "several choices",
        BLOCKED,
        "/s",
        page(ARTICLE, status="300 Multiple Choices"),
        or_else=(OK,),
    ),
    odd("pay first", BLOCKED, "/t", page("Pay", status="402 Payment Required")),
    odd("bad request", BLOCKED, "/u", page("Bad", status="400 Bad Request")),
    odd("teapot", BLOCKED, "/v", page("x", status="418 Teapot")),
    odd(
        "site behind Cloudflare is down",
        TIMEOUT,
        "/w",
        page("x", status="522 Timed Out"),
    ),
    odd(
        "busy, and back on a date gone by",
        TIMEOUT,
        "/x",
        page("x", "Retry-After: Wed, 01 Jan 2020 00:00:00 GMT", status="503 Busy"),
        or_else=(BUSY,),
    ),
    odd(
        "too often, without saying how long",
        BUSY,
        "/y",
        page("x", "Retry-After: a while", status="429 Slow"),
        written="http://busy.test:{port}/y",
    ),
]

REDIRECTS = [
    odd(
        "Persian words, with the joiner they need",
        OK,
        "/ra",
        to(PERSIAN),
        more={"/%D9%85%DB%8C%E2%80%8C%D8%AE%D9%88%D8%A7%D9%87%D9%85": FINE},
    ),
    odd(
        "soft hyphen on the way",
        OK,
        "/rb",
        to("/new\u00adword"),
        more={"/new%C2%ADword": FINE},
    ),
    odd("Latin-1 letters", OK, "/rc", to(b"/caf\xe9"), more={"/caf%E9": FINE}),
    odd("spaces", OK, "/rd", to("/two words"), more={"/two%20words": FINE}),
    odd(
        "dots in a whole address",
        OK,
        "/re",
        to("http://good.test:{port}/x/../up"),
        more={"/up": FINE},
    ),
    odd("a question alone", OK, "/rf", to("?page=2"), more={"/rf?page=2": FINE}),
    odd(
        "brackets in the question",
        OK,
        "/rg",
        to("/list?f[]=1|2"),
        more={"/list?f[]=1|2": FINE},
    ),
    odd("only a place in the page", BROKEN, "/rh", to("#here")),
    odd(
        "upper case scheme",
        OK,
        "/ri",
        to("HTTP://GOOD.TEST:{port}/rz"),
        more={"/rz": FINE},
    ),
    odd("scheme without slashes", OK, "/rj", to("http:/rz")),
    odd("backslashes", OK, "/rk", to("\\new\\page"), more={"/new/page": FINE}),
    odd(
        "backslashes before the host",
        OK,
        "/rk2",
        to("\\\\www.good.test:{port}\\new\\page"),
    ),
    odd("no target", BLOCKED, "/rl", page("x", status="302 Found"), or_else=(OK,)),
    odd("empty target", BLOCKED, "/rm", to(""), or_else=(OK,)),
    odd("a target in angle brackets", BROKEN, "/rn", to("</rz>")),
    odd("to a mail address", BLOCKED, "/ro", to("mailto:info@good.test")),
    odd("to a telephone", BLOCKED, "/rp", to("tel:+31201234567")),
    odd("to an app", BLOCKED, "/rq", to("whatsapp://send?text=x")),
    odd("to an app shop", BLOCKED, "/rr", to("itms-apps://apps.example/app/id1")),
    odd("to an Android intent", BLOCKED, "/rs", to("intent://x#Intent;scheme=y;end")),
    odd("to a script", UNSAFE, "/rt", to("JavaScript:alert(1)")),
    odd("to data", UNSAFE, "/ru", to("data:text/html,hi")),
    odd(
        "two targets",
        OK,
        "/rv",
        page("x", "Location: /rz", "Location: /gone", status="302 Found"),
        or_else=(BLOCKED, BROKEN),
    ),
    odd("see other", OK, "/rw", to("/rz", 303)),
    odd(
        "for good, to the same with a password",
        OK,
        "/rx",
        to("http://a:b@good.test:{port}/rz", 302),
    ),
    odd(
        "cookie with odd letters",
        OK,
        "/ck",
        want_cookie("ck", 'seen={"a":1,"b":"x=="}; Path=/', 'seen={"a":1,"b":"x=="}'),
    ),
    odd(
        "cookie in quotes",
        OK,
        "/cq",
        want_cookie("cq", 'seen="a b"; Path=/', 'seen="a b"'),
    ),
    odd(
        "cookie for the whole domain",
        OK,
        "/cd",
        to(
            "http://www.good.test:{port}/cd2",
            302,
            "Set-Cookie: w=1; Domain=good.test; Path=/",
        ),
        more={"/cd2": want_cookie("cd3", "never=1; Path=/nowhere", "w=1")},
    ),
    odd(
        "cookie taken back",
        OK,
        "/ct",
        to("/ct2", 302, "Set-Cookie: k=1; Path=/"),
        more={
            "/ct2": to(
                "/ct3",
                302,
                "Set-Cookie: k=; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT",
            ),
            "/ct3": lambda visit: visit.send(
                GONE if "k=" in visit.headers.get("cookie", "") else FINE
            ),
        },
    ),
]

BODIES = [
    odd(
        "not found, in Arabic letters of 1999",
        SUSPECT,
        "/ba",
        page(
            "<title>الصفحة غير موجودة</title>".encode("cp1256") + ARTICLE.encode(),
            kind="text/html; charset=windows-1256",
        ),
    ),
    odd(
        "said only in the page",
        SUSPECT,
        "/bb",
        page(
            '<meta charset="windows-1256"><title>الصفحة غير موجودة</title>'.encode(
                "cp1256"
            )
            + ARTICLE.encode(),
            kind="text/html",
        ),
    ),
    odd(
        "UTF-16 with its mark",
        SUSPECT,
        "/bc",
        page(
            "\ufeff<title>Page not found</title>".encode("utf-16-le"),
            kind="text/html",
        ),
    ),
    odd(
        "UTF-16 as the head says",
        SUSPECT,
        "/bc2",
        page(
            "<title>Page not found</title>".encode("utf-16-be"),
            kind="text/html; charset=utf-16be",
        ),
    ),
    odd(
        "charset that is none",
        OK,
        "/bd",
        page(ARTICLE, kind="text/html; charset=undefined"),
    ),
    odd(
        "charset that is code",
        OK,
        "/be",
        page(ARTICLE, kind="text/html; charset=zlib_codec"),
    ),
    odd("a type that is none", OK, "/bf", page(ARTICLE, kind="html")),
    odd(
        "entities in the title",
        SUSPECT,
        "/bg",
        page("<title>Page&nbsp;not&#32;found</title>"),
    ),
    odd(
        "title of a drawing",
        OK,
        "/bh",
        page(f"<svg><title>Page not found</title></svg><title>Fine</title>{ARTICLE}"),
    ),
    odd(
        "packed twice over",
        OK,
        "/bi",
        page(
            gzip.compress(gzip.compress(ARTICLE.encode())),
            "Content-Encoding: gzip, gzip",
        ),
    ),
    odd(
        "packed as deflate without a frame",
        SUSPECT,
        "/bj",
        page(
            zlib.compress(b"<title>Page not found</title>", wbits=-15),
            "Content-Encoding: deflate",
        ),
    ),
    odd(
        "packing in capitals",
        SUSPECT,
        "/bk",
        page(
            gzip.compress(b"<title>Page not found</title>"),
            "Content-Encoding: GZIP",
        ),
    ),
    odd(
        "packing that is a charset", OK, "/bl", page(ARTICLE, "Content-Encoding: utf-8")
    ),
    odd("anchor far down in boxes", OK, "/bm", page(DEEP), written="{site}/bm#deep"),
    odd(
        "anchor in other letters",
        OK,
        "/bn",
        page(f'<h2 id="été">x</h2>{ARTICLE}'),
        written="{site}/bn#%C3%A9t%C3%A9",
    ),
    odd(
        "anchor with its accent apart",
        OK,
        "/bo",
        page(f'<h2 id="e\u0301te">x</h2>{ARTICLE}'),
        written="{site}/bo#%C3%A9te",
    ),
    odd(
        "anchor with a plus",
        OK,
        "/bp",
        page(f'<h2 id="a+b">x</h2>{ARTICLE}'),
        written="{site}/bp#a+b",
    ),
    odd(
        "anchor that only a script knows",
        OK,
        "/bq",
        page(TABS),
        written="{site}/bq#tab2",
    ),
    odd(
        "anchor in a page of text",
        OK,
        "/br",
        page("Just text", kind="text/plain"),
        written="{site}/br#L10",
    ),
    odd(
        "gone, and a script fills the page",
        BLOCKED,
        "/bs",
        page(SCRIPT_ONLY, status="404 Not Found"),
        or_else=(SUSPECT,),
    ),
    odd(
        "gone, and a script of another file",
        BLOCKED,
        "/bt",
        page(
            '<div id="root"></div><script src="/app.js"></script>',
            status="404 Not Found",
        ),
        or_else=(SUSPECT,),
    ),
    odd(
        "gone, with words and scripts",
        BROKEN,
        "/bu",
        page(
            '<h1>Not here</h1><p>Try the search.<script src="/a.js"></script>',
            status="404 Not Found",
        ),
    ),
    odd("gone, and empty", BROKEN, "/bv", page("", status="404 Not Found")),
    odd(
        "gone, a picture",
        BROKEN,
        "/bw",
        page(b"\x89PNG", status="404 Not Found", kind="image/png"),
    ),
    odd(
        "passes on by itself to the front",
        SUSPECT,
        "/deep/page",
        page('<meta http-equiv="Refresh" content="0; URL=\'/\'">'),
    ),
]

ADDRESSES = [
    odd("dots that lead up", OK, "/aa", FINE, written="{site}/x/y/../.././aa"),
    odd("dots that lead above the top", OK, "/ab", FINE, written="{site}/../../ab"),
    odd("coded dots", OK, "/ac", FINE, written="{site}/x/%2E%2e/ac"),
    odd("dots at the end", OK, "/x/", FINE, written="{site}/x/y/.."),
    odd("dots in a question", OK, "/ad?p=../x", FINE, written="{site}/ad?p=../x"),
    odd("two slashes", OK, "//ae//x", FINE, written="{site}//ae//x"),
    odd("a lone percent sign", OK, "/100%", FINE, written="{site}/100%"),
    odd("brackets", OK, "/af?a[]=1", FINE, written="{site}/af?a[]=1"),
    odd("no path, a question", OK, "/?q=1", FINE, written="{site}?q=1"),
    odd("an at sign in the path", OK, "/@name/x", FINE, written="{site}/@name/x"),
    odd(
        "a full stop of other letters",
        OK,
        "/ag",
        FINE,
        written="http://good\u3002test:{port}/ag",
    ),
    odd("a coded host", OK, "/ah", FINE, written="http://g%6fod.test:{port}/ah"),
    odd(
        "a host with a hyphen at its end",
        OK,
        "/ai",
        FINE,
        written="http://who-.good.test:{port}/ai",
    ),
    unasked("an empty port", OK, "https://example.org:/", or_else=(BROKEN,)),
    unasked("a port beyond all", INVALID, "https://good.test:70000/"),
    unasked("a port that is a word", INVALID, "https://good.test:http/"),
    unasked("three letters for a scheme", INVALID, "htps://good.test/"),
    unasked("one slash", INVALID, "https:/good.test/"),
    unasked("a number too large", INVALID, "http://999.1.1.1/"),
    unasked("this network's filter, not the site", TIMEOUT, "http://filtered.test/"),
    unasked("this network's filter, by v6", TIMEOUT, "http://filtered6.test/"),
    odd(
        "one of many on a shared number",
        OK,
        "/aj",
        FINE,
        written="http://127.1:{port}/aj",
    ),
    unasked(
        "a mail address with a colon for a subject",
        INVALID,
        "mailto:info@good.test:subject",
    ),
    unasked("a mail address in angle brackets", INVALID, "mailto:<info@good.test>"),
    unasked("a telephone number in words", INVALID, "tel:0800-FLOWERS"),
    unasked("a telephone number with its name", INVALID, "tel:+31 20 123 4567 (Anna)"),
    unasked("a telephone number with spaces coded", OK, "tel:+31%2020%20123%204567"),
]

NAMES: dict[str, Any] = {
    "good.test": ["127.0.0.1"],
    "www.good.test": ["127.0.0.1"],
    "who-.good.test": ["127.0.0.1"],
    "busy.test": ["127.0.0.1"],
    "filtered.test": ["0.0.0.0"],  # noqa: S104 - an answer, bound to nothing
    "filtered6.test": ["::"],
}


def ask(odds: list[Odd], web: "Web") -> dict[str, Verdict]:
    """Ask all of them once, side by side; return what -> verdict."""
    site = web.site({"/": FINE})
    where = {"site": f"http://good.test:{site.port}", "port": str(site.port)}
    for odd in odds:
        site.answers |= {p: _filled(a, site) for p, a in odd.answers.items()}
    written = [
        odd.written.format(**where)
        if odd.written
        else f"{where['site']}{next(iter(odd.answers))}"
        for odd in odds
    ]
    uses = [
        LinkUse(url, "words", "text", Place("x.md", n, 1))
        for n, url in enumerate(written, 1)
    ]
    plan = plan_links(uses, OwnPages(), allowed=PUBLIC)
    seen = web.observe(
        *plan.asked.values(),
        allowed=PUBLIC,
        resolver=web.names(NAMES),
        deadline_seconds=3,
    )
    judged = conclude_links(uses, plan, seen)
    return {
        odd.what: link.judgement.verdict for odd, link in zip(odds, judged, strict=True)
    }


def _filled(answer: "Answer", site: "Site") -> "Answer":
    if isinstance(answer, bytes):
        return answer.replace(b"{port}", str(site.port).encode())
    return answer


@pytest.mark.parametrize(
    "odds",
    [SERVERS, REDIRECTS, BODIES, ADDRESSES],
    ids=["servers", "redirects", "bodies", "addresses"],
)
def test_odd_sites_are_judged_as_a_reader_would_find_them(
    web: "Web", odds: list[Odd]
) -> None:
    found = ask(odds, web)
    wrong = {
        odd.what: found[odd.what].value
        for odd in odds
        if found[odd.what] not in (odd.verdict, *odd.or_else)
    }
    assert len(found) == len(odds)
    assert wrong == {}
