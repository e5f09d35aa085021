"""The process that sends: one at a time, with signals that end it in good order."""

import asyncio
import os
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime

from newsletter.delivery.bell import Bell
from newsletter.delivery.clock import RunClock, seconds_since_boot
from newsletter.delivery.desk import Desk
from newsletter.delivery.dispatcher import run
from newsletter.delivery.lane import Lane
from newsletter.delivery.loop import run as run_loop
from newsletter.delivery.pace import Brakes
from newsletter.delivery.pens import Pens
from newsletter.delivery.pulse import Pulse
from newsletter.delivery.route import Route
from newsletter.delivery.schedule import Patience
from newsletter.delivery.stop import Stop
from newsletter.delivery.transports.smtp import Account
from newsletter.delivery.trouble import Trouble
from newsletter.delivery.waits import Waits
from newsletter.errors import OperationError
from newsletter.messages.compile import load_compiled
from newsletter.model.delivery import Delivery, DeliveryState, DispatchState
from newsletter.model.dispatch import Dispatch, Halt
from newsletter.model.message import CompiledMessage, Message
from newsletter.store.contents import Content, load_content
from newsletter.store.database import Database, open_database
from newsletter.store.dispatches import finish_dispatch, recover
from newsletter.store.handovers import refuse_handed_over
from newsletter.store.keys import open_keyring
from newsletter.store.ledger_writer import LedgerWriter
from newsletter.store.people import read_list_ids
from newsletter.store.sender_lock import SenderLock, lock_path, sender_lock
from newsletter.tokens import Keyring
from newsletter.workflow.clerk import Instruction
from newsletter.workflow.clerks import are_worth_it, open_pens
from newsletter.workflow.desk import ANY_LIST_ID
from newsletter.workflow.dkim_keys import read_keys
from newsletter.workflow.due import HUNG_UP, KILLED, STOPPED, WORKER_STOPPED
from newsletter.workflow.letters import (
    MOST_LISTS_NAMED,
    Seal,
    dispatch_filler,
    dispatch_writer,
    open_seal,
)
from newsletter.workflow.outlets import brake_keys, open_outlets
from newsletter.workflow.project import Project
from newsletter.workflow.refusals import settle_refusals_of
from newsletter.workflow.switch import Switch

_BUSY = "another command is writing to the database"


@dataclass(frozen=True, slots=True)
class Watch:
    """What a face wants to be told while a dispatch runs."""

    #: The dispatch as it is before the first mail.
    on_begin: Callable[[Dispatch], None] = lambda _: None
    #: A delivery went from one state to another; never called for `ATTEMPTING`.
    on_outcome: Callable[[DeliveryState, DeliveryState], None] = lambda *_: None
    #: What hinders us; called again only when it is something else.
    on_trouble: Callable[[str], None] = lambda _: None
    #: Why it is slower than it could be; empty: it is so no more.
    on_slow: Callable[[str], None] = lambda _: None
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
    #: At the first mail server, and at the spare ones.
    accounts: Sequence[Account]
    #: Signs the mails, and says where they come back to.
    seal: Seal
    lock: SenderLock


@contextmanager
def become_sender(project: Project, accounts: Sequence[Account]) -> Iterator[Sender]:
    """Hold the sender's lock; what earlier senders left unfinished is written down.

    Raises:
        OperationError: Another process sends, or database or DKIM key cannot be used.
        RefusedError: The newsletter was handed over to another computer.
    """
    url, root = project.settings.database_url, project.root
    seal = open_seal(project)
    with (
        open_database(url, root=root) as database,
        sender_lock(lock_path(database.path)) as lock,
    ):
        with database.writing() as connection:
            refuse_handed_over(connection)
            recover(connection, now=datetime.now(UTC))
        keyring = open_keyring(database, root=root)
        yield Sender(project, database, keyring, accounts, seal, lock)


def run_dispatch(
    sender: Sender, dispatch: Dispatch, watch: Watch, *, switch: Switch | None = None
) -> Dispatch:
    """Send what is due of a running dispatch, and write down how it ended.

    Ctrl-C (or a closed terminal) ends it when the messages under way are answered; a
    second one hangs up on them, and their fate is unknown.

    Args:
        sender: Who may send.
        dispatch: It is running.
        watch: Told what happens.
        switch: Ends it as Ctrl-C does; None: signals themselves do.

    Raises:
        OperationError: The disk failed; nothing more was sent.
    """
    sender.lock.name_dispatch(dispatch.id)
    compiled = _frozen_content_or_pause(sender.database, dispatch)
    try:
        with _stopping(switch) as wish:
            reason = _reason_of(wish) if switch is None else lambda: WORKER_STOPPED
            halt = run_loop(_Run(sender, dispatch, compiled, watch).run(wish, reason))
    except OperationError as error:
        advice = f"{error.advice} Go on with: newsletter resume {dispatch.id}"
        raise OperationError(error.message, advice.lstrip()) from error
    with sender.database.writing() as connection:
        ended = finish_dispatch(connection, dispatch.id, halt, now=datetime.now(UTC))
    settle_refusals_of(sender.database, dispatch.id, now=datetime.now(UTC))
    return ended


@contextmanager
def _stopping(switch: Switch | None) -> Iterator[Switch]:
    """Give what ends the run."""
    if switch is not None:
        yield switch
        return
    with Switch() as own:
        if threading.current_thread() is threading.main_thread():
            with own.on_signals():
                yield own
        else:
            yield own


def _reason_of(wish: Switch) -> Callable[[], str]:
    """Return what tells who turned *wish* on: it is not known before."""
    words = {"SIGTERM": KILLED, "SIGHUP": HUNG_UP}
    return lambda: words.get(wish.signal, STOPPED)


