from collections.abc import Callable
from dataclasses import replace

import pytest

from newsletter.checks.facts import Facts
from newsletter.checks.leaving import check_leaving
from newsletter.model.assembled import Assembled
from newsletter.model.copy import Copy, Reader
from newsletter.model.finding import Finding, Severity
from newsletter.model.problem import Place

Assemble = Callable[..., Assembled]
MakeCopy = Callable[..., Copy]
LEAVING = f"https://news.harbour.test/u/sample{'a' * 34}"
ISSUE = Place("issues/2023-02.md")
ADVICE = (
    'Put it back into the footer of the template "bulletin": '
    '<a href="{{ unsubscribe_url }}">Unsubscribe</a>.'
)
NO_LINK = "the mail has no link to unsubscribe."
HIDDEN = "nobody sees the link to unsubscribe: it is hidden, or has no words."
NO_TEXT = "the plain text of the mail has no link to unsubscribe."


def missing(message: str, place: Place = ISSUE) -> Finding:
    return Finding("unsubscribe-place", Severity.ERROR, place, message, ADVICE)


def test_mail_that_can_be_left_is_fine(
    assemble: Assemble, facts: Facts, make_copy: MakeCopy
) -> None:
    assert check_leaving(assemble(), replace(facts, copies=(make_copy(),))) == []


@pytest.mark.parametrize(
    ("html", "message"),
    [
        ("<p>Goodbye</p>", NO_LINK),
        (f"<p>{LEAVING}</p>", NO_LINK),
        (f'<a href="{LEAVING}"></a>', HIDDEN),
        (f'<a href="{LEAVING}"><img src="cid:x" alt=""></a>', HIDDEN),
        (f'<a href="{LEAVING}" style="display:none">Unsubscribe</a>', HIDDEN),
        (f'<p style="visibility: hidden"><a href="{LEAVING}">Leave</a></p>', HIDDEN),
    ],
)
def test_mail_without_a_link_to_leave_is_an_error(
    assemble: Assemble, facts: Facts, make_copy: MakeCopy, html: str, message: str
) -> None:
    facts = replace(facts, copies=(make_copy(html),))
    assert check_leaving(assemble(), facts) == [missing(message)]


@pytest.mark.parametrize(
    "html",
    [
        f'<a href="{LEAVING}"><img src="cid:x" alt="Unsubscribe"></a>',
        f'<a href="{LEAVING}" style="display:none">x</a><a href="{LEAVING}">Leave</a>',
    ],
)
def test_one_link_that_is_seen_is_enough(
    assemble: Assemble, facts: Facts, make_copy: MakeCopy, html: str
) -> None:
    assert check_leaving(assemble(), replace(facts, copies=(make_copy(html),))) == []


def test_link_to_the_settings_is_none_to_leave(
    assemble: Assemble, facts: Facts, make_copy: MakeCopy
) -> None:
    page = "https://news.harbour.test/p/settingsaaa"
    copy = make_copy(f'<a href="{page}">Your settings</a>')
    copy = replace(copy, tokens=(*copy.tokens, "settingsaaa"))
    found = check_leaving(assemble(), replace(facts, copies=(copy,)))
    assert found == [missing(NO_LINK)]


def test_text_without_a_link_to_leave_is_an_error(
    assemble: Assemble, facts: Facts, make_copy: MakeCopy
) -> None:
    facts = replace(facts, copies=(make_copy(text="Goodbye\n"),))
    assert check_leaving(assemble(), facts) == [missing(NO_TEXT)]


def test_template_of_the_project_is_where_the_link_is_missing(
    assemble: Assemble, facts: Facts, make_copy: MakeCopy
) -> None:
    own = "templates/bulletin.mjml.j2"
    facts = replace(facts, copies=(make_copy("<p>Bye</p>"),), template_file=own)
    assert check_leaving(assemble(), facts) == [missing(NO_LINK, Place(own))]


def test_copy_that_alone_cannot_be_left_says_whose_it_is(
    assemble: Assemble, facts: Facts, make_copy: MakeCopy
) -> None:
    reader = Reader("a reader without first_name", "b@example.org")
    other = make_copy("<p>Bye</p>", reader=reader)
    facts = replace(facts, copies=(make_copy(), other, other))
    assert check_leaving(assemble(), facts) == [
        missing(f"for a reader without first_name: {NO_LINK}")
    ]


@pytest.mark.parametrize(
    ("header", "value", "message"),
    [
        ("List_Unsubscribe", None, "the mail has no List-Unsubscribe."),
        (
            "List_Unsubscribe",
            "=?utf-8?q?=3Chttps=3A//news=2Eharbour=2Etest/u/x=3E?=",
            "List-Unsubscribe is encoded.",
        ),
        (
            "List_Unsubscribe",
            f"<{LEAVING}>",
            "List-Unsubscribe has no mailto address.",
        ),
        (
            "List_Unsubscribe",
            "<mailto:letter@harbour.test?subject=x>",
            "List-Unsubscribe has no https address.",
        ),
        (
            "List_Unsubscribe_Post",
            None,
            "List-Unsubscribe-Post does not say List-Unsubscribe=One-Click once.",
        ),
        (
            "List_Unsubscribe_Post",
            "List-Unsubscribe=one-click",
            "List-Unsubscribe-Post does not say List-Unsubscribe=One-Click once.",
        ),
    ],
)
def test_button_of_mail_programs_that_is_spoilt_is_an_error(
    assemble: Assemble,
    facts: Facts,
    make_headers: MakeCopy,
    header: str,
    value: str | None,
    message: str,
) -> None:
    facts = replace(facts, copies=(make_headers(**{header: value}),))
    assert check_leaving(assemble(), facts) == [
        Finding(
            "unsubscribe-header",
            Severity.ERROR,
            ISSUE,
            f"{message} Mail programs then offer no button for leaving.",
            "This is a fault of newsletter: please report it with this line.",
        )
    ]


def test_without_pages_a_mailbox_is_enough(
    assemble: Assemble, facts: Facts, make_headers: MakeCopy
) -> None:
    mailto = "<mailto:letter@harbour.test?subject=x>"
    copy = make_headers(List_Unsubscribe=mailto, List_Unsubscribe_Post=None)
    facts = replace(facts, base_url="", copies=(copy,))
    assert check_leaving(assemble(), facts) == []


def test_pages_without_https_are_a_warning(assemble: Assemble, facts: Facts) -> None:
    facts = replace(facts, base_url="http://news.example.org")
    assert check_leaving(assemble(), facts) == [
        Finding(
            "one-click",
            Severity.WARNING,
            Place("newsletter.toml"),
            "base_url does not begin with https://: mail programs offer no button "
            "for leaving with one click.",
            'Let the pages be served with https, and write "https://…".',
        )
    ]


@pytest.mark.parametrize("host", ["127.0.0.1:8025", "localhost:8025", "[::1]"])
def test_pages_on_this_computer_are_told(
    assemble: Assemble, facts: Facts, host: str
) -> None:
    facts = replace(facts, base_url=f"http://{host}")
    assert check_leaving(assemble(), facts) == [
        Finding(
            "one-click-local",
            Severity.INFO,
            Place("newsletter.toml"),
            f"the pages of base_url, http://{host}, are on this computer alone: "
            "readers elsewhere cannot open them.",
            "Good for trying out; before sending, write the public address, "
            'which begins with "https://".',
        )
    ]


@pytest.mark.parametrize("url", ["", "https://news.example.org", "https://localhost"])
def test_other_pages_are_fine(assemble: Assemble, facts: Facts, url: str) -> None:
    assert check_leaving(assemble(), replace(facts, base_url=url)) == []
