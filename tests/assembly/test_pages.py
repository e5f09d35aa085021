"""The documentation of templates names everything a template is given."""

import re
from pathlib import Path
from typing import TYPE_CHECKING

from newsletter.assembly.blocks import BLOCKS, BlockRenderer
from newsletter.assembly.loaders import Templates
from newsletter.assembly.mail import Mail
from newsletter.assembly.pages import page_values
from newsletter.assembly.palette import Palette
from newsletter.assembly.rendering import Runner

if TYPE_CHECKING:
    from tests.assembly.conftest import Composer

ROOT = Path(__file__).parents[2]


def documented() -> set[str]:
    text = (ROOT / "docs" / "templates.md").read_text(encoding="utf-8")
    return set(re.findall(r"`([\w./*]+)[`(]", text))


def test_values_of_every_template_are_documented(composer: "Composer") -> None:
    mail = Mail(composer.issue, composer.settings, {}, str, "", {})
    renderer = BlockRenderer(mail, Runner(Templates()))
    assert set(renderer.values(mail.around)) - documented() == set()


def test_values_of_a_whole_mail_are_documented(composer: "Composer") -> None:
    mail = Mail(composer.issue, composer.settings, {}, str, "", {})
    renderer = BlockRenderer(mail, Runner(Templates()))
    assert set(page_values(mail, renderer)) - documented() == set()


def test_names_that_built_in_blocks_use_are_documented() -> None:
    used: set[str] = set()
    for path in (ROOT / "templates" / "blocks").glob("*.j2"):
        used |= set(re.findall(r"\{\{ (\w+) \}\}", path.read_text(encoding="utf-8")))
    # Set in the template itself.
    assert used - documented() == {"tag", "look", "shown", "entry"}


def test_colours_are_documented() -> None:
    assert set(Palette.__dataclass_fields__) - documented() == set()


def test_blocks_and_partials_are_documented() -> None:
    partials = {path.name for path in (ROOT / "templates" / "partials").glob("*.j2")}
    known = {name.removeprefix("partials/") for name in documented()}
    assert partials - known == set()
    assert set(BLOCKS.values()) - documented() == set()
