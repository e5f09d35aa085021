"""A mailbox by IMAP, against a server on loopback."""

import ssl
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
import trustme

from newsletter.errors import OperationError
from newsletter.model.settings import InboxSettings
from newsletter.testing.imap_server import Folder, ImapServer
from newsletter.workflow.mailboxes import MOST_BYTES, Fetched
from newsletter.workflow.mailboxes.imap import Mailbox, open_imap, try_login

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
PASSWORD = "mårker-7Kq"
USERS = {"letter": PASSWORD}

Start = Callable[..., tuple[ImapServer, Mailbox]]


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def start(authority: trustme.CA) -> Iterator[Start]:
    """Start servers, with mailboxes that trust their certificate."""
    certificate = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(certificate)
    trusted = ssl.create_default_context()
    authority.configure_trust(trusted)
    with ExitStack() as stack:

        def start(security: str = "tls", **options: Any) -> tuple[ImapServer, Mailbox]:
            given: Any = {"security": security, "users": USERS} | options
            server = stack.enter_context(ImapServer(certificate=certificate, **given))
            inbox = InboxSettings(
                "127.0.0.1", server.port, "letter", security=given["security"]
            )
            return server, Mailbox(inbox, PASSWORD, tls=trusted)

        yield start


def look(
    mailbox: Mailbox, mark: str = "", *, is_done: bool = True, dry: bool = False
) -> list[Fetched]:
    """Read everything, and put all of it away or nothing."""
    found = []
    with open_imap(mailbox, mark=mark, now=NOW, is_read_only=dry) as source:
        for fetched in source.mails():
            source.settle(fetched, is_done=is_done)
            found.append(fetched)
    return found


def fill(server: ImapServer, count: int = 3) -> None:
    for number in range(count):
        server.inbox.add(b"Subject: %d\r\n\r\nHello.\r\n" % number)


def flags(folder: Folder) -> list[set[str]]:
    return [mail.flags for mail in folder.mails]


@pytest.mark.parametrize("security", ["tls", "starttls"])
def test_mails_are_read_and_marked_as_read(start: Start, security: str) -> None:
    server, mailbox = start(security)
    fill(server)
    found = look(mailbox)
    assert [one.data for one in found] == [mail.data for mail in server.inbox.mails]
    assert [one.name for one in found] == [f"imap:INBOX/{n}" for n in (1, 2, 3)]
    assert found[-1].mark == "1:3"
    assert flags(server.inbox) == [{"\\Seen"}] * 3


def test_mails_for_a_person_stay_unread(start: Start) -> None:
    server, mailbox = start()
    fill(server)
    assert len(look(mailbox, is_done=False)) == 3
    assert flags(server.inbox) == [set()] * 3


def test_second_look_reads_what_is_new(start: Start) -> None:
    server, mailbox = start()
    fill(server)
    mark = look(mailbox)[-1].mark
    assert look(mailbox, mark) == []
    server.inbox.add(b"Subject: new\r\n\r\n")
    assert [one.mark for one in look(mailbox, mark)] == ["1:4"]


def test_folder_made_anew_is_read_from_its_beginning(start: Start) -> None:
    server, mailbox = start()
    fill(server)
    server.inbox.uid_validity = 2
    assert [one.mark for one in look(mailbox, "1:3")] == ["2:1", "2:2", "2:3"]


def test_first_look_asks_for_the_last_weeks_only(start: Start) -> None:
    server, mailbox = start()
    fill(server, 1)
    look(mailbox)
    assert "UID SEARCH 1:1 UID 1:* UNDELETED SINCE 29-Jan-2026" in server.commands
    look(mailbox, "1:7")
    assert "UID SEARCH 1:1 UID 8:* UNDELETED" in server.commands


