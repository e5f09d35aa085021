from collections.abc import Callable
from dataclasses import replace

import pytest

from newsletter.checks.facts import Facts
from newsletter.checks.mail_addresses import check_mail_addresses
from newsletter.model.assembled import Assembled
from newsletter.model.copy import Copy, Reader
from newsletter.model.finding import Finding, Severity
from newsletter.model.problem import Place

Assemble = Callable[..., Assembled]
TOKEN = "kq3zT0kEn"
TEMPLATE = Place("templates/bulletin.mjml.j2")


def findings(
    assemble: Assemble, facts: Facts, html: str, text: str = ""
) -> list[Finding]:
    headers = (("From", "Us <news@ours.example>"),)
    reader = Reader("a reader", "ines@reader.example")
    copy = Copy(reader, b"", headers, html, text, 0, (), tokens=(TOKEN,))
    changed = replace(
        facts,
        copies=(copy,),
        base_url="https://ours.example/news",
        sender="Us <news@ours.example>",
        template_file=TEMPLATE.file,
    )
    return check_mail_addresses(assemble(), changed)


@pytest.mark.parametrize(
    "href",
    [
        *("javascript:alert(1)", "JavaScript:alert(1)", " java\tscript:alert(1)"),
        *("data:text/html,x", "vbscript:x", "file:///C:/x.doc", "about:blank"),
        *(
            "",
            "#",
            "/page",
            "page.html",
            "//site.example/x",
            "?a=b",
            "www.site.example",
        ),
    ],
)
def test_link_that_leads_nowhere_from_a_mail_is_reported(
    assemble: Assemble, facts: Facts, href: str
) -> None:
    shown = href.strip()
    assert findings(assemble, facts, f'<a href="{href}">Our site</a>') == [
        Finding(
            "link-scheme",
            Severity.ERROR,
            TEMPLATE,
            f'the link "Our site" leads nowhere from a mail: "{shown}".',
            "Write a whole address, beginning with https://, mailto: or tel:.",
        )
    ]


@pytest.mark.parametrize(
    "href",
    [
        *("https://site.example/", "http://site.example", "mailto:a@b.example"),
        *("tel:+31201234567", "#top", "sms:+31612345678", "webcal://site.example/x"),
    ],
)
def test_link_that_mail_programs_follow_is_fine(
    assemble: Assemble, facts: Facts, href: str
) -> None:
    assert findings(assemble, facts, f'<a href="{href}">Our site</a>') == []


def leak(to: str) -> Finding:
    return Finding(
        "token-leak",
        Severity.ERROR,
        TEMPLATE,
        f"each reader's own token or address is sent to {to}.",
        "Take the personal part out of that address in the template: "
        "whoever gets it can tell who reads, or take readers off the list.",
    )


@pytest.mark.parametrize(
    ("html", "to"),
    [
        (f'<a href="https://other.example/?u={TOKEN}">x</a>', "other.example"),
        ('<a href="https://o.example/?m=ines%40reader.example">x</a>', "o.example"),
        (f'<a href="mailto:x@o.example?body={TOKEN}">x</a>', "mailto:x@o.example"),
        (
            f'<img src="https://o.example/{TOKEN}.gif">',
            "o.example as soon as a picture is shown",
        ),
        (
            f'<img src="https://ours.example/news/{TOKEN}.gif">',
            "ours.example as soon as a picture is shown",
        ),
        (
            f'<td background="https://o.example/{TOKEN}">',
            "o.example as soon as a picture is shown",
        ),
        (
            f'<p style="background:url(https://o.example/{TOKEN})">',
            "o.example as soon as a picture is shown",
        ),
        (f'<a href="https://ours.example.evil/{TOKEN}">x</a>', "ours.example.evil"),
    ],
)
def test_personal_address_of_somebody_else_is_reported(
    assemble: Assemble, facts: Facts, html: str, to: str
) -> None:
    assert findings(assemble, facts, html) == [leak(to)]


def test_personal_address_in_the_text_is_reported(
    assemble: Assemble, facts: Facts
) -> None:
    text = f"Read: https://other.example/{TOKEN}\n"
    assert findings(assemble, facts, "<p>x</p>", text) == [leak("other.example")]


@pytest.mark.parametrize(
    "html",
    [
        f'<a href="https://ours.example/news/u/{TOKEN}">Unsubscribe</a>',
        f'<a href="mailto:leave+{TOKEN}@ours.example">Unsubscribe</a>',
        "<p>You get this at ines@reader.example.</p>",
        '<a href="https://other.example/">x</a>',
    ],
)
def test_personal_address_of_our_own_is_fine(
    assemble: Assemble, facts: Facts, html: str
) -> None:
    assert findings(assemble, facts, html) == []


@pytest.mark.parametrize(
    ("href", "found"),
    [
        ("mailto:ines@reader.example", []),
        (f"https://o.example/?u={TOKEN}", [leak("o.example")]),
    ],
)
def test_address_that_everybody_gets_is_personal_only_with_a_token(
    assemble: Assemble, facts: Facts, href: str, found: list[Finding]
) -> None:
    html, headers = f'<a href="{href}">x</a>', (("From", "Us <news@ours.example>"),)
    readers = (Reader("nobody", "reader@o.example"), Reader("x", "ines@reader.example"))
    copies = tuple(
        Copy(reader, b"", headers, html, "", 0, (), tokens=(TOKEN,))
        for reader in readers
    )
    changed = replace(facts, copies=copies, template_file=TEMPLATE.file)
    assert check_mail_addresses(assemble(), changed) == found
