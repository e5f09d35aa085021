"""From a finding to its place: in the mail by a press, in the file by copying."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, expect

from newsletter.studio.session import open_preview
from newsletter.workflow.serve import open_listener, serving

from .conftest import GIF, Tab

pytestmark = pytest.mark.browser

SETTINGS = """\
[newsletter]
name = "Harbour Letter"
language = "en"
time_zone = "Europe/Amsterdam"
sender = "Harbour Letter <letter@harbour.example>"

[fields.first_name]
type = "text"
"""

ISSUE = """\
---
subject: Spring, spring and again spring in the whole of our harbour, so be it
preheader: What the sea brought
date: 2026-03-20
---

Dear {{ first_name or "reader" }}, this is what happened. [Zie hier]() for the map.

# The quay is open

{filler}

## Rights

### A rule for sailors

Another one. [Zie hier]() and here.

![](boat.gif)
"""


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The start address of a preview of an issue with findings."""
    root = tmp_path_factory.mktemp("harbour")
    (root / "issues").mkdir()
    (root / "newsletter.toml").write_text(SETTINGS)
    (root / "issues" / "boat.gif").write_bytes(GIF)
    filler = "\n\n".join(f"Paragraph {number} of many." for number in range(60))
    path = root / "issues" / "spring.md"
    path.write_text(ISSUE.replace("{filler}", filler))
    listener = open_listener("127.0.0.1", 0)
    session = open_preview(root, path, port=listener.port, environment={})
    with serving(session.app, listener, before_stop=session.stop):
        yield session.url


def finding(tab: Tab, place: str) -> Locator:
    """Return what is listed about a place."""
    notes = tab.page.locator("#notes li")
    return notes.filter(has=tab.page.get_by_text(place, exact=True)).first


def line_of(words: str, *, nth: int = 0) -> str:
    filler = "\n\n".join(f"Paragraph {number} of many." for number in range(60))
    lines = ISSUE.replace("{filler}", filler).splitlines()
    number, line = [(n, s) for n, s in enumerate(lines, 1) if words in s][nth]
    return f"issues/spring.md:{number}:{line.index(words) + 1}"


def marked_text(tab: Tab) -> str:
    """Return the words of the mail under the middle of the mark."""
    expect(tab.page.locator(".mark")).to_have_count(1)
    text: str = tab.page.evaluate(
        """() => {
          const mark = document.querySelector('.mark').getBoundingClientRect();
          const frame = document.querySelector('iframe').getBoundingClientRect();
          const there = document.querySelector('iframe').contentDocument
            .elementFromPoint(mark.left + 12 - frame.left,
                              mark.top + mark.height / 2 - frame.top);
          return there.alt ?? there.textContent;
        }"""
    )
    return " ".join(text.split())


def in_sight(tab: Tab) -> bool:
    """Whether the mark is inside the window, once scrolling has ended."""
    tab.page.wait_for_function(
        "() => { const box = document.querySelector('.mark').getBoundingClientRect();"
        " return box.top > 60 && box.bottom < innerHeight }"
    )
    return True


@pytest.mark.parametrize(("nth", "before"), [(0, "happened"), (1, "Another one")])
def test_finding_leads_to_the_very_link_it_is_about(
    tab: Tab, url: str, nth: int, before: str
) -> None:
    tab.page.goto(url)
    tab.settled()
    finding(tab, line_of("[Zie hier]", nth=nth)).locator(".go").click()
    assert in_sight(tab)
    assert before in marked_text(tab)


def test_finding_leads_to_its_picture_by_keyboard(tab: Tab, url: str) -> None:
    tab.page.goto(url)
    tab.settled()
    go = finding(tab, line_of("![]")).locator(".go")
    go.focus()
    tab.page.keyboard.press("Enter")
    assert in_sight(tab)
    expect(go).to_be_focused()
    expect(tab.page.locator("#said")).to_have_text("Shown: image")


@pytest.mark.parametrize("view", ["text", "gmail", "outlook", "reading", "phone"])
def test_finding_leads_to_its_place_in_other_views(
    tab: Tab, url: str, view: str
) -> None:
    tab.page.goto(url)
    tab.page.goto(url.partition("?")[0] + f"?view={view}")
    tab.settled()
    finding(tab, line_of("[Zie hier]", nth=1)).locator(".go").click()
    assert in_sight(tab)
    assert tab.page.url.endswith(f"?view={view}")


def test_place_that_a_view_does_not_show_is_shown_in_the_mail(
    tab: Tab, url: str
) -> None:
    tab.page.goto(url)
    tab.page.goto(url.partition("?")[0] + "?view=tested")
    tab.settled()
    finding(tab, line_of("[Zie hier]")).locator(".go").click()
    tab.shows("Desktop")
    assert in_sight(tab)


