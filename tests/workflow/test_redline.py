import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from newsletter.model.copy import Copy, Reader
from newsletter.workflow.changes import (
    Change,
    Changes,
    Kind,
    MailLink,
    MailPicture,
    Paragraph,
    Run,
)
from newsletter.workflow.compose import compose_issue
from newsletter.workflow.copies import UNKNOWN_READER, make_copies
from newsletter.workflow.project import open_project
from newsletter.workflow.redline import compare

SETTINGS = """\
[newsletter]
name = "Harbour"
sender = "Harbour <letter@example.org>"
address = "1 Quay, Harbour"
base_url = "https://news.example.org"
"""

ISSUE = """\
---
subject: Spring at the harbour
preheader: Boats, birds and a walk along the quay
date: 2026-03-14
---

Dear reader, spring is here.

## News

### A boat came

The first boat of the year came on Monday. Read about it [in our diary](https://example.org/diary).

### Birds

Three gulls stay all winter, and we feed them bread.

### A walk

Come along the quay with us on Saturday at ten.
"""

Write = Callable[..., Copy]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    (tmp_path / "issues").mkdir()

    def make(*edits: tuple[str, str], settings: str = SETTINGS) -> Copy:
        text = ISSUE
        for old, new in edits:
            assert old in text
            text = text.replace(old, new)
        (tmp_path / "newsletter.toml").write_text(settings)
        path = tmp_path / "issues" / "spring.md"
        path.write_text(text)
        project = open_project(tmp_path)
        assembled = compose_issue(project, path).assembled
        assert assembled is not None
        (copy,) = make_copies(assembled, project.settings, [UNKNOWN_READER])
        return copy

    return make


def kinds(changes: Changes) -> list[tuple[str, str]]:
    return [
        (one.kind.value, "".join(run.text for run in one.title.runs))
        for one in changes.text
        if one.title and one.kind is not Kind.SAME
    ]


def test_same_mail_has_no_changes(write: Write) -> None:
    changes = compare(write(), write())
    assert changes.is_empty
    assert changes.summary == "Nothing changed"
    assert {one.kind for one in changes.text} == {Kind.SAME}


def test_word_that_changed_is_shown_where_it_stood(write: Write) -> None:
    changes = compare(write(), write(("Three gulls", "Four gulls")))
    (changed,) = [one for one in changes.text if one.kind is Kind.CHANGED]
    assert changed.title == Paragraph(Kind.SAME, (Run(Kind.SAME, "Birds"),))
    assert changed.paragraphs == (
        Paragraph(
            Kind.CHANGED,
            (
                Run(Kind.REMOVED, "Three "),
                Run(Kind.ADDED, "Four "),
                Run(Kind.SAME, "gulls stay all winter, and we feed them bread."),
            ),
        ),
    )
    assert changes.summary == "1 item changed"


def test_word_that_pushes_others_to_the_next_line_is_one_change(write: Write) -> None:
    changes = compare(write(), write(("The first boat", "The very first small boat")))
    (changed,) = [one for one in changes.text if one.kind is Kind.CHANGED]
    added = [run.text for run in changed.paragraphs[0].runs if run.kind is Kind.ADDED]
    assert added == ["very ", "small "]


def test_items_that_came_and_went_are_counted(write: Write) -> None:
    birds = "### Birds\n\nThree gulls stay all winter, and we feed them bread.\n\n"
    fair = (
        "### The fair\n\nOn the last Sunday of April there is music for children.\n\n"
    )
    changes = compare(write(), write((birds, ""), ("### A walk", f"{fair}### A walk")))
    assert kinds(changes) == [("added", "The fair"), ("removed", "Birds")]
    assert changes.summary == "1 item added, 1 item removed"


def test_item_that_moved_is_told_as_moved_alone(write: Write) -> None:
    walk = "### A walk\n\nCome along the quay with us on Saturday at ten.\n"
    changes = compare(write(), write((walk, ""), ("### A boat", f"{walk}\n### A boat")))
    assert kinds(changes) == [("moved", "A walk")]
    assert changes.summary == "1 item moved"


def test_item_with_another_heading_is_the_same_item(write: Write) -> None:
    changes = compare(write(), write(("### Birds", "### Gulls in winter")))
    (changed,) = [one for one in changes.text if one.kind is Kind.CHANGED]
    assert changed.title == Paragraph(
        Kind.CHANGED,
        (Run(Kind.REMOVED, "Birds"), Run(Kind.ADDED, "Gulls in winter")),
    )
    assert {one.kind for one in changed.paragraphs} == {Kind.SAME}


def test_paragraph_put_between_is_added_alone(write: Write) -> None:
    changes = compare(write(), write(("### A walk", "### A walk\n\nWear boots.\n")))
    (changed,) = [one for one in changes.text if one.kind is Kind.CHANGED]
    assert [one.kind for one in changed.paragraphs] == [Kind.ADDED, Kind.SAME]


def test_section_put_first_does_not_change_the_numbers_after_it(write: Write) -> None:
    numbered = f"{SETTINGS}[template]\nnumber_sections = true\n"
    old = write(settings=numbered)
    new = write(("## News", "## Music\n\nSongs.\n\n## News"), settings=numbered)
    assert compare(old, new).summary == "1 item added"


def test_opening_and_section_headings_are_told_as_such(write: Write) -> None:
    new = write(("Dear reader,", "Dear friend,"), ("## News", "## Old and new"))
    assert compare(write(), new).summary == (
        "Opening changed, 1 section heading added, 1 section heading removed"
    )


