"""The command as people run it: every line of its output."""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click
import dns.resolver
import pytest
from dns.nameserver import Do53Nameserver

from newsletter.cli import run
from newsletter.cli.doctor import diagnosis_lines
from newsletter.model.diagnosis import Diagnosis, Health, Subject
from newsletter.testing.smtp_server import SmtpServer
from newsletter.web.app import public_app
from newsletter.workflow.desk import open_desk
from newsletter.workflow.project import open_project
from newsletter.workflow.serve import open_listener, serving

if TYPE_CHECKING:
    from tests.doctor.conftest import NameServer, Zone

SETTINGS = """\
[newsletter]
name = "Letter"
sender = "Letter <letter@bond.eu>"
reply_to = "office@bond.eu"
time_zone = "Europe/Amsterdam"
base_url = "{url}"

[server]
host = "127.0.0.1"
port = {port}
security = "none"
"""
ZONE = {
    " NS": ["a.root-servers.net"],
    "bond.eu MX": ["10 mail.bond.eu"],
    "bond.eu TXT": ["v=spf1 mx include:_spf.relay.eu ~all"],
    "_spf.relay.eu TXT": ["v=spf1 ip4:192.0.2.0/24 -all"],
    "mail.bond.eu A": ["192.0.2.25"],
    "_dmarc.bond.eu TXT": ["v=DMARC1; p=quarantine; pct=50"],
}


@pytest.fixture
def ask_here(
    serve_zone: "Callable[[Zone], NameServer]", monkeypatch: pytest.MonkeyPatch
) -> "NameServer":
    """Make a name server on loopback the one of this computer."""
    server = serve_zone(ZONE)

    def read(resolver: dns.resolver.BaseResolver, *_: object) -> None:
        resolver.nameservers = [Do53Nameserver(*server.place)]

    monkeypatch.setattr(dns.resolver.BaseResolver, "read_resolv_conf", read)
    return server


@pytest.fixture
def root(tmp_path: Path) -> Iterator[Path]:
    """Return a project with a mail server and public pages that run."""
    listener = open_listener("127.0.0.1", 0)
    folder = tmp_path / "project"
    folder.mkdir()
    with SmtpServer() as server:
        toml = SETTINGS.format(url=listener.url, port=server.port)
        (folder / "newsletter.toml").write_text(toml)
        project = open_project(folder)
        with open_desk(project) as desk, serving(public_app(project, desk), listener):
            yield folder


def unchanging(text: str) -> str:
    """Return output with what differs from run to run replaced."""
    text = re.sub(r"127\.0\.0\.1:\d+", "HERE", text)
    text = re.sub(r"it is \d\d:\d\d on \d+ \w+ \d{4}", "it is NOW", text)
    return re.sub(r"has [\d.]+ GB free", "has ROOM free", text)


OUTPUT = Path(__file__).with_name("whole_run.txt")


def test_run_with_all_in_place_reads_like_this(
    ask_here: "NameServer", root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["doctor", "--project", str(root)]) == 0
    output = capsys.readouterr()
    assert unchanging(output.out) == OUTPUT.read_text("utf-8")
    assert output.err == ""
    assert ask_here.asked


def test_strict_run_counts_the_warning(
    ask_here: "NameServer", root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["doctor", "--project", str(root), "--strict"]) == 1
    assert capsys.readouterr().out.endswith("\n1 warning.\n")


def test_json_is_one_object_of_the_promised_shape(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["doctor", "--project", str(root), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert set(found) == {"errors", "diagnoses"}
    assert found["errors"] == 0
    assert found["diagnoses"][3] == {
        "subject": "name servers",
        "severity": "warning",
        "message": "no name server answers, so nothing beyond this computer was looked "
        "at: mail server, SPF, DKIM, DMARC, mailboxes, public pages.",
        "advice": "Connect to the internet, and run newsletter doctor again.",
    }


def test_fresh_project_offline_is_short_and_calm(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "letter"
    assert run(["init", str(folder), "--sender", "Letter <letter@bond.eu>"]) == 0
    (folder / "subscribers" / "newsletter.db").unlink(missing_ok=True)
    capsys.readouterr()
    assert run(["doctor", "--project", str(folder), "--offline"]) == 1
    output = unchanging(capsys.readouterr().out)
    assert output.endswith("\n1 error.\n")
    assert [
        line[2:9].strip() for line in output.splitlines() if line[2:3].strip()
    ].count("error") == 1


def test_new_key_is_shown_with_its_record_and_settings(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["doctor", "--project", str(root), "--make-dkim-key", "news"]) == 0
    output = re.sub(r"p=[^\n]*", "p=…", capsys.readouterr().out)
    assert (
        output
        == """\
Made subscribers/dkim-news.key; keep a copy in a safe place.

Ask whoever runs the DNS to add:

    news._domainkey.bond.eu. IN TXT "v=DKIM1; k=rsa; p=…

When it is there, add to newsletter.toml:

    [dkim]
    domain = "bond.eu"
    selector = "news"
    key = "subscribers/dkim-news.key"

Then look whether the two fit: newsletter doctor
"""
    )


def test_new_key_in_json_has_no_private_part(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["doctor", "--project", str(root), "--make-dkim-key", "news", "--json"]
    assert run(arguments) == 0
    output = capsys.readouterr().out
    assert set(json.loads(output)) == {"file", "dns_name", "dns_value", "settings"}
    assert "PRIVATE" not in output


def test_narrow_terminal_wraps_words_and_never_records() -> None:
    record = (
        '    bond.eu. IN TXT "v=spf1 include:_spf.example.org include:b.example ~all"'
    )
    one = Diagnosis(
        Subject.SPF, Health.WARNING, " ".join(["word"] * 30), f"Write this:\n{record}"
    )
    lines = list(diagnosis_lines([one], columns=60))
    assert f"           {record}" in lines
    words = [click.unstyle(line) for line in lines if "IN TXT" not in line]
    assert max(map(len, words)) <= 60


def test_colours_are_for_terminals_alone(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(["doctor", "--project", str(root), "--offline"])
    assert "\x1b" not in capsys.readouterr().out
    one = Diagnosis(Subject.SPF, Health.ERROR, "It is gone.")
    assert "\x1b[31merror" in "".join(diagnosis_lines([one]))
