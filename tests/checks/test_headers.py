from collections.abc import Callable
from dataclasses import replace

import pytest

from newsletter.checks.facts import Facts
from newsletter.checks.headers import check_headers
from newsletter.model.assembled import Assembled
from newsletter.model.copy import Copy, Part
from newsletter.model.finding import Finding, Severity
from newsletter.model.problem import Place

Assemble = Callable[..., Assembled]
MakeCopy = Callable[..., Copy]
Look = Callable[[Copy], list[Finding]]
ISSUE = Place("issues/2023-02.md")
OURS = "This is a fault of newsletter: please report it with this line."


@pytest.fixture
def look(assemble: Assemble, facts: Facts) -> Look:
    """Return a function: copy -> findings."""
    return lambda copy: check_headers(assemble(), replace(facts, copies=(copy,)))


def error(rule: str, message: str, advice: str = OURS) -> Finding:
    return Finding(rule, Severity.ERROR, ISSUE, message, advice)


def test_usual_headers_are_fine(look: Look, make_copy: MakeCopy) -> None:
    assert look(make_copy()) == []


def test_mail_that_could_not_be_made_has_no_headers(
    assemble: Assemble, facts: Facts
) -> None:
    assert check_headers(assemble(), facts) == []


@pytest.mark.parametrize("name", ["Date", "To", "Subject", "MIME_Version"])
def test_missing_header_is_an_error(
    look: Look, make_headers: MakeCopy, name: str
) -> None:
    message = f"the mail has no header {name.replace('_', '-')}."
    assert look(make_headers(**{name: None})) == [error("header-repeated", message)]


@pytest.mark.parametrize("name", ["From", "Message-ID", "Reply-To", "list-id"])
def test_header_that_comes_twice_is_an_error(
    look: Look, make_headers: MakeCopy, name: str
) -> None:
    copy = make_headers(Reply_To="office@harbour.test")
    value = copy.values(name)[0]
    twice = replace(copy, headers=(*copy.headers, (name, value)))
    (finding,) = look(twice)
    assert finding.rule == "header-repeated"
    assert finding.message.casefold() == f"the mail has 2 headers {name}.".casefold()


def test_message_id_of_another_domain_is_an_error(
    look: Look, make_headers: MakeCopy
) -> None:
    assert look(make_headers(Message_ID="<1@laptop.local>")) == [
        error(
            "header-repeated",
            'the Message-ID is of "laptop.local", which is not the sender\'s domain.',
        )
    ]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("To", "=?utf-8?q?j=C3=B6rg?=@example.org"),
        ("From", "Harbour <=?utf-8?q?j?=@harbour.test>"),
        ("List_Id", "Harbour <=?utf-8?b?bWFpbg==?=.harbour.test>"),
        ("Feedback_ID", "=?utf-8?q?2023-02=3Amain?="),
        ("Subject", f"=?utf-8?b?{'YWFh' * 17}?="),
    ],
)
def test_encoding_where_it_may_not_be_is_an_error(
    look: Look, make_headers: MakeCopy, name: str, value: str
) -> None:
    found = [f for f in look(make_headers(**{name: value})) if "encod" in f.message]
    message = f"the header {name.replace('_', '-')} is encoded where it may not be."
    assert found == [error("header-encoding", message)]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Subject", "=?utf-8?b?w6lsYW4=?= and =?utf-8?q?=C3=A9?="),
        ("Subject", f"=?utf-8?b?{'YWFh' * 15}?="),
        ("From", "=?utf-8?q?Ren=C3=A9?= <letter@harbour.test>"),
        ("List_Id", "=?utf-8?q?Ren=C3=A9?= <main.harbour.test>"),
        ("Subject", "What does =? mean?"),
    ],
)
def test_encoding_in_its_place_is_fine(
    look: Look, make_headers: MakeCopy, name: str, value: str
) -> None:
    assert look(make_headers(**{name: value})) == []


def test_long_line_is_an_error(look: Look, make_copy: MakeCopy) -> None:
    assert look(make_copy("a" * 998)) == []
    message = "the mail has a line of more than 998 characters, which servers cut."
    assert look(make_copy("a" * 999)) == [error("line-length", message)]


def signature(names: str) -> str:
    return f"v=1; a=rsa-sha256; d=harbour.test; s=a; h={names}; bh=x; b=h=y"


ALL = "From:From:To:Subject:Date:Message-ID:List-Unsubscribe:List-Unsubscribe-Post"


def test_signature_that_covers_everything_is_fine(
    look: Look, make_headers: MakeCopy
) -> None:
    assert look(make_headers(DKIM_Signature=signature(ALL))) == []


def test_signature_without_the_button_for_leaving_is_an_error(
    look: Look, make_headers: MakeCopy
) -> None:
    names = ALL.removesuffix(":List-Unsubscribe-Post").replace("Date:", "Date : ")
    assert look(make_headers(DKIM_Signature=signature(names))) == [
        error(
            "dkim-cover",
            "the DKIM signature does not cover list-unsubscribe-post.",
            "Let whatever signs the mail cover them: without, mail programs offer no "
            "button for leaving.",
        )
    ]


def test_signature_need_not_cover_what_is_not_there(
    look: Look, make_headers: MakeCopy
) -> None:
    names = ALL.removesuffix(":List-Unsubscribe-Post")
    signed = make_headers(DKIM_Signature=signature(names), List_Unsubscribe_Post=None)
    assert look(signed) == []


def test_text_in_base64_is_worth_knowing(look: Look, make_copy: MakeCopy) -> None:
    copy = make_copy("PHA+PC9wPg==", "", encoding="base64")
    message = "the part text/html travels as base64, as spam does."
    assert look(copy) == [Finding("base64-text", Severity.INFO, ISSUE, message, OURS)]


def test_mail_that_servers_refuse_is_an_error(look: Look, make_copy: MakeCopy) -> None:
    small = make_copy()
    picture = Part("image/jpeg", "base64", 9 * 1024 * 1024)
    fits = small.data + b"\r\n" * 5_242_000
    assert look(replace(small, data=fits)) == []
    heavy = replace(
        small, data=small.data + b"\r\n" * 5_600_000, parts=(*small.parts, picture)
    )
    assert look(heavy) == [
        error(
            "message-refused",
            "the mail weighs 10.7 MB, 9.0 MB of it pictures; "
            "many servers take 10 MB at the most.",
            "Leave pictures out or make them smaller, or let them be fetched: "
            'images = "hosted" below [template].',
        )
    ]
