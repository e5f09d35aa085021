import json
import re
import shutil
import subprocess
import sys
import tarfile
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from newsletter.cli import run
from newsletter.model.dispatch import Order
from newsletter.store.contents import Content, save_content
from newsletter.store.database import MIGRATIONS, open_database
from newsletter.store.dispatches import create_dispatch
from newsletter.store.sender_lock import lock_path, sender_lock, sender_lock_if_free
from newsletter.store.tables import handovers
from newsletter.workflow.backup import MANIFEST
from newsletter.workflow.beating import worker_lock_path
from newsletter.workflow.desk import open_desk
from newsletter.workflow.project import open_project
from newsletter.workflow.status import read_dispatch

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
URL = "sqlite:///subscribers/newsletter.db"
SETTINGS = """
[newsletter]
name = "Harbour News!"
sender = "Harbour <letter@example.org>"
[template]
logo = "logo.png"
[server]
host = "smtp.example.org"
user = "letter"
security = "tls"
[[dkim]]
domain = "example.org"
selector = "a"
key = "dkim/a.pem"
[[dkim]]
domain = "example.org"
selector = "b"
key = "/etc/dkim/b.pem"
"""


class Computer:
    """The command line in a folder, and a project in it."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder = folder
        self.root = folder / "news"
        self._capsys = capsys

    def __call__(self, *arguments: str) -> tuple[int, str, str]:
        code = run(list(arguments))
        out, err = self._capsys.readouterr()
        return code, out, err

    def backup(self, *options: str) -> Any:
        """Make a backup in the working folder; return what --json says."""
        project = ["--project", str(self.root)]
        code, out, _ = self("db", "backup", *options, *project, "--json")
        assert code == 0
        return json.loads(out)

    def add(self, address: str) -> tuple[int, str, str]:
        return self("subscribers", "add", address, "--project", str(self.root))

    def dispatch(self) -> None:
        """Make a dispatch to everybody that is not begun."""
        project = open_project(self.root)
        with open_desk(project) as desk, desk.database.writing() as connection:
            save_content(connection, Content("c0ffee", "may", "Hi", b"x"), now=NOW)
            create_dispatch(connection, Order("may", "c0ffee", ("main",)), now=NOW)


@pytest.fixture
def computer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Computer:
    monkeypatch.chdir(tmp_path)
    computer = Computer(tmp_path, capsys)
    for name, text in {
        "newsletter.toml": SETTINGS,
        "issues/may.md": "---\nsubject: May\n---\n",
        "public/may/index.html": "<p>May</p>",
        "outbox/may.eml": "To: anna@example.org",
        "subscribers/readers.csv": "email\nanna@example.org\n",
        "dkim/a.pem": "secret",
        "logo.png": "png",
    }.items():
        path = computer.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    computer.add("anna@example.org")
    return computer


# --- backup ---------------------------------------------------------------------------


def test_backup_holds_what_another_computer_needs_and_no_rehearsals(
    computer: Computer,
) -> None:
    made = computer.backup("-o", "kept.tar")
    assert (made["subscribers"], made["handed_over"]) == (1, False)
    assert made["file"] == str(computer.folder / "kept.tar")
    assert (computer.folder / "kept.tar").stat().st_mode & 0o777 == 0o600
    with tarfile.open("kept.tar") as archive:
        assert sorted(archive.getnames()) == [
            "dkim/a.pem",
            "issues/may.md",
            "logo.png",
            "manifest.json",
            "newsletter.toml",
            "public/may/index.html",
            "subscribers/newsletter.db",
            "subscribers/readers.csv",
            "subscribers/secret.key",
        ]
    assert sorted(path.name for path in computer.folder.iterdir()) == [
        "kept.tar",
        "news",
    ]


def test_backup_says_what_is_in_it_and_what_is_not(computer: Computer) -> None:
    code, out, err = computer("db", "backup", "--project", str(computer.root))
    file = next(computer.folder.glob("harbour-news-*.tar"))
    assert code == 0
    assert re.sub(r"[\d.]+ MB", "N MB", out) == (
        f"Written: {file}\n"
        "  subscribers  1\n"
        "  size         N MB\n"
        "It holds addresses and keys: keep it where nobody else can read it. Put it "
        f"back with: newsletter db restore {file.name}\n"
    )
    assert err == (
        "The DKIM key /etc/dkim/b.pem lies outside of the project and is not in it: "
        "copy it yourself.\n"
        "The password of the mail server is not in it: on another computer, run "
        "newsletter login there.\n"
    )


def test_backup_in_a_cloud_folder_or_a_repository_warns(computer: Computer) -> None:
    cloud = computer.folder / "Dropbox"
    cloud.mkdir()
    subprocess.run(["git", "init", "-q", str(cloud)], check=True)  # noqa: S607
    file = cloud / "kept.tar"
    arguments = ["-o", str(file), "--project", str(computer.root)]
    code, _, err = computer("db", "backup", *arguments)
    assert (code, err.splitlines()[-2:]) == (
        0,
        [
            "Dropbox/kept.tar lies in a folder of Dropbox, which copies it to other "
            "computers: with it go the addresses of all readers, and the keys.",
            "Dropbox/kept.tar lies in a git repository and is not ignored: git add -A "
            "would take it along. Add a line to .gitignore: kept.tar",
        ],
    )


def test_backup_never_writes_over_a_file(computer: Computer) -> None:
    (computer.folder / "kept.tar").write_text("mine")
    code, _, err = computer(
        "db", "backup", "-o", "kept.tar", "--project", str(computer.root)
    )
    assert (code, (computer.folder / "kept.tar").read_text()) == (1, "mine")
    assert err == (
        "there is a file kept.tar already; it was left as it is. "
        "Choose another name with -o.\n"
    )


def test_backup_without_a_database_is_refused(
    computer: Computer, tmp_path: Path
) -> None:
    (tmp_path / "new").mkdir()
    (tmp_path / "new" / "newsletter.toml").write_text(SETTINGS)
    code, _, err = computer("db", "backup", "--project", str(tmp_path / "new"))
    assert (code, err) == (
        1,
        "there is no database yet, so there is nothing to keep. Import your readers "
        "first: newsletter subscribers import readers.csv\n",
    )


def test_backup_that_cannot_be_written_leaves_nothing(
    computer: Computer, tmp_path: Path
) -> None:
    code, _, err = computer(
        "db", "backup", "-o", "no/such.tar", "--hand-over", "--project",
        str(computer.root),
    )  # fmt: skip
    assert code == 3
    assert err.startswith("the backup no/such.tar could not be written: ")
    assert computer.add("bert@example.org")[0] == 0


# --- hand-over ------------------------------------------------------------------------


def test_hand_over_lets_the_old_copy_change_and_send_nothing(
    computer: Computer,
) -> None:
    assert computer.backup("--hand-over", "-o", "moved.tar")["handed_over"] is True
    for arguments in (
        ["subscribers", "add", "bert@example.org"],
        ["subscribers", "unsubscribe", "anna@example.org"],
        ["subscribers", "import", str(computer.root / "subscribers/readers.csv")],
        ["worker"],
        ["db", "backup", "-o", "again.tar"],
    ):
        code, _, err = computer(*arguments, "--project", str(computer.root))
        assert (code, "(moved.tar): this copy changes and sends nothing" in err) == (
            1,
            True,
        ), arguments
    for reading in ("list", "show anna@example.org"):
        arguments = ["subscribers", *reading.split(), "--project", str(computer.root)]
        assert computer(*arguments)[0] == 0


def test_serve_of_a_copy_that_was_handed_over_ends_at_once(computer: Computer) -> None:
    computer.backup("--hand-over", "-o", "moved.tar")
    served = subprocess.run(
        [
            *(sys.executable, "-c", "from newsletter.cli import main; main()"),
            *("serve", "--port", "0", "--project", str(computer.root)),
        ],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert served.returncode == 1
    assert "this newsletter was handed over to another computer" in served.stderr


def test_hand_over_while_somebody_sends_is_refused_and_changes_nothing(
    computer: Computer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("newsletter.store.sender_lock._PATIENCE_SECONDS", 0)
    database = computer.root / "subscribers/newsletter.db"
    arguments = ["db", "backup", "--hand-over", "--project", str(computer.root)]
    with sender_lock(lock_path(database)):
        code, _, err = computer(*arguments)
    assert (code, "is sending this newsletter's mail" in err) == (3, True)
    with sender_lock_if_free(worker_lock_path(database)):
        code, _, err = computer(*arguments)
    assert (code, err) == (
        3,
        "a newsletter worker (or newsletter serve) is at work here. Stop it first: the "
        "newsletter is to be sent from the other computer.\n",
    )
    assert computer.add("bert@example.org")[0] == 0


@pytest.mark.parametrize(
    "command", ["pause", "cancel", "resume", "resume --unknown-accepted"]
)
def test_dispatch_of_what_was_handed_over_is_left_to_the_other_computer(
    computer: Computer, command: str
) -> None:
    computer.dispatch()
    project = open_project(computer.root)
    before = read_dispatch(project, 1)
    computer.backup("--hand-over", "-o", "moved.tar")
    code, out, err = computer(*command.split(), "1", "--project", str(computer.root))
    assert (code, out) == (1, "")
    assert "this copy changes and sends nothing any more" in err
    assert read_dispatch(project, 1) == before


def test_hand_over_is_not_in_the_copy(computer: Computer) -> None:
    computer.backup("--hand-over", "-o", "moved.tar")
    computer("db", "restore", "moved.tar", "there")
    project = open_project(computer.folder / "there")
    with open_desk(project) as desk, desk.database.reading() as connection:
        assert connection.execute(select(handovers)).all() == []


# --- restore --------------------------------------------------------------------------


def test_restore_gives_everything_back_private_where_it_was(computer: Computer) -> None:
    computer.backup("-o", "kept.tar")
    assert computer("db", "restore", "kept.tar", "there")[0] == 0
    there = computer.folder / "there"
    for name in ("subscribers/secret.key", "dkim/a.pem", "subscribers/newsletter.db"):
        assert (there / name).stat().st_mode & 0o777 == 0o600
    assert (there / "subscribers").stat().st_mode & 0o777 == 0o700
    page, kept = (root / "public/may/index.html" for root in (computer.root, there))
    assert kept.read_text() == page.read_text()
    assert int(kept.stat().st_mtime) == int(page.stat().st_mtime)
    listed = computer("subscribers", "list", "--project", str(there))[1]
    assert listed.startswith("anna@example.org\tmain\tactive")


def test_restore_without_a_folder_makes_one_by_the_name(computer: Computer) -> None:
    computer.backup("-o", "kept.tar")
    code, out, _ = computer("db", "restore", "kept.tar", "--json")
    assert (code, json.loads(out)) == (
        0,
        {
            "folder": str(computer.folder / "harbour-news"),
            "handed_over": False,
            "subscribers": 1,
            "unknown": 0,
            "dispatches": [],
        },
    )


def test_restore_of_an_open_dispatch_says_who_may_have_it(computer: Computer) -> None:
    computer.dispatch()
    computer.backup("-o", "kept.tar")
    code, out, _ = computer("db", "restore", "kept.tar", "there")
    assert (code, out.splitlines()[1:]) == (
        0,
        [
            "  subscribers  1",
            "It does not know what happened since: who left, who joined, what was "
            "sent. Let those who left leave again before you send: newsletter "
            "subscribers unsubscribe ADDRESS",
            "Dispatch 1 of may is paused.",
            "  1 may have it already. See who: newsletter status 1 --unknown",
            "  Only where you are sure that it was not sent since: newsletter resume 1 "
            "--unknown",
        ],
    )


def test_restore_after_a_hand_over_goes_on_where_it_was(computer: Computer) -> None:
    computer.dispatch()
    computer.backup("--hand-over", "-o", "moved.tar")
    code, out, _ = computer("db", "restore", "moved.tar", "there")
    assert (code, out.splitlines()[2:]) == (
        0,
        [
            "Dispatch 1 of may is paused.",
            "  1 are still to get it. Go on with: newsletter resume 1",
        ],
    )
    added = computer("subscribers", "add", "bert@example.org", "--project", "there")
    assert added[:2] == (0, "bert@example.org: added\n")


def test_restore_of_a_hand_over_of_long_ago_says_that_it_is_not_believed(
    computer: Computer,
) -> None:
    computer.dispatch()
    computer.backup("--hand-over", "-o", "moved.tar")
    with tarfile.open("moved.tar") as archive:
        about = json.load(archive.extractfile(MANIFEST))  # type: ignore[arg-type]
    about["made_at"] = "2023-02-14T09:30:00+00:00"
    rewrite(computer.folder / "moved.tar", {MANIFEST: json.dumps(about).encode()})
    code, out, _ = computer("db", "restore", "moved.tar", "there")
    told = out.splitlines()[2:]
    assert (code, told[0]) == (
        0,
        "The newsletter was handed over by this file more than a day ago. It may have "
        "been put back before, and sent from there: so it is taken for a copy like any "
        "other.",
    )
    assert told[1].startswith("It does not know what happened since: ")
    assert told[3].startswith("  1 may have it already. ")


def test_restore_over_a_folder_with_something_in_it_is_refused(
    computer: Computer,
) -> None:
    computer.backup("-o", "kept.tar")
    code, _, err = computer("db", "restore", "kept.tar", "news")
    assert (code, err) == (
        1,
        f"{computer.root}: there is something in this folder; nothing was changed. "
        "Name a new or empty folder, or move this one away first.\n",
    )


def rewrite(file: Path, changed: dict[str, bytes], *, without: str = "") -> None:
    """Change a backup as a bad disk, or somebody bad, would."""
    with tarfile.open(file) as archive:
        read = {
            entry.name: archive.extractfile(entry).read()  # type: ignore[union-attr]
            for entry in archive
        }
    with tarfile.open(file, "w") as archive:
        for name, data in {**read, **changed}.items():
            if name != without:
                entry = tarfile.TarInfo(name)
                entry.size = len(data)
                archive.addfile(entry, BytesIO(data))


@pytest.mark.parametrize(
    ("changed", "without", "said"),
    [
        (
            {"subscribers/secret.key": b"other"},
            "",
            "subscribers/secret.key in this backup is damaged or missing. Nothing was "
            "changed. Use another backup.",
        ),
        (
            {},
            "newsletter.toml",
            "newsletter.toml in this backup is damaged or missing. Nothing was "
            "changed. Use another backup.",
        ),
        (
            {},
            MANIFEST,
            "this is no backup of a newsletter, or not a whole one. Name a file that "
            "newsletter db backup wrote.",
        ),
        (
            {MANIFEST: b'{"format": 2, "version": "9.9"}'},
            "",
            "this backup was made by a newer version of newsletter (9.9). Install that "
            "version first: pip install --upgrade newsletter.",
        ),
    ],
    ids=["changed", "missing", "no manifest", "newer"],
)
def test_restore_of_a_damaged_backup_leaves_nothing(
    computer: Computer, changed: dict[str, bytes], without: str, said: str
) -> None:
    computer.backup("-o", "kept.tar")
    rewrite(computer.folder / "kept.tar", changed, without=without)
    code, _, err = computer("db", "restore", "kept.tar", "there")
    assert (code, err) == (3, f"kept.tar: {said}\n")
    assert not (computer.folder / "there").exists()


@pytest.mark.parametrize("name", ["../evil", "/evil", "a/../../evil", "..\\evil"])
def test_restore_never_writes_outside_of_its_folder(
    computer: Computer, name: str
) -> None:
    computer.backup("-o", "kept.tar")
    with tarfile.open("kept.tar") as archive:
        about = json.load(archive.extractfile(MANIFEST))  # type: ignore[arg-type]
    about["files"][name] = {"size": 4, "sha256": "x"}
    evil = {MANIFEST: json.dumps(about).encode(), name: b"evil"}
    rewrite(computer.folder / "kept.tar", evil)
    assert computer("db", "restore", "kept.tar", "there")[0] == 3
    assert not (computer.folder / "there").exists()
    assert not (computer.folder / "evil").exists()


def test_restore_of_something_else_is_refused(computer: Computer) -> None:
    code, _, err = computer("db", "restore", "news/newsletter.toml", "there")
    assert (code, err) == (
        3,
        "news/newsletter.toml: this is no backup of a newsletter, or not a whole one. "
        "Name a file that newsletter db backup wrote.\n",
    )


# --- upgrade --------------------------------------------------------------------------


def test_upgrade_of_what_is_up_to_date_says_so(computer: Computer) -> None:
    project = ["--project", str(computer.root)]
    revision = json.loads(computer("db", "upgrade", "--json", *project)[1])["revision"]
    assert computer("db", "upgrade", *project)[1] == (
        f"The database is up to date (revision {revision}).\n"
    )


def test_upgrade_of_an_older_database_names_the_copy_of_before(
    computer: Computer, tmp_path: Path
) -> None:
    older = tmp_path / "older"
    shutil.copytree(MIGRATIONS, older)
    *_, before, last = sorted((older / "versions").glob("r*.py"))
    last.unlink()
    database = computer.root / "subscribers/newsletter.db"
    database.unlink()
    open_database(URL, root=computer.root, migrations=older).close()
    code, out, _ = computer("db", "upgrade", "--project", str(computer.root))
    was, now = before.name[1:5], last.name[1:5]
    assert (code, out) == (
        0,
        f"The database went from revision {was} to {now}.\n"
        f"As it was before: subscribers/newsletter.db.backup-{was}\n",
    )
    assert database.with_name(f"newsletter.db.backup-{was}").exists()
