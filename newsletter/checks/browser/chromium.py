"""Copies -> what Chromium paints of them. Does input and output.

Law: nothing of a mail runs and nothing leaves the machine. Scripts are off, the browser
has an empty profile and looks up no name, and all it ever gets is the mail itself and
its pictures, from here.
"""

import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Literal

from newsletter.errors import OperationError
from newsletter.model.rendered import (
    Colour,
    Look,
    Rendering,
    SeenLink,
    SeenText,
    WideThing,
)

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, Route

#: The distributions' names of Chromium, then its maker's own.
_NAMES = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "chrome",
)
#: Nothing of its own accord: no look-ups, updates or first-run pages. Not its sandbox:
#: containers have no user namespaces, and what it shows is our own mail, without code.
_FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND",
)
#: RFC 2606: nobody's; whatever is asked for below it is answered by us.
_ORIGIN = "http://mail.invalid/"
#: A sandbox without scripts also stops a mail from sending the page elsewhere.
_HEADERS = {
    "Content-Type": "text/html; charset=utf-8",
    "Content-Security-Policy": (
        "sandbox allow-same-origin; default-src 'none'; "
        "style-src 'unsafe-inline'; img-src 'self'"
    ),
}
_TIMEOUT_MS = 20_000
_HEIGHT = 900


@dataclass(frozen=True, slots=True)
class View:
    """What to look at, and how."""

    html: str
    width_px: int
    look: Look = Look.LIGHT


Scheme = Literal["dark", "light"]
#: Content-ID or file name -> media type and bytes.
Pictures = Mapping[str, tuple[str, bytes]]


def measure(views: Sequence[View], pictures: Pictures) -> tuple[Rendering, ...]:
    """Return what Chromium makes of each view: 1 s to start, 0.1 s each.

    Args:
        views: What to look at; quickest with those of one page side by side.
        pictures: Those of the mail; others are missing, as for a reader offline.

    Raises:
        OperationError: playwright or Chromium is missing, or does not work.
    """
    with open_browser() as browser:
        return measure_in(browser, views, pictures)


@contextmanager
def open_browser() -> Iterator["Browser"]:
    """Start Chromium with an empty profile; it ends with the block.

    Raises:
        OperationError: playwright or Chromium is missing, or does not work.
    """
    try:
        from playwright.sync_api import Error, sync_playwright
    except ImportError as error:
        raise OperationError(
            "looking at the mail in a browser needs playwright, which is not "
            "installed.",
            "Install it beside newsletter: pip install playwright",
        ) from error
    program = find_chromium()
    try:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=program, args=list(_FLAGS), timeout=_TIMEOUT_MS
            )
            yield browser
            browser.close()
    except Error as error:
        first = error.message.strip().partition("\n")[0]
        raise OperationError(
            f"Chromium could not show the mail: {first}.",
            f"Try whether {program} starts; or check without --rendered.",
        ) from error


def find_chromium() -> str:
    """Return the Chromium that is installed.

    Raises:
        OperationError: There is none in the path.
    """
    program = next(filter(None, map(shutil.which, _NAMES)), None)
    if program is None:
        raise OperationError(
            "looking at the mail in a browser needs Chromium, which is not installed.",
            "Install it with your system, for example: apt install chromium",
        )
    return program


def measure_in(
    browser: "Browser", views: Sequence[View], pictures: Pictures
) -> tuple[Rendering, ...]:
    """Return what a browser that is open makes of each view."""
    context = browser.new_context(java_script_enabled=False, service_workers="block")
    try:
        page = context.new_page()
        page.set_default_timeout(_TIMEOUT_MS)
        addresses = _serve(page, views, pictures)
        return tuple(_measure(page, view, addresses[view.html]) for view in views)
    finally:
        context.close()


def _serve(
    page: "Page", views: Sequence[View], pictures: Pictures
) -> Mapping[str, str]:
    """Answer what the page asks for from memory, and refuse the rest.

    Returns:
        HTML -> the address it is served at.
    """
    pages = dict.fromkeys(view.html for view in views)
    addresses = {html: f"{_ORIGIN}{number}" for number, html in enumerate(pages)}
    served = {address: html for html, address in addresses.items()}

    def answer(route: "Route") -> None:
        url = route.request.url
        html = served.get(url)
        picture = pictures.get(url.rpartition("/")[2])
        if html is not None:
            body = html.replace("cid:", f"{_ORIGIN}cid/")
            route.fulfill(body=body, headers=_HEADERS)
        elif picture is not None:
            route.fulfill(body=picture[1], content_type=picture[0])
        else:
            route.abort()

    page.route("**/*", answer)
    return addresses


def _measure(page: "Page", view: View, address: str) -> Rendering:
    if page.url != address:
        page.goto(address)
    page.set_viewport_size({"width": view.width_px, "height": _HEIGHT})
    scheme: Scheme = "dark" if view.look is Look.DARK else "light"
    page.emulate_media(color_scheme=scheme)
    return _read(page.evaluate(_script()), view)


@cache
def _script() -> str:
    return files(__package__).joinpath("measure.js").read_text(encoding="utf-8")


def _read(measured: Mapping[str, Any], view: View) -> Rendering:
    return Rendering(
        look=view.look,
        width_px=view.width_px,
        page_width_px=measured["page_width_px"],
        texts=tuple(map(_text, measured["texts"])),
        links=tuple(SeenLink(**link) for link in measured["links"]),
        wide=tuple(WideThing(**thing) for thing in measured["wide"]),
    )


def _text(measured: Mapping[str, Any]) -> SeenText:
    ground = measured["ground"]
    colours = {
        "colour": Colour(*measured["colour"]),
        "ground": None if ground is None else Colour(*ground),
    }
    return SeenText(**{**measured, **colours})
