import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from newsletter.cli import run
from newsletter.store.handovers import note_handover
from newsletter.store.key_file import key_path
from newsletter.tokens import Purpose, sign, verify
from newsletter.workflow.desk import open_desk

from .conftest import NOW, Site, running_site

ONE_CLICK = b"List-Unsubscribe=One-Click"


@pytest.mark.parametrize("path", ["/nothing", "/nothing/", "/leave/", "/join", "/u"])
def test_address_that_leads_nowhere_is_told_of_what_may_come(
    site: Site, path: str
) -> None:
    answer = site.ask("GET", path)
    assert answer.status == 404
    assert "<h1>There is nothing here, or not yet.</h1>" in answer.text
    assert "An issue appears here once it has been sent." in answer.text


@pytest.mark.parametrize("path", ["/u/x", "/u/x/", "/p/x", "/c/x", "/n/x", "/undo/x"])
def test_link_of_a_mail_that_is_no_good_is_told_why_that_may_be(
    site: Site, path: str
) -> None:
    answer = site.ask("GET", path)
    assert answer.status == 404
    assert "<h1>This link does not work.</h1>" in answer.text
    assert (
        "Perhaps it was used already, was withdrawn or is too old. Perhaps a part of "
        "it is missing: then open it from the mail once more."
    ) in answer.text


def test_every_answer_keeps_its_address_from_other_sites(site: Site) -> None:
    for method, path in (("GET", "/"), ("PUT", "/u/x"), ("GET", "/robots.txt")):
        assert site.ask(method, path).headers["Referrer-Policy"] == "no-referrer"


def test_many_readers_leave_at_the_same_moment(site: Site) -> None:
    readers = [site.add_reader(f"many-{number}@example.org") for number in range(30)]
    links = [site.link(reader) for reader in readers]
    with ThreadPoolExecutor(10) as pool:
        answers = pool.map(lambda path: site.post_form(path, ONE_CLICK), links)
        assert {answer.status for answer in answers} == {200}
    standing = [site.statuses(reader) for reader in readers]
    assert standing == [{"main": "unsubscribed"}] * 30


def test_database_that_cannot_be_used_asks_to_come_again(tmp_path: Path) -> None:
    with running_site(tmp_path) as site:
        path = site.link(site.add_reader("late@example.org"))
        site.desk.database.close()
        shutil.rmtree(tmp_path / "subscribers")
        answer = site.post_form(path, ONE_CLICK)
    assert (answer.status, answer.headers["Retry-After"]) == (503, "120")
    assert "Nothing has changed. Please try again in a few minutes." in answer.text


def test_robots_are_kept_from_every_page_of_one_person(site: Site) -> None:
    assert site.ask("GET", "/robots.txt").text == (
        "User-agent: *\nDisallow: /u/\nDisallow: /p/\nDisallow: /c/\nDisallow: /n/\n"
        "Disallow: /a/\nDisallow: /undo/\nDisallow: /leave\n"
    )


def test_health_says_that_the_database_answers(site: Site) -> None:
    answer = site.ask("GET", "/health")
    assert (answer.status, answer.text) == (200, "ok\n")
    assert answer.headers["Cache-Control"] == "no-store"


def test_health_says_no_when_the_database_cannot_be_used(tmp_path: Path) -> None:
    with running_site(tmp_path) as site:
        site.desk.database.close()
        shutil.rmtree(tmp_path / "subscribers")
        answer = site.ask("GET", "/health")
    assert (answer.status, answer.text) == (503, "no\n")


def test_newsletter_that_was_handed_over_lets_nobody_act(tmp_path: Path) -> None:
    with running_site(tmp_path) as site:
        path = site.link(site.add_reader("moved@example.org"))
        with site.desk.database.writing() as connection:
            note_handover(connection, file="letter.tar", now=NOW)
        health = site.ask("GET", "/health")
        answer = site.post_form(path, ONE_CLICK)
    assert (health.status, health.text) == (503, "no\n")
    assert (answer.status, answer.headers["Retry-After"]) == (503, "120")


