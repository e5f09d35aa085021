"""The record of processing: in the language of the newsletter, and true."""

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from newsletter.cli import run
from newsletter.workflow.exposed_files import is_open_to_others

SETTINGS = """
[newsletter]
name = "Haven"
sender = "Haven <brief@example.org>"
language = "nl-BE"
"""


@pytest.fixture
def root() -> Iterator[Path]:
    """A project that others can look into, unlike all that pytest makes."""
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        root.chmod(0o755)
        if not is_open_to_others(
            [0o644, *(one.stat().st_mode for one in root.parents)]
        ):
            pytest.skip("folders for temporary files are private here")
        (root / "newsletter.toml").write_text(SETTINGS)
        yield root


def record(root: Path, *options: str) -> int:
    return run(["subscribers", "record", "--project", str(root), *options])


@pytest.mark.parametrize(
    ("options", "title"),
    [
        ((), "# Register van verwerkingsactiviteiten: Haven"),
        (("--language", "de"), "# Verzeichnis der Verarbeitungstätigkeiten: Haven"),
        (("--language", "en"), "# Record of processing: Haven"),
    ],
)
def test_record_is_in_the_language_of_the_newsletter_or_the_one_asked_for(
    root: Path,
    options: tuple[str, ...],
    title: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert record(root, *options) == 0
    out, err = capsys.readouterr()
    assert (out.splitlines()[0], err) == (title, "")
    assert record(root, *options, "--json") == 0
    assert json.loads(capsys.readouterr().out) == {"record": out}


def test_record_in_a_language_without_words_is_refused(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert record(root, "--language", "sv") == 2
    assert capsys.readouterr().err == (
        'there are no words for "sv". There are: en, nl, de, fr, ar.\n'
    )


def test_record_names_the_lists_that_others_can_read(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (root / "leden.csv").write_text("email\nanna@example.org\n")
    (root / "leden.csv").chmod(0o644)
    assert record(root, "-o", str(root / "record.md")) == 0
    assert capsys.readouterr() == (
        f"Written: {root / 'record.md'}\n",
        "Other users of this computer can read leden.csv. To keep it to yourself: "
        "chmod 600 'leden.csv'\n",
    )
    assert (
        "- Andere gebruikers van de computer kunnen deze bestanden lezen: leden.csv.\n"
    ) in (root / "record.md").read_text("utf-8")
