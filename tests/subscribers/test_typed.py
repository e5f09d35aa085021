import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.model.settings import FieldType
from newsletter.subscribers.typed import MOST_TYPED, clean_typed

#: What mail programs turn into a link by themselves.
LINKS = re.compile(r"://|www\.\w|\w\.[a-z]{2,}", re.IGNORECASE)


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("Anna", "Anna"),
        ("  Anna   Maria ", "Anna Maria"),
        ("J.R.R. Tolkien", "J.R.R. Tolkien"),
        ("J.de Vries", "J. de Vries"),
        ("Win at https://evil.example/x", "Win at evil. example/x"),
        ("www.evil.example", "www. evil. example"),
        ("HTTP://EVIL.EXAMPLE", "EVIL. EXAMPLE"),
        ("evil。example", "evil. example"),
        ("mailto:me@evil.example", "mailto:me@evil. example"),
        ("Anna\u202egnp.exe", "Annagnp. exe"),
        ("An\x00na\r\nBcc: x", "Anna Bcc: x"),
        ("evil.e\x1bxample", "evil. example"),
        ("قارئة", "قارئة"),
        ("", ""),
    ],
)
def test_name_is_kept_without_what_would_be_a_link(typed: str, kept: str) -> None:
    assert clean_typed(typed, "text") == kept


@given(st.text(max_size=60))
def test_no_name_holds_what_a_mail_program_makes_a_link_of(typed: str) -> None:
    try:
        kept = clean_typed(typed, "text")
    except ValueError:
        return
    assert not LINKS.search(kept)
    assert kept.isprintable() or "\u200c" in kept or "\u200d" in kept


def test_number_keeps_its_dot_and_date_its_form() -> None:
    assert clean_typed("12.50", "number") == "12.50"
    assert clean_typed("2026-05-03", "date") == "2026-05-03"


@pytest.mark.parametrize(
    ("typed", "kind", "problem"),
    [
        ("x" * (MOST_TYPED + 1), "text", "is longer than 100 characters."),
        ("many", "number", "is not a number."),
        ("3 May", "date", "is not a date like 2024-05-03."),
    ],
)
def test_what_cannot_be_kept_is_refused(
    typed: str, kind: FieldType, problem: str
) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(problem)}$"):
        clean_typed(typed, kind)
