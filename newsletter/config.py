"""Find the project and read its settings. Does input; the workflow alone calls it."""

from pathlib import Path

from newsletter.errors import DefinitionError, OperationError
from newsletter.model.problem import Place
from newsletter.model.settings import Settings
from newsletter.settings.judge import judge_settings
from newsletter.settings.places import locate_settings, place_of
from newsletter.textfile import read_text

SETTINGS_FILE = "newsletter.toml"

#: The longest we have seen has 4 KB.
_MAX_BYTES = 200_000


def find_project(start: Path) -> Path:
    """Return the folder with newsletter.toml: *start* or the nearest above it.

    Raises:
        OperationError: There is none.
    """
    folder = start.absolute()
    for candidate in (folder, *folder.parents):
        # A broken link counts: its own message is better than the project further up.
        if (candidate / SETTINGS_FILE).is_symlink() or (
            candidate / SETTINGS_FILE
        ).exists():
            return candidate
    raise OperationError(
        f"there is no {SETTINGS_FILE} in {start} or any folder above it.",
        'Go to the folder of your newsletter, or make one with "newsletter init DIR".',
    )


def read_settings(root: Path) -> Settings:
    """Return the settings of the project in *root*.

    Raises:
        DefinitionError: newsletter.toml cannot be read; every problem with its line.
    """
    path = root / SETTINGS_FILE
    text = read_text(path, file=SETTINGS_FILE, limit_bytes=_MAX_BYTES)
    settings, problems = judge_settings(text, SETTINGS_FILE)
    if settings is None:
        raise DefinitionError(problems)
    return settings


def locate_setting(root: Path, table: str, name: str) -> Place:
    """Return where a setting stands in newsletter.toml: its line, or the whole file."""
    path = root / SETTINGS_FILE
    try:
        text = read_text(path, file=SETTINGS_FILE, limit_bytes=_MAX_BYTES)
    except DefinitionError:  # it was readable a moment ago
        return Place(SETTINGS_FILE)
    places = locate_settings(text, SETTINGS_FILE)
    return place_of((table, name), places) or Place(SETTINGS_FILE)