def test_who_asks_for_the_methods_is_told_them(site: Site) -> None:
    for path, allowed in (
        ("/u/x", "GET, HEAD, OPTIONS, POST"),
        ("/health", "GET, HEAD, OPTIONS"),
    ):
        answer = site.ask("OPTIONS", path)
        assert (answer.status, answer.headers["Allow"]) == (204, allowed)
        refused = site.ask("DELETE", path)
        assert (refused.status, refused.headers["Allow"]) == (405, allowed)


def test_host_is_never_echoed(site: Site) -> None:
    for path in ("/u/x", "/u/x/", "/leave", "/leave/", "/p", "/"):
        answer = site.ask("GET", path, headers={"Host": "evil.example"})
        assert "evil.example" not in answer.text + str(answer.headers)


def test_links_in_older_mails_work_after_the_key_was_changed(tmp_path: Path) -> None:
    """Mails are read for years: old keys go on checking, the newest one signs."""
    with running_site(tmp_path) as site:
        anna, ben = (site.add_reader(f"{name}@example.org") for name in ("anna", "ben"))
        leaving, settings = site.link(anna), site.settings_link(ben)
    path = key_path(tmp_path)
    text = path.read_text().replace("current = 1", "current = 2")
    path.write_text(f'{text}2 = "{"5a" * 32}"\n')
    with running_site(tmp_path) as site:
        assert site.link(anna) != leaving
        assert site.post_form(leaving, ONE_CLICK).text == "OK\n"
        assert site.post_form(settings, b"do=all-off").status == 200
        assert site.ask("GET", site.settings_link(ben)).status == 200
        statuses = [site.statuses(reader) for reader in (anna, ben)]
    assert statuses == [{"main": "unsubscribed"}] * 2


def test_token_is_worth_its_own_purpose_alone(site: Site) -> None:
    anna = site.add_reader("purpose@example.org")
    paths = {
        Purpose.UNSUBSCRIBE: "u",
        Purpose.PREFERENCES: "p",
        Purpose.CONFIRM: "c",
        Purpose.NOT_ME: "n",
        Purpose.CHANGE: "a",
        Purpose.UNDO: "undo",
    }
    others = {
        (purpose, path)
        for purpose in (*paths, Purpose.MESSAGE, Purpose.FORM)
        for path in paths.values()
        if paths.get(purpose) != path
    }
    for purpose, path in sorted(others):
        for numbers in ((anna,), (anna, 1), (anna, 0)):
            token = sign(site.desk.keyring, purpose, *numbers)
            assert site.ask("GET", f"/{path}/{token}").status == 404
            assert site.post_form(f"/{path}/{token}", ONE_CLICK).status == 404
    assert site.statuses(anna) == {"main": "active"}


def test_key_that_is_changed_meanwhile_is_taken_up_by_the_running_pages(
    tmp_path: Path,
) -> None:
    settings = '[newsletter]\nname = "H"\nsender = "H <h@example.org>"\n'
    (tmp_path / "newsletter.toml").write_text(settings)
    rotate = ["db", "rotate-key", "--project", str(tmp_path)]
    with running_site(tmp_path) as site:
        reader = site.add_reader("anna@example.org")
        old = site.link(reader)
        assert run(rotate) == 0
        with open_desk(site.project) as another:
            numbers = verify(another.keyring, Purpose.UNSUBSCRIBE, old[3:])
            assert numbers
            new = f"/u/{sign(another.keyring, Purpose.UNSUBSCRIBE, *numbers)}"
        assert new != old
        assert [site.ask("GET", path).status for path in (old, new)] == [200, 200]
        assert run([*rotate, "--retire", "1", "--yes"]) == 0
        assert [site.ask("GET", path).status for path in (old, new)] == [404, 200]
        assert site.post_form(old, ONE_CLICK).status == 404
        assert site.statuses(reader) == {"main": "active"}
        assert site.post_form(new, ONE_CLICK).status == 200
        assert site.statuses(reader) == {"main": "unsubscribed"}
