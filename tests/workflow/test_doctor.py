"""The whole examination, against servers on loopback."""

import time
from collections.abc import Sequence
from pathlib import Path

import pytest
from dns.asyncresolver import Resolver
from dns.nameserver import Do53Nameserver

from newsletter.model.diagnosis import Diagnosis, Subject
from newsletter.model.settings import NewsletterSettings, Settings
from newsletter.testing.smtp_server import Fault, SmtpServer
from newsletter.workflow.describe_sending import (
    describe_sending,
    envelope_sender,
    leaving_mailbox,
)
from newsletter.workflow.desk import open_desk
from newsletter.workflow.dkim_keys import make_key
from newsletter.workflow.doctor import Examination, examine, key_line
from newsletter.workflow.project import Project, open_project

SETTINGS = """\
[newsletter]
name = "Letter"
sender = "Letter <letter@bond.eu>"
reply_to = "office@bond.eu"
"""
SERVER = """
[[server]]
host = "127.0.0.1"
port = {port}
security = "none"
timeout_seconds = 2
"""


def project_at(root: Path, *lines: str) -> Project:
    root.mkdir(exist_ok=True)
    (root / "newsletter.toml").write_text(SETTINGS + "".join(lines))
    return open_project(root)


def lines_of(found: Sequence[Diagnosis], subject: Subject) -> list[str]:
    return [
        f"{one.severity.name.lower()}: {one.message}"
        for one in found
        if one.subject is subject
    ]


@pytest.fixture
def silent() -> Resolver:
    """Return a resolver whose name server is not there."""
    found = Resolver(configure=False)
    found.nameservers = [Do53Nameserver("127.0.0.1", 9)]
    found.timeout = 0.2
    return found


def test_each_server_is_visited(tmp_path: Path) -> None:
    refusing = SmtpServer([Fault("rcpt", reply="550 5.1.1 no such user")])
    with SmtpServer() as good, refusing:
        servers = (SERVER.format(port=one.port) for one in (good, refusing))
        found = examine(Examination(project_at(tmp_path, *servers), {}))
        ports = good.port, refusing.port
    offers = (
        "ok: it offers PIPELINING, 8BITMIME, SMTPUTF8, mails up to 52.4 MB; not DSN, "
        "CHUNKING."
    )
    answers = "answers, with no encryption, asks for no login."
    assert lines_of(found, Subject.SERVER) == [
        f"ok: 127.0.0.1:{ports[0]} {answers}",
        offers,
        "ok: it takes the sender, and mail to it; nothing was sent.",
        f"ok: 127.0.0.1:{ports[1]} {answers}",
        offers,
        f"warning: 127.0.0.1:{ports[1]} does not take mail to the sender's own "
        "address: it says 550 5.1.1 no such user",
    ]
    assert good.messages == refusing.messages == []


def test_password_that_is_not_there_is_told_of_its_server(tmp_path: Path) -> None:
    server = """
[server]
host = "mail.bond.eu"
port = 465
user = "letter"
password = "env:NEWSLETTER_SMTP_PASSWORD"
"""
    found = examine(Examination(project_at(tmp_path, server), {}))
    # Without name servers its host is not looked for.
    assert lines_of(found, Subject.SERVER) == []
    assert lines_of(found, Subject.NETWORK) == [
        "warning: no name server answers, so nothing beyond this computer was looked "
        "at: mail server, SPF, DKIM, DMARC, mailboxes, public pages."
    ]
    local = server.replace("mail.bond.eu", "127.0.0.1")
    found = examine(Examination(project_at(tmp_path, local), {}))
    assert lines_of(found, Subject.SERVER) == [
        "error: the password of the mail server is not set: "
        "NEWSLETTER_SMTP_PASSWORD is "
        "empty."
    ]


