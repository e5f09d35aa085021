"""What `newsletter doctor` saw of one thing that mails need in order to arrive."""

from dataclasses import dataclass
from enum import IntEnum, StrEnum


class Health(IntEnum):
    """How well it is; in JSON by its name in lower case."""

    #: As it should be.
    OK = 0
    #: Worth knowing, or not checkable from here.
    INFO = 1
    #: Mails may go astray because of it.
    WARNING = 2
    #: Mails, or the answers to them, surely go astray because of it.
    ERROR = 3


class Subject(StrEnum):
    """What a diagnosis is about, in the order in which they are shown."""

    SERVER = "mail server"
    NETWORK = "name servers"
    SPF = "SPF"
    DKIM = "DKIM"
    DMARC = "DMARC"
    MAILBOXES = "mailboxes"
    PAGES = "public pages"
    COMPUTER = "this computer"
    #: Reputation and its like: nobody can see it from here.
    BEYOND = "not checkable from here"


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """One line of the doctor: what was found, and what to do."""

    subject: Subject
    severity: Health
    message: str
    #: Empty when there is nothing to do. A line that begins with four spaces is to be
    #: copied as it is: a DNS record, or a line for newsletter.toml.
    advice: str = ""
