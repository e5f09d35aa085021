from dataclasses import replace
from pathlib import Path

import pytest

from newsletter.errors import NewsletterError
from newsletter.model.settings import NewsletterSettings, ServerSettings, Settings
from newsletter.workflow.passwords import keep_password
from newsletter.workflow.project import Project
from newsletter.workflow.server import (
    open_account,
    open_spare_accounts,
    useful_connections,
)

SERVER = ServerSettings("smtp.example.org", 465, user="u")


def project(root: Path, server: ServerSettings | None) -> Project:
    newsletter = NewsletterSettings("Doorways", "Doorways <letter@Example.org>")
    return Project(root, Settings(newsletter, server=server))


def test_open_account_takes_the_password_from_the_environment(tmp_path: Path) -> None:
    server = replace(SERVER, password="env:SECRET")
    account = open_account(project(tmp_path, server), {"SECRET": "pä ss"})
    assert account.password == "pä ss"
    assert account.client_name == "example.org"


def test_open_account_takes_the_password_from_a_private_file(tmp_path: Path) -> None:
    path = tmp_path / "password"
    path.write_text("pä ss\n")
    path.chmod(0o600)
    server = replace(SERVER, password="file:password")
    assert open_account(project(tmp_path, server), {}).password == "pä ss"


@pytest.mark.parametrize("source", ["", "keyring"])
def test_open_account_takes_the_password_that_login_stored(
    tmp_path: Path, source: str
) -> None:
    environment = {"XDG_CONFIG_HOME": str(tmp_path / "config")}
    server = replace(SERVER, password=source)
    keep_password(server, "pä ss", environment)
    assert open_account(project(tmp_path, server), environment).password == "pä ss"


def test_open_account_without_a_user_needs_no_password(tmp_path: Path) -> None:
    server = replace(SERVER, user="")
    assert open_account(project(tmp_path, server), {}).password == ""


def test_open_account_does_not_show_the_password(tmp_path: Path) -> None:
    server = replace(SERVER, password="env:SECRET")
    account = open_account(project(tmp_path, server), {"SECRET": "geheim"})
    assert "geheim" not in repr(account)


def test_open_spare_accounts_gives_the_others_in_order(tmp_path: Path) -> None:
    first = project(tmp_path, SERVER)
    spare = tuple(ServerSettings(f"{name}.example.org", 465) for name in "ab")
    both = Project(tmp_path, replace(first.settings, spare_servers=spare))
    accounts = open_spare_accounts(both, {})
    assert [account.server.host for account in accounts] == [
        "a.example.org",
        "b.example.org",
    ]
    assert open_spare_accounts(first, {}) == ()


@pytest.mark.parametrize(
    ("password", "mode", "text", "said"),
    [
        (
            "env:SECRET",
            0,
            None,
            "the password of the mail server is not set: SECRET is empty. "
            "Set it in the environment: export SECRET=…",
        ),
        (
            "file:password",
            0,
            None,
            "the password file {path} cannot be read: No such file or directory. Put "
            "the password alone into it, or name another file under [server].",
        ),
        (
            "file:password",
            0o644,
            "p",
            "the password file {path} can be read by other users here. "
            "Run: chmod 600 '{path}'",
        ),
        (
            "file:password",
            0o600,
            "\n",
            "the password file {path} is empty. Put the password into it.",
        ),
        (
            "keyring",
            0,
            None,
            "the password of u at smtp.example.org:465 is not on this computer. "
            "Store it with: newsletter login",
        ),
        (
            "",
            0,
            None,
            "the password of u at smtp.example.org:465 is not on this computer. "
            "Store it with: newsletter login",
        ),
    ],
)
def test_open_account_without_a_usable_password_says_why(
    tmp_path: Path, password: str, mode: int, text: str | None, said: str
) -> None:
    path = tmp_path / "password"
    if text is not None:
        path.write_text(text)
        path.chmod(mode)
    server = replace(SERVER, password=password)
    with pytest.raises(NewsletterError) as caught:
        open_account(project(tmp_path, server), {})
    assert str(caught.value) == said.format(path=path)


def test_open_account_that_would_show_the_mail_to_the_network_is_refused(
    tmp_path: Path,
) -> None:
    server = ServerSettings("smtp.example.org", 25, security="none")
    with pytest.raises(NewsletterError) as caught:
        open_account(project(tmp_path, server), {})
    assert str(caught.value) == (
        "mail to smtp.example.org would travel in clear text: set security = "
        '"tls" or "starttls", or allow_clear_text = true if that network is yours. '
        "Nothing was sent."
    )


@pytest.mark.parametrize(
    ("limits", "connections"),
    [((), 4), (((200, 3600),), 1), (((20, 1),), 4), (((20, 1), (2000, 86400)), 4)],
)
def test_useful_connections_is_one_where_the_pace_is_slow(
    limits: tuple[tuple[int, int], ...], connections: int
) -> None:
    assert useful_connections(replace(SERVER, limits=limits)) == connections
