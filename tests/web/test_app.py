import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from .conftest import Site, running_site

ONE_CLICK = b"List-Unsubscribe=One-Click"


def test_address_that_leads_nowhere_gets_the_page_for_it(site: Site) -> None:
    for path in ("/", "/nothing", "/nothing/", "/a/b/c"):
        answer = site.ask("GET", path)
        assert answer.status == 404
        assert "<h1>This link does not work.</h1>" in answer.text


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
