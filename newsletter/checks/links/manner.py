"""How links are asked: in whose name, with what patience, and where never."""

import ssl
from collections.abc import Sequence
from dataclasses import dataclass, field

from aiohttp.abc import AbstractResolver

from newsletter.checks.links.mail_domains import NameServer
from newsletter.checks.links.plan import OwnPages
from newsletter.checks.links.reach import Network


@dataclass(frozen=True, slots=True)
class Manner:
    """How to ask."""

    #: Whose letter it is: the address of its pages, or empty.
    contact: str = ""
    version: str = ""
    #: Pages of our own, of which those of one reader are never asked.
    own: OwnPages = field(default_factory=OwnPages)
    #: Private networks that may be asked all the same.
    allowed: Sequence[Network] = ()
    #: For one address, all its redirects included; time in queues does not count.
    deadline_seconds: float = 20
    #: For a name to be found, and then for a connection. Both together leave time for
    #: an answer before the deadline.
    dial_seconds: float = 8
    #: Between the end of the first look at an address and the second, unless its site
    #: has said that there is no such page.
    pause_seconds: float = 1
    #: Between two questions to one site.
    gap_seconds: float = 0.1
    #: Names of our own: if one is found, there is a network, and others are unknown.
    control_hosts: Sequence[str] = ()
    #: Asked about the domains of mail addresses; the system's own by default.
    name_servers: Sequence[NameServer] = ()
    #: Looks names up; the system's own by default.
    resolver: AbstractResolver | None = None
    #: Whose certificates count; those the system trusts by default.
    trust: ssl.SSLContext | None = None

    @property
    def user_agent(self) -> str:
        """A browser's prefix and our name; the word "link" draws a 403 at some."""
        contact = f"; +{self.contact}" if self.contact else ""
        return f"Mozilla/5.0 (compatible; newsletter/{self.version}{contact})"
