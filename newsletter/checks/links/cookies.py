"""Cookies of one chain of redirects: sites set one and look whether it comes back.

Law: they go back letter by letter, as browsers send them, and live as long as this.
"""

from http.cookies import SimpleCookie

from aiohttp import CookieJar
from yarl import URL


class Cookies:
    """What the sites of one chain have set."""

    def __init__(self) -> None:
        """Begin without any; most chains stay so."""
        self._jar: CookieJar | None = None

    def header(self, address: URL) -> dict[str, str]:
        """Return the header for a question to *address*; none where it has none."""
        if self._jar is None:
            return {}
        kept = self._jar.filter_cookies(address).items()
        pairs = "; ".join(f"{name}={cookie.value}" for name, cookie in kept)
        return {"Cookie": pairs} if pairs else {}

    def keep(self, cookies: SimpleCookie, address: URL) -> None:
        """Keep what *address* has set."""
        if not cookies:
            return
        if self._jar is None:
            self._jar = CookieJar(unsafe=True, quote_cookie=False)
        for cookie in cookies.values():
            # As it was sent: aiohttp takes quotes off, and puts others on.
            cookie.set(cookie.key, cookie.coded_value, cookie.coded_value)
            if " 1970 " in cookie["expires"].replace("-", " "):
                # The usual way to take one back. aiohttp (3.14) reads second 0 as
                # "no date".
                cookie["max-age"] = "0"
        self._jar.update_cookies(cookies, address)
