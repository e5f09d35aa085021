"""The example as a project of its own in a temporary folder, for `newsletter demo`."""

import shutil
import tempfile
from pathlib import Path

import tomlkit

from newsletter.shipped import shipped_folder
from newsletter.testing.smtp_server import Received
from newsletter.workflow.project import Project, open_project

#: Who plays the editor; RFC 2606 keeps the address from being anybody's.
EDITOR = "editor@example.org"
#: Who leaves in the demo.
LEAVER = "lan.nguyen@example.org"
#: The issues of the example, in the order in which they are sent.
ISSUES = ("2023-02", "2023-03")
#: The list of people of the example, within the folder.
PEOPLE = "subscribers/example.csv"


def make_demo_project(*, smtp_port: int, base_url: str) -> Project:
    """Copy the example to a new temporary folder and point it at our own servers.

    Args:
        smtp_port: Where the mail catcher listens on loopback.
        base_url: Where the public pages are.
    """
    folder = Path(tempfile.mkdtemp(prefix="newsletter-demo-"))
    source = shipped_folder()
    shutil.copytree(source / "issues", folder / "issues")
    people = folder / PEOPLE
    people.parent.mkdir(mode=0o700)
    shutil.copyfile(source / PEOPLE, people)
    settings = tomlkit.parse((source / "newsletter.toml").read_text(encoding="utf-8"))
    newsletter = settings["newsletter"]
    assert isinstance(newsletter, tomlkit.items.Table)  # noqa: S101 - our own file
    newsletter["base_url"] = base_url
    newsletter["hold_seconds"] = 0
    settings["server"] = {"host": "127.0.0.1", "port": smtp_port, "security": "none"}
    settings["test"] = {"to": [EDITOR]}
    text = tomlkit.dumps(settings)
    (folder / "newsletter.toml").write_text(text, encoding="utf-8")
    return open_project(folder, search=False)


def keep_caught(project: Project, caught: list[Received]) -> Path:
    """Write every caught mail to ``caught/``, named by its order and recipient."""
    folder = project.root / "caught"
    folder.mkdir(exist_ok=True)
    for number, mail in enumerate(caught, 1):
        name = f"{number:02}-{mail.recipients[0].partition('@')[0]}.eml"
        (folder / name).write_bytes(mail.data)
    return folder
