"""Targets of links."""

from collections.abc import Callable
from typing import Any

import pytest

from newsletter.model.issue import Link, Text
from newsletter.model.problem import Place

ReadAny = Callable[[str], Any]


@pytest.mark.parametrize(
    ("written", "target"),
    [
        ("https://example.org", "https://example.org"),
        ("HTTPS://example.org/A", "https://example.org/A"),
        (
            "http://example.org:8080/a?b=c&d=%20#e",
            "http://example.org:8080/a?b=c&d=%20#e",
        ),
        ("https://example.org/a_(b)", "https://example.org/a_(b)"),
        (
            "https://bücher.example/é?q=ü#ß",
            "https://xn--bcher-kva.example/%C3%A9?q=%C3%BC#%C3%9F",
        ),
        ("<https://example.org/a b>", "https://example.org/a%20b"),
        ("https://example.org/a|b", "https://example.org/a%7Cb"),
        ("https://u@example.org/", "https://u@example.org/"),
        ("https://[::1]:80/", "https://[::1]:80/"),
        (
            "mailto:info@example.org?subject=Ja%20graag",
            "mailto:info@example.org?subject=Ja%20graag",
        ),
        ("tel:+31201234567", "tel:+31201234567"),
        ("<tel:020 123 45 67>", "tel:0201234567"),
        ("tel:0201234567", "tel:0201234567"),
        (
            "ecli:ECLI:NL:RBDHA:2023:1296",
            "https://deeplink.example/uitspraak?id=ECLI:NL:RBDHA:2023:1296",
        ),
        ("ECLI:2023", "https://deeplink.example/uitspraak?id=2023"),
        (
            "<ecli:é {}>".replace(" {}", ""),
            "https://deeplink.example/uitspraak?id=%C3%A9",
        ),
    ],
)
def test_target_becomes_a_complete_address(
    read: ReadAny, written: str, target: str
) -> None:
    result = read(f"[a]({written})")
    assert result.problems == []
    place = Place("x.md", 7, 1)
    shown = written.strip("<>")
    assert result.block.content == (Link((Text("a"),), target, shown, place),)


@pytest.mark.parametrize("text", ["[Zie hier]()", "[Zie hier](<>)"])
def test_promised_link_without_target_is_no_problem(read: ReadAny, text: str) -> None:
    result = read(text)
    assert result.problems == []
    assert result.block.content[0].target == ""


@pytest.mark.parametrize("scheme", ["javascript", "JavaScript", "data", "ftp"])
def test_refused_scheme_is_explained(read: ReadAny, scheme: str) -> None:
    assert read(f"Zie [a]({scheme}:alert)").problems == [
        f'x.md:7:5: an address cannot begin with "{scheme.lower()}:". '
        "Use https:, http:, mailto: or tel:."
    ]


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("elci:ECLI:NL:1", 'unknown short link "elci:". Did you mean "ecli:"?'),
        (
            "bwb:1",
            'unknown short link "bwb:". Declare it in newsletter.toml under '
            '[shortlinks], or write the whole address with "https://".',
        ),
        ("htps://example.org", 'unknown short link "htps:". Did you mean "https:"?'),
        (
            "ecli:",
            'the short link "ecli:" has nothing after its colon. '
            "Write what it leads to after the colon.",
        ),
        (
            "www.example.org/a",
            'this address is not complete: "www.example.org/a". '
            'Write "https://www.example.org/a".',
        ),
        (
            "info@example.org",
            'this address is not complete: "info@example.org". '
            'Write "mailto:info@example.org".',
        ),
        (
            "#onder",
            'this address is not complete: "#onder". '
            'Write the whole address, for example "https://example.org/page".',
        ),
        (
            "/over-ons",
            'this address is not complete: "/over-ons". '
            'Write the whole address, for example "https://example.org/page".',
        ),
        (
            "//example.org/a",
            'this address is not complete: "//example.org/a". '
            'Write the whole address, for example "https://example.org/page".',
        ),
        (
            "https:///a",
            'this address has no readable host: "https:///a". '
            'Write the whole address, for example "https://example.org/page".',
        ),
        (
            "https://exa_mple!.org/",
            'this address has no readable host: "https://exa_mple!.org/". '
            'Write the whole address, for example "https://example.org/page".',
        ),
        (
            "https://[1/",
            'this address has no readable host: "https://[1/". '
            'Write the whole address, for example "https://example.org/page".',
        ),
        (
            "https://example.org:99999/é",
            'this address has no readable host: "https://example.org:99999/é". '
            'Write the whole address, for example "https://example.org/page".',
        ),
        (
            "https://\u0640.example/",
            'this address has no readable host: "https://\u0640.example/". '
            'Write the whole address, for example "https://example.org/page".',
        ),
        (
            "mailto:info",
            'this is not a mail address: "mailto:info". '
            'Write it as "mailto:info@example.org".',
        ),
        (
            "tel:bel-ons",
            'this is not a telephone number: "tel:bel-ons". '
            'Write it as "tel:+31201234567".',
        ),
    ],
)
def test_wrong_target_is_explained(read: ReadAny, written: str, message: str) -> None:
    assert read(f"Zie [a]({written}).").problems == [f"x.md:7:5: {message}"]


