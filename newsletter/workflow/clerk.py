"""One process that fills in and signs messages, a few at a time.

In: over a socket it inherits, an `Instruction`, then lists of deliveries. Out: for each
list what its messages have of their own, over the same socket. `clerks` is the other
end, and joins them: forty times as much to send would cost it more than writing does.

Law: keys come over that socket alone, never by arguments or environment, which others
can read. It ends when the other end does, however that ends: no signal is needed.
"""

import pickle
import signal
import socket
import struct
import sys
import traceback
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, BinaryIO

from newsletter.errors import RecipientError
from newsletter.messages.dkim_keys import read_signer
from newsletter.model.delivery import Delivery
from newsletter.model.message import CompiledMessage, Filling
from newsletter.model.settings import DkimSettings
from newsletter.tokens import Keyring
from newsletter.workflow.letters import Seal, dispatch_filler

#: Length of what follows, in bytes.
LENGTH = struct.Struct("<Q")

#: What a message has of its own, or why there is none.
Filled = Filling | RecipientError


@dataclass(frozen=True, slots=True)
class Instruction:
    """All that a clerk has to know."""

    compiled: CompiledMessage = field(repr=False)
    keyring: Keyring
    #: As `dispatch_filler` takes it.
    list_ids: tuple[int, ...]
    bounce_address: str
    #: Each key with its table in the settings, in PEM form.
    keys: tuple[tuple[DkimSettings, bytes], ...] = field(repr=False)


def plain_copy(keyring: Keyring) -> Keyring:
    """Return *keyring* without what it has prepared, which cannot travel."""
    return Keyring(dict(keyring.keys), keyring.current, keyring.suppression_key)


class ClerkError(Exception):
    """A bug in a clerk; the text is its traceback, as a report of a bug tells it."""


def pack(value: object) -> bytes:
    """Return *value* as it travels."""
    data = pickle.dumps(value, pickle.HIGHEST_PROTOCOL)
    return LENGTH.pack(len(data)) + data


def unpack(data: bytes | memoryview) -> Any:
    """Return what travelled, without its length."""
    # Both ends are this program, and nobody else has the socket.
    return pickle.loads(data)  # noqa: S301


def main() -> None:
    """Fill in what is asked for, until nobody asks any more."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        # Meant for the dispatch, which then ends in good order, and its clerks with it.
        signal.signal(number, signal.SIG_IGN)
    with (
        socket.socket(fileno=int(sys.argv[1])) as link,
        link.makefile("rb") as orders,
        suppress(OSError),
    ):
        fill = _prepare(_receive(orders))
        while (deliveries := _receive(orders)) is not None:
            link.sendall(pack(_fill_all(fill, deliveries)))


def _receive(orders: BinaryIO) -> Any:
    """Return the next value, None when there is nobody at the other end."""
    head = orders.read(LENGTH.size)
    if len(head) < LENGTH.size:
        return None
    (length,) = LENGTH.unpack(head)
    data = orders.read(length)
    return unpack(data) if len(data) == length else None


def _prepare(instruction: Instruction) -> Callable[[Delivery], Filling]:
    signers = tuple(
        read_signer(
            pem,
            domain=table.domain,
            selector=table.selector,
            algorithm=table.algorithm,
        )
        for table, pem in instruction.keys
    )
    return dispatch_filler(
        instruction.compiled,
        instruction.keyring,
        list_ids=instruction.list_ids,
        clock=lambda: datetime.now(UTC),
        seal=Seal(signers, instruction.bounce_address),
    )


def _fill_all(
    fill: Callable[[Delivery], Filling], deliveries: Sequence[Delivery]
) -> list[Filled] | ClerkError:
    try:
        return [_fill(fill, delivery) for delivery in deliveries]
    except Exception:  # noqa: BLE001 - told to who ordered them
        return ClerkError(traceback.format_exc())


def _fill(fill: Callable[[Delivery], Filling], delivery: Delivery) -> Filled:
    try:
        return fill(delivery)
    except RecipientError as error:
        return error
