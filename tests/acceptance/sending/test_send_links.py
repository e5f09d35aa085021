"""Links are asked anew before an issue goes out."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_network
from threading import Thread
from typing import Any

import pytest

from newsletter.testing.smtp_server import SmtpServer
from newsletter.workflow.check import check_issue

ISSUE = """\
---
subject: What is new in March
preheader: What is new this month, and how to answer us
date: 2026-03-01
---

Read [the ruling]({url}/ruling) and [the report]({url}/report).
"""
PRIVATE = ("--allow-private", "127.0.0.0/8")
HOUR = timedelta(hours=1)


class Site(ThreadingHTTPServer):
    """A site whose pages die one by one."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answers)
        self.dead: dict[str, int] = {}
        self.hits: list[str] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Answers(BaseHTTPRequestHandler):
    server: Site

    def do_GET(self) -> None:
        self.server.hits.append(self.path)
        self.send_response(self.server.dead.get(self.path, 200))
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def site() -> Iterator[Site]:
    server = Site()
    thread = Thread(target=server.serve_forever, args=[0.02])
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def checked(post: Any, ago: timedelta) -> None:
    """Let the editor have checked her issue some time ago."""
    check_issue(
        post.project,
        None,
        offline=False,
        now=datetime.now(UTC) - ago,
        allow_private=[ip_network("127.0.0.0/8")],
    )


def send(post: Any, *more: str) -> int:
    code: int = post.run("send", "--confirm", "1", "--untested", *PRIVATE, *more)
    return code


def test_send_asks_again_what_was_seen_a_day_ago_and_stops_on_a_dead_link(
    post: Any, site: Site
) -> None:
    post.add("anna")
    post.write_issue(ISSUE.format(url=site.url))
    checked(post, 25 * HOUR)
    site.dead["/report"] = 404
    site.hits.clear()
    with SmtpServer() as server:
        post.use_server(server.port)
        assert send(post) == 1
        assert server.messages == []
    assert sorted(site.hits) == ["/report", "/report", "/ruling"]
    said = post.err.splitlines()
    assert said[0] == "asking 2 link addresses."
    assert said[1].startswith(
        f'issues/2026-03.md:7:54: "the report" ({site.url}/report): '
        "the page does not exist."
    )
    assert said[2:] == [
        "2026-03 was not sent. Put it right, or accept it with its reason: "
        "newsletter check 2026-03 --accept RULE:LINE --because TEXT"
    ]


def test_send_does_not_ask_again_what_was_seen_today(post: Any, site: Site) -> None:
    post.add("anna")
    post.write_issue(ISSUE.format(url=site.url))
    checked(post, 23 * HOUR)
    site.hits.clear()
    with SmtpServer() as server:
        post.use_server(server.port)
        assert send(post) == 0
        assert len(server.messages) == 1
    assert site.hits == []
    assert "asking" not in post.err


def test_send_refuses_what_today_s_check_found_broken(post: Any, site: Site) -> None:
    post.add("anna")
    post.write_issue(ISSUE.format(url=site.url))
    site.dead["/ruling"] = 410
    checked(post, HOUR)
    site.hits.clear()
    with SmtpServer() as server:
        post.use_server(server.port)
        assert send(post) == 1
    assert site.hits == []
    assert "the page has been taken away for good." in post.err


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        ("http://127.0.0.1:9/", "it leads into a private network or a single computer"),
        ("https://intranet/", '"intranet" has no dot'),
    ],
)
def test_send_stops_on_unsafe_and_invalid_links(
    post: Any, address: str, reason: str
) -> None:
    post.add("anna")
    post.write_issue(ISSUE.format(url=address.rstrip("/")))
    with SmtpServer() as server:
        post.use_server(server.port)
        assert post.run("send", "--confirm", "1", "--untested") == 1
        assert server.messages == []
    assert reason in post.err


def test_send_goes_on_when_nobody_can_tell(post: Any, site: Site) -> None:
    post.add("anna")
    post.write_issue(ISSUE.format(url=site.url))
    site.dead |= {"/ruling": 403, "/report": 500}
    with SmtpServer() as server:
        post.use_server(server.port)
        assert send(post) == 0


def test_send_shows_what_was_accepted_with_day_and_reason(
    post: Any, site: Site
) -> None:
    post.add("anna")
    post.write_issue(ISSUE.format(url=site.url))
    site.dead["/report"] = 404
    accept = ["--accept", "link-broken:7", "--because", "the court's site_2 is down"]
    assert post.run("check", *PRIVATE, *accept) == 0
    today = datetime.now(UTC)
    day = f"{today.day} {today:%B %Y}"
    with SmtpServer() as server:
        post.use_server(server.port)
        assert send(post) == 0
    told = f"on {day}: the court's site_2 is down"
    assert re.search(
        rf"Accepted: link-broken in issues/2026-03.md:7\S* {told}\n", post.err
    )
    waived = f"link-broken:7, accepted on {day}: the court's site_2 is down"
    assert waived in post.dispatch().waivers


def test_send_shows_what_was_accepted_of_the_whole_issue(post: Any, site: Site) -> None:
    post.add("anna")
    long = "\n\n".join(["A line of many words, to be read at leisure."] * 2_000)
    post.write_issue(f"{ISSUE.format(url=site.url)}\n{long}\n")
    accept = ["--accept", "size-clip", "--because", "a year book, and they know"]
    with SmtpServer() as server:
        post.use_server(server.port)
        assert send(post) == 1
        assert post.run("check", *PRIVATE, *accept) == 0
        assert send(post) == 0
    (waived,) = (w for w in post.dispatch().waivers if w.startswith("size-clip,"))
    assert waived.endswith(": a year book, and they know")
    assert "Accepted: size-clip in issues/2026-03.md on " in post.err


def test_send_counts_the_warnings_of_its_check_until_they_are_accepted(
    post: Any,
) -> None:
    post.add("anna", "bob")
    event = "::: event\ntitle: A talk\nwhen: 2020-03-01 19:00\n:::\n"
    head = ISSUE.partition("Read [")[0].replace("2026-03-01", "2020-02-01")
    post.write_issue(f"{head}{event}")
    with SmtpServer() as server:
        post.use_server(server.port)
        assert post.run("send", "--confirm", "3", "--untested") == 2
        told = "Check:    1 warning; newsletter check 2026-03 shows it\n"
        assert told in post.err
        accept = ["--accept", "event-past:7", "--because", "a look back"]
        assert post.run("check", *accept) == 0
        assert post.run("send", "--confirm", "2", "--untested") == 0
    assert "Accepted: event-past in issues/2026-03.md:7" in post.err
    assert "Check:" not in post.err


def test_rehearsal_asks_links_as_a_dispatch_does(post: Any, site: Site) -> None:
    post.add("anna")
    post.write_issue(ISSUE.format(url=site.url))
    checked(post, 25 * HOUR)
    site.hits.clear()
    assert post.run("send", "--rehearse", *PRIVATE) == 0
    assert sorted(site.hits) == ["/report", "/ruling"]
