from datetime import UTC, date, datetime

import pytest
from sqlalchemy import insert

from newsletter.model.assembled import AssembledImage, Editions
from newsletter.model.issue import Issue
from newsletter.model.problem import Place
from newsletter.store.instants import to_millis
from newsletter.store.tables import batches, contents, dispatches, test_mails
from newsletter.workflow.publish import publish_issue

from .conftest import Answer, Site

PICTURE = AssembledImage(
    source="boat.png",
    name="boat-3fa9c1.png",
    content_id="boat@example",
    media_type="image/png",
    data=b"PNG sample",
    width=10,
    height=10,
    alt="A boat",
    place=Place("issues/spring.md", 3),
)
EDITIONS = Editions(
    web_page="<!doctype html><title>Spring</title><h1>Spring</h1>",
    calendars={"kickoff.ics": b"BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n"},
)
AT = to_millis(datetime(2026, 11, 21, tzinfo=UTC))


def publish(site: Site, slug: str, *, is_archived: bool = True) -> None:
    issue = Issue(
        file=f"issues/{slug}.md",
        slug=slug,
        subject=(),
        preheader=(),
        date=date(2026, 11, 21),
        language="en",
        is_archived=is_archived,
    )
    publish_issue(site.project, issue, EDITIONS, {PICTURE.source: PICTURE})


def dispatch(site: Site, slug: str, *, accepted: int) -> None:
    """Lay down a dispatch of ten recipients, so many of whom have their mail."""
    content = {"hash": slug, "issue": slug, "subject": "S", "compiled": b""}
    row = {
        "issue": slug,
        "content_hash": slug,
        "lists": ["main"],
        "state": "running",
        "total": 10,
        "created_at": AT,
        "waivers": {},
    }
    batch = {"first_seq": 1, "last_seq": 10, "state": "open"}
    counted = {"n_pending": 10 - accepted, "n_accepted": accepted}
    with site.desk.database.writing() as connection:
        connection.execute(insert(contents), {**content, "created_at": AT})
        key = connection.scalar(insert(dispatches).returning(dispatches.c.id), row)
        connection.execute(insert(batches), {"dispatch_id": key, **batch, **counted})


def lay_test_mail(site: Site, slug: str) -> None:
    row = {"issue": slug, "content_hash": slug, "at": AT, "recipients": 1}
    with site.desk.database.writing() as connection:
        connection.execute(insert(test_mails), row)


def statuses(site: Site, slug: str) -> dict[str, int]:
    names = ("", "index.html", "boat-3fa9c1.png", "kickoff.ics")
    return {name: site.ask("GET", f"/{slug}/{name}").status for name in names}


def test_issue_that_was_sent_is_shown_with_its_files(site: Site) -> None:
    publish(site, "spring")
    dispatch(site, "spring", accepted=1)
    page = site.ask("GET", "/spring/")
    assert (page.status, page.text) == (200, EDITIONS.web_page)
    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    assert page.headers["Content-Security-Policy"] == (
        "default-src 'none'; img-src 'self' data:; style-src 'unsafe-inline'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    calendar = site.ask("GET", "/spring/kickoff.ics")
    assert calendar.headers["Content-Type"] == "text/calendar; charset=utf-8"
    assert set(statuses(site, "spring").values()) == {200}


def test_issue_without_closing_slash_leads_to_the_one_with_it(site: Site) -> None:
    publish(site, "plain")
    dispatch(site, "plain", accepted=1)
    answer = site.ask("GET", "/plain")
    assert (answer.status, answer.headers["Location"]) == (308, "plain/")


@pytest.mark.parametrize("accepted", [None, 0], ids=["built", "waits for its hour"])
def test_issue_that_was_not_sent_is_not_there(site: Site, accepted: int | None) -> None:
    slug = f"draft-{accepted}"
    publish(site, slug)
    if accepted is not None:
        dispatch(site, slug, accepted=accepted)
    assert set(statuses(site, slug).values()) == {404}
    assert site.ask("GET", f"/{slug}").status == 404


def test_issue_that_was_tested_shows_its_pictures_alone(site: Site) -> None:
    publish(site, "tested")
    lay_test_mail(site, "tested")
    assert statuses(site, "tested") == {
        "": 404,
        "index.html": 404,
        "boat-3fa9c1.png": 200,
        "kickoff.ics": 404,
    }


def test_issue_that_was_not_sent_is_answered_as_one_that_nobody_wrote(
    site: Site,
) -> None:
    publish(site, "secret")
    lay_test_mail(site, "secret")
    for name in ("", "/", "/index.html", "/kickoff.ics", "/issue.json"):
        unsent, unwritten = (
            site.ask("GET", f"/{slug}{name}") for slug in ("secret", "guesses")
        )
        assert unsent.status == 404
        assert "An issue appears here once it has been sent." in unsent.text
        assert unsent.text == unwritten.text
        assert no_date(unsent) == no_date(unwritten)


def no_date(answer: Answer) -> list[tuple[str, str]]:
    return [(name, value) for name, value in answer.headers.items() if name != "date"]


def test_issue_kept_off_the_archive_has_files_and_no_page(site: Site) -> None:
    publish(site, "inner")
    publish(site, "inner", is_archived=False)
    dispatch(site, "inner", accepted=1)
    assert statuses(site, "inner") == {
        "": 404,
        "index.html": 404,
        "boat-3fa9c1.png": 200,
        "kickoff.ics": 200,
    }


@pytest.mark.parametrize(
    "path",
    [
        "/autumn/notes.txt",
        "/autumn/.hidden.html",
        "/autumn/..%2f..%2fnewsletter.toml",
        "/autumn/outside.html",
        "/..%2fsubscribers/index.html",
        "/%2e%2e/newsletter.toml",
        "//example.com/",
    ],
)
def test_nothing_else_of_the_project_is_shown(site: Site, path: str) -> None:
    folder = site.project.root / "public" / "autumn"
    if not folder.exists():
        publish(site, "autumn")
        dispatch(site, "autumn", accepted=1)
        (folder / "notes.txt").write_text("not ours")
        (folder / ".hidden.html").write_text("not ours")
        (site.project.root / "newsletter.toml").write_text("not ours")
        (folder / "outside.html").symlink_to(site.project.root / "newsletter.toml")
    assert site.ask("GET", "/autumn/").status == 200
    assert site.ask("GET", path).status == 404


def test_pictures_are_kept_by_browsers_and_pages_for_minutes(site: Site) -> None:
    publish(site, "winter")
    dispatch(site, "winter", accepted=1)
    ages = [
        site.ask("GET", f"/winter/{name}").headers["Cache-Control"]
        for name in ("", "boat-3fa9c1.png")
    ]
    assert ages == ["public, max-age=300", "public, max-age=31536000, immutable"]


def test_icon_that_browsers_ask_for_is_no_fault(site: Site) -> None:
    assert site.ask("GET", "/favicon.ico").status == 204
