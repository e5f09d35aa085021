"""What a real Chromium measures on pages made for one thing each."""

import http.server
import io
import shutil
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING

import pytest
from PIL import Image

from newsletter.checks.browser.chromium import (
    Pictures,
    View,
    find_chromium,
    measure,
    measure_in,
)
from newsletter.errors import OperationError
from newsletter.model.rendered import Look, Rendering

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = pytest.mark.browser

HEAD = '<!doctype html><html><head><meta name="viewport" content="width=device-width">'
LONG = "word " * 60

Show = Callable[..., Rendering]


@pytest.fixture
def show(browser: "Browser") -> Show:
    def look(
        body: str,
        *,
        width: int = 320,
        look: Look = Look.LIGHT,
        pictures: Pictures | None = None,
    ) -> Rendering:
        html = f"{HEAD}</head><body style='margin:0'>{body}</body></html>"
        (seen,) = measure_in(browser, [View(html, width, look)], pictures or {})
        return seen

    return look


def test_colours_are_those_that_are_painted(show: Show) -> None:
    seen = show(
        "<style>p{margin:0}</style>"
        "<p>plain</p>"
        "<table bgcolor='#336699'><tr><td><p style='color:#fff'>cell</p></table>"
        "<div style='background:rgba(0,0,0,.5)'><p style='opacity:.5'>half</p></div>"
        "<div style='background:linear-gradient(#fff,#000)'><p>picture</p></div>"
    )
    assert [
        (one.words, str(one.colour), one.ground and str(one.ground))
        for one in seen.texts
    ] == [
        ("plain", "#000000", "#ffffff"),
        ("cell", "#ffffff", "#336699"),
        ("half", "#404040", "#808080"),
        ("picture", "#000000", None),
    ]


def test_dark_rules_are_obeyed_and_an_empty_page_is_dark(show: Show) -> None:
    scheme = "<style>:root{color-scheme:light dark}</style>"
    own = "<style>@media(prefers-color-scheme:dark){p{color:#abcdef}}</style>"
    (seen,) = show(f"{scheme}{own}<p>words</p>", look=Look.DARK).texts
    assert (str(seen.colour), str(seen.ground)) == ("#abcdef", "#121212")


def test_what_nobody_sees_is_left_out(show: Show) -> None:
    seen = show(
        "<p style='display:none'>none</p><p style='visibility:hidden'>hidden</p>"
        "<div style='opacity:0'>clear</div><p>·</p><style>p{}</style>"
        "<a href='x' style='display:none'>none</a><a href='y'></a>"
    )
    assert (seen.texts, seen.links) == ((), ())


def test_lines_and_their_distance_are_counted(show: Show) -> None:
    style = "font:16px/20px sans-serif;width:200px"
    (seen,) = show(f"<p style='{style}'>{LONG}</p>").texts
    assert seen.lines > 5
    assert (seen.font_px, round(seen.line_px, 1)) == (16, 20)
    assert seen.block_length == len(LONG.strip())


def test_letters_know_their_paragraph_and_heading(show: Show) -> None:
    seen = show(
        "<h2 style='font-size:20px'>A <code style='font-size:12px'>b</code></h2>"
    )
    assert [
        (one.font_px, one.block_font_px, one.is_heading, one.is_bold)
        for one in seen.texts
    ] == [
        (20, 20, True, True),
        (12, 20, True, True),
    ]


@pytest.mark.parametrize(
    ("link", "is_marked"),
    [
        ("<a href='x'>link</a>", False),
        ("<a href='x' style='text-decoration:underline'>link</a>", True),
        ("<a href='x'><u>link</u></a>", True),
        ("<a href='x'><b>link</b></a>", True),
        ("<a href='x' style='border-bottom:1px solid'>link</a>", True),
        ("<a href='x' style='background:#ff0'>link</a>", True),
        ("<a href='x'><i>link</i></a>", False),
    ],
)
def test_link_is_marked_by_line_weight_or_ground(
    show: Show, link: str, is_marked: bool
) -> None:
    style = "<style>a{text-decoration:none}</style>"
    (seen,) = show(f"{style}<p>Read {link} now.</p>").links
    assert (seen.is_in_text, seen.is_marked) == (True, is_marked)


@pytest.mark.parametrize(
    ("body", "is_in_text"),
    [
        ("<p>Read <a href='x'>this</a>.</p>", True),
        ("<p><a href='x'>this</a> · <a href='y'>that</a></p>", False),
        ("<p>Why:<br><a href='x'>this</a></p>", True),
        ("<p>Words.</p><p><a href='x'>this</a></p>", False),
    ],
)
def test_link_is_in_text_among_other_words(
    show: Show, body: str, is_in_text: bool
) -> None:
    assert show(body).links[0].is_in_text is is_in_text


def test_small_links_side_by_side_are_crowded(show: Show) -> None:
    near = "<p style='font:13px sans-serif'><a href='x'>1</a> <a href='y'>2</a></p>"
    assert [one.is_crowded for one in show(near).links] == [True, True]


