from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from newsletter.checks.facts import Facts
from newsletter.checks.sender import check_sender, organisation_of
from newsletter.model.assembled import Assembled
from newsletter.model.copy import Copy
from newsletter.model.finding import Finding, Severity
from newsletter.model.problem import Place

Assemble = Callable[..., Assembled]
MakeCopy = Callable[..., Copy]
SETTINGS = Place("newsletter.toml")
FROM = Place("issues/2023-02.md", 5, 7)
SERVER = "mail.harbour.test"


@pytest.fixture
def look(assemble: Assemble, facts: Facts) -> Callable[..., list[Finding]]:
    """Return a function: changed facts and ``from`` of the issue -> findings."""

    def check(*, sender_of_issue: str = "", **changes: Any) -> list[Finding]:
        places = {"from": FROM} if sender_of_issue else {}
        assembled = assemble(sender=sender_of_issue, places=places)
        return check_sender(assembled, replace(facts, **changes))

    return check


Look = Callable[..., list[Finding]]


def warning(rule: str, message: str, advice: str, place: Place = SETTINGS) -> Finding:
    return Finding(rule, Severity.WARNING, place, message, advice)


def test_usual_sender_is_fine(look: Look, make_copy: MakeCopy) -> None:
    user = "letter@harbour.test"
    assert look(copies=(make_copy(),), server_host=SERVER, server_user=user) == []


def test_issue_without_a_mail_or_sender_is_told_elsewhere(look: Look) -> None:
    assert look(sender="") == []
    assert look(sender="Harbour <letter@harbour") == []


@pytest.mark.parametrize("written", [None, "Harbour", "undisclosed:;"])
def test_mail_without_an_address_of_its_sender_is_an_error(
    look: Look, make_headers: MakeCopy, written: str | None
) -> None:
    assert look(copies=(make_headers(From=written),)) == [
        Finding(
            "sender-missing",
            Severity.ERROR,
            SETTINGS,
            "the mail does not say who sends it.",
            'Write sender = "Name <address>" below [newsletter].',
        )
    ]


@pytest.mark.parametrize(
    "sender", ["letter@harbour.test", '"letter@harbour.test" <letter@harbour.test>']
)
def test_sender_without_a_name_is_a_warning(look: Look, sender: str) -> None:
    assert look(sender=sender) == [
        warning(
            "sender-name",
            "the sender has no name: lists of mails show letter@harbour.test.",
            'Write the name before it: "Your newsletter <letter@harbour.test>".',
        )
    ]


def test_finding_about_the_sender_of_an_issue_is_in_the_issue(look: Look) -> None:
    (finding,) = look(sender_of_issue="office@harbour.test")
    assert (finding.rule, finding.place) == ("sender-name", FROM)


@pytest.mark.parametrize(
    "local", ["noreply", "no-reply", "news.No_Reply", "donotreply", "geen-antwoord"]
)
def test_sender_that_nobody_can_answer_is_a_warning(look: Look, local: str) -> None:
    assert look(sender=f"Harbour <{local}@harbour.test>") == [
        warning(
            "sender-noreply",
            f"{local}@harbour.test tells readers that nobody wants their answers.",
            "Write an address that somebody reads: answers are worth having, and "
            "providers trust a sender who can be answered.",
        )
    ]


def test_answers_to_nobody_are_a_warning(look: Look) -> None:
    (finding,) = look(reply_to="nepasrepondre@harbour.test")
    assert finding.rule == "sender-noreply"


def test_nobody_as_sender_and_for_answers_is_said_once(look: Look) -> None:
    written = "Harbour <noreply@harbour.test>"
    assert len(look(sender=written, reply_to=written)) == 1


@pytest.mark.parametrize("local", ["nora", "reply", "antwoord", "renoreport"])
def test_address_that_sounds_alike_is_fine(look: Look, local: str) -> None:
    assert look(sender=f"Harbour <{local}@harbour.test>") == []


@pytest.mark.parametrize("domain", ["example.org", "mail.example.com", "example.net"])
def test_address_of_the_documentation_is_an_error_once_there_is_a_server(
    look: Look, domain: str
) -> None:
    sender = f"Harbour <letter@{domain}>"
    assert look(sender=sender, server_host=SERVER) == [
        Finding(
            "sender-example",
            Severity.ERROR,
            SETTINGS,
            f"letter@{domain} is an address of the documentation, not yours.",
            "Write your own; mail servers refuse mail from this one.",
        )
    ]


@pytest.mark.parametrize("host", ["", "127.0.0.1", "localhost"])
def test_while_trying_things_out_any_address_will_do(look: Look, host: str) -> None:
    assert look(sender="Harbour <letter@example.org>", server_host=host) == []
    assert look(sender="Harbour <letter@gmail.com>", server_host=host) == []


@pytest.mark.parametrize(
    "domain", ["example", "harbour.example", "test", "myexample.org", "example.nl"]
)
def test_domain_that_is_written_on_purpose_is_fine(look: Look, domain: str) -> None:
    assert look(sender=f"Harbour <letter@x.{domain}>", server_host=SERVER) == []


