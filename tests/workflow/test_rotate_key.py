from datetime import UTC, datetime
from pathlib import Path

import pytest

from newsletter.workflow.project import Project, open_project
from newsletter.workflow.rotate_key import Retirement, plan_retirement, rotate_key
from newsletter.workflow.subscribers import Newcomer, add_subscriber

SETTINGS = """
[newsletter]
name = "Harbour"
sender = "Harbour <letter@example.org>"
[lists.main]
"""
NOW = datetime(2026, 11, 22, tzinfo=UTC)
AHEAD = datetime(2027, 6, 1, tzinfo=UTC)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    (tmp_path / "newsletter.toml").write_text(SETTINGS)
    project = open_project(tmp_path)
    add_subscriber(project, Newcomer("anna@example.org"), now=NOW)
    return project


def rotate(project: Project, *moments: datetime) -> None:
    """Let another key sign at each of them, by the clock of this computer."""
    clock = iter(moments)
    for _ in moments:
        rotate_key(project, clock=lambda: next(clock))


def test_retirement_of_a_key_between_two_says_from_when_to_when(
    project: Project,
) -> None:
    rotate(project, NOW, AHEAD)
    assert plan_retirement(project, 1) == Retirement(1, None, NOW)
    assert plan_retirement(project, 2) == Retirement(2, NOW, AHEAD)


def test_retirement_of_a_key_made_while_the_clock_was_ahead_names_no_days(
    project: Project,
) -> None:
    rotate(project, AHEAD, NOW)
    assert plan_retirement(project, 2) == Retirement(2, None, None)
