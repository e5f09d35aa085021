"""The page of dispatches, over a real ledger: it only reads, and needs no script."""

import csv
import io
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect
from sqlalchemy import update

from newsletter.model.delivery import DeliveryState, DispatchState
from newsletter.store.heartbeats import beat
from newsletter.store.sender_lock import sender_lock
from newsletter.store.tables import dispatches
from newsletter.workflow.beating import worker_lock_path

from .conftest import Desk, Tab
from .ledger import Ledger, make_project, opened_ledger


@pytest.fixture(scope="module")
def empty_project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with a database in which there is nothing, to be copied."""
    return make_project(tmp_path_factory.mktemp("empty"))


@pytest.fixture
def ledger(desk: Desk, empty_project: Path) -> Iterator[Ledger]:
    """A project beside the preview, and what puts dispatches into it."""
    root = desk.mail.parent
    shutil.copytree(empty_project, root, dirs_exist_ok=True)
    with opened_ledger(root) as ledger:
        yield ledger


MIXED: dict[str, tuple[DeliveryState, int | None, str]] = {
    "anna": (DeliveryState.ACCEPTED, 250, "2.0.0 ok"),
    "bob": (DeliveryState.REFUSED, 550, "5.1.1 <b***@example.org> User unknown"),
    "carl": (DeliveryState.REFUSED, 550, "5.1.1 no such user"),
    "dora": (DeliveryState.DEFERRED, 452, "4.2.2 mailbox full"),
    "eve": (DeliveryState.UNKNOWN, None, ""),
    "finn": (DeliveryState.SKIPPED, None, "left meanwhile"),
}


def test_page_before_anything_was_sent_says_so(still_desk: Desk) -> None:
    (still_desk.mail.parent / "newsletter.toml").write_text(
        '[newsletter]\nname = "D"\nsender = "l@example.org"\naddress = "Here"\n'
    )
    answer = still_desk.ask("GET", "/dispatches")
    assert answer.status == 200
    assert "Nothing sent yet" in answer.text
    assert not (still_desk.mail.parent / "subscribers").exists()


def test_page_says_state_numbers_reasons_and_what_to_do(
    desk: Desk, ledger: Ledger
) -> None:
    ledger.dispatch(MIXED, state=DispatchState.PAUSED, reason="paused by hand")
    text = " ".join(desk.ask("GET", "/dispatches").text.split())
    assert '<h1 id="state-title">Paused</h1>' in text
    assert "Paused by hand." in text
    assert "<b>5</b> of 6 dealt with" in text
    assert "<code>newsletter resume 1</code>" in text
    assert 'This mailbox does not exist. <span class="count">2</span>' in text
    assert "Remove the address, or ask for a new one." in text
    assert "The mailbox is full." in text
    assert "Left meanwhile." in text
    assert "bob@example.org" in text
    assert "550 5.1.1 &lt;b***@example.org&gt; User unknown" in text


def test_page_of_a_wait_that_a_worker_ends_says_so_without_a_command(
    desk: Desk, ledger: Ledger
) -> None:
    ledger.dispatch(MIXED, state=DispatchState.WAITING, reason="300 an hour")
    with ledger.database.writing() as connection:
        beat(connection, "a worker", now=datetime.now(UTC))
    with sender_lock(worker_lock_path(ledger.database.path)):
        text = desk.ask("GET", "/dispatches").text
    assert "<p>newsletter worker goes on with it.</p>" in text
    assert "<code>newsletter resume 1</code>" not in text
    assert "<code></code>" not in text


def test_page_says_who_of_the_lists_was_meant(desk: Desk, ledger: Ledger) -> None:
    ledger.dispatch(MIXED)
    assert "<dt>Where</dt>" not in desk.ask("GET", "/dispatches").text
    with ledger.database.writing() as connection:
        connection.execute(update(dispatches).values(segment='"board" in tags'))
    text = desk.ask("GET", "/dispatches").text
    assert "<dt>Where</dt><dd>&#34;board&#34; in tags</dd>" in text


def test_page_names_the_unknown_with_their_message_ids(
    desk: Desk, ledger: Ledger
) -> None:
    ledger.dispatch(MIXED, state=DispatchState.DONE)
    (name,) = ledger.message_ids("eve")
    text = desk.ask("GET", "/dispatches").text
    assert f"<code>{name.replace('<', '&lt;').replace('>', '&gt;')}</code>" in text


def test_page_needs_the_gate_and_is_never_kept(desk: Desk, ledger: Ledger) -> None:
    ledger.dispatch(MIXED, state=DispatchState.DONE)
    for path in ("/dispatches", "/dispatches.csv", "/dispatches/version"):
        assert desk.ask("GET", path, {"Cookie": ""}).status == 403
        answer = desk.ask("GET", path)
        assert answer.headers["Cache-Control"] == "no-store"
        assert desk.ask("POST", path).status in (403, 405)
    policy = desk.ask("GET", "/dispatches").headers["Content-Security-Policy"]
    assert "script-src 'self';" in policy
    assert "unsafe" not in policy


@pytest.mark.parametrize(
    ("who", "names"),
    [
        ("not-reached", ["bob", "carl", "dora", "eve", "finn"]),
        ("unknown", ["eve"]),
        ("everybody", ["anna", "bob", "carl", "dora", "eve", "finn"]),
    ],
)
def test_list_is_given_as_csv(
    desk: Desk, ledger: Ledger, who: str, names: list[str]
) -> None:
    ledger.dispatch(MIXED, state=DispatchState.DONE)
    answer = desk.ask("GET", f"/dispatches.csv?number=1&who={who}")
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [row["email"].partition("@")[0] for row in rows] == names
    assert answer.headers["Content-Disposition"] == (
        f'attachment; filename="dispatch-1-{who}.csv"'
    )


@pytest.mark.parametrize(
    "path",
    [
        "/dispatches?number=99",
        "/dispatches?number=-1",
        "/dispatches?number=%D9%A1",
        "/dispatches?number=1e3",
        "/dispatches.csv?who=me",
        "/dispatches.csv?number=99",
    ],
)
def test_what_is_not_there_is_not_found(desk: Desk, ledger: Ledger, path: str) -> None:
    ledger.dispatch(MIXED, state=DispatchState.DONE)
    assert desk.ask("GET", path).status == 404


def test_reading_changes_nothing_of_what_a_dead_process_left(
    desk: Desk, ledger: Ledger
) -> None:
    """The next command writes it down; the page shows it as it will be."""
    left = {"anna": (DeliveryState.ATTEMPTING, None, ""), **MIXED}
    left["anna"] = (DeliveryState.ATTEMPTING, None, "")
    ledger.dispatch(left, state=DispatchState.RUNNING)
    before = ledger.rows()
    text = desk.ask("GET", "/dispatches").text
    assert "Interrupted" in text
    assert "The program was stopped while sending." in text
    assert "anna@example.org" in text.partition('id="unknown"')[2]
    desk.ask("GET", "/dispatches.csv?who=unknown")
    assert ledger.rows() == before


def test_a_dispatch_whose_process_died_while_it_waited_is_interrupted(
    desk: Desk, ledger: Ledger
) -> None:
    ledger.dispatch(MIXED, state=DispatchState.WAITING, owner="host:7")
    text = desk.ask("GET", "/dispatches").text
    assert "Interrupted" in text
    assert "The program was stopped while sending." in text


def test_earlier_dispatches_are_a_press_away(desk: Desk, ledger: Ledger) -> None:
    ledger.dispatch(MIXED, state=DispatchState.DONE)
    ledger.dispatch({"anna": (DeliveryState.ACCEPTED, 250, "")}, issue="2026-04")
    newest = desk.ask("GET", "/dispatches").text
    assert '<a href="dispatches?number=1">Dispatch 1 of 2026-03</a>' in newest
    older = desk.ask("GET", "/dispatches?number=1").text
    assert '<a href="dispatches?number=2">Dispatch 2 of 2026-04</a>' in older
    assert "bob@example.org" in older


def test_words_of_a_server_and_of_an_editor_are_text(
    desk: Desk, ledger: Ledger
) -> None:
    people = {"bob": (DeliveryState.REFUSED, 550, "<script>x</script> no such user")}
    ledger.dispatch(people, state=DispatchState.PAUSED, reason="<b>now</b>")
    text = desk.ask("GET", "/dispatches").text
    assert "<script>x" not in text
    assert "<b>now" not in text


def test_settings_that_cannot_be_read_are_told_on_the_page(
    desk: Desk, ledger: Ledger
) -> None:
    (desk.mail.parent / "newsletter.toml").write_text("[newsletter]\nnam = 1\n")
    answer = desk.ask("GET", "/dispatches")
    assert answer.status == 200
    assert "Not to be read just now" in answer.text
    assert "newsletter.toml" in answer.text


# --- in a browser ---------------------------------------------------------------------


@pytest.mark.browser
def test_page_at_320_breaks_no_command_at_a_hyphen_and_hangs_the_second_line(
    tab: Tab, desk: Desk, ledger: Ledger
) -> None:
    ledger.dispatch(MIXED, state=DispatchState.PAUSED, reason="paused by hand")
    tab.page.set_viewport_size({"width": 320, "height": 700})
    open_page(tab, desk)
    expect(tab.page.locator("#spoken")).to_have_text(
        "Paused, at least 80 per cent dealt with"
    )
    rows = "one => one.getClientRects().length"
    words = tab.page.locator(".steps .word").all()
    assert words
    assert {word.evaluate(rows) for word in words} == {1}
    second = """() => {
      const cell = document.querySelector(".numbers .chip.unknown").parentElement;
      const range = document.createRange();
      range.selectNodeContents(cell.lastChild);
      return [...range.getClientRects()].map(box => box.left);
    }"""
    lefts = tab.page.evaluate(second)
    assert len(lefts) > 1
    assert max(lefts) - min(lefts) < 1


@pytest.mark.browser
def test_page_follows_a_dispatch_without_a_reload(
    tab: Tab, desk: Desk, ledger: Ledger
) -> None:
    ledger.dispatch(
        {f"p{n}": (DeliveryState.PENDING, None, "") for n in range(10)},
        state=DispatchState.WAITING,
        reason="300 an hour",
    )
    open_page(tab, desk)
    expect(tab.page.get_by_role("heading", name="Waiting")).to_be_visible()
    expect(tab.page.locator("#spoken")).to_have_text("Waiting, 0 per cent dealt with")
    tab.page.evaluate("document.body.dataset.kept = 'yes'")
    ledger.move(range(1, 11), DeliveryState.ACCEPTED, DispatchState.DONE)
    expect(tab.page.get_by_role("heading", name="Done")).to_be_visible()
    expect(tab.page.locator("#spoken")).to_have_text("Done, 100 per cent dealt with")
    expect(tab.page.get_by_text("Your mail server took the mail for")).to_be_visible()
    assert tab.page.evaluate("document.body.dataset.kept") == "yes"
    assert (tab.said, tab.outside) == ([], [])


@pytest.mark.browser
def test_page_keeps_the_focus_when_it_changes(
    tab: Tab, desk: Desk, ledger: Ledger
) -> None:
    ledger.dispatch(MIXED | {"gus": (DeliveryState.PENDING, None, "")})
    open_page(tab, desk)
    link = tab.page.get_by_role("link", name="Download who was not reached (CSV)")
    link.focus()
    ledger.move([7], DeliveryState.REFUSED, DispatchState.DONE)
    expect(tab.page.get_by_text("gus@example.org")).to_be_visible()
    expect(link).to_be_focused()


@pytest.mark.browser
@pytest.mark.parametrize(
    ("width", "scheme"), [(320, "dark"), (640, "light"), (1366, "light")]
)
def test_page_with_everything_on_it_passes_axe(
    tab: Tab, desk: Desk, ledger: Ledger, width: int, scheme: Any
) -> None:
    pytest.importorskip("axe_playwright_python", reason="axe-core is missing")
    ledger.dispatch(MIXED, state=DispatchState.PAUSED, reason="paused by hand")
    tab.page.emulate_media(color_scheme=scheme)
    tab.page.set_viewport_size({"width": width, "height": 800})
    open_page(tab, desk)
    assert tab.page.evaluate("document.documentElement.scrollWidth") == width
    script = files("axe_playwright_python").joinpath("axe.min.js").read_text("utf-8")
    tab.page.evaluate(script)
    found = tab.page.evaluate("axe.run(document)")
    assert [rule["id"] for rule in found["violations"]] == []
    assert (tab.said, tab.outside) == ([], [])


@pytest.mark.browser
def test_page_is_read_without_a_script(
    chromium: Browser, desk: Desk, ledger: Ledger
) -> None:
    ledger.dispatch(MIXED, state=DispatchState.PAUSED)
    context = chromium.new_context(java_script_enabled=False)
    tab = Tab(context.new_page())
    open_page(tab, desk)
    expect(tab.page.get_by_role("heading", name="Paused")).to_be_visible()
    expect(tab.page.get_by_role("link", name="Look again")).to_be_visible()
    tab.page.get_by_role("link", name="To the preview").click()
    expect(tab.page).to_have_title("Spring for reader & friend · Preview")
    context.close()


def open_page(tab: Tab, desk: Desk) -> None:
    tab.page.goto(desk.door.start_url)
    tab.page.goto(f"{desk.url}dispatches")
