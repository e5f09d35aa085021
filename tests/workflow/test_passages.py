from newsletter.workflow.passages import Passage, Role, read_passages, words_of

HEAD = "Harbour\nIssue 2 · 14 March 2026\n\n\n"
FOOT = "-" * 72 + "\n\nAbout us.\n\nUnsubscribe: <https://example.org/u/token>\n"


def passages(body: str) -> list[Passage]:
    return list(read_passages(f"{HEAD}{body}\n\n\n{FOOT}"))[1:-1]


def test_masthead_and_closing_lines_are_passages_without_own_addresses() -> None:
    assert read_passages(f"{HEAD}Hello.\n\n\n{FOOT}") == (
        Passage(Role.MASTHEAD, "", ("Harbour", "Issue 2 · 14 March 2026")),
        Passage(Role.OPENING, "", ("Hello.",)),
        Passage(Role.CLOSING, "", ("About us.", "Unsubscribe:")),
    )


def test_lines_that_were_wrapped_are_one_paragraph() -> None:
    broken = "The harbour is open again for all who want to come and look at it, on\n"
    assert passages(broken + "Saturday.") == [
        Passage(Role.OPENING, "", (f"{broken.strip()} Saturday.",))
    ]


def test_line_with_room_for_the_next_word_ends_a_paragraph() -> None:
    lines = "When:  Friday\nWhere: The quay"
    assert passages(lines)[0].paragraphs == ("When: Friday", "Where: The quay")


def test_entries_of_a_list_are_paragraphs() -> None:
    long = "- " + "word " * 13 + "words"
    assert len(long) == 72
    assert passages(f"{long}\n  end\n- two\n3. three")[0].paragraphs == (
        f"{long} end",
        "- two",
        "3. three",
    )


def test_quote_is_one_paragraph_behind_its_mark() -> None:
    long = "> " + "word " * 13 + "words"
    assert passages(f"{long}\n> end")[0].paragraphs == (f"{long} end",)


def test_headings_begin_passages_and_lose_the_number_of_a_section() -> None:
    body = "2. NEWS\n=======\n\nA boat\n------\n\nIt came.\n\nAnother\n-------\n\nToo."
    assert passages(body) == [
        Passage(Role.HEADING, "NEWS", ()),
        Passage(Role.ITEM, "A boat", ("It came.",)),
        Passage(Role.ITEM, "Another", ("Too.",)),
    ]


def test_number_in_the_heading_of_an_item_stays() -> None:
    (item,) = passages("2. Boats\n--------\n\nThey came.")
    assert item.title == "2. Boats"


def test_heading_of_two_lines_is_one_title() -> None:
    (item,) = passages("A heading of\ntwo lines\n------------\n\nText.")
    assert item.title == "A heading of two lines"


def test_numbers_of_links_and_their_addresses_are_left_out() -> None:
    body = "A boat [2]\n----------\n\nSee [1] here [1].\n\n[1] https://a.org\n[2] https://b.org"
    assert passages(body) == [Passage(Role.ITEM, "A boat", ("See here.",))]


def test_list_of_addresses_at_the_end_is_left_out_with_its_title() -> None:
    body = "See here [1].\n\n\nLinks\n-----\n[1] https://a.org"
    assert passages(body) == [Passage(Role.OPENING, "", ("See here.",))]


def test_number_in_brackets_that_is_no_link_stays() -> None:
    assert passages("As in Smith [3], see [1].\n\n[1] https://a.org")[0].paragraphs == (
        "As in Smith [3], see.",
    )


def test_chinese_lines_join_without_a_space() -> None:
    line = "海" * 36
    assert passages(f"{line}\n港口")[0].paragraphs == (f"{line}港口",)


def test_words_keep_their_spaces_and_chinese_characters_stand_alone() -> None:
    assert words_of("a new boat") == ["a ", "new ", "boat"]
    assert words_of("新港 open") == ["新", "港 ", "open"]
