"""The preview in a real browser: what of a mail can act, and what a save does."""

from dataclasses import replace

import pytest
from playwright.sync_api import expect

from newsletter.model.finding import Finding, Severity
from newsletter.model.problem import Place
from newsletter.studio.views import VIEWS

from .conftest import MAIL, PREVIEW, Desk, Tab

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
</style>
<meta http-equiv="refresh" content="0;url=javascript:top.document.title='OWNED'">
</head>
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
<a id="data" href="data:text/html,<script>top.document.title='OWNED'</script>"
 target="_self">Data</a>
<p style="background: url(https://evil.example/inline.png)">Styled</p>
<table background="https://evil.example/table.png"><tr><td>Cell</td></tr></table>
<img srcset="https://evil.example/set.png 1x" alt="">
<a id="self" href="https://evil.example/self" target="_self">Self</a>
<a id="top" href="https://evil.example/top" target="_top">Top</a>
<p id="end">The end</p></body></html>
"""


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
    assert tab.page.url == still_desk.url


def test_nothing_in_a_mail_runs_or_reaches_out(tab: Tab, desk: Desk) -> None:
    desk.save(HOSTILE)
    tab.open(desk)
    expect(tab.mail.locator("#end")).to_be_visible()
    for control in ("code", "top", "send", "data"):
        tab.mail.locator(f"#{control}").click()
    tab.page.wait_for_timeout(300)
    # A link that would replace the mail is refused; the next look has it again.
    tab.page.reload()
    tab.mail.locator("#self").click()
    tab.page.wait_for_timeout(300)
    assert tab.page.title() == "Spring for reader & friend · Preview"
    assert tab.page.url == desk.url
    assert tab.outside == []


def test_nothing_in_a_mail_runs_in_any_view(tab: Tab, desk: Desk) -> None:
    desk.save(HOSTILE)
    tab.open(desk)
    for view in VIEWS.values():
        tab.choose(view.label)
        expect(tab.mail.locator("body")).to_be_visible()
        assert tab.page.title() == "Spring for reader & friend · Preview"
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
    assert tab.page.url == still_desk.url


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
    expect(tab.page.locator("#stage")).to_have_class("stage desktop old")
    expect(tab.page.get_by_text("This is how it looked at")).to_be_visible()
    desk.save(MAIL)
    expect(tab.page.locator("#stage")).to_have_class("stage desktop")


def test_save_leaves_the_focus_and_an_open_rule_where_they_are(
    tab: Tab, desk: Desk
) -> None:
    place = Place("issues/spring.md", 2, 10)
    found = Finding("subject-long", Severity.WARNING, place, "long.", "Shorten it.")
    desk.base = replace(PREVIEW, findings=(found,))
    desk.save(MAIL)
    tab.open(desk)
    tab.page.get_by_text("subject-long", exact=True).click()
    tab.page.get_by_role("button", name="Copy").focus()
    desk.save(MAIL.replace("The end", "Another end"))
    expect(tab.mail.get_by_text("Another end")).to_be_attached()
    expect(tab.page.get_by_role("button", name="Copy")).to_be_focused()
    expect(tab.page.get_by_text("Rests on")).to_be_visible()
    desk.base = replace(PREVIEW, findings=(found, replace(found, message="longer.")))
    desk.save(MAIL)
    expect(tab.page.get_by_text("Longer.")).to_be_visible()
    expect(tab.page.locator("#copy-1-1")).to_be_focused()


def test_hidden_tab_gives_its_stream_back(tab: Tab, still_desk: Desk) -> None:
    tab.page.add_init_script(
        "window.streams = []; window.EventSource = class extends EventSource {"
        " constructor(url) { super(url); window.streams.push(this); } }"
    )
    tab.open(still_desk)
    closed = tab.page.evaluate(
        "(() => { Object.defineProperty(document, 'hidden', {value: true});"
        " document.dispatchEvent(new Event('visibilitychange'));"
        " return streams.map(one => one.readyState === EventSource.CLOSED) })()"
    )
    assert closed == [True]
