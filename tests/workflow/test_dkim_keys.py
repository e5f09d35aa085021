"""Keys on disk: made once, private, and told apart from what is no key."""

import stat
from dataclasses import replace
from pathlib import Path

import pytest

from newsletter.errors import NewsletterError
from newsletter.model.settings import DkimSettings, NewsletterSettings, Settings
from newsletter.settings.judge import judge_settings
from newsletter.workflow.dkim_keys import make_key, open_signers, read_record
from newsletter.workflow.project import Project

NEWS = DkimSettings("example.org", "news", "subscribers/dkim-news.key")


def project(root: Path, *dkim: DkimSettings) -> Project:
    newsletter = NewsletterSettings("Doorways", "Doorways <letter@example.org>")
    return Project(root, Settings(newsletter, dkim=dkim))


def with_lines(root: Path, lines: str) -> Project:
    """Return the project as it is when the editor has added *lines*."""
    text = '[newsletter]\nname = "N"\nsender = "letter@example.org"\n'
    settings, problems = judge_settings(f"{text}{lines}\n", "n.toml")
    assert problems == []
    assert settings is not None
    return Project(root, settings)


def test_make_key_makes_a_private_file_that_signs(tmp_path: Path) -> None:
    made = make_key(project(tmp_path), "News")
    assert made.path == tmp_path / "subscribers" / "dkim-news.key"
    assert stat.S_IMODE(made.path.stat().st_mode) == 0o600
    assert stat.S_IMODE(made.path.parent.stat().st_mode) == 0o700
    assert list(made.path.parent.iterdir()) == [made.path]
    assert made.dns_name == "news._domainkey.example.org"
    assert made.dns_value.startswith("v=DKIM1; k=rsa; p=MIIBIjANBgkqhkiG9w0BAQEF")
    assert made.settings_lines == (
        '[dkim]\ndomain = "example.org"\nselector = "news"\n'
        'key = "subscribers/dkim-news.key"'
    )
    after = with_lines(tmp_path, made.settings_lines)
    (signer,) = open_signers(after)
    assert (signer.domain, signer.selector) == ("example.org", "news")
    assert read_record(after, NEWS) == (made.dns_name, made.dns_value)


def test_make_key_beside_another_gives_lines_for_two(tmp_path: Path) -> None:
    made = make_key(project(tmp_path, NEWS), "news-ed", "ed25519")
    assert made.dns_value.startswith("v=DKIM1; k=ed25519; p=")
    assert len(made.dns_value) == len("v=DKIM1; k=ed25519; p=") + 44
    assert made.settings_lines.splitlines() == [
        "[[dkim]]",
        'domain = "example.org"',
        'selector = "news-ed"',
        'key = "subscribers/dkim-news-ed.key"',
        'algorithm = "ed25519"',
    ]
    assert len(open_signers(with_lines(tmp_path, made.settings_lines))) == 1


def test_make_key_that_the_settings_name_goes_where_they_say(tmp_path: Path) -> None:
    key = tmp_path / "elsewhere" / "own.key"
    table = DkimSettings("mail.example.org", "a.b", str(key), "ed25519")
    made = make_key(project(tmp_path, table), "A.b")
    assert made.path == key
    assert made.dns_name == "a.b._domainkey.mail.example.org"
    assert made.settings_lines == ""
    assert open_signers(project(tmp_path, table))[0].algorithm == "ed25519"


def test_make_key_leaves_a_key_that_is_there_alone(tmp_path: Path) -> None:
    made = make_key(project(tmp_path), "news")
    before = made.path.read_bytes()
    with pytest.raises(NewsletterError) as caught:
        make_key(project(tmp_path), "news")
    assert str(caught.value) == (
        f"the DKIM key {made.path} is there already; it stays as it is. "
        "Take another name for a new key."
    )
    assert made.path.read_bytes() == before
    assert list(made.path.parent.iterdir()) == [made.path]


@pytest.mark.parametrize("selector", ["", "a b", "-a", "a..b", "../../x", 'a"'])
def test_make_key_with_what_is_no_name_is_refused(
    tmp_path: Path, selector: str
) -> None:
    with pytest.raises(NewsletterError) as caught:
        make_key(project(tmp_path), selector)
    assert str(caught.value) == (
        f'"{selector}" cannot name a key: use letters, digits and hyphens.'
    )
    assert list(tmp_path.iterdir()) == []


def test_make_key_that_cannot_be_written_says_why(tmp_path: Path) -> None:
    (tmp_path / "subscribers").write_text("")
    with pytest.raises(NewsletterError) as caught:
        make_key(project(tmp_path), "news")
    assert str(caught.value) == (
        f"the DKIM key {tmp_path}/subscribers/dkim-news.key cannot be written: "
        "Not a directory. Check that the disk is not full or read-only, and who owns "
        "the folder."
    )


def test_key_that_is_missing_is_told_with_the_command_that_makes_it(
    tmp_path: Path,
) -> None:
    with pytest.raises(NewsletterError) as caught:
        open_signers(project(tmp_path, NEWS))
    assert str(caught.value) == (
        f"the DKIM key {tmp_path}/subscribers/dkim-news.key cannot be read: "
        "No such file or directory. "
        "Make it with: newsletter doctor --make-dkim-key news"
    )


def test_key_that_others_can_read_is_refused(tmp_path: Path) -> None:
    path = make_key(project(tmp_path), "news").path
    path.chmod(0o640)
    with pytest.raises(NewsletterError) as caught:
        open_signers(project(tmp_path, NEWS))
    assert str(caught.value) == (
        f"the DKIM key {path} can be read by other users here. Run: chmod 600 '{path}'"
    )


def test_key_of_the_other_kind_is_refused(tmp_path: Path) -> None:
    path = make_key(project(tmp_path), "news").path
    with pytest.raises(NewsletterError) as caught:
        open_signers(project(tmp_path, replace(NEWS, algorithm="ed25519")))
    assert str(caught.value) == (
        f"the DKIM key {path} cannot be used: it holds an RSA key, but "
        'algorithm = "ed25519". Name the right file in [dkim], or make a new key under '
        "a new name: newsletter doctor --make-dkim-key NAME"
    )


def test_project_without_dkim_has_no_signers(tmp_path: Path) -> None:
    assert open_signers(project(tmp_path)) == ()
