"""Mails built from projects, and a browser to look at their imitations."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner
from playwright.sync_api import Browser, sync_playwright

from newsletter.cli import newsletter

ROOT = Path(__file__).resolve().parents[3]

#: No sandbox: containers have no user namespaces; the pages are our own and offline.
_FLAGS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-sync"]

Build = Callable[[Path, str], str]


# Of a module: while Playwright runs, no other test of the process can start a loop.
@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        bundled = Path(playwright.chromium.executable_path)
        path = (
            os.environ.get("NEWSLETTER_CHROMIUM")
            or shutil.which("chromium")
            or shutil.which("google-chrome")
            or (str(bundled) if bundled.is_file() else None)
        )
        if path is None:
            pytest.skip(
                "no Chromium: install it, or say where it is in NEWSLETTER_CHROMIUM"
            )
        browser = playwright.chromium.launch(executable_path=path, args=_FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def build(tmp_path_factory: pytest.TempPathFactory) -> Build:
    """Return the HTML of an issue of a project, as `newsletter build` writes it."""

    def built(project: Path, issue: str) -> str:
        folder = tmp_path_factory.mktemp(issue)
        command = ["build", issue, "-o", str(folder), "--project", str(project)]
        result = CliRunner().invoke(newsletter, command)
        assert result.exit_code == 0, result.output
        return (folder / "email.html").read_text("utf-8")

    return built


@pytest.fixture(scope="session")
def fragile(build: Build) -> str:
    """A mail whose template uses what mail programs leave out."""
    return build(ROOT / "tests" / "data" / "fragile", "2099-01")
