"""One Chromium for a module of tests, or the reason why there is none."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from newsletter.checks.browser.chromium import find_chromium, open_browser
from newsletter.errors import OperationError

if TYPE_CHECKING:
    from playwright.sync_api import Browser


@pytest.fixture(scope="module")
def browser() -> Iterator["Browser"]:
    pytest.importorskip("playwright.sync_api", reason="playwright is missing")
    try:
        find_chromium()
    except OperationError as error:
        pytest.skip(str(error))
    with open_browser() as browser:
        yield browser
