import pytest

from newsletter.model.link import BrokenAddress
from newsletter.model.problem import Place
from newsletter.model.settings import NewsletterSettings, Settings
from newsletter.workflow.amend import Source, join, move, spell, written_at

FILE = "issues/2023-02.md"
HEAD = """---
subject: Vier uitspraken
preheader: Wat de rechter besliste
date: 2023-02-14
---

"""
#: Line of the first words below the head.
BODY = 7
OLD = "https://old.example/a"
NEW = "https://new.example/b"
SETTINGS = Settings(
    NewsletterSettings("Harbour", "Harbour <letter@example.org>"),
    shortlinks={"ecli": "https://deep.example/uitspraak?id={}"},
)


def source(body: str) -> Source:
    return Source(HEAD + body, FILE, "2023-02", SETTINGS)


def moved(body: str, line: int, column: int, old: str = OLD, new: str = NEW) -> str:
    """Return the body with the link at a place of it moved; "unsure" if it is not."""
    place = Place(FILE, BODY - 1 + line, column)
    changed = move(source(body), place, old, new)
    return "unsure" if changed is None else changed.removeprefix(HEAD)


@pytest.mark.parametrize(
    ("body", "column", "expected"),
    [
        (f"Read [it]({OLD}).", 6, f"Read [it]({NEW})."),
        (f"Read [it](<{OLD}>).", 6, f"Read [it](<{NEW}>)."),
        (f"Read {OLD}.", 6, f"Read {NEW}."),
        (f"Read <{OLD}>.", 6, f"Read <{NEW}>."),
        (f"Read **{OLD}**.", 8, f"Read **{NEW}**."),
        (f"> Read [it]({OLD}).", 8, f"> Read [it]({NEW})."),
        (f"[it]({OLD}){{.button}}", 1, f"[it]({NEW}){{.button}}"),
        (f"`{OLD}` and [it]({OLD})", 29, f"`{OLD}` and [it]({NEW})"),
        (f"{OLD}/c and [it]({OLD})", 29, f"{OLD}/c and [it]({NEW})"),
        (f"[{OLD}]({OLD})", 1, f"[{OLD}]({NEW})"),
        (f"[a]({OLD}) [b]({OLD})", 28, f"[a]({OLD}) [b]({NEW})"),
        (f"[a]({OLD}) [b]({OLD})", 1, f"[a]({NEW}) [b]({OLD})"),
        (f"One [it][x].\n\n[x]: {OLD}\n", 5, f"One [it][x].\n\n[x]: {NEW}\n"),
    ],
)
def test_address_is_written_at_its_place_only(
    body: str, column: int, expected: str
) -> None:
    assert moved(body, 1, column) == expected


def test_code_block_with_the_same_address_stays() -> None:
    body = f"```\n[it]({OLD})\n```\n\n[it]({OLD})\n"
    assert moved(body, 5, 1) == f"```\n[it]({OLD})\n```\n\n[it]({NEW})\n"


@pytest.mark.parametrize("line", ["link: {}", "link: {}  ", 'link: "{}"', "  link: {}"])
def test_address_of_an_event_is_written(line: str) -> None:
    event = (
        "::: event\ntitle: Open day\nwhen: 2023-02-28 14:00\n%s\nwhere: Utrecht\n:::\n"
    )
    body = event % line.format(OLD)
    assert moved(body, 1, 1) == event % line.format(NEW)


def test_address_with_letters_of_its_own_is_found() -> None:
    old = "https://xn--bcher-kva.example/caf%C3%A9"
    body = "[it](https://bücher.example/café)\n"
    assert moved(body, 1, 1, old) == f"[it]({NEW})\n"


def test_line_ends_mark_and_blanks_stay() -> None:
    text = f"\ufeff{HEAD}[it]({OLD})  \nand \t\n\nmore".replace("\n", "\r\n")
    place = Place(FILE, BODY, 1)
    changed = move(Source(text, FILE, "2023-02", SETTINGS), place, OLD, NEW)
    assert changed == text.replace(OLD, NEW)


@pytest.mark.parametrize(
    ("body", "column"),
    [
        (f"Read [it]({OLD}).", 1),
        ("Read [it](https://else.example/).", 6),
        (f"Read `{OLD}`.", 6),
    ],
)
def test_link_that_is_not_there_is_not_guessed(body: str, column: int) -> None:
    assert moved(body, 1, column) == "unsure"


def test_new_address_that_would_read_otherwise_is_not_written() -> None:
    assert moved(f"Read [it]({OLD}).", 1, 6, new="https://new.example/a)b") == "unsure"


def test_short_link_is_found_as_written() -> None:
    url = "https://deep.example/uitspraak?id=ECLI:NL:1"
    body = source("[it](ecli:ECLI:NL:1)")
    assert written_at(body, Place(FILE, BODY, 1), url) == "ecli:ECLI:NL:1"


def test_address_that_is_not_there_is_not_found() -> None:
    assert written_at(source("words"), Place(FILE, BODY, 1), OLD) == ""


@pytest.mark.parametrize(
    ("url", "spelt"),
    [
        ("https://New.example/a b#c d", "https://new.example/a%20b#c%20d"),
        ("https://new.example/{a}", "https://new.example/%7Ba%7D"),
        ("https://new.example/a*b", "https://new.example/a%2Ab"),
        ("https://bücher.example/é", "https://xn--bcher-kva.example/%C3%A9"),
        ("ftp://new.example/", ""),
    ],
)
def test_address_is_spelt_as_it_can_be_written(url: str, spelt: str) -> None:
    assert spell(url) == spelt


# --- addresses broken over two lines --------------------------------------------------

FIRST = "https://old.example/good-"
WHOLE = "https://old.example/good-news-2023"


def joined(body: str, column: int = 1, rest: str = "news-2023") -> str:
    place = Place(FILE, BODY, column)
    broken = BrokenAddress(place, FIRST, rest, (FIRST + rest,))
    changed = join(source(body), broken, FIRST + rest)
    return "unsure" if changed is None else changed.removeprefix(HEAD)


@pytest.mark.parametrize(
    ("body", "column", "expected"),
    [
        (f"{FIRST}\nnews-2023\n", 1, f"{WHOLE}\n"),
        (f"{FIRST}\nnews-2023\nand more\n", 1, f"{WHOLE}\nand more\n"),
        (f"{FIRST}\nnews-2023 and more\n", 1, f"{WHOLE}\nand more\n"),
        (f"See {FIRST}  \n  news-2023, and\n", 5, f"See {WHOLE},\nand\n"),
        (f"[it]({FIRST}\nnews-2023).\n", 6, f"[it]({WHOLE}).\n"),
        (f"[it]({FIRST}\nnews-2023) is\n", 6, f"[it]({WHOLE})\nis\n"),
        (f"> {FIRST}\n> news-2023\n", 3, f"> {WHOLE}\n"),
        (f"{FIRST}\r\nnews-2023 x\r\n", 1, f"{WHOLE}\r\nx\r\n"),
    ],
)
def test_broken_address_is_joined(body: str, column: int, expected: str) -> None:
    assert joined(body, column) == expected


@pytest.mark.parametrize(
    "body", [f"`{FIRST}\nnews-2023`", "else\n", f"x\n{FIRST}\nnews"]
)
def test_broken_address_that_is_not_there_is_not_guessed(body: str) -> None:
    assert joined(body) == "unsure"