@pytest.mark.parametrize(
    ("address", "provider"),
    [
        ("harbour@gmail.com", "Gmail"),
        ("harbour@hotmail.nl", "Outlook.com"),
        ("harbour@live.com", "Outlook.com"),
        ("harbour@yahoo.co.uk", "Yahoo"),
        ("harbour@gmx.de", "GMX"),
        ("harbour@web.de", "WEB.DE"),
        ("harbour@me.com", "iCloud"),
        ("harbour@pm.me", "Proton"),
    ],
)
def test_mailbox_of_a_provider_through_another_server_is_a_warning(
    look: Look, address: str, provider: str
) -> None:
    assert look(sender=f"Harbour <{address}>", server_host=SERVER) == [
        warning(
            "sender-freemail",
            f"{address} is a mailbox of {provider}, but {SERVER} sends the mail: "
            "providers refuse it as forged, or put it with spam.",
            f"Send through the mail server of {provider}, or write an address of a "
            "domain of your own.",
        )
    ]


@pytest.mark.parametrize(
    ("address", "host"),
    [
        ("harbour@gmail.com", "smtp.gmail.com"),
        ("harbour@outlook.com", "smtp-mail.outlook.com"),
        ("harbour@live.nl", "smtp.office365.com"),
        ("harbour@gmx.de", "mail.gmx.net"),
        ("harbour@icloud.com", "smtp.mail.me.com"),
        ("harbour@proton.me", "smtp.protonmail.ch"),
        ("harbour@livestock.nl", SERVER),
        ("harbour@mygmail.com", SERVER),
    ],
)
def test_mailbox_through_its_own_server_is_fine(
    look: Look, address: str, host: str
) -> None:
    assert look(sender=f"Harbour <{address}>", server_host=host) == []


def test_issue_from_another_domain_is_a_warning(look: Look) -> None:
    sender = "Quay <news@quay.test>"
    assert look(sender_of_issue=sender, server_host=SERVER) == [
        warning(
            "sender-unaligned",
            "this issue comes from quay.test, the newsletter from harbour.test: "
            "providers may take it for forged.",
            'Take the line "from" out, or make sure that the mail server may send for '
            'quay.test as well; answers can go there with "reply_to".',
            FROM,
        )
    ]


def test_issue_from_the_same_organisation_is_fine(look: Look) -> None:
    sender = "Quay <news@quay.harbour.test>"
    assert look(sender_of_issue=sender, server_host=SERVER) == []


def test_login_of_another_domain_is_a_warning(look: Look) -> None:
    user = "webmaster@quay.test"
    assert look(server_host="mail.quay.test", server_user=user) == [
        warning(
            "sender-unaligned",
            "the mail server knows you as webmaster@quay.test, but the mail comes "
            "from harbour.test: many servers refuse that, or write their own sender.",
            "Make sure that this server may send for harbour.test (SPF and DKIM), or "
            "use the sender that it knows.",
        )
    ]


@pytest.mark.parametrize(
    ("host", "user"),
    [
        ("smtp-relay.brevo.com", "7a3c@smtp-brevo.com"),
        ("email-smtp.eu-west-1.amazonaws.com", "someone@quay.test"),
        (SERVER, "apikey"),
        (SERVER, "postmaster@mg.harbour.test"),
        (SERVER, ""),
    ],
)
def test_login_that_says_nothing_about_the_domain_is_fine(
    look: Look, host: str, user: str
) -> None:
    assert look(server_host=host, server_user=user) == []


def test_sender_without_a_postal_address_is_a_warning(look: Look) -> None:
    assert look(postal_address=" ") == [
        warning(
            "postal-address",
            "the footer has no postal address.",
            'Add a line "address = …" below [newsletter]: '
            "many countries ask for it by law, and readers trust who has one.",
        )
    ]


def test_template_that_lost_the_postal_address_is_a_warning(
    look: Look, make_copy: MakeCopy
) -> None:
    own = "templates/partials/closing.j2"
    copies = (make_copy("<p>Goodbye</p>"),)
    assert look(copies=copies, template_file=own) == [
        warning(
            "postal-address",
            "the mail does not show your postal address.",
            "Put it back into the footer of the template: {{ address }}.",
            Place(own),
        )
    ]


def test_postal_address_is_known_again_however_it_is_set(
    look: Look, make_copy: MakeCopy
) -> None:
    copies = (make_copy("<p>Main  Street 1,<br>Utrecht &amp; more</p>"),)
    assert look(copies=copies, postal_address="Main Street 1,\nUtrecht & more") == []


def test_postal_address_in_lines_without_commas_is_known_again(
    look: Look, make_copy: MakeCopy
) -> None:
    copies = (make_copy("<p>Stichting De Brug<br>Kade 1<br>1011 AB Amsterdam</p>"),)
    address = "Stichting De Brug, Kade 1, 1011 AB Amsterdam"
    assert look(copies=copies, postal_address=address) == []


@pytest.mark.parametrize(
    ("domain", "organisation"),
    [
        ("harbour.test", "harbour.test"),
        ("mail.eu.harbour.test", "harbour.test"),
        ("News.Harbour.co.uk", "harbour.co.uk"),
        ("harbour.org.uk", "harbour.org.uk"),
        ("co.nl", "co.nl"),
        ("localhost", "localhost"),
    ],
)
def test_organisation_is_the_registered_name(domain: str, organisation: str) -> None:
    assert organisation_of(domain) == organisation
