"""How pages lead to each other: nobody has to know an address by heart."""

from datetime import timedelta
from urllib.parse import urljoin

import pytest
from lxml import html

from newsletter.i18n import WORDING
from newsletter.store.instants import to_millis
from newsletter.store.joinings import Joining, insert_joining
from newsletter.tokens import Purpose, address_hash, sign

from .conftest import NOW, Site


def ways(page: str, path: str) -> set[str]:
    """Return the paths that a page leads to, without their language."""
    found = html.document_fromstring(page).xpath("//main//a/@href|//footer//a/@href")
    places = (urljoin(path, str(link)) for link in found)
    return {place.partition("?")[0] for place in places}


def invite(site: Site, reader: int) -> str:
    """Return the path of the link to confirm of somebody who asked to join."""
    joining = Joining(
        address_hash(site.desk.keyring, f"{reader}@example.org"),
        WORDING,
        "en",
        "/join",
        NOW,
        subscriber_id=reader,
        lists=("main",),
    )
    with site.desk.database.writing() as connection:
        row = insert_joining(connection, joining)
    return f"/c/{sign(site.desk.keyring, Purpose.CONFIRM, row)}"


def undo(site: Site, reader: int, left: timedelta) -> str:
    moment = to_millis(NOW - left)
    return f"/undo/{sign(site.desk.keyring, Purpose.UNDO, reader, moment)}"


def test_every_page_leads_to_the_archive_and_to_what_is_kept(open_site: Site) -> None:
    reader = open_site.add_reader("anna@example.org")
    token = sign(open_site.desk.keyring, Purpose.TEST, 1, 1)
    paths = [
        *("/join", "/leave", "/privacy", "/nothing/at-all", f"/u/{token}"),
        *(open_site.link(reader), open_site.settings_link(reader)),
        *(invite(open_site, reader), undo(open_site, reader, timedelta())),
    ]
    lost = [
        path
        for path in paths
        if not {"/", "/privacy"} <= ways(open_site.ask("GET", path).text, path)
    ]
    assert lost == []
    assert {open_site.ask("GET", path).status for path in ("/", "/privacy")} == {200}


def test_archive_leads_to_what_is_kept_and_not_to_itself(open_site: Site) -> None:
    found = ways(open_site.ask("GET", "/").text, "/")
    page = html.document_fromstring(open_site.ask("GET", "/").text)
    assert "/privacy" in found
    assert page.xpath("//footer//p//a/@href") == ["privacy?lang=en"]


@pytest.mark.parametrize("left", [timedelta(), timedelta(days=2)])
def test_pages_of_undoing_lead_to_ones_settings(
    open_site: Site, left: timedelta
) -> None:
    reader = open_site.add_reader(f"ben{left.days}@example.org")
    open_site.post_form(open_site.link(reader), b"leave=yes")
    path = undo(open_site, reader, left)
    settings = open_site.settings_link(reader)
    assert settings in ways(open_site.ask("GET", path).text, path)
    assert settings in ways(open_site.post_form(path, b"undo=yes").text, path)


def test_link_that_was_used_leads_who_left_to_their_settings(open_site: Site) -> None:
    reader = open_site.add_reader("cora@example.org")
    path = invite(open_site, reader)
    open_site.post_form(path, b"do=confirm")
    open_site.post_form(open_site.link(reader), b"leave=yes")
    answer = open_site.ask("GET", path)
    assert "This link was used already." in answer.text
    assert open_site.settings_link(reader) in ways(answer.text, path)
