"""Debian's Postfix in a temporary folder: a real mail server that no mail leaves.

It needs an administrator, as Postfix does; where it or the rights are missing, the
tests are skipped with that reason. Only the master that was started here is ended.
"""

import os
import pwd
import shutil
import smtplib
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

import pytest
import trustme

HOST = "127.0.0.1"
#: Mailboxes belong to nobody, who is not root and has no other files.
_NOBODY = 65534
_DAEMONS = Path("/usr/lib/postfix/sbin")
_WAIT_SECONDS = 10.0

#: The letters of `example.org` go into Maildirs. Everybody at `late.example` is taken
#: at first and found to be unknown afterwards, as where one server stands before
#: another. Mails to `pipe.example` go into `newsletter inbox`. Whatever is for
#: elsewhere is refused.
_MAIN = """\
compatibility_level = 3.6
queue_directory = {root}/queue
data_directory = {root}/data
maillog_file = {root}/mail.log
maillog_file_prefixes = {root}
daemon_directory = {daemons}
command_directory = /usr/sbin
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = mx.example.test
mydestination =
mynetworks = 127.0.0.0/8
alias_maps =
alias_database =
local_transport = error:5.1.2 no mail for this machine
relay_domains = pipe.example
transport_maps = inline:{{pipe.example=newsletter:}}
newsletter_destination_recipient_limit = 1
default_transport = error:5.1.2 nothing leaves this machine
virtual_mailbox_domains = example.org late.example
virtual_mailbox_base = {root}/mail
virtual_mailbox_maps = inline:{{{mailboxes}}}
virtual_uid_maps = static:{nobody}
virtual_gid_maps = static:{nobody}
recipient_delimiter = +
smtpd_reject_unlisted_recipient = no
smtpd_recipient_restrictions = check_recipient_access inline:{{late.example=OK}},
  reject_unlisted_recipient, permit_mynetworks, reject
smtpd_tls_security_level = may
smtpd_tls_received_header = yes
smtpd_tls_chain_files = {root}/etc/chain.pem
smtp_dns_support_level = disabled
"""
_MASTER = """\
127.0.0.1:{port} inet n - n - - smtpd
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
proxymap unix - - n - - proxymap
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
error unix - - n - - error
retry unix - - n - - error
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
tlsmgr unix - - n 1000? 1 tlsmgr
postlog unix-dgram n - n - 1 postlogd
newsletter unix - n n - 1 pipe
  flags=DORq user=nobody argv={root}/etc/newsletter
"""
#: Nobody, as whom Postfix runs it, may not look into the homes where Python and the
#: project may lie here; so the test runs the command, and this hands mail and exit code
#: over.
_PIPE = """\
#!/bin/sh
cat > {root}/pipe/$$.part && mv {root}/pipe/$$.part {root}/pipe/$$.mail
while [ ! -f {root}/pipe/$$.code ]; do sleep 0.05; done
exit $(cat {root}/pipe/$$.code)
"""


@dataclass(frozen=True)
class Postfix:
    """A running server."""

    root: Path
    port: int
    #: File with the certificate that clients are to trust.
    authority: Path

    def mails(self, mailbox: str, *, count: int = 1) -> list[EmailMessage]:
        """Return what lies in a mailbox, as soon as there are *count* mails."""
        folder = self.root / "mail" / mailbox / "new"
        end = time.monotonic() + _WAIT_SECONDS
        while len(found := sorted(folder.glob("*"))) < count:
            if time.monotonic() > end:
                raise TimeoutError(f"{len(found)} mails for {mailbox}:\n{self.log()}")
            time.sleep(0.02)
        return [
            message_from_bytes(file.read_bytes(), policy=policy.default)
            for file in found
        ]

    def files(self, mailbox: str) -> list[bytes]:
        """Return the mails in a mailbox byte for byte."""
        folder = self.root / "mail" / mailbox / "new"
        return [file.read_bytes() for file in sorted(folder.glob("*"))]

    def log(self) -> str:
        """Return what the server wrote down."""
        return (self.root / "mail.log").read_text(errors="replace")

    def wait_for(self, words: str) -> None:
        """Wait until the server has written that down."""
        end = time.monotonic() + 3 * _WAIT_SECONDS
        while words not in self.log():
            if time.monotonic() > end:
                raise TimeoutError(f"no {words!r} in:\n{self.log()}")
            time.sleep(0.05)

    @contextmanager
    def piping(self, take: Callable[[bytes], int]) -> Iterator[None]:
        """Give each mail for `pipe.example` to *take*, and Postfix its exit code."""
        is_over = threading.Event()

        def serve() -> None:
            while not is_over.wait(0.05):
                for mail in sorted((self.root / "pipe").glob("*.mail")):
                    code = take(mail.read_bytes())
                    mail.unlink()
                    part = mail.with_suffix(".new")
                    part.write_text(str(code))
                    part.rename(mail.with_suffix(".code"))

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield
        finally:
            is_over.set()
            thread.join()

    def empty(self) -> None:
        """Take everything out of the mailboxes."""
        shutil.rmtree(self.root / "mail")
        _make(self.root / "mail", _NOBODY)