def test_folder_of_200_000_mails_is_read_from_its_first_to_its_last(
    start: Start,
) -> None:
    server, mailbox = start()
    # Numbers of ten digits: an answer to one question would have 2.2 MB.
    server.inbox.next_uid = 4_000_000_000
    fill(server, 200_000)
    with open_imap(mailbox, mark="", now=NOW) as source:
        first = next(iter(source.mails()))
    assert first.name == "imap:INBOX/4000000000"
    assert [it.split()[2] for it in server.commands if it.startswith("UID SEARCH")] == [
        "150001:200000",
        "100001:150000",
        "50001:100000",
        "1:50000",
    ]
    last = look(mailbox, "1:4000199998")
    assert [one.name for one in last] == ["imap:INBOX/4000199999"]


def test_empty_folder_is_asked_for_nothing(start: Start) -> None:
    server, mailbox = start()
    assert look(mailbox) == []
    assert [it for it in server.commands if "SEARCH" in it] == []


@pytest.mark.parametrize("offers", [("MOVE", "UIDPLUS"), ("UIDPLUS",)])
def test_done_mails_are_moved(start: Start, offers: tuple[str, ...]) -> None:
    server, mailbox = start(offers=offers)
    mailbox = replace(mailbox, inbox=replace(mailbox.inbox, done="Nieuws & été"))
    fill(server)
    look(mailbox)
    # RFC 3501, section 5.1.3.
    done = server.folders["Nieuws &- &AOk-t&AOk-"]
    assert [mail.data for mail in done.mails] == [
        b"Subject: %d\r\n\r\nHello.\r\n" % number for number in range(3)
    ]
    assert server.inbox.mails == []


def test_what_others_deleted_is_not_thrown_away(start: Start) -> None:
    server, mailbox = start(offers=())
    mailbox = replace(mailbox, inbox=replace(mailbox.inbox, done="Done"))
    server.inbox.add(b"kept", "\\Deleted")
    fill(server, 1)
    assert len(look(mailbox)) == 1
    assert flags(server.inbox) == [{"\\Deleted"}, {"\\Seen", "\\Deleted"}]
    assert len(server.folders["Done"].mails) == 1


def test_dry_run_opens_the_folder_to_read_alone(start: Start) -> None:
    server, mailbox = start()
    fill(server)
    assert len(look(mailbox, dry=True)) == 3
    assert flags(server.inbox) == [set()] * 3
    assert "EXAMINE INBOX" in server.commands


def test_of_a_huge_mail_the_beginning_is_read(start: Start) -> None:
    server, mailbox = start()
    server.inbox.add(b"x" * (MOST_BYTES + 1000))
    assert [len(one.data) for one in look(mailbox)] == [MOST_BYTES]


def test_server_that_knows_us_needs_no_login(start: Start) -> None:
    server, mailbox = start("none", is_open=True)
    fill(server, 1)
    assert len(look(mailbox)) == 1


# --- refused --------------------------------------------------------------------------


def refused(mailbox: Mailbox) -> str:
    with pytest.raises(OperationError) as caught:
        look(mailbox)
    assert PASSWORD not in str(caught.value)
    return str(caught.value)


def test_wrong_password_is_told_and_not_repeated(start: Start) -> None:
    server, mailbox = start(users={"letter": "another"})
    assert refused(mailbox) == (
        f"the mailbox at 127.0.0.1:{server.port} does not take this password for "
        "letter. It said: [AUTHENTICATIONFAILED] Authentication failed. Store another "
        "one with: newsletter login --inbox"
    )


def test_password_never_travels_in_clear_text(start: Start) -> None:
    server, mailbox = start("none")
    assert refused(mailbox) == (
        f"the mailbox at 127.0.0.1:{server.port} wants a login, and a password never "
        'travels in clear text. Write security = "tls" or "starttls" under [inbox].'
    )
    assert server.commands == ["CAPABILITY", "LOGOUT"]