def test_name_server_that_never_answers_is_one_calm_line(
    tmp_path: Path, silent: Resolver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("newsletter.doctor.dns.QUESTION_SECONDS", 0.4)
    server = '\n[server]\nhost = "mail.bond.eu"\nport = 465\n'
    began = time.monotonic()
    found = examine(Examination(project_at(tmp_path, server), {}, resolver=silent))
    assert time.monotonic() - began < 5
    grave = [one for one in found if one.severity.name in ("WARNING", "ERROR")]
    assert [one.subject for one in grave] == [Subject.NETWORK]


def test_server_that_is_too_slow_holds_nobody_up(tmp_path: Path) -> None:
    # Each answer comes within its own time, all of them do not.
    faults = [Fault(step, delay_seconds=0.7) for step in ("ehlo", "mail", "rcpt")]
    with SmtpServer(faults) as server:
        project = project_at(tmp_path, SERVER.format(port=server.port))
        began = time.monotonic()
        found = examine(Examination(project, {}, deadline_seconds=1.5))
        assert time.monotonic() - began < 4
    assert lines_of(found, Subject.SERVER) == [
        f"warning: 127.0.0.1:{server.port} is so slow that it was not looked at to the "
        "end."
    ]


def test_pages_are_not_tried_before_there_is_a_database(tmp_path: Path) -> None:
    url = 'base_url = "http://127.0.0.1:9"\n'
    found = examine(Examination(project_at(tmp_path, url), {}))
    assert lines_of(found, Subject.PAGES) == [
        "info: http://127.0.0.1:9 was not tried: that takes a database and keys in "
        "order."
    ]
    # To look makes nothing.
    assert [one.name for one in tmp_path.iterdir()] == ["newsletter.toml"]


def test_pages_that_do_not_answer_are_an_error(tmp_path: Path) -> None:
    project = project_at(tmp_path, 'base_url = "http://127.0.0.1:9"\n')
    with open_desk(project):
        pass
    assert lines_of(examine(Examination(project, {})), Subject.PAGES) == [
        "error: the public pages at http://127.0.0.1:9 could not be reached: "
        "Connection "
        "refused."
    ]


def test_key_file_that_is_gone_is_an_error(tmp_path: Path) -> None:
    project = project_at(tmp_path)
    with open_desk(project):
        pass
    key = tmp_path / "subscribers" / "secret.key"
    key.unlink()
    found = lines_of(examine(Examination(project, {})), Subject.COMPUTER)
    assert found[0] == f"error: the key file {key} is missing."


def test_offline_asks_nobody(tmp_path: Path) -> None:
    with SmtpServer() as server:
        project = project_at(tmp_path, SERVER.format(port=server.port))
        found = examine(Examination(project, {}, is_offline=True))
    assert server.recording.connections == 0
    assert lines_of(found, Subject.NETWORK) == [
        "info: nothing beyond this computer was looked at (--offline)."
    ]


def test_key_that_was_made_is_the_one_that_is_looked_for(tmp_path: Path) -> None:
    project = project_at(tmp_path)
    key = make_key(project, "news")
    assert key_line(key).startswith('    news._domainkey.bond.eu. IN TXT "v=DKIM1; k=')
    project = project_at(tmp_path, f"\n{key.settings_lines}\n")
    (signing,) = describe_sending(project).keys
    assert (signing.domain, signing.selector, signing.kind) == (
        "bond.eu",
        "news",
        "rsa",
    )
    assert key.dns_value == f"v=DKIM1; k=rsa; p={signing.public}"


def test_key_that_is_not_there_is_told_with_the_way_to_one(tmp_path: Path) -> None:
    table = """
[dkim]
domain = "bond.eu"
selector = "news"
key = "subscribers/news.key"
"""
    (signing,) = describe_sending(project_at(tmp_path, table)).keys
    assert signing.public == ""
    assert signing.trouble
    assert "--make-dkim-key news" in signing.advice


def sending_of(**values: str) -> NewsletterSettings:
    return NewsletterSettings("Letter", "Letter <letter@Bond.EU>", **values)  # type: ignore[arg-type]


def test_domains_come_from_the_addresses(tmp_path: Path) -> None:
    newsletter = sending_of(
        reply_to="Office <office@other.eu>",
        bounce_address="news+{token}@bounces.bond.eu",
        unsubscribe_address="leave+{token}@bond.eu",
    )
    found = describe_sending(Project(tmp_path, Settings(newsletter)))
    assert (found.author, found.envelope) == ("bond.eu", "bounces.bond.eu")
    assert found.mailboxes == (
        ("sender", "bond.eu"),
        ("reply_to", "other.eu"),
        ("bounce_address", "bounces.bond.eu"),
        ("unsubscribe_address", "bond.eu"),
    )


def test_mailbox_for_leaving_is_the_nearest() -> None:
    assert leaving_mailbox(sending_of()) == "letter@bond.eu"
    assert leaving_mailbox(sending_of(reply_to="o@x.eu")) == "o@x.eu"
    both = sending_of(reply_to="o@x.eu", unsubscribe_address="leave@x.eu")
    assert leaving_mailbox(both) == "leave@x.eu"
    assert envelope_sender(sending_of()) == "letter@bond.eu"