def test_wrong_target_leaves_the_link_without_one(read: ReadAny) -> None:
    link = read("[a](javascript:x)").block.content[0]
    assert (link.target, link.written) == ("", "javascript:x")


def test_entities_do_not_hide_a_scheme(read: ReadAny) -> None:
    assert read("[a](java&#115;cript:x) [b](java&Tab;script:x)").problems == [
        'x.md:7:1: an address cannot begin with "javascript:". '
        "Use https:, http:, mailto: or tel:.",
        'x.md:7:24: this address is not complete: "java script:x". '
        'Write the whole address, for example "https://example.org/page".',
    ]


def test_bare_address_becomes_a_link_and_nothing_fuzzy_does(read: ReadAny) -> None:
    result = read("Zie https://example.org/a, bijv.de of info@example.org.")
    assert result.problems == []
    assert result.block.content == (
        Text("Zie "),
        Link(
            (Text("https://example.org/a"),),
            "https://example.org/a",
            "https://example.org/a",
            Place("x.md", 7, 5),
        ),
        Text(", bijv.de of info@example.org."),
    )


@pytest.mark.parametrize(
    ("text", "target"),
    [
        ("**https://example.org/**", "https://example.org/"),
        ("(https://example.org/a)", "https://example.org/a"),
        ("https://example.org/a_(b).", "https://example.org/a_(b)"),
        ("HTTP://example.org", "http://example.org"),
        ("<https://example.org/a>", "https://example.org/a"),
        ("<info@example.org>", "mailto:info@example.org"),
        ("https://example.org/{{ email }}", "https://example.org/"),
    ],
)
def test_bare_address_ends_where_it_should(
    read: ReadAny, text: str, target: str
) -> None:
    result = read(text)
    assert result.problems == []
    found = [c for c in result.block.content if isinstance(c, Link)] or [
        c for b in result.block.content for c in getattr(b, "content", ())
    ]
    assert [link.target for link in found] == [target]


@pytest.mark.parametrize("text", ["xhttps://a.nl", "ftp://example.org", "https://"])
def test_what_only_looks_like_an_address_is_text(read: ReadAny, text: str) -> None:
    result = read(text)
    assert result.problems == []
    assert result.block.content == (Text(text),)


def test_address_inside_words_of_a_link_is_text(read: ReadAny) -> None:
    (link,) = read("[https://example.org](https://example.org/a)").block.content
    assert link.content == (Text("https://example.org"),)


def test_reference_links_are_resolved(read: ReadAny) -> None:
    result = read("[a][Een] en [een]\n\n[een]: ecli:1\n")
    assert result.problems == []
    targets = [c.target for c in result.block.content if isinstance(c, Link)]
    assert targets == ["https://deeplink.example/uitspraak?id=1"] * 2


def test_unused_definition_of_a_reference_is_a_problem(read: ReadAny) -> None:
    assert read("Tekst\n\n[noot]: zie\n").problems == [
        'x.md:9:1: no link uses "[noot]", so nobody would see this line. '
        r"Write \[ for a bracket that readers should see, or delete the line."
    ]


def test_title_of_a_link_is_a_problem(read: ReadAny) -> None:
    assert read('[a](https://example.org/ "Meer")').problems == [
        'x.md:7:1: the title of this link would not be shown: "Meer". '
        "Leave it out, or write it into the text."
    ]


@pytest.mark.parametrize(
    "text",
    [
        "Zie [hier](https://example.org/a b).",
        "Zie [hier](https://example.org",
        "Zie ![ik](mijn foto.jpg)",
    ],
)
def test_link_that_cannot_be_read_is_a_problem(read: ReadAny, text: str) -> None:
    column = text.index("](") + 1
    assert read(text).problems == [
        f"x.md:7:{column}: this link or picture cannot be read. Write it as "
        "[words](address); put an address with spaces between < and >. "
        r"Write \] for a bracket that readers should see."
    ]


@pytest.mark.parametrize(
    "text",
    [
        "[](https://example.org)",
        "[ ](https://example.org)",
        "[]()",
        "[](https://example.org){.button}",
    ],
)
def test_link_without_words_is_a_problem(read: ReadAny, text: str) -> None:
    assert read(text).problems == [
        "x.md:7:1: this link has no words. Write them between the square brackets."
    ]


@pytest.mark.parametrize(
    ("written", "told"),
    [
        (r"C:\Users\a.docx", r"C:\Users\a.docx"),
        ("c:/a.docx", "c:/a.docx"),
        (r"<\\\\server\a b.docx>", r"\\server\a b.docx"),
        ("file:///home/a.pdf", "file:///home/a.pdf"),
    ],
)
def test_file_of_a_computer_is_explained(
    read: ReadAny, written: str, told: str
) -> None:
    assert read(f"[c]({written})").problems == [
        f'x.md:7:1: this is a file on your computer, not on the web: "{told}". '
        "Readers do not have it: put it on a web site, and link to it there."
    ]
