import asyncio
from http.cookies import SimpleCookie

import pytest
from yarl import URL

from newsletter.checks.links.cookies import Cookies

HOME = URL("https://a.example/")


def set_now(name: str, coded: str, **rest: str) -> SimpleCookie:
    """Return a cookie as aiohttp reads it: its quotes are kept apart from its value."""
    cookies: SimpleCookie = SimpleCookie()
    cookies[name] = ""
    cookies[name].set(name, coded.strip('"'), coded)
    cookies[name].update({"path": "/", **rest})
    return cookies


def sent_back(*kept: SimpleCookie, to: URL = HOME) -> dict[str, str]:
    """Return the header for *to* when HOME has set cookies."""

    async def asked() -> dict[str, str]:  # a jar wants a loop
        cookies = Cookies()
        for one in kept:
            cookies.keep(one, HOME)
        return cookies.header(to)

    return asyncio.run(asked())


def test_nothing_goes_back_where_nothing_was_set() -> None:
    assert sent_back() == {}


@pytest.mark.parametrize("value", ["1", '{"a":1,"b":"x=="}', '"a b"', "a/b==|c", ""])
def test_value_goes_back_letter_by_letter(value: str) -> None:
    assert sent_back(set_now("seen", value)) == {"Cookie": f"seen={value}"}


@pytest.mark.parametrize(
    ("attribute", "value"),
    [
        ("max-age", "0"),
        ("expires", "Thu, 01 Jan 1970 00:00:00 GMT"),
        ("expires", "Thu, 01-Jan-1970 00:00:00 GMT"),
        ("expires", "Mon, 02 Feb 2015 10:00:00 GMT"),
    ],
)
def test_cookie_that_is_taken_back_goes_back_no_more(
    attribute: str, value: str
) -> None:
    taken_back = set_now("a", "", **{attribute: value})
    header = sent_back(set_now("a", "1"), set_now("b", "2"), taken_back)
    assert header == {"Cookie": "b=2"}


def test_cookie_of_one_site_goes_to_no_other() -> None:
    assert sent_back(set_now("a", "1"), to=URL("https://b.example/")) == {}