def test_removed_starttls_ends_it(start: Start) -> None:
    server, mailbox = start("none")
    mailbox = replace(mailbox, inbox=replace(mailbox.inbox, security="starttls"))
    assert refused(mailbox) == (
        f"the mailbox at 127.0.0.1:{server.port} offers no STARTTLS, so the password "
        'stays here. Try security = "tls" under [inbox].'
    )
    assert server.commands == ["CAPABILITY"]


def test_strange_certificate_gets_no_password(start: Start) -> None:
    server, mailbox = start()
    assert refused(replace(mailbox, tls=None)) == (
        f"the certificate of 127.0.0.1:{server.port} is not good: unable to get local "
        "issuer certificate. Nothing was read, and no password sent. Check the host "
        "under [inbox]."
    )
    assert server.commands == []


def test_missing_folder_is_told(start: Start) -> None:
    server, mailbox = start()
    mailbox = replace(mailbox, inbox=replace(mailbox.inbox, folder="Bounces"))
    assert refused(mailbox) == (
        f'there is no folder "Bounces" in the mailbox at 127.0.0.1:{server.port}. Name '
        "another one under [inbox]. There are: INBOX."
    )


def test_server_that_hangs_up_keeps_what_was_read(start: Start) -> None:
    server, mailbox = start(hangs_up_at={"UID FETCH": 3})
    fill(server)
    said = refused(mailbox)
    assert flags(server.inbox) == [{"\\Seen"}, {"\\Seen"}, set()]
    assert said.startswith(f"the mailbox at 127.0.0.1:{server.port} ")
    assert said.endswith(" What was read before is counted; try again later.")


@pytest.mark.parametrize("command", ["UID SEARCH", "UID FETCH", "UID STORE"])
def test_server_that_says_no_is_quoted(start: Start, command: str) -> None:
    server, mailbox = start(refuses={command: "NO [INUSE] busy now"})
    fill(server)
    assert refused(mailbox) == (
        f"the mailbox at 127.0.0.1:{server.port} failed: [INUSE] busy now. What was "
        "read before is counted; try again later."
    )


def test_folder_that_cannot_be_made_is_told(start: Start) -> None:
    no = "NO [CANNOT] not here"
    server, mailbox = start(refuses={"CREATE": no, "UID MOVE": no})
    mailbox = replace(mailbox, inbox=replace(mailbox.inbox, done="Done"))
    fill(server)
    assert refused(mailbox) == (
        f'mails cannot be moved to the folder "Done" at 127.0.0.1:{server.port}. Some '
        'servers want another name, such as done = "INBOX.Done".'
    )
    assert flags(server.inbox) == [set()] * 3


def test_nobody_listens(start: Start) -> None:
    _, mailbox = start()
    mailbox = replace(mailbox, inbox=replace(mailbox.inbox, port=1))
    assert refused(mailbox) == (
        "the mailbox at 127.0.0.1:1 cannot be reached: Connection refused. What was "
        "read before is counted; try again later."
    )


def test_try_login_logs_in_and_out(start: Start) -> None:
    server, mailbox = start()
    try_login(mailbox)
    assert server.commands == ["CAPABILITY", "AUTHENTICATE", "LOGOUT"]


@pytest.mark.parametrize(
    ("command", "line"),
    [
        ("UID SEARCH", b"* SEARCH one two"),
        ("CAPABILITY", b"* CAPABILITY IMAP4rev1 \xff"),
        ("SELECT", b"* OK [UIDVALIDITY \xff] here"),
        ("UID FETCH", b"* 1 FETCH (BODY[] {99999999999999999999}"),
    ],
)
def test_server_that_talks_nonsense_is_told_as_its_failure(
    start: Start, command: str, line: bytes
) -> None:
    server, mailbox = start(lies={command: line})
    fill(server)
    with pytest.raises(OperationError) as caught:
        look(mailbox)
    assert str(caught.value) == (
        f"the mailbox at 127.0.0.1:{server.port} answered what is no IMAP. "
        "What was read before is counted; try again later."
    )