def test_subject_preheader_and_sender_are_compared_by_words(write: Write) -> None:
    settings = SETTINGS.replace("Harbour <", "Zoë <")
    new = write(("at the harbour", "in Zürich"), ("Boats, ", ""), settings=settings)
    changes = compare(write(), new)
    assert changes.subject == Change(
        "Spring at the harbour",
        "Spring in Zürich",
        (
            Run(Kind.SAME, "Spring "),
            Run(Kind.REMOVED, "at the harbour"),
            Run(Kind.ADDED, "in Zürich"),
        ),
    )
    assert changes.preheader is not None
    assert changes.sender is not None
    assert changes.sender.new == "Zoë <letter@example.org>"
    assert changes.reply_to is None
    assert changes.summary == "Subject changed, preheader changed, sender changed"


def test_what_fills_the_line_behind_a_preheader_is_no_difference(write: Write) -> None:
    preheader = compare(write(), write(("Boats, birds and a", "A"))).preheader
    assert preheader is not None
    assert preheader.new == "A walk along the quay"
    assert preheader.old == "Boats, birds and a walk along the quay"


def test_link_that_leads_elsewhere_is_removed_and_added(write: Write) -> None:
    changes = compare(write(), write(("org/diary", "org/blog")))
    assert changes.links_removed == (
        MailLink("https://example.org/diary", "in our diary"),
    )
    assert changes.links_added == (
        MailLink("https://example.org/blog", "in our diary"),
    )
    assert changes.summary == "1 link added, 1 link removed"


def test_one_more_link_does_not_change_the_items_after_it(write: Write) -> None:
    old = write(("Three gulls", "[Three gulls](https://example.org/gulls)"))
    linked = ("Dear reader", "[Dear reader](https://example.org/us)")
    new = write(("Three gulls", "[Three gulls](https://example.org/gulls)"), linked)
    assert compare(old, new).summary == "1 link added"


def test_picture_that_was_replaced_is_told(tmp_path: Path, write: Write) -> None:
    from PIL import Image

    shown = ("### A walk", "![The quay](quay.png)\n\n### A walk")
    Image.new("RGB", (40, 30), "navy").save(tmp_path / "issues" / "quay.png")
    old = write(shown)
    Image.new("RGB", (40, 30), "teal").save(tmp_path / "issues" / "quay.png")
    changes = compare(old, write(shown))
    assert [one.alt for one in changes.pictures_added] == ["The quay"]
    assert changes.summary == "1 picture added, 1 picture removed"
    assert isinstance(changes.pictures_removed[0], MailPicture)


def test_other_colour_is_told_as_another_look(write: Write) -> None:
    coloured = f'{SETTINGS}[template]\ncolour = "#7a1f1f"\n'
    changes = compare(write(), write(settings=coloured))
    assert changes.summary == "Look changed"
    assert not changes.is_empty


def test_own_pages_of_the_issue_are_no_links_of_it(write: Write) -> None:
    changes = compare(write(), write(("date:", "slug: may\ndate:")))
    assert (changes.links_added, changes.links_removed) == ((), ())


def test_moved_and_changed_at_once_shows_the_change(write: Write) -> None:
    walk = "### A walk\n\nCome along the quay with us on Saturday at ten.\n"
    new = walk.replace("ten", "eleven")
    changes = compare(write(), write((walk, ""), ("### A boat", f"{new}\n### A boat")))
    assert kinds(changes) == [("changed", "A walk")]


def plain(text: str) -> Copy:
    reader = Reader("anybody", "reader@example.org")
    return Copy(reader, b"", (), "", text, 0, ())


@pytest.mark.parametrize("words", ["the same words again", "word {} of very many"])
def test_200_items_all_rewritten_take_no_time(words: str) -> None:
    def write_all(tail: str) -> str:
        items = (
            f"Item {n}{tail}\n--------\n\n"
            + "\n\n".join(f"{words.format(n * m)} {tail}" for m in range(6))
            for n in range(200)
        )
        return "Head\n\n\n" + "\n\n".join(items)

    began = time.perf_counter()
    changes = compare(plain(write_all("old")), plain(write_all("new")))
    # A tenth of this was measured; the rest is for a busy machine.
    assert time.perf_counter() - began < 2
    assert sum(one.kind is not Kind.SAME for one in changes.text) >= 200


def test_endless_paragraph_is_not_compared_word_by_word() -> None:
    old, new = (" ".join(f"{w}{n}" for n in range(3000)) for w in ("old", "new"))
    began = time.perf_counter()
    compare(plain(f"Head\n\n\nA\n-\n\n{old}"), plain(f"Head\n\n\nA\n-\n\n{new}"))
    assert time.perf_counter() - began < 1


def test_hidden_words_below_what_is_seen_are_no_preheader(write: Write) -> None:
    html = '<body><p>Seen</p><p style="display:none">{}</p></body>'
    old, new = (replace(write(), html=html.format(words)) for words in ("a", "b"))
    assert compare(old, new).preheader is None


def test_lines_with_little_in_common_stand_whole(write: Write) -> None:
    new = "Ships of the north and what they carry along with them"
    change = compare(
        write(), write(("Boats, birds and a walk along the quay", new))
    ).preheader
    assert change is not None
    assert [(run.kind, run.text) for run in change.runs] == [
        (Kind.REMOVED, "Boats, birds and a walk along the quay"),
        (Kind.ADDED, new),
    ]
