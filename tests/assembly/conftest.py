"""Values to assemble: a small issue, and ways to change what matters to a test."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from newsletter.assembly.assemble import assemble_issue
from newsletter.assembly.loaders import Templates
from newsletter.definition.parse import parse
from newsletter.model.assembled import Assembled, AssembledImage
from newsletter.model.issue import Block, Issue, Item, Section, Text
from newsletter.model.problem import Place
from newsletter.model.settings import FieldSettings, NewsletterSettings, Settings

_SETTINGS = Settings(
    NewsletterSettings(
        name="De Brug",
        sender="De Brug <post@example.org>",
        language="nl",
        time_zone="Europe/Amsterdam",
        address="Postbus 1\nUtrecht",
        about="Wie wij zijn.\n\nWat wij doen.",
        base_url="https://news.example.org",
    )
)

_ISSUE = Issue(
    file="issues/2023-05.md",
    slug="2023-05",
    subject=(Text("Een brug"),),
    preheader=(Text("Over bruggen"),),
    date=date(2023, 5, 3),
    language="nl",
)


@dataclass
class Composer:
    """Assembles issues from a project folder of the test's own."""

    root: Path
    settings: Settings = _SETTINGS
    issue: Issue = _ISSUE
    images: dict[str, AssembledImage] = field(default_factory=dict)

    def template(self, name: str, text: str) -> None:
        """Put a template into the project."""
        path = self.root / "templates" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def theme(self, **changes: Any) -> None:
        """Change the theme of the newsletter."""
        theme = replace(self.settings.template, **changes)
        self.settings = replace(self.settings, template=theme)

    def newsletter(self, **changes: Any) -> None:
        """Change the settings of the newsletter."""
        newsletter = replace(self.settings.newsletter, **changes)
        self.settings = replace(self.settings, newsletter=newsletter)

    def assemble(self, *blocks: Block, **changes: Any) -> Assembled:
        """Assemble the issue, with *blocks* as the text of its only item."""
        if blocks:
            item = Item((Text("Een item"),), blocks, Place(self.issue.file, 5, 1))
            heading, at = (Text("Een sectie"),), Place(self.issue.file, 3, 1)
            changes |= {"sections": (Section(heading, (), (item,), at),)}
        issue = replace(self.issue, **changes)
        return assemble_issue(
            issue, self.settings, self.images, Templates.of_project(self.root)
        )

    def html(self, *blocks: Block, **changes: Any) -> str:
        """Return the HTML of `assemble`."""
        return self.assemble(*blocks, **changes).html


@pytest.fixture
def composer(tmp_path: Path) -> Composer:
    return Composer(tmp_path)


@pytest.fixture
def read_issue() -> Callable[..., Issue]:
    """Read an issue from the text below its front matter, whose keys may be given."""

    def read(body: str, **keys: str) -> Issue:
        given = {
            "subject": "Een brug",
            "preheader": "Over bruggen",
            "date": "2023-05-03",
        }
        front = "\n".join(f"{key}: {value}" for key, value in (given | keys).items())
        settings = replace(_SETTINGS, fields={"first_name": FieldSettings()})
        text = f"---\n{front}\n---\n\n{body}"
        parsed = parse(text, file="issue.md", slug="2023-05", settings=settings)
        assert parsed.problems == ()
        assert parsed.issue is not None
        return parsed.issue

    return read


@pytest.fixture
def settings() -> Settings:
    """The settings of the small newsletter."""
    return _SETTINGS