class _Run:
    """One run of a dispatch; used inside a loop."""

    def __init__(
        self,
        sender: Sender,
        dispatch: Dispatch,
        compiled: CompiledMessage,
        watch: Watch,
    ) -> None:
        self._sender = sender
        self._dispatch = dispatch
        self._compiled = compiled
        self._watch = watch
        self._clock = RunClock()
        self._lanes: list[Lane] = []
        self._tell = _once_each(watch.on_trouble)

    async def run(self, wish: Switch, reason: Callable[[], str]) -> Halt | None:
        """Send until it is over, or *wish* ends it for that reason."""
        stop, loop = Stop(), asyncio.get_running_loop()
        ledger = LedgerWriter(
            self._sender.database,
            owner=f"{socket.gethostname()}:{os.getpid()}",
            clock=self._clock.now,
            on_lost=lambda error: stop.fail(error) if error else stop.request(None),
            on_busy=lambda is_busy: self._tell(_BUSY) if is_busy else None,
        )

        def ask() -> None:
            if stop.is_set:
                for lane in self._lanes:
                    lane.abort()
                return
            stop.request(Halt(DispatchState.INTERRUPTED, reason()))
            self._watch.on_stop()

        try:
            write, instruct = self._writer()
            async with open_pens(write, self._sender.seal, instruct) as pens:
                desk = await self._make_desk(ledger, stop, write, pens)
                with wish.listening(lambda: _call(loop, ask)):
                    return await run(
                        self._dispatch.id, desk=desk, open_lane=self._open_lane
                    )
        finally:
            await ledger.close()

    def _writer(
        self,
    ) -> tuple[Callable[[Delivery], Message], Callable[[], Instruction] | None]:
        """Return what writes a message, and what others must know to do the same."""
        sender, dispatch = self._sender, self._dispatch
        list_ids = _lists_to_leave(sender.database, dispatch)
        fill = dispatch_filler(
            self._compiled,
            sender.keyring,
            list_ids=list_ids,
            clock=_now,
            seal=sender.seal,
        )

        def instruct() -> Instruction:
            return Instruction(
                compiled=self._compiled,
                keyring=sender.keyring,
                list_ids=list_ids,
                bounce_address=sender.seal.bounce_address,
                keys=read_keys(sender.project),
            )

        write = dispatch_writer(self._compiled, fill)
        has_limits = bool(sender.accounts[0].server.limits)
        left = dispatch.counts[DeliveryState.PENDING]
        return write, instruct if are_worth_it(left, has_limits=has_limits) else None

    async def _make_desk(
        self,
        ledger: LedgerWriter,
        stop: Stop,
        write: Callable[[Delivery], Message],
        pens: Pens | None,
    ) -> Desk:
        sender, watch = self._sender, self._watch
        brakes = Brakes(ledger, self._millis)
        lanes = sender.project.settings.lanes
        await brakes.load(brake_keys(sender.accounts, lanes))
        return Desk(
            dispatch_id=self._dispatch.id,
            ledger=ledger,
            write=write,
            stop=stop,
            trouble=Trouble(watch.patience),
            brakes=brakes,
            waits=Waits(self._dispatch.id, ledger, watch.on_wait),
            pulse=Pulse(seconds_since_boot),
            route=Route(len(sender.accounts)),
            clock=self._clock.now,
            pens=pens,
            on_outcome=watch.on_outcome,
            on_trouble=self._tell,
            on_slow=watch.on_slow,
        )

    def _open_lane(self, name: str, desk: Desk, changed: Bell) -> Lane:
        outlets = open_outlets(
            self._sender.accounts,
            self._sender.project.settings.lanes,
            name,
            store=desk.ledger,
            clock=self._millis,
        )
        self._lanes.append(Lane(name, desk=desk, outlets=outlets, changed=changed))
        return self._lanes[-1]

    def _millis(self) -> int:
        return int(self._clock.now().timestamp() * 1000)


def _call(loop: asyncio.AbstractEventLoop, ask: Callable[[], None]) -> None:
    loop.call_soon_threadsafe(ask)


def _once_each(tell: Callable[[str], None]) -> Callable[[str], None]:
    """Return a function that tells a reason when it is not the one told last."""
    last = ""

    def note(reason: str) -> None:
        nonlocal last
        if reason != last:
            last = reason
            tell(reason)

    return note


def _frozen_content_or_pause(database: Database, dispatch: Dispatch) -> CompiledMessage:
    """Return what is sent; without it the dispatch does not stay in state running."""
    with database.reading() as connection:
        content = load_content(connection, dispatch.content_hash)
    try:
        return _frozen_content(content, dispatch)
    except OperationError as error:
        halt = Halt(DispatchState.PAUSED, error.message.rstrip("."))
        with database.writing() as connection:
            finish_dispatch(connection, dispatch.id, halt, now=datetime.now(UTC))
        raise


def _frozen_content(content: Content | None, dispatch: Dispatch) -> CompiledMessage:
    if content is None:
        raise OperationError(
            f"the content of dispatch {dispatch.id} is not in the database any more.",
            f"End it with: newsletter cancel {dispatch.id}",
        )
    return load_compiled(content.compiled, content_hash=dispatch.content_hash)


def _lists_to_leave(database: Database, dispatch: Dispatch) -> tuple[int, ...]:
    """Return what an unsubscribe link leaves: the lists of the mail, or all there are.

    It is what the reader is told; other lists of theirs got nothing.
    """
    if len(dispatch.lists) > MOST_LISTS_NAMED:
        return (ANY_LIST_ID,)
    with database.reading() as connection:
        list_ids = read_list_ids(connection)
    return tuple(list_ids[slug] for slug in dispatch.lists)


def _now() -> datetime:
    return datetime.now(UTC)