def test_finding_about_the_subject_leads_to_the_inbox(tab: Tab, url: str) -> None:
    tab.page.goto(url)
    tab.settled()
    tab.page.evaluate("window.scrollTo(0, 3000)")
    notes = tab.page.locator("#notes li").filter(has_text="issues/spring.md:2:")
    notes.first.locator(".go").click()
    assert in_sight(tab)
    expect(tab.page.locator(".inbox .mark")).to_have_count(1)


def test_mark_goes_by_itself(tab: Tab, url: str) -> None:
    tab.page.goto(url)
    tab.settled()
    finding(tab, line_of("[Zie hier]")).locator(".go").click()
    expect(tab.page.locator(".mark")).to_have_count(1)
    expect(tab.page.locator(".mark")).to_have_count(0)


def test_way_back_to_the_finding_in_a_narrow_window(tab: Tab, url: str) -> None:
    tab.page.set_viewport_size({"width": 320, "height": 640})
    tab.page.goto(url)
    tab.settled()
    go = finding(tab, line_of("[Zie hier]", nth=1)).locator(".go")
    go.click()
    assert in_sight(tab)
    tab.page.get_by_role("link", name="Back to the finding").click()
    expect(go).to_be_focused()
    expect(go).to_be_in_viewport()
    expect(tab.page.get_by_role("link", name="Back to the finding")).to_be_hidden()


def test_place_is_copied(tab: Tab, url: str) -> None:
    tab.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    tab.page.goto(url)
    tab.settled()
    place = line_of("[Zie hier]")
    finding(tab, place).get_by_role("button", name=f"Copy {place}").click()
    expect(finding(tab, place).locator(".copy")).to_have_text("Copied")
    assert tab.page.evaluate("navigator.clipboard.readText()") == place


def test_place_is_copied_where_the_clipboard_is_refused(tab: Tab, url: str) -> None:
    tab.page.add_init_script(
        "Object.defineProperty(navigator, 'clipboard', {value:"
        " {writeText: () => Promise.reject(new Error('refused'))}});"
        "document.addEventListener('copy', () => {"
        " window.copied = document.activeElement.value; }, true)"
    )
    tab.page.goto(url)
    tab.settled()
    place = line_of("[Zie hier]")
    finding(tab, place).locator(".copy").click()
    expect(finding(tab, place).locator(".copy")).to_have_text("Copied")
    assert tab.page.evaluate("window.copied") == place
    expect(finding(tab, place).locator(".copy")).to_be_focused()


def test_place_is_marked_to_be_copied_where_nothing_else_works(
    tab: Tab, url: str
) -> None:
    tab.page.add_init_script(
        "Object.defineProperty(navigator, 'clipboard', {value: undefined});"
        "document.execCommand = () => false"
    )
    tab.page.goto(url)
    tab.settled()
    place = line_of("[Zie hier]")
    finding(tab, place).locator(".copy").click()
    expect(finding(tab, place).locator(".copy")).to_have_text("Press Ctrl+C")
    assert tab.page.evaluate("getSelection().toString()") == place


def test_rule_tells_what_it_rests_on_and_how_to_accept(tab: Tab, url: str) -> None:
    tab.page.goto(url)
    tab.settled()
    note = finding(tab, line_of("[Zie hier]"))
    note.get_by_text("promised-link", exact=True).click()
    expect(note.get_by_text("the newsletter's own promise")).to_be_visible()
    expect(note.get_by_text("docs/checks/links.md")).to_be_visible()
    expect(note.get_by_text("newsletter check spring --accept")).to_be_visible()


def test_nothing_is_said_in_the_console_on_the_way(tab: Tab, url: str) -> None:
    tab.page.goto(url)
    tab.settled()
    for button in tab.page.locator("#notes .go").all():
        button.click()
        expect(tab.page.locator("#said")).to_have_text(
            tab.page.locator("#said").inner_text()
        )
    assert (tab.said, tab.outside) == ([], [])


def test_way_back_goes_with_the_view(tab: Tab, url: str) -> None:
    tab.page.set_viewport_size({"width": 683, "height": 384})
    tab.page.goto(url)
    tab.settled()
    finding(tab, line_of("[Zie hier]", nth=1)).locator(".go").click()
    assert in_sight(tab)
    way_back = tab.page.get_by_role("link", name="Back to the finding")
    expect(way_back).to_be_visible()
    tab.page.keyboard.press("F9")
    tab.shows("Phone")
    expect(way_back).to_be_hidden()


def test_file_and_buttons_are_in_sight_at_twice_the_size(tab: Tab, url: str) -> None:
    tab.page.set_viewport_size({"width": 683, "height": 384})
    tab.page.goto(url)
    tab.settled()
    file = tab.page.locator(".title .file")
    expect(file).to_have_text("spring.md")
    assert file.evaluate("one => one.scrollWidth <= one.clientWidth + 1")
    tab.page.get_by_role("button", name="Send a test").click()
    expect(tab.page.get_by_role("button", name="Send", exact=True)).to_be_in_viewport(
        ratio=1
    )
