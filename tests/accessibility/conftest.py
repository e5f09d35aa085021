"""A browser for a module of tests, or the reason why there is none."""

import os
import shutil
from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser

#: Names of Chromium in the path, the distributions' first.
_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")

#: No sandbox: containers have no user namespaces; the pages are our own and offline.
_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="module")
def browser() -> Iterator["Browser"]:
    """Start headless Chromium; skip where none is installed."""
    api = pytest.importorskip("playwright.sync_api", reason="playwright is missing")
    with api.sync_playwright() as playwright:
        path = _chromium(Path(playwright.chromium.executable_path))
        if path is None:
            pytest.skip(
                "no Chromium: install it, or say where it is in NEWSLETTER_CHROMIUM"
            )
        browser = playwright.chromium.launch(executable_path=path, args=_ARGUMENTS)
        yield browser
        browser.close()


def _chromium(bundled: Path) -> str | None:
    installed = map(shutil.which, _NAMES)
    downloaded = str(bundled) if bundled.is_file() else None
    named = os.environ.get("NEWSLETTER_CHROMIUM")
    return next(filter(None, (named, *installed, downloaded)), None)


@pytest.fixture(scope="session")
def axe() -> str:
    """The script of axe-core."""
    pytest.importorskip("axe_playwright_python", reason="axe-core is missing")
    folder = resources.files("axe_playwright_python")
    return folder.joinpath("axe.min.js").read_text(encoding="utf-8")
