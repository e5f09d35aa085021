"""Make a project folder: settings, a first issue, a sample list."""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import available_timezones

from newsletter.errors import OperationError, UsageError
from newsletter.settings.judge import judge_settings
from newsletter.shipped import shipped_folder
from newsletter.workflow.new import today_in
from newsletter.workflow.starters import starter_text

_SETTINGS = """\
# The settings of your newsletter. docs/settings.md explains every key.

[newsletter]
name = {name}
language = {language}
# The times of your events are those of this zone.
time_zone = {time_zone}
sender = {sender}
# reply_to = "office@example.org"
# Your postal address stands in the footer of every mail.
address = ""
# The closing lines of every issue.
about = ""
# The public address of `newsletter serve`. Without it readers leave by mail.
# base_url = "https://newsletter.example.org"

[template]
name = "bulletin"
accent = "#0b5cad"
# logo = "logo.png"

[fields.first_name]
type = "text"

[test]
# Where `newsletter test` sends to.
to = [{test_to}]

# Your mail provider tells you these. The password stays out of this file: give it to
# `newsletter login`.
# [server]
# host = "smtp.example.org"
# port = 465
# security = "tls"
# user = "letter@example.org"
# limits = ["200/hour"]
"""

_IGNORED = """\
/outbox/
/public/
/subscribers/*
# Lists of people belong in no repository, wherever they lie; nor do backups, and what
# was written for somebody who asked what you keep of them.
*.csv
*.xlsx
*.tar
dossiers/
!/subscribers/example.csv
"""


@dataclass(frozen=True, slots=True)
class NewProject:
    """What `init` asks for."""

    name: str
    #: ``Name <address>``.
    sender: str
    language: str
    time_zone: str


def own_time_zone(link: Path = Path("/etc/localtime")) -> str:
    """Return the time zone of this computer, or UTC where it does not say."""
    target = link.readlink().as_posix() if link.is_symlink() else ""
    name = target.partition("/zoneinfo/")[2].removeprefix("Etc/")
    return name if name in available_timezones() else "UTC"


def init_project(folder: Path, wanted: NewProject) -> list[Path]:
    """Make a project in *folder* and return the files written, in order.

    Raises:
        OperationError: There is a project already, or the folder cannot be written.
        UsageError: What is wanted cannot stand in newsletter.toml; nothing was made.
    """
    if (folder / "newsletter.toml").exists():
        raise OperationError(
            f"{folder}: there is a newsletter.toml already; nothing was changed.",
            "Choose another folder.",
        )
    text = _settings_text(wanted)
    _, problems = judge_settings(text, "newsletter.toml")
    if problems:
        raise UsageError(
            "\n".join(f"{found.message} {found.advice}".strip() for found in problems)
        )
    try:
        return _write_project(folder, wanted, text)
    except OSError as error:
        raise OperationError(
            f"{folder}: cannot write the project: {error.strerror}.",
            "Choose a folder you may write to.",
        ) from error


def _write_project(folder: Path, wanted: NewProject, text: str) -> list[Path]:
    for name, mode in (
        ("issues", 0o755),
        ("templates", 0o755),
        ("subscribers", 0o700),
    ):
        (folder / name).mkdir(parents=True, exist_ok=True, mode=mode)
    settings = folder / "newsletter.toml"
    settings.write_text(text, encoding="utf-8")
    today = today_in(wanted.time_zone)
    sample = shipped_folder() / "subscribers" / "example.csv"
    texts = {
        folder / "issues" / f"{today:%Y-%m}.md": starter_text(today, wanted.language),
        folder / "subscribers" / "example.csv": sample.read_text(encoding="utf-8"),
        folder / ".gitignore": _IGNORED,
    }
    return [settings, *_write_new(texts)]


def _write_new(texts: Mapping[Path, str]) -> Iterator[Path]:
    """Write files and yield their paths; what is there already is left as it is."""
    for path, text in texts.items():
        with suppress(FileExistsError), path.open("x", encoding="utf-8") as file:
            file.write(text)
            yield path


def _settings_text(wanted: NewProject) -> str:
    return _SETTINGS.format(
        name=_quoted(wanted.name),
        language=_quoted(wanted.language),
        time_zone=_quoted(wanted.time_zone),
        sender=_quoted(wanted.sender),
        test_to="",
    )


def _quoted(value: str) -> str:
    """Return *value* as a TOML basic string."""
    import tomlkit

    return tomlkit.string(value).as_string()
