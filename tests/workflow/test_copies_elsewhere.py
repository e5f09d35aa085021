import tarfile
import zipfile
from pathlib import Path

import pytest

from newsletter.workflow.copies_elsewhere import find_files_with
from newsletter.workflow.project import Project, open_project

ANNA = "anna@example.org"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "newsletter.toml").write_text(
        '[newsletter]\nname = "H"\nsender = "H <h@example.org>"\n'
    )
    (tmp_path / "subscribers").mkdir()
    (tmp_path / "outbox").mkdir()
    return open_project(tmp_path)


@pytest.mark.parametrize(
    "text",
    [
        f"email\n{ANNA}\n".encode(),
        b"email;name\r\nANNA@Example.ORG;Anna\r\n",
        f'"email"\n"{ANNA}"\n'.encode("utf-16"),
        f"name\tmail\nAnna\t{ANNA}.\n".encode(),
        b"x" * (1 << 20) + f"\n{ANNA}\n".encode(),
        b"x" * ((1 << 20) - 5) + f" {ANNA}\n".encode(),
    ],
    ids=["plain", "capitals", "utf-16", "sentence", "far in", "over two blocks"],
)
def test_list_with_the_address_is_found(project: Project, text: bytes) -> None:
    (project.root / "subscribers" / "readers.csv").write_bytes(text)
    assert find_files_with(project, ANNA) == ("subscribers/readers.csv",)


@pytest.mark.parametrize(
    "text", ["joanna@example.org", "anna@example.org.uk", "anna@example.organic"]
)
def test_list_with_another_address_is_not(project: Project, text: str) -> None:
    (project.root / "subscribers" / "readers.csv").write_text(f"email\n{text}\n")
    assert find_files_with(project, ANNA) == ()


def test_address_of_a_foreign_domain_is_found_as_people_write_it(
    project: Project,
) -> None:
    path = project.root / "subscribers" / "readers.csv"
    path.write_bytes("email\nanna@bücher.example\n".encode("cp1252"))
    found = find_files_with(project, "anna@xn--bcher-kva.example")
    assert found == ("subscribers/readers.csv",)


def test_rehearsals_spreadsheets_and_backups_are_looked_into(project: Project) -> None:
    (project.root / "outbox" / "may.eml").write_text(f"To: {ANNA}\n\nHi")
    with zipfile.ZipFile(project.root / "readers.xlsx", "w") as packed:
        sheet = f"<si><t>{ANNA}</t></si>" * 1000
        packed.writestr("xl/sharedStrings.xml", sheet, zipfile.ZIP_DEFLATED)
    (project.root / "row").write_bytes(b"\x01" + ANNA.encode() * 2 + b"\x9d{}")
    with tarfile.open(project.root / "kept.tar", "w") as archive:
        archive.add(project.root / "row", "subscribers/newsletter.db")
    assert find_files_with(project, ANNA) == (
        "kept.tar",
        "outbox/may.eml",
        "readers.xlsx",
    )


def test_database_and_key_are_not_searched(project: Project) -> None:
    for name in ("newsletter.db", "newsletter.db-wal", "secret.key"):
        (project.root / "subscribers" / name).write_text(ANNA)
    assert find_files_with(project, ANNA) == ()


def test_dossiers_and_other_texts_are_found_wherever_they_lie(project: Project) -> None:
    for name in ("daan/data.json", "daan/letter.txt", "a/b/notes", "public/page.html"):
        path = project.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"about {ANNA}.")
    assert find_files_with(project, ANNA) == (
        "a/b/notes",
        "daan/data.json",
        "daan/letter.txt",
        "public/page.html",
    )


def test_dossier_beside_the_project_is_found_where_one_stands(
    project: Project, tmp_path_factory: pytest.TempPathFactory
) -> None:
    elsewhere = tmp_path_factory.mktemp("desk")
    (elsewhere / "anna").mkdir()
    (elsewhere / "anna" / "letter.txt").write_text(ANNA)
    (elsewhere / "anna" / "mine.md").write_text(ANNA)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(elsewhere)
        found = find_files_with(project, ANNA)
    assert found == (str(elsewhere / "anna" / "letter.txt"),)


def test_tools_of_others_and_what_is_no_text_are_not_searched(project: Project) -> None:
    for name in (".git/logs/HEAD", "node_modules/a/b.js", "env/lib/x.py"):
        path = project.root / name
        path.parent.mkdir(parents=True)
        path.write_text(ANNA)
    (project.root / "env" / "pyvenv.cfg").write_text("home = /usr\n")
    (project.root / "photo.jpg").write_bytes(b"\xff\xd8\0\0" + ANNA.encode())
    (project.root / "log").write_bytes(ANNA.encode() + b"x" * (32 << 20))
    assert find_files_with(project, ANNA) == ()
