"""Every example of docs/writing-an-issue.md does what the page says."""

import re
from pathlib import Path
from typing import get_args

import pytest

from newsletter.config import read_settings
from newsletter.definition.parse import Parsed, parse
from newsletter.definition.validate import EventBody, Head, keys_of
from newsletter.model.issue import Block
from newsletter.model.walk import walk_blocks

_ROOT = Path(__file__).resolve().parents[2]
_PAGE = (_ROOT / "docs" / "writing-an-issue.md").read_text(encoding="utf-8")
_HEAD = "---\nsubject: S\npreheader: P\ndate: 2023-02-14\n---\n\n"
_BLOCK = re.compile(r"^(`{3,})(\S+)( wrong)?\n(.*?)^\1$", re.MULTILINE | re.DOTALL)
_BLOCKS = [(match[2], bool(match[3]), match[4]) for match in _BLOCK.finditer(_PAGE)]
_EXAMPLES = [
    text for kind, is_wrong, text in _BLOCKS if kind == "markdown" and not is_wrong
]


def _parse(text: str) -> Parsed:
    text = text if text.startswith("---\n") else _HEAD + text
    return parse(
        text, file="issues/2023-05.md", slug="x", settings=read_settings(_ROOT)
    )


@pytest.mark.parametrize("example", _EXAMPLES)
def test_example_has_no_problems(example: str) -> None:
    assert [str(problem) for problem in _parse(example).problems] == []


def test_wrong_example_gives_the_messages_of_the_page() -> None:
    (wrong,) = [text for _, is_wrong, text in _BLOCKS if is_wrong]
    (messages,) = [text for kind, _, text in _BLOCKS if kind == "text"]
    problems = [str(problem) for problem in _parse(wrong).problems]
    assert problems == messages.splitlines()


def test_every_key_of_the_front_matter_is_explained() -> None:
    rows = re.findall(r"^\| `(\w+)` \|", _PAGE, re.MULTILINE)
    assert rows == list(keys_of(Head))


def test_every_key_of_an_event_is_shown() -> None:
    events = "".join(re.findall(r"::: event\n(.*?):::", _PAGE, re.DOTALL))
    assert {line.split(":")[0] for line in events.splitlines()} >= set(
        keys_of(EventBody)
    )


def test_page_shows_every_kind_of_block() -> None:
    issues = [_parse(example).issue for example in _EXAMPLES]
    shown = {type(b) for issue in issues if issue for b in walk_blocks(issue)}
    assert shown == set(get_args(Block))
