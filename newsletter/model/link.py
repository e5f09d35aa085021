"""What was seen of the links of an issue, and what is made of it.

clean (an address as written) -> observe (`Observation`) -> judge (`Verdict`).
Observations hold facts only, so that changed rules can judge them again without asking
anybody.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from newsletter.model.assembled import LinkUse
from newsletter.model.problem import Place


class Verdict(StrEnum):
    """What a reader may expect of a link."""

    #: It answers.
    OK = "ok"
    #: It answers, and says that it has another address for good.
    MOVED = "moved"
    #: Something answers, but it does not look like what the link promises.
    SUSPECT = "suspect"
    #: It exists, but lets no program look: only a person can tell.
    BLOCKED = "blocked"
    #: It asks us to come back later.
    RATE_LIMITED = "rate-limited"
    #: No proper answer at this time.
    TIMEOUT = "timeout"
    #: The page, its site or its name is gone; seen twice.
    BROKEN = "broken"
    #: The address is not one.
    INVALID = "invalid"
    #: It leads where no reader should be sent.
    UNSAFE = "unsafe"


class Fault(StrEnum):
    """Why there is no answer."""

    #: No such name.
    NAME_UNKNOWN = "name-unknown"
    #: The name could not be looked up just now.
    NAME_UNSURE = "name-unsure"
    #: No such domain to send mail to.
    NO_MAIL_DOMAIN = "no-mail-domain"
    #: The domain is there, and takes no mail.
    NO_MAIL = "no-mail"
    #: The machine answers, and nothing listens there.
    REFUSED = "refused"
    #: No way to that machine.
    UNREACHABLE = "unreachable"
    #: Nothing came before the deadline.
    TIMEOUT = "timeout"
    #: Something came that is not a web server's answer, or it broke off.
    PROTOCOL = "protocol"
    #: Its certificate is out of date.
    CERTIFICATE_EXPIRED = "certificate-expired"
    #: Its certificate is for another name.
    CERTIFICATE_NAME = "certificate-name"
    #: Its certificate is signed by itself.
    CERTIFICATE_SELF_SIGNED = "certificate-self-signed"
    #: Its certificate could not be verified from this computer.
    CERTIFICATE_UNSURE = "certificate-unsure"
    #: A private, local or reserved address: not asked.
    PRIVATE_ADDRESS = "private-address"
    #: A port no public web page uses: not asked.
    UNUSUAL_PORT = "unusual-port"
    #: Passed on more often than a browser follows.
    TOO_MANY_REDIRECTS = "too-many-redirects"
    #: Passed on to something that is not a web address.
    BAD_REDIRECT = "bad-redirect"
    #: Passed on to an address for another program than a browser.
    OTHER_PROGRAM = "other-program"
    #: Passed on to a page of ours that is one reader's own: not asked.
    PERSONAL_ADDRESS = "personal-address"
    #: Its site had asked to be left alone before its turn came: not asked.
    LEFT_ALONE = "left-alone"


@dataclass(frozen=True, slots=True)
class Hop:
    """One time a server passed us on."""

    #: 301, 302, 303, 307 or 308.
    status: int
    #: The complete address it named.
    target: str


@dataclass(frozen=True, slots=True)
class PageFacts:
    """What stands in the page that answered, as far as it was read."""

    #: "text/html", "application/pdf", …; lower case, without parameters.
    media_type: str = ""
    #: Words of the title; blanks are single spaces, here and below.
    title: str = ""
    #: Words of the first heading of the highest level.
    headline: str = ""
    #: The first words a visitor sees, at most 600 characters.
    words: str = ""
    #: Every id and every name of an ``<a>``, at most 1000.
    anchors: tuple[str, ...] = ()
    #: Addresses of scripts, frames and form targets as written, at most 40 of them.
    sources: tuple[str, ...] = ()
    #: Where the page passes its visitor on to by itself, as written, or empty.
    refresh: str = ""
    #: Whether it asks for a password.
    asks_password: bool = False
    #: Whether it holds a script.
    has_script: bool = False
    #: Places in it that its own links name, as written, at most 1000.
    own_places: tuple[str, ...] = ()
    #: Whether the body was read to its end.
    is_whole: bool = False
    #: Bytes that were read, unpacked.
    size_bytes: int = 0


@dataclass(frozen=True, slots=True)
class Observation:
    """What asking for one address showed."""

    #: The address asked first; ASCII, without fragment. For mail addresses, what
    #: `mail_question` makes of them: it has neither status nor fault when all is well.
    url: str
    hops: tuple[Hop, ...] = ()
    #: Status code of the last answer; None when there was none.
    status: int | None = None
    #: Set when there is no *status*, or when we went no further.
    fault: Fault | None = None
    #: What the server asked us to wait, if anything.
    retry_after_seconds: int | None = None
    #: What the last answer holds; None when nothing of it was read.
    page: PageFacts | None = None


@dataclass(frozen=True, slots=True)
class History:
    """How long an address has been found as it is now, check after check."""

    verdict: Verdict
    #: Checks in a row that came to it, the present one among them.
    checks: int
    #: The first of them; aware.
    since: datetime


@dataclass(frozen=True, slots=True)
class Sightings:
    """What is seen of addresses: in one run of observing, and remembered of others."""

    #: Address -> its observations, oldest first.
    looks: Mapping[str, tuple[Observation, ...]]
    #: False when nothing at all could be reached; says nothing of what is remembered.
    has_network: bool = True
    #: Address that was not asked this time -> when it was seen; aware.
    remembered: Mapping[str, datetime] = field(default_factory=dict)
    histories: Mapping[str, History] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Judgement:
    """A verdict with its reason."""

    verdict: Verdict
    #: A sentence in lower case with its full stop; empty when all is well.
    reason: str = ""
    #: Address to write instead, or empty.
    new_url: str = ""
    #: Status code of the last answer, if there was one.
    status: int | None = None


@dataclass(frozen=True, slots=True)
class CheckedLink:
    """One use of an address with what was found."""

    use: LinkUse
    judgement: Judgement
    #: Of this verdict; None where it was not stored.
    history: History | None = None


@dataclass(frozen=True, slots=True)
class BrokenAddress:
    """An address that its definition breaks over two lines."""

    #: Where it begins.
    place: Place
    #: What stands on its first line, and what the next one goes on with.
    first: str
    rest: str
    #: The whole addresses it may be: with the hyphen at the break, then without it.
    joins: tuple[str, ...]
    #: The one of *joins* that stands elsewhere in the same text, or empty.
    whole: str = ""


@dataclass(frozen=True, slots=True)
class CheckedBreak:
    """A broken address with what was found of the whole ones."""

    address: BrokenAddress
    #: First part and joins -> judgement; what was not looked at is left out.
    judgements: Mapping[str, Judgement] = field(default_factory=dict)
