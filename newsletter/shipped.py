"""Where the files that travel with the program lie: built-in templates and the example.

In an installed package they are under ``_shipped``; in a checkout they are what stands
at the root of the repository, so that both are the same files.
"""

from pathlib import Path

_INSTALLED = Path(__file__).parent / "_shipped"
_CHECKOUT = Path(__file__).parents[1]


def shipped_folder() -> Path:
    """Return the folder with ``templates/``, ``issues/`` and ``newsletter.toml``."""
    return _INSTALLED if _INSTALLED.is_dir() else _CHECKOUT


def templates_folder() -> Path:
    """Return the folder of the built-in templates."""
    return shipped_folder() / "templates"
