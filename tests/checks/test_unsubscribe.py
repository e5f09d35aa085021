from collections.abc import Callable
from dataclasses import replace

import pytest

from newsletter.checks.facts import Facts
from newsletter.checks.unsubscribe import check_unsubscribe
from newsletter.model.assembled import Assembled, Slot
from newsletter.model.finding import Finding, Severity
from newsletter.model.problem import Place

Assemble = Callable[..., Assembled]
ADVICE = 'Put it back into the footer of the template "bulletin".'
NO_LINK = Finding(
    "unsubscribe-place",
    Severity.ERROR,
    Place("issues/2023-02.md"),
    "the mail has no link to unsubscribe.",
    ADVICE,
)
NO_TEXT = Finding(
    "unsubscribe-place",
    Severity.ERROR,
    Place("issues/2023-02.md"),
    "the plain text of the mail has no link to unsubscribe.",
    ADVICE,
)


def test_mail_that_can_be_left_is_fine(assemble: Assemble, facts: Facts) -> None:
    assert check_unsubscribe(assemble(), facts) == []


@pytest.mark.parametrize("html", ["<p>Goodbye</p>", "<p>@@3fa9c1_0@@</p>"])
def test_mail_without_a_link_to_leave_is_an_error(
    assemble: Assemble, facts: Facts, html: str
) -> None:
    assembled = replace(assemble(), html=html)
    assert check_unsubscribe(assembled, facts) == [NO_LINK]


def test_text_without_a_link_to_leave_is_an_error(
    assemble: Assemble, facts: Facts
) -> None:
    assembled = replace(assemble(), text="Goodbye\n")
    assert check_unsubscribe(assembled, facts) == [NO_TEXT]


def test_field_is_no_link_to_leave(assemble: Assemble, facts: Facts) -> None:
    field = Slot("@@3fa9c1_0@@", "first_name")
    assembled = replace(assemble(), slots=(field,))
    assert check_unsubscribe(assembled, facts) == [NO_LINK, NO_TEXT]


def test_sender_without_a_postal_address_is_a_warning(
    assemble: Assemble, facts: Facts
) -> None:
    assert check_unsubscribe(assemble(), replace(facts, postal_address=" ")) == [
        Finding(
            "postal-address",
            Severity.WARNING,
            Place("newsletter.toml"),
            "the footer has no postal address.",
            'Add a line "address = …" below [newsletter]: '
            "many countries ask for it by law, and readers trust who has one.",
        )
    ]


def test_pages_without_https_are_a_warning(assemble: Assemble, facts: Facts) -> None:
    facts = replace(facts, base_url="http://news.example.org")
    assert check_unsubscribe(assemble(), facts) == [
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
    assert check_unsubscribe(assemble(), facts) == [
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
    assert check_unsubscribe(assemble(), replace(facts, base_url=url)) == []
