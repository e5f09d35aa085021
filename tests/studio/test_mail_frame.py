from dataclasses import replace

import pytest

from newsletter.model.assembled import AssembledImage
from newsletter.studio.mail_frame import frame_html, frame_text, shown_subject

from .conftest import assembled


def picture_url(image: AssembledImage) -> str:
    return f"/picture/{image.name}"


def framed(html: str, *, forces_dark: bool = False) -> str:
    return frame_html(
        assembled(html),
        picture_url=picture_url,
        personal_url="/personal-link",
        forces_dark=forces_dark,
    )


def test_personal_places_hold_what_a_reader_without_fields_gets() -> None:
    page = framed('<p title="@@00_0@@">Dear @@00_0@@</p><a href="@@00_1@@">Leave</a>')
    assert page == (
        '<base target="_blank"><p title="reader &amp; friend">Dear reader &amp; friend'
        '</p><a href="/personal-link">Leave</a>'
    )


def test_embedded_picture_is_found_at_its_own_address() -> None:
    page = framed('<img src="cid:boat@letter">')
    assert page == '<base target="_blank"><img src="/picture/boat-12ab.gif">'


@pytest.mark.parametrize("head", ["<head>", '<HEAD lang="en">'])
def test_links_are_sent_to_a_tab_of_their_own(head: str) -> None:
    page = framed(f"<!doctype html><html>{head}<title>x</title>")
    assert f'{head}<base target="_blank"><title>' in page


@pytest.mark.parametrize(
    "rule", ["(prefers-color-scheme: dark)", "( PREFERS-color-scheme :dark )"]
)
def test_dark_rules_hold_always_when_forced(rule: str) -> None:
    html = f"<style>@media {rule} {{ p {{}} }}</style>"
    assert "@media (min-width: 0) { p {} }" in framed(html, forces_dark=True)
    assert f"@media {rule} {{" in framed(html)


def test_text_is_shown_as_text() -> None:
    page = frame_text(assembled(), personal_url="…")
    assert (
        '<pre dir="auto">Dear reader &amp; friend,\n\nSpring &lt;is&gt; here.\n\n'
        "Leave: …\n</pre>"
    ) in page


def test_text_page_says_its_language() -> None:
    mail = assembled()
    mail = replace(mail, issue=replace(mail.issue, language='"><x'))
    page = frame_text(mail, personal_url="…")
    assert '<html lang="&quot;&gt;&lt;x">' in page


def test_subject_holds_what_a_reader_without_fields_gets() -> None:
    assert shown_subject(assembled()) == "Spring for reader & friend"