@pytest.fixture(scope="module")
def running_postfix() -> Iterator[Postfix]:
    postfix = shutil.which("postfix")
    if postfix is None or not (_DAEMONS / "master").exists():
        pytest.skip("Postfix is not installed (apt-get install postfix)")
    if os.geteuid() != 0:
        pytest.skip("Postfix wants to be started by root")
    # Not in the folder of the tests: others may not look into that one.
    with tempfile.TemporaryDirectory(prefix="postfix-") as name:
        root = Path(name)
        root.chmod(0o755)
        server = _configure(root)
        etc = str(root / "etc")
        subprocess.run(
            [postfix, "-c", etc, "check"], check=True, capture_output=True, timeout=60
        )
        # Our own child in the foreground, so that its end is the end of all of it.
        master = subprocess.Popen(
            [_DAEMONS / "master", "-c", etc, "-d"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            # It ends the processes of its group, which must be its own.
            start_new_session=True,
        )
        try:
            _wait_until_ready(server, master)
            yield server
        finally:
            master.terminate()
            master.wait(timeout=_WAIT_SECONDS)


@pytest.fixture
def postfix(running_postfix: Postfix) -> Postfix:
    """Give the server, with empty mailboxes."""
    running_postfix.empty()
    return running_postfix


def _configure(root: Path) -> Postfix:
    for name in ("etc", "queue"):
        _make(root / name, 0)
    _make(root / "data", pwd.getpwnam("postfix").pw_uid)
    _make(root / "mail", _NOBODY)
    authority = trustme.CA()
    certificate = authority.issue_cert(HOST)
    certificate.private_key_and_cert_chain_pem.write_to_path(
        str(root / "etc/chain.pem")
    )
    (root / "etc/chain.pem").chmod(0o600)
    authority.cert_pem.write_to_path(str(root / "authority.pem"))
    names = ("anna", "bob", "bounces", *(f"p{number:03}" for number in range(50)))
    mailboxes = ", ".join(f"{{{name}@example.org = {name}/}}" for name in names)
    with socket.socket() as free:
        free.bind((HOST, 0))
        port = free.getsockname()[1]
    main = _MAIN.format(
        root=root, daemons=_DAEMONS, mailboxes=mailboxes, nobody=_NOBODY
    )
    (root / "etc/main.cf").write_text(main)
    (root / "etc/master.cf").write_text(_MASTER.format(port=port, root=root))
    pipe = root / "etc" / "newsletter"
    pipe.write_text(_PIPE.format(root=root))
    pipe.chmod(0o755)
    _make(root / "pipe", _NOBODY)
    return Postfix(root, port, root / "authority.pem")


def _make(folder: Path, owner: int) -> None:
    folder.mkdir()
    os.chown(folder, owner, -1)


def _wait_until_ready(server: Postfix, master: "subprocess.Popen[bytes]") -> None:
    end = time.monotonic() + _WAIT_SECONDS
    while True:
        try:
            with smtplib.SMTP(HOST, server.port, timeout=_WAIT_SECONDS):
                return
        except OSError:
            if master.poll() is not None or time.monotonic() > end:
                raise
            time.sleep(0.02)
