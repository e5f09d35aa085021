"""The process that sends: one at a time, with signals that end it in good order."""

import asyncio
import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime

from newsletter.delivery.dispatcher import run
from newsletter.delivery.pace import Pace
from newsletter.delivery.schedule import Patience
from newsletter.delivery.send_batch import Desk
from newsletter.delivery.stop import Stop
from newsletter.delivery.transports import Transport
from newsletter.delivery.transports.smtp import Account, SmtpTransport
from newsletter.delivery.trouble import Trouble, why
from newsletter.errors import OperationError
from newsletter.messages.compile import load_compiled
from newsletter.model.delivery import DeliveryState, DispatchState
from newsletter.model.dispatch import Dispatch, Halt
from newsletter.model.message import CompiledMessage
from newsletter.model.outcome import Outcome
from newsletter.store.contents import load_content
from newsletter.store.database import Database, open_database
from newsletter.store.dispatches import finish_dispatch, recover
from newsletter.store.instants import to_millis
from newsletter.store.keys import open_keyring
from newsletter.store.ledger_thread import LedgerThread
from newsletter.store.people import read_list_ids
from newsletter.store.sender_lock import lock_path, sender_lock
from newsletter.tokens import Keyring
from newsletter.workflow.letters import Seal, dispatch_writer, open_seal
from newsletter.workflow.project import Project
from newsletter.workflow.server import useful_connections
from newsletter.workflow.unsubscribe import ANY_LIST_ID

#: Why a dispatch is interrupted when somebody stopped it in good order.
STOPPED = "stopped at the keyboard"


@dataclass(frozen=True, slots=True)
class Watch:
    """What a face wants to be told while a dispatch runs."""

    #: The dispatch as it is before the first mail.
    on_begin: Callable[[Dispatch], None] = lambda _: None
    #: A delivery went from one state to another; never called for `ATTEMPTING`.
    on_outcome: Callable[[DeliveryState, DeliveryState], None] = lambda *_: None
    #: What hinders us; called again only when it is something else.
    on_trouble: Callable[[str], None] = lambda _: None
    #: The dispatch waits: why, and until when if that is known. An empty reason: it
    #: goes on.
    on_wait: Callable[[str, datetime | None], None] = lambda *_: None
    #: Somebody asked us to stop; what is under way comes to its end.
    on_stop: Callable[[], None] = lambda: None
    #: How long what may pass is waited for.
    patience: Patience = field(default_factory=Patience)


@dataclass(frozen=True, slots=True)
class Sender:
    """The right to send for a project: the lock is held."""

    project: Project
    database: Database
    keyring: Keyring
    account: Account
    #: Signs the mails, and says where they come back to.
    seal: Seal


@contextmanager
def become_sender(project: Project, account: Account) -> Iterator[Sender]:
    """Hold the sender's lock; what earlier senders left unfinished is written down.

    Raises:
        OperationError: Another process sends, or database or DKIM key cannot be used.
    """
    url, root = project.settings.database_url, project.root
    seal = open_seal(project)
    with (
        open_database(url, root=root) as database,
        sender_lock(lock_path(database.path)),
    ):
        with database.writing() as connection:
            recover(connection, now=datetime.now(UTC))
        keyring = open_keyring(database, root=root)
        yield Sender(project, database, keyring, account, seal)


def run_dispatch(sender: Sender, dispatch: Dispatch, watch: Watch) -> Dispatch:
    """Send what is due of a running dispatch, and write down how it ended.

    Ctrl-C (or a closed terminal) ends it when the messages under way are answered; a
    second one hangs up on them, and their fate is unknown.

    Raises:
        OperationError: The disk failed; nothing more was sent.
    """
    compiled = _frozen_content(sender.database, dispatch)
    try:
        halt = asyncio.run(_run(sender, dispatch, compiled, watch))
    except OperationError as error:
        advice = f"{error.advice} Go on with: newsletter resume {dispatch.id}"
        raise OperationError(error.message, advice.lstrip()) from error
    with sender.database.writing() as connection:
        return finish_dispatch(connection, dispatch.id, halt, now=datetime.now(UTC))


async def _run(
    sender: Sender, dispatch: Dispatch, compiled: CompiledMessage, watch: Watch
) -> Halt | None:
    owner = f"{socket.gethostname()}:{os.getpid()}"
    ledger = LedgerThread(sender.database, owner=owner, clock=_now)
    server = sender.account.server
    connections = useful_connections(server)
    stop = Stop()
    desk = Desk(
        ledger=ledger,
        write=dispatch_writer(
            compiled,
            sender.keyring,
            list_id=_list_id(sender.database, dispatch),
            clock=_now,
            seal=sender.seal,
        ),
        pace=Pace(server.limits, store=ledger, clock=lambda: to_millis(_now())),
        stop=stop,
        trouble=Trouble(connections, watch.patience),
        clock=_now,
        on_outcome=watch.on_outcome,
        on_trouble=_once_each(watch.on_trouble),
    )
    lines: list[Transport] = []
    try:
        with _signals(stop, lines, watch):
            return await run(
                dispatch.id,
                desk=desk,
                connect=lambda: SmtpTransport(sender.account),
                connections=connections,
                on_start=lines.extend,
            )
    finally:
        ledger.close()


@contextmanager
def _signals(stop: Stop, lines: Sequence[Transport], watch: Watch) -> Iterator[None]:
    """Turn Ctrl-C, a closed terminal and a polite kill into the wish to stop."""

    def ask() -> None:
        if stop.is_set:
            for line in lines:
                line.abort()
            return
        stop.request(Halt(DispatchState.INTERRUPTED, STOPPED))
        watch.on_stop()

    names = ("SIGINT", "SIGTERM", "SIGHUP")
    numbers = [getattr(signal, name) for name in names if hasattr(signal, name)]
    if threading.current_thread() is not threading.main_thread():
        numbers = []
    loop = asyncio.get_running_loop()
    # Windows has no such handlers: there Ctrl-C ends the process, as kill does.
    with suppress(NotImplementedError):
        for number in numbers:
            loop.add_signal_handler(number, ask)
    try:
        yield
    finally:
        with suppress(NotImplementedError):
            for number in numbers:
                loop.remove_signal_handler(number)


def _once_each(tell: Callable[[str], None]) -> Callable[[Outcome], None]:
    """Return a function that tells a reason when it is not the one told last."""
    last = ""

    def note(outcome: Outcome) -> None:
        nonlocal last
        reason = why(outcome)
        if reason != last:
            last = reason
            tell(reason)

    return note


def _frozen_content(database: Database, dispatch: Dispatch) -> CompiledMessage:
    with database.reading() as connection:
        content = load_content(connection, dispatch.content_hash)
    if content is None:
        raise OperationError(
            f"the content of dispatch {dispatch.id} is not in the database any more.",
            f"End it with: newsletter cancel {dispatch.id}",
        )
    return load_compiled(content.compiled, content_hash=dispatch.content_hash)


def _list_id(database: Database, dispatch: Dispatch) -> int:
    """Return what an unsubscribe link leaves: the list, or all if there are several."""
    if len(dispatch.lists) != 1:
        return ANY_LIST_ID
    with database.reading() as connection:
        return read_list_ids(connection)[dispatch.lists[0]]


def _now() -> datetime:
    return datetime.now(UTC)
