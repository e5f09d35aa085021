"""What a mail server for tests does wrong, and what it has seen."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

Step = Literal[
    "connect",
    "ehlo",
    "starttls",
    "auth",
    "mail",
    "rcpt",
    "data",
    "body",
    "end",
    "idle",
    "rset",
    "quit",
]

#: Ways in which a whole server is not what it says: it waits for a message that nobody
#: will get; it forgets what came in the same moment as a command or a message; it
#: offers CHUNKING and has no BDAT, or says yes to a message for nobody.
Lie = Literal["go-ahead", "forgets-group", "no-chunks", "for-nobody"]


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that goes wrong: at which step, for whom, and how."""

    #: What the client just did; "body" is the first bytes of a message, "end" its final
    #: dot or its last byte, "idle" the moment after the answer to that.
    step: Step
    #: Which time it does so, counted from 1 over all connections; 0: every time.
    nth: int = 0
    #: Only when this is (part of) the recipient's address.
    recipient: str = ""
    #: What to say instead of yes, without line end; empty: nothing at all.
    reply: str = ""
    #: Hang up, after the reply if there is one.
    closes: bool = False
    #: Hang up with a TCP reset.
    resets: bool = False
    #: Wait before anything else.
    delay_seconds: float = 0.0
    #: At "end": the message is kept, whatever is said or not said about it.
    keeps: bool = False
    #: Say it so often.
    times: int = 1
    #: Leave the line end out, as if the rest got stuck on its way.
    is_cut: bool = False
    #: Said behind the reply, with its own line ends, unasked.
    extra: str = ""

    @property
    def ends(self) -> bool:
        """Whether the connection is over afterwards."""
        return self.closes or self.resets


@dataclass(frozen=True, slots=True)
class Received:
    """A message as it came in."""

    sender: str
    recipients: tuple[str, ...]
    #: Mail data without the dots that SMTP doubles, CRLF as received.
    data: bytes
    #: Parameters of MAIL, for example "SIZE=1200".
    options: tuple[str, ...]
    #: Name the client gave itself.
    client: str
    is_tls: bool
    #: Who logged in, or empty.
    user: str
    #: Number of the connection, from 1.
    connection: int
    #: Parameters of each RCPT, for example "NOTIFY=FAILURE".
    wishes: tuple[str, ...] = ()


@dataclass(slots=True)
class Recording:
    """What a server has seen; appended to while it runs."""

    messages: list[Received] = field(default_factory=list)
    #: Bytes of messages whose connection ended before the final dot.
    broken_off: list[bytes] = field(default_factory=list)
    #: Every command line, passwords included, as received.
    commands: list[str] = field(default_factory=list)
    connections: int = 0
    most_at_once: int = 0

    @property
    def recipients(self) -> list[str]:
        """Who got a message, in order, as often as they got one."""
        return [address for one in self.messages for address in one.recipients]


class Script:
    """The faults of a server, counted over all its connections."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = list(faults)
        #: Step -> how often it was reached.
        self.seen: Counter[str] = Counter()

    def find(self, step: Step, recipients: Iterable[str] = ()) -> Fault | None:
        """Count a step; return the first fault that fits it."""
        self.seen[step] += 1
        time = self.seen[step]
        for fault in self.faults:
            if fault.step != step or fault.nth not in (0, time):
                continue
            if not fault.recipient or fault.recipient in " ".join(recipients):
                return fault
        return None
