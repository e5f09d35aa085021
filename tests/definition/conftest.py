"""One way to read sample text for all tests of this folder."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from newsletter.definition.parse import Parsed, parse
from newsletter.model.issue import Block, Issue
from newsletter.model.settings import (
    FieldSettings,
    ListSettings,
    NewsletterSettings,
    Settings,
)

#: The text below it begins in line 7.
HEAD = "---\nsubject: S\npreheader: P\ndate: 2023-02-14\n---\n\n"


@dataclass(frozen=True)
class Read:
    """What became of a sample."""

    parsed: Parsed

    @property
    def issue(self) -> Issue:
        assert self.parsed.issue is not None
        return self.parsed.issue

    @property
    def block(self) -> Block:
        """The only block of the opening."""
        (block,) = self.issue.opening
        return block

    @property
    def problems(self) -> list[str]:
        return [str(problem) for problem in self.parsed.problems]


@pytest.fixture(scope="session")
def settings() -> Settings:
    return Settings(
        NewsletterSettings(
            "Noorderlicht",
            "Noorderlicht <letter@example.org>",
            language="nl",
            time_zone="Europe/Amsterdam",
        ),
        shortlinks={"ecli": "https://deeplink.example/uitspraak?id={}"},
        lists={"main": ListSettings(), "donors": ListSettings()},
        fields={"first_name": FieldSettings(), "city": FieldSettings("text", "u")},
    )


@pytest.fixture(scope="session")
def read_file(settings: Settings) -> Callable[[str], Read]:
    """Read a whole definition."""
    return lambda text: Read(parse(text, file="x.md", slug="x", settings=settings))


@pytest.fixture(scope="session")
def read(read_file: Callable[[str], Read]) -> Callable[[str], Read]:
    """Read what stands below front matter that is in order; it begins in line 7."""
    return lambda body: read_file(HEAD + body)
