"""Scanners and crawlers: whoever only looks, a hundred times, changes nothing."""

import re
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urlencode, urljoin, urlsplit

import pytest

from newsletter.tokens import Purpose

HOST = "https://letter.example.org"


class Links(HTMLParser):
    """Every address that a page names: links, forms, pictures, styles."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = ("href", "src", "action")
        self.found |= {value for name, value in attrs if name in names and value}


def links_of(page: str, text: str) -> set[str]:
    """Return the paths on our own host that a page leads to."""
    found = {urljoin(f"{HOST}{page}", link) for link in Links(text).found}
    parts = [urlsplit(link) for link in found if link.startswith(f"{HOST}/")]
    return {f"{part.path}?{part.query}" if part.query else part.path for part in parts}


def crawl(town: Any, starts: set[str]) -> set[str]:
    """Follow every link, and return all that there is."""
    seen: set[str] = set()
    waiting = set(starts)
    while waiting:
        path = waiting.pop()
        seen.add(path)
        answer = town.ask("GET", path)
        assert answer.status in (200, 204, 404), (path, answer.status)
        if answer.headers.get_content_type() in ("text/html", "application/atom+xml"):
            waiting |= links_of(path, answer.text) - seen
    return seen


def links_of_mails(town: Any) -> set[str]:
    """Return what all mails lead to, headers included."""
    found: set[str] = set()
    for mail in town.server.messages:
        text = re.sub(rb"=\r\n", b"", mail.data).decode().replace("=3D", "=")
        found |= set(re.findall(rf"{HOST}(/[^\s<>\"')]*)", text))
    return found


def doors(town: Any) -> set[str]:
    """Return an address of each kind that has a token, alive where it can be."""
    anna = town.reader("anna")
    made = {
        "u": (Purpose.UNSUBSCRIBE, anna, 0),
        "p": (Purpose.PREFERENCES, anna),
        "c": (Purpose.CONFIRM, 1),
        "n": (Purpose.NOT_ME, 1),
        "a": (Purpose.CHANGE, 1),
        "undo": (Purpose.UNDO, anna, 1),
    }
    return {f"/{door}/{town.token(*parts)}" for door, parts in made.items()}


@pytest.mark.parametrize("times", [3, pytest.param(100, marks=pytest.mark.long)])
def test_whoever_follows_every_link_changes_nothing(town: Any, times: int) -> None:
    form = {
        "email": f"fred{times}@example.net",
        "list": "main",
        "shown": town.form_token(),
    }
    assert town.post("/join", urlencode(form)).status == 200
    assert town.send_notices() == 1
    starts = {"/", "/join", "/leave", "/privacy"} | links_of_mails(town) | doors(town)
    assert any(path.startswith("/c/") for path in links_of_mails(town))
    assert any(path.startswith("/p/") for path in links_of_mails(town))
    before = town.state()
    paths = crawl(town, starts)
    assert town.state() == before
    for path in paths:
        for _ in range(times):
            town.ask("GET", path)
        town.ask("HEAD", path)
        town.ask("OPTIONS", path)
    assert town.state() == before
    assert town.send_notices() == 0


def test_languages_of_a_page_lead_to_each_other(town: Any) -> None:
    paths = {path for path in crawl(town, {"/join"}) if path.startswith("/join?")}
    languages = ["ar", "de", "en", "fr", "nl"]
    assert sorted(paths) == [f"/join?lang={one}" for one in languages]
    for path in paths:
        assert f'lang="{path[-2:]}"' in town.ask("GET", path).text
