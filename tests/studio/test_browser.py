"""The preview in a real browser: what of a mail can act, and what an editor sees."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from importlib.resources import files
from typing import Literal

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    FrameLocator,
    Page,
    Request,
    Route,
    expect,
)

from newsletter.model.finding import Finding, Severity
from newsletter.model.problem import Place, Problem

from .conftest import MAIL, PREVIEW, Desk

pytestmark = pytest.mark.browser

#: Everything a mail may try; each attempt would say so in the title of the page.
HOSTILE = """<!doctype html><html><head><title>Quiet</title>
<script>top.document.title = 'OWNED'; document.title = 'OWNED'</script>
<script src="https://evil.example/a.js"></script>
<link rel="stylesheet" href="https://evil.example/a.css">
<link rel="preload" as="image" href="https://evil.example/preload.png">
<meta http-equiv="refresh" content="0;url=https://evil.example/refresh">
<base href="https://evil.example/">
<style>
@import url(https://evil.example/b.css);
@font-face { font-family: F; src: url(https://evil.example/f.woff) }
body { font-family: F; background: url(https://evil.example/c.png) }
</style></head>
<body onload="top.document.title = 'OWNED'">
<img src="x" onerror="top.document.title = 'OWNED'">
<img src="https://evil.example/pixel.png">
<svg onload="top.document.title = 'OWNED'"><script>top.document.title='OWNED'</script>
</svg>
<iframe src="https://evil.example/frame"></iframe>
<iframe srcdoc="<script>top.document.title = 'OWNED'</script>"></iframe>
<object data="https://evil.example/o"></object><embed src="https://evil.example/e">
<video src="https://evil.example/v" autoplay></video>
<form action="https://evil.example/form"><button id="send">Send</button></form>
<a id="code" href="javascript:top.document.title='OWNED'" target="_self">Code</a>
<a id="self" href="https://evil.example/self" target="_self">Self</a>
<a id="top" href="https://evil.example/top" target="_top">Top</a>
<p id="end">The end</p></body></html>
"""


@dataclass
class Tab:
    """A page of the preview, with all that it asked for and said."""

    page: Page
    outside: list[str] = field(default_factory=list)
    said: list[str] = field(default_factory=list)

    def open(self, desk: Desk) -> None:
        self.page.goto(desk.door.start_url)
        self.settled()

    def settled(self) -> None:
        """Wait until the one frame left is laid out."""
        expect(self.page.locator("iframe.coming")).to_have_count(0)
        expect(self.page.locator("iframe")).to_have_count(1)

    @property
    def mail(self) -> FrameLocator:
        return self.page.frame_locator("iframe:not(.coming)")

    def in_mail(self, expression: str) -> object:
        """Return what an expression is inside the frame."""
        frame = "document.querySelector('iframe').contentWindow"
        return self.page.evaluate(f"(w => {expression})({frame})")

    def choose(self, words: str) -> None:
        self.page.get_by_text(words, exact=True).click()
        self.settled()


@pytest.fixture
def context(chromium: Browser) -> Iterator[BrowserContext]:
    # By default Playwright forces light on every frame, and a dark test proves nothing.
    context = chromium.new_context(
        viewport={"width": 1366, "height": 768}, color_scheme="null"
    )
    context.set_default_timeout(5000)
    yield context
    context.close()


@pytest.fixture
def tab(context: BrowserContext) -> Tab:
    tab = Tab(context.new_page())

    def keep_inside(route: Route, request: Request) -> None:
        if request.url.startswith("http://127.0.0.1:"):
            route.continue_()
            return
        tab.outside.append(request.url)
        route.fulfill(status=200, content_type="text/html", body="<p>Outside</p>")

    context.route("**/*", keep_inside)
    tab.page.on("console", lambda message: tab.said.append(message.text))
    tab.page.on("pageerror", lambda error: tab.said.append(str(error)))
    return tab


def test_mail_is_shown_without_a_word_in_the_console(
    tab: Tab, still_desk: Desk
) -> None:
    tab.open(still_desk)
    assert tab.in_mail("w.document.getElementById('words').innerText") == (
        "Dear reader & friend,"
    )
    assert tab.in_mail("w.document.images[0].naturalWidth") == 1
    assert tab.page.title() == "Spring for reader & friend · Preview"
    assert (tab.said, tab.outside) == ([], [])
    # The secret is no longer in the address, where it could be read over a shoulder.
    assert tab.page.url == f"http://127.0.0.1:{still_desk.door.port}/"


def test_nothing_in_a_mail_runs_or_reaches_out(tab: Tab, desk: Desk) -> None:
    desk.save(HOSTILE)
    tab.open(desk)
    expect(tab.mail.locator("#end")).to_be_visible()
    for control in ("code", "top", "send", "self"):
        tab.mail.locator(f"#{control}").click()
    tab.page.wait_for_timeout(300)
    assert tab.page.title() == "Spring for reader & friend · Preview"
    assert tab.page.url == f"http://127.0.0.1:{desk.door.port}/"
    assert tab.outside == []


def test_link_opens_in_a_tab_that_knows_nothing_of_ours(
    tab: Tab, still_desk: Desk
) -> None:
    tab.open(still_desk)
    with tab.page.context.expect_page() as opened:
        tab.mail.get_by_text("Sign").click()
    other = opened.value
    other.wait_for_load_state()
    assert other.url == "https://example.org/petition"
    assert other.evaluate("[window.opener, document.referrer]") == [None, ""]
    assert tab.page.url == f"http://127.0.0.1:{still_desk.door.port}/"


def test_save_shows_the_new_text_and_keeps_the_place(tab: Tab, desk: Desk) -> None:
    tab.open(desk)
    tab.page.evaluate("window.scrollTo(0, 1500)")
    desk.save(MAIL.replace("The end", "Another end"))
    expect(tab.mail.get_by_text("Another end")).to_be_attached()
    tab.settled()
    assert tab.page.evaluate("window.scrollY") == 1500
    assert (tab.said, tab.outside) == ([], [])


def test_save_shows_new_findings_and_says_so(tab: Tab, desk: Desk) -> None:
    tab.open(desk)
    place = Place("issues/spring.md", 9)
    found = Finding("alt", Severity.WARNING, place, "this image is mute.", "Say it.")
    desk.base = replace(PREVIEW, findings=(found,))
    desk.save(MAIL + "\n")
    expect(tab.page.get_by_role("status")).to_have_text("1 warning.")
    notes = tab.page.get_by_role("complementary", name="Findings")
    expect(notes.get_by_text("This image is mute.")).to_be_visible()
    expect(notes.get_by_text("issues/spring.md:9")).to_be_visible()


def test_mail_that_breaks_is_dimmed_and_comes_back(tab: Tab, desk: Desk) -> None:
    tab.open(desk)
    desk.save("no mail at all")
    expect(tab.page.locator("#stage")).to_have_class("stage old")
    expect(tab.page.get_by_text("This is how it looked at")).to_be_visible()
    desk.save(MAIL)
    expect(tab.page.locator("#stage")).to_have_class("stage")


def test_dark_view_is_dark_inside_the_frame(tab: Tab, still_desk: Desk) -> None:
    ground = "w.getComputedStyle(w.document.body).backgroundColor"
    tab.open(still_desk)
    assert tab.in_mail(ground) == "rgb(255, 255, 255)"
    tab.choose("Dark")
    assert tab.in_mail(ground) == "rgb(16, 16, 16)"
    assert tab.in_mail("w.matchMedia('(prefers-color-scheme: dark)').matches") is True


def test_phone_view_is_360_wide(tab: Tab, still_desk: Desk) -> None:
    tab.open(still_desk)
    tab.choose("Phone")
    assert tab.in_mail("w.innerWidth") == 360


def test_text_view_shows_the_text_part(tab: Tab, still_desk: Desk) -> None:
    tab.open(still_desk)
    tab.choose("Plain text")
    text = tab.in_mail("w.document.querySelector('pre').innerText")
    assert str(text).startswith("Dear reader & friend,\n\nSpring <is> here.")


def test_views_are_chosen_with_the_keyboard_alone(tab: Tab, still_desk: Desk) -> None:
    tab.open(still_desk)
    tab.page.keyboard.press("Tab")
    expect(tab.page.get_by_text("Skip to the mail")).to_be_focused()
    tab.page.keyboard.press("Tab")
    expect(tab.page.get_by_label("Desktop")).to_be_focused()
    tab.page.keyboard.press("ArrowRight")
    tab.settled()
    assert tab.in_mail("w.innerWidth") == 360


@pytest.mark.parametrize("width", [320, 820])
def test_page_fits_a_narrow_window(tab: Tab, still_desk: Desk, width: int) -> None:
    tab.page.set_viewport_size({"width": width, "height": 700})
    tab.open(still_desk)
    assert tab.page.evaluate("document.documentElement.scrollWidth") <= width


def test_page_has_its_landmarks(tab: Tab, still_desk: Desk) -> None:
    tab.open(still_desk)
    for role in ("banner", "main", "complementary", "status"):
        expect(tab.page.get_by_role(role)).to_have_count(1)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_page_with_everything_on_it_passes_axe(
    tab: Tab, desk: Desk, scheme: Literal["light", "dark"]
) -> None:
    place = Place("issues/spring.md", 9)
    findings = [
        Finding("r", weight, place, "wrong.", "Right it.") for weight in Severity
    ]
    findings.append(replace(findings[-1], accepted="it is meant"))
    problem = Problem(place, "unknown key.", "Leave it out.")
    desk.base = replace(PREVIEW, findings=tuple(findings), problems=(problem,))
    desk.save(MAIL + "\n")
    tab.page.emulate_media(color_scheme=scheme)
    tab.open(desk)
    expect(tab.page.get_by_role("heading", name="Blocks sending")).to_be_visible()
    script = files("axe_playwright_python").joinpath("axe.min.js").read_text("utf-8")
    tab.page.evaluate(script)
    # The mail has tests of its own (tests/accessibility).
    found = tab.page.evaluate("axe.run(document, {iframes: false})")
    assert [rule["id"] for rule in found["violations"]] == []


def test_hidden_tab_gives_its_stream_back(tab: Tab, still_desk: Desk) -> None:
    tab.open(still_desk)
    closed = tab.page.evaluate(
        "(() => { Object.defineProperty(document, 'hidden', {value: true});"
        " document.dispatchEvent(new Event('visibilitychange'));"
        " return stream.readyState === EventSource.CLOSED })()"
    )
    assert closed is True
