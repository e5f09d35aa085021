from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from newsletter.clients.imitations import IMITATIONS
from newsletter.model.copy import Copy, Reader
from newsletter.studio.frames import OBEYS_DARK, Sight, make_frame
from newsletter.studio.showcase import Showcase, Wish
from newsletter.studio.views import VIEWS
from newsletter.studio.watch import Watch
from newsletter.workflow.copies import make_copies
from newsletter.workflow.preview import make_preview

from .conftest import LONG, PREVIEW, SETTINGS, assembled, preview_of

UNKNOWN, OF_LONG = PREVIEW.copies


def shown(view: str, copy: Copy = UNKNOWN, *, is_dark: bool = False) -> str:
    return make_frame(Sight(PREVIEW, copy, VIEWS[view], is_dark)).html


def test_mail_holds_the_values_of_its_reader() -> None:
    assert "Dear reader &amp; friend," in shown("desktop")
    assert "Dear Maximiliana," in shown("desktop", OF_LONG)


def test_source_leaves_out_the_address_of_a_subscriber() -> None:
    html = shown("source", OF_LONG)
    assert LONG.email not in html
    assert "address-left-out@example.org" in html
    assert "Spring for Maximiliana" in html


def test_source_shows_the_address_that_is_nobody_s() -> None:
    assert "&lt;reader@example.org&gt;" in shown("source")


def test_reading_view_tells_what_each_stop_is() -> None:
    html = " ".join(shown("reading").split())
    assert 'Heading 1</span> <span class="words" dir="auto" lang="en">Spring<' in html
    assert 'Picture</span> <span class="words" dir="auto" lang="en">A boat<' in html


def test_hosted_picture_is_served_by_us() -> None:
    theme = replace(SETTINGS.newsletter, base_url="https://letter.example.org")
    settings = replace(SETTINGS, newsletter=theme)
    html = '<!doctype html><img src="https://letter.example.org/spring/boat-12ab.gif">'
    preview = preview_of(assembled(html), PREVIEW)
    assert preview.project is not None
    preview = replace(preview, project=replace(preview.project, settings=settings))
    frame = make_frame(Sight(preview, preview.copies[0], VIEWS["desktop"]))
    assert '<img src="picture/boat-12ab.gif">' in frame.html


@pytest.mark.parametrize(
    ("view", "told"),
    [
        ("previous", "There is no issue with an earlier date."),
        ("tested", "This issue was not tested yet."),
    ],
)
def test_view_of_changes_says_when_there_is_nothing_to_compare(
    view: str, told: str
) -> None:
    assert told in shown(view)


def test_view_of_changes_says_when_the_database_cannot_be_read(tmp_path: Path) -> None:
    database = tmp_path / "subscribers" / "newsletter.db"
    database.parent.mkdir(mode=0o700)
    database.write_bytes(b"This is no database at all, whatever its name may say.")
    database.chmod(0o600)
    assert PREVIEW.project is not None
    project = replace(PREVIEW.project, root=tmp_path)
    sight = Sight(replace(PREVIEW, project=project), UNKNOWN, VIEWS["tested"])
    assert "The database cannot be read: " in make_frame(sight).html


def test_frame_is_made_once_for_each_version() -> None:
    watch = Watch(lambda _: PREVIEW, lambda _: frozenset())
    showcase, wish = Showcase(watch), Wish(VIEWS["gmail"])
    first, second = showcase.show(wish), showcase.show(wish)
    assert first is not None
    assert second is not None
    assert first.frame is second.frame
    watch.good = replace(PREVIEW)
    third = showcase.show(wish)
    assert third is not None
    assert third.frame is not first.frame


def test_named_reader_who_is_no_edge_recipient_has_a_copy_of_their_own() -> None:
    watch = Watch(lambda _: PREVIEW, lambda _: frozenset())
    showcase = Showcase(watch)
    ben = Reader("one of your subscribers", "ben@example.org", {"first_name": "Ben"})
    show = showcase.show(Wish(recipient=showcase.recipients.name(ben)))
    assert show is not None
    mail = assembled()
    assert show.copy.html == make_copies(mail, SETTINGS, (ben,))[0].html


def test_imitations_are_called_here_as_in_their_documentation() -> None:
    called = {view.imitation: view.label for view in VIEWS.values() if view.imitation}
    assert called == {
        name: imitation.title
        for name, imitation in IMITATIONS.items()
        if name != OBEYS_DARK  # the switch
    }


TWO_ISSUES = """\
---
subject: {subject}
preheader: What the sea brought
date: 2026-0{month}-20
---

Dear reader, this is what happened in the harbour.

# Boats

{text}
"""


def test_view_of_changes_can_begin_with_an_opening_that_is_the_same(
    tmp_path: Path,
) -> None:
    (tmp_path / "newsletter.toml").write_text(
        '[newsletter]\nname = "Harbour"\nsender = "Harbour <letter@example.org>"\n'
    )
    (tmp_path / "issues").mkdir()
    for month, text in ((3, "Old boats."), (4, "Some other vessels.")):
        issue = TWO_ISSUES.format(subject=f"Letter {month}", month=month, text=text)
        (tmp_path / "issues" / f"2026-0{month}.md").write_text(issue)
    path = tmp_path / "issues" / "2026-04.md"
    preview = make_preview(tmp_path, path, now=datetime(2026, 4, 20, tzinfo=UTC))
    frame = make_frame(Sight(preview, preview.copies[0], VIEWS["previous"]))
    assert '<p class="same" dir="auto">Unchanged</p>' in frame.html
    assert "Some other vessels." in frame.html


@pytest.mark.parametrize("view", ["dark-partial", "dark-invert"])
def test_dark_view_says_that_colours_are_other_ones(view: str) -> None:
    frame = make_frame(Sight(PREVIEW, UNKNOWN, VIEWS[view]))
    assert frame.calm == "Nothing is lost here; only colours are other ones."


def test_pictures_from_elsewhere_are_counted() -> None:
    html = (
        '<!doctype html><img src="https://example.org/a.png"><img alt="x" '
        'src="//example.org/b.png"><img src="cid:boat@letter"><img src="data:,">'
    )
    preview = preview_of(assembled(html), PREVIEW)
    frame = make_frame(Sight(preview, preview.copies[0], VIEWS["desktop"]))
    assert frame.unloaded == 2