def test_small_links_with_room_are_not_crowded(show: Show) -> None:
    far = "<p><a href='x'>1</a></p><p style='margin-top:30px'><a href='y'>2</a></p>"
    assert [one.is_crowded for one in show(far).links] == [False, False]


def test_link_beside_one_that_goes_on_below_is_not_crowded(show: Show) -> None:
    """The event of the built-in templates at 320 pixels: two lines 23 pixels apart."""
    both = (
        "<p style='font:15px/23.25px sans-serif;width:200px;margin:0'>"
        "<a href='x'>More information</a> · <a href='y'>Add it to your calendar</a></p>"
    )
    assert [one.is_crowded for one in show(both).links] == [False, False]


@pytest.mark.parametrize(
    ("body", "is_button"),
    [
        (
            "<a href='x' style='display:block;padding:9px;background:#036'>Go</a>",
            True,
        ),
        (
            "<a href='x' style='display:block;padding:9px;border:1px solid'>Go</a>",
            True,
        ),
        ("<table><tr><td bgcolor='#036'><a href='x'>Go</a></td></tr></table>", True),
        ("<a href='x'>Go</a>", False),
        (
            "<div style='background:#eee'><p><a href='x'>Go</a></p><p>Words</p></div>",
            False,
        ),
    ],
)
def test_button_is_a_link_in_a_box_of_its_own(
    show: Show, body: str, is_button: bool
) -> None:
    (seen,) = show(body).links
    assert seen.is_button is is_button


def test_what_sticks_out_is_named_by_its_innermost_part(show: Show) -> None:
    seen = show("<div><table width='500'><tr><td>City</td></tr></table></div>")
    assert seen.page_width_px == 500
    assert [(one.tag, one.words) for one in seen.wide] == [("td", "City")]
    assert 490 < seen.wide[0].width_px <= 500


def test_mail_that_fits_has_nothing_wide(show: Show) -> None:
    seen = show("<table width='100%'><tr><td>City</td></tr></table>")
    assert (seen.page_width_px, seen.wide) == (320, ())


def test_picture_is_measured_with_its_own_size(show: Show) -> None:
    buffer = io.BytesIO()
    Image.new("RGB", (400, 10)).save(buffer, "PNG")
    pictures = {"boat@letter": ("image/png", buffer.getvalue())}
    seen = show("<img src='cid:boat@letter'>", pictures=pictures)
    assert (seen.page_width_px, seen.wide[0].tag) == (400, "img")


# --- nothing runs, nothing leaves -----------------------------------------------------


class _Recorder(http.server.BaseHTTPRequestHandler):
    def __init__(self, asked: list[str], *args: object) -> None:
        self.asked = asked
        super().__init__(*args)  # type: ignore[arg-type]

    def do_GET(self) -> None:
        self.asked.append(self.path)
        self.send_error(404)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def asked() -> Iterator[tuple[int, list[str]]]:
    paths: list[str] = []
    server = http.server.ThreadingHTTPServer(
        ("127.0.0.1", 0), partial(_Recorder, paths)
    )
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server.server_port, paths
    server.shutdown()
    server.server_close()
    thread.join()


def test_nothing_of_a_mail_runs_or_leaves(
    show: Show, asked: tuple[int, list[str]]
) -> None:
    port, paths = asked
    at = f"http://127.0.0.1:{port}"
    seen = show(
        f"<style>@import url({at}/a.css);p{{background:url({at}/b.png)}}</style>"
        f"<link rel=stylesheet href={at}/c.css><link rel=preconnect href={at}>"
        f"<img src={at}/d.png><img src=x onerror=\"document.body.innerHTML='ran'\">"
        f"<iframe src={at}/e></iframe><script src={at}/f.js></script>"
        f"<script>document.body.innerHTML = 'ran'; fetch('{at}/g')</script>"
        f"<meta http-equiv=refresh content='0;url={at}/h'>"
        f"<video src={at}/i autoplay></video><object data={at}/j></object>"
        "<p>still here</p>"
    )
    assert [one.words for one in seen.texts] == ["still here"]
    assert paths == []


# --- what is missing ------------------------------------------------------------------


def test_without_chromium_the_advice_names_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(OperationError) as caught:
        find_chromium()
    assert str(caught.value) == (
        "looking at the mail in a browser needs Chromium, which is not installed. "
        "Install it with your system, for example: apt install chromium"
    )


def test_chromium_that_does_not_start_is_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    pytest.importorskip("playwright.sync_api", reason="playwright is missing")
    broken = tmp_path / "chromium"
    broken.write_text("#!/bin/sh\nexit 1\n")
    broken.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    assert shutil.which("chromium") == str(broken)
    with pytest.raises(OperationError) as caught:
        measure([View("<p>x</p>", 320)], {})
    assert caught.value.message.startswith("Chromium could not show the mail: ")
    assert caught.value.advice == (
        f"Try whether {broken} starts; or check without --rendered."
    )
