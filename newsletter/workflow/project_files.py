"""The files below a folder that are a person's or ours, not those of other tools."""

import os
from collections.abc import Iterator
from pathlib import Path

#: What programs of others keep in a folder, in their thousands; hidden ones besides.
_NOT_OURS = ("node_modules", "__pycache__")


def project_files(root: Path) -> Iterator[Path]:
    """Give the files below *root*, in no order; what cannot be looked into is left."""
    for folder, folders, names in os.walk(root):
        folders[:] = [name for name in folders if _is_ours(Path(folder, name))]
        yield from (Path(folder, name) for name in names)


def _is_ours(folder: Path) -> bool:
    is_of_a_tool = folder.name.startswith(".") or folder.name in _NOT_OURS
    return not is_of_a_tool and not (folder / "pyvenv.cfg").exists()
