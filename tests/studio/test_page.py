import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from newsletter.model.finding import Finding, Severity
from newsletter.model.problem import Place, Problem
from newsletter.studio.page import preview_page
from newsletter.studio.showcase import Showcase, Wish
from newsletter.studio.views import VIEWS
from newsletter.studio.watch import Watch
from newsletter.workflow.preview import Preview

from .conftest import ANNA, PREVIEW

PLACE = Place("issues/spring.md", 6, 1)
PROBLEM = Problem(PLACE, 'unknown key "langage".', 'Did you mean "language"?')
BROKEN = replace(PREVIEW, composition=None, copies=(), problems=(PROBLEM,))


def showcase_of(good: Preview) -> Showcase:
    return Showcase(Watch(lambda _: good, lambda _: frozenset()))


def page(preview: Preview, good: Preview = PREVIEW, wish: Wish | None = None) -> str:
    return preview_page(
        preview, showcase=showcase_of(good), wish=wish or Wish(), version=3
    )


def shown(html: str) -> str:
    body = html.partition("<body")[2]
    return " ".join(re.sub(r"<[^>]+>", " ", body).split())


def test_page_shows_subject_preheader_sender_and_size() -> None:
    words = shown(page(PREVIEW))
    assert (
        "Harbour Letter letter@example.org Spring for reader &amp; friend "
        "What the sea brought" in words
    )
    assert "Size 1 KB of the 102 KB that Gmail shows" in words


def test_page_for_a_recipient_shows_their_subject() -> None:
    wish = Wish(recipient="the-reader-with-the-longest-first-name")
    assert "Spring for Maximiliana" in shown(page(PREVIEW, wish=wish))


def test_page_for_a_named_subscriber_does_not_show_the_address() -> None:
    showcase = showcase_of(PREVIEW)
    wish = Wish(recipient=showcase.recipients.name(ANNA))
    html = preview_page(PREVIEW, showcase=showcase, wish=wish, version=3)
    assert "Spring for Anna" in html
    assert "anna@example.org" not in html


def test_page_asks_for_the_frame_of_this_version() -> None:
    wish = Wish(VIEWS["phone"], "named-1", wants_dark=True)
    assert 'src="frame?view=phone&amp;for=named-1&amp;v=3&amp;dark=1"' in page(
        PREVIEW, wish=wish
    )


def test_page_of_an_imitation_says_so_with_the_date_of_its_facts() -> None:
    words = shown(page(PREVIEW, wish=Wish(VIEWS["gmail"])))
    assert "Imitation facts of 29 June 2026" in words


def test_page_without_findings_is_calm() -> None:
    html = page(PREVIEW)
    assert "Nothing to solve here." in html
    assert 'class="banner"' not in html


def test_page_quotes_what_an_editor_wrote() -> None:
    hostile = replace(
        PREVIEW,
        sender_name="<b>Name",
        problems=(Problem(PLACE, "<img src=x>", '"><script>1</script>'),),
    )
    html = page(hostile, good=hostile)
    assert "&lt;script&gt;1&lt;/script&gt;" in html
    assert "<b>Name" not in html
    assert "<img" not in html


def test_page_of_what_cannot_be_built_shows_the_last_mail_dimmed() -> None:
    html = page(replace(BROKEN, made_at=PREVIEW.made_at + timedelta(minutes=5)))
    assert 'class="stage desktop old"' in html
    assert "This is how it looked at" in html
    assert "Unknown key &#34;langage&#34;." in html
    assert "issues/spring.md:6:1" in html


def test_page_of_what_never_was_built_has_no_mail() -> None:
    html = page(BROKEN, good=BROKEN)
    assert "No mail can be made of this yet." in html
    assert "<iframe" not in html
    assert '<div id="stage" class="stage desktop" hidden>' in html


def test_page_of_a_mail_with_problems_says_that_parts_may_be_missing() -> None:
    html = page(replace(PREVIEW, problems=(PROBLEM,)))
    assert "What has a problem may be missing here." in html
    assert 'class="stage desktop"' in html


def test_page_tells_why_and_when_something_was_accepted() -> None:
    found = Finding(
        "link-twice",
        Severity.INFO,
        PLACE,
        "twice.",
        "Once is enough.",
        "it is meant",
        datetime(2026, 3, 19, 12, tzinfo=UTC),
    )
    words = shown(page(replace(PREVIEW, findings=(found,))))
    assert "Accepted by you 1 Twice." in words
    assert "Accepted on 19 March 2026: it is meant" in words


def test_page_offers_the_addresses_for_tests() -> None:
    html = page(PREVIEW)
    assert ">desk@example.org</textarea>" in html
    assert "There is no mail server in newsletter.toml" in html
