import pytest

from newsletter.studio.mail_frame import frame_html


def framed(html: str) -> str:
    return frame_html(
        html,
        tokens=("tok3n",),
        pictures={"cid:boat@letter": "picture/boat-12ab.gif"},
        personal_url="personal-link",
    )


@pytest.mark.parametrize("quote", ['"', "'"])
@pytest.mark.parametrize(
    "address",
    ["https://example.org/u/tok3n", "mailto:leave+tok3n@example.org?subject=x"],
)
def test_address_with_a_token_leads_to_the_explanation(
    address: str, quote: str
) -> None:
    link = f"<a title={quote}x{quote} href={quote}{address}{quote}>Leave</a>"
    assert framed(link) == (
        f'<base target="_blank"><a title={quote}x{quote} '
        f"href={quote}personal-link{quote}>Leave</a>"
    )


def test_address_without_a_token_stays() -> None:
    link = '<a href="https://example.org/tok"></a><p>tok3n</p>'
    assert framed(link) == f'<base target="_blank">{link}'


def test_picture_is_found_at_its_own_address() -> None:
    page = framed('<img src="cid:boat@letter">')
    assert page == '<base target="_blank"><img src="picture/boat-12ab.gif">'


@pytest.mark.parametrize("head", ["<head>", '<HEAD lang="en">'])
def test_links_are_sent_to_a_tab_of_their_own(head: str) -> None:
    page = framed(f"<!doctype html><html>{head}<title>x</title>")
    assert f'{head}<base target="_blank"><title>' in page


@pytest.mark.parametrize(
    "rule", ["(prefers-color-scheme: dark)", "( PREFERS-color-scheme :dark )"]
)
def test_dark_rules_are_out_of_force_until_they_are_asked_for(rule: str) -> None:
    page = framed(f"<style>@media {rule} {{ p {{}} }}</style>")
    assert "@media (max-width: 0) { p {} }" in page


@pytest.mark.parametrize(
    ("asked", "left"),
    [
        ('<a referrerpolicy="unsafe-url">', '<a data-referrerpolicy="unsafe-url">'),
        ("<a/REFERRERPOLICY = x>", "<a/data-REFERRERPOLICY = x>"),
        ('<meta name="referrer" content="x">', '<link name="referrer" content="x">'),
        ('<META name="&#114;eferrer">', '<link name="&#114;eferrer">'),
        (
            '<meta name="viewport" content="x>" name=referrer>',
            '<link name="viewport" content="x>" name=referrer>',
        ),
        (
            '<meta name="color-scheme" content="light dark" />',
            '<meta name="color-scheme" content="light dark" />',
        ),
        ("<p>A referrerpolicy</p>", "<p>A referrerpolicy</p>"),
    ],
)
def test_mail_cannot_have_its_links_tell_where_they_were_followed(
    asked: str, left: str
) -> None:
    assert framed(asked) == f'<base target="_blank">{left}'
