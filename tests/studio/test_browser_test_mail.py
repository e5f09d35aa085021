"""A test mail from the page, from the form to the bytes at a mail server."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from email import message_from_bytes
from email.policy import default
from pathlib import Path

import pytest
from playwright.sync_api import expect

from newsletter.studio.session import open_preview
from newsletter.testing.smtp_server import Fault, SmtpServer
from newsletter.workflow.serve import open_listener, serving

from .conftest import Tab

pytestmark = pytest.mark.browser

SETTINGS = """\
[newsletter]
name = "Harbour Letter"
language = "en"
time_zone = "Europe/Amsterdam"
sender = "Harbour Letter <letter@harbour.example>"

[fields.first_name]
type = "text"

[test]
to = ["desk@harbour.example", "editor@harbour.example"]
"""
SERVER = """
[server]
host = "127.0.0.1"
port = {port}
security = "none"
"""
ISSUE = """\
---
subject: Spring for {{ first_name or "you" }}
preheader: What the sea brought
date: 2026-03-20
---

Dear {{ first_name or "reader" }}, this is what happened in the harbour.
"""

#: Opens the page of a project with this mail server, or with none.
Open = Callable[[SmtpServer | None], Tab]


@pytest.fixture
def open_page(tab: Tab, tmp_path: Path) -> Iterator[Open]:
    with ExitStack() as stack:

        def open_it(server: SmtpServer | None) -> Tab:
            text = SETTINGS
            if server is not None:
                stack.enter_context(server)
                text += SERVER.format(port=server.port)
            (tmp_path / "newsletter.toml").write_text(text)
            (tmp_path / "issues").mkdir()
            path = tmp_path / "issues" / "spring.md"
            path.write_text(ISSUE)
            listener = open_listener("127.0.0.1", 0)
            session = open_preview(tmp_path, path, port=listener.port, environment={})
            stack.enter_context(
                serving(session.app, listener, before_stop=session.stop)
            )
            tab.page.goto(session.url)
            tab.settled()
            return tab

        yield open_it


def outcome(tab: Tab) -> str:
    """Return what is told once it is there."""
    told = tab.page.locator("#test-outcome")
    expect(told.locator(".outcome-title")).to_be_visible(timeout=10_000)
    return " ".join(told.inner_text().split())


def test_test_is_sent_with_the_keyboard_alone(open_page: Open) -> None:
    server = SmtpServer()
    tab = open_page(server)
    page = tab.page
    page.get_by_role("button", name="Send a test").press("Enter")
    expect(page.get_by_label("To, one address on a line")).to_be_focused()
    expect(page.locator("#tested")).to_have_text("This issue was not tested yet.")
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Send", exact=True)).to_be_focused()
    page.keyboard.press("Enter")
    assert outcome(tab) == (
        "Sent. desk@harbour.example taken by your mail server "
        "editor@harbour.example taken by your mail server"
    )
    first, second = server.wait_for(2)
    assert (first.recipients, second.recipients) == (
        ("desk@harbour.example",),
        ("editor@harbour.example",),
    )
    mail = message_from_bytes(first.data, policy=default)
    assert mail["Subject"] == "[TEST] Spring for you"
    expect(page.locator("#tested")).to_contain_text("Nothing changed since the test of")
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Send a test")).to_be_focused()
    assert (tab.said, tab.outside) == ([], [])


def test_test_goes_to_the_addresses_that_are_typed_for_the_chosen_reader(
    open_page: Open,
) -> None:
    server = SmtpServer()
    tab = open_page(server)
    tab.page.get_by_label("For", exact=True).select_option(
        label="a made-up reader with a long name"
    )
    expect(tab.page.locator(".inbox")).to_contain_text("Maximiliana-Wilhelmina")
    tab.page.get_by_role("button", name="Send a test").click()
    expect(tab.page.locator("#test-as")).to_have_text(
        "a made-up reader with a long name"
    )
    tab.page.get_by_label("To, one address on a line").fill("me@harbour.example")
    tab.page.get_by_role("button", name="Send", exact=True).click()
    assert outcome(tab) == "Sent. me@harbour.example taken by your mail server"
    mail = message_from_bytes(server.wait_for(1)[0].data, policy=default)
    assert str(mail["Subject"]).startswith("Spring for Maximiliana-Wilhelmina")


def test_double_click_sends_once(open_page: Open) -> None:
    server = SmtpServer()
    tab = open_page(server)
    tab.page.get_by_role("button", name="Send a test").click()
    tab.page.get_by_label("To, one address on a line").fill("me@harbour.example")
    tab.page.get_by_role("button", name="Send", exact=True).dblclick()
    assert outcome(tab) == "Sent. me@harbour.example taken by your mail server"
    tab.page.wait_for_timeout(300)
    assert server.recording.recipients == ["me@harbour.example"]


def test_refusal_of_one_address_is_told_beside_the_others(open_page: Open) -> None:
    refusal = Fault("rcpt", recipient="editor", reply="550 5.1.1 no such user")
    tab = open_page(SmtpServer([refusal]))
    tab.page.get_by_role("button", name="Send a test").click()
    tab.page.get_by_role("button", name="Send", exact=True).click()
    assert outcome(tab) == (
        "Sent to some of them. desk@harbour.example taken by your mail server "
        "editor@harbour.example not sent; the mail server said: 550 5.1.1 no such user"
    )


def test_without_a_server_the_mail_is_a_file(open_page: Open, tmp_path: Path) -> None:
    tab = open_page(None)
    tab.page.get_by_role("button", name="Send a test").click()
    expect(
        tab.page.get_by_text("There is no mail server in newsletter.toml")
    ).to_be_visible()
    tab.page.get_by_role("button", name="Send", exact=True).click()
    assert outcome(tab).startswith(
        "Nobody was mailed: there is no mail server in newsletter.toml."
    )
    assert len(list((tmp_path / "outbox").glob("*.eml"))) == 2


def test_more_than_ten_addresses_are_refused_in_words(open_page: Open) -> None:
    server = SmtpServer()
    tab = open_page(server)
    tab.page.get_by_role("button", name="Send a test").click()
    many = "\n".join(f"{number}@harbour.example" for number in range(11))
    tab.page.get_by_label("To, one address on a line").fill(many)
    tab.page.get_by_role("button", name="Send", exact=True).click()
    assert outcome(tab) == "Not sent. A test goes to 10 addresses at most, not 11."
    assert server.messages == []


def test_page_can_be_used_while_a_test_is_on_its_way(open_page: Open) -> None:
    tab = open_page(SmtpServer([Fault("mail", nth=1, delay_seconds=1.0)]))
    tab.page.get_by_role("button", name="Send a test").click()
    tab.page.get_by_role("button", name="Send", exact=True).click()
    expect(tab.page.get_by_text("On its way…")).to_be_visible()
    tab.page.get_by_role("button", name="Close").click()
    tab.choose("Phone")
    assert tab.in_mail("w.innerWidth") == 360
    expect(tab.page.locator("#test-told")).to_have_text("Sent.", timeout=10_000)
    tab.page.get_by_role("button", name="Send a test").click()
    assert outcome(tab).startswith("Sent. desk@harbour.example taken")


def test_another_page_cannot_have_a_test_sent(open_page: Open) -> None:
    """With the cookie of this very browser, and all that a form or a script can do."""
    server = SmtpServer()
    tab = open_page(server)
    target = f"{tab.page.url}test"
    other = tab.page.context.new_page()
    other.goto("https://evil.example/")
    statuses = other.evaluate(
        """async (target) => {
          const asked = JSON.stringify({press: '1', to: ['me@harbour.example']});
          const ways = [
            {headers: {'Content-Type': 'application/json'}},
            {headers: {'Content-Type': 'text/plain'}},
            {mode: 'no-cors'},
          ];
          const told = [];
          for (const way of ways) {
            const sent = {method: 'POST', credentials: 'include', body: asked, ...way};
            told.push(await fetch(target, sent).then((a) => a.type, () => 'refused'));
          }
          return told;
        }""",
        target,
    )
    assert "cors" not in statuses
    other.wait_for_timeout(300)
    assert server.messages == []
